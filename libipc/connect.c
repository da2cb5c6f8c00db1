/* SPDX-License-Identifier: ISC */
/* connecting, with a limit to how long it takes and a wait for the server to appear */
#include <errno.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include "internal.h"

enum { FIRST_PAUSE = 5, LONGEST_PAUSE = 100 };

static int set_timeout(int fd, int ms)
{
	struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* Bind to NAME, or make one attempt to connect to it. A full backlog blocks, for at most the send
 * timeout of the socket. */
static int attach(int fd, const char *name, int binds)
{
	struct ipc_address address;
	const struct sockaddr *to = (struct sockaddr *)&address.sun;
	int failed;

	if (ipc_address_set(&address, name))
		return -1;
	do
		failed = binds ? bind(fd, to, address.length) : connect(fd, to, address.length);
	while (failed && errno == EINTR);
	ipc_address_clear(&address);
	if (failed && errno == EAGAIN)
		errno = ETIMEDOUT;
	return failed;
}

/* The file of our end, which we have made, goes as well. */
static int give_up(int fd, const struct ipc_connect *how)
{
	int error = errno;

	if (how->bind && *how->bind != '@')
		unlink(how->bind);
	errno = error;
	return ipc_fail(fd);
}

int ipc_connect(const char *name, const struct ipc_connect *how)
{
	static const struct ipc_connect plain;
	long long end = how && how->wait > 0 ? ipc_now() + how->wait : 0;
	int pause = FIRST_PAUSE, fd;

	if (!how)
		how = &plain;
	fd = socket(AF_UNIX, (how->type ? how->type : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (how->bind && attach(fd, how->bind, 1))
		return ipc_fail(fd);
	if (how->timeout > 0 && set_timeout(fd, how->timeout))
		return give_up(fd, how);
	while (attach(fd, name, 0)) {
		if (!how->wait || (errno != ENOENT && errno != ECONNREFUSED) ||
		    (how->wait > 0 && ipc_now() >= end))
			return give_up(fd, how);
		poll(NULL, 0, pause);
		pause = pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE;
	}
	if (how->timeout > 0 && set_timeout(fd, 0))
		return give_up(fd, how);
	return fd;
}
