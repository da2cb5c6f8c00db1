/* fdmap: hand descriptors on by the convention a program wants
 *
 * SPDX-License-Identifier: ISC

config FDMAP
	bool "ipcfdmap"
	default y
	help
	  usage: ipcfdmap [-f FROM] [-t TO] [-m VARIABLE] [-M VARIABLE] [-n NAME[:NAME...]] PROG...

	  Find the descriptors that we have been given by one convention and run PROG with the
	  same descriptors by another. They keep their numbers unless TO forces others; what is
	  there then is moved to a free number, not closed. Put last in a chain, without options,
	  it makes LISTEN_PID right for PROG.

	  -f FROM      the convention that is read; without it the first of the list that is there,
	               but for "each"
	  -t TO        the convention that PROG understands; default "listen"
	  -m VARIABLE  the variable that "map" is read from; default LISTEN_FD_MAP
	  -M VARIABLE  the variable that "map" is written to; default LISTEN_FD_MAP
	  -n NAMES     new names for the descriptors, in order; an empty one stays as it is

	  Conventions:
	  listen   LISTEN_FDS, LISTEN_PID, LISTEN_PIDFDID and LISTEN_FDNAMES: descriptors from 3 on.
	           LISTEN_PID is not looked at here, it is set
	  map      LISTEN_FD_MAP=NAME=FD,NAME=FD
	  einhorn  EINHORN_FD_COUNT, EINHORN_FD_0 and so on, and EINHORN_FDS
	  starter  SERVER_STARTER_PORT=ADDRESS=FD;ADDRESS=FD
	  upstart  UPSTART_FDS, the numbers, and UPSTART_EVENTS
	  nginx    NGINX=FD;FD; as nginx tells itself when it is upgraded
	  fpm      FPM_SOCKETS=ADDRESS=FD,ADDRESS=FD as php-fpm does
	  ucspi    6 to read from and 7 to write to, as a client's program
	  inetd    0, and 1 if it is a connection
	  each     NAME_FD=FD, a variable for each descriptor

	  A character that a name cannot have by the convention becomes "_". In "map" and
	  "each" no name is there twice. Without a name a descriptor is "unknown".

	  Environment of PROG:
	  IPCMOVED  what was in the way, as OLD=NEW,OLD=NEW; not set if nothing was

	  Exit status:
	  100  wrong usage, no descriptors, or something wrong with what we are told about them
	  111  a system call failed
*/
#include "handover.h"

struct mapping {
	struct ipc_listen_source source;
	enum ipc_convention to;
	const char *variable;
	char *names;
};

static void parse(int argc, char **argv, struct mapping *mapping)
{
	int letter;

	while ((letter = option(argc, argv, "f:t:m:M:n:", NULL)) != -1) {
		switch (letter) {
		case 'f': mapping->source.conventions = 1u << convention("-f", optarg); break;
		case 't': mapping->to = convention("-t", optarg); break;
		case 'm': mapping->source.variable = optarg; break;
		case 'M': mapping->variable = optarg; break;
		case 'n': mapping->names = optarg; break;
		}
	}
}

CHAIN(fdmap)
{
	struct mapping mapping = { .source.any_process = 1, .to = IPC_FDS_LISTEN };
	const struct ipc_listen_fd *found;
	const char *names[IPC_LISTEN_FDS_MAX];
	struct handed fds[IPC_LISTEN_FDS_MAX];
	int count;

	parse(argc, argv, &mapping);
	argv = operands(argc, argv, 1);
	count = take_handed(&mapping.source, fds, IPC_LISTEN_FDS_MAX, &found);
	if (!count)
		die(EXIT_USAGE, "no descriptors: no convention is in the environment");
	for (int i = 0; i < count; i++)
		names[i] = fds[i].name;
	if (mapping.names && split_names(mapping.names, names, count) > count)
		die(EXIT_USAGE, "more names than descriptors, which are %d", count);
	for (int i = 0; i < count; i++)
		fds[i].name = names[i];
	hand_over_check(mapping.to, fds, count);
	if (mapping.source.found == IPC_FDS_UCSPI && count == 1)
		close(7);
	ipc_listen_fds_forget(&mapping.source, found, count);
	hand_over(mapping.to, mapping.variable, fds, count);
	return argv;
}
