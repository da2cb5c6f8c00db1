/* serverd: accept clients of a local service and start a program for each
 *
 * SPDX-License-Identifier: ISC

config SERVERD
	bool "ipcserverd"
	default y
	help
	  usage: ipcserverd [-v LEVEL] [-1] [-n FD] [-P|-p] [-i] [-c MAX] [-C USERMAX]
	         [-t SECONDS] [-g SECONDS] [-w WORKERS] PROG...

	  Accept connections on descriptor 0, a listening socket, and run PROG for each with the
	  connection as descriptors 0 and 1. Gates at the front of PROG, such as ipcaccess, are
	  asked before a process exists.

	  -v LEVEL    0: errors, 1: and warnings, 2: and each client; default 1
	  -1          write a newline to descriptor 1 and close it when ready
	  -n FD       the same with descriptor FD
	  -P          do not look up who the client is
	  -p          look it up; the default
	  -i          hand the descriptors from 3 on that are open now to the handlers, which get
	              0, 1 and 2 alone otherwise; under the name s6-ipcserverd, the default
	  -c MAX      at most MAX clients at a time, the others wait; default 40
	  -C USERMAX  at most USERMAX for each user, the others are refused; default 40
	  -t SECONDS  end a handler that takes longer: TERM, then KILL, to its process group
	  -g SECONDS  on TERM, wait so long for the handlers to end; -k is the same
	  -w WORKERS  start PROG so many times, once, and hand the clients to these processes,
	              which -c and -C do not count

	  With NOTIFY_SOCKET set, READY=1 is sent to it when ready.

	  Signals:
	  TERM  exit, with -g after a drain
	  INT   drain: accept nobody any more and exit when the last handler has
	  HUP   TERM and CONT to all handlers, and go on
	  QUIT  TERM and CONT to all handlers, and exit
	  ABRT  KILL to all handlers, and exit
	  USR1  write a line with all counters

	  Environment:
	  PROTO            set to IPC
	  IPCREMOTEEUID    user of the client, unset with -P
	  IPCREMOTEEGID    group of the client, unset with -P
	  IPCREMOTEPID     process of the client, unset with -P
	  IPCREMOTEGROUPS  supplementary groups of the client, separated by commas
	  IPCREMOTEPATH    name that the client's socket is bound to, or empty
	  IPCCONNNUM       live connections of that user, this one included; empty with -P or -w
	  IPCLOCALPATH     name of our socket

	  Exit status:
	  0    ended by a signal, or drained
	  1    the drain was cut short by its time limit
	  100  wrong usage; descriptor 0 is not a socket
	  111  a system call failed
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "gates.h"
#include "serve.h"

enum {
	MOST_CLIENTS = 100000,
	MOST_WORKERS = 1024,
	MOST_GROUPS = 65536,
	GROUPS_TEXT = 65536,	/* a longer list of groups is not exported */
	MOST_VARIABLES = 8192,
	SPARE_FILES = 32,	/* descriptors that we need besides one for each handler */
	EVENTS = 64,
	LONGEST_BURST = 16,	/* accepts for one wake-up */
	ALONE = 16,		/* wake-ups for one client each, before the next try for more */
	PAUSE = 100,		/* ms without accept after running out of something */
	QUIET = 5000,		/* ms without trouble that end an episode of it */
	KILL_GRACE = 5000	/* ms between TERM and KILL */
};

struct settings settings = { .verbosity = 1, .max = 40, .user_max = 40, .grace = KILL_GRACE };
struct counters counters;
int epoll = -1, have_pidfds;

static struct gates gates;

/* The client that is being served. One at a time: if it cannot be served just now, nobody else
 * is accepted until it is. */
static struct {
	int fd;			/* -1: none */
	struct client client;
	struct grant grant;
	struct ipc_edits facts;
} now;

static char **base, **envp;	/* the environment without the facts, and of one handler */
static gid_t *groups;
static int signals = -1;
static int listener_blocks, polled = 1;
static long long resume, last_trouble;	/* ms of now_ms, 0: never */
static int ready_fd = -1, drain_limit = -1;
static int nothing = -1;	/* /dev/null */
static const char *notify;	/* $NOTIFY_SOCKET */
static enum { RUNNING, LEAVING, DRAINING, CUT_SHORT } state;
static int backlog;		/* at the end: there may be clients of ours in it */
static long long drain_end;
static struct stat ours;	/* the file of the socket, to see whether it still is ours */

