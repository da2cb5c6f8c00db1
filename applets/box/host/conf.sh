#!/bin/sh
# SPDX-License-Identifier: ISC
# Configure in $O, where conf.sh OPTION is as Kconfig's conf OPTION, and --menuconfig a menu.
#
# KCONFIG_CONF may name the conf of kconfig-frontends or of the kernel; without it ours does the
# same, but asks nothing.
set -eu
: "${O:?}"
export srctree="$PWD"
mkdir -p "$O/include/config"
cd "$O"

ours()
{
	${AWK:-awk} -f "$srctree/applets/box/config.awk" -- "$@"
}

case $1 in
--menuconfig) exec "$KCONFIG_MCONF" "$srctree/Config.in" ;;
--oldconfig) exec "${KCONFIG_CONF:-kconfig-conf}" "$1" "$srctree/Config.in" ;;
# whoever made .config: each conf has an order of its own
--syncconfig) KCONFIG_CONF= ;;
esac
# It exits 0 whatever happens, so anything on its stderr is a failure, but for the seed.
{ ${KCONFIG_CONF:-ours} "$1" "$srctree/Config.in" 3>&1 >kconfig.log 2>&3 3>&-; } |
	awk '{ print; bad = bad || !/^KCONFIG_SEED=/ } END { exit bad }' >&2 || {
	rm -f include/auto.conf
	exit 1
}
