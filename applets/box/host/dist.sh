#!/bin/sh
# SPDX-License-Identifier: ISC
# make dist: the archive of the tag vVERSION and its checksum, in $O, the same bytes each time
set -eu
version=$1 archive=ipcbox-$1.tar
mkdir -p "$O"
git show "v$version:Makefile" | grep -qx "VERSION = $version" || {
	echo "dist: no tag v$version, or it has another VERSION" >&2
	exit 1
}
git archive --prefix="ipcbox-$version/" -o "$O/$archive" "v$version"
gzip -9nf "$O/$archive"
cd "$O" && sha256sum "$archive.gz" >"$archive.gz.sha256"