/* --- epoll --------------------------------------------------------------------------------- */

static int control(int operation, int fd, enum source source, unsigned index, unsigned events)
{
	struct epoll_event event = { .events = events,
				     .data.u64 = (unsigned long long)source << 32 | index };

	return epoll_ctl(epoll, operation, fd, &event);
}

int watch(int fd, enum source source, unsigned index, unsigned events)
{
	return control(EPOLL_CTL_ADD, fd, source, index, events);
}

void rewatch(int fd, enum source source, unsigned events)
{
	control(EPOLL_CTL_MOD, fd, source, 0, events);
}

/* --- trouble that passes ------------------------------------------------------------------- */

/* Leave the listener alone for a while; one line for an episode. */
static void trouble(const char *what)
{
	long long time = now_ms();

	if (!last_trouble || time - last_trouble > QUIET) {
		if (settings.verbosity)
			warn("unable to %s, clients wait:", what);
	}
	last_trouble = time;
	resume = time + PAUSE;
}

/* --- one client ---------------------------------------------------------------------------- */

static void fact(const char *name, const char *value)
{
	ipc_edits_add(&now.facts, name, value);
}

static void fact_number(const char *name, unsigned value)
{
	char text[16];

	ipc_format(text, sizeof text, "%u", value);
	fact(name, text);
}

static void fact_groups(const struct client *client)
{
	static char text[GROUPS_TEXT];
	int count = client->has_peer ? ipc_peer_groups(now.fd, groups, MOST_GROUPS) : -1;
	size_t length = 0;

	if (count < 0)
		return fact("IPCREMOTEGROUPS", NULL);
	*text = 0;
	for (int i = 0; i < count; i++) {
		length += ipc_format(text + length, sizeof text - length, i ? ",%u" : "%u",
				     groups[i]);
		if (length >= sizeof text)
			return fact("IPCREMOTEGROUPS", NULL);
	}
	fact("IPCREMOTEGROUPS", text);
}

/* What a handler learns about its client. */
static void collect_facts(const struct client *client, const char *path)
{
	now.facts.length = 0;
	fact("PROTO", "IPC");
	fact("IPCREMOTEPATH", path);
	fact("IPCLOCALPATH", settings.local);
	if (client->has_connnum)
		fact_number("IPCCONNNUM", client->connnum);
	else
		fact("IPCCONNNUM", "");
	if (client->has_peer) {
		fact_number("IPCREMOTEEUID", client->peer.uid);
		fact_number("IPCREMOTEEGID", client->peer.gid);
		fact_number("IPCREMOTEPID", client->peer.pid);
	} else {
		fact("IPCREMOTEEUID", NULL);
		fact("IPCREMOTEEGID", NULL);
		fact("IPCREMOTEPID", NULL);
	}
	fact_groups(client);
}

static void finish(void)
{
	close(now.fd);
	now.fd = -1;
}

/* "uid:gid", or "?:?" if nobody asked. */
static char *who(const struct client *client, char *text, size_t size)
{
	if (client->has_peer)
		ipc_format(text, size, "%u:%u", client->peer.uid, client->peer.gid);
	else
		ipc_format(text, size, "?:?");
	return text;
}

static int identify(struct client *client)
{
	*client = (struct client){ .proto = "IPC", .fd = now.fd, .ngroups = -1 };
	if (settings.no_lookup) {
		client->connnum = handlers_of(0) + 1;
		return 0;
	}
	if (ipc_peer(now.fd, &client->peer)) {
		if (settings.verbosity)
			warn("unable to getpeereid:");
		return -1;
	}
	client->has_peer = 1;
	client->connnum = handlers_of(client->peer.uid) + 1;
	client->has_connnum = !settings.workers;
	return 0;
}

static int within_limit(const struct client *client)
{
	char text[32];

	if (settings.workers || client->connnum <= settings.user_max)
		return 1;
	counters.refused_user++;
	if (settings.verbosity)
		info("deny %s count %u/%u", who(client, text, sizeof text), client->connnum - 1,
		     settings.user_max);
	return 0;
}

