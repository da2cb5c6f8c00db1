/* SPDX-License-Identifier: ISC */
/* the client of a holder: requests go out without waiting, replies are told apart by their order */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "holder_wire.h"

enum {
	ASKED_MAX = 64,			/* requests without an answer */
	CHUNK = IPC_FDS_MAX
};

struct ipc_holder {
	struct ipc_messages *messages;
	enum ipc_holder_request asked[ASKED_MAX];	/* a ring */
	unsigned first, count;
	unsigned more;			/* messages still to come for the first */
	unsigned left;			/* entries still to come in them */
	struct ipc_holder_entry *entries;	/* of the last reply */
	unsigned room;
	unsigned given;			/* entries that the caller has */
};

struct ipc_holder *ipc_holder_open(int fd)
{
	struct ipc_messages_how how = { .max_fds = IPC_FDS_MAX };
	struct ipc_holder *holder = calloc(1, sizeof *holder);

	if (!holder)
		return NULL;
	holder->messages = ipc_messages_open(fd, &how);
	if (holder->messages)
		return holder;
	free(holder);
	return NULL;
}

/* Close what the caller did not keep of the last reply. */
static void close_given(struct ipc_holder *holder)
{
	while (holder->given)
		ipc_fail(holder->entries[--holder->given].fd);
}

void ipc_holder_close(struct ipc_holder *holder)
{
	if (!holder)
		return;
	close_given(holder);
	ipc_messages_close(holder->messages);
	free(holder->entries);
	free(holder);
}

int ipc_holder_fd(const struct ipc_holder *holder)
{
	return ipc_messages_fd(holder->messages);
}

short ipc_holder_events(const struct ipc_holder *holder)
{
	return ipc_messages_events(holder->messages);
}

int ipc_holder_dispatch(struct ipc_holder *holder)
{
	return ipc_messages_dispatch(holder->messages);
}

/* --- requests --------------------------------------------------------------------------- */

static int ask(struct ipc_holder *holder, enum ipc_holder_request request, const void *body,
	       size_t length, const int *fds, size_t count)
{
	if (holder->count == ASKED_MAX)
		return errno = ENOBUFS, -1;
	if (ipc_message_send(holder->messages, body, length, fds, count))
		return -1;
	holder->asked[(holder->first + holder->count++) % ASKED_MAX] = request;
	return 0;
}

int ipc_holder_ask(struct ipc_holder *holder, enum ipc_holder_request request, const char *name,
		   int fd, const struct ipc_instant *limit)
{
	unsigned char body[ENTRY_ROOM] = { request }, *to = body + 1;
	int stores = request == IPC_HOLDER_STORE || request == IPC_HOLDER_REPLACE;

	if (name && ipc_holder_check_name(name))
		return -1;
	if (stores)
		to = ipc_put_instant(to, limit);
	if (request == IPC_HOLDER_RETRIEVE)
		*to++ = 0;
	if (name)
		to = ipc_put_name(to, name);
	return ask(holder, request, body, to - body, &fd, stores);
}

int ipc_holder_announce(struct ipc_holder *holder, unsigned count)
{
	unsigned char body[5] = { IPC_HOLDER_SETDUMP };

	ipc_put_u32(body + 1, count);
	return ask(holder, IPC_HOLDER_SETDUMP, body, sizeof body, NULL, 0);
}

static int load_chunk(struct ipc_holder *holder, unsigned char *body,
		      const struct ipc_holder_entry *entries, unsigned count)
{
	unsigned char *to = body;
	int fds[CHUNK];

	*to++ = IPC_HOLDER_DATA;
	for (unsigned i = 0; i < count; i++) {
		if (ipc_holder_check_name(entries[i].name))
			return -1;
		to = ipc_put_entry(to, SHORT_ENTRY, &entries[i]);
		fds[i] = entries[i].fd;
	}
	return ask(holder, IPC_HOLDER_DATA, body, to - body, fds, count);
}

int ipc_holder_load(struct ipc_holder *holder, const struct ipc_holder_entry *entries,
		    unsigned count)
{
	unsigned char *body = malloc(1 + CHUNK * ENTRY_ROOM);
	int failed = !body;

	while (!failed && count) {
		unsigned n = count < CHUNK ? count : CHUNK;

		failed = load_chunk(holder, body, entries, n);
		entries += n;
		count -= n;
	}
	free(body);
	return failed ? -1 : 0;
}

/* --- replies ---------------------------------------------------------------------------- */

static int broken(void)
{
	return errno = EPROTO, -1;
}

static int make_room(struct ipc_holder *holder, unsigned count)
{
	struct ipc_holder_entry *entries;

	if (count <= holder->room)
		return 0;
	entries = realloc(holder->entries, count * sizeof *entries);
	if (!entries)
		return -1;
	holder->entries = entries;
	holder->room = count;
	return 0;
}

/* The names of a plain list. */
static int parse_names(struct ipc_holder *holder, struct ipc_cursor *body,
		       struct ipc_holder_reply *reply)
{
	const char *at = (const char *)body->at, *end = at + body->left;

