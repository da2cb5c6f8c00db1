#!/bin/sh
# SPDX-License-Identifier: ISC
# What the applets say about themselves, as files in $O/gen. Files that did not change keep their
# time, so that an edit does not rebuild everything.
set -eu
: "${O:?}" "${VERSION:?}" "${DATE:?}"
export LC_ALL=C
new=$O/gen.new
rm -rf "$new"
mkdir -p "$new/man"
# AWK may be a command with options
${AWK:-awk} -v out="$new" -v date="$DATE" -v extra=docs -f applets/box/applets.awk \
	-f applets/box/pages.awk -f applets/box/completion.awk Config.in applets/*/*.c
(
	cd "$new"
	for f in *.* man/*; do
		! cmp -s "$f" "../gen/$f" || mv "../gen/$f" "$f"
	done
)
rm -rf "$O/gen"
mv "$new" "$O/gen"
touch "$O/gen/stamp"
