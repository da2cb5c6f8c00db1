# SPDX-License-Identifier: ISC
# results of the benchmarks as tables, and the verdicts; POSIX awk
#
#	time ROW NAME CLIENTS ROUND COUNT FAILED UNSERVED RATE P50 P99 MAX CPU
#	memory NAME KB
#	size NAME PROGRAMS BYTES LIBRARIES
#	skip ROW REASON
#
# With -v svg=FILE, the rates with eight clients also as a picture.

$1 == "time" {
	key = $2 SUBSEP $3 SUBSEP $4
	if (!(($2, $3) in known)) {
		known[$2, $3] = 1
		names[$2] = names[$2] " " $3
	}
	if ($5 > rounds[key])
		rounds[key] = $5
	lost[key] += $7 + $8
	rate[key, $5] = $9
	p50[key, $5] = $10
	p99[key, $5] = $11
	max[key, $5] = $12
	cpu[key, $5] = $6 ? $13 / $6 : 0
}

$1 == "memory" { memory[$2] = $3; sized[$2] = 1 }
$1 == "size" { programs[$2] = $3; bytes[$2] = $4; libraries[$2] = $5; sized[$2] = 1 }
$1 == "skip" {
	row = $2
	sub(/^skip [^ ]+ /, "")
	skipped[row] = skipped[row] "\nskipped: " $0 "\n"
	if (/^ipcbox/)
		missed = 1
}

function key_of(row, name, clients) { return row SUBSEP name SUBSEP clients }

function middle(list, n,    i, j, t) {
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
			t = list[j]
			list[j] = list[j - 1]
			list[j - 1] = t
		}
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function median(values, key,    i, list) {
	for (i = 1; i <= rounds[key]; i++)
		list[i] = values[key, i] + 0
	return middle(list, rounds[key])
}

# The median of the ratios of each round; -1 if one of the two was not measured.
function ratio(key, base,    i, list, n) {
	for (i = 1; i <= rounds[key] && i <= rounds[base]; i++)
		if (rate[base, i] > 0)
			list[++n] = rate[key, i] / rate[base, i]
	return n ? middle(list, n) : -1
}

function show_ratio(value) { return value < 0 ? "-" : sprintf("%.2f", value) }

function show_us(ns) { return sprintf(ns < 100000 ? "%.1f" : "%.0f", ns / 1000) }

function table(row, title, base_row, base_name, base_text,    n, list, i, c, key) {
	if (!(row in names) && !(row in skipped))
		return
	printf "\n%s\n%s", title, skipped[row]
	if (!(row in names))
		return
	print ""
	printf "| server | clients | conn/s | of %s | p50 us | p99 us | max us | server's CPU us |\n", \
		base_text
	print "|---|--:|--:|--:|--:|--:|--:|--:|"
	n = split(names[row], list, " ")
	for (i = 1; i <= n; i++)
		for (c = 1; c <= 8; c += 7) {
			key = key_of(row, list[i], c)
			if (!(key in rounds))
				continue
			printf "| %s | %d | %d | %s | %s | %s | %s | %s |", list[i], c, \
				median(rate, key), \
				show_ratio(ratio(key, key_of(base_row, base_name ? base_name : list[i], c))), \
				show_us(median(p50, key)), show_us(median(p99, key)), \
				show_us(median(max, key)), row == "live" ? "" : sprintf("%.1f", median(cpu, key) / 1000)
			print lost[key] ? " " lost[key] " lost" : ""
		}
}

# One line for a demand: ROW of ipcbox is at least LEAST times BASE with eight clients. One alone is
# shown, but it waits for processors to wake up, whatever the server does.
function demand(text, row, base_row, base_name, least,    c, key, value, figures, verdict) {
	verdict = "ok"
	for (c = 1; c <= 8; c += 7) {
		key = key_of(row, "ipcbox", c)
		if (!(key in rounds))
			continue
		value = ratio(key, key_of(base_row, base_name, c))
		if (value < 0)
			continue
		figures = figures sprintf("%s%.2f (%d)", figures ? ", " : "", value, c)
		if (c == 8 && value < least || lost[key])
			verdict = "MISSED"
		if (lost[key])
			figures = figures " " lost[key] " lost"
	}
	if (!figures)
		verdict = "-"
	else if (verdict == "MISSED")
		missed = 1
	printf "%-7s %s: %s, at least %s\n", verdict, text, figures ? figures : "not measured", least
}

# --- the picture ----------------------------------------------------------------------------

function label(class, x, y, what) {
	drawn = drawn sprintf("<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", class, x, y, what)
}

function bar(class, value, most, what) {
	bottom += 22
	label("name", 196, bottom, what)
	drawn = drawn sprintf("<rect class=\"%s\" x=\"204\" y=\"%d\" width=\"%d\" height=\"16\"/>\n", \
		class, bottom - 13, 2 + value * 468 / most)
	label("", 212 + value * 468 / most, bottom, value)
}

