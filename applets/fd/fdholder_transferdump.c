/* fdholder-transferdump: copy all descriptors of one holder to another
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_TRANSFERDUMP
	bool "ipcfdholder-transferdump"
	default y
	help
	  usage: ipcfdholder-transferdump [-t [FROM][:[TO]]] SOURCE DESTINATION

	  Get all descriptors of the holder at SOURCE, as they are at one moment, and have the
	  holder at DESTINATION keep them, too. Names that it has already are replaced. It keeps
	  all of it or nothing.

	  -t [FROM][:[TO]]  fail if SOURCE takes longer than FROM milliseconds, or DESTINATION
	             longer than TO; 0, the default, is no limit

	  Exit status:
	  0    done
	  1    a holder refuses, or does not answer
	  100  wrong usage
	  111  no holder at SOURCE or DESTINATION
*/
#include "holder_client.h"

static void parse_timeouts(char *text, unsigned *from, unsigned *to)
{
	char *colon = strchr(text, ':');

	if (colon)
		*colon++ = 0;
	*from = *text ? number("-t", text, INT_MAX) : 0;
	*to = colon && *colon ? number("-t", colon, INT_MAX) : 0;
}

TOOL(fdholder_transferdump, "s6-fdholder-transferdump")
{
	struct call source = { .deed = "get dump" }, destination = { .deed = "set dump" };
	unsigned from = 0, to = 0, count;
	struct ipc_holder_entry *entries;

	while (option(argc, argv, "t:", NULL) != -1)
		parse_timeouts(optarg, &from, &to);
	argv = operands(argc, argv, 2);
	call_open(&source, argv[0], "a source fd-holder daemon", from);
	call_open(&destination, argv[1], "a destination fd-holder daemon", 0);
	call_ask(&source, IPC_HOLDER_GETDUMP, NULL, -1, NULL);
	count = call_collect(&source, &entries);
	call_close(&source);
	destination.end = to ? now_ms() + to : 0;
	call_load(&destination, entries, count);
	return 0;
}
