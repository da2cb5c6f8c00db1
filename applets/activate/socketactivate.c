/* socketactivate: start a program when its first client comes
 *
 * SPDX-License-Identifier: ISC

config SOCKETACTIVATE
	bool "ipcsocketactivate"
	default y
	help
	  usage: ipcsocketactivate [-l ADDRESS]... [-d | --seqpacket] [-a] [--max MAX] [--inetd]
	         [--fdname NAMES] [-E NAME[=VALUE]]... [--now] [--idle SECONDS] [--mode MODE]
	         [--owner OWNER[:GROUP]] PROG...

	  Listen on every ADDRESS and run PROG, which gets the sockets, when the first client
	  comes. The command line is that of systemd-socket-activate.

	  -l ADDRESS         listen on a path from the root, "@NAME" for an abstract socket, PORT,
	                     1.2.3.4:PORT, [::1]:PORT or vsock:CID:PORT, where no CID means every
	                     one; also --listen. Directories of a path are made
	  -d                 datagram sockets; also --datagram. Otherwise they are stream sockets
	  --seqpacket        seqpacket sockets
	  -a                 run PROG for each connection and give it that; also --accept. When
	                     we end, these get SIGTERM. With NOTIFY_SOCKET set, READY=1 is sent to
	                     it
	  --max MAX          with -a, at most MAX of them at a time, the other clients wait;
	                     default 64
	  --inetd            give PROG its only socket as descriptors 0 and 1
	  --fdname NAMES     names for LISTEN_FDNAMES, with ":" between two, one for each socket; a
	                     single name is for all of them. Those that are left are "unknown",
	                     superfluous ones are ignored
	  -E NAME            set this variable for PROG to what it is here; also --setenv and
	                     --environment
	  -E NAME=VALUE      set it to VALUE
	  --now              do not wait for a client
	  --idle SECONDS     stay, and end PROG and its process group with SIGTERM when for SECONDS
	                     no client or datagram has come and no connection was open; 0: only
	                     when it ends by itself. The sockets stay open here, and the next client
	                     starts PROG again: after a growing delay if PROG failed, or again and
	                     again ends at once while a client waits. No client is lost by the end:
	                     PROG stands still (SIGSTOP) from the last look to its SIGTERM
	  --mode MODE        permissions of the files, octal; default 0644
	  --owner OWNER      owner and group of the files, by name or number
	  -h                 print this
	  --version          print the version

	  Sockets that we have been given with LISTEN_FDS go to PROG, too, and come first; other
	  descriptors over 2 do not. Long options can be abbreviated.

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
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bind.h"
#include "closer.h"
#include "handover.h"
#include "idle.h"
#include "kernel.h"
#include "sockets.h"

enum { SOCKETS_MAX = 64, PAUSE_MS = 1000 };
enum { QUICK_MS = 1000, QUICK_ENDS = 20, BRAKE_MS = 1000, BRAKE_MAX_MS = 60000 };
enum { NOT_IDLE = -1 };
enum { QUIET_MS = 5000 };	/* without a full house, which end an episode of it */

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
	unsigned max;		/* connections at a time */
	char **prog;
	sigset_t before;	/* signal mask */
	int signals;		/* signalfd */
};

/* --- options ---------------------------------------------------------------------------- */

static void add_address(struct activation *activation, const char *address)
{
	if (*address != '/' && *address != '@' && !is_inet(address))
		usage("not an address, a path begins with /: %s", address);
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
	fputs(text, stdout);
	flush_output();
	exit(0);
}

/* options that have no letter */
enum { SEQPACKET = 1000, MAX, INETD, FDNAME, NOW, IDLE, MODE, OWNER, VERSION_OPTION };

static void parse_option(struct activation *activation, int letter)
{
	switch (letter) {
	case 'l': add_address(activation, optarg); break;
	case 'd': set_type(activation, SOCK_DGRAM); break;
	case SEQPACKET: set_type(activation, SOCK_SEQPACKET); break;
	case 'a': activation->accept = 1; break;
	case MAX: activation->max = number("--max", optarg, INT_MAX); break;
	case INETD: activation->inetd = 1; break;
	case FDNAME: add_names(activation, optarg); break;
	case 'E': activation->settings[activation->count_settings++] = optarg; break;
	case NOW: activation->now = 1; break;
	case IDLE: activation->idle = number("--idle", optarg, INT_MAX / 1000); break;
	case MODE: activation->how.how.mode = octal("--mode", optarg); break;
	case OWNER: bind_owner(&activation->how.how, "--owner", optarg); break;
	case 'h': print_help();
	case VERSION_OPTION:
		answer(strncmp(applet_name, "systemd", 7) ? "ipcbox " VERSION "\n"
							  : "systemd 252 (ipcbox " VERSION ")\n");
	}
}

static const struct option longs[] = {
	{ "listen", required_argument, NULL, 'l' },
	{ "datagram", no_argument, NULL, 'd' },
	{ "seqpacket", no_argument, NULL, SEQPACKET },
	{ "accept", no_argument, NULL, 'a' },
	{ "max", required_argument, NULL, MAX },
	{ "inetd", no_argument, NULL, INETD },
	{ "i", no_argument, NULL, INETD },	/* an abbreviation that --idle must not spoil */
	{ "fdname", required_argument, NULL, FDNAME },
	{ "setenv", required_argument, NULL, 'E' },
	{ "environment", required_argument, NULL, 'E' },
	{ "now", no_argument, NULL, NOW },
	{ "idle", required_argument, NULL, IDLE },
	{ "mode", required_argument, NULL, MODE },
	{ "owner", required_argument, NULL, OWNER },
	{ "version", no_argument, NULL, VERSION_OPTION },
	{ 0 }
};

