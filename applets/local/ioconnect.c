/* ioconnect: copy between terminal and connection, both ways
 *
 * SPDX-License-Identifier: ISC

config IOCONNECT
	bool "ipcioconnect"
	default y
	help
	  usage: ipcioconnect [-e] [-l] [-t MS] [-r FD] [-w FD]

	  Copy descriptor 0 to the connection and the connection to descriptor 1, until both ways
	  have ended. The end of one way is passed on as a half-close, the other goes on.

	  On a seqpacket or datagram socket what one read gives becomes one packet, and a packet
	  one write. A datagram socket has no end: unless -t says how long to wait for answers, it
	  ends when descriptor 0 has.

	  -e     exit 7 if not one byte came from the connection
	  -l     each line becomes a packet, without its newline, an empty one none; each packet
	         becomes a line
	  -t MS  give up when nothing has moved for MS milliseconds
	  -r FD  read the connection from FD, 3 or more; default 6
	  -w FD  write the connection to FD, 3 or more; default 7

	  -0, -1, -6 and -7 are accepted and have no effect.

	  Signals:
	  TERM  end, with 0

	  Exit status:
	  0    both ways have ended
	  1    the time limit passed
	  7    with -e, the connection ended without a byte: it refused us, or had nothing to say
	  100  wrong usage
	  111  a descriptor is not open
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "applet.h"

/* A pipe that poll(2) says is writable takes this much without blocking: so we never need to
 * make a descriptor non-blocking that others may share. */
enum { BUFFER = 65536, PACKET = 1 << 20, PIPE_ATOM = 4096, SILENT = 7 };

/* One way. */
struct flow {
	int from, to;
	int from_type, to_type;	/* SOCK_...; 0: no socket */
	int splices;		/* from a socket into a pipe: nothing is copied */
	int stuck;		/* that pipe is full */
	int cuts, joins;	/* lines become packets, packets lines */
	int ended;		/* FROM has nothing more */
	int moved;		/* something came from it */
	size_t start, end;	/* what of the buffer waits to be written */
	size_t size;		/* of the buffer, which has a byte more */
	char *buffer;
};

static int type_of(int fd)
{
	struct stat st;
	int type = 0;

	if (fstat(fd, &st))
		die(EXIT_TEMPORARY, "unable to fstat fd %d:", fd);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){ sizeof type });
	return type;
}

static int has_packets(int type)
{
	return type == SOCK_SEQPACKET || type == SOCK_DGRAM;
}

static int is_pipe(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISFIFO(st.st_mode);
}

static void stop_reading(struct flow *flow)
{
	if (flow->from_type)
		shutdown(flow->from, SHUT_RD);
	close(flow->from);
	flow->ended = 1;
}

static void stop_writing(struct flow *flow)
{
	if (flow->to_type)
		shutdown(flow->to, SHUT_WR);
	close(flow->to);
	flow->to = -1;
}

/* How much of the buffer can be written: all, or a line with its end. */
static size_t ready(const struct flow *flow)
{
	const char *from = flow->buffer + flow->start, *end;
	size_t length = flow->end - flow->start;

	if (!flow->cuts || !length)
		return length;
	end = memchr(from, '\n', length);
	if (end)
		return end + 1 - from;
	return flow->ended || length == flow->size ? length : 0;
}

static void stop_if_done(struct flow *flow)
{
	if (flow->ended && flow->to >= 0 && !ready(flow))
		stop_writing(flow);
}

/* The reader has gone: nothing can be moved any more. */
static void broken(struct flow *flow, int has_lost, int error)
{
	errno = error;
	if (has_lost)
		warning("unable to write to fd %d:", flow->to);
	if (!flow->ended)
		stop_reading(flow);
	stop_writing(flow);
}

/* Read what fits behind what is there. */
static ssize_t read_more(struct flow *flow)
{
	size_t have = flow->end - flow->start;
	char *to = flow->buffer + have;
	ssize_t n;

	memmove(flow->buffer, flow->buffer + flow->start, have);
	flow->start = 0;
	flow->end = have;
	if (!flow->from_type)
		return read(flow->from, to, flow->size - have);
	/* of a packet, how long it was */
	n = recv(flow->from, to, flow->size - have,
		 MSG_DONTWAIT | (has_packets(flow->from_type) ? MSG_TRUNC : 0));
	if (n > (ssize_t)(flow->size - have)) {
		warning("a packet of %zd bytes is cut to %zu", n, flow->size - have);
		n = flow->size - have;
	}
	return n;
}

static void fill(struct flow *flow)
{
	ssize_t n = flow->splices
		/* what the pipe does not take stays in the socket */
		? splice(flow->from, NULL, flow->to, NULL, BUFFER, SPLICE_F_NONBLOCK)
		: read_more(flow);

	if (n < 0 && flow->splices && (errno == EAGAIN || errno == EINVAL)) {
		flow->stuck = errno == EAGAIN;
		flow->splices = errno == EAGAIN;
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 && errno == EPIPE) {
		broken(flow, 1, errno);
		return;
	}
	if (n < 0)
		warning("unable to read from fd %d:", flow->from);
	if (n < 0 || (!n && flow->from_type != SOCK_DGRAM)) {
		stop_reading(flow);
		stop_if_done(flow);
		return;
	}
	flow->moved |= n > 0;
	if (flow->splices)
		return;
	flow->end += n;
	if (flow->joins && (!n || flow->buffer[flow->end - 1] != '\n'))
		flow->buffer[flow->end++] = '\n';
}

