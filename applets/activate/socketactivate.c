/* socketactivate: start a program when its first client comes
 *
 * SPDX-License-Identifier: ISC

config SOCKETACTIVATE
	bool "ipcsocketactivate"
	default y
	help
	  usage: ipcsocketactivate [-l ADDRESS]... [-d | --seqpacket] [-a] [--inetd] [--fdname NAMES]
	         [-E NAME[=VALUE]]... [--now] [--idle SECONDS] [--mode MODE] [--owner OWNER[:GROUP]] PROG...

	  Listen on every ADDRESS and run PROG, which gets the sockets, when the first client
	  comes. The command line is that of systemd-socket-activate.

	  -l ADDRESS         listen on a path from the root, "@NAME" for an abstract socket, PORT,
	                     1.2.3.4:PORT or [::1]:PORT; also --listen. Directories of a path are
	                     made
	  -d                 datagram sockets; also --datagram. Otherwise they are stream sockets
	  --seqpacket        seqpacket sockets
	  -a                 run PROG for each connection and give it that; also --accept
	  --inetd            give PROG its only socket as descriptors 0 and 1
	  --fdname NAMES     names for LISTEN_FDNAMES, with ":" between two, one for each socket; a
	                     single name is for all of them. Those that are left are "unknown",
	                     superfluous ones are ignored
	  -E NAME            set this variable for PROG to what it is here; also --setenv
	  -E NAME=VALUE      set it to VALUE
	  --now              do not wait for a client
	  --idle SECONDS     stay, and end PROG with SIGTERM when it has had no connection for
	                     SECONDS; 0: only when it ends by itself. The sockets stay open here,
	                     and the next client starts PROG again: after a growing delay if PROG
	                     failed, or again and again ends at once while a client waits.
	                     A datagram socket has no connections; only datagrams that nobody has
	                     read count
	  --mode MODE        permissions of the files, octal; default 0644
	  --owner OWNER      owner and group of the files, by name or number
	  -h                 print this
	  --version          print the version

	  Sockets that we have been given with LISTEN_FDS go to PROG, too, and come first.

	  Environment of PROG, which gets nothing else but PATH, HOME, USER and TERM:
	  LISTEN_FDS      the number of sockets; they are at 3, 4 and so on
	  LISTEN_PID      the number of PROG
	  LISTEN_FDNAMES  their names, with ":" between two, if they have names

	  Signals with --idle:
	  TERM  goes to PROG; exit 0 when it has ended. INT does the same
	  HUP   goes to PROG

	  Exit status:
	  0      told to end
	  100    wrong usage
	  111    an address is taken, or a system call failed
	  126    PROG cannot be executed
	  127    there is no PROG
	  other  that of PROG, without -a and --idle
*/
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../local/bind.h"
#include "connections.h"
#include "handover.h"
#include "sockets.h"

enum { SOCKETS_MAX = 64, PAUSE_MS = 1000 };
enum { QUICK_MS = 1000, QUICK_ENDS = 20, BRAKE_MS = 1000, BRAKE_MAX_MS = 60000 };
enum { NOT_IDLE = -1 };

/* what PROG gets whatever -E says */
static char *const kept[] = { "PATH", "HOME", "USER", "TERM" };

enum { KEPT = sizeof kept / sizeof *kept };

struct activation {
	struct opening openings[SOCKETS_MAX];
	int count_openings;
	struct opening how;	/* for all of them */
	struct handed fds[SOCKETS_MAX];
	int count;
	const char *names[SOCKETS_MAX];
	int count_names;
	char **settings;	/* NAME or NAME=VALUE; the first are those of kept */
	int count_settings;
	int accept, inetd, now, idle;
	char **prog;
	sigset_t before;	/* signal mask */
	int signals;		/* signalfd */
};

/* --- options ---------------------------------------------------------------------------- */

static void add_address(struct activation *activation, const char *address)
{
	if (*address != '/' && *address != '@' && !is_inet(address))
		usage("not an address: %s", address);
	if (activation->count_openings == SOCKETS_MAX)
		usage("more than %d addresses", SOCKETS_MAX);
	activation->openings[activation->count_openings++].address = address;
}

static void set_type(struct activation *activation, int type)
{
	if (activation->how.how.type && activation->how.how.type != type)
		usage("--datagram and --seqpacket exclude each other");
	activation->how.how.type = type;
}

