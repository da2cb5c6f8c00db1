# SPDX-License-Identifier: ISC
# testing "what" "command" "expected" "stdin"
#
# Runs the command with sh in an empty directory of its own, under timeout(1), with prelude.sh's
# functions at hand. Expected is stdout and stderr together, then "rc N" if that is not 0; it and
# stdin may have printf(1)'s escapes.

passed=0 failed=0 skipped=0 skip=

testing()
{
	if [ -n "$skip" ]; then
		skipped=$((skipped + 1))
		[ -z "$VERBOSE" ] || echo "SKIP: $suite: $1 ($skip)"
		return
	fi
	dir=$work/$suite.$((passed + failed))
	mkdir "$dir"
	chmod 755 "$dir"
	printf '%b' "$4" >"$work/stdin"
	printf '%s\n' ". '$testsuite/prelude.sh'" "$2" >"$work/command"
	printf '%b' "$3" >"$work/expected"
	(cd "$dir" && exec timeout -k 5 "${TEST_TIMEOUT:-60}" sh "$work/command") \
		<"$work/stdin" >"$work/got" 2>&1
	rc=$?
	[ $rc = 0 ] || echo "rc $rc" >>"$work/got"
	if cmp -s "$work/expected" "$work/got"; then
		passed=$((passed + 1))
		[ -z "$VERBOSE" ] || echo "PASS: $suite: $1"
	else
		failed=$((failed + 1))
		echo "FAIL: $suite: $1"
		echo "$2" | sed 's/^/	$ /'
		diff -u "$work/expected" "$work/got" | sed 's/^/	/'
	fi
	rm -rf "$dir"
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
