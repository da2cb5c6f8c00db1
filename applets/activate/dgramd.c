/* dgramd: receive messages on a datagram or seqpacket socket and give them to a program
 *
 * SPDX-License-Identifier: ISC

config DGRAMD
	bool "ipcdgramd"
	default n
	depends on SERVERD
	help
	  usage: ipcdgramd [-v LEVEL] [-1] [-n FD] [-P|-p] [-i] [-e] [-m BYTES] [-w WORKERS] [-c MAX]
	         [-C USERMAX] [-t SECONDS] PROG...

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
	  -e          run PROG for each message, which is its descriptor 0, a file, with the
	              facts in the environment
	  -m BYTES    refuse messages over BYTES; default 65536, at most 131072
	  -w WORKERS  start PROG so many times; each message goes to one of them; default 1
	  -c MAX      with -e, at most MAX programs at a time; on a seqpacket socket, at most MAX
	              connections; the others wait; default 40
	  -C USERMAX  at most USERMAX of either for each user, more is refused; default 40
	  -t SECONDS  end a program of -e that takes longer: TERM, then KILL, to its process group

	  Who sent a message is the kernel's word for each message, on a connection too. Of the
	  sender's groups only the primary one is known on a datagram socket. Descriptors that are
	  sent along are closed. When PROG does not read, senders wait.

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
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../local/gates.h"
#include "../local/map.h"
#include "../local/serve.h"

enum {
	MOST_CLIENTS = 10000,
	MOST_WORKERS = 1024,
	MOST_BYTES = 128 * 1024,
	MOST_VARIABLES = 8192,
	FACTS_SIZE = 8192,
	SPARE_FILES = 32,
	EVENTS = 64,
	BURST = 16,		/* messages of one socket before the others have their turn */
	PAUSE = 100,		/* ms after running out of something */
	QUIET = 5000,		/* ms without trouble that end an episode of it */
	PIDFD_OPEN = 434
};

/* On a seqpacket socket. Index 0 of the table is the listener. */
struct connection {
	int fd;
	unsigned next;		/* in the free list */
	struct ipc_peer peer;
	struct ipc_address from;
};

static struct connection *connections;
static unsigned unused, open_connections;
static struct map users;

static struct gates gates;

/* The message that is being handed on. If that cannot be done just now, no other is received. */
static struct {
	int held;
	struct client client;
	struct grant grant;
	struct ipc_datagram message;
	struct ipc_edits facts;
} now;

static struct ipc_edits packet;
static char **base, **envp;
static int inputs = -1, signals = -1, ready_fd = -1, nothing, seqpacket, each, stopping;
static int polled = 1, listening = 1;
static unsigned most_bytes = 65536;
static long long resume, last_trouble;
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
	return !now.held && !resume && !stopping && !(each && handlers_full());
}

static void poll_inputs(void)
{
	int poll = receiving();

	if (poll != polled)
		rewatch(inputs, FROM_LISTENER, poll ? EPOLLIN : 0);
	polled = poll;
}

static void poll_listener(int listen)
{
	if (listen != listening)
		input(EPOLL_CTL_MOD, 0, 0, listen ? EPOLLIN : 0);
	listening = listen;
}

static void trouble(const char *what)
{
	long long time = now_ms();

	if ((!last_trouble || time - last_trouble > QUIET) && settings.verbosity)
		warn("unable to %s, senders wait:", what);
	last_trouble = time;
	resume = time + PAUSE;
}

/* --- one message --------------------------------------------------------------------------- */

static void fact(const char *name, const char *value)
{
	ipc_edits_add(&now.facts, name, value);
}

static void fact_number(const char *name, int known, unsigned value)
{
	char text[16];

	ipc_format(text, sizeof text, "%u", value);
	fact(name, known ? text : NULL);
}

static void collect_facts(const struct client *client)
{
	char path[sizeof(struct sockaddr_un) + 2];

	now.facts.length = 0;
	fact("PROTO", "IPC");
	fact("IPCREMOTEPATH", ipc_address_text(&now.message.from, path));
	fact("IPCLOCALPATH", settings.local);
	fact_number("IPCREMOTEEUID", client->has_peer, client->peer.uid);
	fact_number("IPCREMOTEEGID", client->has_peer, client->peer.gid);
	fact_number("IPCREMOTEPID", client->has_peer, client->peer.pid);
	fact("IPCREMOTEGROUPS", NULL);
	if (client->has_connnum)
		fact_number("IPCCONNNUM", 1, client->connnum);
	else
		fact("IPCCONNNUM", "");
}

