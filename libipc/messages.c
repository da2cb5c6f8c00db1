/* SPDX-License-Identifier: ISC */
/* framed messages with descriptors, in s6's format
 *
 * Reads never cross the end of a message: so whatever descriptors come with a read belong to the
 * message that is being read, whichever of its bytes they were attached to, and what follows the
 * message is there for another reader. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "kernel.h"

enum {
	HEADER = 6,
	FIRST_ROOM = 4096,	/* for the bytes of a message, before any has come */
	KEPT_ROOM = 65536,	/* more than this is given back after use */
	READ_MOST = 65536,	/* one read */
	READS = 16		/* in one dispatch: other connections want their turn */
};

struct outgoing {
	struct outgoing *next;
	size_t length, sent;
	size_t cost;		/* in memory */
	char *data;		/* stands after fds */
	size_t count;		/* descriptors not yet sent; they go with the first byte */
	int fds[];
};

struct incoming {
	unsigned char header[HEADER];
	size_t have;		/* bytes, of the header and what follows */
	char *data;
	size_t room;
	size_t count;
	int *fds;
	struct ipc_sender sender;
};

struct ipc_messages {
	int fd;
	int error;		/* final, of dispatch */
	int deaf;		/* the peer does not read any more */
	int reset;		/* nor has it read all that it was sent */
	int packets;		/* the socket keeps messages apart: one packet is one message */
	struct ipc_messages_how how;
	struct outgoing *first, *last;
	size_t queued;		/* memory of the queue */
	int known;		/* sender is set */
	struct ipc_peer sender;
	struct incoming next;	/* is being read */
	struct incoming given;	/* is with the caller */
	int fds[];
};

static const struct ipc_sender nobody = {
	.peer = { .uid = (uid_t)-1, .gid = (gid_t)-1 }, .pidfd = -1
};

static size_t length_of(const unsigned char *header)
{
	return ipc_get_be32(header);
}

static size_t count_of(const unsigned char *header)
{
	return header[4] << 8 | header[5];
}

static void close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ipc_fail(fds[i]);
}

static void incoming_clear(struct ipc_messages *m, struct incoming *in)
{
	ipc_discard(in->fds, in->count, m->how.discard);
	ipc_fail(in->sender.pidfd);
	in->count = in->have = 0;
	in->sender = nobody;
	if (in->room > KEPT_ROOM) {
		free(in->data);
		in->data = NULL;
		in->room = 0;
	}
}

static int incoming_whole(const struct incoming *in)
{
	return in->have >= HEADER && in->have - HEADER == length_of(in->header);
}

static void queue_pop(struct ipc_messages *m)
{
	struct outgoing *out = m->first;

	close_all(out->fds, out->count);
	m->queued -= out->cost;
	m->first = out->next;
	free(out);
}

static void queue_clear(struct ipc_messages *m)
{
	while (m->first)
		queue_pop(m);
}

static int same_peer(const struct ipc_peer *one, const struct ipc_peer *other)
{
	return one->pid == other->pid && one->uid == other->uid && one->gid == other->gid;
}

struct ipc_messages *ipc_messages_open(int fd, const struct ipc_messages_how *how)
{
	static const struct ipc_messages_how plain;
	struct ipc_messages *m;
	int on = 1, type;
	socklen_t length = sizeof type;

