SUMMARY = "Tools for local services over Unix domain sockets"
LICENSE = "ISC"
LIC_FILES_CHKSUM = "file://LICENSE;md5=739a657943ebdb2f8f9a3f7f0fe15284"

PV = "0.1.0"
# the archive of make dist, beside this file
SRC_URI = "file://ipcbox-${PV}.tar.gz"
S = "${WORKDIR}/ipcbox-${PV}"

EXTRA_OEMAKE = "CC='${CC}' CROSS_COMPILE='${TARGET_PREFIX}' HOSTCC='${BUILD_CC}' \
    PREFIX='${prefix}' BINDIR='${bindir}' LIBDIR='${libdir}' INCLUDEDIR='${includedir}' MANDIR='${mandir}'"
NAMES ?= "ipc"

do_configure() {
    oe_runmake defconfig
}

do_compile() {
    oe_runmake
}

do_install() {
    oe_runmake install DESTDIR='${D}' NAMES='${NAMES}'
}

# it is stripped by its Makefile
INHIBIT_PACKAGE_STRIP = "1"
INSANE_SKIP:${PN} += "already-stripped"
