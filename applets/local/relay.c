/* SPDX-License-Identifier: ISC */
/* connections that are passed on to another socket; see relay.h */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "closer.h"
#include "flow.h"
#include "kernel.h"

enum {
	EVENTS = 64,
	RETRY = 20,		/* ms between two attempts to connect */
	AGAIN = 16,		/* times that one way may move much before others have their turn */
	PAUSE = 100,		/* ms without new connections after running out of something */
	/* descriptors besides two for each connection: ours, and those of a message */
	SPARE = 288 + RELAY_PIPES,
	MOST_GROUPS = 65536
};

/* what the number of an event stands for, besides ends of relays */
static const unsigned SOURCE = -1, STOP = -2;

struct relay {
	int fds[2];		/* the client and the target; -1: not connected yet */
	unsigned watched[2];	/* for what events */
	unsigned char gone[2];	/* the peer has closed it, and epoll does not have it any more */
	unsigned char live;
	struct flow flows[2];
	struct traced traced;
	long long id;		/* for done */
	char *name;		/* for messages, or NULL */
	long long since;	/* ms: of the last byte; before it is connected, of the beginning */
	struct relay *earlier, *later;	/* in the queue; of free ones, later alone */
};

/* Relays in the order of what they wait for: all of a queue wait for as long. */
struct queue {
	struct relay *first, *last;
};

static struct relaying *relaying;
static struct relay *relays, *free_relays;
static struct queue connected, connecting;
static unsigned live, begun;
static int epoll, status, source_watched;
static long long resume;	/* ms, 0: new connections are taken */

/* --- queues --- */

static void take_out(struct queue *queue, struct relay *relay)
{
	*(relay->earlier ? &relay->earlier->later : &queue->first) = relay->later;
	*(relay->later ? &relay->later->earlier : &queue->last) = relay->earlier;
}

static void put_last(struct queue *queue, struct relay *relay)
{
	relay->earlier = queue->last;
	relay->later = NULL;
	*(queue->last ? &queue->last->later : &queue->first) = relay;
	queue->last = relay;
}

/* --- one relay --- */

static struct queue *queue_of(struct relay *relay)
{
	return relay->fds[1] < 0 ? &connecting : &connected;
}

static void say_end(const struct relay *relay)
{
	const struct flow *in = &relay->flows[IN], *out = &relay->flows[OUT];
	const struct traced *traced = &relay->traced;

	info("end pid %d uid %u: in %llu bytes %llu messages %llu descriptors %llu closed, "
	     "out %llu bytes %llu messages %llu descriptors %llu closed",
	     (int)traced->peer.pid, traced->peer.uid, traced->bytes[IN], in->messages, in->fds,
	     in->closed, traced->bytes[OUT], out->messages, out->fds, out->closed);
}

static void end_relay(struct relay *relay, int how)
{
	status = how;
	connection_name = relay->name;
	if (relaying->verbosity >= 2)
		say_end(relay);
	connection_name = NULL;
	free(relay->name);
	take_out(queue_of(relay), relay);
	for (int i = 0; i < 2; i++) {
		flow_drop(&relay->flows[i]);
		if (relay->fds[i] < 0)
			continue;
		/* by hand: it may take a moment until it is closed */
		if (!relay->gone[i])
			epoll_ctl(epoll, EPOLL_CTL_DEL, relay->fds[i], NULL);
		close_client(relay->fds[i], relay->flows[i].packets);
	}
	if (relay->id >= 0 && relaying->source >= 0)
		relaying->done(relaying->source, relay->id);
	relay->live = 0;
	relay->later = free_relays;
	free_relays = relay;
	live--;
}

static void end_idle(struct relay *relay)
{
	connection_name = relay->name;
	if (relaying->verbosity)
		say_refused(relay->traced.peer.uid, applet_name, "info",
			    "stop pid %d uid %u: its connection is idle",
			    (int)relay->traced.peer.pid, relay->traced.peer.uid);
	end_relay(relay, EXIT_DENIED);
}

static void watch(struct relay *relay, int end, int operation, unsigned events)
{
	struct epoll_event event = { .events = events,
				     .data.u64 = (relay - relays) * 2 + end };

	if (relay->gone[end] || (operation == EPOLL_CTL_MOD && events == relay->watched[end]))
		return;
	relay->watched[end] = events;
	epoll_ctl(epoll, operation, relay->fds[end], &event);
}

/* Move what can be moved this way. Who has gone is not waited for, and who sends much has sent more
 * by the time that we have passed it on. */
static void move(struct relay *relay, int way)
{
	struct flow *flow = &relay->flows[way];
	int left = AGAIN;

	while (!flow->over && !flow->failed &&
	       flow_move(flow, way, relay->fds[way], relay->fds[!way], &relay->traced) &&
	       (relay->gone[way] || (flow->bulk && --left)))
		;
}

/* Wait for what is missing, or end it: when both ways are over, or one is and its beginning has
 * gone, so that nobody would hear an answer. */
