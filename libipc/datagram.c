/* SPDX-License-Identifier: ISC */
/* messages of sockets that keep them apart, each with its sender by the kernel's word */
#include <errno.h>
#include <string.h>

#include "internal.h"

enum {
	HEADER = 8,
	PASSPIDFD = 76,		/* newer than the headers of some libcs */
	OVERFLOW = 65534	/* how the kernel shows an id that has no number here */
};

int ipc_datagram_credentials(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

int ipc_datagram_pidfds(int fd)
{
	int on = 1;

	if (ipc_datagram_credentials(fd))
		return -1;
	return setsockopt(fd, SOL_SOCKET, PASSPIDFD, &on, sizeof on) && errno != ENOPROTOOPT ? -1
											     : 0;
}

/* Without a process, the overflow ids may mean that nobody noted the sender. */
static int is_known(const struct ipc_peer *peer)
{
	return peer->pid || (peer->uid != OVERFLOW && peer->uid != (uid_t)-1);
}

int ipc_datagram_receive(int fd, struct ipc_datagram *datagram)
{
	union ipc_control control;
	struct iovec iov = { .iov_base = datagram->data, .iov_len = datagram->size };
	struct msghdr msg = {
		.msg_name = &datagram->from.sun, .msg_namelen = sizeof datagram->from.sun,
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof control
	};
	struct ipc_sender sender = { .peer = { .uid = -1, .gid = -1 }, .pidfd = -1 };
	int broken;
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	datagram->from.dir = -1;
	datagram->from.length = msg.msg_namelen;
	datagram->length = n;
	datagram->count = ipc_control_take(&msg, datagram->fds, datagram->max_fds, &sender,
					   datagram->discard);
	if (datagram->pidfd)
		*datagram->pidfd = sender.pidfd;
	else
		ipc_fail(sender.pidfd);
	datagram->sender = sender.peer;
	datagram->known = is_known(&sender.peer);
	/* some of what came is not what was asked for: then none of it is kept */
	broken = datagram->count > datagram->max_fds || msg.msg_flags & MSG_CTRUNC;
	datagram->refused = broken ? datagram->count : 0;
	if (broken) {
		size_t kept = datagram->count;

		kept = kept < datagram->max_fds ? kept : datagram->max_fds;
		ipc_discard(datagram->fds, kept, datagram->discard);
		datagram->count = 0;
	}
	/* an empty message has a sender, the end of a connection has none */
	return n || sender.peer.uid != (uid_t)-1 || msg.msg_namelen;
}

static size_t get_u32(const unsigned char *from)
{
	return (size_t)from[0] << 24 | from[1] << 16 | from[2] << 8 | from[3];
}

static void put_u32(char *to, size_t value)
{
	for (int i = 3; i >= 0; i--, value >>= 8)
		to[i] = value;
}

size_t ipc_delivery_header(char *header, size_t facts, size_t message)
{
	put_u32(header, facts);
	put_u32(header + 4, message);
	return HEADER;
}

ssize_t ipc_delivery_next(int fd, char *buffer, size_t size, struct ipc_edits *facts,
			  const char **message)
{
	size_t count = 0, length;
	ssize_t n = ipc_fds_receive(fd, buffer, size, NULL, &count);

	if (n <= 0)
		return n ? -1 : (errno = EPIPE, -1);
	if (n < HEADER)
		return errno = EPROTO, -1;
	facts->text = buffer + HEADER;
	facts->size = facts->length = get_u32((unsigned char *)buffer);
	length = get_u32((unsigned char *)buffer + 4);
	n -= HEADER;
	if (facts->length > (size_t)n || length != n - facts->length ||
	    (facts->length && facts->text[facts->length - 1]))
		return errno = EPROTO, -1;
	*message = facts->text + facts->length;
	return length;
}
