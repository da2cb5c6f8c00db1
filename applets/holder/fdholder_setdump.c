/* fdholder-setdump: give all descriptors of the environment to a holder
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

enum { NAME = 32 };

static const char *numbered(char *name, const char *what, unsigned i)
{
	snprintf(name, NAME, "S6_FD%s_%u", what, i);
	return getenv(name);
}

static void read_entry(const struct call *call, struct ipc_holder_entry *entry, unsigned i)
{
	char name[NAME];
	const char *text;

	numbered(name, "", i);
	if (ipc_number(variable(name), 10, INT_MAX, (unsigned *)&entry->fd))
		goto invalid;
	numbered(name, "ID", i);
	entry->name = variable(name);
	if (!*entry->name || strlen(entry->name) > IPC_HOLDER_NAME_MAX)
		goto invalid;
	text = numbered(name, "LIMIT", i);
	entry->limit = ipc_instant_in(-1);
	if (text && ipc_instant_parse(text, &entry->limit))
		goto invalid;
	call_check(call, entry->fd);
	return;
invalid:
	die(EXIT_USAGE, "invalid $%s", name);
}

TOOL(fdholder_setdump, "s6-fdholder-setdump")
{
	struct call call = { .deed = "set dump" };
	struct ipc_holder_entry *entries;
	unsigned count;

	argv = call_options(&call, argc, argv, NULL, 1);
	/* each takes two variables, and the kernel's limit to an environment is far below */
	if (ipc_number(variable("S6_FD#"), 10, INT_MAX / (int)sizeof *entries, &count))
		die(EXIT_USAGE, "invalid $%s", "S6_FD#");
	entries = calloc(count + 1, sizeof *entries);
	if (!entries)
		die(EXIT_TEMPORARY, "unable to read the environment:");
	for (unsigned i = 0; i < count; i++)
		read_entry(&call, &entries[i], i);
	call_open(&call, argv[0], "");
	if (count)
		call_load(&call, entries, count);
	return 0;
}
