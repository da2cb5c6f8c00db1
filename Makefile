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
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d
ZSHDIR = $(PREFIX)/share/zsh/site-functions
LINK = ln -sf
NAMES = all

# musl's gcc; or the gcc of CROSS_COMPILE or a clang, with the musl that Debian puts beside it
CC := $(if $(filter default,$(origin CC)),$(or $(addsuffix gcc,$(CROSS_COMPILE)),musl-gcc),$(CC))
AR := $(if $(filter default,$(origin AR)),$(CROSS_COMPILE)ar,$(AR))
STRIP ?= $(CROSS_COMPILE)strip
HOSTCC ?= gcc
AWK ?= awk
KCONFIG_CONF ?=
KCONFIG_MCONF ?= kconfig-mconf
MUSL ?= /usr

# Ours come first: CPPFLAGS, CFLAGS and LDFLAGS belong to the person who builds.
can = $(shell echo 'int main(void) { return 0; }' | \
	$(CC) -Werror $(1) -x c - -o /dev/null >/dev/null 2>&1 && echo '$(1)')
lto := $(call can,-flto -flto-partition=one -ffat-lto-objects)
compile := -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ilibipc -std=gnu11 -Wall -Wextra \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables \
	$(filter-out -ffat%,$(lto))
# by alignment: small variables, which are written often, share a page; a fork copies fewer then
link := -Wl,--gc-sections,--sort-section=alignment,--build-id=none,-z,noexecstack

musl := $(if $(CROSS_COMPILE)$(findstring clang,$(CC)),$(subst gnu,musl,$(shell $(CC) -print-multiarch)))
musl := $(patsubst %/libc.a,%,$(wildcard $(musl:%=$(MUSL)/lib/%/libc.a)))
compile += $(if $(musl),-nostdinc -isystem $(MUSL)/include/$(notdir $(musl)) \
	-isystem $(shell $(CC) -print-file-name=include))
link += $(addprefix -B,$(musl)) $(addprefix -L,$(musl))

