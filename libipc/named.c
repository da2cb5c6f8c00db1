/* SPDX-License-Identifier: ISC */
/* descriptors with names: one message, whose body is the names, and one byte back */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "ipc/named.h"
#include "internal.h"

enum { TAKEN = 6, REFUSED = 21 };	/* ASCII's ACK and NAK */

/* The length of a name that may be one, within SIZE bytes; 0 if it is none. */
static size_t name_length(const char *name, size_t size)
{
	size_t length = strnlen(name, size);

	if (!length || length == size || length > IPC_NAME_MAX)
		return 0;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == '=' || name[i] == ',' ||
		    name[i] == 0x7f)
			return 0;
	return length;
}

static int is_repeated(const struct ipc_named *named, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!strcmp(named[i].name, named[at].name))
			return 1;
	return 0;
}

ssize_t ipc_named_format(char *text, size_t size, const struct ipc_named *named, size_t count)
{
	size_t length = 0;

	if (count > IPC_FDS_MAX)
		return errno = EINVAL, -1;
	for (size_t i = 0; i < count; i++) {
		size_t n = name_length(named[i].name, IPC_NAME_MAX + 1);

		if (!n || is_repeated(named, i))
			return errno = EINVAL, -1;
		if (n >= size - length)
			return errno = ENOSPC, -1;
		memcpy(text + length, named[i].name, n + 1);
		length += n + 1;
	}
	return length;
}

int ipc_named_parse(const struct ipc_message *message, struct ipc_named *named, size_t max)
{
	size_t at = 0;

	if (message->count > max)
		return errno = EPROTO, -1;
	for (unsigned i = 0; i < message->count; i++) {
		size_t n = name_length(message->data + at, message->length - at);

		named[i] = (struct ipc_named){ message->data + at, message->fds[i] };
		if (!n || is_repeated(named, i))
			return errno = EPROTO, -1;
		at += n + 1;
	}
	if (at != message->length)
		return errno = EPROTO, -1;
	return message->count;
}

int ipc_named_answer(int sock, int taken)
{
	char byte = taken ? TAKEN : REFUSED;

	return send(sock, &byte, 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int ipc_named_confirm(int sock, int timeout)
{
	long long end = ipc_now() + timeout;
	struct pollfd pollfd = { .fd = sock, .events = POLLIN };
	char byte;
	ssize_t n;

	for (;;) {
		n = recv(sock, &byte, 1, MSG_DONTWAIT);
		if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
		if (timeout >= 0 && end - ipc_now() <= 0)
			return errno = ETIMEDOUT, -1;
		poll(&pollfd, 1, timeout < 0 ? -1 : end - ipc_now());
	}
	if (!n)
		errno = EPIPE;
	if (n <= 0)
		return -1;
	if (byte == TAKEN)
		return 0;
	return errno = byte == REFUSED ? EACCES : EPROTO, -1;
}
