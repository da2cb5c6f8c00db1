#!/bin/sh
# SPDX-License-Identifier: ISC
# Install or, with -u, remove parts of what was built: install.sh [-u] bin|lib|man|links...
# The Makefile sets the variables: where things go, the names and the pages of the configuration.
#
# What is in the way and not ours is named, and then nothing at all is written. It is ours if it is
# a link that leads to the box beside it or a file like the one we have, in whatever version.
set -eu
: "${O:?}" "${VERSION:?}" "${NAMES:?}" "${names:?}"
tab='	'

# --- what goes where: a line "MODE FILE TARGET", or "link TO TARGET", "name TO TARGET" -----------

line()
{
	printf "%s$tab%s$tab%s\n" "$1" "$2" "$3"
}

# The names to install: ipc has those that begin so, s6 also those of s6's tools.
chosen()
{
	for name in $names; do
		case $NAMES:$name in
		*:ipcbox) ;;
		all:* | ipc:ipc* | s6:ipc* | s6:s6-*) echo "$name" ;;
		esac
	done
}

plan_bin()
{
	line 755 "$O/ipcbox" "$TO$BINDIR/ipcbox"
	line 644 "$O/gen/ipcbox.bash" "$TO$COMPLETIONDIR/ipcbox"
	line 644 "$O/gen/ipcbox.fish" "$TO$FISHDIR/ipcbox.fish"
	line 644 "$O/gen/ipcbox.zsh" "$TO$ZSHDIR/_ipcbox"
	chosen | while read -r name; do
		line name ipcbox "$TO$BINDIR/$name"
		line link ipcbox "$TO$COMPLETIONDIR/$name"
		line link ipcbox.fish "$TO$FISHDIR/$name.fish"
	done
}

plan_lib()
{
	line 644 "$O/libipc.a" "$TO$LIBDIR/libipc.a"
	line 644 "$O/libipc.pc" "$TO$LIBDIR/pkgconfig/libipc.pc"
	line link libipc.pc "$TO$LIBDIR/pkgconfig/ipc.pc"
	for header in libipc/ipc.h libipc/ipc/*.h; do
		[ ! -e "$header" ] || line 644 "$header" "$TO$INCLUDEDIR/${header#libipc/}"
	done
}

plan_man()
{
	{ echo ipcbox; chosen; } | while read -r name; do
		for page in "$O/gen/man/$name".[18]; do
			line 644 "$page" "$TO$MANDIR/man${page##*.}/${page##*/}"
		done
	done
}

# of a box that is in DIR, or will be
plan_links()
{
	chosen | while read -r name; do
		line name "${BOX:-ipcbox}" "$DIR/$name"
	done
}

plan()
{
	for part; do
		"plan_$part"
	done
}

# --- what is ours ---------------------------------------------------------------------------------

# like FILE TARGET: the second line of our texts says what they are, the first may have a date
like()
{
	case $1 in
	*/ipcbox) grep -q 'ipcbox [0-9]' "$2" ;;
	*.a) grep -q 'ipc_listen' "$2" ;;
	*) [ "$(sed -n 2p "$1")" = "$(sed -n 2p "$2")" ] ;;
	esac
}

# ours KIND WHAT TARGET
ours()
{
	beside=$(dirname "$3")/$2
	case $1 in
	link | name)
		if [ -h "$3" ]; then
			[ "$(readlink "$3")" = "$2" ] ||
				[ "$(readlink -f "$3")" = "$(readlink -f "$beside")" ]
		else
			[ "$1" = name ] && [ -f "$3" ] && like /ipcbox "$3"
		fi ;;
	*)
		[ ! -h "$3" ] && [ -f "$3" ] && like "$2" "$3" ;;
	esac
}

there()
{
	[ -e "$1" ] || [ -h "$1" ]
}

# Those of the plan that are in the way.
strangers()
{
	while IFS=$tab read -r kind what target; do
		! there "$target" || ours "$kind" "$what" "$target" || echo "$target"
	done
}

# --- acts -----------------------------------------------------------------------------------------

put()
{
	while IFS=$tab read -r kind what target; do
		dir=$(dirname "$target")
		[ -d "$dir" ] || install -d "$dir"
		case $kind in
		link) ln -sf "$what" "$target" ;;
		name) (cd "$dir" && $LINK "$what" "${target##*/}") ;;
		*) install -m "$kind" "$what" "$target" ;;
		esac
	done
}

take_away()
{
	while IFS=$tab read -r kind what target; do
		there "$target" || continue
		if ours "$kind" "$what" "$target"; then
			rm -f "$target"
		else
			echo "install: not ours, left as it is: $target" >&2
		fi
	done
}

# Links of names that another configuration had.
others()
{
	ours 755 "$O/ipcbox" "$TO$BINDIR/ipcbox" || return 0
	for target in "$TO$BINDIR"/* "$TO$COMPLETIONDIR"/* "$TO$FISHDIR"/*; do
		[ ! -h "$target" ] || case $(readlink "$target") in
		ipcbox) line link ipcbox "$target" ;;
		ipcbox.fish) line link ipcbox.fish "$target" ;;
		esac
	done
}

remove=
if [ "${1:-}" = -u ]; then
	remove=1
	shift
fi
case $NAMES in
ipc | s6 | all) ;;
*) echo "install: NAMES is none of ipc, s6 and all: $NAMES" >&2; exit 100 ;;
esac
case " $* " in
*" links "*)
	if [ ! -d "${DIR:-}" ]; then
		echo "install: DIR is not a directory: ${DIR:-}" >&2
		exit 100
	fi ;;
esac
case " $* " in
*" lib "*)
	mkdir -p "$O"
	cat >"$O/libipc.pc" <<-END
		Name: libipc
		Description: local services over Unix domain sockets
		Version: $VERSION
		Cflags: -I$INCLUDEDIR
		Libs: -L$LIBDIR -lipc
	END
esac

if [ -n "$remove" ]; then
	# the box goes last: until then it tells whose the links are
	{ case " $* " in *" bin "*) others ;; esac; plan "$@" | sed '1!G; h; $!d'; } | take_away
	rmdir "$TO$INCLUDEDIR/ipc" 2>/dev/null || :
	exit
fi
strange=$(plan "$@" | strangers)
if [ -n "$strange" ]; then
	echo "$strange" | sed 's/^/install: in the way and not ours: /' >&2
	echo "install: nothing is written; NAMES=ipc or another PREFIX avoids others' names" >&2
	exit 1
fi
plan "$@" | put
