# SPDX-License-Identifier: ISC
# ipcbox: configure, build, check and install. All output goes under $(O).

VERSION = 0.1.0
DATE = November 21, 2026

O = build
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
MANDIR = $(PREFIX)/share/man
COMPLETIONDIR = $(PREFIX)/share/bash-completion/completions
LINK = ln -sf

# musl unless you say otherwise: CC=clang, CROSS_COMPILE=aarch64-linux-musl-
ifeq ($(origin CC),default)
CC = $(if $(CROSS_COMPILE),$(CROSS_COMPILE)gcc,musl-gcc)
endif
AR = $(CROSS_COMPILE)gcc-ar
STRIP = $(CROSS_COMPILE)strip
HOSTCC = gcc
AWK = awk
KCONFIG_CONF = kconfig-conf
KCONFIG_MCONF = kconfig-mconf

# the smallest code that the compiler can make: each of these if it can do it
can = $(shell echo 'int main(void) { return 0; }' | \
	$(CC) -Werror $(1) -x c - -o /dev/null >/dev/null 2>&1 && echo '$(1)')
CFLAGS := $(or $(call can,-Oz),-Os) $(call can,-flto -flto-partition=one -ffat-lto-objects -no-pie)
integers := $(call can,-mgeneral-regs-only)
override CFLAGS += -std=gnu11 -Wall -Wextra -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-jump-tables
CPPFLAGS =
override CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ilibipc
LDFLAGS =
override LDFLAGS += -static -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,norelro \
	-Wl,-z,common-page-size=64

