/* SPDX-License-Identifier: ISC */
/* what serverd and dgramd have in common: judged clients, programs for them, and a loop */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "closer.h"
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
struct settings settings = { .verbosity = 1, .max = 40 };
struct counters counters;
struct gates gates;
struct now now;
int epoll = -1, have_pidfds;
enum state state;

static char **base;		/* the environment without the facts */
static int most_variables;	/* of one program */
static int listener, signals, ready_fd = -1;
static const char *notify;	/* $NOTIFY_SOCKET */
static int notify_fd = -1;	/* connected to it before root was dropped */
static long long resume;	/* ms of now_ms, 0: never */

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

/* Told for each change, not once: as long as a tracer has it, a process that has ended is not ours to
 * reap, and it becomes so later. */
pid_t watch_end(pid_t pid, int pidfd, enum source source, unsigned index)
{
	int error;

	if (!watch(pidfd, source, index, EPOLLIN | EPOLLET))
		return pid;
	error = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pidfd);
	return errno = error, -1;
}

void rewatch(int fd, enum source source, unsigned events)
{
	control(EPOLL_CTL_MOD, fd, source, 0, events);
}

/* --- one client ---------------------------------------------------------------------------- */

/* Does an episode begin of what was LAST seen then? Notes that it is seen now. */
static int begins(long long *last)
{
	long long time = now_ms(), before = *last;

	*last = time;
	return settings.verbosity && (!before || time - before > QUIET);
}

void trouble(const char *what)
{
	static long long last;

	if (begins(&last))
		warning("unable to %s, %s wait:", what, server->clients);
	resume = now_ms() + PAUSE;
}

void note_full(unsigned taken)
{
	static long long last;

	if (begins(&last))
		warning("%u of %u places are taken, %s wait", taken, settings.max, server->clients);
}

/* No other server's clients have these names, in this boot or another. */
void tell_about(unsigned long number)
{
	static char name[48];
	static long long start;
	struct timespec time;

	if (!settings.ids)
		return;
	if (!start) {
		clock_gettime(CLOCK_REALTIME, &time);
		start = time.tv_sec * 1000000LL + time.tv_nsec / 1000;
	}
	snprintf(name, sizeof name, "%llx-%lu", start, number);
	connection_name = number ? name : NULL;
}

void fact(const char *name, const char *value)
{
	ipc_edits_add(&now.facts, name, value);
}

static void fact_number(const char *name, int known, unsigned value, const char *unknown)
{
	char text[16];

	snprintf(text, sizeof text, "%u", value);
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
	if (connection_name)
		fact("IPCCONNID", connection_name);
}

/* The program of a rule replaces all that follows the gate. */
static char **program(void)
{
	return now.grant.prog ? now.grant.prog : settings.prog;
}

pid_t start_program(int fd)
{
	/* right behind the facts: the fewer pages are written, the less there is to copy */
	size_t pointer = sizeof(char *), end = PACKET_HEADER + now.facts.length;
	char **envp = (char **)(now.facts.text - PACKET_HEADER +
				(end + pointer - 1) / pointer * pointer);

	if (ipc_edits_merge(&now.facts, 1, base, envp, most_variables) < 0)
		return -1;
	return handler_start(fd, program(), envp, &now.client);
}

void finish(int served)
{
	if (now.fd >= 0 && served)
		close_shared(now.fd);
	else if (now.fd >= 0)
		close_client(now.fd, settings.packets);
	now.fd = -1;
	now.pidfd = close_failed(now.pidfd);
	now.held = 0;
}

static void try_to_hand_on(void)
{
	int pooled = settings.workers && !now.grant.prog;
	pid_t pid;

	now.held = 1;
	if (!pooled && handlers_full())
		return;
	pid = server->hand_on(pooled);
	if (pid >= 0) {
		if (clients_now() >= settings.max)
			note_full(clients_now());
		gates_allowed(&gates, &now.client, &now.grant, pid);
	} else if (pooled && errno == EAGAIN) {
		resume = 0;
		pool_want_room(1);
		return;
	} else {
		counters.spawn_failures++;
		if (spawn_may_recover(errno) || errno == ETOOMANYREFS || errno == ENOBUFS)
			return trouble(server->verb);
		if (settings.verbosity)
			warning(server->failure, *program());
	}
	finish(pid >= 0);
}

