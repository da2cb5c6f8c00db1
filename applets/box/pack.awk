# SPDX-License-Identifier: ISC
# Packs the help texts of the applets that are configured, for help.c to unpack.
#
#	awk -f pack.awk autoconf.h helps >help.h
#
# Each text ends with NUL. What they become:
#
#	0ccccccc			a character
#	1llldddd dddddddd		the l + 3 characters from d + 1 before once more (l < 7)
#	1111dddd dddddddd DDDDllll	the l + 4 characters from Dd + 1 before once more
#
# POSIX awk: mawk, gawk and busybox awk must all do.

BEGIN {
	for (i = 0; i < 128; i++)
		code[sprintf("%c", i)] = i
	NEAR = 4096; NEAR_MIN = 3; NEAR_MAX = 9
	FAR = 65536; FAR_MIN = 4; FAR_MAX = 19
	TRIES = 32
}

FNR == NR {
	if ($1 == "#define")
		set[$2] = 1
	next
}

# what follows "config NAME" is its help; the first paragraph of that is the usage
/^config / {
	end_text()
	on = $2 in set
	usage = 1
	next
}

on && $0 == "" && !("CONFIG_LONG_HELP" in set) { usage = 0 }
on && usage { add($0 "\n") }

END {
	if (failed)
		exit 1
	end_text()
	find()
	choose()
	write()
}

function add(s,    i) {
	if (s ~ /[^\001-\176]/) {
		print "pack.awk: not ASCII: " s > "/dev/stderr"
		exit failed = 1
	}
	for (i = 1; i <= length(s); i++)
		text[n++] = substr(s, i, 1)
}

function end_text() {
	if (on)
		text[n++] = ""
	on = 0
}

function match_length(a, b, most,    l) {
	while (l < most && b + l < n && text[a + l] == text[b + l])
		l++
	return l
}

# The longest match before each place, near and far.
function find(    i, key, at, l, tries) {
	for (i = 0; i + 2 < n; i++) {
		key = text[i] text[i + 1] text[i + 2]
		if (text[i] == "" || text[i + 1] == "" || text[i + 2] == "")
			continue
		tries = TRIES
		at = key in last ? last[key] : -1
		for (; at >= 0 && i - at <= FAR && tries--; at = before[at]) {
			l = far[i] + 0
			if (text[at + l] != text[i + l])
				continue
			l = match_length(at, i, FAR_MAX)
			if (l <= far[i])
				continue
			far[i] = l
			far_at[i] = at
			if (i - at <= NEAR) {
				near[i] = l < NEAR_MAX ? l : NEAR_MAX
				near_at[i] = at
			}
			if (l == FAR_MAX)
				break
		}
		before[i] = key in last ? last[key] : -1
		last[key] = i
	}
}

# From the end: the fewest bytes from each place on, and the length of the first match of them.
function choose(    i, l) {
	cost[n] = 0
	for (i = n - 1; i >= 0; i--) {
		cost[i] = cost[i + 1] + 1
		take[i] = 1
		for (l = NEAR_MIN; l <= near[i]; l++)
			if (cost[i + l] + 2 < cost[i]) {
				cost[i] = cost[i + l] + 2
				take[i] = l
				from[i] = near_at[i]
			}
		for (l = FAR_MIN; l <= far[i]; l++)
			if (cost[i + l] + 3 < cost[i]) {
				cost[i] = cost[i + l] + 3
				take[i] = l
				from[i] = far_at[i]
				is_far[i] = 1
			}
	}
}

function byte(value) {
	printf "%d,%s", value, ++bytes % 20 ? "" : "\n"
}

function write(    i, d) {
	print "/* made by pack.awk */"
	print "enum { HELP_SIZE = " n " };"
	print "static const unsigned char packed[] = {"
	for (i = 0; i < n; i += take[i]) {
		if (take[i] == 1) {
			byte(text[i] == "" ? 0 : code[text[i]])
			continue
		}
		d = i - from[i] - 1
		byte(128 + (is_far[i] ? 7 : take[i] - NEAR_MIN) * 16 + int(d / 256) % 16)
		byte(d % 256)
		if (is_far[i])
			byte(int(d / NEAR) * 16 + take[i] - FAR_MIN)
	}
	print "};"
}
