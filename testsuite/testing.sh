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

# The tests that follow need these applets or features; "optional" alone ends that.
optional()
{
	skip=
	for feature; do
		grep -q "^CONFIG_$feature=y" "$config" || skip="no $feature"
	done
}

# The tests that follow need these commands, or "root". In addition to optional, so call it after.
needs()
{
	for command; do
		if [ "$command" = root ]; then
			[ "$(id -u)" = 0 ] || skip="needs root"
		elif [ "$command" = unshare ]; then
			# not in a chroot(2) whose root is no mount point
			unshare -m true 2>/dev/null || skip="needs a mount namespace"
		else
			command -v "$command" >/dev/null || skip="needs $command"
		fi
	done
}