/* Each option may have several, and they add up. */
static void add_names(struct activation *activation, char *list)
{
	int have = activation->count_names;

	have += split_names(list, activation->names + have, SOCKETS_MAX - have);
	activation->count_names = have < SOCKETS_MAX ? have : SOCKETS_MAX;
}

static _Noreturn void answer(const char *text)
{
	print(text);
	print_end();
	exit(0);
}

enum { SEQPACKET = 1, INETD, FDNAME, NOW, IDLE, MODE, OWNER, VERSION_OPTION };

static void parse_option(struct activation *activation, int letter)
{
	switch (letter) {
	case 'l': add_address(activation, optarg); break;
	case 'd': set_type(activation, SOCK_DGRAM); break;
	case SEQPACKET: set_type(activation, SOCK_SEQPACKET); break;
	case 'a': activation->accept = 1; break;
	case INETD: activation->inetd = 1; break;
	case FDNAME: add_names(activation, optarg); break;
	case 'E': activation->settings[activation->count_settings++] = optarg; break;
	case NOW: activation->now = 1; break;
	case IDLE: activation->idle = number("--idle", optarg, INT_MAX / 1000); break;
	case MODE: activation->how.how.mode = octal("--mode", optarg); break;
	case OWNER: bind_owner(&activation->how.how, "--owner", optarg); break;
	case 'h': answer(applet_help());
	case VERSION_OPTION: answer("ipcbox " VERSION "\n");
	}
}

/* those without a short name have a letter that nobody types */
static const char longs[] =
	"l" "listen\0"
	"d" "datagram\0"
	"\1" "seqpacket\0"
	"a" "accept\0"
	"\2" "inetd\0"
	"\3" "fdname\0"
	"E" "setenv\0"
	"\4" "now\0"
	"\5" "idle\0"
	"\6" "mode\0"
	"\7" "owner\0"
	"h" "help\0"
	"\10" "version\0";

static void parse(int argc, char **argv, struct activation *activation)
{
	int letter;

	activation->settings = malloc(sizeof kept + argc * sizeof *activation->settings);
	if (!activation->settings)
		die(EXIT_TEMPORARY, "unable to note the options:");
	memcpy(activation->settings, kept, sizeof kept);
	activation->count_settings = KEPT;
	while ((letter = option(argc, argv, "l:daE:h\1\2\3:\4\5:\6:\7:\10", longs)) != -1)
		parse_option(activation, letter);
	activation->prog = operands(argc, argv, 1);
	if (!activation->how.how.type)
		activation->how.how.type = SOCK_STREAM;
	if (activation->accept && activation->how.how.type == SOCK_DGRAM)
		usage("--accept is for connections, which --datagram has not");
	if (activation->accept && (activation->now || activation->idle != NOT_IDLE))
		usage("--accept excludes --now and --idle");
}

/* --- sockets ---------------------------------------------------------------------------- */

static void make_directories(const char *path)
{
	char part[4096];

	if (*path != '/' || ipc_format(part, sizeof part, "%s", path) >= sizeof part)
		return;
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(part, 0755);
		*slash = '/';
	}
}

static void open_all(struct activation *activation)
{
	struct ipc_listen_source source = { .conventions = 1u << IPC_FDS_LISTEN };
	int given = take_handed(&source, activation->fds, SOCKETS_MAX, NULL);
	int count = given + activation->count_openings;

	if (count > SOCKETS_MAX)
		usage("more than %d sockets", SOCKETS_MAX);
	if (!count)
		usage("no address to listen on");
	if (activation->inetd && !activation->accept && count > 1)
		usage("--inetd is for one socket");
	for (int i = 0; i < given; i++)
		own_fd(activation->fds[i].fd);
	for (int i = given; i < count; i++) {
		struct opening *opening = &activation->openings[i - given];
		const char *address = opening->address;

		*opening = activation->how;
		opening->address = address;
		opening->kind = *address == '/' || *address == '@' ? SOCKET_UNIX : SOCKET_INET;
		/* what is PROG's is as it expects it; what is ours must not make us wait */
		opening->nonblock = activation->accept;
		make_directories(address);
		activation->fds[i].name = unknown;
	}
	open_sockets(activation->openings, count - given, activation->fds + given);
	for (int i = given; i < count; i++)
		info("Listening on %s as %d.", activation->openings[i - given].address, 3 + i);
	activation->count = count;
}