/* Others may have been told about since the client came. */
static void hand_on(void)
{
	tell_about(now.number);
	try_to_hand_on();
	tell_about(0);
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

/* TEXT is its own format: it has no '%', and its words and numbers are ours. */
static void tell(const char *text, ...)
{
	va_list none;

	va_start(none, text);
	vsay(applet_name, "info", text, none);
	va_end(none);
}

void status_line(char *text, size_t size, size_t n)
{
	for (int i = 0; i < gates.count && n < size; i++)
		n += snprintf(text + n, size - n, " denied-by-%s %lu", gates.list[i].name,
			      gates.list[i].denied);
	if (settings.workers && n < size)
		snprintf(text + n, size - n, " workers %u/%u restarts %lu clients %u", pool_live(),
			 settings.workers, counters.restarts, counters.given);
	tell(text);
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

/* Do what is due. Returns ms until the next thing is, -1 if nothing waits for time to pass. */
static int tick(void)
{
	int wait = refused_tick();
	long long time;

	if (!resume && !settings.deadline && !settings.silence && !settings.idle &&
	    !settings.workers && state == RUNNING)
		return wait;
	time = now_ms();
	if (resume && time >= resume) {
		resume = 0;
		if (now.held)
			hand_on();
	}
	if (resume)
		wait = sooner(wait, resume - time);
	wait = sooner(wait, handlers_tick(time));
	wait = sooner(wait, pool_tick(time));
	if (server->tick)
		wait = sooner(wait, server->tick(time));
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
		pool_hear();
		if (pool_want_room(0) && now.held)
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
		int timeout = tick(), count, poll;

		if (server->admit)
			server->admit();
		poll = server->can_serve();
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
		case 'N': settings.no_new_privs = 1; break;
		case 'c': settings.max = number("-c", optarg, server->most_clients); break;
		case 'C':
			settings.user_max = number("-C", optarg, UINT_MAX);
			settings.user_max_given = 1;
			break;
		case 't': settings.deadline = number("-t", optarg, INT_MAX / 1000) * 1000; break;
		case 'w': settings.workers = number("-w", optarg, MOST_WORKERS); break;
		case 'd':
		case 's': settings.silence = number("-d", optarg, INT_MAX); break;
		case 'I': settings.idle = number("-I", optarg, INT_MAX); break;
		default: return letter;
		}
	}
	settings.prog = operands(argc, argv, 1);
	if (ready_fd >= 0 && fcntl(ready_fd, F_GETFD) < 0)
		die(EXIT_USAGE, "descriptor %d, to tell that we are ready, is not open", ready_fd);
	return -1;
}

static uid_t own;

void set_limits(unsigned user_max)
{
	own = geteuid();
	settings.own_max = settings.max;
	if (!settings.user_max_given)
		settings.user_max = user_max;
	else if (settings.user_max < settings.max)
		settings.own_max = settings.user_max;
	if (settings.user_max > settings.max || settings.no_lookup)
		settings.user_max = settings.own_max = settings.max;
	/* of whom nobody knows who it is, nobody is preferred */
	if (settings.max > 1 && !settings.no_lookup)
		settings.kept = (settings.max + 7) / 8;
}

static int is_preferred(uid_t uid)
{
	return !uid || uid == own;
}

unsigned limit_of(uid_t uid)
{
	return is_preferred(uid) ? settings.own_max : settings.user_max;
}

int has_place(uid_t uid, unsigned taken)
{
	return taken < settings.max - (is_preferred(uid) ? 0 : settings.kept);
}

/* Changes that come next are the same for each client, so they are read once, too, and a few system
 * calls are left of them for a handler. */
static void take_changes(void)
{
	char **rest;

	while (ENABLED(CONFIG_SERVER_GATES) && settings.changes_count < MOST_CHANGES &&
	       (rest = chain_prepare(settings.prog, &settings.changes[settings.changes_count]))) {
		settings.prog = rest;
		settings.changes_count++;
	}
}

