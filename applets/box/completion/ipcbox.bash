# bash completion for ipcbox: options, what they take, and the words of a chain
# completion.awk puts what the tools say about themselves in place of @table@ and the like.

# The options of a tool, as "-x" or "-x=KIND" of its value, and the KINDs of its operands.
_ipcbox_takes()
{
	case $1 in
	@table@
	*) return 1 ;;
	esac
}

_ipcbox_kind_of()
{
	[[ " $options " =~ " $1="([a-z]+)" " ]] && kind=${BASH_REMATCH[1]}
}

_ipcbox_option()
{
	local i
	case $1 in
	*=*) ;;
	--*) _ipcbox_kind_of "$1" ;;
	*)
		for ((i = 1; i < ${#1}; i++)); do
			_ipcbox_kind_of "-${1:i:1}" || continue
			((i + 1 == ${#1})) || kind=	# it has its value already
			break
		done ;;
	esac
	if [[ $kind == program ]]; then
		kind='' operands=(program)
	fi
}

# Fails if the word is a program that is none of our tools.
_ipcbox_operand()
{
	[[ ${operands[0]-} == pair && $1 != *=* ]] && operands=("${operands[@]:1}")
	case ${operands[0]-} in
	pair | *+) ;;
	program) _ipcbox_takes "$1" ;;
	tool) _ipcbox_takes "ipc$1" || _ipcbox_takes "$1" ;;
	*) operands=("${operands[@]:1}") ;;
	esac
}

# What may stand for "$part".
_ipcbox_words()
{
	case $1 in
	options)
		local list
		read -ra list <<<"$options"
		compgen -W "${list[*]%%=*}" -- "$part" ;;
	user) compgen -u -- "$part" ;;
	group) compgen -g -- "$part" ;;
	directory) compgen -d -- "$part" ;;
	file*) compgen -f -- "$part" ;;
	command) compgen -c -- "$part" ;;
	tool) compgen -W '@tools@' -- "$part" ;;
	program | pair)
		compgen -W '@links@' -- "$part"
		if [[ $part == */* ]]; then compgen -f -- "$part"; else compgen -c -- "$part"; fi ;;
	none* | '') ;;
	*) compgen -W "${1//|/ }" -- "$part" ;;
	esac
}

_ipcbox()
{
	local words=() starts=() options operands kind='' i at word part
	# bash makes words of NAME=VALUE and USER:GROUP
	for ((i = 0; i <= COMP_CWORD; i++)); do
		if ((i > 1)) && [[ ${COMP_WORDS[i]} == [:=]* || ${COMP_WORDS[i - 1]} == [:=]* ]]; then
			words[-1]+=${COMP_WORDS[i]}
		else
			words+=("${COMP_WORDS[i]}") starts+=("$i")
		fi
	done
	_ipcbox_takes "${words[0]##*/}" || return
	for ((at = 1; at + 1 < ${#words[@]}; at++)); do
		word=${words[at]}
		if [[ $kind ]]; then
			kind=
		elif [[ $word == -?* ]]; then
			_ipcbox_option "$word"
		elif ! _ipcbox_operand "$word"; then
			# it has a completion of its own, perhaps
			! declare -F _command_offset >/dev/null || { _command_offset "${starts[at]}"; return; }
			options='' operands=(file+) kind=
			break
		fi
	done
	word=${words[-1]} part=${words[-1]##*[:=]}
	if [[ $word == --*=* ]]; then
		_ipcbox_option "${word%%=*}"
	elif [[ ! $kind && $word == -* ]]; then
		kind=options
	fi
	kind=${kind:-${operands[0]-}}
	[[ $kind == user && $word == *:* ]] && kind=group
	mapfile -t COMPREPLY < <(_ipcbox_words "$kind" | sort -u)
}

complete -o filenames -F _ipcbox @names@
