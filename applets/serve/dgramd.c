/* dgramd(8): receive messages on a socket and give them to a program
 *
 * SPDX-License-Identifier: ISC

config DGRAMD
	bool "ipcdgramd"
	default y
	depends on SERVERD
	help
	  usage: ipcdgramd [-v LEVEL] [-1] [-n FD] [-P|-p] [-i] [-N] [-e] [-m BYTES] [-w WORKERS]
	         [-c MAX] [-C USERMAX] [-t SECONDS] [-d MS] [-I MS] PROG...

	  Receive messages on descriptor 0, a datagram socket or a listening seqpacket socket, and
	  give each to PROG, which is started once, is started again if it ends, and reads one
	  packet from its descriptor 0 for each message. Gates at the front of PROG, such as
	  ipcaccess, are asked about each message.

	  -v LEVEL    0: errors, 1: and refusals, 2: and each message; default 1
	  -1          write a newline to descriptor 1 and close it when ready
	  -n FD       the same with descriptor FD
	  -P          do not look up who sent a message
	  -p          look it up; the default: who is not known is refused
	  -i          hand the descriptors from 3 on that are open now to PROG
	  -N          PROG, and all that it starts, gains no rights by exec: not by set-id
	              programs, not by file capabilities (no_new_privs)
	  -e          run PROG for each message, which is its descriptor 0, a file (before
	              Linux 3.17, a pipe), with the facts in the environment
	  -m BYTES    refuse messages over BYTES; default 65536, at most 131072
	  -w WORKERS  start PROG so many times; each message goes to one of them; default 1
	  -c MAX      with -e, at most MAX programs at a time; on a seqpacket socket, at most MAX
	              connections; the others wait; default 40
	  -C USERMAX  at most USERMAX of either for each user, more is refused; default MAX with
	              -e, where the others wait; else half of MAX, and MAX for root and our own user
	  -t SECONDS  end a program of -e that takes longer: TERM, then KILL, to its process group
	  -d MS       let a connection go that has sent no message after so many milliseconds
	  -I MS       let one go that has sent a message, but none for so long; both hold with -w, too

	  Who sent a message is the kernel's word for each message, on a connection too. Of the
	  sender's groups only the primary one is known on a datagram socket; its cgroup and label
	  only on a connection that it made itself, and a rule for others refuses. Descriptors that are
	  sent along are closed. When PROG does not read, senders wait.

	  Of the connections an eighth, at least 1 unless MAX is 1, is kept for root and our own
	  user; see ipcserverd(8).

	  Of the refusals of one user at most one line a second is written, then "N more refused
	  of uid UID".

	  Signals:
	  TERM  hand on the message that waits for PROG, if there is one, and exit
	  QUIT  exit
	  HUP   TERM and CONT to all programs, and go on
	  USR1  write a line with all counters

	  Environment of PROG with -e, and facts of a message:
	  PROTO            set to IPC
	  IPCREMOTEEUID    user of the sender, unset with -P
	  IPCREMOTEEGID    group of the sender, unset with -P
	  IPCREMOTEPID     process of the sender, unset with -P
	  IPCREMOTEPATH    name that the sender's socket is bound to, or empty
	  IPCCONNNUM       live connections of that user; empty on a datagram socket
	  IPCLOCALPATH     name of our socket

	  Exit status:
	  0    ended by a signal
	  100  wrong usage; descriptor 0 is not such a socket
	  111  a system call failed
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "closer.h"
#include "map.h"
#include "queue.h"
#include "serve.h"
#include "waiting.h"

enum {
	MOST_CLIENTS = 10000,
	MOST_BYTES = 128 * 1024,
	MOST_WAITING = 1024,	/* connections that have no place yet */
	EVENTS = 64,
	BURST = 16		/* messages of one socket before the others have their turn */
};

/* On a seqpacket socket. Index 0 of the table is the listener. */
struct connection {
	int fd;
	unsigned next;		/* in the free list */
	struct ipc_peer peer;
	struct ipc_address from;
	long long due;		/* ms: when it must have sent something; 0: it need not */
	struct link link;	/* in the queue that it waits in */
	char has_spoken;	/* which is that of the idle, else of the silent */
};

static struct connection *connections;
static struct queue silent, idle;
static unsigned unused, open_connections;
static struct map users;
static struct ipc_datagram message;	/* that is being handed on */
static int inputs = -1, seqpacket, each, listening = 1;
static unsigned long unknown, too_long;

