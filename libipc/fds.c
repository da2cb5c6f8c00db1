/* SPDX-License-Identifier: ISC */
/* descriptors over a socket: those that were asked for, and never any others */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"
#include "kernel.h"

/* newer than the headers of some libcs */
enum { PIDFD = 4 };

/* in CMSG_NXTHDR of musl, where clang sees it */
#pragma GCC diagnostic ignored "-Wsign-compare"

int ipc_fds_refuse(int sock)
{
	int no = 0;

	return setsockopt(sock, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof no);
}

void ipc_discard(int *fds, size_t count, void (*discard)(int fd))
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0 && discard)
			discard(fds[i]);
		else
			ipc_fail(fds[i]);
}

void ipc_control_put(struct msghdr *msg, union ipc_control *control, const int *fds, size_t count)
{
	if (!count)
		return;
	memset(control, 0, CMSG_SPACE(count * sizeof *fds));
	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(count * sizeof *fds);
	*CMSG_FIRSTHDR(msg) = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof *fds) };
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(msg)), fds, count * sizeof *fds);
}

ssize_t ipc_control_send(int sock, const struct msghdr *msg, int flags)
{
	ssize_t n;

	/* not sendmsg(3): that of musl has room for 252 descriptors */
	do
		n = syscall(SYS_sendmsg, sock, msg, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Without a byte there is no message on a stream, and descriptors would be lost. */
static int has_packets(int sock)
{
	int type = SOCK_STREAM;
	socklen_t length = sizeof type;

	getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &length);
	return type != SOCK_STREAM;
}

ssize_t ipc_fds_send(int sock, const void *data, size_t length, const int *fds, size_t count)
{
	union ipc_control control;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (count > IPC_FDS_MAX || (!length && !has_packets(sock)))
		return errno = EINVAL, -1;
	ipc_control_put(&msg, &control, fds, count);
	return ipc_control_send(sock, &msg, 0);
}

/* The descriptors of one control message: those below MAX go to FDS, the others are closed. */
static size_t take_rights(const struct cmsghdr *c, int *fds, size_t count, size_t max,
			  void (*discard)(int fd))
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++, count++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
		if (count < max)
			fds[count] = fd;
		else
			ipc_discard(&fd, 1, discard);
	}
	return count;
}

size_t ipc_control_take(struct msghdr *msg, int *fds, size_t max, struct ipc_sender *sender,
			void (*discard)(int fd))
{
	struct ucred ucred;
	size_t count = 0;
	int pidfd;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			count = take_rights(c, fds, count, max, discard);
		if (c->cmsg_type == SCM_CREDENTIALS && sender) {
			memcpy(&ucred, CMSG_DATA(c), sizeof ucred);
			sender->peer = (struct ipc_peer){ ucred.pid, ucred.uid, ucred.gid };
		}
		if (c->cmsg_type == PIDFD) {
			memcpy(&pidfd, CMSG_DATA(c), sizeof pidfd);
			if (sender)
				sender->pidfd = pidfd < 0 ? -1 : pidfd;
			else
				ipc_fail(pidfd);
		}
	}
	return count;
}

ssize_t ipc_fds_receive_from(int sock, void *data, size_t length, int *fds, size_t *count,
			     struct ipc_peer *peer)
{
	struct ipc_sender sender = { .peer = { .uid = (uid_t)-1, .gid = (gid_t)-1 }, .pidfd = -1 };
	union ipc_control control;
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
	came = ipc_control_take(&msg, fds, max, &sender, NULL);
	ipc_fail(sender.pidfd);
	if (peer)
		*peer = sender.peer;
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

ssize_t ipc_fds_receive(int sock, void *data, size_t length, int *fds, size_t *count)
{
	return ipc_fds_receive_from(sock, data, length, fds, count, NULL);
}
