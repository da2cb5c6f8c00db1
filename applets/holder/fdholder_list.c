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

enum {
	WIDTH = 5 * IPC_HOLDER_NAME_MAX + 8,	/* a byte takes at most "\0x01" */
	SPAN = 32
};

static const char *quote(const char *name, char *to)
{
	char *end = to;

	for (*to = 0; *name; name++) {
		unsigned char byte = *name;
		const char *format = byte < ' ' || byte >= 127 ? "\\0x%02x" : "%c";

		if (byte == '\\' || (byte >= 7 && byte <= 13)) {
			format = "\\%c";
			byte = byte == '\\' ? byte : "abtnvfr"[byte - 7];
		}
		end += snprintf(end, 8, format, byte);
	}
	return to;
}

/* A duration in at most two units. */
static const char *span(long long seconds, char *to)
{
	static const char names[] = "dhms";
	static const int lengths[] = { 86400, 3600, 60, 1, 1 };
	unsigned long long left = seconds < 0 ? 0 : seconds;
	int i = 0;
	size_t n;

	while (i < 3 && left < (unsigned)lengths[i])
		i++;
	n = snprintf(to, SPAN, "%llu%c", left / lengths[i], names[i]);
	left = left % lengths[i] / lengths[i + 1];
	if (left)
		snprintf(to + n, SPAN - n, "%llu%c", left, names[i + 1]);
	return to;
}

static void row(const char *name, const char *type, const char *address, const char *uid,
		const char *age, const char *expires, const char *state)
{
	printf("%-20s %-22s %-28s %8s %9s %9s %s\n", name, type, address, uid, age, expires, state);
}

static void entry_row(const struct ipc_holder_entry *entry, long long now)
{
	char name[WIDTH], kind[WIDTH], address[WIDTH], uid[16], age[SPAN], left[SPAN];

	snprintf(uid, sizeof uid, "%u", entry->owner.uid);
	row(quote(entry->name, name), quote(entry->kind, kind),
	    *entry->address ? quote(entry->address, address) : "-", uid,
	    span(now - ipc_instant_seconds(&entry->stored), age),
	    ipc_instant_forever(&entry->limit) ? "never"
	    : span(ipc_instant_seconds(&entry->limit) - now, left),
	    entry->flags & IPC_HOLDER_HANGUP ? "hangup" : "-");
}

static void object(const struct ipc_holder_entry *entry, long long now)
{
	char left[24] = "null";

	if (!ipc_instant_forever(&entry->limit))
		snprintf(left, sizeof left, "%lld", ipc_instant_seconds(&entry->limit) - now);
	print_json("{\"name\":", entry->name);
	print_json(",\"type\":", entry->kind);
	print_json(",\"address\":", entry->address);
	printf(",\"uid\":%u,\"gid\":%u,\"pid\":%u,\"age\":%lld,"
	       "\"expires\":%s,\"watched\":%s,\"hangup\":%s}", entry->owner.uid, entry->owner.gid,
	       (unsigned)entry->owner.pid, now - ipc_instant_seconds(&entry->stored), left,
	       entry->flags & IPC_HOLDER_WATCHED ? "true" : "false",
	       entry->flags & IPC_HOLDER_HANGUP ? "true" : "false");
}

static void list_names(struct call *call)
{
	char name[WIDTH];

	call_ask(call, IPC_HOLDER_LIST, NULL, -1, NULL);
	for (unsigned i = 0; i < call->reply.count; i++) {
		puts(quote(call->reply.entries[i].name, name));
	}
}

static void list_long(struct call *call, int json)
{
	struct ipc_instant instant = ipc_instant_in(0);
	long long now = ipc_instant_seconds(&instant);
	unsigned done = 0;

	call_ask(call, IPC_HOLDER_LONG_LIST, NULL, -1, NULL);
	if (json)
		putchar('[');
	else
		row("NAME", "TYPE", "ADDRESS", "UID", "AGE", "EXPIRES", "STATE");
	while (call->reply.more) {
		call_wait(call);
		for (unsigned i = 0; i < call->reply.count; i++, done++) {
			if (json)
				fputs(done ? ",\n" : "\n", stdout);
			(json ? object : entry_row)(&call->reply.entries[i], now);
		}
	}
	if (json)
		fputs("\n]\n", stdout);
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
	flush_output();
	return 0;
}