/* To a worker: one packet. */
static int give(void)
{
	char *to = packet.text;
	size_t facts = now.facts.length + now.grant.env.length;

	to += ipc_delivery_header(to, facts, now.message.length);
	memcpy(to, now.facts.text, now.facts.length);
	memcpy(to + now.facts.length, now.grant.env.text, now.grant.env.length);
	memcpy(to + facts, now.message.data, now.message.length);
	packet.length = to + facts + now.message.length - packet.text;
	return pool_give(-1, &packet);
}

/* A program for this message alone. */
static int start(void)
{
	struct ipc_edits lists[] = { now.facts, now.grant.env };
	int file, pid = -1, error;

	if (ipc_edits_merge(lists, 2, base, envp, MOST_VARIABLES) < 0)
		return -1;
	file = syscall(SYS_memfd_create, "message", MFD_CLOEXEC);
	if (file < 0)
		return -1;
	if (!ipc_write_all(file, now.message.data, now.message.length) && !lseek(file, 0, SEEK_SET))
		pid = handler_start(file, now.grant.prog ? now.grant.prog : settings.prog, envp,
				    &now.client);
	error = errno;
	close(file);
	return errno = error, pid;
}

static void report_allowed(pid_t pid)
{
	if (settings.verbosity >= 2)
		info("allow %u:%u pid %d, %lu bytes", now.client.peer.uid, now.client.peer.gid,
		     (int)pid, (unsigned long)now.message.length);
	gates_allowed(&gates, &now.client, &now.grant, pid);
}

/* Hand on the judged message, or keep it until that is possible. */
static void deliver(void)
{
	int pooled = !each && !now.grant.prog, pid;

	now.held = 1;
	if (!pooled && handlers_full())
		return;
	pid = pooled ? give() : start();
	if (pid >= 0) {
		now.held = 0;
		report_allowed(pid);
	} else if (pooled && errno == EAGAIN) {
		pool_want_room(1);
	} else if (spawn_may_recover(errno) || errno == ENOBUFS) {
		counters.spawn_failures++;
		trouble("hand on a message");
	} else {
		now.held = 0;
		counters.spawn_failures++;
		if (settings.verbosity)
			warn("unable to hand a message to %s:",
			     now.grant.prog ? now.grant.prog[0] : settings.prog[0]);
	}
}

static int refuse(const char *why, unsigned long *counter)
{
	++*counter;
	if (settings.verbosity)
		info("deny %u:%u: %s", now.message.sender.uid, now.message.sender.gid, why);
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
	if (now.message.length > now.message.size)
		return refuse("the message is too long", &too_long);
	if (settings.no_lookup)
		return 1;
	if (!now.message.known)
		return refuse("nobody knows who sent it", &unknown);
	client->peer = now.message.sender;
	if (from) {
		client->has_connnum = 1;
		client->connnum = *map_at(&users, from->peer.uid);
		/* the groups of the connection are those of its peer */
		if (same(&from->peer, &client->peer))
			client->fd = from->fd;
	}
	if (each && handlers_of(client->peer.uid) >= settings.user_max)
		return refuse("too many programs of this user", &counters.refused_user);
	return 1;
}

/* Returns 1 for a message, 0 if there is none now, -1 if there will be none any more. */
static int receive(struct connection *from)
{
	int got = ipc_datagram_receive(from ? from->fd : 0, &now.message);

	if (got < 0)
		return errno == EAGAIN ? 0 : -1;
	if (!got && from)
		return -1;
	if (from)
		now.message.from = from->from;
	counters.accepted++;
	if (!identify(from) || !gates_pass(&gates, &now.client, &now.grant))
		return 1;
	collect_facts(&now.client);
	deliver();
	return 1;
}

/* --- connections --------------------------------------------------------------------------- */

static void hang_up(unsigned index)
{
	struct connection *connection = &connections[index];
	unsigned *number = map_at(&users, connection->peer.uid);

	close(connection->fd);
	connection->next = unused;
	unused = index;
	open_connections--;
	if (!--*number)
		map_remove(&users, number);
	poll_listener(1);
}

