/* SPDX-License-Identifier: ISC */
/* one way of a connection that is passed on; see flow.h */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "closer.h"
#include "flow.h"

enum {
	MOST = 65536,		/* bytes of a stream that are moved at once */
	MOST_PACKET = 1 << 20,
	PIPE_SIZE = 256 * 1024,
	MOST_HELD = RELAY_PIPES / 2 - 1,
	LEAST_SPLICED = 8192	/* below that, a copy costs less */
};

static struct relaying *relaying;
static char *buffer;			/* empty between two calls; nothing can be written behind it */
static int pipes[2] = { -1, -1 };	/* likewise; none: a flow has kept it */
static unsigned holding;		/* flows that have */

static int sees_behind;		/* the kernel tells of descriptors behind what it shows */

static int look_behind(void);

static int have_pipe(void)
{
	if (pipes[0] >= 0)
		return 1;
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK)) {
		pipes[0] = pipes[1] = -1;
		return 0;
	}
	/* room for all that a socket holds, if we may */
	fcntl(pipes[1], F_SETPIPE_SZ, PIPE_SIZE);
	return 1;
}

void flow_init(struct relaying *how)
{
	long page = sysconf(_SC_PAGESIZE);

	relaying = how;
	buffer = mmap(NULL, MOST_PACKET + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (buffer == MAP_FAILED || mprotect(buffer + MOST_PACKET, page, PROT_NONE))
		die(EXIT_TEMPORARY, "unable to make room for messages:");
	sees_behind = look_behind();
}

/* What somebody else has opened may be anything. Closing is the last that we do with it. */
static void close_strangers(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close_foreign(fds[i]);
}

static void end_flow(struct flow *flow, int way, struct traced *traced)
{
	if (!flow->ended && tracing(&relaying->trace))
		trace_end(&relaying->trace, traced, way);
	flow->ended = 1;
}

/* Its pipe is for others, if that is empty and they have none. */
static void give_back(struct flow *flow)
{
	holding--;
	if (!flow->held && pipes[0] < 0) {
		memcpy(pipes, flow->pipe, sizeof pipes);
		return;
	}
	close(flow->pipe[0]);
	close(flow->pipe[1]);
	flow->held = 0;
}

void flow_drop(struct flow *flow)
{
	free(flow->rest);
	flow->rest = NULL;
	if (flow->held)
		give_back(flow);
}

/* The other end has gone, or reads no more: who writes shall know. */
static void broken(struct flow *flow, int way, int from, struct traced *traced)
{
	end_flow(flow, way, traced);
	flow_drop(flow);
	flow->stuck = 0;
	flow->over = 1;
	shutdown(from, SHUT_RD);
}

static void fail(struct flow *flow, const struct traced *traced, const char *what)
{
	say_refused(traced->peer.uid, applet_name, "warning", "client pid %d uid %u: %s:",
		    (int)traced->peer.pid, traced->peer.uid, what);
	flow->failed = 1;
}

/* LENGTH bytes of the buffer must wait. */
static void keep(struct flow *flow, const struct traced *traced, const char *data, size_t length)
{
	flow->stuck = 1;
	flow->rest = malloc(length);
	if (!flow->rest) {
		fail(flow, traced, "unable to keep bytes");
		return;
	}
	memcpy(flow->rest, data, length);
	flow->start = 0;
	flow->end = length;
}

static int waits(const struct flow *flow)
{
	return flow->rest || flow->held;
}

static int gone(void)
{
	return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN;
}

/* LENGTH bytes in the pipe must wait: the flow has it now. Returns 0 if too many have one. */
static int hold(struct flow *flow, size_t length)
{
	if (holding == MOST_HELD)
		return 0;
	holding++;
	flow->stuck = 1;
	flow->held = length;
	memcpy(flow->pipe, pipes, sizeof pipes);
	pipes[0] = pipes[1] = -1;
	return 1;
}

static ssize_t send_held(struct flow *flow, int to)
{
	ssize_t n = splice(flow->pipe[0], NULL, to, NULL, flow->held, SPLICE_F_NONBLOCK);

	if (n <= 0)
		return n;
	flow->held -= n;
	if (!flow->held)
		give_back(flow);
	return n;
}

static ssize_t send_kept(struct flow *flow, int to)
{
	ssize_t n = send(to, flow->rest + flow->start, flow->end - flow->start, MSG_NOSIGNAL);

	if (n > 0)
		flow->start += n;
	if (flow->start == flow->end)
		flow_drop(flow);
	return n;
}

/* Send what kept us waiting. Returns 1 when nothing of it is left. */
static int send_rest(struct flow *flow, int way, int from, int to, struct traced *traced)
{
	ssize_t n = flow->held ? send_held(flow, to) : send_kept(flow, to);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		broken(flow, way, from, traced);
	if (n < 0 || waits(flow))
		return 0;
	flow->stuck = 0;
	return 1;
}

/* Send LENGTH bytes of the buffer with COUNT descriptors. */
static void pass(struct flow *flow, int way, int from, int to, struct traced *traced, size_t length,
		 const int *fds, size_t count)
{
	ssize_t n = count ? ipc_fds_send(to, buffer, length, fds, count) :
			    send(to, buffer, length, MSG_NOSIGNAL);

	if (n < 0 && gone()) {
		broken(flow, way, from, traced);
		return;
	}
	if (n < 0 && errno == EAGAIN && !count && !flow->packets)
		n = 0;
	if (n < 0) {
		fail(flow, traced, count ? "unable to pass descriptors on" :
		     "unable to pass a message on");
		return;
	}
	flow->messages++;
	flow->fds += count;
	if (tracing(&relaying->trace))
		trace_data(&relaying->trace, traced, way, buffer, length, fds, count);
	traced->bytes[way] += length;
	if ((size_t)n < length)
		keep(flow, traced, buffer + n, length - n);
}

/* Pass on a message that came with descriptors, or without them if they may not go this way. */
static void pass_fds(struct flow *flow, int way, int from, int to, struct traced *traced,
		     size_t length, const int *fds, size_t count)
{
	if (relaying->may & 1 << way) {
		pass(flow, way, from, to, traced, length, fds, count);
	} else {
		if (count && !flow->closed && relaying->verbosity)
			say_refused(traced->peer.uid, applet_name, "warning",
				    "client pid %d uid %u: descriptors may not go %s: %zu closed",
				    (int)traced->peer.pid, traced->peer.uid, way ? "out" : "in", count);
		flow->closed += count;
		pass(flow, way, from, to, traced, length, fds, 0);
	}
	close_strangers(fds, count);
}

static int ready(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	return poll(&pollfd, 1, 0) > 0;
}

/* --- packets --- */

static int move_packet(struct flow *flow, int way, int from, int to, struct traced *traced)
{
	int fds[IPC_FDS_MAX];
	size_t count = IPC_FDS_MAX;
	struct ipc_peer writer;
	ssize_t n;

	/* a packet cannot wait here: it is not taken before the other end can have it */
	flow->stuck = !ready(to, POLLOUT);
	if (flow->stuck)
		return 0;
	n = ipc_fds_receive_from(from, buffer, MOST_PACKET, fds, &count, &writer);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && gone()) {
		end_flow(flow, way, traced);
		return 1;
	}
	if (n < 0) {
		fail(flow, traced, "unable to receive a packet");
		return 0;
	}
	/* a packet may be empty, but somebody has written it */
	if (!n && !count && writer.uid == (uid_t)-1)
		end_flow(flow, way, traced);
	else
		pass_fds(flow, way, from, to, traced, n, fds, count);
	return 1;
}

