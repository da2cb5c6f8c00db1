/* ioconnect: copy between the terminal side and the connection side, both ways
 *
 * SPDX-License-Identifier: ISC

config IOCONNECT
	bool "ipcioconnect"
	default y
	help
	  usage: ipcioconnect [-t MS] [-r FD] [-w FD]

	  Copy descriptor 0 to the connection and the connection to descriptor 1, until both ways
	  have ended. The end of one way is passed on as a half-close, the other goes on.

	  -t MS  give up when nothing has moved for MS milliseconds
	  -r FD  read the connection from FD, 3 or more; default 6
	  -w FD  write the connection to FD, 3 or more; default 7

	  -0, -1, -6 and -7 are accepted and have no effect.

	  Exit status:
	  0    both ways have ended
	  1    the time limit passed
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
enum { BUFFER = 65536, PIPE_ATOM = 4096 };

/* One way. */
struct flow {
	int from, to;
	int from_socket, to_socket;
	int splices;		/* from a socket into a pipe: nothing is copied */
	int stuck;		/* that pipe is full */
	int ended;		/* FROM has nothing more */
	size_t start, end;	/* what of the buffer waits to be written */
	char buffer[BUFFER];
};

static int is_socket(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die(EXIT_TEMPORARY, "unable to fstat fd %d:", fd);
	return S_ISSOCK(st.st_mode);
}

static int is_pipe(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISFIFO(st.st_mode);
}

static void stop_reading(struct flow *flow)
{
	if (flow->from_socket)
		shutdown(flow->from, SHUT_RD);
	close(flow->from);
	flow->ended = 1;
}

static void stop_writing(struct flow *flow)
{
	if (flow->to_socket)
		shutdown(flow->to, SHUT_WR);
	close(flow->to);
	flow->to = -1;
}

/* The reader has gone: nothing can be moved any more. */
static void broken(struct flow *flow)
{
	if (flow->start < flow->end)
		warn("unable to write to fd %d:", flow->to);
	if (!flow->ended)
		stop_reading(flow);
	stop_writing(flow);
}

static void fill(struct flow *flow)
{
	ssize_t n;

	if (flow->splices)
		/* what the pipe does not take stays in the socket */
		n = splice(flow->from, NULL, flow->to, NULL, BUFFER, SPLICE_F_NONBLOCK);
	else if (flow->from_socket)
		n = recv(flow->from, flow->buffer, BUFFER, MSG_DONTWAIT);
	else
		n = read(flow->from, flow->buffer, BUFFER);
	if (n < 0 && flow->splices && (errno == EAGAIN || errno == EINVAL)) {
		flow->stuck = errno == EAGAIN;
		flow->splices = errno == EAGAIN;
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 && errno == EPIPE) {
		broken(flow);
		return;
	}
	if (n < 0 && errno != ECONNRESET)
		warn("unable to read from fd %d:", flow->from);
	if (n <= 0) {
		stop_reading(flow);
		stop_writing(flow);
		return;
	}
	if (flow->splices)
		return;
	flow->start = 0;
	flow->end = n;
}

static void drain(struct flow *flow)
{
	size_t length = flow->end - flow->start;
	ssize_t n;

	if (flow->to_socket)
		n = send(flow->to, flow->buffer + flow->start, length,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		n = write(flow->to, flow->buffer + flow->start,
			  length < PIPE_ATOM ? length : PIPE_ATOM);
	if (n >= 0)
		flow->start += n;
	else if (errno != EAGAIN && errno != EINTR)
		broken(flow);
}

/* What to wait for: room if there is something to write, else something to read. */
static void prepare(const struct flow *flow, struct pollfd *from, struct pollfd *to)
{
	int full = flow->stuck || flow->start < flow->end;

	*from = (struct pollfd){ .fd = full || flow->ended ? -1 : flow->from, .events = POLLIN };
	*to = (struct pollfd){ .fd = flow->to, .events = full ? POLLOUT : 0 };
}

static void move(struct flow *flow, const struct pollfd *from, const struct pollfd *to)
{
	if (flow->to >= 0 && to->revents & POLLOUT && flow->stuck)
		flow->stuck = 0;
	else if (flow->to >= 0 && to->revents & POLLOUT)
		drain(flow);
	else if (flow->to >= 0 && to->revents & (POLLERR | POLLHUP | POLLNVAL))
		errno = EPIPE, broken(flow);
	if (!flow->ended && from->fd >= 0 && from->revents)
		fill(flow);
}

static void flow_open(struct flow *flow, int from, int to)
{
	flow->from = from;
	flow->to = to;
	flow->from_socket = is_socket(from);
	flow->to_socket = is_socket(to);
	flow->splices = flow->from_socket && is_pipe(to);
}

TOOL(ioconnect, "s6-ioconnect")
{
	static struct flow out, in;
	struct pollfd polls[4];
	int limit = -1, reading = 6, writing = 7, letter;

	while ((letter = option(argc, argv, "0167t:r:w:", NULL)) != -1) {
		switch (letter) {
		case 't': limit = number("-t", optarg, INT_MAX); break;
		case 'r': reading = number("-r", optarg, INT_MAX); break;
		case 'w': writing = number("-w", optarg, INT_MAX); break;
		}
	}
	if (reading < 3 || writing < 3)
		usage("a descriptor of the connection is less than 3");
	flow_open(&out, 0, writing);
	flow_open(&in, reading, 1);
	signal(SIGPIPE, SIG_IGN);
	while (out.to >= 0 || in.to >= 0) {
		int idle = out.start == out.end && in.start == in.end;

		prepare(&out, &polls[0], &polls[1]);
		prepare(&in, &polls[2], &polls[3]);
		if (!poll(polls, 4, limit > 0 && idle ? limit : -1))
			return EXIT_DENIED;
		move(&out, &polls[0], &polls[1]);
		move(&in, &polls[2], &polls[3]);
	}
	return 0;
}