	/* each takes two bytes at least */
	if (reply->total > body->left / 2 || (body->left && end[-1]))
		return broken();
	if (make_room(holder, reply->total))
		return -1;
	for (; at < end; at += strlen(at) + 1) {
		if (reply->count == reply->total || !*at)
			return broken();
		holder->entries[reply->count++] = (struct ipc_holder_entry){ .name = at, .fd = -1 };
	}
	return reply->count == reply->total ? 0 : broken();
}

/* The first message of a list or dump in parts: how much is to come. */
static int parse_head(struct ipc_holder *holder, struct ipc_cursor *body,
		      struct ipc_holder_reply *reply, const struct ipc_message *message)
{
	reply->more = ipc_get_u32(body);
	reply->total = ipc_get_u32(body);
	if (!ipc_get_end(body) || !reply->more != !reply->total || reply->more > reply->total)
		return broken();
	if (message->count && reply->request != IPC_HOLDER_TAKEOVER)
		return broken();
	if (make_room(holder, message->count))
		return -1;
	for (; reply->count < message->count; reply->count++)
		holder->entries[reply->count] = (struct ipc_holder_entry){ .fd = -1 };
	holder->more = reply->more;
	holder->left = reply->total;
	return 0;
}

static int parse_part(struct ipc_holder *holder, struct ipc_holder_reply *reply,
		      const struct ipc_message *message)
{
	struct ipc_cursor body = { (const unsigned char *)message->data, message->length, 0 };
	int is_long = reply->request == IPC_HOLDER_LONG_LIST ||
		      reply->request == IPC_HOLDER_TAKEOVER;
	unsigned count = 0, most = holder->left < CHUNK ? holder->left : CHUNK;

	if (make_room(holder, most))
		return -1;
	while (body.left && count < most) {
		ipc_get_entry(&body, is_long ? LONG_ENTRY : SHORT_ENTRY, &holder->entries[count]);
		if (body.bad)
			return broken();
		count++;
	}
	if (body.left || message->count != (reply->request == IPC_HOLDER_LONG_LIST ? 0 : count))
		return broken();
	holder->left -= count;
	reply->more = --holder->more;
	if (!holder->more && holder->left)
		return broken();
	reply->count = count;
	return 0;
}

/* The first message of a reply. */
static int parse_first(struct ipc_holder *holder, struct ipc_holder_reply *reply,
		       const struct ipc_message *message)
{
	struct ipc_cursor body = { (const unsigned char *)message->data, message->length, 0 };

	reply->error = ipc_get_byte(&body);
	if (body.bad)
		return broken();
	if (reply->error)
		return body.left || message->count ? broken() : 0;
	switch (reply->request) {
	case IPC_HOLDER_RETRIEVE:
		if (body.left || message->count != 1)
			return broken();
		if (make_room(holder, 1))
			return -1;
		holder->entries[0] = (struct ipc_holder_entry){ .fd = -1 };
		reply->count = 1;
		return 0;
	case IPC_HOLDER_LIST:
		reply->total = ipc_get_u32(&body);
		return body.bad || message->count ? broken() : parse_names(holder, &body, reply);
	case IPC_HOLDER_SETDUMP:
		reply->total = ipc_get_u32(&body);
		break;
	case IPC_HOLDER_GETDUMP:
	case IPC_HOLDER_LONG_LIST:
	case IPC_HOLDER_FAMILY:
	case IPC_HOLDER_TAKEOVER:
		return parse_head(holder, &body, reply, message);
	default:
		break;
	}
	return ipc_get_end(&body) && !message->count ? 0 : broken();
}

int ipc_holder_receive(struct ipc_holder *holder, struct ipc_holder_reply *reply)
{
	struct ipc_message message;

	close_given(holder);
	if (!ipc_message_receive(holder->messages, &message))
		return 0;
	if (!holder->count)
		return broken();
	*reply = (struct ipc_holder_reply){ .request = holder->asked[holder->first] };
	if (holder->more ? parse_part(holder, reply, &message)
			 : parse_first(holder, reply, &message))
		return -1;
	reply->entries = holder->entries;
	holder->given = reply->count;
	for (unsigned i = 0; i < message.count; i++) {
		reply->entries[i].fd = message.fds[i];
		message.fds[i] = -1;
	}
	if (!holder->more) {
		holder->first = (holder->first + 1) % ASKED_MAX;
		holder->count--;
	}
	return 1;
}

int ipc_holder_wait(struct ipc_holder *holder, struct ipc_holder_reply *reply, int timeout)
{
	long long end = timeout < 0 ? 0 : ipc_now() + timeout;
	int left = -1, failed, got, error;

	for (;;) {
		failed = ipc_messages_dispatch(holder->messages);
		error = errno;
		got = ipc_holder_receive(holder, reply);
		if (got)
			return got > 0 ? 0 : -1;
		if (failed)
			return errno = error, -1;
		if (timeout >= 0) {
			left = end - ipc_now();
			if (left <= 0)
				return errno = ETIMEDOUT, -1;
		}
		poll(&(struct pollfd){ .fd = ipc_holder_fd(holder),
				       .events = ipc_holder_events(holder) }, 1, left);
	}
}