/* --- sources: the socket and the connections ----------------------------------------------- */

/* They are in a set of their own, so that all of them can be left alone at once. */
static int input(int operation, int fd, unsigned index, unsigned events)
{
	return epoll_ctl(inputs, operation, fd,
			 &(struct epoll_event){ .events = events, .data.u32 = index });
}

static int receiving(void)
{
	return receptive() && state == RUNNING && !(each && handlers_full());
}

static void poll_listener(int listen)
{
	if (listen != listening)
		input(EPOLL_CTL_MOD, 0, 0, listen ? EPOLLIN : 0);
	listening = listen;
}

/* --- one message --------------------------------------------------------------------------- */

/* To a worker: one packet, with the message behind the facts. */
static int give(void)
{
	struct ipc_edits packet = now.facts;

	packet.text -= ipc_delivery_header(packet.text - PACKET_HEADER, now.facts.length,
					   message.length);
	memcpy(now.facts.text + now.facts.length, message.data, message.length);
	packet.length += PACKET_HEADER + message.length;
	return pool_give(&packet);
}

/* Where there is no memfd, a pipe has room for the longest message. Returns what to write to. */
static int message_pipe(int *file)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	*file = ends[0];
	if (fcntl(ends[1], F_SETPIPE_SZ, MOST_BYTES) < MOST_BYTES)
		fcntl(ends[1], F_SETFL, O_NONBLOCK);	/* too small: it says so, and does not wait */
	return ends[1];
}

/* A program for this message alone. */
static pid_t start(void)
{
	int file = syscall(SYS_memfd_create, "message", MFD_CLOEXEC), to = file, pid = -1, error;

	if (file < 0 && errno == ENOSYS)
		to = message_pipe(&file);
	if (to < 0)
		return -1;
	error = ipc_write_all(to, message.data, message.length) ? errno : 0;
	if (to != file)
		close(to);
	else if (!error && lseek(file, 0, SEEK_SET))
		error = errno;
	if (!error && (pid = start_program(file)) < 0)
		error = errno;
	close(file);
	return errno = error, pid;
}

static pid_t hand_on(int pooled)
{
	pid_t pid = pooled ? give() : start();

	if (pid >= 0 && settings.verbosity >= 2)
		info("allow %u:%u pid %d, %lu bytes", now.client.peer.uid, now.client.peer.gid,
		     (int)pid, (unsigned long)message.length);
	return pid;
}

static int refuse(const struct ipc_peer *peer, const char *why, unsigned long *counter)
{
	++*counter;
	if (settings.verbosity)
		say_refused(peer->uid, applet_name, "info", "deny %u:%u: %s", peer->uid, peer->gid, why);
	return 0;
}

static int same(const struct ipc_peer *one, const struct ipc_peer *other)
{
	return one->uid == other->uid && one->gid == other->gid;
}

/* May it come in, and who is it from? */
static int identify(const struct connection *from)
{
	struct client *client = &now.client;

	*client = (struct client){ .proto = "IPC", .fd = -1, .ngroups = -1 };
	client->has_peer = !settings.no_lookup;
	if (message.length > message.size)
		return refuse(&message.sender, "the message is too long", &too_long);
	if (settings.no_lookup)
		return 1;
	if (!message.known)
		return refuse(&message.sender, "nobody knows who sent it", &unknown);
	client->peer = message.sender;
	if (from) {
		client->has_connnum = 1;
		client->connnum = *map_at(&users, from->peer.uid);
		/* the groups of the connection are those of its peer */
		if (same(&from->peer, &client->peer))
			client->fd = from->fd;
	}
	if (each && clients_of(client->peer.uid) >= limit_of(client->peer.uid))
		return refuse(&message.sender, "too many programs of this user", &counters.refused_user);
	return 1;
}

static struct queue *queue_of(const struct connection *connection)
{
	return connection->has_spoken ? &idle : &silent;
}

static void await_word(struct connection *connection)
{
	int wait = connection->has_spoken ? settings.idle : settings.silence;

	if (!wait)
		return;
	connection->due = now_ms() + wait;
	queue_put(queue_of(connection), LINKS(connections, link), connection - connections);
}

static void stop_waiting(struct connection *connection)
{
	if (!connection->due)
		return;
	connection->due = 0;
	queue_cut(queue_of(connection), LINKS(connections, link), connection - connections);
}

