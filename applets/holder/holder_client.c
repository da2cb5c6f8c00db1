/* SPDX-License-Identifier: ISC */
/* what the small clients of a holder share */
#include <fcntl.h>

#include "holder_client.h"

char **call_options(struct call *call, int argc, char **argv, const struct setting *table,
		    int count)
{
	static const struct setting timeout[] = {
		{ 't', SET_INT, offsetof(struct call, timeout) }, { 0 }
	};

	set_options(argc, argv, table ? table : timeout, call);
	argv = operands(argc, argv, count ? count : 1);
	if (count == SOCKET_AND_ID && !argv[1])
		usage("too few arguments");
	return argv;
}

void call_open(struct call *call, const char *path, const char *which)
{
	struct ipc_connect how = { .timeout = call->timeout };

	call->end = call->timeout ? now_ms() + call->timeout : 0;
	call->fd = ipc_connect(path, &how);
	call->holder = call->fd < 0 ? NULL : ipc_holder_open(call->fd);
	if (!call->holder)
		die(EXIT_TEMPORARY, "unable to connect to a %sfd-holder daemon at %s:", which, path);
}

void call_check(const struct call *call, int fd)
{
	if (fcntl(fd, F_GETFD) < 0)
		call_fail(call, errno);
}

char **call_begin(struct call *call, int argc, char **argv, const struct setting *table, int count)
{
	argv = call_options(call, argc, argv, table, count);
	call_open(call, argv[0], "");
	return argv;
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
	int failed = ipc_holder_announce(call->holder, count);

	for (;;) {
		unsigned some = count < IPC_FDS_MAX ? count : IPC_FDS_MAX;

		if (failed)
			call_fail(call, errno);
		call_wait(call);
		if (call->reply.error != (call->reply.request == IPC_HOLDER_DATA && count ? EAGAIN : 0))
			call_fail(call, call->reply.error ? call->reply.error : EPROTO);
		if (!count)
			return;
		failed = ipc_holder_load(call->holder, entries, some);
		entries += some;
		count -= some;
	}
}

unsigned call_collect(struct call *call, enum ipc_holder_request request, const char *name,
		      struct ipc_holder_entry **entries)
{
	struct ipc_holder_entry *to;

	call_ask(call, request, name, -1, NULL);
	*entries = to = calloc(call->reply.total + 1, sizeof *to);
	if (!to)
		call_fail(call, errno);
	while (call->reply.more) {
		call_wait(call);
		for (unsigned i = 0; i < call->reply.count; i++, to++) {
			*to = call->reply.entries[i];
			to->name = strdup(to->name);
			if (!to->name)
				call_fail(call, errno);
			call->reply.entries[i].fd = -1;
		}
	}
	return to - *entries;
}

void call_close(struct call *call)
{
	ipc_holder_close(call->holder);
	close(call->fd);
}
