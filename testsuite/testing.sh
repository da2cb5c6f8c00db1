# SPDX-License-Identifier: ISC
# testing "what" "command" "expected" "stdin"
#
# Runs the command with sh in an empty directory of its own, under timeout(1), with prelude.sh's
# functions at hand. Expected is stdout and stderr together, then "rc N" if that is not 0; it and
# stdin may have printf(1)'s escapes.

passed=0 failed=0 skipped=0 skip= tests=0

testing()
{
	if [ -n "$skip" ]; then
		skipped=$((skipped + 1))
		echo "skipped: 1 $skip" >>"$work/skipped"
		[ -z "$VERBOSE" ] || echo "SKIP: $suite: $1 ($skip)"
		return
	fi
	tests=$((tests + 1))
	record=$work/$tests
	what=$1
	printf '%b' "$4" >"$record.stdin"
	printf '%s\n' ". '$testsuite/prelude.sh'" "$2" >"$record.command"
	printf '%b' "$3" >"$record.expected"
	if attempt; then
		passed=$((passed + 1))
		[ -z "$VERBOSE" ] || echo "PASS: $suite: $what"
	elif [ -n "${RETRY:-}" ]; then
		printf '%s\n' "$suite" "$what" "${TEST_TIMEOUT:-}" >"$record.again"
		return
	else
		failed=$((failed + 1))
		echo "FAIL: $suite: $what"
		difference
	fi
	rm -f "$record".*
}

# Does the test do what is expected? Its files are new ones, so that what an earlier one may have
# left running writes elsewhere.
attempt()
{
	dir=$work/$suite.${record##*/}
	mkdir "$dir"
	chmod 755 "$dir"
	rm -f "$record.got"
	(cd "$dir" && exec timeout -k 5 "${TEST_TIMEOUT:-120}" sh "$record.command") \
		<"$record.stdin" >"$record.got" 2>&1
	rc=$?
	[ $rc = 0 ] || echo "rc $rc" >>"$record.got"
	rm -rf "$dir"
	cmp -s "$record.expected" "$record.got"
}

difference()
{
	sed '1d; s/^/	$ /' "$record.command"
	diff -u "$record.expected" "$record.got" | sed 's/^/	/'
}

# With RETRY=1, each test that has failed is run once more, when nothing else runs. If it passes
# then, it counts as passed and is named, with what was wrong the first time.
run_again()
{
	for record in $(ls "$work" | sed -n 's/\.again$//p' | sort -n); do
		record=$work/$record
		{ read -r suite; read -r what; read -r TEST_TIMEOUT; } <"$record.again"
		first=$(difference)
		if attempt; then
			passed=$((passed + 1))
			echo "unsteady: $suite: $what"
		else
			failed=$((failed + 1))
			echo "FAIL: $suite: $what"
		fi
		printf '%s\n' "$first"
	done
}

# Why tests were skipped, and how many for each reason.
reasons()
{
	[ ! -e "$work/skipped" ] ||
		sed 's/ no [A-Z0-9_]*$/ not in the configuration/' "$work/skipped" | "$testsuite/skipped"
}

# The tests that follow need these applets or features; "optional" alone ends that.
optional()
{
	skip=
	for feature; do
		grep -q "^CONFIG_$feature=y" "$config" || skip="no $feature"
	done
}

# Is the box run by qemu-user? That one answers to a variable of its own.
emulated()
{
	QEMU_VERSION=1 "$work/bin/ipcbox" --version | grep -q '^qemu'
}

# What testsuite/kernel looks for, for the box: of these, qemu-user does not hand on all.
kernel_has()
{
	case $1 in
	openat2 | passpidfd | peergroups | subreaper) ! emulated || return ;;
	esac
	"$testsuite/kernel" "$1" 2>/dev/null
}

# The tests that follow need these commands, "root", something of a newer kernel that testsuite/kernel
# names, or "native": that the processes of the box are its own, with its memory, its command line,
# its keyrings and the nanoseconds of its files. In addition to optional, so call it after.
needs()
{
	for command; do
		if [ "$command" = root ]; then
			[ "$(id -u)" = 0 ] || skip="needs root"
		elif [ "$command" = unshare ]; then
			# not in a chroot(2) whose root is no mount point
			unshare -m true 2>/dev/null || skip="needs a mount namespace"
		elif grep -q "^def $command()" "$testsuite/kernel"; then
			kernel_has "$command" || skip="needs $command"
		elif [ "$command" = native ]; then
			! emulated || skip="needs a box that runs natively"
		else
			command -v "$command" >/dev/null || skip="needs $command"
			# it would see the emulator
			[ "$command" != strace ] || ! emulated || skip="needs strace to see the box"
		fi
	done
}

# needing WHAT testing ...: only this test needs it
needing()
{
	was=$skip
	needs "$1"
	shift
	"$@"
	skip=$was
}
