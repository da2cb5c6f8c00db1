/* fdholder-getdump: run a program that has all descriptors of a holder
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_GETDUMP
	bool "ipcfdholder-getdump"
	default y
	help
	  usage: ipcfdholder-getdump [-t MS] SOCKET PROG...

	  Get all descriptors of the holder at SOCKET, as they are at one moment, and run PROG
	  with them open. The holder keeps them, too.

	  -t MS  fail if it takes longer; default 0, no limit

	  Environment:
	  S6_FD#        set to how many there are, from 0 on
	  S6_FD_N       set to the number of descriptor N
	  S6_FDID_N     set to its name
	  S6_FDLIMIT_N  set to when it expires, @ and 24 digits of TAI64N; removed: never

	  Some shells drop a variable with # in its name.

	  Exit status:
	  1    the holder refuses, or does not answer
	  100  wrong usage
	  111  no holder at SOCKET
*/
#include "holder_client.h"

static void set(const char *what, unsigned i, const char *value)
{
	char name[32];

	snprintf(name, sizeof name, "S6_FD%s_%u", what, i);
	set_variable(name, value);
}

CHAIN(fdholder_getdump, "s6-fdholder-getdump")
{
	struct call call = { .deed = "get dump" };
	struct ipc_holder_entry *entry;
	char text[IPC_INSTANT_TEXT];
	unsigned count;

	argv = call_begin(&call, argc, argv, NULL, 2);
	count = call_collect(&call, IPC_HOLDER_GETDUMP, NULL, &entry);
	call_close(&call);
	set_number("S6_FD#", count);
	for (unsigned i = 0; i < count; i++, entry++) {
		copy_fd(entry->fd, entry->fd);
		snprintf(text, sizeof text, "%d", entry->fd);
		set("", i, text);
		set("ID", i, entry->name);
		set("LIMIT", i, ipc_instant_forever(&entry->limit)
				? NULL : ipc_instant_text(&entry->limit, text));
	}
	return argv + 1;
}
