# SPDX-License-Identifier: ISC
# Completion for bash, zsh and fish: what a help says about options and operands, as the tables of
# the scripts in completion/. A part of applets.awk.

# --- what a tool takes -----------------------------------------------------------------------

# What may stand for a value or an operand that the help calls so.
function kind_of(value) {
	sub(/[^A-Z].*/, "", value)
	if (value ~ /^(USER|UID|ACCOUNT|OWNER)$/)
		return "user"
	if (value ~ /^(GROUP|GID|GROUPS|GIDS)$/)
		return "group"
	if (value == "DIR")
		return "directory"
	if (value ~ /^(PATH|FILE|CDB|SOCKET|ADDRESS|TARGET|BIND|SOURCE|DESTINATION|OLD|OTHER|NOTIFY)$/)
		return "file"
	if (value == "COMMAND")
		return "command"
	if (value == "PROG")
		return "program"
	return "none"
}

function add_option(word) {
	sub(/=.*/, "", word)
	if (!(word in value_of)) {
		option[++options] = word
		value_of[word] = about[word] = ""
	}
	return word
}

function add_operand(kind) {
	operands = operands (operands == "" ? "" : " ") kind
}

# The usage: all options and, of its first form, the operands.
function read_usage(line, n,    i, w, words, word, last, depth, form, s) {
	s = ""
	for (i = 1; i <= n && line[i] != ""; i++)
		s = s " " line[i]
	gsub(/(usage|or): [^ ]+/, "; &", s)
	gsub(/[][{}|]/, " & ", s)
	words = split(s, word, " ")
	for (w = 1; w <= words; w++) {
		s = word[w]
		if (s == ";") {
			form++
			w += 2
		} else if (s ~ /^[][{}|]$/) {
			depth += (s == "[") - (s == "]")
			if (s != "[")
				last = ""
		} else if (s ~ /^--/)
			last = add_option(s)
		else if (s ~ /^-./)
			for (i = 2; i <= length(s); i++)
				last = add_option("-" substr(s, i, 1))
		else if (s ~ /^[A-Z]/ && last != "") {
			value_of[last] = s
			last = ""
		} else if (s == "..." && word[w - 1] == "}")
			operands = operands "+"
		else if (form == 1 && s ~ /^PROG/)
			add_operand("program")
		else if (form == 1 && !depth && s ~ /^[A-Z]/)
			add_operand(s ~ /=/ ? "pair" : kind_of(s) (s ~ /\.\.\.$/ ? "+" : ""))
		else if (!depth && s ~ /^[a-z]/)
			form == 1 ? add_operand(s) : sub(/[a-z]+/, "&|" s, operands)
	}
}

