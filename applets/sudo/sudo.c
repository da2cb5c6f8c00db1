/* sudo: run a command with the rights of a server
 *
 * SPDX-License-Identifier: ISC

config SUDO
	bool "ipcsudo"
	default y
	select CLIENT
	select SUDOC
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
#include <limits.h>

#include "applet.h"

struct settings {
	int verbosity, bare, pty;
	const char *bind, *local, *start, *end;
};

/* The chain in its own words: those of the family whose name we were called by. */
static char **rewrite(const struct settings *set, int argc, char **argv)
{
	int s6 = !strncmp(applet_name, "s6-", 3), n = 0;
	const char **line = malloc((argc + 24) * sizeof *line);

	if (!line)
		die(EXIT_TEMPORARY, "unable to make the command line:");
	line[n++] = s6 ? "s6-ipcclient" : "ipcclient";
	if (set->verbosity != 1)
		line[n++] = set->verbosity ? "-v" : "-q";
	if (strcmp(set->start, "0")) {
		line[n++] = "-t";
		line[n++] = set->start;
	}
	if (set->bind) {
		line[n++] = "-p";
		line[n++] = set->bind;
	}
	if (set->local) {
		line[n++] = "-l";
		line[n++] = set->local;
	}
	line[n++] = "--";
	line[n++] = argv[0];
	line[n++] = s6 ? "s6-sudoc" : "ipcsudoc";
	if (set->bare)
		line[n++] = "-e";
	if (set->pty)
		line[n++] = "-p";
	line[n++] = "-t";
	line[n++] = set->start;
	line[n++] = "-T";
	line[n++] = set->end;
	line[n++] = "--";
	memcpy(line + n, argv + 1, argc * sizeof *line);
	return (char **)line;
}

CHAIN(sudo, "s6-sudo")
{
	struct settings set = { .verbosity = 1, .start = "0", .end = "0" };
	int letter;

	while ((letter = option(argc, argv, "qQvp:l:ePt:T:", "Ppty\0")) != -1) {
		switch (letter) {
		case 'q': set.verbosity -= set.verbosity > 0; break;
		case 'Q': set.verbosity = 1; break;
		case 'v': set.verbosity++; break;
		case 'p': set.bind = optarg; break;
		case 'l': set.local = optarg; break;
		case 'e': set.bare = 1; break;
		case 'P': set.pty = 1; break;
		case 't': number("-t", set.start = optarg, INT_MAX); break;
		case 'T': number("-T", set.end = optarg, INT_MAX); break;
		}
	}
	argv = operands(argc, argv, 1);
	return rewrite(&set, argc - optind, argv);
}
