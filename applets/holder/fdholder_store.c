/* fdholder-store: give an open descriptor to a holder
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_STORE
	bool "ipcfdholder-store"
	default y
	help
	  usage: ipcfdholder-store [-r] [-d FD] [-t MS] [-T MS] SOCKET ID

	  Have the holder at SOCKET keep our descriptor under the name ID, of 1 to 255 bytes.

	  -r     in place of what is held under that name, if anything is; needs a holder of ours
	  -d FD  this descriptor; default 0
	  -t MS  fail if it takes longer; default 0, no limit
	  -T MS  the holder closes and forgets it after so long; default 0, never

	  Exit status:
	  0    the holder has it
	  1    the holder refuses, or does not answer
	  100  wrong usage
	  111  no holder at SOCKET
*/
#include "holder_client.h"

TOOL(fdholder_store, "s6-fdholder-store")
{
	static const struct setting table[] = {
		{ 'r', SET_FLAG, offsetof(struct call, replace) },
		{ 'd', SET_INT, offsetof(struct call, given) },
		{ 't', SET_INT, offsetof(struct call, timeout) },
		{ 'T', SET_NUMBER, offsetof(struct call, lifetime) },
		{ 0 }
	};
	struct call call = { .deed = "store fd" };
	struct ipc_instant limit;

	argv = call_options(&call, argc, argv, table, SOCKET_AND_ID);
	call_check(&call, call.given);
	call_open(&call, argv[0], "");
	limit = ipc_instant_in(call.lifetime ? (long long)call.lifetime : -1);
	call_ask(&call, call.replace ? IPC_HOLDER_REPLACE : IPC_HOLDER_STORE, argv[1], call.given,
		 &limit);
	return 0;
}
