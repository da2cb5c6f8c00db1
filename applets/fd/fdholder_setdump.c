/* fdholder-setdump: give all descriptors that the environment names to a holder
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_SETDUMP
	bool "ipcfdholder-setdump"
	default y
	help
	  usage: ipcfdholder-setdump [-t MS] SOCKET

	  Have the holder at SOCKET keep what ipcfdholder-getdump has put into our environment.
	  Names that it has already are replaced. It keeps all of it or nothing.

	  -t MS  fail if it takes longer; default 0, no limit

	  Environment:
	  S6_FD#        how many descriptors, from 0 on
	  S6_FD_N       the number of descriptor N
	  S6_FDID_N     its name
	  S6_FDLIMIT_N  when it expires, @ and 24 digits of TAI64N; unset: never

	  Exit status:
	  0    done
	  1    the holder refuses, or does not answer
	  100  wrong usage, or no such environment
	  111  no holder at SOCKET
*/
#include "holder_client.h"

static const char *numbered(char *name, size_t size, const char *what, unsigned i)
{
	ipc_format(name, size, "S6_FD%s_%u", what, i);
	return getenv(name);
}

static void read_entry(struct ipc_holder_entry *entry, unsigned i)
{
	char name[32];
	const char *text = numbered(name, sizeof name, "", i);
	unsigned fd;

	if (!text)
		die(EXIT_USAGE, "%s not set", name);
	if (ipc_number(text, 10, INT_MAX, &fd))
		die(EXIT_USAGE, "invalid $%s", name);
	entry->fd = fd;
	entry->name = numbered(name, sizeof name, "ID", i);
	if (!entry->name)
		die(EXIT_USAGE, "%s not set", name);
	if (!*entry->name || strlen(entry->name) > IPC_HOLDER_NAME_MAX)
		die(EXIT_USAGE, "invalid $%s", name);
	text = numbered(name, sizeof name, "LIMIT", i);
	if (!text)
		entry->limit = ipc_instant_in(-1);
	else if (ipc_instant_parse(text, &entry->limit))
		die(EXIT_USAGE, "invalid $%s", name);
}

TOOL(fdholder_setdump, "s6-fdholder-setdump")
{
	unsigned timeout = timeout_option(argc, argv), count;
	struct call call = { .deed = "set dump" };
	struct ipc_holder_entry *entries;

	argv = operands(argc, argv, 1);
	/* each takes two variables, and the kernel's limit to an environment is far below */
	if (ipc_number(variable("S6_FD#"), 10, INT_MAX / (int)sizeof *entries, &count))
		die(EXIT_USAGE, "invalid $S6_FD#");
	entries = calloc(count + 1, sizeof *entries);
	if (!entries)
		die(EXIT_TEMPORARY, "unable to read the environment:");
	for (unsigned i = 0; i < count; i++)
		read_entry(&entries[i], i);
	call_open(&call, argv[0], "a fd-holder daemon", timeout);
	if (count)
		call_load(&call, entries, count);
	return 0;
}