static void report_allowed(pid_t pid)
{
	char text[32], count[16] = "?";

	who(&now.client, text, sizeof text);
	if (settings.verbosity >= 2 && !pid) {
		info("allow %s by a worker", text);
	} else if (settings.verbosity >= 2) {
		if (now.client.has_peer)
			ipc_format(count, sizeof count, "%u", now.client.connnum);
		info("allow %s pid %d count %s/%u", text, pid, count, settings.user_max);
		info("status: %u/%u", counters.live, settings.max);
	}
	gates_allowed(&gates, &now.client, &now.grant, pid);
}

/* To a worker: what a handler would find in its environment. */
static int give(void)
{
	static struct ipc_edits all;

	if (!all.text) {
		all.size = now.facts.size + now.grant.env.size;
		all.text = malloc(all.size);
		if (!all.text)
			return -1;
	}
	all.length = 0;
	ipc_edits_append(&all, now.facts.text, now.facts.length);
	ipc_edits_append(&all, now.grant.env.text, now.grant.env.length);
	return pool_give(now.fd, &all);
}

static pid_t start(void)
{
	struct ipc_edits lists[] = { now.facts, now.grant.env };

	if (ipc_edits_merge(lists, 2, base, envp, MOST_VARIABLES) < 0)
		return -1;
	return handler_start(now.fd, now.grant.prog ? now.grant.prog : settings.prog, envp,
			     &now.client);
}

/* Serve the judged client, or keep it until that is possible. */
static void deliver(void)
{
	int pooled = settings.workers && !now.grant.prog;
	pid_t pid = pooled ? give() : start();

	if (pid >= 0) {
		report_allowed(pid);
		finish();
	} else if (pooled && errno == EAGAIN) {
		pool_want_room(1);
		resume = 0;
	} else if (spawn_may_recover(errno) || errno == ETOOMANYREFS || errno == ENOBUFS) {
		counters.spawn_failures++;
		trouble("start a handler");
	} else {
		counters.spawn_failures++;
		if (settings.verbosity)
			warn("unable to spawn %s:", now.grant.prog ? now.grant.prog[0]
								   : settings.prog[0]);
		finish();
	}
}

static void serve(const struct ipc_address *address)
{
	char path[sizeof address->sun.sun_path + 2];

	if (identify(&now.client) || !within_limit(&now.client) ||
	    !gates_pass(&gates, &now.client, &now.grant)) {
		finish();
		return;
	}
	collect_facts(&now.client, ipc_address_text(address, path));
	deliver();
}

/* --- accepting ----------------------------------------------------------------------------- */

static int can_accept(void)
{
	return now.fd < 0 && !resume && !handlers_full();
}

static int accepting(void)
{
	return (state == RUNNING || backlog) && can_accept();
}

/* Poll the listener if, and only if, a client could be served. */
static void poll_listener(void)
{
	int poll = accepting();

	if (poll != polled)
		rewatch(0, FROM_LISTENER, poll ? EPOLLIN : 0);
	polled = poll;
}

/* Returns 1 if a client came. */
static int accept_one(void)
{
	struct ipc_address address;

	now.fd = ipc_accept(0, NULL, &address);
	if (now.fd >= 0) {
		counters.accepted++;
		serve(&address);
		return 1;
	}
	if (errno == EINVAL || errno == ENOTSOCK || errno == EBADF || errno == EOPNOTSUPP)
		die(EXIT_TEMPORARY, "trouble with socket:");
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		counters.accept_errors++;
		trouble("accept");
	}
	return 0;
}

/* As many as came, but when one came alone the next ones are expected to, and cost no second
 * accept each, only one in a while to see whether a crowd has come. */
static void accept_some(void)
{
	static int patience;
	int limit = listener_blocks || patience ? 1 : LONGEST_BURST, count = 0;

	while (count < limit && accepting() && accept_one())
		count++;
	if (patience)
		patience--;
	else if (count < 2)
		patience = ALONE;
}

/* --- the end ------------------------------------------------------------------------------- */

/* Another server has taken our path: nobody new will come, but those who came already are ours. */
static int superseded(void)
{
	struct stat there;

	return ours.st_ino && (stat(settings.local, &there) || there.st_ino != ours.st_ino ||
			       there.st_dev != ours.st_dev);
}

/* Serve those who wait in the backlog of a path that is not ours any more. A client may be on its
 * way into it, so look again until nobody comes for a moment. Returns 1 if that is so, 0 if more
 * cannot be served now. */
