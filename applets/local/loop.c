/* SPDX-License-Identifier: ISC */
/* what serverd and dgramd have in common: judged clients, programs for them, and a loop */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "serve.h"

enum {
	MOST_WORKERS = 1024,
	MOST_VARIABLES = 8192,
	SPARE_FILES = 32,	/* descriptors that we need besides those for clients */
	EVENTS = 64,
	PAUSE = 100,		/* ms without clients after running out of something */
	QUIET = 5000		/* ms without trouble that end an episode of it */
};

const struct server *server;
struct settings settings = { .verbosity = 1, .max = 40, .user_max = 40 };
struct counters counters;
struct gates gates;
struct now now = { .fd = -1 };
int epoll = -1, have_pidfds;
enum state state;

static char **base, **envp;	/* the environment without the facts, and of one program */
static int listener, signals, ready_fd = -1;
static const char *notify;	/* $NOTIFY_SOCKET */
static long long resume, last_trouble;	/* ms of now_ms, 0: never */

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

/* --- one client ---------------------------------------------------------------------------- */

void trouble(const char *what)
{
	long long time = now_ms();

	if ((!last_trouble || time - last_trouble > QUIET) && settings.verbosity)
		warn("unable to %s, %s wait:", what, server->clients);
	last_trouble = time;
	resume = time + PAUSE;
}

void fact(const char *name, const char *value)
{
	ipc_edits_add(&now.facts, name, value);
}

static void fact_number(const char *name, int known, unsigned value, const char *unknown)
{
	char text[16];

	ipc_format(text, sizeof text, "%u", value);
	fact(name, known ? text : unknown);
}

void collect_facts(const struct ipc_address *from)
{
	const struct client *client = &now.client;
	char path[sizeof from->sun.sun_path + 2];

	now.facts.length = 0;
	fact("PROTO", "IPC");
	fact("IPCREMOTEPATH", ipc_address_text(from, path));
	fact("IPCLOCALPATH", settings.local);
	fact_number("IPCCONNNUM", client->has_connnum, client->connnum, "");
	fact_number("IPCREMOTEEUID", client->has_peer, client->peer.uid, NULL);
	fact_number("IPCREMOTEEGID", client->has_peer, client->peer.gid, NULL);
	fact_number("IPCREMOTEPID", client->has_peer, client->peer.pid, NULL);
}

/* The program of a rule replaces all that follows the gate. */
static char **program(void)
{
	return now.grant.prog ? now.grant.prog : settings.prog;
}

pid_t start_program(int fd)
{
	if (ipc_edits_merge(&now.facts, 1, base, envp, MOST_VARIABLES) < 0)
		return -1;
	return handler_start(fd, program(), envp, &now.client);
}

void finish(void)
{
	if (now.fd >= 0)
		close(now.fd);
	now.fd = -1;
	now.held = 0;
}

static void hand_on(void)
{
	int pooled = settings.workers && !now.grant.prog;
	pid_t pid;

	now.held = 1;
	if (!pooled && handlers_full())
		return;
	pid = server->hand_on(pooled);
	if (pid >= 0) {
		gates_allowed(&gates, &now.client, &now.grant, pid);
	} else if (pooled && errno == EAGAIN) {
		resume = 0;
		return pool_want_room(1);
	} else {
		counters.spawn_failures++;
		if (spawn_may_recover(errno) || errno == ETOOMANYREFS || errno == ENOBUFS)
			return trouble(server->verb);
		if (settings.verbosity)
			warn(server->failure, *program());
	}
	finish();
}

void deliver(void)
{
	/* what the gates say comes last and counts */
	ipc_edits_append(&now.facts, now.grant.env.text, now.grant.env.length);
	hand_on();
}

int receptive(void)
{
	return !now.held && !resume;
}

/* --- signals ------------------------------------------------------------------------------- */

void signal_all(int signal)
{
	handlers_signal(signal);
	pool_signal(signal);
	if (signal == SIGTERM)
		signal_all(SIGCONT);
}

