/* socketbinder: bind a local socket safely and run a program that has it as descriptor 0
 *
 * SPDX-License-Identifier: ISC

config SOCKETBINDER
	bool "ipcsocketbinder"
	default y
	help
	  usage: ipcsocketbinder [-d|-D] [-f] [-b BACKLOG] [-M|-m|-S] [-p] [-a PERMS] [-o OWNER[:GROUP]]
	         [-B] PATH PROG...

	  Bind a socket to PATH, listen, and run PROG with it as descriptor 0. "@NAME" is an
	  abstract socket, anything else a file. A dead socket at PATH is replaced; a live one, or
	  a file that is not a socket, never: nothing is touched then.

	  -d         replace a dead socket; the default
	  -D         refuse whatever exists at PATH
	  -f         take PATH over from a live server, which keeps its clients; no client ever
	             finds PATH missing or not ready
	  -b BACKLOG so many clients may wait to be accepted; 0: do not listen
	  -M         stream socket; the default
	  -m         datagram socket
	  -S         seqpacket socket
	  -p         have the kernel note who sends each message, from the first one on, as
	             ipcdgramd(1) wants it
	  -a PERMS   permissions of the file, octal; default 0777
	  -o OWNER   owner and group of the file, by name or number
	  -B         a blocking socket; the default is one that does not block

	  Environment:
	  IPCLOCALPATH  set to PATH

	  Exit status:
	  100  wrong usage
	  111  PATH is taken, or a system call failed
*/
#include <limits.h>

#include "bind.h"

static void parse(int argc, char **argv, struct ipc_listen *how)
{
	int letter;

	while ((letter = option(argc, argv, "dDfb:MmSpa:o:B", NULL)) != -1) {
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
		}
	}
}

CHAIN(socketbinder, "s6-ipcserver-socketbinder")
{
	struct ipc_listen how = { .type = SOCK_STREAM };
	int fd;

	parse(argc, argv, &how);
	argv = operands(argc, argv, 2);
	fd = ipc_listen(argv[0], &how);
	if (fd < 0)
		bind_refused(argv[0], &how);
	copy_fd(fd, 0);
	if (fd)
		close(fd);
	set_variable("IPCLOCALPATH", argv[0]);
	return argv + 1;
}
