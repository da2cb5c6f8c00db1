# fish completion for ipcbox: options, what they take, and the words of a chain
# completion.awk puts what the tools say about themselves in place of @table@ and the like.

# The KINDs of a tool's operands, then its options, each as "-x" or "-x=KIND", a tab and its purpose.
function __ipcbox_takes
	switch "$argv[1]"
	@table@
		case '*'
			return 1
	end
end

# The KIND of an option's value, one of the table that follows it.
function __ipcbox_kind_of -a option
	string replace -rf -- "^$option=([a-z]+)\t.*" '$1' $argv[2..]
end

# The KIND of what the next word is, after an option that has its value perhaps in itself.
function __ipcbox_option -a word
	switch $word
		case '*=*'
		case '--*'
			__ipcbox_kind_of $word $argv[2..]
		case '*'
			set -l letters (string split '' -- (string sub -s 2 -- $word))
			for i in (seq (count $letters))
				set -l kind (__ipcbox_kind_of -$letters[$i] $argv[2..]); or continue
				test $i = (count $letters); and echo $kind
				return
			end
	end
end

# What a word of that KIND may be.
function __ipcbox_words -a kind current
	switch $kind
		case user
			__fish_complete_users
		case group
			__fish_complete_groups
		case directory
			__fish_complete_directories $current
		case 'file*'
			__fish_complete_path $current
		case tool
			string split ' ' -- '@tools@'
		case command
			complete -C "$current"
		case program pair
			string split ' ' -- '@links@'
			complete -C "$current"
		case 'none*' ''
		case '*'
			string split '|' -- $kind
	end
end

function __ipcbox_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l table (__ipcbox_takes (string replace -r '.*/' '' -- $words[1])); or return
	set -l operands (string split -n ' ' -- $table[1])
	set -l kind
	for at in (seq 2 (count $words))
		set -l word $words[$at]
		if test -n "$kind"
			set kind
			continue
		else if string match -q -- '-?*' $word
			set kind (__ipcbox_option $word $table[2..])
			test "$kind" = program; and set operands program; and set kind
			continue
		end
		test "$operands[1]" = pair; and not string match -q -- '*=*' $word; and set -e operands[1]
		switch "$operands[1]"
			case pair '*+'
				continue
			case program
				set table (__ipcbox_takes $word)
				or begin
					# it has a completion of its own, perhaps
					complete -C "$(string join ' ' -- (string escape -- $words[$at..-1])) $current"
					return
				end
			case tool
				set table (__ipcbox_takes ipc$word; or __ipcbox_takes $word); or return
			case '*'
				set -e operands[1]
				continue
		end
		set operands (string split -n ' ' -- $table[1])
	end
	if test -z "$kind"; and string match -q -- '-*' $current
		string replace -r -- '=[a-z]+\t' '\t' $table[2..]
	else
		test -n "$kind"; or set kind $operands[1]
		__ipcbox_words "$kind" $current
	end
end

for name in @names@
	complete -c $name -f -a '(__ipcbox_complete)'
end
