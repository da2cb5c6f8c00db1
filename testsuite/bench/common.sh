# SPDX-License-Identifier: ISC
# what the benchmarks share: programs, a place to work, an end that leaves nothing behind

bench=$(cd "$(dirname "$0")" && pwd)
O=$(cd "${O:-build}" && pwd) || exit 100
load=$O/bench/load floor=$O/bench/floor noop=$O/bench/noop worker=$O/bench/worker
. "$bench/../prelude.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/ipcbox.XXXXXX") || exit 111
trap 'kill -KILL $started 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$work"
mkdir "$work/bin"
"$O/ipcbox" --install -s "$work/bin" || exit 111
# the box answers to the names of others
PEERPATH=$PATH
PATH=$work/bin:$PATH
cd "$work" || exit 111
umask 022

# Start a server and wait until it serves: launch SOCKET COMMAND... Its number is in $pid. The
# options in $probe are for the client that tries.
probe=
launch()
{
	socket=$1
	shift
	"$@" </dev/null >/dev/null 2>&1 &
	pid=$!
	started="$started $pid"
	# a failed connect, 1, is the only reason to wait
	poll '"$load" -n 1 $probe "$socket" >/dev/null 2>&1; served=$?
		[ $served != 1 ] || ! kill -0 $pid 2>/dev/null'
	[ $served != 0 ] || return 0
	echo "does not serve: $*" >&2
	return 1
}

# Nanoseconds of CPU time that a process has used.
cpu_time()
{
	read -r used _ <"/proc/$1/schedstat" && echo "$used"
}
