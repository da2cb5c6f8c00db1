/* SPDX-License-Identifier: ISC */
/* plain input and output, and what every other file needs */
#include <errno.h>
#include <poll.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

int ipc_fail(int fd)
{
	int error = errno;

	if (fd >= 0 && close(fd))
		errno = error;
	return -1;
}

long long ipc_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int ipc_write_all(int fd, const void *data, size_t length)
{
	const char *from = data;

	while (length) {
		ssize_t n = write(fd, from, length);

		if (n >= 0) {
			from += n;
			length -= n;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

int ipc_lock(int fd, int patience)
{
	enum { STEP = 10 };

	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB); waited += STEP) {
		if (errno != EWOULDBLOCK || waited >= patience)
			return -1;
		poll(NULL, 0, STEP);
	}
	return 0;
}