void status_line(char *text, size_t size, size_t n)
{
	for (int i = 0; i < gates.count && n < size; i++)
		n += ipc_format(text + n, size - n, " denied-by-%s %lu", gates.list[i].name,
				gates.list[i].denied);
	if (settings.workers && n < size)
		ipc_format(text + n, size - n, " workers %u/%u restarts %lu", pool_live(),
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

static void read_signals(void)
{
	int signal;

	while ((signal = next_signal(signals)))
		if (signal == SIGCHLD)
			children_ended();
		else if (signal != SIGPIPE)
			server->received(signal);
}

static void catch_signals(void)
{
	/* whatever we inherited, handlers begin with the defaults; and who sends us a signal means
	 * it, even if the shell that started us in the background ignored it for us */
	default_signals();
	/* with pidfds nobody needs the first, SIGCHLD */
	signals = open_signals(server->signals + have_pidfds, 0);
	if (watch(signals, FROM_SIGNALS, 0, EPOLLIN))
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
		if (now.held)
			hand_on();
	}
	if (resume)
		wait = resume - time;
	wait = sooner(wait, handlers_tick(time));
	wait = sooner(wait, pool_tick(time));
	return state == RUNNING ? wait : sooner(wait, server->ending(time));
}

static void happened(enum source source, unsigned index)
{
	if (source == FROM_HANDLER) {
		handler_ended(index);
		/* it may have freed what was missing */
		resume = resume || now.held;
	} else if (source == FROM_WORKER) {
		worker_ended(index);
	} else if (source == FROM_POOL) {
		pool_want_room(0);
		if (now.held)
			hand_on();
	}
}

/* Signals first: one that ends us must not find another client begun. The listener last: who has
 * ended must not count any more. */
static void handle(const struct epoll_event *events, int count)
{
	int readable = 0;

	for (int i = 0; i < count; i++)
		if (events[i].data.u64 >> 32 == FROM_SIGNALS)
			read_signals();
	for (int i = 0; i < count; i++) {
		enum source source = events[i].data.u64 >> 32;

		if (source == FROM_LISTENER)
			readable = 1;
		else
			happened(source, events[i].data.u64);
	}
	if (readable)
		server->readable();
}

_Noreturn void loop(void)
{
	struct epoll_event events[EVENTS];
	int polled = 1;

	for (;;) {
		int timeout = tick(), count, poll = server->can_serve();

		/* the listener is polled if, and only if, a client could be served */
		if (poll != polled)
			rewatch(listener, FROM_LISTENER, poll ? EPOLLIN : 0);
		polled = poll;
		count = epoll_wait(epoll, events, EVENTS, timeout);
		if (count < 0 && errno != EINTR)
			die(EXIT_TEMPORARY, "unable to wait for events:");
		handle(events, count);
	}
}

/* --- start --------------------------------------------------------------------------------- */

int server_options(int argc, char **argv)
{
	int letter;

	while ((letter = option(argc, argv, server->options, NULL)) != -1) {
		switch (letter) {
		case 'v': settings.verbosity = number("-v", optarg, UINT_MAX); break;
		case '1': ready_fd = 1; break;
		case 'n': ready_fd = number_option("-n"); break;
		case 'P': settings.no_lookup = 1; break;
		case 'p': settings.no_lookup = 0; break;
		case 'i': settings.hand_on = 1; break;
		case 'c': settings.max = number("-c", optarg, server->most_clients); break;
		case 'C': settings.user_max = number("-C", optarg, UINT_MAX); break;
		case 't': settings.deadline = number("-t", optarg, INT_MAX / 1000) * 1000; break;
		case 'w': settings.workers = number("-w", optarg, MOST_WORKERS); break;
		default: return letter;
		}
	}
	settings.prog = operands(argc, argv, 1);
	if (ready_fd >= 0 && fcntl(ready_fd, F_GETFD) < 0)
		die(EXIT_USAGE, "descriptor %d, to tell that we are ready, is not open", ready_fd);
	return -1;
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

void take_program(unsigned missing)
{
	settings.prog = gates_take(&gates, settings.prog,
				   missing | (settings.no_lookup ? GATE_PEER | GATE_CONNNUM : 0));
	take_identity();
	if (!settings.prog[0] || !*settings.prog[0])
		usage("no program to run");
}

/* The binder's word counts more than getsockname(2): see libipc/listen.c. */
static void find_local_path(void)
{
	static struct ipc_address address = { .length = sizeof address.sun };
	static char text[sizeof address.sun.sun_path + 2];

	settings.local = getenv("IPCLOCALPATH");
	if (settings.local)
		return;
	settings.local = "";
	if (!getsockname(0, (struct sockaddr *)&address.sun, &address.length) &&
	    address.sun.sun_family == AF_UNIX)
		settings.local = ipc_address_text(&address, text);
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

static void make_room(rlim_t files)
{
	extern char **environ;
	int count = 0;
	struct rlimit more;
	char *packet = malloc(PACKET_HEADER + FACTS_SIZE + settings.most_bytes);

	while (environ[count])
		count++;
	base = environ;
	envp = malloc((MOST_VARIABLES + count) * sizeof *envp);
	now.grant.env = (struct ipc_edits){ .text = malloc(GRANT_ENV_SIZE),
					    .size = GRANT_ENV_SIZE };
	if (!envp || !packet || !now.grant.env.text)
		die(EXIT_TEMPORARY, "unable to make room for a client:");
	now.facts = (struct ipc_edits){ .text = packet + PACKET_HEADER, .size = FACTS_SIZE };
	files += SPARE_FILES;
	if (getrlimit(RLIMIT_NOFILE, &settings.files) || settings.files.rlim_cur >= files)
		return;
	more = settings.files;
	more.rlim_cur = files < more.rlim_max ? files : more.rlim_max;
	settings.files_raised = !prlimit(0, RLIMIT_NOFILE, &more, NULL);
}

void prepare(rlim_t files)
{
	if (!settings.messages && ready_fd != 1)
		close(1);
	if (ready_fd > 2)
		fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
	settings.nothing = spawn_init(settings.hand_on);
	take_notify_socket();
	find_local_path();
	have_pidfds = spawn_has_pidfds();
	make_room(files);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		die(EXIT_TEMPORARY, "unable to watch descriptors:");
	catch_signals();
	handlers_init();
}

void begin(int fd)
{
	listener = fd;
	if (watch(fd, FROM_LISTENER, 0, EPOLLIN))
		die(EXIT_TEMPORARY, "unable to watch the socket:");
	if (ready_fd >= 0) {
		if (write(ready_fd, "\n", 1) < 0 && settings.verbosity)
			warn("unable to write to descriptor %d:", ready_fd);
		/* 0, 1 and 2 stay open, or a connection would land there */
		if (ready_fd > 2 || dup2(settings.nothing, ready_fd) < 0)
			close(ready_fd);
	}
	if (notify && ipc_notify(notify, "READY=1\n") && settings.verbosity)
		warn("unable to notify %s:", notify);
}