/* Returns how much of LENGTH is written: a packet as a whole. */
static ssize_t write_some(const struct flow *flow, size_t length)
{
	const char *from = flow->buffer + flow->start;
	size_t packet = length - (flow->cuts && from[length - 1] == '\n');

	if (!flow->to_type)
		return write(flow->to, from, length < PIPE_ATOM ? length : PIPE_ATOM);
	if (flow->cuts && !packet)
		return length;
	if (!flow->cuts)
		return send(flow->to, from, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	return send(flow->to, from, packet, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : (ssize_t)length;
}

static void drain(struct flow *flow)
{
	ssize_t n = write_some(flow, ready(flow));

	if (n >= 0)
		flow->start += n;
	else if (errno != EAGAIN && errno != EINTR)
		broken(flow, 1, errno);
	stop_if_done(flow);
}

/* What to wait for: room if there is something to write, else something to read. */
static void prepare(const struct flow *flow, struct pollfd *from, struct pollfd *to)
{
	int full = flow->stuck || ready(flow);

	*from = (struct pollfd){ .fd = full || flow->ended ? -1 : flow->from, .events = POLLIN };
	*to = (struct pollfd){ .fd = flow->to, .events = full ? POLLOUT : 0 };
}

/* Is there something that now goes nowhere? */
static int has_more(const struct flow *flow)
{
	char byte;

	return flow->start < flow->end ||
	       (flow->splices && recv(flow->from, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0);
}

static void move(struct flow *flow, const struct pollfd *from, const struct pollfd *to)
{
	if (flow->to >= 0 && to->revents & POLLOUT && flow->stuck)
		flow->stuck = 0;
	else if (flow->to >= 0 && to->revents & POLLOUT)
		drain(flow);
	else if (flow->to >= 0 && to->revents & (POLLERR | POLLHUP | POLLNVAL))
		broken(flow, has_more(flow), EPIPE);
	if (!flow->ended && from->fd >= 0 && from->revents)
		fill(flow);
}

static void flow_open(struct flow *flow, int from, int to)
{
	flow->from = from;
	flow->to = to;
	flow->from_type = type_of(from);
	flow->to_type = type_of(to);
	flow->splices = flow->from_type == SOCK_STREAM && is_pipe(to);
	flow->size = has_packets(flow->from_type) ? PACKET : BUFFER;
	flow->buffer = malloc(flow->size + 1);
	if (!flow->buffer)
		die(EXIT_TEMPORARY, "unable to make room for what is copied:");
}

/* TERM: what can be written at once is. */
static void write_rest(struct flow *flow)
{
	struct pollfd to = { .fd = flow->to, .events = POLLOUT };

	while (flow->to >= 0 && ready(flow) && poll(&to, 1, 0) == 1 && to.revents & POLLOUT)
		drain(flow);
}

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

/* Outside of await TERM is not blocked, so that it ends a write to a terminal that takes none. */
static void catch_term(void)
{
	struct sigaction action;

	if (!sigaction(SIGTERM, NULL, &action) && action.sa_handler == SIG_IGN)
		return;
	action = (struct sigaction){ .sa_handler = stop };
	sigaction(SIGTERM, &action, NULL);
}

/* Returns 0 if the LIMIT has passed. */
static int await(struct pollfd *polls, int limit)
{
	struct timespec wait = { .tv_sec = limit / 1000, .tv_nsec = limit % 1000 * 1000000 };
	sigset_t term, before;
	int n;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	n = stopping ? -1 : ppoll(polls, 4, limit > 0 ? &wait : NULL, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (n < 0)
		for (int i = 0; i < 4; i++)
			polls[i].revents = 0;
	return n;
}

/* Returns 0 if the time limit has passed before the end. */
static int copy(struct flow *out, struct flow *in, int limit)
{
	struct pollfd polls[4];

	/* a datagram socket does not end: answers may come until the limit, if there is one */
	while (!stopping &&
	       (out->to >= 0 || (in->to >= 0 && (in->from_type != SOCK_DGRAM || limit > 0)))) {
		int idle = !ready(out) && !ready(in);

		prepare(out, &polls[0], &polls[1]);
		prepare(in, &polls[2], &polls[3]);
		if (!await(polls, idle ? limit : -1))
			return in->from_type == SOCK_DGRAM && out->to < 0;
		move(out, &polls[0], &polls[1]);
		move(in, &polls[2], &polls[3]);
	}
	write_rest(out);
	write_rest(in);
	return 1;
}

TOOL(ioconnect, "s6-ioconnect")
{
	struct flow out = { 0 }, in = { 0 };
	int limit = -1, reading = 6, writing = 7, lines = 0, tells = 0, letter;

	while ((letter = option(argc, argv, "0167elt:r:w:", NULL)) != -1) {
		switch (letter) {
		case 'e': tells = 1; break;
		case 'l': lines = 1; break;
		case 't': limit = number("-t", optarg, INT_MAX); break;
		case 'r': reading = number("-r", optarg, INT_MAX); break;
		case 'w': writing = number("-w", optarg, INT_MAX); break;
		}
	}
	if (reading < 3 || writing < 3)
		usage("a descriptor of the connection is less than 3");
	flow_open(&out, 0, writing);
	flow_open(&in, reading, 1);
	if (lines && !(has_packets(out.to_type) && has_packets(in.from_type)))
		usage("-l is for a seqpacket or datagram socket");
	out.cuts = in.joins = lines;
	catch_term();
	signal(SIGPIPE, SIG_IGN);
	if (!copy(&out, &in, limit))
		return EXIT_DENIED;
	return tells && !in.moved ? SILENT : 0;
}
