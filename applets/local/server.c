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

#include "applet.h"

enum { MOST_WORDS = 48, MOST_GIDS = 65536 };

/* The three commands, built side by side and joined at the end. Each word is a copy: what an
 * option says may be normalised. */
struct command {
	char *words[MOST_WORDS];
	int count;
};

static void word(struct command *command, const char *text)
{
	char *copy = strdup(text);

	if (!copy || command->count == MOST_WORDS)
		die(EXIT_TEMPORARY, "unable to build the command:");
	command->words[command->count++] = copy;
}

static void with_text(struct command *command, const char *letter, const char *value)
{
	word(command, letter);
	word(command, value);
}

static void with_number(struct command *command, const char *letter, unsigned value)
{
	char text[16];

	ipc_format(text, sizeof text, "%u", value);
	with_text(command, letter, text);
}

struct options {
	int verbosity, exclusive, takeover, seqpacket, no_lookup, hand_on, newline;
	int ids_from_environment;
	unsigned max, user_max, backlog, uid, gid, workers;
	const char *perms, *owner, *groups, *ready, *deadline, *drain;
};

static unsigned at_least_one(const char *what, const char *text)
{
	unsigned value = number(what, text, UINT_MAX);

	return value ? value : 1;
}

/* Groups as numbers with commas, so that a mistake shows here. */
static const char *group_list(const char *text)
{
	size_t size = strlen(text) + 1, length = 0;
	gid_t *groups = malloc(size * sizeof *groups);
	char *list = malloc(size * 2);
	int count;

	if (!groups || !list)
		die(EXIT_TEMPORARY, "unable to read -G:");
	count = ipc_groups_parse(text, groups, size < MOST_GIDS ? size : MOST_GIDS);
	if (count < 0)
		usage("-G is not a list of groups: %s", text);
	*list = 0;
	for (int i = 0; i < count; i++)
		length += ipc_format(list + length, size * 2 - length, i ? ",%u" : "%u", groups[i]);
	free(groups);
	return list;
}

static void parse(int argc, char **argv, struct options *o)
{
	int letter;

	while ((letter = option(argc, argv, "qQvdDfSPpi1n:c:C:b:a:o:u:g:G:Ut:k:w:", NULL)) != -1) {
		switch (letter) {
		case 'q': o->verbosity = 0; break;
		case 'Q': o->verbosity = 1; break;
		case 'v': o->verbosity = 2; break;
		case 'd': o->exclusive = 0; break;
		case 'D': o->exclusive = 1; break;
		case 'f': o->takeover = 1; break;
		case 'S': o->seqpacket = 1; break;
		case 'P': o->no_lookup = 1; break;
		case 'p': o->no_lookup = 0; break;
		case 'i': o->hand_on = 1; break;
		case '1': o->newline = 1; break;
		case 'n': o->ready = optarg; number("-n", optarg, INT_MAX); break;
		case 'c': o->max = at_least_one("-c", optarg); break;
		case 'C': o->user_max = at_least_one("-C", optarg); break;
		case 'b': o->backlog = at_least_one("-b", optarg); break;
		case 'a': o->perms = optarg; octal("-a", optarg); break;
		case 'o': o->owner = optarg; break;
		case 'u': o->uid = user_number("-u", optarg); break;
		case 'g': o->gid = group_number("-g", optarg); break;
		case 'G': o->groups = group_list(optarg); break;
		case 'U':
			o->ids_from_environment = 1;
			o->uid = o->gid = 0;
			o->groups = NULL;
			break;
		case 't': o->deadline = optarg; number("-t", optarg, INT_MAX / 1000); break;
		case 'k': o->drain = optarg; number("-k", optarg, INT_MAX / 1000); break;
		case 'w': o->workers = number("-w", optarg, UINT_MAX); break;
		}
	}
}

static void binder(struct command *command, const struct options *o, const char *path)
{
	if (o->exclusive)
		word(command, "-D");
	if (o->takeover)
		word(command, "-f");
	if (o->seqpacket)
		word(command, "-S");
	if (o->backlog)
		with_number(command, "-b", o->backlog);
	if (o->perms)
		with_text(command, "-a", o->perms);
	if (o->owner)
		with_text(command, "-o", o->owner);
	word(command, "--");
	word(command, path);
}

static void dropper(struct command *command, const struct options *o)
{
	if (o->ids_from_environment)
		word(command, "-Uz");
	if (o->uid)
		with_number(command, "-u", o->uid);
	if (o->gid)
		with_number(command, "-g", o->gid);
	if (o->groups)
		with_text(command, "-G", o->groups);
	word(command, "--");
}

static void acceptor(struct command *command, const struct options *o)
{
	if (o->verbosity != 1)
		word(command, o->verbosity ? "-v2" : "-v0");
	if (o->newline)
		word(command, "-1");
	if (o->ready)
		with_text(command, "-n", o->ready);
	if (o->no_lookup)
		word(command, "-P");
	if (o->hand_on)
		word(command, "-i");
	if (o->max)
		with_number(command, "-c", o->max);
	if (o->user_max)
		with_number(command, "-C", o->user_max);
	if (o->deadline)
		with_text(command, "-t", o->deadline);
	if (o->drain)
		with_text(command, "-g", o->drain);
	if (o->workers)
		with_number(command, "-w", o->workers);
	word(command, "--");
}

CHAIN(server, "s6-ipcserver")
{
	/* messages of the links appear under the family of names that the caller used */
	int s6 = !strncmp(applet_name, "s6-", 3), rest = 0;
	struct options o = { .verbosity = 1 };
	struct command line = { 0 };
	char **next;

	parse(argc, argv, &o);
	argv = operands(argc, argv, 2);
	word(&line, s6 ? "s6-ipcserver-socketbinder" : "ipcsocketbinder");
	binder(&line, &o, argv[0]);
	if (o.ids_from_environment || o.uid || o.gid || o.groups) {
		word(&line, s6 ? "s6-applyuidgid" : "ipcapplyuidgid");
		dropper(&line, &o);
	}
	word(&line, s6 ? "s6-ipcserverd" : "ipcserverd");
	acceptor(&line, &o);
	while (argv[1 + rest])
		rest++;
	next = malloc((line.count + rest + 1) * sizeof *next);
	if (!next)
		die(EXIT_TEMPORARY, "unable to build the command:");
	memcpy(next, line.words, line.count * sizeof *next);
	memcpy(next + line.count, argv + 1, (rest + 1) * sizeof *next);
	return next;
}