# The items of a help tell what an option is for, and perhaps a long name that means the same.
function read_items(line, n,    i, w, words, word, term, value, s, others) {
	for (i = 1; i <= n && line[i] != ""; i++)
		;
	for (; i <= n; i++) {
		if (line[i] ~ /^Long options are/)
			for (; line[i] != ""; i++)
				long_names(line[i], "")
		if (line[i] !~ /^-/ || (term = item_term(line[i])) == "")
			continue
		s = substr(line[i], length(term) + 1)
		while (i < n && line[i + 1] ~ /^ +[^ ]/)
			s = s " " line[++i]
		gsub(/ +/, " ", s)
		sub(/^ /, "", s)
		words = split(term, word, " ")
		value = word[words] ~ /^-/ ? "" : word[words]
		for (w = 1; w <= words; w++)
			if (word[w] ~ /^-/) {
				others = add_option(word[w])
				if (word[w] ~ /=/)
					value = substr(word[w], index(word[w], "=") + 1)
				if (value != "" && value_of[others] == "")
					value_of[others] = value
				if (about[others] == "")
					about[others] = clause(s)
			}
		if (s ~ /\(--|also --/)
			long_names(s, others)
		if (match(s, /-[a-z] is the same/))
			same(add_option(substr(s, RSTART, 2)), others)
	}
}

function same(a, b) {
	value_of[a] = value_of[b] = value_of[a] value_of[b] == "" ? "" : value_of[b] value_of[a]
	about[a] = about[b]
}

# Words that begin with two hyphens, as other names of the option.
function long_names(s, of,    word) {
	while (match(s, /--[a-z][-a-z]*(=[A-Z]+)?/)) {
		word = substr(s, RSTART, RLENGTH)
		s = substr(s, RSTART + RLENGTH)
		add_option(word)
		if (of != "")
			same(add_option(word), of)
		else if (word ~ /=/)
			value_of[add_option(word)] = substr(word, index(word, "=") + 1)
	}
}

# The beginning of an explanation, without what shells take for theirs.
function clause(s) {
	if (match(s, /[.;] /))
		s = substr(s, 1, RSTART - 1)
	gsub(/[]['"\\$`]/, "", s)
	sub(/ *\(.*/, "", s)
	return s
}

function read_tool(name,    n, line, word) {
	for (word in value_of)
		delete value_of[word]
	options = 0
	operands = ""
	add_option("--help")
	about["--help"] = "print what it does"
	n = split(text[config_of[name]], line, "\n")
	read_usage(line, n)
	read_items(line, n)
	if (name == "box")
		operands = "tool"
}

# --- tables ----------------------------------------------------------------------------------

# An option, with the kind of its value behind an equals sign.
function option_kind(i) {
	return option[i] (value_of[option[i]] == "" ? "" : "=" kind_of(value_of[option[i]]))
}

function for_bash(name,    i, r) {
	for (i = 1; i <= options; i++)
		r = r (i > 1 ? " " : "") option_kind(i)
	gsub(/ /, "|", name)
	i = operands
	gsub(/[a-z]+[|][a-z]+/, "'&'", i)
	return "\t" name ") options='" r "' operands=(" i ") ;;\n"
}

function for_fish(name,    i, r) {
	for (i = 1; i <= options; i++)
		r = r " \\\n\t\t\t\t'" option_kind(i) "\t" about[option[i]] "'"
	return "\t\tcase " name "\n\t\t\tprintf '%s\\n' '" operands "'" r "\n"
}

function for_zsh(name,    i, n, r, kind, word) {
	for (i = 1; i <= options; i++) {
		kind = value_of[option[i]]
		r = r " \\\n\t\t\t'" (kind == "" ? "" : "*") option[i] \
			(kind != "" && kind !~ /^PROG/ && option[i] ~ /^--/ ? "=" : "") "[" about[option[i]] "]" \
			(kind == "" ? "" : kind ~ /^PROG/ ? ":*::" action("program") : action(kind_of(kind))) "'"
	}
	n = split(operands, word, " ")
	for (i = 1; i <= n; i++)
		r = r " \\\n\t\t\t'" (word[i] ~ /^(pair|program|tool)$/ ? "*::" : word[i] ~ /[+]$/ ? "*" : "") \
			action(word[i]) "'"
	gsub(/ /, "|", name)
	sub(/'[*]::[^']*' [^']*'[*]::/, "'*::", r)
	return "\t" name ")\n\t\t_arguments -s -S :" r " ;;\n"
}

# What zsh calls for a kind, with what it says about it before.
function action(kind) {
	sub(/[+]$/, "", kind)
	if (kind ~ /[|]/) {
		gsub(/[|]/, " ", kind)
		return ":word:(" kind ")"
	}
	if (kind == "pair")
		kind = "program"
	return kind == "none" ? ":value: " : ":" kind ":" zsh_action[kind]
}

# The script of a shell, with its table in place of the marks.
function write_script(from, path, table,    s) {
	while ((getline s < from) > 0) {
		if (s ~ /^\t@table@$/)
			printf "%s", table > path
		else {
			gsub(/@names@/, all_names, s)
			gsub(/@tools@/, all_tools, s)
			gsub(/@links@/, all_links, s)
			print s > path
		}
	}
	close(from)
	close(path)
}

# The names of a tool; all those that may stand in a chain; the tools by their short names.
function called(name,    i, r) {
	for (i = 1; i <= names; i++)
		if (owner[sorted[i]] == name)
			r = r (r == "" ? "" : " ") sorted[i]
	return r
}

function write_completion(    a, i, name, bash, fish, zsh) {
	zsh_action["user"] = "_users"
	zsh_action["group"] = "_groups"
	zsh_action["directory"] = "_files -/"
	zsh_action["file"] = "_files"
	zsh_action["command"] = "_command_names -e"
	zsh_action["program"] = "_ipcbox_program"
	zsh_action["tool"] = "_ipcbox_tool"
	all_names = all_tools = all_links = ""
	for (i = 1; i <= names; i++) {
		all_names = all_names " " sorted[i]
		if (kind[owner[sorted[i]]] != "TOOL" && sorted[i] !~ /^s6-/)
			all_links = all_links " " sorted[i]
	}
	for (a = 1; a <= applets; a++) {
		name = applet[a]
		if (name != "box")
			all_tools = all_tools " " substr(full_of[name], 4)
		read_tool(name)
		i = called(name)
		bash = bash for_bash(i)
		fish = fish for_fish(i)
		zsh = zsh for_zsh(i)
	}
	sub(/^ /, "", all_names)
	sub(/^ /, "", all_tools)
	sub(/^ /, "", all_links)
	write_script("applets/box/completion/ipcbox.bash", out "/ipcbox.bash", bash)
	write_script("applets/box/completion/ipcbox.fish", out "/ipcbox.fish", fish)
	write_script("applets/box/completion/ipcbox.zsh", out "/ipcbox.zsh", zsh)
}