static int serve_backlog(void)
{
	/* not from epoll: the end of a handler is told once, and not here */
	struct pollfd listener = { .fd = 0, .events = POLLIN };

	do {
		while (can_accept() && accept_one())
			;
	} while (can_accept() && poll(&listener, 1, 10) > 0);
	return can_accept();
}

static _Noreturn void leave(int code)
{
	if (settings.verbosity >= 2)
		info("exiting");
	exit(code);
}

static void begin_end(int how)
{
	if (state != RUNNING)
		return;
	state = how;
	backlog = !listener_blocks && superseded();
	drain_end = drain_limit < 0 ? 0 : now_ms() + drain_limit;
}

/* Returns ms until something is due, -1 if nothing is. */
static int tick_drain(long long time)
{
	if (state == RUNNING)
		return -1;
	if (backlog && serve_backlog())
		backlog = 0;
	if (now.fd < 0 && !backlog) {
		pool_close();
		if (state == LEAVING || (!counters.live && !pool_live()))
			leave(state == CUT_SHORT);
	}
	if (!drain_end)
		return -1;
	if (time >= drain_end) {
		int signal = state == DRAINING ? SIGTERM : SIGKILL;

		handlers_signal(signal);
		pool_signal(signal);
		if (signal == SIGTERM) {
			handlers_signal(SIGCONT);
			pool_signal(SIGCONT);
		}
		state = CUT_SHORT;
		drain_end = time + KILL_GRACE;
	}
	return drain_end - time;
}

/* --- signals ------------------------------------------------------------------------------- */

static void all_handlers(const char *name, const char *what, int first, int then)
{
	if (settings.verbosity >= 2)
		info("received %s, sending %s to all connections%s", name, what,
		     first == SIGKILL || !strcmp(name, "SIGQUIT") ? " and quitting" : "");
	handlers_signal(first);
	pool_signal(first);
	if (then) {
		handlers_signal(then);
		pool_signal(then);
	}
}

static void status_line(void)
{
	char text[1024];
	size_t n = ipc_format(text, sizeof text,
			      "status: %u/%u peak %u accepted %lu refused-by-limit %lu"
			      " spawn-failures %lu accept-errors %lu",
			      counters.live, settings.max, counters.peak, counters.accepted,
			      counters.refused_user, counters.spawn_failures,
			      counters.accept_errors);

	for (int i = 0; i < gates.count && n < sizeof text; i++)
		n += ipc_format(text + n, sizeof text - n, " denied-by-%s %lu", gates.list[i].name,
				gates.list[i].denied);
	if (settings.workers && n < sizeof text)
		ipc_format(text + n, sizeof text - n, " workers %u/%u restarts %lu", pool_live(),
			   settings.workers, counters.restarts);
	info("%s", text);
}

static void children_ended(void)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!handler_ended_pid(pid, status))
			worker_ended_pid(pid, status);
}

