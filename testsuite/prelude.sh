# SPDX-License-Identifier: ISC
# functions for the commands of tests; see testing.sh

started=

# Start a server that tells on stdout when it is ready (option -1), and return when it is.
# Its messages go to the file log. Its number is in $pid.
start()
{
	mkfifo ready.$$
	"$@" >ready.$$ 2>>log &
	pid=$!
	started="$started $pid"
	read -r _ <ready.$$
	rm ready.$$
}

# A process that has sockets and accepts nobody, once it has them: holding PROGRAM OPTIONS...
# where PROGRAM is one that makes the sockets for another.
holding()
{
	mkfifo held
	"$@" sh -c 'echo; exec sleep 60' >held &
	pid=$!
	started="$started $pid"
	read -r _ <held
	rm held
}

# Is there a socket of this name that listens, or takes datagrams? A path is there before.
listening()
{
	grep -qE " (00010000 000[15]|00000000 0002) .*[ /]$1\$" /proc/net/unix
}

# start under strace, whose record goes to FILE: traced FILE [OPTIONS] SERVER...
# $pid is the server.
traced()
{
	trace=$1
	shift
	start strace -f -o "$trace" "$@"
	pid=$(pgrep -P "$pid")
	started="$started $pid"
}

# Wait until a command succeeds, at most half a minute. What it complains about until then, as a file
# that is not there yet, is nothing.
poll()
{
	for _ in $(seq 1500); do
		eval "$1" 2>/dev/null && return
		sleep 0.02
	done
	echo "never: $1"
	return 1
}

# End a process that we started, and wait for it.
stop()
{
	kill "$1" && wait "$1" 2>/dev/null
}

# Run as another user: as UID[:GID[,GID...]] COMMAND
as()
{
	ids=$1
	shift
	uid=${ids%%:*} gids=${ids#*:}
	[ "$gids" != "$ids" ] || gids=$uid
	gid=${gids%%,*} more=${gids#"$gid"}
	more=${more#,}
	if [ -n "$more" ]; then
		setpriv --reuid "$uid" --regid "$gid" --groups "$more" "$@"
	else
		setpriv --reuid "$uid" --regid "$gid" --clear-groups "$@"
	fi
}

# One rule: rule DIR KEY allow|deny [NAME=VALUE...]
rule()
{
	mkdir -p "$1/$2/env"
	: >"$1/$2/$3"
	rule_env=$1/$2/env
	shift 3
	for setting; do
		printf '%s\n' "${setting#*=}" >"$rule_env/${setting%%=*}"
	done
	rmdir "$rule_env" 2>/dev/null || :
}

# Nothing that was started in the background outlives the test. A subshell would not know the jobs.
jobs=$PWD/jobs.$$
trap 'jobs -p >"$jobs"; for p in $started $(cat "$jobs"); do kill $p 2>/dev/null; done; wait 2>/dev/null
	rm -f "$jobs"' EXIT
