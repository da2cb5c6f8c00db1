#compdef @names@
# zsh completion for ipcbox: options, what they take, and the words of a chain
# completion.awk puts what the tools say about themselves in place of @table@ and the like.

# The program of a chain: a tool of ours, or any other with its own completion. Words such as
# NAME=FD may come before it.
_ipcbox_program()
{
	local -a links
	while ((CURRENT > 1)) && [[ $words[1] == *=* ]]; do
		shift words
		((CURRENT--))
	done
	links=(@links@)
	((CURRENT > 1)) || compadd -a links
	_normal
}

# What "ipcbox NAME" runs.
_ipcbox_tool()
{
	local -a tools
	tools=(@tools@)
	if ((CURRENT == 1)); then
		compadd -a tools
	else
		words[1]=ipc${words[1]#ipc}
		_normal
	fi
}

_ipcbox()
{
	case $service in
	@table@
	esac
}

_ipcbox "$@"