static void note_word(struct connection *connection)
{
	stop_waiting(connection);
	connection->has_spoken = 1;
	await_word(connection);
}

/* Returns 1 for a message, 0 if there is none now, -1 if there will be none any more. */
static int receive(struct connection *from)
{
	int got = ipc_datagram_receive(from ? from->fd : 0, &message);

	if (got < 0)
		return errno == EAGAIN ? 0 : -1;
	if (!got && from)
		return -1;
	if (from) {
		note_word(from);
		message.from = from->from;
	}
	tell_about(now.number = ++counters.accepted);
	if (identify(from) && gates_pass(&gates, &now.client, &now.grant)) {
		collect_facts(&message.from);
		fact("IPCREMOTEGROUPS", NULL);
		deliver();
	}
	tell_about(0);
	return 1;
}

/* --- connections --------------------------------------------------------------------------- */

static void hang_up(unsigned index)
{
	struct connection *connection = &connections[index];
	unsigned *number = map_at(&users, connection->peer.uid);

	stop_waiting(connection);
	/* by hand: it may take a moment until it is closed */
	input(EPOLL_CTL_DEL, connection->fd, index, 0);
	close_client(connection->fd, 1);
	connection->next = unused;
	unused = index;
	open_connections--;
	if (!--*number)
		map_remove(&users, number);
	poll_listener(1);
}

/* Give the accepted connection, which is in the first unused place, that place; or close it. */
static void take_place(void)
{
	struct connection *connection = &connections[unused];
	unsigned index = unused;

	if (*map_at(&users, connection->peer.uid) >= limit_of(connection->peer.uid)) {
		refuse(&connection->peer, "too many connections of this user",
		       &counters.refused_user);
		close_client(connection->fd, 1);
		return;
	}
	fcntl(connection->fd, F_SETFL, O_NONBLOCK);
	if (input(EPOLL_CTL_ADD, connection->fd, index, EPOLLIN)) {
		trouble("watch a connection");
		close_client(connection->fd, 1);
		return;
	}
	unused = connection->next;
	connection->has_spoken = 0;
	await_word(connection);
	++*map_at(&users, connection->peer.uid);
	if (++open_connections == settings.max) {
		note_full(open_connections);
		poll_listener(0);
	}
}

/* Let those of the queue go who have waited for too long. Returns ms until the next one has, -1 if
 * there is none. */
static int end_overdue(const struct queue *queue, long long time, const char *why)
{
	unsigned index;

	while ((index = queue->first) && connections[index].due <= time) {
		struct connection *connection = &connections[index];

		/* it may be we who let him wait */
		if (poll(&(struct pollfd){ .fd = connection->fd, .events = POLLIN }, 1, 0)) {
			note_word(connection);
			continue;
		}
		refuse(&connection->peer, why, &counters.refused_user);
		hang_up(index);
	}
	return index ? connections[index].due - time : -1;
}

static int tick(long long time)
{
	return sooner(end_overdue(&silent, time, "it sent nothing"),
		      end_overdue(&idle, time, "it is idle"));
}

/* Those who wait inside come first. */
static void admit(void)
{
	while (waiting_count() && receptive() &&
	       open_connections < settings.max - settings.kept) {
		struct connection *connection = &connections[unused];

		connection->fd = waiting_take(&connection->from);
		if (ipc_peer(connection->fd, &connection->peer))
			close_client(connection->fd, 1);
		else
			take_place();
	}
}

static void accept_one(void)
{
	struct connection *connection = &connections[unused];

	connection->fd = ipc_accept(0, &connection->peer, &connection->from);
	if (connection->fd < 0) {
		if (errno == EINVAL || errno == ENOTSOCK || errno == EBADF)
			die(EXIT_TEMPORARY, "trouble with socket:");
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			trouble("accept");
		return;
	}
	if (has_place(connection->peer.uid, open_connections)) {
		take_place();
		return;
	}
	/* behind it may be one for whom a place is kept */
	note_full(open_connections);
	if (waiting_add(connection->fd, connection->peer.uid)) {
		refuse(&connection->peer, "too many wait", &counters.refused_user);
		close_client(connection->fd, 1);
	}
}

static void read_datagrams(void)
{
	int got = 1;

	for (int i = 0; i < BURST && got > 0 && receiving(); i++)
		got = receive(NULL);
	if (got < 0)
		trouble("receive");
}