# HARDEN=0: nothing but the smallest file that the compiler can make
ifeq ($(HARDEN),0)
compile += $(or $(call can,-Oz),-Os) -fno-jump-tables -fno-stack-protector -fno-pie
link += -static -Wl,-z,noseparate-code,-z,norelro,-z,common-page-size=64
else
compile += -Os -fstack-protector-strong -fPIE
link += -static-pie -Wl,-Bstatic,--no-dynamic-linker,-z,text,-z,relro,-z,now,-z,separate-code
# Some compilers make a dynamic program of -static-pie all the same. What the link says now keeps
# it static; musl-gcc begins it wrongly, and the right beginning is beside that one.
crt := $(shell $(CC) -static-pie -### -x c /dev/null 2>&1)
ifneq ($(filter %/Scrt1.o,$(crt)),)
link += -nostartfiles
begin := $(patsubst %/Scrt1.o,%/rcrt1.o,$(filter %/Scrt1.o %/crti.o %/crtbeginS.o,$(crt)))
end := $(filter %/crtendS.o %/crtn.o,$(crt))
endif
endif
program = $(CC) $(link) $(filter -f% -O%,$(compile)) $(CFLAGS) $(LDFLAGS) -o $@ $(begin) $(1) $(end)

# one short line for each step; V=1 shows the commands, make -s nothing
silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
step = $(if $(filter-out 0,$(V)),,@$(if $(silent),,echo '  $(1)	$(@:$(O)/%=%)';) )

sources := $(sort $(wildcard applets/*/*.c))
library := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard libipc/*.c)))
configs := defconfig $(notdir $(wildcard configs/*_defconfig))

## all: the box and the library (default); HARDEN=0 the smallest, V=1 shows the commands
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

# The directories are here for the files that go away.
$(O)/gen/stamp: Makefile Config.in $(sources) $(sort $(dir $(sources))) $(wildcard applets/*/room) \
		docs $(wildcard docs/*.man applets/box/*.awk applets/box/completion/* applets/box/host/*)
	$(call step,GEN)O='$(O)' AWK='$(AWK)' VERSION='$(VERSION)' DATE='$(DATE)' applets/box/host/generate.sh

# --- configuration ------------------------------------------------------------------------

conf = O='$(O)' AWK='$(AWK)' KCONFIG_CONF='$(KCONFIG_CONF)' KCONFIG_MCONF='$(KCONFIG_MCONF)' \
	applets/box/host/conf.sh

## defconfig, NAME_defconfig: configure as configs/ has it
$(O)/.config: | $(O)/gen/stamp
	@$(conf) --defconfig=$(CURDIR)/configs/defconfig

# a file that begins so names all that is in, and a new applet is out
exact := $(notdir $(shell grep -lx '# and nothing else' configs/*_defconfig))

$(configs): $(O)/gen/stamp
	@$(if $(filter $(exact),$@),KCONFIG_ALLCONFIG=$(CURDIR)/configs/$@ $(conf) --allnoconfig, \
		$(conf) --defconfig=$(CURDIR)/configs/$@)

## allyesconfig, allnoconfig: configure with everything, with nothing
## randconfig: configure at random; KCONFIG_SEED=N repeats one
## olddefconfig, oldconfig: keep the configuration, new options by default or asked for
## menuconfig: configure in a menu
allyesconfig allnoconfig randconfig olddefconfig oldconfig menuconfig: $(O)/gen/stamp
	@$(conf) --$@

## savedefconfig: write $(O)/defconfig, only what differs from the defaults
savedefconfig: $(O)/.config
	@$(conf) --savedefconfig=defconfig && echo "wrote $(O)/defconfig"

$(O)/include/auto.conf: $(O)/.config $(O)/gen/stamp
	@$(conf) --syncconfig

# A goal that makes the configuration, or needs none, must not read an old one first.
ifneq ($(filter-out $(first) help unit lint size configs cross cross-check boot dist,$(or $(MAKECMDGOALS),all)),)
include $(O)/include/auto.conf
include $(O)/gen/applets.mk
endif

$(O)/gen/applets.mk: $(O)/gen/stamp ;
$(O)/include/autoconf.h: $(O)/include/auto.conf ;

# --- the binary and the library -----------------------------------------------------------

objects := $(addprefix $(O)/,$(objects-y))

# Another compiler or other flags: build all of it again.
flags := $(CC) $(compile) $(CPPFLAGS) $(CFLAGS) $(link) $(LDFLAGS)
ifneq ($(if $(objects),$(file <$(O)/flags)),$(if $(objects),$(flags)))
$(file >$(O)/flags,$(flags))
endif

$(O)/ipcbox: $(O)/ipcbox_unstripped
	@echo '#include <unistd.h>' | $(CC) $(compile) $(CPPFLAGS) -E -dM - | grep -q __DEFINED_ssize_t || \
		echo 'warning: the libc of $(CC) is not musl: larger and not tested' >&2
	@cp $< $@
	$(call step,STRIP)$(STRIP) -s -R .comment $@

$(O)/ipcbox_unstripped: $(objects) $(library) $(O)/libipc.a
	$(call step,LD)$(call program,$(objects) $(library))

# for any linker, so without what the compiler left for itself
$(O)/libipc.a: $(library)
	@rm -f $@
	$(call step,AR)$(AR) rcs $@ $(library)
	@$(STRIP) -g --wildcard -R '.gnu.lto_*' -R '.gnu.debuglto_*' $@

# the configuration is the applets' affair; the library is for every program, PIE or not, and linker
$(objects): own = -include $(O)/include/autoconf.h -iquote applets/box -I$(O)/gen -I$(O)/include
$(library): own = -fPIE $(filter -ffat%,$(lto))
$(objects) $(library): $(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call step,CC)$(CC) $(compile) $(own) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# --- unit tests: the library on the host's libc, under its sanitizers ---------------------

unit_cc = @mkdir -p $(@D) && $(HOSTCC) -g -O1 -Wall -Wextra -fsanitize=address,undefined \
	-fno-sanitize-recover=all -D_GNU_SOURCE -Ilibipc -iquote applets/box
unit_tests := $(patsubst %.c,$(O)/unit/%,$(sort $(wildcard testsuite/test_*.c)))
unit_library := $(patsubst %.c,$(O)/unit/%.o,$(sort $(wildcard libipc/*.c)))

## unit: the tests of the library alone
unit: $(unit_tests)
	@failed=0; for t in $(abspath $^); do $$t || failed=1; done; exit $$failed

$(unit_tests): $(O)/unit/%: %.c $(unit_library)
	$(unit_cc) -MMD -MP -o $@ $< $(unit_library) -lcmocka -lpthread

$(unit_library): $(O)/unit/%.o: %.c Makefile
	$(unit_cc) -MMD -MP -c -o $@ $<

-include $(patsubst %.o,%.d,$(objects) $(library) $(unit_library)) $(unit_tests:=.d)

# --- fuzzing: every parser of untrusted bytes, under the sanitizers -------------------------

fuzzers := $(patsubst testsuite/fuzz/%.c,$(O)/fuzz/%,$(sort $(wildcard testsuite/fuzz/*.c)))

## fuzz: each parser against libFuzzer, SECONDS=60 each (needs clang)
fuzz: $(fuzzers) ; @testsuite/fuzz/run $(abspath $^)

$(O)/fuzz/%: testsuite/fuzz/%.c $(wildcard libipc/*.[ch] libipc/ipc/*.h applets/box/applet.h) \
		applets/local/ls.c applets/log/logline.c
	@mkdir -p $(@D)
	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ilibipc -iquote applets/box \
		-o $@ $< $(wildcard libipc/*.c)

# --- installation -------------------------------------------------------------------------

# what is there and not ours is named before anything is written; see the script
place = @O='$(O)' VERSION='$(VERSION)' TO='$(DESTDIR)' BINDIR='$(BINDIR)' LIBDIR='$(LIBDIR)' \
	INCLUDEDIR='$(INCLUDEDIR)' MANDIR='$(MANDIR)' COMPLETIONDIR='$(COMPLETIONDIR)' \
	FISHDIR='$(FISHDIR)' ZSHDIR='$(ZSHDIR)' DIR='$(DIR)' BOX='$(BOX)' LINK='$(LINK)' \
	NAMES='$(NAMES)' names='$(names-y)' \
	applets/box/host/install.sh

## install: the box, links, completion, library, manual pages (DESTDIR, PREFIX, NAMES=all)
install: $(O)/ipcbox $(O)/libipc.a
	$(place) bin lib man

## install-bin, install-lib: the box with its links and completion; libipc and its headers
## install-man: the manual pages
install-bin: $(O)/ipcbox
install-lib: $(O)/libipc.a
install-bin install-lib install-man:
	$(place) $(@:install-%=%)

## install-links: in DIR, links to the box that is or will be there, or to BOX=../bin/ipcbox
install-links: ; $(place) links

## uninstall: remove what install installs, and nothing else
uninstall: ; $(place) -u bin lib man

# --- checks -------------------------------------------------------------------------------

## check: every test (units, manual pages, the suite, configurations)
## demo: run a service that admits one user and refuses another
check demo: all
	+@O=$(O) MAKE='$(MAKE)' testsuite/$@

## lint: the manual pages
lint: $(O)/gen/stamp
	@for page in $(O)/gen/man/ipc*; do mandoc -Tlint $$page 2>&1; done | \
		{ ! grep -vE 'referenced manual not found|outdated mandoc.db'; }

## configs: build and test other configurations, hardened or not, by gcc and by clang
## size: the size of the binary by configuration, and what each room of it costs
configs size: $(O)/gen/stamp
	+@O=$(O) MAKE='$(MAKE)' testsuite/$@

benchmarks := $(patsubst testsuite/bench/%.c,$(O)/bench/%,$(wildcard testsuite/bench/*.c))

## faults: each daemon while one system call after the other fails (needs root and strace)
faults: all
	@O=$(O) testsuite/faults

## cross: the box for other architectures; ARCH=armhf for one of them
## cross-check: and the suite of each under qemu-user
## boot: Debian's kernel in QEMU with the box in an initramfs; ARCH=aarch64 and others
cross: ; +@O=$(O) MAKE='$(MAKE)' testsuite/cross build $(ARCH)
cross-check: ; +@O=$(O) MAKE='$(MAKE)' testsuite/cross check $(ARCH)
boot: ; +@O=$(O) MAKE='$(MAKE)' testsuite/boot/run $(ARCH)

## oldkernel: parts of the suite as on older kernels; SUITES="server ...", LEVELS="5.2 3.2"
oldkernel: all
	@O=$(O) LEVELS='$(LEVELS)' SUITES='$(SUITES)' testsuite/oldkernels

## bench: measure the server beside others (QUICK=1, ROUNDS=15, S6DIR=another build of s6)
bench: $(O)/ipcbox $(benchmarks)
	@O=$(O) testsuite/bench/all

$(O)/bench/%: testsuite/bench/%.c $(O)/libipc.a $(O)/flags
	@mkdir -p $(@D)
	$(call step,CC)$(call program,$(compile) $(CPPFLAGS) $< $(O)/libipc.a)

## help: this
help: ; @sed -n 's/^## \([^:]*\): /\1\t/p' Makefile | expand -t 32

## dist: the archive of the tag vVERSION and its checksum, in $(O)
dist: ; @O='$(O)' applets/box/host/dist.sh $(VERSION)

## clean: remove $(O)
clean: ; rm -rf $(O)

.PHONY: all bench boot dist oldkernel cross cross-check faults fuzz clean $(configs) allyesconfig allnoconfig \
	randconfig oldconfig olddefconfig menuconfig savedefconfig install install-bin install-lib install-man \
	install-links uninstall check lint configs size demo help unit
.DELETE_ON_ERROR:

endif
