/* server: serve a local socket: bind, drop root, run a program
 *
 * SPDX-License-Identifier: ISC

config SERVER
	bool "ipcserver"
	default y
	depends on SOCKETBINDER && SERVERD
	help
	  usage: ipcserver [-q|-Q|-v] [-d|-D] [-f] [-S] [-R] [-P|-p] [-i] [-N] [-x] [-1] [-n FD] [-c MAX]
	         [-C USERMAX] [-b BACKLOG] [-a PERMS] [-o OWNER[:GROUP]] [-u UID] [-g GID] [-G GIDS] [-U]
	         [-t SECONDS] [-s MS] [-I MS] [-k SECONDS] [-w WORKERS] [-F LIST] [-m DIRMODE] [-l ALIAS]
	         PATH PROG...

	  The service in one line: becomes

	      ipcsocketbinder PATH ipcapplyuidgid ipcserverd PROG...

	  with the options where they belong, and without the middle link if there is nothing to
	  drop.

	  -q -Q -v   messages: errors only, normal, each client
	  -d -D -f   bind: replace a dead socket, refuse what exists, take over from a live server
	  -S         a seqpacket socket
	  -R         nobody can send descriptors to it (Linux 6.16; before that, no effect)
	  -b BACKLOG so many clients may wait to be accepted
	  -a PERMS   permissions of the socket, octal; default 0777
	  -o OWNER   owner of the socket, USER or USER:GROUP
	  -m DIRMODE make the directory of PATH if it is missing, with these permissions, octal
	  -l ALIAS   make ALIAS a symbolic link to PATH
	  -u UID     run as this user; 0 is no change
	  -g GID     run as this group; 0 is no change
	  -G GIDS    with these supplementary groups, separated by commas
	  -U         with those of the variables UID, GID and GIDLIST, which are removed
	  -P -p      leave out, or do, the look-up of who the client is
	  -i         hand our open descriptors to the handlers
	  -N         handlers gain no rights by exec (no_new_privs)
	  -x         at the end, remove the socket, the alias, and the directory if -m made it
	  -1         write a newline to descriptor 1 when ready
	  -n FD      the same with descriptor FD
	  -c MAX     at most MAX clients at a time
	  -C USERMAX at most USERMAX for each user; default half of MAX
	  -t SECONDS end a handler that takes longer, but no worker
	  -s MS      run PROG at the client's first byte; let go who sends none for so
	             long; 0: PROG does not wait
	  -I MS      end a handler whose connection is idle for so long, but no worker; 0: none
	  -k SECONDS on TERM, wait so long for the handlers to end
	  -w WORKERS a pool of so many workers
	  -F LIST    export more about each client, as cgroup,exe,user: see ipcserverd(8)
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
	case 's':
	case 'I':
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
		.names = { "ipcserverd", "s6-ipcserverd" }, .binds = "dDfSRb:a:o:m:l:",
		.drops = "u:g:G:U", .serves = "qQvPpiNx1n:c:C:t:s:I:k:w:F:", .levels = "qQv",
		.runs = 1, .value = value
	};
	char **line = service_line(argc, argv, &service);

	operands(argc, argv, 2);
	return line;
}