static void settle(struct relay *relay)
{
	struct flow *flows = relay->flows;

	if (flows[IN].failed || flows[OUT].failed) {
		end_relay(relay, EXIT_TEMPORARY);
		return;
	}
	if ((flows[IN].over && (flows[OUT].over || relay->gone[0])) ||
	    (flows[OUT].over && relay->gone[1])) {
		end_relay(relay, 0);
		return;
	}
	for (int end = 0; end < 2; end++)
		watch(relay, end, EPOLL_CTL_MOD,
		      (flows[end].ended || flows[end].stuck ? 0 : EPOLLIN) |
		      (flows[!end].stuck ? EPOLLOUT : 0));
}

static void happened(struct relay *relay, int end, unsigned events)
{
	connection_name = relay->name;
	if (relaying->idle) {
		relay->since = now_ms();
		take_out(&connected, relay);
		put_last(&connected, relay);
	}
	/* the kernel would tell again and again */
	if (events & EPOLLHUP && !relay->gone[end]) {
		epoll_ctl(epoll, EPOLL_CTL_DEL, relay->fds[end], NULL);
		relay->gone[end] = 1;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		move(relay, end);
	if (relay->flows[!end].stuck)
		move(relay, !end);
	settle(relay);
	connection_name = NULL;
}

/* --- connecting --- */

static gid_t *groups, *own_groups;	/* room for all that there can be, if they are shown */

static int take_groups(int fd)
{
	int count = ipc_peer_groups(fd, groups, MOST_GROUPS);

	return setgroups(count < 0 ? 0 : count, groups);
}

/* The target shall see the ids of the client, as if it had come itself, and never ours instead: our user
 * namespace may not have them, or not let us change groups, which root alone may then keep. */
static int connect_as(int fd, const struct ipc_address *address, const struct relay *relay)
{
	const struct ipc_peer *peer = &relay->traced.peer;
	int count, failed, keeps;
	gid_t gid;

	if (!relaying->shows || geteuid())
		return connect(fd, (const struct sockaddr *)&address->sun, address->length);
	gid = getegid();
	count = getgroups(MOST_GROUPS, own_groups);
	keeps = take_groups(relay->fds[0]);
	failed = (keeps && peer->uid) || setegid(peer->gid) || seteuid(peer->uid) ||
		 connect(fd, (const struct sockaddr *)&address->sun, address->length);
	if (failed)
		failed = errno;
	if (seteuid(0) || setegid(gid) || (!keeps && setgroups(count < 0 ? 0 : count, own_groups)))
		die(EXIT_TEMPORARY, "unable to become root again:");
	errno = failed;
	return failed ? -1 : 0;
}

/* One attempt. Returns the connection, which does not block. */
static int attempt(const struct relay *relay)
{
	int type = relay->flows[IN].packets ? SOCK_SEQPACKET : SOCK_STREAM, fd, failed;
	struct ipc_address address;

	if (ipc_address_set(&address, relaying->target))
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	failed = fd < 0 || connect_as(fd, &address, relay);
	ipc_address_clear(&address);
	return failed ? close_failed(fd) : fd;
}

/* Who wrote a packet tells an empty one from the end. On a stream, an urgent byte, which poll(2) tells
 * of again and again and a look does not show, becomes one like the others. */
static void set_notes(int fd, int packets)
{
	static const int on = 1;

	setsockopt(fd, SOL_SOCKET, packets ? SO_PASSCRED : SO_OOBINLINE, &on, sizeof on);
}

/* On a stream, nothing but descriptors may come with the bytes: a listener's notes are those of
 * its connections. What we connect has none. */
static void clear_notes(int fd)
{
	static const int off, notes[] = { SO_PASSCRED, SO_PASSSEC, SO_PASSPIDFD };

	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
		setsockopt(fd, SOL_SOCKET, notes[i], &off, sizeof off);
}

/* Can it still be that a later attempt succeeds? A full backlog is a matter of time. */
static int may_wait(const struct relay *relay)
{
	if (errno == EAGAIN)
		return 1;
	return (errno == ENOENT || errno == ECONNREFUSED) &&
	       now_ms() < relay->since + relaying->wait;
}

/* Returns 1 when no further attempt is needed. */
static int try_to_connect(struct relay *relay)
{
	int fd = attempt(relay);

	if (fd < 0 && may_wait(relay))
		return 0;
	if (fd < 0) {
		connection_name = relay->name;
		say_refused(relay->traced.peer.uid, applet_name, "warning",
			    "unable to connect to %s:", relaying->target);
		end_relay(relay, EXIT_TEMPORARY);
		return 1;
	}
	take_out(&connecting, relay);
	relay->fds[1] = fd;
	relay->since = now_ms();
	put_last(&connected, relay);
	set_notes(fd, relay->flows[IN].packets);
	if (tracing(&relaying->trace))
		trace_begin(&relaying->trace, &relay->traced);
	for (int end = 0; end < 2; end++)
		watch(relay, end, EPOLL_CTL_ADD, EPOLLIN);
	return 1;
}

static void begin_relay(int fd, long long id, char *name)
{
	struct relay *relay = free_relays;
	int type = 0, yes = 1;
	socklen_t length = sizeof type;

	free_relays = relay->later;
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
	*relay = (struct relay){ .fds = { fd, -1 }, .live = 1, .id = id, .name = name,
				 .since = now_ms(),
				 .traced.number = ++begun };
	relay->flows[IN].packets = relay->flows[OUT].packets = type == SOCK_SEQPACKET;
	ipc_peer(fd, &relay->traced.peer);
	ioctl(fd, FIONBIO, &yes);
	clear_notes(fd);
	set_notes(fd, type == SOCK_SEQPACKET);
	live++;
	put_last(&connecting, relay);
	try_to_connect(relay);
}

/* --- all of them --- */

static void watch_source(void)
{
	int wanted = relaying->source >= 0 && free_relays && !resume;
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.u64 = SOURCE };

	if (wanted == source_watched)
		return;
	source_watched = wanted;
	if (!wanted)
		epoll_ctl(epoll, EPOLL_CTL_DEL, relaying->source, NULL);
	else if (epoll_ctl(epoll, EPOLL_CTL_ADD, relaying->source, &event) && errno == EINVAL) {
		/* before 4.5 */
		event.events = EPOLLIN;
		epoll_ctl(epoll, EPOLL_CTL_ADD, relaying->source, &event);
	}
}

