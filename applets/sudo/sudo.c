/* sudo: run a command with the rights of a server
 *
 * SPDX-License-Identifier: ISC

config SUDO
	bool "ipcsudo"
	default y
	depends on CLIENT && SUDOC
	help
	  usage: ipcsudo [-q|-Q|-v] [-p BIND] [-l LOCAL] [-e] [-P] [-t MS] [-T MS] PATH [ARGS...]

	  Have the server at PATH run its command with ARGS and our standard input, output and
	  error, and exit as the command does: ipcclient and then ipcsudoc.

	  -q         quiet: errors only
	  -Q         normal messages
	  -v         verbose: say when the connection is made
	  -p BIND    bind our end of the connection to BIND
	  -l LOCAL   say that our end is LOCAL
	  -e         send no environment
	  -P         give the command a terminal of its own
	  -t MS      wait at most MS milliseconds for the command to start
	  -T MS      wait at most MS milliseconds for it to end

	  Exit status:
	  N      that of the command
	  128+N  the command was ended by signal N
	  111    there is no server, it refused us, or it failed
*/
#include "applet.h"

struct settings {
	int verbosity, bare, pty;
	const char *bind, *local, *start, *end;
};

static const char **add(const char **to, const char *option, const char *value)
{
	if (value) {
		*to++ = option;
		*to++ = value;
	}
	return to;
}

/* The chain in its own words: those of the family whose name we were called by. */
static char **rewrite(const struct settings *set, int argc, char **argv)
{
	int s6 = !strncmp(applet_name, "s6-", 3);
	const char **line = malloc((argc + 24) * sizeof *line), **to = line;

	if (!line)
		die(EXIT_TEMPORARY, "unable to make the command line:");
	*to++ = s6 ? "s6-ipcclient" : "ipcclient";
	if (set->verbosity != 1)
		*to++ = set->verbosity ? "-v" : "-q";
	to = add(to, "-t", set->start);
	to = add(to, "-p", set->bind);
	to = add(to, "-l", set->local);
	to = add(to, "--", argv[0]);
	*to++ = s6 ? "s6-sudoc" : "ipcsudoc";
	if (set->bare)
		*to++ = "-e";
	if (set->pty)
		*to++ = "-p";
	to = add(to, "-t", set->start);
	to = add(to, "-T", set->end);
	*to++ = "--";
	memcpy(to, argv + 1, argc * sizeof *line);
	return (char **)line;
}

CHAIN(sudo, "s6-sudo")
{
	static const struct option longs[] = { { "pty", no_argument, NULL, 'P' }, { 0 } };
	struct settings set = { .verbosity = 1 };
	int letter;

	while ((letter = option(argc, argv, "qQvp:l:ePt:T:", longs)) != -1) {
		switch (letter) {
		case 'q': set.verbosity -= set.verbosity > 0; break;
		case 'Q': set.verbosity = 1; break;
		case 'v': set.verbosity++; break;
		case 'p': set.bind = optarg; break;
		case 'l': set.local = optarg; break;
		case 'e': set.bare = 1; break;
		case 'P': set.pty = 1; break;
		case 't': set.start = number_option("-t") ? optarg : NULL; break;
		case 'T': number_option("-T"); set.end = optarg; break;
		}
	}
	argv = operands(argc, argv, 1);
	return rewrite(&set, argc - optind, argv);
}