	if (!how)
		how = &plain;
	if (how->max_fds > IPC_FDS_MAX || how->max_length > IPC_MESSAGE_MAX)
		return errno = EINVAL, NULL;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length))
		return NULL;
	if (how->flags && setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on))
		return NULL;
	if (how->flags & IPC_MESSAGES_PIDFD &&
	    setsockopt(fd, SOL_SOCKET, SO_PASSPIDFD, &on, sizeof on) && errno != ENOPROTOOPT)
		return NULL;
	/* an urgent byte would not be received, and what comes with it closed there and then */
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
	m = malloc(sizeof *m + 2 * how->max_fds * sizeof *m->fds);
	if (!m)
		return NULL;
	*m = (struct ipc_messages){ .fd = fd, .how = *how, .packets = type != SOCK_STREAM };
	if (!m->how.max_length)
		m->how.max_length = IPC_MESSAGE_MAX;
	if (!m->how.max_queue)
		m->how.max_queue = sizeof(struct outgoing) + IPC_FDS_MAX * sizeof(int) +
				   HEADER + IPC_MESSAGE_MAX;
	m->next = (struct incoming){ .fds = m->fds, .sender = nobody };
	m->given = (struct incoming){ .fds = m->fds + how->max_fds, .sender = nobody };
	return m;
}

void ipc_messages_close(struct ipc_messages *m)
{
	if (!m)
		return;
	queue_clear(m);
	incoming_clear(m, &m->next);
	incoming_clear(m, &m->given);
	free(m->next.data);
	free(m->given.data);
	free(m);
}

int ipc_messages_fd(const struct ipc_messages *m)
{
	return m->fd;
}

short ipc_messages_events(const struct ipc_messages *m)
{
	return (incoming_whole(&m->next) ? 0 : POLLIN) | (m->first ? POLLOUT : 0);
}

int ipc_messages_busy(const struct ipc_messages *m)
{
	return m->first || m->next.have;
}

int ipc_messages_reset(const struct ipc_messages *m)
{
	return m->reset;
}

/* --- sending ---------------------------------------------------------------------------- */

/* Returns how much was taken, 0 if nothing can be now. */
static ssize_t transmit(int fd, struct iovec *iov, int iovs, const int *fds, size_t count)
{
	union ipc_control control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = iovs };
	ssize_t n;

	ipc_control_put(&msg, &control, fds, count);
	n = ipc_control_send(fd, &msg, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && errno == ECONNRESET)
		errno = EPIPE;
	return n;
}

/* Send what is queued. A peer that has closed may have said something before, so that alone is
 * not an error here: reading finds the end. */
static int flush(struct ipc_messages *m)
{
	while (!m->error && m->first) {
		struct outgoing *out = m->first;
		struct iovec iov = { out->data + out->sent, out->length - out->sent };
		ssize_t n = transmit(m->fd, &iov, 1, out->fds, out->count);

		if (n < 0 && errno == EPIPE) {
			queue_clear(m);
			m->deaf = 1;
			return 0;
		}
		if (n < 0)
			m->error = errno;
		if (n <= 0)
			break;
		close_all(out->fds, out->count);
		out->count = 0;
		out->sent += n;
		if (out->sent == out->length)
			queue_pop(m);
	}
	return m->error ? (errno = m->error, -1) : 0;
}

/* Queue what is left of a message: HEADER and LENGTH bytes of DATA, SENT of them gone. */
static int enqueue(struct ipc_messages *m, const unsigned char *header, const void *data,
		   size_t length, size_t sent, const int *fds, size_t count)
{
	size_t bytes = HEADER + length - sent;
	struct outgoing *out = malloc(sizeof *out + count * sizeof *fds + bytes);
	size_t head = sent < HEADER ? HEADER - sent : 0;

	if (!out)
		return -1;
	*out = (struct outgoing){ .length = bytes, .data = (char *)(out->fds + count) };
	out->cost = sizeof *out + count * sizeof *fds + bytes;
	memcpy(out->data, header + HEADER - head, head);
	if (bytes > head)
		memcpy(out->data + head, (const char *)data + length - (bytes - head),
		       bytes - head);
	for (; out->count < count; out->count++) {
		out->fds[out->count] = fcntl(fds[out->count], F_DUPFD_CLOEXEC, 0);
		if (out->fds[out->count] < 0) {
			close_all(out->fds, out->count);
			free(out);
			return -1;
		}
	}
	*(m->first ? &m->last->next : &m->first) = out;
	m->last = out;
	m->queued += out->cost;
	return 0;
}