static void name_sockets(struct activation *activation)
{
	for (int i = 0; i < activation->count; i++) {
		const char *name = activation->names[activation->count_names == 1 ? 0 : i];

		if (activation->count_names && name)
			activation->fds[i].name = name;
	}
}

/* --- PROG ------------------------------------------------------------------------------- */

static void set_environment(const struct activation *activation)
{
	const char **values = calloc(activation->count_settings, sizeof *values);

	if (!values)
		die(EXIT_TEMPORARY, "unable to change the environment:");
	for (int i = 0; i < activation->count_settings; i++) {
		char *equals = strchr(activation->settings[i], '=');

		values[i] = equals ? equals + 1 : getenv(activation->settings[i]);
		if (equals)
			*equals = 0;
		if (!values[i] && i >= KEPT)
			values[i] = "";
	}
	clearenv();
	for (int i = 0; i < activation->count_settings; i++)
		if (values[i])
			set_variable(activation->settings[i], values[i]);
	free(values);
}

static _Noreturn void run(const struct activation *activation, const struct handed *fds, int count)
{
	extern char **environ;

	set_environment(activation);
	if (activation->inetd) {
		copy_fd(fds->fd, 0);
		copy_fd(fds->fd, 1);
	} else {
		hand_over(IPC_FDS_LISTEN, NULL, fds, count);
	}
	exec_next(activation->prog, environ);
	die(errno == ENOENT ? EXIT_NOTFOUND : EXIT_NOEXEC, "unable to exec %s:",
	    activation->prog[0]);
}

/* Returns its number, -1 if there is no process to be had. */
static pid_t start(const struct activation *activation, const struct handed *fds, int count)
{
	pid_t pid = fork();

	if (!pid) {
		sigprocmask(SIG_SETMASK, &activation->before, NULL);
		run(activation, fds, count);
	}
	if (pid > 0)
		info("Spawned %s as PID %d.", activation->prog[0], (int)pid);
	return pid;
}

