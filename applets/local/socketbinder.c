/* socketbinder: bind a local socket safely and run a program with it
 *
 * SPDX-License-Identifier: ISC

config SOCKETBINDER
	bool "ipcsocketbinder"
	default y
	help
	  usage: ipcsocketbinder [-d|-D] [-f] [-b BACKLOG] [-M|-m|-S] [-p] [-a PERMS] [-o OWNER[:GROUP]]
	         [-B] [-R] [-P DIRMODE] [-l ALIAS] PATH PROG...

	  Bind a socket to PATH, listen, and run PROG with it as descriptor 0. "@NAME" is an
	  abstract socket, anything else a file. A dead socket at PATH is replaced; a live one, or
	  a file that is not a socket, never: nothing is touched then. A symbolic link counts as
	  what it leads to, and as dead if that is nothing; the link is what is replaced. If a
	  later program of the chain cannot start, the socket is removed, as far as its rights
	  then allow it.

	  -d         replace a dead socket; the default
	  -D         refuse whatever exists at PATH
	  -f         take PATH over from a live server, which keeps its clients; no client ever
	             finds PATH missing or not ready
	  -b BACKLOG so many clients may wait to be accepted; 0: do not listen
	  -M         stream socket; the default
	  -m         datagram socket
	  -S         seqpacket socket
	  -p         have the kernel note who sends each message, from the first one on, as
	             ipcdgramd(8) wants it
	  -a PERMS   permissions of the file, octal; default 0777
	  -o OWNER   owner and group of the file, by name or number
	  -B         a blocking socket; the default is one that does not block
	  -R         nobody can send descriptors to it (Linux 6.16; before that, no effect)
	  -P DIRMODE make the directory of PATH if it is missing, with these permissions, octal,
	             and the owner of the socket; one that is there stays as it is
	  -l ALIAS   make ALIAS a symbolic link to PATH, in place of one that leads there, nowhere
	             or to a dead socket; anything else there is refused

	  Environment:
	  IPCLOCALPATH  set to PATH

	  Exit status:
	  100  wrong usage
	  111  PATH is taken, or a system call failed
*/
#include <limits.h>

#include "bind.h"

struct binding {
	struct ipc_listen how;
	int directory;		/* permissions of a new one, or -1 */
	const char *alias;
};

static void parse(int argc, char **argv, struct binding *binding)
{
	struct ipc_listen *how = &binding->how;
	int letter;

	while ((letter = option(argc, argv, "dDfb:MmSpa:o:BRP:l:", NULL)) != -1) {
		switch (letter) {
		case 'd': how->flags &= ~IPC_LISTEN_EXCLUSIVE; break;
		case 'D': how->flags |= IPC_LISTEN_EXCLUSIVE; break;
		case 'f': how->flags |= IPC_LISTEN_TAKEOVER; break;
		case 'b':
			how->backlog = number("-b", optarg, INT_MAX);
			if (!how->backlog)
				how->backlog = -1;
			break;
		case 'M': how->type = SOCK_STREAM; break;
		case 'm': how->type = SOCK_DGRAM; break;
		case 'S': how->type = SOCK_SEQPACKET; break;
		case 'p': how->flags |= IPC_LISTEN_CREDENTIALS; break;
		case 'a':
			how->mode = octal("-a", optarg) & 0777;
			how->flags |= IPC_LISTEN_MODE;
			break;
		case 'o':
			how->flags &= ~IPC_LISTEN_OWNER;
			bind_owner(how, "-o", optarg);
			break;
		case 'B': how->flags |= IPC_LISTEN_BLOCKING; break;
		case 'R': how->flags |= IPC_LISTEN_NO_FDS; break;
		case 'P': binding->directory = octal("-P", optarg) & 07777; break;
		case 'l': binding->alias = optarg; break;
		}
	}
}

static int bind_all(const char *path, const struct binding *binding)
{
	int fd;

	if (binding->directory >= 0 && *path != '@')
		bind_directory(path, binding->directory, &binding->how);
	if (binding->alias)
		bind_alias_check(binding->alias, path);
	fd = ipc_listen(path, &binding->how);
	if (fd < 0)
		bind_refused(path, &binding->how);
	bind_note(path);
	if (binding->alias)
		bind_alias(binding->alias, path);
	return fd;
}

CHAIN(socketbinder, "s6-ipcserver-socketbinder")
{
	struct binding binding = { .how = { .type = SOCK_STREAM }, .directory = -1 };
	const char *path;
	int fd;

	parse(argc, argv, &binding);
	argv = operands(argc, argv, 2);
	path = argv[0];
	argv += strcmp(argv[1], "--") ? 1 : 2;
	if (!argv[0])
		usage("too few arguments");
	chain_check(argv[0], 0);
	fd = bind_all(path, &binding);
	copy_fd(fd, 0);
	if (fd)
		close(fd);
	set_variable("IPCLOCALPATH", path);
	return argv;
}
