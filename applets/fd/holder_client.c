/* SPDX-License-Identifier: ISC */
/* what the small clients of a holder share */
#include "holder_client.h"

unsigned timeout_option(int argc, char **argv)
{
	unsigned timeout = 0;

	while (option(argc, argv, "t:", NULL) != -1)
		timeout = number("-t", optarg, INT_MAX);
	return timeout;
}

void call_open(struct call *call, const char *path, const char *who, unsigned timeout)
{
	struct ipc_connect how = { .timeout = timeout };

	call->end = timeout ? now_ms() + timeout : 0;
	call->fd = ipc_connect(path, &how);
	call->holder = call->fd < 0 ? NULL : ipc_holder_open(call->fd);
	if (!call->holder)
		die(EXIT_TEMPORARY, "unable to connect to %s at %s:", who, path);
}

void call_fail(const struct call *call, int error)
{
	errno = error;
	if (call->id)
		die(EXIT_DENIED, "unable to %s for id %s:", call->deed, call->id);
	die(EXIT_DENIED, "unable to %s:", call->deed);
}

void call_wait(struct call *call)
{
	long long left = -1;

	if (call->end) {
		left = call->end - now_ms();
		if (left < 0)
			left = 0;
	}
	if (ipc_holder_wait(call->holder, &call->reply, left))
		call_fail(call, errno);
	if (call->reply.error && call->reply.request != IPC_HOLDER_DATA)
		call_fail(call, call->reply.error);
}

void call_ask(struct call *call, enum ipc_holder_request request, const char *name, int fd,
	      const struct ipc_instant *limit)
{
	/* an empty name is the holder's to refuse, and all it can do is to hang up */
	if (ipc_holder_ask(call->holder, request, name, fd, limit))
		call_fail(call, name && !*name ? EPIPE : errno);
	call_wait(call);
}

void call_load(struct call *call, const struct ipc_holder_entry *entries, unsigned count)
{
	if (ipc_holder_announce(call->holder, count))
		call_fail(call, errno);
	call_wait(call);
	while (count) {
		unsigned some = count < IPC_FDS_MAX ? count : IPC_FDS_MAX;
		int expected = count > some ? EAGAIN : 0;

		if (ipc_holder_load(call->holder, entries, some))
			call_fail(call, errno);
		call_wait(call);
		if (call->reply.error != expected)
			call_fail(call, call->reply.error ? call->reply.error : EPROTO);
		entries += some;
		count -= some;
	}
}

unsigned call_collect(struct call *call, struct ipc_holder_entry **entries)
{
	unsigned count = 0, total = call->reply.total;

	*entries = calloc(total + 1, sizeof **entries);
	if (!*entries)
		call_fail(call, errno);
	while (call->reply.more) {
		call_wait(call);
		for (unsigned i = 0; i < call->reply.count; i++, count++) {
			struct ipc_holder_entry *entry = &call->reply.entries[i];

			(*entries)[count] = *entry;
			(*entries)[count].name = strdup(entry->name);
			if (!(*entries)[count].name)
				call_fail(call, errno);
			entry->fd = -1;
		}
	}
	return count;
}

void call_close(struct call *call)
{
	ipc_holder_close(call->holder);
	close(call->fd);
}