static void accept_one(void)
{
	struct connection *connection = &connections[unused];
	unsigned index = unused;

	connection->fd = ipc_accept(0, &connection->peer, &connection->from);
	if (connection->fd < 0) {
		if (errno == EINVAL || errno == ENOTSOCK || errno == EBADF)
			die(EXIT_TEMPORARY, "trouble with socket:");
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			trouble("accept");
		return;
	}
	if (*map_at(&users, connection->peer.uid) >= settings.user_max) {
		counters.refused_user++;
		if (settings.verbosity)
			info("deny %u:%u: too many connections of this user",
			     connection->peer.uid, connection->peer.gid);
		close(connection->fd);
		return;
	}
	fcntl(connection->fd, F_SETFL, O_NONBLOCK);
	if (input(EPOLL_CTL_ADD, connection->fd, index, EPOLLIN)) {
		trouble("watch a connection");
		close(connection->fd);
		return;
	}
	unused = connection->next;
	++*map_at(&users, connection->peer.uid);
	if (++open_connections == settings.max)
		poll_listener(0);
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

/* --- signals ------------------------------------------------------------------------------- */

static void status_line(void)
{
	char text[512];
	size_t n = ipc_format(text, sizeof text,
			      "status: messages %lu unknown %lu too-long %lu refused-by-limit %lu"
			      " failures %lu connections %u programs %u workers %u/%u restarts %lu",
			      counters.accepted, unknown, too_long, counters.refused_user,
			      counters.spawn_failures, open_connections, counters.live,
			      pool_live(), settings.workers, counters.restarts);

	for (int i = 0; i < gates.count && n < sizeof text; i++)
		n += ipc_format(text + n, sizeof text - n, " denied-by-%s %lu", gates.list[i].name,
				gates.list[i].denied);
	info("%s", text);
}

static void children_ended(void)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!handler_ended_pid(pid, status) && settings.workers)
			worker_ended_pid(pid, status);
}

static void received(int signal)
{
	switch (signal) {
	case SIGTERM:
		if (stopping)
			exit(0);
		stopping = 1;
		break;
	case SIGQUIT:
		exit(0);
	case SIGHUP:
		handlers_signal(SIGTERM);
		handlers_signal(SIGCONT);
		pool_signal(SIGTERM);
		pool_signal(SIGCONT);
		break;
	case SIGUSR1:
		status_line();
		break;
	case SIGCHLD:
		if (!have_pidfds)
			children_ended();
		break;
	}
}

static void read_signals(void)
{
	struct signalfd_siginfo next;

	while (read(signals, &next, sizeof next) == sizeof next)
		received(next.ssi_signo);
}

static void catch_signals(void)
{
	static const int caught[] = { SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGCHLD };
	sigset_t set;

	default_signals();
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		sigaddset(&set, caught[i]);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_SETMASK, &set, NULL);
	if (signals < 0 || watch(signals, FROM_SIGNALS, 0, EPOLLIN))
		die(EXIT_TEMPORARY, "unable to catch signals:");
}

/* --- the loop ------------------------------------------------------------------------------ */

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static int tick(void)
{
	long long time = now_ms();
	int wait = -1;

	if (resume && time >= resume) {
		resume = 0;
		if (now.held)
			deliver();
	}
	if (resume)
		wait = resume > time ? resume - time : 0;
	wait = sooner(wait, handlers_tick(time));
	return settings.workers ? sooner(wait, pool_tick(time)) : wait;
}

static void happened(enum source source, unsigned index)
{
	switch (source) {
	case FROM_SIGNALS:
		read_signals();
		break;
	case FROM_HANDLER:
		handler_ended(index);
		if (now.held && !resume)
			deliver();
		break;
	case FROM_WORKER:
		worker_ended(index);
		break;
	case FROM_POOL:
		pool_want_room(0);
		if (now.held)
			deliver();
		break;
	case FROM_LISTENER:
		read_inputs();
		break;
	}
}

static void loop(void)
{
	struct epoll_event events[EVENTS];

	while (!stopping || now.held) {
		int timeout = tick(), count;

		poll_inputs();
		count = epoll_wait(epoll, events, EVENTS, timeout);
		if (count < 0 && errno != EINTR)
			die(EXIT_TEMPORARY, "unable to wait for events:");
		for (int i = 0; i < count; i++)
			happened(events[i].data.u64 >> 32, events[i].data.u64);
	}
}

/* --- start --------------------------------------------------------------------------------- */

static void check_socket(void)
{
	int type, accepts = 0;
	socklen_t length = sizeof type;

	if (getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &length))
		die(EXIT_USAGE, "stdin is not a socket");
	length = sizeof accepts;
	getsockopt(0, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length);
	seqpacket = type == SOCK_SEQPACKET && accepts;
	if (type != SOCK_DGRAM && !seqpacket)
		die(EXIT_USAGE, "stdin is neither a datagram nor a listening seqpacket socket");
	fcntl(0, F_SETFD, FD_CLOEXEC);
	fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
	if (ipc_datagram_credentials(0))
		die(EXIT_TEMPORARY, "unable to ask who sends messages:");
}

static void find_local_path(void)
{
	static struct ipc_address address = { .length = sizeof address.sun };
	static char text[sizeof address.sun.sun_path + 2];

	settings.local = getenv("IPCLOCALPATH");
	if (settings.local)
		return;
	settings.local = "";
	if (!getsockname(0, (struct sockaddr *)&address.sun, &address.length))
		settings.local = ipc_address_text(&address, text);
}

