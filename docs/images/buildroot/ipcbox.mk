################################################################################
#
# ipcbox
#
################################################################################

IPCBOX_VERSION = 0.1.0
# the release archive, unpacked; or a clone
IPCBOX_SITE = $(TOPDIR)/../ipcbox-$(IPCBOX_VERSION)
IPCBOX_SITE_METHOD = local
IPCBOX_LICENSE = ISC
IPCBOX_LICENSE_FILES = LICENSE
IPCBOX_INSTALL_STAGING = YES

IPCBOX_MAKE_OPTS = \
	CROSS_COMPILE="$(TARGET_CROSS)" \
	CC="$(TARGET_CC)" \
	HOSTCC="$(HOSTCC)" \
	PREFIX=/usr

# what is in is a file, the menus are not needed
define IPCBOX_CONFIGURE_CMDS
	mkdir -p $(@D)/build
	cp $(call qstrip,$(BR2_PACKAGE_IPCBOX_CONFIG)) $(@D)/build/.config
endef

define IPCBOX_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(IPCBOX_MAKE_OPTS)
endef

define IPCBOX_INSTALL_STAGING_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(IPCBOX_MAKE_OPTS) DESTDIR=$(STAGING_DIR) install-lib
endef

define IPCBOX_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(IPCBOX_MAKE_OPTS) DESTDIR=$(TARGET_DIR) \
		NAMES=$(call qstrip,$(BR2_PACKAGE_IPCBOX_NAMES)) install-bin
endef

define IPCBOX_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(IPCBOX_PKGDIR)/S30helper $(TARGET_DIR)/etc/init.d/S30helper
endef

$(eval $(generic-package))
