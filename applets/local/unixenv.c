/* unixenv: give a program the variables of ucspi-unix
 *
 * SPDX-License-Identifier: ISC

config UNIXENV
	bool "ipcunixenv"
	default y
	help
	  usage: ipcunixenv [-B BANNER] PROG...

	  Run PROG, which expects to be started by unixserver of ucspi-unix, with the connection on
	  descriptor 0. A link behind any server of local sockets, and behind the gates that judge.

	  -B BANNER  write BANNER to descriptor 1 first

	  Environment:
	  IPCLOCALPATH    the path of the socket; if it is not set, that of descriptor 0
	  PROTO           set to UNIX
	  UNIXLOCALPATH   set to the path of the socket
	  UNIXLOCALUID    set to our user; UNIXLOCALGID and UNIXLOCALPID likewise
	  UNIXREMOTEEUID  set to the client's user; UNIXREMOTEEGID and UNIXREMOTEPID likewise.
	                  Not set if descriptor 0 is no connection

	  Examples:

	      ipcserver -U /run/bcron-spool access -i rules ipcunixenv bcron-spool
*/
#include <signal.h>

#include "applet.h"
#include "unixvars.h"

static char **prepare(int argc, char **argv, int once, void **data)
{
	int letter;

	(void)once;
	*data = NULL;
	while ((letter = option(argc, argv, "B:", NULL)) != -1)
		*data = optarg;
	return operands(argc, argv, 1);
}

static void perform(void *banner)
{
	char name[109] = "";
	const char *path = getenv("IPCLOCALPATH");
	void (*before)(int);

	if (!path && ipc_socket_name(0, name) >= 0)
		path = name;
	unix_variables(0, path ? path : "");
	/* a client who has gone does not concern us: PROG will see the end */
	if (!banner)
		return;
	before = signal(SIGPIPE, SIG_IGN);
	ipc_write_all(1, banner, strlen(banner));
	signal(SIGPIPE, before);
}

CHANGE(unixenv) = {
	.prepare = prepare, .perform = perform
};