static void received(int signal)
{
	switch (signal) {
	case SIGCHLD:
		if (!have_pidfds)
			children_ended();
		break;
	case SIGTERM:
		if (settings.verbosity >= 2)
			info("received SIGTERM, quitting");
		begin_end(drain_limit < 0 ? LEAVING : DRAINING);
		break;
	case SIGINT:
		if (settings.verbosity >= 2)
			info("received SIGINT, draining");
		begin_end(DRAINING);
		break;
	case SIGHUP:
		all_handlers("SIGHUP", "SIGTERM+SIGCONT", SIGTERM, SIGCONT);
		break;
	case SIGQUIT:
		all_handlers("SIGQUIT", "SIGTERM+SIGCONT", SIGTERM, SIGCONT);
		leave(0);
	case SIGABRT:
		all_handlers("SIGABRT", "SIGKILL", SIGKILL, 0);
		leave(0);
	case SIGUSR1:
		status_line();
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
	static const int caught[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT, SIGUSR1, SIGCHLD };
	sigset_t set;

	/* whatever we inherited, handlers begin with the defaults; and who sends us a signal means
	 * it, even if the shell that started us in the background ignored it for us */
	default_signals();
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		if (caught[i] != SIGCHLD || !have_pidfds)
			sigaddset(&set, caught[i]);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* not read, only never delivered: a log that nobody reads must not end the service */
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

/* Do what is due. Returns ms until the next thing is, -1 if nothing waits for time to pass. */
static int tick(void)
{
	int wait = -1;
	long long time;

	if (!resume && !settings.deadline && !settings.workers && state == RUNNING)
		return -1;
	time = now_ms();
	if (resume && time >= resume) {
		resume = 0;
		if (now.fd >= 0)
			deliver();
	}
	if (resume)
		wait = resume - time;
	wait = sooner(wait, handlers_tick(time));
	wait = sooner(wait, pool_tick(time));
	return sooner(wait, tick_drain(time));
}

static void happened(enum source source, unsigned index)
{
	switch (source) {
	case FROM_SIGNALS:
		read_signals();
		break;
	case FROM_HANDLER:
		handler_ended(index);
		resume = resume ? 1 : 0; /* it may have freed what was missing */
		break;
	case FROM_WORKER:
		worker_ended(index);
		break;
	case FROM_POOL:
		pool_want_room(0);
		if (now.fd >= 0)
			deliver();
		break;
	case FROM_LISTENER:
		accept_some();
		break;
	}
}

/* Signals first: one that ends us must not find another client begun. The listener last: who has
 * ended must not count any more. */
static void handle(const struct epoll_event *events, int count)
{
	int listener = 0;

	for (int i = 0; i < count; i++)
		if (events[i].data.u64 >> 32 == FROM_SIGNALS)
			happened(FROM_SIGNALS, 0);
	for (int i = 0; i < count; i++) {
		enum source source = events[i].data.u64 >> 32;

		if (source == FROM_LISTENER)
			listener = 1;
		else if (source != FROM_SIGNALS)
			happened(source, events[i].data.u64);
	}
	if (listener)
		happened(FROM_LISTENER, 0);
}

static _Noreturn void loop(void)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int timeout = tick(), count;

		poll_listener();
		count = epoll_wait(epoll, events, EVENTS, timeout);
		if (count < 0 && errno != EINTR)
			die(EXIT_TEMPORARY, "unable to wait for events:");
		handle(events, count);
	}
}

/* --- start --------------------------------------------------------------------------------- */

static void check_listener(void)
{
	struct stat st;
	int yes = 0;
	socklen_t length = sizeof yes;

	if (fstat(0, &st))
		die(EXIT_TEMPORARY, "unable to fstat stdin:");
	if (!S_ISSOCK(st.st_mode))
		die(EXIT_USAGE, "stdin is not a socket");
	if (getsockopt(0, SOL_SOCKET, SO_ACCEPTCONN, &yes, &length) || !yes)
		die(EXIT_TEMPORARY, "trouble with socket: it is not listening");
	fcntl(0, F_SETFD, FD_CLOEXEC);
	listener_blocks = !(fcntl(0, F_GETFL) & O_NONBLOCK);
}

/* The binder's word counts more than getsockname(2): see libipc/listen.c. */
static void find_local_path(void)
{
	static struct ipc_address address;
	static char text[sizeof address.sun.sun_path + 2];

	settings.local = getenv("IPCLOCALPATH");
	if (!settings.local) {
		address.length = sizeof address.sun;
		settings.local = "";
		if (!getsockname(0, (struct sockaddr *)&address.sun, &address.length) &&
		    address.sun.sun_family == AF_UNIX)
			settings.local = ipc_address_text(&address, text);
	}
	if (stat(settings.local, &ours) || !S_ISSOCK(ours.st_mode))
		ours.st_ino = 0;
}

/* A setuidgid that comes next is the same for each client, so it is read once, too: what is left
 * of it for a handler is three system calls. */
static void take_identity(void)
{
	static struct identity identity;
	const struct applet *applet;
	int count = 0;

	if (!ENABLED(CONFIG_SETUIDGID) || !ENABLED(CONFIG_SERVER_GATES) || !settings.prog[0] ||
	    !chain_calls(settings.prog[0]))
		return;
	applet = applet_find(settings.prog[0]);
	if (applet->kind != KIND_CHAIN || applet->run.chain != setuidgid_main)
		return;
	while (settings.prog[count])
		count++;
	optind = 0;
	settings.prog = setuidgid_prepare(count, settings.prog, &identity);
	identity_complete(&identity);
	settings.identity = &identity;
}

