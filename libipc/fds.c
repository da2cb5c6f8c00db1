/* SPDX-License-Identifier: ISC */
/* descriptors over a socket: those that were asked for, and never any others */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
};

ssize_t ipc_fds_send(int sock, const void *data, size_t length, const int *fds, size_t count)
{
	union control control;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (!length || count > IPC_FDS_MAX)
		return errno = EINVAL, -1;
	if (count) {
		memset(&control, 0, CMSG_SPACE(count * sizeof *fds));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof *fds);
		*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof *fds) };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, count * sizeof *fds);
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Take the descriptors out of MSG: the first MAX go to FDS, the others are closed. Returns how
 * many came. */
static size_t take(struct msghdr *msg, int *fds, size_t max)
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++, count++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (count < max)
				fds[count] = fd;
			else
				close(fd);
		}
	}
	return count;
}

ssize_t ipc_fds_receive(int sock, void *data, size_t length, int *fds, size_t *count)
{
	union control control;
	struct iovec iov = { .iov_base = data, .iov_len = length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof control };
	size_t max = count ? *count : 0, came;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	came = take(&msg, fds, max);
	if (came > max || msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) {
		errno = msg.msg_flags & MSG_TRUNC ? EMSGSIZE : EPROTO;
		for (size_t i = 0; i < came && i < max; i++)
			ipc_fail(fds[i]);
		return -1;
	}
	if (count)
		*count = came;
	return n;
}