/* --- streams --- */

/* Look at the next LENGTH bytes at most, at AT; they stay. *FDS says whether descriptors come with
 * the last of them, or behind: without room for these the kernel only says that they are there. It
 * gives no byte beyond the first message that has some. */
static ssize_t look(int from, char *at, size_t length, int *fds)
{
	struct iovec iov = { .iov_base = at, .iov_len = length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(from, &msg, MSG_PEEK);
	while (n < 0 && errno == EINTR);
	*fds = n > 0 && msg.msg_flags & MSG_CTRUNC;
	return n;
}

/* Kernels that we know look behind the bytes that they show until they find descriptors or nothing
 * more: then a look at one byte is enough to know that none come. Is ours like that? */
static int look_behind(void)
{
	int pair[2], fds = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return 0;
	if (send(pair[0], "ab", 2, MSG_NOSIGNAL) == 2 && ipc_fds_send(pair[0], "c", 1, pair, 1) == 1)
		look(pair[1], buffer, 1, &fds);
	close(pair[0]);
	close(pair[1]);
	return fds;
}

/* How many bytes are there that come without descriptors? 0 if that is not known so easily. What was
 * counted before the look has been seen by it, whatever comes meanwhile. */
static size_t plain_bytes(int from)
{
	int count = 0, fds;

	if (!sees_behind || ioctl(from, FIONREAD, &count) || count < LEAST_SPLICED ||
	    look(from, buffer, 1, &fds) != 1 || fds)
		return 0;
	return count;
}

/* Of the next LENGTH bytes, how many are there before the message with descriptors that they end
 * in? We look again, with no room for the last byte. A message is copied as a whole or not at all,
 * so this shows those before it; an error says that there are none. */
static size_t before_fds(int from, size_t length)
{
	int fds;
	ssize_t n = look(from, buffer + MOST_PACKET - (length - 1), length, &fds);

	return n > 0 ? n : 0;
}

/* The message at the beginning of the stream has descriptors: it goes as a whole. The kernel gives
 * us no byte behind it, and takes it as a whole, because it is no larger than it makes them. */
static int move_fds(struct flow *flow, int way, int from, int to, struct traced *traced)
{
	int fds[IPC_FDS_MAX];
	size_t count = IPC_FDS_MAX;
	ssize_t n;

	flow->stuck = !ready(to, POLLOUT);
	if (flow->stuck)
		return 0;
	n = ipc_fds_receive(from, buffer, MOST, fds, &count);
	if (n <= 0) {
		fail(flow, traced, "unable to receive descriptors");
		return 0;
	}
	pass_fds(flow, way, from, to, traced, n, fds, count);
	return 1;
}

static int copy(struct flow *flow, int way, int from, int to, struct traced *traced, size_t length)
{
	ssize_t n = recv(from, buffer, length, 0);

	if (n <= 0)
		return 0;
	pass(flow, way, from, to, traced, n, NULL, 0);
	return 1;
}

/* Move LENGTH bytes, which have no descriptors, without a copy. Returns 0 if it cannot be done. */
static int splice_through(struct flow *flow, int way, int from, int to, struct traced *traced,
			  size_t length)
{
	ssize_t came, n = 0, went = 0;

	if (!have_pipe())
		return 0;
	came = splice(from, NULL, pipes[1], NULL, length, SPLICE_F_NONBLOCK);
	if (came <= 0)
		return 0;
	while (went < came && (n = splice(pipes[0], NULL, to, NULL, came - went,
					  SPLICE_F_NONBLOCK)) > 0)
		went += n;
	flow->messages++;
	traced->bytes[way] += came;
	if (went == came)
		return 1;
	n = n < 0 && errno == EAGAIN;
	if (n && hold(flow, came - went))
		return 1;
	/* others need the pipe */
	came = read(pipes[0], buffer, came - went);
	if (n && came > 0)
		keep(flow, traced, buffer, came);
	else
		broken(flow, way, from, traced);
	return 1;
}

static int move_bytes(struct flow *flow, int way, int from, int to, struct traced *traced)
{
	int fds;
	ssize_t n;
	size_t length;

	/* who has sent much at once will again */
	if (flow->bulk && (length = plain_bytes(from)) &&
	    splice_through(flow, way, from, to, traced, length))
		return 1;
	n = look(from, buffer, MOST, &fds);
	length = n;
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		end_flow(flow, way, traced);
		return 1;
	}
	if (fds && !(length = before_fds(from, length)))
		return move_fds(flow, way, from, to, traced);
	flow->bulk = length >= LEAST_SPLICED && !tracing(&relaying->trace);
	if (flow->bulk &&
	    splice_through(flow, way, from, to, traced, length))
		return 1;
	return copy(flow, way, from, to, traced, length);
}

int flow_move(struct flow *flow, int way, int from, int to, struct traced *traced)
{
	int more = 1;

	if (waits(flow) && !send_rest(flow, way, from, to, traced))
		return 0;
	if (!flow->ended)
		more = flow->packets ? move_packet(flow, way, from, to, traced) :
				       move_bytes(flow, way, from, to, traced);
	if (flow->ended && !waits(flow) && !flow->over) {
		flow->over = 1;
		shutdown(to, SHUT_WR);
	}
	return more && !flow->stuck && !flow->over && !flow->failed;
}
