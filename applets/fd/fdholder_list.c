/* fdholder-list: say what a holder has
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_LIST
	bool "ipcfdholder-list"
	default y
	help
	  usage: ipcfdholder-list [-l|-j] [-t MS] SOCKET

	  Print the names of the descriptors that the holder at SOCKET has, a line each. Bytes that
	  are not printable ASCII appear as \a to \r or \0xHH, a backslash as two.

	  -l     a table: name, type and address of what it is, the user who stored it, how long
	         ago, how long until it expires, "hangup" if its other end is gone
	  -j     the same as JSON; times in seconds, bytes above 127 as \u00HH
	  -t MS  fail if it takes longer; default 0, no limit

	  -l and -j need ipcfdholderd at the other end.

	  Exit status:
	  0    done
	  1    the holder refuses, or does not answer
	  100  wrong usage
	  111  no holder at SOCKET
*/
#include "holder_client.h"

enum { WIDTH = 4 * IPC_HOLDER_NAME_MAX + 8 };

static const char *quote(const char *name, char *to, size_t size)
{
	size_t n = 0;

	for (; *name; name++) {
		unsigned char byte = *name;

		if (byte >= 7 && byte <= 13)
			n += ipc_format(to + n, size - n, "\\%c", "abtnvfr"[byte - 7]);
		else if (byte == '\\')
			n += ipc_format(to + n, size - n, "\\\\");
		else if (byte < ' ' || byte >= 127)
			n += ipc_format(to + n, size - n, "\\0x%02x", byte);
		else
			n += ipc_format(to + n, size - n, "%c", byte);
	}
	to[n] = 0;
	return to;
}

/* A duration in at most two units. */
static const char *span(long long seconds, char *to, size_t size)
{
	static const struct {
		char name;
		int seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	size_t n = 0, i = 0;

	if (seconds < 0)
		seconds = 0;
	while (i < 3 && seconds < units[i].seconds)
		i++;
	n = ipc_format(to, size, "%lld%c", seconds / units[i].seconds, units[i].name);
	seconds %= units[i].seconds;
	if (i < 3 && seconds / units[i + 1].seconds)
		ipc_format(to + n, size - n, "%lld%c", seconds / units[i + 1].seconds,
			   units[i + 1].name);
	return to;
}

static void row(const struct ipc_holder_entry *entry, long long now)
{
	char name[WIDTH], address[WIDTH], age[32], left[32], line[2 * WIDTH + 160];

	ipc_format(line, sizeof line, "%-20s %-22s %-28s %8u %9s %9s %s\n",
		   quote(entry->name, name, sizeof name), entry->kind,
		   *entry->address ? quote(entry->address, address, sizeof address) : "-",
		   entry->owner.uid,
		   span(now - ipc_instant_seconds(&entry->stored), age, sizeof age),
		   ipc_instant_forever(&entry->limit) ? "never"
		   : span(ipc_instant_seconds(&entry->limit) - now, left, sizeof left),
		   entry->flags & IPC_HOLDER_HANGUP ? "hangup" : "-");
	print(line);
}

static void json_string(const char *key, const char *text)
{
	char piece[8];

	print("\"");
	print(key);
	print("\":\"");
	for (; *text; text++) {
		unsigned char byte = *text;

		if (byte < ' ' || byte >= 127 || byte == '"' || byte == '\\')
			ipc_format(piece, sizeof piece, "\\u00%02x", byte);
		else
			ipc_format(piece, sizeof piece, "%c", byte);
		print(piece);
	}
	print("\",");
}

static void object(const struct ipc_holder_entry *entry, long long now)
{
	char line[200], left[24] = "null";

	if (!ipc_instant_forever(&entry->limit))
		ipc_format(left, sizeof left, "%lld", ipc_instant_seconds(&entry->limit) - now);
	print("{");
	json_string("name", entry->name);
	json_string("type", entry->kind);
	json_string("address", entry->address);
	ipc_format(line, sizeof line, "\"uid\":%u,\"gid\":%u,\"pid\":%u,\"age\":%lld,"
		   "\"expires\":%s,\"watched\":%s,\"hangup\":%s}", entry->owner.uid,
		   entry->owner.gid, (unsigned)entry->owner.pid,
		   now - ipc_instant_seconds(&entry->stored), left,
		   entry->flags & IPC_HOLDER_WATCHED ? "true" : "false",
		   entry->flags & IPC_HOLDER_HANGUP ? "true" : "false");
	print(line);
}

static void list_names(struct call *call)
{
	char name[WIDTH];

	call_ask(call, IPC_HOLDER_LIST, NULL, -1, NULL);
	for (unsigned i = 0; i < call->reply.count; i++) {
		print(quote(call->reply.entries[i].name, name, sizeof name));
		print("\n");
	}
}

static void list_long(struct call *call, int json)
{
	struct ipc_instant instant = ipc_instant_in(0);
	long long now = ipc_instant_seconds(&instant);
	unsigned done = 0;
	char head[160];

	call_ask(call, IPC_HOLDER_LONG_LIST, NULL, -1, NULL);
	ipc_format(head, sizeof head, "%-20s %-22s %-28s %8s %9s %9s %s\n", "NAME", "TYPE",
		   "ADDRESS", "UID", "AGE", "EXPIRES", "STATE");
	print(json ? "[" : head);
	while (call->reply.more) {
		call_wait(call);
		for (unsigned i = 0; i < call->reply.count; i++, done++) {
			if (json)
				print(done ? ",\n" : "\n");
			(json ? object : row)(&call->reply.entries[i], now);
		}
	}
	if (json)
		print("\n]\n");
}

TOOL(fdholder_list, "s6-fdholder-list")
{
	static const struct setting table[] = {
		{ 'l', SET_FLAG, offsetof(struct call, form) },
		{ 'j', SET_FLAG, offsetof(struct call, form) },
		{ 't', SET_INT, offsetof(struct call, timeout) },
		{ 0 }
	};
	struct call call = { .deed = "get fd list" };

	call_begin(&call, argc, argv, table, 1);
	if (call.form)
		list_long(&call, call.form == 'j');
	else
		list_names(&call);
	print_end();
	return 0;
}
