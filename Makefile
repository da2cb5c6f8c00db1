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

CFLAGS = -Os
override CFLAGS += -std=gnu11 -Wall -Wextra -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident
CPPFLAGS =
override CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ilibipc
LDFLAGS =
override LDFLAGS += -static -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,norelro

srctree := $(CURDIR)
sources := $(sort $(wildcard applets/*/*.c))
library := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard libipc/*.c)))

all: $(O)/ipcbox

# --- what the applets say about themselves ------------------------------------------------

# Files that did not change keep their time, so that an edit does not rebuild everything.
$(O)/gen/stamp: applets/box/applets.awk Makefile $(sources) $(wildcard docs/*.man)
	@rm -rf $(O)/gen.new && mkdir -p $(O)/gen.new/man $(O)/gen/man
	$(AWK) -v out=$(O)/gen.new -v version='$(VERSION)' -v date='$(DATE)' -v extra=docs \
		-f applets/box/applets.awk $(sources)
	@cd $(O)/gen.new && for f in * man/*; do [ -d $$f ] || \
		cmp -s $$f ../gen/$$f || mv $$f ../gen/$$f; done
	@rm -rf $(O)/gen.new && touch $@

# --- configuration ------------------------------------------------------------------------

# kconfig exits 0 whatever happens, so anything on its stderr is a failure.
kconfig = mkdir -p $(O)/include/config && cd $(O) && \
	srctree=$(srctree) KCONFIG_AUTOHEADER=include/autoconf.h \
	KCONFIG_AUTOCONFIG=include/auto.conf KCONFIG_TRISTATE=include/tristate.conf
conf = { { $(kconfig) $(KCONFIG_CONF) $(1) $(srctree)/Config.in 3>&1 >kconfig.log 2>&3 3>&-; } \
	| { ! grep . >&2; } || { rm -f $(O)/include/auto.conf; false; }; }

configs := defconfig $(notdir $(wildcard configs/*_defconfig))

$(O)/.config: | $(O)/gen/stamp
	@$(call conf,--defconfig=$(srctree)/configs/defconfig)

$(configs): $(O)/gen/stamp
	@$(call conf,--defconfig=$(srctree)/configs/$@)

allyesconfig allnoconfig randconfig oldconfig olddefconfig: $(O)/gen/stamp
	@$(call conf,--$@)

menuconfig: $(O)/gen/stamp
	@$(kconfig) $(KCONFIG_MCONF) $(srctree)/Config.in

# The file that is kept: only what differs from the defaults.
savedefconfig: $(O)/.config
	@$(call conf,--savedefconfig=defconfig)
	@echo "wrote $(O)/defconfig"

$(O)/include/auto.conf: $(O)/.config $(O)/gen/stamp
	@$(call conf,--olddefconfig)
	@$(call conf,--silentoldconfig)
	@touch $(O)/include/auto.conf

# A goal that makes the configuration, or needs none, must not read an old one first.
without := $(configs) %config unit clean help
ifneq ($(filter-out $(without),$(or $(MAKECMDGOALS),all)),)
include $(O)/include/auto.conf
include $(O)/gen/applets.mk
endif

$(O)/gen/applets.mk: $(O)/gen/stamp ;

# --- the binary and the library -----------------------------------------------------------

objects := $(addprefix $(O)/,$(objects-y))

$(O)/ipcbox: $(objects) $(O)/libipc.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(objects) $(O)/libipc.a
	$(STRIP) -s -R .comment $@

$(O)/libipc.a: $(library)
	@rm -f $@
	$(AR) rcs $@ $(library)

# the configuration is the applets' affair; the library has none
$(O)/applets/%.o: applets/%.c Makefile $(O)/include/auto.conf
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -include $(O)/include/autoconf.h -Iapplets/box -I$(O)/gen $(CFLAGS) \
		-MMD -MP -c -o $@ $<

$(O)/libipc/%.o: libipc/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(objects:.o=.d) $(library:.o=.d)

# --- unit tests: the library on the host's libc, under its sanitizers ---------------------

unit_cc = @mkdir -p $(@D) && $(HOSTCC) -g -O1 -Wall -Wextra -fsanitize=address,undefined \
	-fno-sanitize-recover=all -D_GNU_SOURCE -Ilibipc
unit_tests := $(patsubst %.c,$(O)/unit/%,$(sort $(wildcard testsuite/test_*.c)))
unit_library := $(patsubst %.c,$(O)/unit/%.o,$(sort $(wildcard libipc/*.c)))

unit: $(unit_tests)
	@failed=0; for t in $(abspath $^); do $$t || failed=1; done; exit $$failed

$(unit_tests): $(O)/unit/%: %.c $(unit_library)
	$(unit_cc) -MMD -MP -o $@ $< $(unit_library) -lcmocka -lpthread

$(unit_library): $(O)/unit/%.o: %.c Makefile
	$(unit_cc) -MMD -MP -c -o $@ $<

-include $(unit_library:.o=.d) $(unit_tests:=.d)

clean:
	rm -rf $(O)

.PHONY: all unit clean $(configs) allyesconfig allnoconfig randconfig oldconfig olddefconfig \
	menuconfig savedefconfig
.DELETE_ON_ERROR:
