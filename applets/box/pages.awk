# SPDX-License-Identifier: ISC
# The manual pages: the help of an applet as mdoc, then what docs/NAME.man adds to it, by sections in
# the order that man pages have. A section that is in both is one. What all pages have in common is
# added here: how a chain ends, what else is in the room. A part of applets.awk.

function roff(s) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	if (s ~ /^[.']/)
		s = "\\&" s
	return s
}

# One sentence in lines of at most 78 columns; a word that looks like a macro is kept from the
# beginning of a line.
function wrap(s,    n, word, i, line, r) {
	n = split(s, word, " ")
	line = roff(word[1])
	for (i = 2; i <= n; i++) {
		if (length(line) + length(word[i]) > 70) {
			r = r line "\n"
			line = roff(word[i])
		} else {
			gsub(/\\/, "\\e", word[i])
			gsub(/-/, "\\-", word[i])
			line = line " " word[i]
		}
	}
	return r line "\n"
}

# A sentence a line, as mdoc wants it.
function prose(s,    n, i, part, r) {
	gsub(/e\.g\. /, "e.g.\001", s)
	gsub(/i\.e\. /, "i.e.\001", s)
	gsub(/[.?!] +/, "&\002", s)
	n = split(s, part, "\002")
	r = ""
	for (i = 1; i <= n; i++) {
		sub(/ +$/, "", part[i])
		gsub(/\001/, " ", part[i])
		if (part[i] != "")
			r = r wrap(part[i])
	}
	return r
}

# "-p PATH" becomes ".It Fl p Ar PATH"
function item(term,    n, word, i, s) {
	n = split(term, word, " ")
	s = ".It"
	for (i = 1; i <= n; i++)
		if (word[i] ~ /^-./)
			s = s " Fl " roff(substr(word[i], 2))
		else if (term ~ /^-/)
			s = s " Ar " roff(word[i])
		else if (heading ~ /^Environment/ && word[i] ~ /^[A-Z][A-Z0-9_]+$/)
			s = s " Ev " roff(word[i])
		else
			s = s " Sy " roff(word[i])
	return s "\n"
}

# What stands before two spaces, or an option and its values before one; empty for prose.
function item_term(s) {
	if (s ~ /[^ .?!]   *[^ ]/) {
		sub(/   *.*/, "", s)
		return s
	}
	if (s ~ /^-[^ ,.]+( [A-Z][^a-z ]*)+$/)
		return s
	if (match(s, /^-[^ ,.]+( [A-Z][^a-z ,.]*)*( |$)/)) {
		s = substr(s, 1, RLENGTH)
		sub(/ $/, "", s)
		return s
	}
	return ""
}

function flush_prose() {
	if (pending != "")
		page = page prose(pending)
	pending = ""
}

function leave(what) {
	flush_prose()
	if (mode == "item" && what != "item")
		page = page ".El\n"
	if ((mode == "example" || mode == "gap") && what != "example")
		page = page ".Ed\n"
	mode = what
}

# One line of a help, after the usage.
function manual_line(s,    term) {
	if (s == "") {
		flush_prose()
		if (mode == "prose")
			mode = "blank"
		else if (mode == "example")
			mode = "gap"
	} else if (s ~ /^(Signals|Environment) .*:$/) {
		# of what or when, is the first line of the section
		leave("section")
		heading = s
		begin_section(toupper(substr(s, 1, index(s, " ") - 1)))
		s = substr(s, index(s, " ") + 1)
		pending = toupper(substr(s, 1, 1)) substr(s, 2)
		mode = "prose"
	} else if (s ~ /^[A-Z][A-Za-z ]*:$/) {
		leave("section")
		heading = s
		begin_section(toupper(substr(s, 1, length(s) - 1)))
	} else if (s ~ /^    [^ ]/) {
		if (mode == "gap") {
			page = page "\n"
			mode = "example"
		} else if (mode != "example") {
			leave("example")
			page = page ".Bd -literal -offset indent\n"
		}
		page = page roff(substr(s, 5)) "\n"
	} else if (s !~ /^ / && (term = item_term(s)) != "") {
		if (mode != "item") {
			leave("item")
			page = page ".Bl -tag -width Ds\n"
		}
		flush_prose()
		page = page item(term)
		pending = substr(s, length(term) + 1)
		sub(/^ +/, "", pending)
	} else if (s ~ /^ /) {
		sub(/^ +/, "", s)
		pending = pending " " s
		sub(/^ /, "", pending)
	} else {
		if (mode != "prose") {
			again = mode == "blank" || mode == "item" || mode == "example" ||
				mode == "gap"
			leave("prose")
			if (again)
				page = page ".Pp\n"
		}
		pending = pending (pending == "" ? "" : " ") s
	}
}

# --- sections --------------------------------------------------------------------------------

# What follows belongs to the section; it may have begun before.
function begin_section(name) {
	put_section()
	page = ""
	section_now = name
	if (!(name in part)) {
		part[name] = ""
		order[++parts] = name
	}
}

function put_section() {
	if (part[section_now] != "" && page != "" && page !~ /^\.(Pp|B[dl])/)
		page = ".Pp\n" page
	part[section_now] = part[section_now] page
}

# The rank of a section in a page. Those of our own follow the description.
function rank(name,    i) {
	for (i = 1; i <= last_rank; i++)
		if (index(name, ranked[i]) == 1)
			return i
	return 4
}

function begin_page(    name) {
	last_rank = split("NAME,SYNOPSIS,DESCRIPTION,*,SIGNALS,ENVIRONMENT,FILES,EXIT STATUS,EXAMPLES," \
		"SEE ALSO,STANDARDS,CAVEATS", ranked, ",")
	for (name in part)
		delete part[name]
	parts = 0
	section_now = page = ""
}

function write_page(path,    r, i) {
	put_section()
	for (r = 1; r <= last_rank; r++)
		for (i = 1; i <= parts; i++)
			if (rank(order[i]) == r)
				printf ".Sh %s\n%s", order[i], part[order[i]] > path
	close(path)
}

# --- pages -----------------------------------------------------------------------------------

function page_of(name) {
	return full_of[name] "." section_of[name]
}

function write_manual(name,    path) {
	path = out "/man/" page_of(name)
	printf ".Dd %s\n.Dt %s %d\n.Os\n", date, toupper(full_of[name]), section_of[name] > path
	begin_page()
	name_section(name)
	help_sections(name)
	extra_sections(extra "/" full_of[name] ".man")
	if (name == "box")
		list_of_tools()
	common_sections(name)
	write_page(path)
}

function name_section(name,    i, words) {
	begin_section("NAME")
	words = ".Nm " full_of[name]
	for (i = 1; i <= names; i++)
		if (owner[sorted[i]] == name && sorted[i] != full_of[name])
			words = words " ,\n.Nm " sorted[i]
	page = words "\n.Nd " purpose_of[name] "\n"
}

function help_sections(name,    n, i, line, usage) {
	n = split(text[config_of[name]], line, "\n")
	begin_section("SYNOPSIS")
	mode = "section"
	heading = pending = ""
	usage = 1
	for (i = 1; i < n; i++) {
		if (usage && line[i] == "") {
			usage = 0
			begin_section("DESCRIPTION")
		} else if (usage) {
			sub(/^ +/, "", line[i])
			if (sub(/^(usage|or): [^ ]+ */, "", line[i]))
				page = page ".Nm\n"
			if (line[i] != "")
				page = page wrap(line[i])
		} else
			manual_line(line[i])
	}
	leave("end")
}

function extra_sections(path,    s) {
	while ((getline s < path) > 0)
		if (s ~ /^\.Sh /)
			begin_section(substr(s, 5))
		else
			page = page reference(s) "\n"
	close(path)
}

# A page of ours is in the section that its applet says.
function reference(s,    word) {
	if (s ~ /^\.Xr / && split(s, word, " ") && word[2] in owner)
		sub(/ [0-9]+/, " " section_of[owner[word[2]]], s)
	return s
}

# What can be said of every page: statuses of the house, where the next program is looked for, and
# what else there is in the room.
function common_sections(name,    runs) {
	runs = kind[name] != "TOOL" && part["SYNOPSIS"] ~ /PROG/
	if (!("EXIT STATUS" in part)) {
		begin_section("EXIT STATUS")
		page = ".Bl -tag -width Ds\n" (runs ? "" : ".It Sy 0\ndone\n") \
			".It Sy 100\nwrong usage\n.It Sy 111\na system call failed\n.El\n"
	}
	if (runs) {
		begin_section("EXIT STATUS")
		if (part[section_now] page !~ /127|\.Xr/)
			page = "Otherwise it is that of\n.Ar PROG ,\nor 126 if that cannot be executed," \
			" 127 if it is not there.\n"
		begin_section("ENVIRONMENT")
		page = ".Ev PATH\nsays where\n.Ar PROG\nis looked for," \
			" unless it has a slash or is the name of an applet.\n"
	}
	if (!("SEE ALSO" in part)) {
		begin_section("SEE ALSO")
		page = room_mates(name)
	}
	put_section()
	page = ""
	part["SEE ALSO"] = in_order(part["SEE ALSO"])
}

function room_mates(name,    a, r) {
	for (a = 1; a <= applets; a++)
		if (applet[a] != name && room_of[applet[a]] == room_of[name])
			r = r ".Xr " full_of[applet[a]] " " section_of[applet[a]] "\n"
	return r
}

# References by section, then by name, with commas.
function in_order(s,    n, i, at, line, key, r) {
	n = split(s, line, "\n") - 1
	for (i = 1; i <= n; i++) {
		split(line[i], key, " ")
		line[i] = key[3] " " key[2]
		for (at = i; at > 1 && line[at - 1] > line[at]; at--) {
			r = line[at]
			line[at] = line[at - 1]
			line[at - 1] = r
		}
	}
	r = ""
	for (i = 1; i <= n; i++) {
		split(line[i], key, " ")
		r = r ".Xr " key[2] " " key[1] (i < n ? " ," : "") "\n"
	}
	return r
}

# The tools by rooms, for the page of the box.
function list_of_tools(    r, a) {
	begin_section("TOOLS")
	for (r = 1; r <= nrooms; r++)
		if (rooms[r] != "box") {
			page = page ".Ss " title[rooms[r]] "\n.Bl -tag -width Ds\n"
			for (a = 1; a <= applets; a++)
				if (room_of[applet[a]] == rooms[r])
					page = page ".It Xr " full_of[applet[a]] " " section_of[applet[a]] \
						"\n" wrap(purpose_of[applet[a]])
			page = page ".El\n"
		}
}

# A tool's other names have pages, too, which are the one of the tool.
function write_other_pages(    i, name, path) {
	for (i = 1; i <= names; i++) {
		name = owner[sorted[i]]
		if (sorted[i] == full_of[name])
			continue
		path = out "/man/" sorted[i] "." section_of[name]
		printf ".so man%d/%s\n.\\\" a name of %s\n", section_of[name], page_of(name),
		       full_of[name] > path
		close(path)
	}
}
