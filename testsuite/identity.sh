# SPDX-License-Identifier: ISC
# for the tests of identities: account files of our own, and a look at what a program has become

cat >passwd <<'END'
root:x:0:0::/:/bin/sh
alice:x:1000:1100::/:/bin/sh
toor:x:1001:0::/:/bin/sh
-u:x:1002:1102::/:/bin/sh
1234:x:1003:1103::/:/bin/sh
colon:x:1004:1104::/:/bin/sh
END
cat >group <<'END'
root:x:0:
users:x:1100:
extra:x:1200:alice,bob
more:x:1201:bob,alice
own:x:1100:alice
END

# Run a command where these are the account files.
cat >with <<'END'
#!/bin/sh
exec unshare -m sh -c 'mount --bind passwd /etc/passwd && mount --bind group /etc/group &&
	exec "$@"' sh "$@"
END
chmod +x with

# real, effective, saved user; the same of the group; supplementary groups
cat >show <<'END'
awk '$1 ~ /^[UG]id:/ { printf "%s/%s/%s ", $2, $3, $4 }
	$1 == "Groups:" { $1 = ""; sub(/^ /, ""); print }' /proc/self/status
END

# what a program finds in its environment that had other values before
see()
{
	env UID=u GID=g GIDLIST=l "$@" env | grep -E '^(UID|GID|GIDLIST)=' | sort | tr '\n' ' '
	echo
}