int relay_accept(int source, long long *id, char **name)
{
	(void)id, (void)name;
	return ipc_accept(source, NULL, NULL);
}

static void take_next(void)
{
	long long id = -1;
	char *name = NULL;
	int fd = relaying->next(relaying->source, &id, &name);

	if (fd >= 0) {
		begin_relay(fd, id, name);
	} else if (errno == EPIPE) {
		if (source_watched)
			epoll_ctl(epoll, EPOLL_CTL_DEL, relaying->source, NULL);
		source_watched = 0;
		relaying->source = -1;
	} else if (errno != EAGAIN && errno != EINTR) {
		warning("unable to take a connection:");
		resume = now_ms() + PAUSE;
	}
}

static int left_of(long long end)
{
	long long left = end - now_ms();

	return left < 0 ? 0 : left;
}

static void try_all(void)
{
	static long long next;
	struct relay *relay, *later;

	if (left_of(next))
		return;
	/* it is one target for all, and who came first has waited longest */
	for (relay = connecting.first; relay; relay = later) {
		later = relay->later;
		if (!try_to_connect(relay))
			break;
	}
	next = now_ms() + RETRY;
}

/* Do what is due. Returns ms until the next thing is, -1 if nothing waits for time to pass. */
static int tick(void)
{
	int wait = refused_tick(), left;

	if (connecting.first)
		try_all();
	if (connecting.first)
		wait = sooner(wait, RETRY);
	if (resume && !left_of(resume))
		resume = 0;
	if (resume)
		wait = sooner(wait, left_of(resume));
	while (relaying->idle && connected.first) {
		left = left_of(connected.first->since + relaying->idle);
		if (left)
			return sooner(wait, left);
		end_idle(connected.first);
	}
	return wait;
}

/* New connections last: they must not get the events of those that have ended. Returns 0 when it is
 * time to stop. */
static int handle(const struct epoll_event *events, int count)
{
	int more = 0;

	for (int i = 0; i < count; i++) {
		unsigned long long which = events[i].data.u64;

		if (which == STOP)
			return 0;
		if (which == SOURCE)
			more = 1;
		else if (relays[which / 2].live)
			happened(&relays[which / 2], which % 2, events[i].events);
	}
	if (more)
		take_next();
	return 1;
}

void relay_init(struct relaying *how)
{
	struct rlimit files;
	rlim_t wanted = 2ULL * how->max + SPARE;

	relaying = how;
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < wanted) {
		files.rlim_cur = wanted < files.rlim_max ? wanted : files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
		if (files.rlim_cur < wanted)
			how->max = files.rlim_cur > SPARE + 2 ? (files.rlim_cur - SPARE) / 2 : 1;
	}
	relays = calloc(how->max, sizeof *relays);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (how->shows) {
		groups = calloc(MOST_GROUPS, sizeof *groups);
		own_groups = calloc(MOST_GROUPS, sizeof *own_groups);
	}
	if (!relays || epoll < 0 || (how->shows && (!groups || !own_groups)))
		die(EXIT_TEMPORARY, "unable to make room for connections:");
	for (unsigned i = how->max; i--; free_relays = relays + i)
		relays[i].later = free_relays;
	flow_init(how);
}

int relay_all(int connection)
{
	struct epoll_event events[EVENTS], stop = { .events = EPOLLIN, .data.u64 = STOP };

	if (relaying->stop >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, relaying->stop, &stop))
		die(EXIT_TEMPORARY, "unable to wait for events:");
	if (connection >= 0)
		begin_relay(connection, -1, NULL);
	for (;;) {
		int wait = tick(), count;

		watch_source();
		if (!live && relaying->source < 0)
			return status;
		count = epoll_wait(epoll, events, EVENTS, wait);
		if (count < 0 && errno != EINTR)
			die(EXIT_TEMPORARY, "unable to wait for events:");
		if (!handle(events, count))
			return 0;
		if (relaying->shows && !tracing(&relaying->trace))
			return EXIT_TEMPORARY;
	}
}
