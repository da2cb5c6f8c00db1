/* fdholder-store: give an open descriptor to a holder
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_STORE
	bool "ipcfdholder-store"
	default y
	help
	  usage: ipcfdholder-store [-d FD] [-t MS] [-T MS] SOCKET ID

	  Have the holder at SOCKET keep our descriptor under the name ID, of 1 to 255 bytes.

	  -d FD  this descriptor; default 0
	  -t MS  fail if it takes longer; default 0, no limit
	  -T MS  the holder closes and forgets it after so long; default 0, never

	  Exit status:
	  0    the holder has it
	  1    the holder refuses, or does not answer
	  100  wrong usage
	  111  no holder at SOCKET
*/
#include <limits.h>

#include "holder_client.h"

TOOL(fdholder_store, "s6-fdholder-store")
{
	struct call call = { .deed = "store fd" };
	struct ipc_instant limit;
	unsigned fd = 0, timeout = 0, lifetime = 0;
	int letter;

	while ((letter = option(argc, argv, "d:t:T:", NULL)) != -1) {
		switch (letter) {
		case 'd': fd = number("-d", optarg, INT_MAX); break;
		case 't': timeout = number("-t", optarg, INT_MAX); break;
		case 'T': lifetime = number("-T", optarg, UINT_MAX); break;
		}
	}
	if (argc - optind < 2)
		usage("too few arguments");
	argv += optind;
	call_open(&call, argv[0], "a fd-holder daemon", timeout);
	limit = ipc_instant_in(lifetime ? (long long)lifetime : -1);
	call_ask(&call, IPC_HOLDER_STORE, argv[1], fd, &limit);
	return 0;
}
