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

TOOL(fdholder_transferdump, "s6-fdholder-transferdump")
{
	struct call source = { .deed = "get dump" }, destination = { .deed = "set dump" };
	struct ipc_holder_entry *entries;
	unsigned count;
	char *colon;

	while (option(argc, argv, "t:", NULL) != -1) {
		if (!*optarg)
			usage("-t needs a value");
		colon = strchrnul(optarg, ':');
		destination.timeout = *colon && colon[1] ? number("-t", colon + 1, INT_MAX) : 0;
		*colon = 0;
		source.timeout = *optarg ? number("-t", optarg, INT_MAX) : 0;
	}
	argv = operands(argc, argv, 2);
	call_open(&source, argv[0], "source ");
	count = call_collect(&source, IPC_HOLDER_GETDUMP, NULL, &entries);
	call_close(&source);
	call_open(&destination, argv[1], "destination ");
	call_load(&destination, entries, count);
	return 0;
}
