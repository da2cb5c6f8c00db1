# SPDX-License-Identifier: ISC
# The part of Kconfig's conf that asks nothing, for our entries, so that building needs no Kconfig:
#
#	cd OUT && srctree=DIR awk -f config.awk -- OPTION Config.in
#
# OPTION is one of conf's: --defconfig=FILE, --allyesconfig, --allnoconfig ($KCONFIG_ALLCONFIG
# counts), --randconfig ($KCONFIG_SEED counts) and --olddefconfig make .config,
# --savedefconfig=FILE writes what differs from the defaults, --syncconfig makes
# include/auto.conf and include/autoconf.h of .config.
# An entry is a bool with prompt, default, depends and help; anything else is an error.
#
# POSIX awk, as applets.awk.

function fail(message) {
	print "config.awk: " message > "/dev/stderr"
	failed = 1
	exit 1
}

BEGIN {
	option = ARGV[1]
	value_of_option = option
	sub(/=.*/, "", option)
	sub(/^[^=]*=/, "", value_of_option)
	read_menu(ARGV[2])
	if (option == "--defconfig")
		read_config(value_of_option)
	else if (option == "--allyesconfig")
		fallback = "y"
	else if (option == "--allnoconfig") {
		fallback = "n"
		if (ENVIRON["KCONFIG_ALLCONFIG"] != "")
			read_config(ENVIRON["KCONFIG_ALLCONFIG"])
	} else if (option == "--randconfig")
		toss()
	else if (option ~ /^--(olddef|savedef|sync)config$/)
		read_config(".config")
	else
		fail("unknown option " option)
	for (i = 1; i <= items; i++)
		if (item[i] in defined)
			value(item[i])

	if (option == "--savedefconfig") {
		write_difference(value_of_option)
		exit
	}
	write_config(".config")
	if (option == "--syncconfig")
		write_results()
	exit
}

# --- the entries --------------------------------------------------------------------------------

function read_menu(name,    path, line, help, number) {
	path = name
	if ((getline line < path) <= 0) {
		path = ENVIRON["srctree"] "/" name
		if ((getline line < path) <= 0)
			fail("unable to read " name)
	}
	do {
		number++
		if (help && line ~ /^(\t +.*|[ \t]*)$/)
			continue
		help = line ~ /^\thelp$/
		if (!help && !entry_line(line))
			fail(name ":" number ": not understood: " line)
	} while ((getline line < path) > 0)
	close(path)
}

# The text in quotes, or what follows the first words.
function quoted(line) {
	sub(/^[^"]*"/, "", line)
	sub(/"[^"]*$/, "", line)
	return line
}

function rest(line, words) {
	sub(words, "", line)
	return line
}

