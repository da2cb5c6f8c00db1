# SPDX-License-Identifier: ISC
# For suites about the tree, read after testing.sh. What they find does not depend on the configuration;
# the suite of another one leaves them out.

case $O in
*/configs/* | */cross/*) skip="the same in every configuration" ;;
esac
[ -e "$testsuite/../Makefile" ] || skip="not in the tree"
# a copy of the tree to work in; nothing of the make that runs us may reach the ones that we run
tree='unset MAKEFLAGS MFLAGS MAKELEVEL O
mkdir tree && (cd "$testsuite/.." && cp -R Makefile Config.in LICENSE README.md applets libipc configs docs testsuite "$OLDPWD/tree")
cd tree
quiet() { "$@" >../log 2>&1 || { echo "$*: $?"; cat ../log; }; }
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/ { /^\`\`\`/d; p }" docs/contributing.md; }'
# the same, where it does not matter what the compiler makes of it
quickly="$tree
export CFLAGS='-O0 -fno-lto'"
outer=$skip
TEST_TIMEOUT=600
