/* fdholder-delete: have a holder close a descriptor
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_DELETE
	bool "ipcfdholder-delete"
	default y
	help
	  usage: ipcfdholder-delete [-t MS] SOCKET ID

	  Have the holder at SOCKET close the descriptor ID, and forget it.

	  -t MS  fail if it takes longer; default 0, no limit

	  Exit status:
	  0    done
	  1    the holder refuses, has no ID, or does not answer
	  100  wrong usage
	  111  no holder at SOCKET
*/
#include "holder_client.h"

TOOL(fdholder_delete, "s6-fdholder-delete")
{
	struct call call = { .deed = "delete fd" };

	argv = call_begin(&call, argc, argv, NULL, SOCKET_AND_ID);
	call.id = argv[1];
	call_ask(&call, IPC_HOLDER_DELETE, call.id, -1, NULL);
	return 0;
}
