/* client: connect to a local service and run a program on the connection
 *
 * SPDX-License-Identifier: ISC

config CLIENT
	bool "ipcclient"
	default y
	help
	  usage: ipcclient [-q|-Q|-v] [-p BIND] [-l LOCAL] [-t MS] [-w MS] PATH PROG...

	  Connect to the service at PATH and run PROG with the connection as descriptors 6 (to
	  read from) and 7 (to write to). "@NAME" is an abstract socket, anything else a file.

	  -q        quiet: errors only
	  -Q        normal messages
	  -v        verbose: say when the connection is made
	  -p BIND   bind our end to BIND first; the file stays
	  -l LOCAL  say that our end is LOCAL, whatever it is
	  -t MS     wait at most MS milliseconds for a place in the server's backlog
	  -w MS     wait at most MS milliseconds for a server to appear at PATH

	  Environment:
	  PROTO         set to IPC
	  IPCLOCALPATH  set to LOCAL, else to BIND, else empty
*/
#include <limits.h>

#include "applet.h"

CHAIN(client, "s6-ipcclient")
{
	struct ipc_connect how = { .timeout = -1 };
	const char *local = NULL;
	int verbosity = 1, letter, fd;

	while ((letter = option(argc, argv, "qQvp:l:t:w:", NULL)) != -1) {
		switch (letter) {
		case 'q': verbosity--; break;
		case 'Q': verbosity = 1; break;
		case 'v': verbosity++; break;
		case 'p': how.bind = optarg; break;
		case 'l': local = optarg; break;
		case 't': how.timeout = number("-t", optarg, INT_MAX); break;
		case 'w': how.wait = number("-w", optarg, INT_MAX); break;
		}
	}
	argv = operands(argc, argv, 2);
	fd = ipc_connect(argv[0], &how);
	if (fd < 0 && how.bind && errno == EADDRINUSE)
		die(EXIT_TEMPORARY, "unable to bind to %s:", how.bind);
	if (fd < 0)
		die(EXIT_TEMPORARY, "unable to connect to %s:", argv[0]);
	if (verbosity >= 2)
		info("connected to %s", argv[0]);
	copy_fd(fd, 6);
	copy_fd(fd, 7);
	if (fd != 6 && fd != 7)
		close(fd);
	set_variable("PROTO", "IPC");
	set_variable("IPCLOCALPATH", local ? local : how.bind ? how.bind : "");
	return argv + 1;
}