int ipc_message_send(struct ipc_messages *m, const void *data, size_t length, const int *fds,
		     size_t count)
{
	unsigned char header[HEADER] = { length >> 24, length >> 16, length >> 8, length,
					 count >> 8, count };
	struct iovec iov[] = { { header, HEADER }, { (void *)data, length } };
	ssize_t n = 0;

	if (length > IPC_MESSAGE_MAX || count > IPC_FDS_MAX)
		return errno = EINVAL, -1;
	if (flush(m))
		return -1;
	if (m->deaf)
		return errno = EPIPE, -1;
	if (sizeof(struct outgoing) + count * sizeof *fds + HEADER + length >
	    m->how.max_queue - m->queued)
		return errno = ENOBUFS, -1;
	if (!m->first)
		n = transmit(m->fd, iov, 2, fds, count);
	if (n < 0 && errno == EPIPE)
		m->deaf = 1;
	if (n < 0)
		return -1;
	if ((size_t)n == HEADER + length)
		return 0;
	if (!enqueue(m, header, data, length, n, fds, n ? 0 : count))
		return 0;
	if (n)
		m->error = errno;	/* half a message is out, and its end is lost */
	return -1;
}

/* --- receiving -------------------------------------------------------------------------- */

/* Make the memory for the body at least SIZE bytes. */
static int make_room(struct incoming *in, size_t size)
{
	size_t room = in->room ? in->room : FIRST_ROOM;
	char *data;

	if (size <= in->room)
		return 0;
	while (room < size)
		room *= 2;
	data = realloc(in->data, room);
	if (!data)
		return -1;
	in->data = data;
	in->room = room;
	return 0;
}

/* Where the next bytes of a stream go: never past the end of the message, and into memory that has
 * grown with the bytes that came. */
static int plan_stream(struct incoming *in, struct iovec *iov)
{
	size_t body, end;

	if (in->have < HEADER) {
		iov[0] = (struct iovec){ in->header + in->have, HEADER - in->have };
		return 1;
	}
	body = in->have - HEADER;
	if (make_room(in, body + 1))
		return -1;
	end = length_of(in->header);
	end = end < in->room ? end : in->room;
	end = end < body + READ_MOST ? end : body + READ_MOST;
	iov[0] = (struct iovec){ in->data + body, end - body };
	return 1;
}

