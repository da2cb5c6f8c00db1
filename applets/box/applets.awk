# SPDX-License-Identifier: ISC
# The one generator: reads what each applet's file says about itself and writes the Kconfig menus,
# the table of names, the help texts and the make rules; pages.awk writes the manual pages and
# completion.awk what shells complete. host/generate.sh runs all three together, as one program:
#
#	awk -v out=DIR -v date=D -v extra=DIR -f applets.awk -f pages.awk -f completion.awk \
#		Config.in applets/*/*.c
#
# A file speaks through its first comment, whose first line is "NAME: purpose", of a daemon
# "NAME(8): purpose", and which holds Kconfig entries as they stand, and through one line
# TOOL(name, "alias"...), CHAIN, CHANGE or GATE. The title of a room is in its file "room".
# The help of an applet follows a few rules, so that it can become a manual page:
#
#	usage: NAME ...		first paragraph; an alternative form begins with "or: NAME"
#	Word:			a line that ends with a colon begins a section
#	-x VALUE  text		two spaces or more, or one after an option and its values, make an
#				item; lines further in belong to it
#	    text		four spaces make an example
#
# POSIX awk: mawk, gawk and busybox awk must all do.

function fail(message, where) {
	printf "applets.awk: %s: %s\n", where ? where : FILENAME, message > "/dev/stderr"
	failed = 1
	exit 1
}

# --- reading ---------------------------------------------------------------------------------

# Options of the whole box, which entries may depend on.
FILENAME ~ /\.in$/ {
	if (/^config /)
		defined[$2] = 1
	next
}

FNR == 1 {
	end_entry()
	file = FILENAME
	sub(/\.c$/, "", file)
	n = split(file, word, "/")
	room = word[n - 1]
	comment = 1
	purpose = registered = ""
	if (match($0, /^\/\* [^ ]+: /))
		purpose = substr($0, RLENGTH + 1)
	section = $2 ~ /\(8\):$/ ? 8 : 1
	object[++objects] = file
	object_config[objects] = "y"
}

comment && /^ \*\/|^\*\// { end_entry(); comment = 0 }

comment && /^config [A-Z0-9_]+$/ {
	end_entry()
	config = $2
	if (!(room in title)) {
		title[room] = title_of(room, substr(file, 1, length(file) - length(word[n])))
		rooms[++nrooms] = room
	}
	entry = $0 "\n"
	defined[config] = 1
	file_of[config] = FILENAME
	next
}

# Entries of Kconfig know "select", too: one of the two is enough to understand.
comment && config && !in_help && /^\tselect / {
	fail(config " selects; it should depend on what it needs")
}

comment && config && !in_help && /^\tdepends on / {
	needs[config] = needs[config] substr($0, 13) " "
}

comment && config {
	entry = entry $0 "\n"
	if ($0 == "\thelp")
		in_help = 1
	else if (in_help)
		text[config] = text[config] substr($0, $0 ~ /^\t  / ? 4 : 1) "\n"
	next
}