# A bar for each ROW/NAME=LABEL of the list that was measured, all by the scale of the longest; none
# without the first.
function bars(title, list,    n, i, part, key, rates, most) {
	n = split(list, part, "[,=]")
	for (i = 1; i < n; i += 2) {
		split(part[i], key, "/")
		rates[i] = (key[1], key[2]) in known ? int(median(rate, key_of(key[1], key[2], 8))) : -1
		if (rates[i] > most)
			most = rates[i]
	}
	if (rates[1] <= 0)
		return
	label("title", 8, bottom += 30, title)
	for (i = 1; i < n; i += 2)
		if (rates[i] >= 0)
			bar(part[i] ~ /ipcbox/ ? "ours" : part[i] ~ /floor/ ? "floor" : "other", \
				rates[i], most, part[i + 1])
}

function picture() {
	bottom = -8
	bars("A program for each client, connections per second", "plain/floor=bare accept and exec," \
		"plain/ipcbox=ipcbox,plain/s6=s6,plain/unixserver=unixserver,plain/socat=socat," \
		"plain/systemd=systemd")
	bars("The same behind access, connlimit and setuidgid", "chain/ipcbox=ipcbox,chain/s6=s6")
	bars("Clients that a rule refuses", "deny/floor=bare accept and close,deny/ipcbox=ipcbox,deny/s6=s6")
	bars("Workers that live on", \
		"pool/ipcbox=two workers and access,plain/ipcbox=a program for each")
	bottom += 12
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"760\" height=\"" bottom \
		"\" viewBox=\"0 0 760 " bottom "\">" >svg
	print "<title>Connections per second, eight clients at a time</title>\n<style>" >svg
	print "text { font: 13px system-ui, \"DejaVu Sans\", sans-serif; fill: #1f2328 }" >svg
	print ".title { font-weight: 600 } .name { text-anchor: end; fill: #59636e }" >svg
	print ".ours { fill: #0969da } .other { fill: #8c959f } .floor { fill: #d1d9e0 }" >svg
	print "@media (prefers-color-scheme: dark) {" >svg
	print "text { fill: #e6edf3 } .name { fill: #9198a1 }" >svg
	print ".ours { fill: #4493f8 } .other { fill: #656c76 } .floor { fill: #3d444d }" >svg
	print "}\n</style>\n" drawn "</svg>" >svg
}

END {
	if (svg)
		picture()
	table("plain", "Plain spawn of a static no-op program", "plain", "floor", "floor")
	table("chain", "access -i RULES connlimit setuidgid nobody PROG", "plain", "floor", \
		"spawn floor")
	table("applet", "A called applet as handler", "plain", "ipcbox", "plain")
	table("deny", "Denial by a rule for the user", "deny", "floor", "floor")
	table("denycdb", "The same with the rules in a cdb", "denycdb", "floor", "floor")
	table("none", "Denial because no rule matches", "none", "floor", "floor")
	table("pool", "A pool of 2 workers behind access", "plain", "ipcbox", "plain")
	table("idle", "No live handlers (one byte each way)", "idle", "", "itself")
	table("live", "Many live handlers (one byte each way)", "idle", "", "none live")

	print "\nIdle memory and size\n"
	print "| server | PSS kB | programs | bytes | shared libraries |"
	print "|---|--:|--:|--:|--:|"
	n = split("floor ipcbox s6 S6DIR unixserver socat systemd", list, " ")
	for (i = 1; i <= n; i++)
		if (list[i] in sized)
			printf "| %s | %s | %s | %s | %s |\n", list[i], memory[list[i]], \
				programs[list[i]], bytes[list[i]], libraries[list[i]]

	print "\nRatios, with the number of clients:"
	demand("plain spawn, of the floor", "plain", "plain", "floor", 0.9)
	demand("plain spawn, of s6", "plain", "plain", "s6", 1)
	if (("plain", "S6DIR") in known)
		demand("plain spawn, of s6 in S6DIR", "plain", "plain", "S6DIR", 1)
	demand("chain, of the spawn floor", "chain", "plain", "floor", 0.65)
	demand("chain, of s6", "chain", "chain", "s6", 10)
	demand("denial by a rule, of the floor", "deny", "deny", "floor", 0.8)
	demand("denial by a rule of a cdb, of the floor", "denycdb", "denycdb", "floor", 0.8)
	demand("denial without a rule, of the floor", "none", "none", "floor", 0.8)
	demand("pool, of plain spawn", "pool", "plain", "ipcbox", 3.5)
	demand("many live handlers, of none", "live", "idle", "ipcbox", 0.85)
	exit missed
}