static void parse(int argc, char **argv, struct activation *activation)
{
	int letter;

	activation->settings = malloc(sizeof kept + argc * sizeof *activation->settings);
	if (!activation->settings)
		die(EXIT_TEMPORARY, "unable to note the options:");
	memcpy(activation->settings, kept, sizeof kept);
	activation->count_settings = KEPT;
	while ((letter = option(argc, argv, "l:daE:h", longs)) != -1)
		parse_option(activation, letter);
	activation->prog = operands(argc, argv, 1);
	if (!activation->how.how.type)
		activation->how.how.type = SOCK_STREAM;
	if (activation->accept && activation->how.how.type == SOCK_DGRAM)
		usage("--accept is for connections, which --datagram has not");
	if (!activation->max)
		usage("--max must be at least 1");
	if (activation->accept && (activation->now || activation->idle != NOT_IDLE))
		usage("--accept excludes --now and --idle");
}

/* --- sockets ---------------------------------------------------------------------------- */

static void open_all(struct activation *activation)
{
	struct ipc_listen_source source = { .conventions = 1u << IPC_FDS_LISTEN };
	int given = take_handed(&source, activation->fds, SOCKETS_MAX, NULL);
	int count = given + activation->count_openings;
	mode_t mask = umask(0);

	umask(mask);
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
		opening->directories = (0755 & ~mask) | 010000;
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

/* What we have been given and do not hand over ends with us, as in systemd-socket-activate. */
static void keep_strays(void)
{
	enum { CLOSE_ON_EXEC = 4 };	/* of <linux/close_range.h> */

	if (!syscall(SYS_close_range, 3, INT_MAX, CLOSE_ON_EXEC))
		return;
	/* before 5.11 */
	for (int fd = sysconf(_SC_OPEN_MAX); --fd > 2;)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static _Noreturn void run(const struct activation *activation, const struct handed *fds, int count)
{
	extern char **environ;

	set_environment(activation);
	keep_strays();
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
	pid_t us = getpid(), pid = fork();

	/* a group of its own, which can stand still and end as a whole; whoever is first */
	if (pid >= 0 && activation->idle != NOT_IDLE)
		setpgid(pid, 0);
	if (!pid) {
		/* as there; we may be gone already */
		if (activation->accept && (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != us))
			_exit(EXIT_TEMPORARY);
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

/* Tell whoever supervises us. Only with --accept: otherwise it is PROG that is ready or not. */
static void tell(const char *message)
{
	const char *notify = getenv("NOTIFY_SOCKET");

	if (notify && ipc_notify(notify, message))
		warning("unable to notify %s:", notify);
}

/* Exits if it is told to. */
static void take_signals(const struct activation *activation)
{
	int signal;

	while ((signal = next_signal(activation->signals)))
		if (signal == SIGTERM || signal == SIGINT) {
			if (activation->accept)
				tell("STOPPING=1\n");
			exit(0);
		}
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

/* One more runs. One line for an episode in which there is no place for another. */
static void say_full(const struct activation *activation, unsigned running)
{
	static long long last;

	if (running < activation->max)
		return;
	if (!last || now_ms() - last > QUIET_MS)
		warning("all %u places are taken, clients wait", activation->max);
	last = now_ms();
}

static _Noreturn void accept_all(struct activation *activation)
{
	int at = 0, timeout = -1, status;
	unsigned running = 0;

	catch_signals(activation);
	tell("READY=1\n");
	for (;; at++) {
		int room = running < activation->max;
		int client = wait_for(activation, room && timeout < 0, timeout, &at);
		struct handed handed = { .name = activation->fds[at % activation->count].name };
		pid_t pid;

		take_signals(activation);
		for (; (pid = waitpid(-1, &status, WNOHANG)) > 0; running--)
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
			warning("unable to serve a client:");
			timeout = PAUSE_MS;
		} else {
			say_full(activation, ++running);
		}
		if (pid > 0)
			close_shared(handed.fd);
		else if (handed.fd >= 0)
			close_client(handed.fd, activation->how.how.type != SOCK_STREAM);
	}
}

/* --- PROG that comes and goes ------------------------------------------------------------- */

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
	long long quiet = 0;	/* since when, by our looks; 0 if it is not */
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
		if (!activation->idle || is_busy(activation->fds, activation->count)) {
			quiet = 0;
		} else if (!quiet) {
			quiet = now_ms();
		} else if (now_ms() - quiet >= activation->idle * 1000LL) {
			if (end_if_idle(pid, activation->fds, activation->count))
				info("idle for %d seconds, ending PID %d", activation->idle,
				     (int)pid);
			quiet = 0;
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
	warning("%s does not serve its clients, not started for %d ms", activation->prog[0], delay);
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
		if (activation->idle)
			is_busy(activation->fds, activation->count);
		since = now_ms();
		pid = start(activation, activation->fds, activation->count);
		if (pid < 0) {
			warning("unable to start %s:", activation->prog[0]);
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
	static struct activation activation;	/* too big for the stack */

	activation.how.how.mode = 0644;
	activation.how.how.flags = IPC_LISTEN_MODE;
	activation.idle = NOT_IDLE;
	activation.max = 64;
	activation.signals = -1;
	parse(argc, argv, &activation);
	open_all(&activation);
	own_keyring();
	name_sockets(&activation);
	if (activation.accept)
		accept_all(&activation);
	if (activation.idle != NOT_IDLE)
		come_and_go(&activation);
	if (!activation.now)
		wait_armed(&activation, 0);
	run(&activation, activation.fds, activation.count);
}
