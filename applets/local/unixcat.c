/* unixcat: print what a local service sends
 *
 * SPDX-License-Identifier: ISC

config UNIXCAT
	bool "ipcunixcat"
	default y
	help
	  usage: ipcunixcat PATH

	  Connect to the service at PATH and copy what it sends to descriptor 1, to the end.
	  Descriptor 0 is not read and nothing is sent. "@NAME" is an abstract socket, anything else
	  a file.

	  Exit status:
	  111  no connection, or it broke
*/
#include "applet.h"

TOOL(unixcat, "unixcat")
{
	char buffer[8192];
	ssize_t length;
	int fd;

	option(argc, argv, "", NULL);
	argv = operands(argc, argv, 1);
	if (argv[1])
		usage("too many arguments");
	fd = ipc_connect(argv[0], NULL);
	if (fd < 0)
		die(EXIT_TEMPORARY, "unable to connect to %s:", argv[0]);
	while ((length = read(fd, buffer, sizeof buffer)) > 0)
		if (ipc_write_all(1, buffer, length))
			die(EXIT_TEMPORARY, "unable to write to fd 1:");
	if (length < 0)
		die(EXIT_TEMPORARY, "unable to read from %s:", argv[0]);
	return 0;
}
