/* SPDX-License-Identifier: ISC */
/* descriptors that a link hands on */
#include <fcntl.h>
#include <sys/socket.h>

#include "applet.h"

int open_nothing(int flags)
{
	int fd = open("/dev/null", O_RDWR | flags), ends[2];

	if (fd >= 0 || pipe2(ends, flags))
		return fd;
	close(ends[1]);
	return ends[0];
}

void open_standard(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open_nothing(0) < 0)
			die(EXIT_TEMPORARY, "unable to open /dev/null:");
}

void copy_fd(int from, int to)
{
	/* dup2(2) of a descriptor onto itself would leave it close-on-exec */
	if (from == to ? fcntl(to, F_SETFD, 0) < 0 : dup2(from, to) < 0)
		die(EXIT_TEMPORARY, "unable to move descriptor %d to %d:", from, to);
}

int close_failed(int fd)
{
	int error = errno;

	if (fd >= 0)
		close(fd);
	return errno = error, -1;
}

static int is_number(int fd, const struct placing *fds, int count)
{
	while (--count >= 0 && fds[count].to != fd)
		;
	return count >= 0;
}

void place_fds(struct placing *fds, int count)
{
	for (int i = 0; i < count; i++) {
		int to = fds[i].to;

		for (int k = i + 1; k < count && fds[i].fd != to; k++)
			if (fds[k].fd == to && (fds[k].fd = fcntl(to, F_DUPFD_CLOEXEC, 0)) < 0)
				die(EXIT_TEMPORARY, "unable to move descriptor %d:", to);
		copy_fd(fds[i].fd, to);
	}
	for (int i = 0; i < count; i++)
		if (!is_number(fds[i].fd, fds, count))
			close(fds[i].fd);
}

int own_fd(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		die(EXIT_USAGE, "descriptor %d is not open", fd);
	return fd;
}

int is_listener(int fd)
{
	int yes = 0;
	socklen_t length = sizeof yes;

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &length) && yes;
}

/* If it fails, it fails later too, and the server says so. */
void reach_supervisor(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int fd = name ? ipc_connect(name, &(struct ipc_connect){ .type = SOCK_DGRAM }) : -1;
	int kept = fd < 0 ? -1 : fcntl(fd, F_DUPFD, 3);

	close_failed(fd);
	if (kept >= 0)
		set_number("IPCNOTIFYFD", kept);
}
