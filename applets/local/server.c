/* server: serve a local socket: bind it, drop root, run a program for each client
 *
 * SPDX-License-Identifier: ISC

config SERVER
	bool "ipcserver"
	default y
	depends on SOCKETBINDER && SERVERD
	help
	  usage: ipcserver [-q|-Q|-v] [-d|-D] [-f] [-S] [-P|-p] [-i] [-1] [-n FD] [-c MAX] [-C USERMAX]
	         [-b BACKLOG] [-a PERMS] [-o OWNER[:GROUP]] [-u UID] [-g GID] [-G GIDS] [-U]
	         [-t SECONDS] [-k SECONDS] [-w WORKERS] PATH PROG...

	  The service in one line: becomes

	      ipcsocketbinder PATH ipcapplyuidgid ipcserverd PROG...

	  with the options where they belong, and without the middle link if there is nothing to
	  drop.

	  -q -Q -v   messages: errors only, normal, each client
	  -d -D -f   bind: replace a dead socket, refuse what exists, take over from a live server
	  -S         a seqpacket socket
	  -b BACKLOG so many clients may wait to be accepted
	  -a PERMS   permissions of the socket, octal; default 0777
	  -o OWNER   owner of the socket, USER or USER:GROUP
	  -u UID     run as this user; 0 is no change
	  -g GID     run as this group; 0 is no change
	  -G GIDS    with these supplementary groups, separated by commas
	  -U         with those of the variables UID, GID and GIDLIST, which are removed
	  -P -p      leave out, or do, the look-up of who the client is
	  -i         hand our open descriptors to the handlers
	  -1         write a newline to descriptor 1 when ready
	  -n FD      the same with descriptor FD
	  -c MAX     at most MAX clients at a time
	  -C USERMAX at most USERMAX for each user
	  -t SECONDS end a handler that takes longer
	  -k SECONDS on TERM, wait so long for the handlers to end
	  -w WORKERS a pool of so many workers
*/
#include <limits.h>

#include "service.h"

enum { MOST_GIDS = 65536 };

/* Groups as numbers. */
static void check_groups(void)
{
	size_t size = strlen(optarg) + 1;
	gid_t *groups = malloc(size * sizeof *groups);

	if (!groups)
		die(EXIT_TEMPORARY, "unable to read -G:");
	if (ipc_groups_parse(optarg, groups, size < MOST_GIDS ? size : MOST_GIDS) < 0)
		usage("-G is not a list of groups: %s", optarg);
	free(groups);
}

static const char *value(const char *what)
{
	switch (what[1]) {
	case 'G':
		check_groups();
		break;
	case 't':
	case 'k':
		number(what, optarg, INT_MAX / 1000);
		break;
	case 'n':
		number_option(what);
		break;
	case 'c':
	case 'C':
	case 'w':
		number(what, optarg, UINT_MAX);
		break;
	}
	return optarg;
}

CHAIN(server, "s6-ipcserver")
{
	static const struct service service = {
		.names = { "ipcserverd", "s6-ipcserverd" }, .binds = "dDfSb:a:o:",
		.drops = "u:g:G:U", .serves = "qQvPpi1n:c:C:t:k:w:", .levels = "qQv",
		.runs = 1, .value = value
	};
	char **line = service_line(argc, argv, &service);

	operands(argc, argv, 2);
	return line;
}