srctree := $(CURDIR)
sources := $(sort $(wildcard applets/*/*.c))
library := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard libipc/*.c)))
configs := defconfig $(notdir $(wildcard configs/*_defconfig))

## all: the box and the library (default)
all: $(O)/ipcbox

# Goals that make or remove what the others read when they start: do such a line in turn.
first := $(configs) %config clean
ifneq ($(and $(filter $(first),$(MAKECMDGOALS)),$(word 2,$(MAKECMDGOALS))),)
$(MAKECMDGOALS): in-turn
	@:
in-turn:
	+@$(foreach goal,$(MAKECMDGOALS),$(MAKE) --no-print-directory $(goal) &&) :
.PHONY: in-turn $(MAKECMDGOALS)
.NOTPARALLEL:
else

# --- what the applets say about themselves ------------------------------------------------

# Files that did not change keep their time, so that an edit does not rebuild everything.
# The directories are here for the files that go away.
$(O)/gen/stamp: applets/box/applets.awk Makefile $(sources) $(sort $(dir $(sources))) \
		docs $(wildcard docs/*.man)
	@rm -rf $(O)/gen.new && mkdir -p $(O)/gen.new/man
	$(AWK) -v out=$(O)/gen.new -v version='$(VERSION)' -v date='$(DATE)' -v extra=docs \
		-f applets/box/applets.awk $(sources)
	@cd $(O)/gen.new && for f in *.* man/*; do \
		! cmp -s $$f ../gen/$$f || mv ../gen/$$f $$f; done
	@rm -rf $(O)/gen && mv $(O)/gen.new $(O)/gen && touch $@

# --- configuration ------------------------------------------------------------------------

# kconfig exits 0 whatever happens, so anything on its stderr is a failure, but for the seed.
kconfig = mkdir -p $(O)/include/config && cd $(O) && \
	srctree=$(srctree) KCONFIG_AUTOHEADER=include/autoconf.new \
	KCONFIG_AUTOCONFIG=include/auto.conf KCONFIG_TRISTATE=include/tristate.conf
conf = { { $(kconfig) $(KCONFIG_CONF) $(1) $(srctree)/Config.in 3>&1 >kconfig.log 2>&3 3>&-; } \
	| $(AWK) '{ print; bad = bad || !/^KCONFIG_SEED=/ } END { exit bad }' >&2 \
	|| { rm -f $(O)/include/auto.conf; false; }; }

## defconfig, NAME_defconfig: configure as configs/ has it
$(O)/.config: | $(O)/gen/stamp
	@$(call conf,--defconfig=$(srctree)/configs/defconfig)

# a file that begins so names all that is in, and a new applet is out
exact := $(notdir $(shell grep -lx '# and nothing else' configs/*_defconfig))

$(filter-out $(exact),$(configs)): $(O)/gen/stamp
	@$(call conf,--defconfig=$(srctree)/configs/$@)

$(exact): $(O)/gen/stamp
	@export KCONFIG_ALLCONFIG=$(srctree)/configs/$@; $(call conf,--allnoconfig)

## allyesconfig, allnoconfig: configure with everything, with nothing
## randconfig: configure at random; KCONFIG_SEED=N repeats one
## olddefconfig, oldconfig: keep the configuration, new options by default or asked for
allyesconfig allnoconfig randconfig olddefconfig: $(O)/gen/stamp
	@$(call conf,--$@)

oldconfig: $(O)/gen/stamp
	@$(kconfig) $(KCONFIG_CONF) --oldconfig $(srctree)/Config.in

## menuconfig: configure in a menu
menuconfig: $(O)/gen/stamp
	@$(kconfig) $(KCONFIG_MCONF) $(srctree)/Config.in

## savedefconfig: write $(O)/defconfig, only what differs from the defaults
savedefconfig: $(O)/.config
	@$(call conf,--savedefconfig=defconfig)
	@echo "wrote $(O)/defconfig"

$(O)/include/auto.conf: $(O)/.config $(O)/gen/stamp
	@$(call conf,--olddefconfig)
	@$(call conf,--silentoldconfig)
	@cd $(O)/include && { cmp -s autoconf.new autoconf.h || mv autoconf.new autoconf.h; }
	@touch $(O)/include/auto.conf

# A goal that makes the configuration, or needs none, must not read an old one first.
ifneq ($(filter-out $(first) help unit lint size configs,$(or $(MAKECMDGOALS),all)),)
include $(O)/include/auto.conf
include $(O)/gen/applets.mk
endif

$(O)/gen/applets.mk $(O)/gen/helps.txt: $(O)/gen/stamp ;

$(O)/include/autoconf.h: $(O)/include/auto.conf ;

$(O)/pack: applets/box/host/pack.c applets/box/chances.h
	$(HOSTCC) -O2 -Wall -Wextra -Iapplets/box -o $@ $<

$(O)/include/help.h: $(O)/pack $(O)/include/autoconf.h $(O)/gen/helps.txt
	$(O)/pack $(O)/include/autoconf.h $(O)/gen/helps.txt >$@.new && mv $@.new $@

$(O)/applets/box/help.o: $(O)/include/help.h

# --- the binary and the library -----------------------------------------------------------

objects := $(addprefix $(O)/,$(objects-y))

# Another compiler or other flags: build all of it again.
flags := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
ifneq ($(if $(objects),$(file <$(O)/flags)),$(if $(objects),$(flags)))
$(file >$(O)/flags,$(flags))
endif

$(O)/ipcbox: $(objects) $(library) $(O)/libipc.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(objects) $(library)
	$(STRIP) -s -R .comment $@

# for any linker, so without what the compiler left for itself
$(O)/libipc.a: $(library)
	@rm -f $@
	$(AR) rcs $@ $(library)
	$(STRIP) -g --wildcard -R '.gnu.lto_*' -R '.gnu.debuglto_*' $@

# the configuration is the applets' affair; the library has none
$(O)/applets/%.o: applets/%.c $(O)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -include $(O)/include/autoconf.h -Iapplets/box -I$(O)/gen -I$(O)/include \
		$(CFLAGS) $(integers) -fno-pie -MMD -MP -c -o $@ $<

$(O)/libipc/%.o: libipc/%.c $(O)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(integers) -MMD -MP -c -o $@ $<

-include $(objects:.o=.d) $(library:.o=.d)

# --- unit tests: the library on the host's libc, under its sanitizers ---------------------

unit_cc = @mkdir -p $(@D) && $(HOSTCC) -g -O1 -Wall -Wextra -fsanitize=address,undefined \
	-fno-sanitize-recover=all -D_GNU_SOURCE -Ilibipc -Iapplets/box
unit_tests := $(patsubst %.c,$(O)/unit/%,$(sort $(wildcard testsuite/test_*.c)))
unit_library := $(patsubst %.c,$(O)/unit/%.o,$(sort $(wildcard libipc/*.c)))

## unit: the tests of the library alone
unit: $(unit_tests)
	@failed=0; for t in $(abspath $^); do $$t || failed=1; done; exit $$failed

$(unit_tests): $(O)/unit/%: %.c $(unit_library)
	$(unit_cc) -MMD -MP -o $@ $< $(unit_library) -lcmocka -lpthread

$(unit_library): $(O)/unit/%.o: %.c Makefile
	$(unit_cc) -MMD -MP -c -o $@ $<

-include $(unit_library:.o=.d) $(unit_tests:=.d)

# --- fuzzing: every parser of untrusted bytes, under the sanitizers -------------------------

SECONDS = 60
fuzzers := $(patsubst testsuite/fuzz/%.c,$(O)/fuzz/%,$(sort $(wildcard testsuite/fuzz/*.c)))

## fuzz: each parser against libFuzzer, SECONDS=60 each (needs clang)
fuzz: $(fuzzers)
	@for f in $(abspath $(fuzzers)); do mkdir -p $$f.corpus && cd $$f.corpus && \
		$$f -max_total_time=$(SECONDS) -timeout=20 . >../$$(basename $$f).log 2>&1 || \
		{ tail -n 40 ../$$(basename $$f).log; exit 1; }; \
		tail -n 1 ../$$(basename $$f).log; done

$(O)/fuzz/%: testsuite/fuzz/%.c $(wildcard libipc/*.[ch])
	@mkdir -p $(@D)
	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ilibipc -o $@ $< \
		$(wildcard libipc/*.c)

# --- installation -------------------------------------------------------------------------

links := $(filter-out ipcbox,$(names-y))

## install: the box, a link for each name, manual pages, library, completion (DESTDIR, PREFIX)
install: $(O)/ipcbox
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(INCLUDEDIR) \
		$(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(COMPLETIONDIR)
	install -m 755 $(O)/ipcbox $(DESTDIR)$(BINDIR)
	install -m 644 $(addprefix $(O)/gen/man/,$(pages-y)) $(DESTDIR)$(MANDIR)/man1
	install -m 644 libipc/ipc.h $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(O)/libipc.a $(DESTDIR)$(LIBDIR)
	@printf '%s\n' 'Name: libipc' 'Description: local services over Unix domain sockets' \
		'Version: $(VERSION)' 'Cflags: -I$(INCLUDEDIR)' 'Libs: -L$(LIBDIR) -lipc' \
		>$(O)/libipc.pc
	install -m 644 $(O)/libipc.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	ln -sf libipc.pc $(DESTDIR)$(LIBDIR)/pkgconfig/ipc.pc
	install -m 644 $(O)/gen/ipcbox.bash $(DESTDIR)$(COMPLETIONDIR)/ipcbox
	@cd $(DESTDIR)$(BINDIR) && for name in $(links); do $(LINK) ipcbox $$name || exit; done
	@cd $(DESTDIR)$(COMPLETIONDIR) && for name in $(links); do ln -sf ipcbox $$name || exit; done

## uninstall: remove what install installs
uninstall:
	rm -f $(DESTDIR)$(LIBDIR)/libipc.a $(DESTDIR)$(LIBDIR)/pkgconfig/libipc.pc \
		$(DESTDIR)$(LIBDIR)/pkgconfig/ipc.pc \
		$(DESTDIR)$(INCLUDEDIR)/ipc.h
	@rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(names-y)) \
		$(addprefix $(DESTDIR)$(COMPLETIONDIR)/,$(names-y)) \
		$(addprefix $(DESTDIR)$(MANDIR)/man1/,$(pages-y))

# --- checks -------------------------------------------------------------------------------

## check: every test (units, manual pages, the suite, configurations)
check: all
	+@O=$(O) MAKE='$(MAKE)' testsuite/check

## lint: the manual pages
lint: $(O)/gen/stamp
	@mandoc -Tlint $(O)/gen/man/*.1 2>&1 | \
		{ ! grep -vE 'referenced manual not found|outdated mandoc.db'; }

## configs: build and test other configurations
configs: $(O)/gen/stamp
	+@O=$(O) MAKE='$(MAKE)' testsuite/configs

## size: the size of the binary by configuration, and what each room of it costs
size: $(O)/gen/stamp
	+@O=$(O) MAKE='$(MAKE)' testsuite/size

benchmarks := $(patsubst testsuite/bench/%.c,$(O)/bench/%,$(wildcard testsuite/bench/*.c))

## bench: measure the server beside others (QUICK=1, ROUNDS=15, S6DIR=another build of s6)
bench: $(O)/ipcbox $(benchmarks)
	@failed=0; for b in run takeover emfile; do \
		O=$(O) testsuite/bench/$$b || failed=1; done; exit $$failed

$(O)/bench/%: testsuite/bench/%.c $(O)/libipc.a $(O)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(O)/libipc.a

## demo: run a service that admits one user and refuses another
demo: all
	@O=$(O) testsuite/demo

## help: this
help:
	@sed -n 's/^## \([^:]*\): /\1\t/p' Makefile | expand -t 32

## clean: remove $(O)
clean:
	rm -rf $(O)

.PHONY: all bench fuzz clean $(configs) allyesconfig allnoconfig randconfig oldconfig olddefconfig \
	menuconfig savedefconfig install uninstall check lint configs size demo help unit
.DELETE_ON_ERROR:

endif