static void read_inputs(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(inputs, events, EVENTS, 0);

	for (int i = 0; i < n && receiving(); i++) {
		unsigned index = events[i].data.u32;

		if (index && receive(&connections[index]) < 0)
			hang_up(index);
		else if (!index && seqpacket)
			accept_one();
		else if (!index)
			read_datagrams();
	}
}

/* --- the end ------------------------------------------------------------------------------- */

static _Noreturn void leave(void)
{
	closers_end(0);
	exit(0);
}

static int ending(long long time)
{
	(void)time;
	if (!now.held)
		leave();
	return -1;
}

static void counters_line(void)
{
	char text[512];

	status_line(text, sizeof text, snprintf(text, sizeof text,
		"status: messages %lu unknown %lu too-long %lu refused-by-limit %lu failures %lu"
		" connections %u programs %u", counters.accepted, unknown, too_long,
		counters.refused_user, counters.spawn_failures, open_connections,
		counters.live));
}

static void received(int signal)
{
	if (signal == SIGHUP)
		signal_all(SIGTERM);
	else if (signal == SIGUSR1)
		counters_line();
	else if (signal == SIGTERM && state == RUNNING)
		state = LEAVING;
	else
		leave();
}

/* --- start --------------------------------------------------------------------------------- */

static void check_socket(void)
{
	int type;
	socklen_t length = sizeof type;

	if (getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &length))
		die(EXIT_USAGE, "stdin is not a socket");
	seqpacket = type == SOCK_SEQPACKET && is_listener(0);
	if (type != SOCK_DGRAM && !seqpacket)
		die(EXIT_USAGE, "stdin is neither a datagram nor a listening seqpacket socket");
	fcntl(0, F_SETFD, FD_CLOEXEC);
	fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
	if (ipc_datagram_credentials(0))
		die(EXIT_TEMPORARY, "unable to ask who sends messages:");
	ipc_fds_refuse(0);
}

static void make_room(void)
{
	unsigned table = seqpacket ? settings.max : 0;

	connections = calloc(table + 1, sizeof *connections);
	message.size = settings.most_bytes;
	message.discard = close_foreign;
	message.data = malloc(settings.most_bytes + 1);
	if (!connections || !message.data)
		die(EXIT_TEMPORARY, "unable to make room for messages:");
	for (unsigned i = table; i > 0; i--) {
		connections[i].next = unused;
		unused = i;
	}
	map_init(&users, settings.max);
}

static void parse(int argc, char **argv)
{
	int letter;

	while ((letter = server_options(argc, argv)) != -1)
		if (letter == 'e')
			each = 1;
		else
			settings.most_bytes = number("-m", optarg, MOST_BYTES);
	if (!settings.max || (settings.user_max_given && !settings.user_max) || !settings.workers)
		usage("-c, -C and -w must be at least 1");
	/* a message that is refused is lost, one that waits is not */
	set_limits(each ? settings.max : (settings.max + 1) / 2);
	if (each)
		settings.workers = 0;
}

static const struct server dgramd = {
	.options = "v:1n:PpiNem:w:c:C:t:d:I:", .most_clients = MOST_CLIENTS,
	.signals = (const char[]){ SIGCHLD, SIGPIPE, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, 0 },
	.clients = "senders", .verb = "hand on a message",
	.failure = "unable to hand a message to %s:",
	.received = received, .can_serve = receiving, .readable = read_inputs, .admit = admit,
	.hand_on = hand_on, .ending = ending, .tick = tick
};

TOOL(dgramd)
{
	server = &dgramd;
	settings.messages = settings.workers = 1;
	settings.most_bytes = 65536;
	parse(argc, argv);
	check_socket();
	if ((settings.silence || settings.idle) && !seqpacket)
		usage("-%c is for connections, and this socket has none",
		      settings.silence ? 'd' : 'I');
	take_program(seqpacket ? 0 : GATE_CONNNUM);
	waiting_init(prepare(2 * settings.max, seqpacket && settings.kept ? MOST_WAITING : 0));
	make_room();
	inputs = epoll_create1(EPOLL_CLOEXEC);
	if (inputs < 0 || input(EPOLL_CTL_ADD, 0, 0, EPOLLIN))
		die(EXIT_TEMPORARY, "unable to watch the socket:");
	/* before the workers get our descriptor 1, which -1 closes */
	begin(inputs);
	if (settings.workers)
		pool_init();
	loop();
}