function entry_line(line) {
	if (line ~ /^(#.*|endmenu|[ \t]*)$/)
		return 1
	if (line ~ /^mainmenu "/)
		title = quoted(line)
	else if (line ~ /^source "/)
		read_menu(quoted(line))
	else if (line ~ /^menu "/) {
		item[++items] = "menu"
		heading[items] = quoted(line)
	} else if (line ~ /^config [A-Z0-9_]+$/) {
		symbol = rest(line, "^config ")
		if (symbol in defined)
			fail(symbol " is defined twice")
		item[++items] = symbol
		defined[symbol] = 1
	} else if (symbol == "")
		return 0
	else if (line ~ /^\tbool( "[^"]*")?$/) {
		if (line ~ /"/)
			prompt[symbol] = 1
	} else if (line ~ /^\tdefault [yn]$/)
		preset[symbol] = line ~ /y$/
	else if (line ~ /^\tdepends on ./)
		depends[symbol] = depends[symbol] " && ( " rest(line, "^\tdepends on ") " )"
	else
		return 0
	return 1
}

# --- a configuration ----------------------------------------------------------------------------

function read_config(path,    line, name, readable) {
	while ((readable = (getline line < path)) > 0) {
		sub(/\r$/, "", line)
		if (line ~ /^# CONFIG_[A-Z0-9_]+ is not set$/) {
			name = substr(line, 10)
			wanted[rest(name, " is not set$")] = 0
		} else if (line ~ /^CONFIG_[A-Z0-9_]+=/) {
			name = substr(line, 8)
			if (name !~ /=[yn]$/)
				fail(path ": neither y nor n: " line)
			wanted[rest(name, "=.*")] = name ~ /y$/
		}
	}
	if (readable < 0)
		fail("unable to read " path)
	close(path)
}

function toss(    seed, i) {
	srand()
	seed = ENVIRON["KCONFIG_SEED"] != "" ? ENVIRON["KCONFIG_SEED"] + 0 : srand()
	print "KCONFIG_SEED=" seed > "/dev/stderr"
	srand(seed)
	for (i = 1; i <= items; i++)
		wanted[item[i]] = rand() < 0.5
}

# --- values -------------------------------------------------------------------------------------

function value(name) {
	if (name == "y" || name == "n")
		return name == "y"
	if (!(name in defined))
		fail("nothing defines " name)
	if (name in known)
		return known[name]
	if (busy[name])
		fail("recursive dependency of " name)
	busy[name] = 1
	allowed[name] = evaluate("y" depends[name])
	busy[name] = 0
	known[name] = chosen(name)
	return known[name]
}

# Who is asked about it decides; nobody is if there is no prompt.
function chosen(name) {
	if (!allowed[name])
		return 0
	if (name in prompt) {
		if (name in wanted)
			return wanted[name]
		if (fallback != "")
			return fallback == "y"
	}
	return preset[name] + 0
}

# word[0] is the number of the next word. Both sides are always read, whatever the first one is.
function evaluate(text,    word, words, spaced, result) {
	spaced = text
	gsub(/[()!]|&&|\|\|/, " & ", spaced)
	words = split(spaced, word, " ")
	word[0] = 1
	result = any(word)
	if (word[0] <= words)
		fail("not understood: " text)
	return result
}

function any(word,    result, other) {
	result = all(word)
	while (word[word[0]] == "||") {
		word[0]++
		other = all(word)
		result = result || other
	}
	return result
}

function all(word,    result, other) {
	result = one(word)
	while (word[word[0]] == "&&") {
		word[0]++
		other = one(word)
		result = result && other
	}
	return result
}

function one(word,    this, result) {
	this = word[word[0]++]
	if (this == "!")
		return !one(word)
	if (this != "(")
		return value(this)
	result = any(word)
	if (word[word[0]++] != ")")
		fail("a parenthesis is open")
	return result
}

# --- results ------------------------------------------------------------------------------------

function setting(name) {
	return known[name] ? "CONFIG_" name "=y" : "# CONFIG_" name " is not set"
}

function write_config(path,    i, name) {
	printf "#\n# Automatically generated file; DO NOT EDIT.\n# %s\n#\n", title > path
	for (i = 1; i <= items; i++) {
		name = item[i]
		if (i in heading)
			printf "\n#\n# %s\n#\n", heading[i] > path
		else if ((name in prompt && allowed[name]) || known[name])
			print setting(name) > path
	}
	close(path)
}

function write_difference(path,    i, name) {
	printf "" > path
	for (i = 1; i <= items; i++) {
		name = item[i]
		if (name in prompt && allowed[name] && known[name] != preset[name] + 0)
			print setting(name) > path
	}
	close(path)
}

# A header that does not change keeps its time, so that nothing is built again.
function write_results(    i, make, header, line, old) {
	make = header = ""
	for (i = 1; i <= items; i++)
		if (known[item[i]]) {
			make = make "CONFIG_" item[i] "=y\n"
			header = header "#define CONFIG_" item[i] " 1\n"
		}
	while ((getline line < "include/autoconf.h") > 0)
		old = old line "\n"
	close("include/autoconf.h")
	if (header != old)
		printf "%s", header > "include/autoconf.h"
	printf "%s", make > "include/auto.conf"
}
