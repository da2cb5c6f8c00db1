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

	  The holder in one line: becomes

	    ipcsocketbinder PATH ipcapplyuidgid ipcfdholderd

	  with the options where they belong, and without the middle link if there is nothing to
	  drop. Access rules must be given.

	  -d -D -f   bind: replace a dead socket, refuse what exists, take over from a live server
	  -b BACKLOG  so many clients may wait to be accepted
	  -a PERMS   permissions of the socket, octal; default 0777
	  -u UID     run as this user; 0 is no change
	  -g GID     run as this group; 0 is no change
	  -G GIDS    with these supplementary groups, separated by commas
	  -U         with those of the variables UID, GID and GIDLIST, which are removed

	  The other options are those of ipcfdholderd.

	  Examples:
	  Hold what user 1000 stores under names that begin with "web.", through restarts of its
	  programs:

	    mkdir -p rules/uid/1000/env
	    touch rules/uid/1000/allow
	    echo '^web\.' >rules/uid/1000/env/S6_FDHOLDER_STORE_REGEX
	    echo '^web\.' >rules/uid/1000/env/S6_FDHOLDER_RETRIEVE_REGEX
	    ipcfdholder-daemon -i rules /run/holder
*/
#include <limits.h>

#include "applet.h"

enum { MOST_WORDS = 64 };

/* The three commands, built side by side and joined at the end. */
struct command {
	char *words[MOST_WORDS];
	int count;
};

static struct command binder, dropper, holder;

static void word(struct command *command, const char *text)
{
	if (command->count == MOST_WORDS - 1)
		usage("too many options");
	command->words[command->count] = strdup(text);
	if (!command->words[command->count++])
		die(EXIT_TEMPORARY, "unable to build the command:");
}

static void add(struct command *command, int letter, const char *value)
{
	char option[] = { '-', letter, 0 };

	word(command, option);
	if (value)
		word(command, value);
}

/* The value as a number, at least LEAST; what is the default already is left out. */
static void add_number(struct command *command, int letter, unsigned value, unsigned least,
		       unsigned normal)
{
	char text[16];

	ipc_format(text, sizeof text, "%u", value < least ? least : value);
	if (value != normal)
		add(command, letter, text);
}

struct options {
	unsigned verbosity, uid, gid, timeout, drain_timeout;
	int exclusive, takeover, ids_from_environment, newline;
	const char *perms, *groups, *rules, *other;
	char rules_letter;
};

static void parse_ids(struct options *o, int letter)
{
	switch (letter) {
	case 'u': o->uid = user_number("-u", optarg); break;
	case 'g': o->gid = group_number("-g", optarg); break;
	case 'G': o->groups = optarg; break;
	case 'U':
		o->ids_from_environment = 1;
		o->uid = o->gid = 0;
		o->groups = NULL;
		break;
	}
}

static void parse(int argc, char **argv, struct options *o)
{
	static const char all[] = "v:dDf1c:C:n:b:a:G:g:u:Ut:T:i:x:r:R:s:Hw";
	int letter;

	while ((letter = option(argc, argv, all, NULL)) != -1) {
		switch (letter) {
		case 'v': o->verbosity = number("-v", optarg, UINT_MAX); break;
		case 'd': o->exclusive = 0; break;
		case 'D': o->exclusive = 1; break;
		case 'f': o->takeover = 1; break;
		case '1': o->newline = 1; break;
		case 'b':
			add_number(&binder, letter, number("-b", optarg, INT_MAX), 1, UINT_MAX);
			break;
		case 'a': octal("-a", optarg); o->perms = optarg; break;
		case 'c':
		case 'C':
		case 'n':
			add_number(&holder, letter, number("the limit", optarg, INT_MAX), 1,
				   UINT_MAX);
			break;
		case 't': o->timeout = number("-t", optarg, INT_MAX); break;
		case 'T': o->drain_timeout = number("-T", optarg, INT_MAX); break;
		case 'i':
		case 'x': o->rules_letter = letter; o->rules = optarg; break;
		case 'r':
		case 'R': o->other = optarg; /* fall through */
		case 's': add(&holder, letter, optarg); break;
		case 'H':
		case 'w': add(&holder, letter, NULL); break;
		default: parse_ids(o, letter);
		}
	}
}

static void build(const struct options *o, const char *path)
{
	if (o->exclusive)
		add(&binder, 'D', NULL);
	if (o->takeover)
		add(&binder, 'f', NULL);
	if (o->perms)
		add(&binder, 'a', o->perms);
	word(&binder, "--");
	word(&binder, path);
	if (o->ids_from_environment)
		word(&dropper, "-Uz");
	add_number(&dropper, 'u', o->uid, 0, 0);
	add_number(&dropper, 'g', o->gid, 0, 0);
	if (o->groups)
		add(&dropper, 'G', o->groups);
	add_number(&holder, 'v', o->verbosity, 0, 1);
	if (o->newline)
		add(&holder, '1', NULL);
	add_number(&holder, 't', o->timeout, 0, 0);
	add_number(&holder, 'T', o->drain_timeout, 0, 0);
	add(&holder, o->rules_letter, o->rules);
}

CHAIN(fdholder_daemon, "s6-fdholder-daemon")
{
	/* messages of the links appear under the family of names that the caller used */
	int s6 = !strncmp(applet_name, "s6-", 3), n = 0;
	struct command *commands[] = { &binder, &dropper, &holder };
	struct options o = { .verbosity = 1 };
	static char *line[3 * MOST_WORDS];

	word(&binder, s6 ? "s6-ipcserver-socketbinder" : "ipcsocketbinder");
	word(&dropper, s6 ? "s6-applyuidgid" : "ipcapplyuidgid");
	word(&holder, s6 ? "s6-fdholderd" : "ipcfdholderd");
	parse(argc, argv, &o);
	if (!o.rules)
		usage("no access rights specified!");
	argv = operands(argc, argv, 1);
	if (o.other && !strcmp(o.other, argv[0]))
		usage("%s is the new socket, too; ipcfdholderd -r takes over the old one", o.other);
	build(&o, argv[0]);
	if (dropper.count == 1)
		dropper.count = 0;
	else
		word(&dropper, "--");
	for (int c = 0; c < 3; c++)
		for (int i = 0; i < commands[c]->count; i++)
			line[n++] = commands[c]->words[i];
	return line;
}