/* The same for a packet, which is there as a whole. */
static int plan_packet(struct ipc_messages *m, struct iovec *iov)
{
	struct incoming *in = &m->next;
	ssize_t size = recv(m->fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

	if (size < 0)
		return -1;
	if (size > (ssize_t)(HEADER + m->how.max_length))
		return errno = EMSGSIZE, -1;
	if (make_room(in, size))
		return -1;
	iov[0] = (struct iovec){ in->header, HEADER };
	iov[1] = (struct iovec){ in->data, in->room };
	return 2;
}

/* Who sent it must be one process for a message and, if asked for, for the connection. The pidfd
 * of the first read is kept. */
static int check_sender(struct ipc_messages *m, const struct ipc_sender *sender, int first)
{
	struct incoming *in = &m->next;

	if (first)
		in->sender = *sender;
	else
		ipc_fail(sender->pidfd);
	if (!same_peer(&in->sender.peer, &sender->peer))
		return errno = EPERM, -1;
	if (!m->known)
		m->sender = sender->peer;
	m->known = 1;
	if (m->how.flags & IPC_MESSAGES_SAME_SENDER && !same_peer(&m->sender, &sender->peer))
		return errno = EPERM, -1;
	return 0;
}

/* Do the header's numbers keep to the limits, and what came to the header? */
static int check_header(const struct ipc_messages *m, const struct incoming *in)
{
	size_t declared = count_of(in->header), length = length_of(in->header);

	if (in->have < HEADER)
		return m->packets ? (errno = EPROTO, -1) : 0;
	if (declared > m->how.max_fds || in->count > declared || length > IPC_MESSAGE_MAX)
		return errno = EPROTO, -1;
	if (length > m->how.max_length)
		return errno = EMSGSIZE, -1;
	if (m->packets && !incoming_whole(in))
		return errno = EPROTO, -1;
	if (incoming_whole(in) && in->count < declared)
		return errno = EPROTO, -1;
	return 0;
}

/* Returns what recvmsg(2) does. */
static ssize_t read_more(struct ipc_messages *m, struct msghdr *msg, struct iovec *iov)
{
	ssize_t n;

	do {
		n = m->packets ? plan_packet(m, iov) : plan_stream(&m->next, iov);
		if (n < 0)
			continue;
		msg->msg_iovlen = n;
		n = recvmsg(m->fd, msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* One read. Returns 1 if something came, 0 if nothing is there. */
static int fill(struct ipc_messages *m)
{
	struct incoming *in = &m->next;
	union ipc_control control;
	struct ipc_sender sender = nobody;
	struct iovec iov[2];
	struct msghdr msg = { .msg_iov = iov, .msg_control = &control,
			      .msg_controllen = sizeof control };
	size_t room = m->how.max_fds - in->count, came;
	int first = !in->have;
	ssize_t n = read_more(m, &msg, iov);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return -1;
	m->reset |= n < 0;
	if (n <= 0)
		return errno = in->have ? EPROTO : EPIPE, -1;
	came = ipc_control_take(&msg, in->fds + in->count, room, m->how.flags ? &sender : NULL,
				m->how.discard);
	in->count += came < room ? came : room;
	in->have += n;
	if (check_sender(m, &sender, first))
		return -1;
	/* there is room for all that the kernel can attach: it had no numbers for them */
	if (msg.msg_flags & MSG_CTRUNC)
		return errno = EMFILE, -1;
	if (came > room)
		return errno = EPROTO, -1;
	return check_header(m, in) ? -1 : 1;
}

int ipc_messages_dispatch(struct ipc_messages *m)
{
	int more = 1;

	if (flush(m))
		return -1;
	for (int i = 0; more > 0 && i < READS && !incoming_whole(&m->next); i++)
		more = fill(m);
	if (more >= 0)
		return 0;
	m->error = errno;
	incoming_clear(m, &m->next);
	return errno = m->error, -1;
}

int ipc_message_receive(struct ipc_messages *m, struct ipc_message *message)
{
	struct incoming spare;

	incoming_clear(m, &m->given);
	if (!incoming_whole(&m->next))
		return 0;
	spare = m->given;
	m->given = m->next;
	m->next = spare;
	*message = (struct ipc_message){
		.data = m->given.data ? m->given.data : "", .length = m->given.have - HEADER,
		.fds = m->given.fds, .count = m->given.count,
		.sender = m->given.sender.peer, .pidfd = &m->given.sender.pidfd,
	};
	return 1;
}

int ipc_messages_wait(struct ipc_messages *m, struct ipc_message *message, int timeout)
{
	long long end = timeout < 0 ? 0 : ipc_now() + timeout;
	int got = !message, left = -1, failed;

	for (;;) {
		/* once we have what we wait for, what the peer sends is somebody else's */
		failed = got ? flush(m) : ipc_messages_dispatch(m);
		if (!got)
			got = ipc_message_receive(m, message);
		if (failed)
			return message && got ? 0 : (errno = m->error, -1);
		if (got && m->deaf && !message)
			return errno = EPIPE, -1;
		if (got && !m->first)
			return 0;
		if (timeout >= 0) {
			left = end - ipc_now();
			if (left <= 0)
				return errno = ETIMEDOUT, -1;
		}
		poll(&(struct pollfd){ .fd = m->fd, .events = got ? POLLOUT
						: ipc_messages_events(m) }, 1, left);
	}
}
