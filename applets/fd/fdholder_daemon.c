/* fdholder-daemon: make the socket of a holder of descriptors, drop root, and run it
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_DAEMON
	bool "ipcfdholder-daemon"
	default y
	depends on FDHOLDERD && SOCKETBINDER
	help
	  usage: ipcfdholder-daemon [-v N] [-d|-D] [-f] [-1] [-c MAX] [-C USERMAX] [-n FDS]
	         [-b BACKLOG] [-a PERMS] [-u UID] [-g GID] [-G GIDS] [-U] [-t MS] [-T MS]
	         [-r OLD|-R OTHER] [-s NOTIFY] [-H] [-w] -i DIR|-x CDB PATH

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

#include "applet.h"

enum { LINKS = 3, MOST_WORDS = 128 };

/* The programs, in both families of names, and what options each has. */
static const char *const names[][LINKS] = {
	{ "ipcsocketbinder", "ipcapplyuidgid", "ipcfdholderd" },
	{ "s6-ipcserver-socketbinder", "s6-applyuidgid", "s6-fdholderd" },
};
static const char *const options[LINKS] = { "dDfb:a:", "u:g:G:U", "v:1c:C:n:t:T:i:x:r:R:s:Hw" };

static char *line[MOST_WORDS];
static unsigned count;

static void word(const char *text)
{
	if (count == MOST_WORDS - 1)
		usage("too many options");
	line[count++] = (char *)text;
}

/* The value as the link gets it. Mistakes show here, not only when there is a socket already. */
static const char *value(const char *what)
{
	static char ids[2][12];
	int is_group = what[1] == 'g';

	if (strchr("bcCnvtT", what[1]) && !number(what, optarg, INT_MAX) && strchr("bcCn", what[1]))
		return "1";
	if (what[1] == 'a')
		octal(what, optarg);
	if (what[1] != 'u' && !is_group)
		return optarg;
	ipc_format(ids[is_group], sizeof *ids, "%u",
		   is_group ? group_number(what, optarg) : user_number(what, optarg));
	return ids[is_group];
}

/* Hand on what is an option of this link. */
static void hand_on(const char *own, int letter)
{
	static char words[MOST_WORDS][3];
	char *option = words[count];

	own = strchr(own, letter);
	if (!own)
		return;
	option[0] = '-';
	option[1] = letter;
	word(letter == 'U' ? "-Uz" : option);
	if (own[1] == ':')
		word(value(option));
}

CHAIN(fdholder_daemon, "s6-fdholder-daemon")
{
	/* messages of the links appear under the family of names that the caller used */
	const char *const *programs = names[!strncmp(applet_name, "s6-", 3)];
	const char *other = NULL;
	int letter, rules = 0;

	count = 0;
	for (int i = 0; i < LINKS; i++) {
		word(programs[i]);
		optind = 0;
		while ((letter = option(argc, argv, "dDfb:a:u:g:G:Uv:1c:C:n:t:T:i:x:r:R:s:Hw",
					NULL)) != -1) {
			hand_on(options[i], letter);
			if (letter == 'i' || letter == 'x')
				rules = 1;
			if (letter == 'r' || letter == 'R')
				other = optarg;
		}
		if (line[count - 1] == programs[1])
			count--;	/* nothing to drop */
		else if (i < LINKS - 1)
			word("--");
		if (!i)
			word(argv[optind]);
	}
	if (!rules)
		usage("no access rights specified!");
	operands(argc, argv, 1);
	if (other && !strcmp(other, argv[optind]))
		usage("%s is the new socket, too; ipcfdholderd -r takes over the old one", other);
	line[count] = NULL;
	return line;
}