/^(TOOL|CHAIN|CHANGE|GATE)\(/ {
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
	section_of[name] = section
	room_of[name] = room
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
		# the prompt is the name alone, and the purpose is said already
		if (match(entry, /\n\tbool "ipc[^" ]+"\n/))
			entry = substr(entry, 1, RSTART + RLENGTH - 3) ": " purpose "\"\n" \
				substr(entry, RSTART + RLENGTH)
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
	check_needs()
	write_menus(out "/applets.in")
	write_names(out "/names.h")
	write_rules(out "/applets.mk")
	write_completion()
	for (a = 1; a <= applets; a++)
		write_manual(applet[a])
	write_other_pages()
}

# Kconfig takes an option that nobody has for one that is off.
function check_needs(    config, n, i, word) {
	for (config in needs) {
		gsub(/[()!&|]/, " ", needs[config])
		n = split(needs[config], word, " ")
		for (i = 1; i <= n; i++)
			if (!(word[i] in defined))
				fail(config " depends on " word[i] ", which nothing defines",
				     file_of[config])
	}
}

# A room without a title is called by its name.
function title_of(room, dir,    line) {
	if ((getline line < (dir "room")) <= 0)
		line = room
	close(dir "room")
	return line
}

function write_menus(path,    r) {
	for (r = 1; r <= nrooms; r++)
		printf "menu \"%s\"\n\n%sendmenu\n\n", title[rooms[r]], menu[rooms[r]] > path
	close(path)
}

function write_names(path,    a, i, name, member) {
	print "/* made by applets.awk */" > path
	for (a = 1; a <= applets; a++) {
		name = applet[a]
		member = tolower(kind[name])
		if (member ~ /gate|change/)
			printf "extern const struct %s %s_%s;\n", member, name, member > path
		else
			printf "%s%s_main(int, char **);\n", member == "tool" ? "int " : "char **",
			       name > path
	}
	print "\nenum {" > path
	for (a = 1; a <= applets; a++)
		printf "#ifdef CONFIG_%s\n\tAPPLET_%s,\n#endif\n", config_of[applet[a]], applet[a] > path
	print "};\n\nstatic const struct applet applets[] = {" > path
	for (a = 1; a <= applets; a++) {
		name = applet[a]
		member = tolower(kind[name])
		printf "#ifdef CONFIG_%s\n\t{ .kind = KIND_%s, .run.%s = %s },\n#endif\n",
		       config_of[name], kind[name], member,
		       member ~ /gate|change/ ? "&" name "_" member : name "_main" > path
	}
	print "};\n\n/* one after the other, and the applet of each */\nstatic const char names[] =" > path
	for (i = 1; i <= names; i++)
		printf "#ifdef CONFIG_%s\n\t\"%s\\0\"\n#endif\n",
		       config_of[owner[sorted[i]]], sorted[i] > path
	print "\t\"\";\n\nstatic const unsigned char applet_of[] = {" > path
	for (i = 1; i <= names; i++)
		printf "#ifdef CONFIG_%s\n\tAPPLET_%s,\n#endif\n",
		       config_of[owner[sorted[i]]], owner[sorted[i]] > path
	print "};\n\n/* in the order of the table */\nstatic const char helps[] =" > path
	for (a = 1; a <= applets; a++)
		printf "#ifdef CONFIG_%s\n%s\t\"\\0\"\n#endif\n", config_of[applet[a]],
		       help_text(text[config_of[applet[a]]]) > path
	print "\t\"\";\n\n/* likewise */\nstatic const char purposes[] =\n#ifdef CONFIG_LONG_HELP" > path
	for (a = 1; a <= applets; a++)
		printf "#ifdef CONFIG_%s\n%s\t\"\\0\"\n#endif\n", config_of[applet[a]],
		       string(purpose_of[applet[a]]) > path
	print "#endif\n\t\"\";" > path
	close(path)
}

function string(s) {
	gsub(/[\\"]/, "\\\\&", s)
	return "\t\"" s "\"\n"
}

# As strings of C; all but the first paragraph, the usage, can be left out. In the rest a character
# below the newline is so many spaces, see print_help.
function help_text(s,    n, i, line, r, long, run) {
	gsub(/[\\"]/, "\\\\&", s)
	n = split(s, line, "\n")
	for (i = 1; i < n; i++) {
		if (line[i] == "" && !long++)
			r = r "#ifdef CONFIG_LONG_HELP\n"
		while (long && match(line[i], /  +/)) {
			run = RLENGTH < 7 ? RLENGTH : 7
			line[i] = substr(line[i], 1, RSTART - 1) "\\00" run substr(line[i], RSTART + run)
		}
		r = r "\t\"" line[i] "\\n\"\n"
	}
	return r (long ? "#endif\n" : "")
}

function write_rules(path,    i, a, name) {
	print "# made by applets.awk" > path
	for (i = 1; i <= objects; i++)
		printf "objects-%s += %s.o\n", object_config[i], object[i] > path
	for (i = 1; i <= names; i++)
		printf "names-$(CONFIG_%s) += %s\n", config_of[owner[sorted[i]]], sorted[i] > path
	for (a = 1; a <= applets; a++) {
		name = applet[a]
		printf "kinds-$(CONFIG_%s) += %s:%s\n", config_of[name], kind[name], full_of[name] > path
	}
	close(path)
}