static void say_died(pid_t pid, int status)
{
	info("Child %d died with %s %d", (int)pid, WIFEXITED(status) ? "code" : "signal",
	     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* --- waiting ---------------------------------------------------------------------------- */

static void catch_signals(struct activation *activation)
{
	static const char caught[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, 0 };

	/* ignored, it would reap our children */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, NULL, &activation->before);
	activation->signals = open_signals(caught, 0);
}

/* Wait for a signal or, if CLIENTS is set, a client. Returns whether there is a client; *AT then
 * is where, from *AT on and around. */
static int wait_for(const struct activation *activation, int clients, int timeout, int *at)
{
	struct pollfd polled[SOCKETS_MAX + 1];
	int count = clients ? activation->count : 0;

	for (int i = 0; i < count; i++)
		polled[i] = (struct pollfd){ activation->fds[i].fd, POLLIN, 0 };
	polled[count] = (struct pollfd){ activation->signals, POLLIN, 0 };
	while (poll(polled, count + 1, timeout) < 0)
		if (errno != EINTR)
			die(EXIT_TEMPORARY, "unable to wait for a client:");
	for (int i = 0; i < count; i++) {
		int here = (*at + i) % count;

		if (!polled[here].revents)
			continue;
		*at = here;
		return 1;
	}
	return 0;
}

/* Exits if it is told to. */
static void take_signals(const struct activation *activation)
{
	int signal;

	while ((signal = next_signal(activation->signals)))
		if (signal == SIGTERM || signal == SIGINT)
			exit(0);
}

/* Wait for a client, or for the end of DELAY first. */
static void wait_armed(const struct activation *activation, long long delay)
{
	long long until = now_ms() + delay;
	int at = 0, client;

	do {
		long long left = until - now_ms();

		client = wait_for(activation, left <= 0, left > 0 ? left : -1, &at);
		take_signals(activation);
	} while (!client);
	info("Communication attempt on fd %d.", 3 + at);
}

static _Noreturn void accept_all(struct activation *activation)
{
	int at = 0, timeout = -1, status;

	catch_signals(activation);
	for (;; at++) {
		int client = wait_for(activation, timeout < 0, timeout, &at);
		struct handed handed = { .name = activation->fds[at % activation->count].name };
		pid_t pid;

		take_signals(activation);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			say_died(pid, status);
		timeout = -1;
		if (!client)
			continue;
		handed.fd = accept4(activation->fds[at].fd, NULL, NULL, SOCK_CLOEXEC);
		/* it went away, or another process was faster */
		if (handed.fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
			continue;
		pid = handed.fd < 0 ? -1 : start(activation, &handed, 1);
		if (pid < 0) {
			warn("unable to serve a client:");
			timeout = PAUSE_MS;
		}
		if (handed.fd >= 0)
			close(handed.fd);
	}
}

/* --- PROG that comes and goes ------------------------------------------------------------- */

/* Does PROG have something to do? */
static int is_busy(const struct activation *activation)
{
	int at = 0, listens;
	socklen_t length = sizeof listens;

	if (wait_for(activation, 1, 0, &at))
		return 1;
	for (int i = 0; i < activation->count; i++)
		if (!getsockopt(activation->fds[i].fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) &&
		    listens && has_connections(activation->fds[i].fd))
			return 1;
	return 0;
}

/* How often to look: a quarter of the time, but neither all the time nor hardly ever. */
static int interval(const struct activation *activation)
{
	long long quarter = activation->idle * 250LL;

	if (!activation->idle)
		return -1;
	return quarter > 10000 ? 10000 : quarter;
}

/* Keep PID company until it ends. Returns how it did, as waitpid(2); *STOP is set if we shall. */
static int supervise(const struct activation *activation, pid_t pid, int *stop)
{
	long long last = now_ms();
	int at = 0, status, signal;

	for (;;) {
		wait_for(activation, 0, interval(activation), &at);
		while ((signal = next_signal(activation->signals))) {
			if (signal == SIGCHLD)
				continue;
			*stop |= signal != SIGHUP;
			kill(pid, signal);
		}
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		if (!activation->idle || is_busy(activation)) {
			last = now_ms();
		} else if (now_ms() - last >= activation->idle * 1000LL) {
			info("idle for %d seconds, ending PID %d", activation->idle, (int)pid);
			kill(pid, SIGTERM);
			last = now_ms();
		}
	}
}

/* How long not to start PROG again, which ran for TIME and ended with STATUS. */
static int brake(const struct activation *activation, int status, long long time, int delay,
		 int *quick_ends)
{
	/* the end that we asked for is none of its own */
	int ended = activation->idle && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, at = 0;

	if (!status || ended) {
		/* one client at a time is a way to serve, too, if there is an end of it */
		if (time >= QUICK_MS || !wait_for(activation, 1, 0, &at))
			*quick_ends = 0;
		else
			++*quick_ends;
		if (*quick_ends < QUICK_ENDS)
			return 0;
	}
	delay = !delay ? BRAKE_MS : 2 * delay < BRAKE_MAX_MS ? 2 * delay : BRAKE_MAX_MS;
	warn("%s does not serve its clients, not started for %d ms", activation->prog[0], delay);
	return delay;
}

static _Noreturn void come_and_go(struct activation *activation)
{
	int stop = 0, delay = 0, wait = !activation->now, quick_ends = 0;

	catch_signals(activation);
	for (;; wait = 1) {
		long long since;
		int status;
		pid_t pid;

		if (wait)
			wait_armed(activation, delay);
		since = now_ms();
		pid = start(activation, activation->fds, activation->count);
		if (pid < 0) {
			warn("unable to start %s:", activation->prog[0]);
			delay = PAUSE_MS;
			continue;
		}
		status = supervise(activation, pid, &stop);
		say_died(pid, status);
		if (stop)
			exit(0);
		if (WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_NOEXEC ||
					  WEXITSTATUS(status) == EXIT_NOTFOUND))
			exit(WEXITSTATUS(status));
		delay = brake(activation, status, now_ms() - since, delay, &quick_ends);
	}
}

TOOL(socketactivate, "systemd-socket-activate")
{
	struct activation activation = {
		.how.how = { .mode = 0644, .flags = IPC_LISTEN_MODE },
		.idle = NOT_IDLE,
		.signals = -1,
	};

	parse(argc, argv, &activation);
	open_all(&activation);
	name_sockets(&activation);
	if (activation.accept)
		accept_all(&activation);
	if (activation.idle != NOT_IDLE)
		come_and_go(&activation);
	if (!activation.now)
		wait_armed(&activation, 0);
	run(&activation, activation.fds, activation.count);
}