void take_program(unsigned missing)
{
	settings.prog = gates_take(&gates, settings.prog,
				   missing | (settings.no_lookup ? GATE_PEER | GATE_CONNNUM : 0));
	take_changes();
	if (!settings.prog[0] || !*settings.prog[0])
		usage("no program to run");
	chain_check(settings.prog[0], settings.verbosity > 0);
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
	const char *name = getenv("NOTIFY_SOCKET"), *fd = getenv("IPCNOTIFYFD");

	if (fd)
		notify_fd = own_fd(number("IPCNOTIFYFD", fd, INT_MAX));
	if (name)
		notify = strdup(name);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("IPCNOTIFYFD");
}

static int tell_ready(void)
{
	static const char ready[] = "READY=1\n";

	if (notify_fd < 0)
		return ipc_notify(notify, ready);
	return send(notify_fd, ready, sizeof ready - 1, MSG_NOSIGNAL) < 0 ? -1 : close(notify_fd);
}

static void make_room(void)
{
	extern char **environ;
	char *packet;
	size_t behind;

	facts_forget();
	base = environ;
	for (most_variables = MOST_VARIABLES; environ[most_variables - MOST_VARIABLES];)
		most_variables++;
	/* a message, or an environment */
	behind = (most_variables + 1) * sizeof *base;
	if (behind < settings.most_bytes)
		behind = settings.most_bytes;
	packet = malloc(PACKET_HEADER + FACTS_SIZE + behind);
	now.grant.env = (struct ipc_edits){ .text = spawn_memory(GRANT_ENV_SIZE),
					    .size = GRANT_ENV_SIZE };
	if (!packet || !now.grant.env.text)
		die(EXIT_TEMPORARY, "unable to make room for a client:");
	now.facts = (struct ipc_edits){ .text = packet + PACKET_HEADER, .size = FACTS_SIZE };
}

/* Returns how many more than FILES we may have, at most ROOM. */
static unsigned raise_files(rlim_t files, rlim_t room)
{
	struct rlimit more;

	files += SPARE_FILES;
	if (getrlimit(RLIMIT_NOFILE, &settings.files))
		return 0;
	more = settings.files;
	/* each handler has to be given the old limit, so not without need */
	if (more.rlim_cur < files + (room < files ? room : files)) {
		more.rlim_cur = files + room < more.rlim_max ? files + room : more.rlim_max;
		settings.files_raised = !prlimit(0, RLIMIT_NOFILE, &more, NULL);
		if (!settings.files_raised)
			more = settings.files;
	}
	if (more.rlim_cur <= files)
		return 0;
	return more.rlim_cur - files < room ? more.rlim_cur - files : room;
}

unsigned prepare(rlim_t files, rlim_t room)
{
	own_keyring();
	no_core();
	if (settings.no_new_privs)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!settings.messages && ready_fd != 1)
		close(1);
	if (ready_fd > 2)
		fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
	take_notify_socket();
	settings.nothing = spawn_init(settings.hand_on);
	now.fd = now.pidfd = -1;
	/* what this server is a client of is not what its own clients are */
	settings.ids = log_has_ids();
	unsetenv("IPCCONNID");
	unsetenv("IPCRULE");
	find_local_path();
	have_pidfds = spawn_has_pidfds();
	make_room();
	room = raise_files(files, room);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		die(EXIT_TEMPORARY, "unable to watch descriptors:");
	catch_signals();
	handlers_init();
	return room;
}

void begin(int fd)
{
	listener = fd;
	if (watch(fd, FROM_LISTENER, 0, EPOLLIN))
		die(EXIT_TEMPORARY, "unable to watch the socket:");
	if (ready_fd >= 0) {
		if (write(ready_fd, "\n", 1) < 0 && settings.verbosity)
			warning("unable to write to descriptor %d:", ready_fd);
		/* 0, 1 and 2 stay open, or a connection would land there */
		if (ready_fd > 2 || dup2(settings.nothing, ready_fd) < 0)
			close(ready_fd);
	}
	if (notify && tell_ready() && settings.verbosity)
		warning("unable to notify %s:", notify);
}
