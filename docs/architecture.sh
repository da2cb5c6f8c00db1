#!/bin/sh
# SPDX-License-Identifier: ISC
# docs/architecture.sh >docs/architecture.svg: draw how the box is made. Every name in the picture is
# one of the tree: a room, a file, a header, or an applet, which must be there to be in the chain.
cd "$(dirname "$0")/.." || exit
LC_ALL=C
export LC_ALL
awk '
FNR == 1 {
	parts = split(FILENAME, path, "/")
	name = path[parts]
	if (name ~ /\.h$/) {
		headers = headers " <" (parts == 3 ? "ipc/" : "") name ">"
		next
	}
	sub(/\.c$/, "", name)
	if (path[1] == "libipc")
		library = library " " name
	else if (path[2] == "box")
		frame = frame " " name
	else {
		room = path[2]
		if (!(room in tools))
			rooms[++count] = room
		tools[room] = tools[room] ""
		others[room] = others[room] " " name
	}
}

/^(TOOL|CHAIN|CHANGE|GATE)\(/ && room && path[2] == room {
	split($0, word, /[(,)]/)
	sub(" " name "$", "", others[room])
	gsub(/_/, "-", word[2])
	kind[word[2]] = word[1] == "CHANGE" ? "chain" : tolower(word[1])
	tools[room] = tools[room] " " word[2]
}

function rectangle(class, x, y, w, h) {
	body = body sprintf("<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", class, x, y, w, h)
}

function text(class, x, y, what) {
	gsub(/</, "\\&lt;", what)
	gsub(/>/, "\\&gt;", what)
	body = body sprintf("<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", class, x, y, what)
}

function dot(applet, x, y) {
	body = body sprintf("<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"4\"/>\n", kind[applet], x, y)
}

function arrow(class, path) {
	body = body sprintf("<path class=\"%s\" d=\"%s\" marker-end=\"url(#head)\"/>\n", class, path)
}

# Words in lines of so many characters, from y on; the y of the next line. Without a class, nothing is
# drawn.
function lines(class, x, y, words, most,    n, i, word, line) {
	n = split(words, word, " ")
	for (i = 1; i <= n; i++) {
		if (line && length(line " " word[i]) > most) {
			if (class)
				text(class, x, y, line)
			line = ""
			y += 16
		}
		line = line (line ? " " : "") word[i]
	}
	if (class && line)
		text(class, x, y, line)
	return n ? y + 16 : y
}

function must_be(applet) {
	if (!(applet in kind)) {
		print "no applet " applet >"/dev/stderr"
		bad = 1
	}
}

# a link of the chain at the top
function link(applet, x, what) {
	must_be(applet)
	rectangle("room", x, 56, 132, 48)
	dot(applet, x + 14, 74)
	text("", x + 24, 78, applet)
	text("note", x + 10, 95, what)
}

function chain() {
	must_be("server")
	text("", 12, 18, "ipcserver /run/S access -i RULES connlimit PROG")
	rectangle("room", 12, 56, 96, 48)
	text("", 22, 78, "client")
	text("note", 22, 95, "any user")
	rectangle("group", 148, 32, 584, 84)
	text("note", 158, 48, "one process of ipcbox")
	link("socketbinder", 158, "binds, safely")
	link("serverd", 300, "accepts: who is it?")
	link("access", 442, "judges by rules")
	link("connlimit", 584, "counts users")
	rectangle("room", 764, 56, 108, 48)
	text("", 774, 78, "PROG")
	text("note", 774, 95, "for each client")
	arrow("line", "M108 80 H144")
	arrow("line", "M290 80 H296")
	arrow("line", "M432 80 H438")
	arrow("line", "M574 80 H580")
	arrow("line", "M716 80 H760")
	arrow("line refused", "M650 104 V138 H60 V108")
	body = body sprintf("<path class=\"line refused\" d=\"M508 104 V138\"/>\n")
	text("note", 72, 132, "refused: nothing was started")
}

function card_height(room,    n, applet) {
	n = split(tools[room], applet, " ")
	return 28 + n * 17 + lines("", 0, 0, others[room], 23) + 6
}

function card(room, x, y,    n, i, applet) {
	rectangle("room", x, y, 200, card_height(room))
	text("title", x + 10, y + 20, room)
	n = split(tools[room], applet, " ")
	y += 40
	for (i = 1; i <= n; i++) {
		dot(applet[i], x + 14, y - 4)
		text("", x + 24, y, applet[i])
		y += 17
	}
	lines("note code", x + 24, y, others[room], 23)
}

# each room into the column that is shortest so far
function cards(top,    i, c, column, bottom, low) {
	for (c = 0; c < 4; c++)
		bottom[c] = top
	for (i = 1; i <= count; i++) {
		column = 0
		for (c = 1; c < 4; c++)
			if (bottom[c] < bottom[column])
				column = c
		card(rooms[i], 24 + column * 212, bottom[column])
		bottom[column] += card_height(rooms[i]) + 12
	}
	for (c = 0; c < 4; c++)
		if (bottom[c] > low)
			low = bottom[c]
	return low
}

function key(x, y, class, what) {
	body = body sprintf("<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"4\"/>\n", class, x, y - 4)
	text("note", x + 10, y, what)
}

function style() {
	print "<style>"
	print "text { font: 13px ui-monospace, Menlo, Consolas, \"DejaVu Sans Mono\", monospace; fill: #1f2328 }"
	print ".title { font: 600 14px system-ui, \"DejaVu Sans\", sans-serif }"
	print ".note { font: 12px system-ui, \"DejaVu Sans\", sans-serif; fill: #59636e }"
	print ".code { font: 12px ui-monospace, Menlo, Consolas, \"DejaVu Sans Mono\", monospace }"
	print ".room { fill: #f6f8fa; stroke: #d1d9e0 }"
	print ".group { fill: none; stroke: #8c959f }"
	print ".line { fill: none; stroke: #59636e; stroke-width: 1.5 }"
	print ".refused { stroke-dasharray: 4 3 }"
	print ".head { fill: #59636e }"
	print ".chain { fill: #0969da } .gate { fill: #bc4c00 } .tool { fill: #8c959f }"
	print "@media (prefers-color-scheme: dark) {"
	print "text { fill: #e6edf3 } .note { fill: #9198a1 }"
	print ".room { fill: #161b22; stroke: #3d444d } .group { stroke: #656c76 }"
	print ".line { stroke: #9198a1 } .head { fill: #9198a1 }"
	print ".chain { fill: #4493f8 } .gate { fill: #f0883e } .tool { fill: #656c76 }"
	print "}"
	print "</style>"
	print "<marker id=\"head\" viewBox=\"0 0 6 6\" refX=\"4\" refY=\"3\" markerWidth=\"5\" markerHeight=\"5\"" \
		" orient=\"auto-start-reverse\"><path class=\"head\" d=\"M0 0 L6 3 L0 6 z\"/></marker>"
}

# The picture, and how high it is.
function draw(    y, top) {
	chain()
	text("title", 24, 188, "ipcbox")
	text("note", 82, 188, "one binary; NAME here is the tool ipcNAME. A room uses no other room")
	key(538, 188, "gate", "judges a client")
	key(652, 188, "chain", "runs the next word")
	key(788, 188, "tool", "runs alone")
	y = cards(202)
	top = y
	text("title", 34, y + 20, "box")
	text("note", 72, y + 20, "the frame: options, messages, the one exec, what rooms share")
	y = lines("code", 34, y + 42, frame, 110)
	rectangle("group", 24, top, 836, y - top)
	rectangle("group", 12, 166, 860, y + 12 - 166)
	top = y + 24
	text("title", 24, top + 20, "libipc")
	text("note", 76, top + 20, "the library, for daemons of your own, too; it never prints and never exits")
	y = lines("code", 24, top + 42, headers, 116)
	y = lines("note code", 24, y + 4, library, 116)
	rectangle("group", 12, top, 860, y - top)
	return y + 4
}

END {
	height = draw()
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"880\" height=\"" height \
		"\" viewBox=\"0 0 880 " height "\">"
	print "<title>How ipcbox is made: rooms of applets on one frame and one library</title>"
	style()
	print body "</svg>"
	exit bad
}
' applets/*/*.c libipc/*.c libipc/ipc.h libipc/ipc/*.h