static void make_room(void)
{
	extern char **environ;
	int count = 0;
	struct rlimit more;
	rlim_t need = settings.max + SPARE_FILES;

	while (environ[count])
		count++;
	base = environ;
	envp = malloc((MOST_VARIABLES + count) * sizeof *envp);
	groups = malloc(MOST_GROUPS * sizeof *groups);
	now.grant.env = (struct ipc_edits){ .text = malloc(GRANT_ENV_SIZE),
					    .size = GRANT_ENV_SIZE };
	now.facts = (struct ipc_edits){ .text = malloc(2 * GROUPS_TEXT), .size = 2 * GROUPS_TEXT };
	if (!envp || !groups || !now.grant.env.text || !now.facts.text)
		die(EXIT_TEMPORARY, "unable to make room for a client:");
	if (getrlimit(RLIMIT_NOFILE, &settings.files) || settings.files.rlim_cur >= need)
		return;
	more = settings.files;
	more.rlim_cur = need < more.rlim_max ? need : more.rlim_max;
	settings.files_raised = !prlimit(0, RLIMIT_NOFILE, &more, NULL);
}

static void tell_ready(void)
{
	if (settings.verbosity >= 2) {
		info("starting");
		info("status: 0/%u", settings.max);
	}
	if (ready_fd >= 0) {
		if (write(ready_fd, "\n", 1) < 0 && settings.verbosity)
			warn("unable to write to descriptor %d:", ready_fd);
		/* 0, 1 and 2 stay open, or a connection would land there */
		if (ready_fd > 2 || dup2(nothing, ready_fd) < 0)
			close(ready_fd);
	}
	if (notify && ipc_notify(notify, "READY=1\n") && settings.verbosity)
		warn("unable to notify %s:", notify);
}

/* Readiness is our affair alone. */
static void take_notify_socket(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	if (!name)
		return;
	notify = strdup(name);
	unsetenv("NOTIFY_SOCKET");
}

static void parse(int argc, char **argv)
{
	int letter;

	while ((letter = option(argc, argv, "v:1n:Ppic:C:t:g:k:w:", NULL)) != -1) {
		switch (letter) {
		case 'v': settings.verbosity = number("-v", optarg, UINT_MAX); break;
		case '1': ready_fd = 1; break;
		case 'n': ready_fd = number("-n", optarg, INT_MAX); break;
		case 'P': settings.no_lookup = 1; break;
		case 'p': settings.no_lookup = 0; break;
		case 'i': settings.hand_on = 1; break;
		case 'c': settings.max = number("-c", optarg, UINT_MAX); break;
		case 'C': settings.user_max = number("-C", optarg, UINT_MAX); break;
		case 't': settings.deadline = number("-t", optarg, INT_MAX / 1000) * 1000; break;
		case 'k':
		case 'g':
			drain_limit = number("-g", optarg, INT_MAX / 1000) * 1000;
			break;
		case 'w': settings.workers = number("-w", optarg, MOST_WORKERS); break;
		}
	}
	settings.prog = operands(argc, argv, 1);
	if (!*settings.prog[0])
		usage("no program to run");
	if (!settings.max)
		settings.max = 1;
	if (settings.max > MOST_CLIENTS)
		settings.max = MOST_CLIENTS;
	if (!settings.user_max)
		settings.user_max = 1;
	if (settings.user_max > settings.max || settings.no_lookup)
		settings.user_max = settings.max;
}

TOOL(serverd, "s6-ipcserverd")
{
	/* scripts for s6 may count on it */
	settings.hand_on = !strncmp(applet_name, "s6-", 3);
	parse(argc, argv);
	if (ready_fd >= 0 && fcntl(ready_fd, F_GETFD) < 0)
		die(EXIT_USAGE, "descriptor %d, to tell that we are ready, is not open", ready_fd);
	settings.prog = gates_take(&gates, settings.prog,
				   (settings.no_lookup ? GATE_PEER : 0) |
				   (settings.no_lookup || settings.workers ? GATE_CONNNUM : 0));
	take_identity();
	if (!settings.prog[0] || !*settings.prog[0])
		usage("no program to run");
	check_listener();
	if (ready_fd != 1)
		close(1);
	if (ready_fd > 2)
		fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
	nothing = spawn_init(settings.hand_on);
	take_notify_socket();
	find_local_path();
	have_pidfds = spawn_has_pidfds();
	make_room();
	now.fd = -1;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0 || watch(0, FROM_LISTENER, 0, EPOLLIN))
		die(EXIT_TEMPORARY, "unable to watch the socket:");
	catch_signals();
	handlers_init();
	if (settings.workers)
		pool_init();
	tell_ready();
	loop();
}
