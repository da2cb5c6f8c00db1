/* SPDX-License-Identifier: ISC */
/* a main channel for requests and answers, a side channel for notifications */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "internal.h"

struct ipc_channel {
	struct ipc_channel_how how;
	struct ipc_messages *main;
	struct ipc_messages *side;	/* NULL before the other end has introduced itself */
	int side_fd;
	unsigned owed;			/* answers to questions of ours that have not come */
};

struct ipc_channel *ipc_channel_open(int fd, const struct ipc_channel_how *how)
{
	struct ipc_channel *c = malloc(sizeof *c);
	struct ipc_messages_how messages = how->messages;

	if (!c)
		return NULL;
	*c = (struct ipc_channel){ .how = *how, .side_fd = -1 };
	if (!how->server && !messages.max_fds)
		messages.max_fds = 1;	/* the side channel */
	c->main = ipc_messages_open(fd, &messages);
	if (!c->main || (!how->server &&
	    ipc_message_send(c->main, how->before, strlen(how->before), NULL, 0))) {
		int error = errno;

		ipc_channel_close(c);
		errno = error;
		return NULL;
	}
	return c;
}

void ipc_channel_close(struct ipc_channel *c)
{
	if (!c)
		return;
	ipc_messages_close(c->main);
	ipc_messages_close(c->side);
	ipc_fail(c->side_fd);
	free(c);
}

struct ipc_messages *ipc_channel_main(const struct ipc_channel *c)
{
	return c->main;
}

struct ipc_messages *ipc_channel_side(const struct ipc_channel *c)
{
	return c->side;
}

static int open_side(struct ipc_channel *c, int fd)
{
	c->side_fd = fd;
	c->side = ipc_messages_open(fd, &c->how.messages);
	return c->side ? 0 : -1;
}

/* The client has said its line: answer ours, with one end of a new pair. */
static int welcome(struct ipc_channel *c)
{
	int ends[2], failed;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends))
		return -1;
	failed = ipc_message_send(c->main, c->how.after, strlen(c->how.after), &ends[1], 1);
	ipc_fail(ends[1]);
	return failed ? ipc_fail(ends[0]) : open_side(c, ends[0]);
}

static int introduce(struct ipc_channel *c)
{
	const char *line = c->how.server ? c->how.before : c->how.after;
	struct ipc_message message;

	if (c->side || !ipc_message_receive(c->main, &message))
		return 0;
	if (message.length != strlen(line) || memcmp(message.data, line, message.length) ||
	    message.count != !c->how.server)
		return errno = EPROTO, -1;
	if (c->how.server)
		return welcome(c);
	if (open_side(c, message.fds[0]) == 0)
		message.fds[0] = -1;
	else
		c->side_fd = -1;
	return c->side ? 0 : (errno = EPROTO, -1);
}

int ipc_channel_dispatch(struct ipc_channel *c)
{
	if (ipc_messages_dispatch(c->main) || introduce(c))
		return -1;
	return c->side ? ipc_messages_dispatch(c->side) : 0;
}

int ipc_channel_wait(struct ipc_channel *c, int timeout)
{
	long long end = ipc_now() + timeout;

	while (!c->side) {
		if (timeout >= 0 && ipc_now() >= end)
			return errno = ETIMEDOUT, -1;
		poll(&(struct pollfd){ .fd = ipc_messages_fd(c->main),
				       .events = ipc_messages_events(c->main) }, 1,
		     timeout < 0 ? -1 : end - ipc_now());
		if (ipc_messages_dispatch(c->main) || introduce(c))
			return -1;
	}
	return 0;
}

int ipc_channel_ask(struct ipc_channel *c, const void *data, size_t length,
		    struct ipc_message *answer, int timeout)
{
	long long end = ipc_now() + timeout;

	if (!c->side)
		return errno = ENOTCONN, -1;
	if (ipc_message_send(c->main, data, length, NULL, 0))
		return -1;
	/* answers come in order: first those that we did not wait for */
	for (c->owed++; c->owed; c->owed--) {
		int left = timeout < 0 ? -1 : end - ipc_now();

		if (ipc_messages_wait(c->main, answer, timeout >= 0 && left < 0 ? 0 : left))
			return -1;
	}
	return 0;
}
