/* fdholder-daemon(8): make the socket of a holder, drop root, and run it
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_DAEMON
	bool "ipcfdholder-daemon"
	default y
	depends on FDHOLDERD && SOCKETBINDER
	help
	  usage: ipcfdholder-daemon [-v N] [-d|-D] [-f] [-1] [-c MAX] [-C USERMAX] [-n FDS]
	         [-N USERFDS] [-b BACKLOG] [-a PERMS] [-u UID] [-g GID] [-G GIDS] [-U] [-t MS]
	         [-T MS] [-r OLD|-R OTHER] [-s NOTIFY] [-H] [-w] -i DIR|-x CDB PATH

	  The service in one line: becomes

	      ipcsocketbinder PATH ipcapplyuidgid ipcfdholderd

	  with the options where they belong, and without the middle link if there is nothing to
	  drop. Access rules must be given.

	  -d -D -f   bind: replace a dead socket, refuse what exists, take over from a live server
	  -b BACKLOG so many clients may wait to be accepted
	  -a PERMS   permissions of the socket, octal; default 0777
	  -u UID     run as this user; 0 is no change
	  -g GID     run as this group; 0 is no change
	  -G GIDS    with these supplementary groups, separated by commas
	  -U         with those of the variables UID, GID and GIDLIST, which are removed

	  The other options are those of ipcfdholderd.
*/
#include <limits.h>

#include "service.h"

static int rules;
static const char *other;	/* the holder to take over from */

static const char *value(const char *what)
{
	switch (what[1]) {
	case 'c':
	case 'C':
	case 'n':
		return number_option(what) ? optarg : "1";
	case 'v':
	case 'N':
	case 't':
	case 'T':
		number_option(what);
		break;
	case 'i':
	case 'x':
		rules = 1;
		break;
	case 'r':
	case 'R':
		other = optarg;
		break;
	}
	return optarg;
}

CHAIN(fdholder_daemon, "s6-fdholder-daemon")
{
	static const struct service service = {
		.names = { "ipcfdholderd", "s6-fdholderd" }, .binds = "dDfb:a:", .drops = "u:g:G:U",
		.serves = "v:1c:C:n:N:t:T:i:x:r:R:s:Hw", .levels = "", .value = value
	};
	char **line;

	rules = 0;
	other = NULL;
	line = service_line(argc, argv, &service);
	if (!rules)
		usage("no access rights specified! -i DIR or -x CDB is needed");
	operands(argc, argv, 1);
	if (other && !strcmp(other, argv[optind]))
		usage("%s is the new socket, too; ipcfdholderd -r takes over the old one", other);
	return line;
}