static void make_room(void)
{
	extern char **environ;
	unsigned table = seqpacket ? settings.max : 0;
	int count = 0;
	struct rlimit more;
	rlim_t need = 2 * settings.max + SPARE_FILES;

	while (environ[count])
		count++;
	base = environ;
	envp = malloc((MOST_VARIABLES + count) * sizeof *envp);
	connections = calloc(table + 1, sizeof *connections);
	now.message.size = most_bytes;
	now.message.data = malloc(most_bytes + 1);
	now.grant.env = (struct ipc_edits){ .text = malloc(GRANT_ENV_SIZE),
					    .size = GRANT_ENV_SIZE };
	now.facts = (struct ipc_edits){ .text = malloc(FACTS_SIZE), .size = FACTS_SIZE };
	packet.text = malloc(8 + FACTS_SIZE + GRANT_ENV_SIZE + most_bytes);
	if (!envp || !connections || !now.message.data || !now.grant.env.text || !now.facts.text ||
	    !packet.text)
		die(EXIT_TEMPORARY, "unable to make room for messages:");
	for (unsigned i = table; i > 0; i--) {
		connections[i].next = unused;
		unused = i;
	}
	map_init(&users, settings.max);
	if (getrlimit(RLIMIT_NOFILE, &settings.files) || settings.files.rlim_cur >= need)
		return;
	more = settings.files;
	more.rlim_cur = need < more.rlim_max ? need : more.rlim_max;
	settings.files_raised = !prlimit(0, RLIMIT_NOFILE, &more, NULL);
}

static void parse(int argc, char **argv)
{
	int letter;

	settings.workers = 1;
	while ((letter = option(argc, argv, "v:1n:Ppiem:w:c:C:t:", NULL)) != -1) {
		switch (letter) {
		case 'v': settings.verbosity = number("-v", optarg, UINT_MAX); break;
		case '1': ready_fd = 1; break;
		case 'n': ready_fd = number("-n", optarg, INT_MAX); break;
		case 'P': settings.no_lookup = 1; break;
		case 'p': settings.no_lookup = 0; break;
		case 'i': settings.hand_on = 1; break;
		case 'e': each = 1; break;
		case 'm': most_bytes = number("-m", optarg, MOST_BYTES); break;
		case 'w': settings.workers = number("-w", optarg, MOST_WORKERS); break;
		case 'c': settings.max = number("-c", optarg, MOST_CLIENTS); break;
		case 'C': settings.user_max = number("-C", optarg, UINT_MAX); break;
		case 't': settings.deadline = number("-t", optarg, INT_MAX / 1000) * 1000; break;
		}
	}
	settings.prog = operands(argc, argv, 1);
	if (!settings.max || !settings.user_max || !settings.workers)
		usage("-c, -C and -w must be at least 1");
	if (each)
		settings.workers = 0;
}

static void tell_ready(void)
{
	const char *notify = getenv("NOTIFY_SOCKET");

	if (ready_fd >= 0) {
		if (write(ready_fd, "\n", 1) < 0 && settings.verbosity)
			warn("unable to write to descriptor %d:", ready_fd);
		if (ready_fd > 2 || dup2(nothing, ready_fd) < 0)
			close(ready_fd);
	}
	if (notify && ipc_notify(notify, "READY=1\n") && settings.verbosity)
		warn("unable to notify %s:", notify);
	/* it is our affair alone */
	unsetenv("NOTIFY_SOCKET");
}

TOOL(dgramd)
{
	int probe;

	settings.messages = 1;
	parse(argc, argv);
	if (ready_fd >= 0 && fcntl(ready_fd, F_GETFD) < 0)
		die(EXIT_USAGE, "descriptor %d, to tell that we are ready, is not open", ready_fd);
	check_socket();
	settings.prog = gates_take(&gates, settings.prog,
				   settings.no_lookup ? GATE_PEER | GATE_CONNNUM :
				   seqpacket ? 0 : GATE_CONNNUM);
	if (!settings.prog[0] || !*settings.prog[0])
		usage("no program to run");
	if (ready_fd > 2)
		fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
	nothing = spawn_init(settings.hand_on);
	find_local_path();
	probe = syscall(PIDFD_OPEN, getpid(), 0);
	have_pidfds = probe >= 0;
	if (probe >= 0)
		close(probe);
	make_room();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	inputs = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0 || inputs < 0 || input(EPOLL_CTL_ADD, 0, 0, EPOLLIN) ||
	    watch(inputs, FROM_LISTENER, 0, EPOLLIN))
		die(EXIT_TEMPORARY, "unable to watch the socket:");
	catch_signals();
	handlers_init();
	tell_ready();
	if (settings.workers)
		pool_init();
	loop();
	return 0;
}
