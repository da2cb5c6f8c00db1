# SPDX-License-Identifier: ISC
# The one generator: reads what each applet's file says about itself and writes the Kconfig menus,
# the table of names, the help texts, the make rules, the manual pages and the shell completion.
#
#	awk -v out=DIR -v version=V -v date=D -v extra=DIR -f applets.awk applets/*/*.c
#
# A file speaks through its first comment, whose first line is "NAME: purpose" and which holds
# Kconfig entries as they stand, and through one line TOOL(name, "alias"...), CHAIN or GATE.
# The help of an applet follows a few rules, so that it can become a manual page:
#
#	usage: NAME ...		first paragraph; an alternative form begins with "or: NAME"
#	Word:			a line that ends with a colon begins a section
#	-x VALUE  text		two spaces or more, or one after an option and its values, make an
#				item; lines further in belong to it
#	    text		four spaces make an example
#
# POSIX awk: mawk, gawk and busybox awk must all do.

function fail(message) {
	printf "applets.awk: %s: %s\n", FILENAME, message > "/dev/stderr"
	failed = 1
	exit 1
}

# --- reading ---------------------------------------------------------------------------------

FNR == 1 {
	end_entry()
	file = FILENAME
	sub(/\.c$/, "", file)
	room = file
	sub(/\/[^\/]*$/, "", room)
	sub(/.*\//, "", room)
	comment = 1
	registered = 0
	purpose = ""
	if (match($0, /^\/\* [^ ]+: /))
		purpose = substr($0, RLENGTH + 1)
	object[++objects] = file
	object_config[objects] = "y"
}

comment && /^ \*\/|^\*\// { end_entry(); comment = 0 }

comment && /^config [A-Z0-9_]+$/ {
	end_entry()
	config = $2
	if (!(room in room_seen)) {
		room_seen[room] = 1
		rooms[++nrooms] = room
	}
	entry = $0 "\n"
	next
}

comment && config {
	entry = entry $0 "\n"
	if ($0 == "\thelp")
		in_help = 1
	else if (in_help)
		text[config] = text[config] substr($0, $0 ~ /^\t  / ? 4 : 1) "\n"
	next
}

/^(TOOL|CHAIN|GATE)\(/ {
	if (registered++)
		fail("registers more than one applet")
	line = $0
	gsub(/[()" \t]|=.*/, " ", line)
	gsub(/,/, " ", line)
	n = split(line, word, " ")
	name = word[2]
	symbol = toupper(name)
	if (!(symbol in text))
		fail("no entry 'config " symbol "' with a help in the first comment")
	if (purpose == "")
		fail("the first line is not '/* NAME: purpose'")
	applet[++applets] = name
	kind[name] = word[1]
	config_of[name] = symbol
	purpose_of[name] = purpose
	object_config[objects] = "$(CONFIG_" symbol ")"
	full = name
	gsub(/_/, "-", full)
	full_of[name] = "ipc" full
	add_name("ipc" full, name)
	for (i = 3; i <= n; i++)
		add_name(word[i], name)
}

function add_name(word, name) {
	if (word in owner)
		fail("the name " word " is taken by " owner[word])
	owner[word] = name
	# insertion keeps the table sorted by byte value
	for (at = ++names; at > 1 && sorted[at - 1] > word; at--)
		sorted[at] = sorted[at - 1]
	sorted[at] = word
}

function end_entry() {
	if (config) {
		sub(/\n+$/, "\n", entry)
		menu[room] = menu[room] entry "\n"
		sub(/\n+$/, "\n", text[config])
	}
	config = ""
	in_help = 0
}

# --- writing ---------------------------------------------------------------------------------

END {
	if (failed)
		exit 1
	end_entry()
	write_menus(out "/applets.in")
	write_names(out "/names.h")
	write_helps(out "/helps.txt")
	write_rules(out "/applets.mk")
	write_completion(out "/ipcbox.bash")
	for (a = 1; a <= applets; a++)
		write_manual(applet[a], out "/man/" full_of[applet[a]] ".1")
}

function write_menus(path,    r) {
	for (r = 1; r <= nrooms; r++)
		printf "menu \"%s\"\n\n%sendmenu\n\n", rooms[r], menu[rooms[r]] > path
	close(path)
}

# In the order of the table, for host/pack.c, which leaves out what is not configured.
function write_helps(path,    a) {
	for (a = 1; a <= applets; a++)
		printf "config CONFIG_%s\n%s", config_of[applet[a]], text[config_of[applet[a]]] > path
	close(path)
}

function write_names(path,    a, i, name, union) {
	union["TOOL"] = "tool"
	union["CHAIN"] = "chain"
	union["GATE"] = "gate"
	print "/* made by applets.awk */" > path
	for (a = 1; a <= applets; a++) {
		name = applet[a]
		if (kind[name] == "TOOL")
			printf "int %s_main(int, char **);\n", name > path
		else if (kind[name] == "CHAIN")
			printf "char **%s_main(int, char **);\n", name > path
		else
			printf "extern const struct gate %s_gate;\n", name > path
	}
	print "\nenum {" > path
	for (a = 1; a <= applets; a++)
		printf "#ifdef CONFIG_%s\n\tAPPLET_%s,\n#endif\n", config_of[applet[a]], applet[a] > path
	print "};\n\nstatic const struct applet applets[] = {" > path
	for (a = 1; a <= applets; a++) {
		name = applet[a]
		printf "#ifdef CONFIG_%s\n\t{ .kind = KIND_%s, .run.%s = %s%s },\n#endif\n",
		       config_of[name], kind[name], union[kind[name]],
		       kind[name] == "GATE" ? "&" name : name,
		       kind[name] == "GATE" ? "_gate" : "_main" > path
	}
	print "};\n\n/* one after the other, and the applet of each */\nstatic const char names[] =" > path
	for (i = 1; i <= names; i++)
		printf "#ifdef CONFIG_%s\n\t\"%s\\0\"\n#endif\n",
		       config_of[owner[sorted[i]]], sorted[i] > path
	print "\t\"\";\n\nstatic const unsigned char applet_of[] = {" > path
	for (i = 1; i <= names; i++)
		printf "#ifdef CONFIG_%s\n\tAPPLET_%s,\n#endif\n",
		       config_of[owner[sorted[i]]], owner[sorted[i]] > path
	print "};" > path
	close(path)
}

function write_rules(path,    i, a, name) {
	print "# made by applets.awk" > path
	for (i = 1; i <= objects; i++)
		printf "objects-%s += %s.o\n", object_config[i], object[i] > path
	for (i = 1; i <= names; i++)
		printf "names-$(CONFIG_%s) += %s\n", config_of[owner[sorted[i]]], sorted[i] > path
	for (a = 1; a <= applets; a++) {
		name = applet[a]
		printf "pages-$(CONFIG_%s) += %s.1\n", config_of[name], full_of[name] > path
		printf "kinds-$(CONFIG_%s) += %s:%s\n", config_of[name], kind[name], full_of[name] > path
	}
	close(path)
}

# --- manual pages ----------------------------------------------------------------------------

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
		else if (section ~ /^Environment/ && word[i] ~ /^[A-Z][A-Z0-9_]+$/)
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
	} else if (s ~ /^[A-Z][A-Za-z ]*:$/) {
		leave("section")
		section = s
		page = page ".Sh " toupper(substr(s, 1, length(s) - 1)) "\n"
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

function write_manual(name, path,    n, i, line, usage, words, more) {
	n = split(text[config_of[name]], line, "\n")
	page = ".Dd " date "\n.Dt " toupper(full_of[name]) " 1\n.Os\n.Sh NAME\n"
	words = ".Nm " full_of[name]
	for (i = 1; i <= names; i++)
		if (owner[sorted[i]] == name && sorted[i] != full_of[name])
			words = words " ,\n.Nm " sorted[i]
	page = page words "\n.Nd " purpose_of[name] "\n.Sh SYNOPSIS\n"
	mode = "section"
	section = pending = ""
	usage = 1
	for (i = 1; i < n; i++) {
		if (usage && line[i] == "") {
			usage = 0
			page = page ".Sh DESCRIPTION\n"
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
	printf "%s", page > path
	more = extra "/" full_of[name] ".man"
	while ((getline s < more) > 0)
		print s > path
	close(more)
	close(path)
}

# --- completion ------------------------------------------------------------------------------

function write_completion(path,    a, n, i, line, word, options) {
	print "# bash completion for ipcbox, made by applets.awk\n_ipcbox()\n{" > path
	print "\tlocal word=${COMP_WORDS[COMP_CWORD]} options=" > path
	print "\tcase ${1##*/} in" > path
	for (a = 1; a <= applets; a++) {
		name = applet[a]
		options = "--help"
		n = split(text[config_of[name]], line, "\n")
		for (i = 1; i <= n; i++)
			if (match(line[i], /^--?[A-Za-z0-9][-A-Za-z0-9]*/) &&
			    index(" " options " ", " " substr(line[i], 1, RLENGTH) " ") == 0)
				options = options " " substr(line[i], 1, RLENGTH)
		word = ""
		for (i = 1; i <= names; i++)
			if (owner[sorted[i]] == name)
				word = word (word == "" ? "" : "|") sorted[i]
		printf "\t%s) options='%s' ;;\n", word, options > path
	}
	print "\tesac" > path
	print "\tif [[ $word == -* ]]; then" > path
	print "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))" > path
	print "\telse" > path
	print "\t\tCOMPREPLY=($(compgen -f -- \"$word\") $(compgen -c -- \"$word\"))" > path
	print "\tfi\n}" > path
	printf "complete -o filenames -F _ipcbox" > path
	for (i = 1; i <= names; i++)
		printf " %s", sorted[i] > path
	print "" > path
	close(path)
}
