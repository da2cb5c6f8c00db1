/* notifysock: run a program that tells readiness to NOTIFY_SOCKET under a supervisor that wants a newline
 *
 * SPDX-License-Identifier: ISC

config NOTIFYSOCK
	bool "ipcnotifysock"
	default y
	help
	  usage: ipcnotifysock [-3 FD] [-t MS] [-f] [-v] [-x COMMAND] PROG...

	  Run PROG with a socket in NOTIFY_SOCKET, as sd_notify(3) wants it. As soon as PROG says
	  READY=1 there, write a newline to descriptor FD, which PROG does not get.

	  A process beside PROG listens as long as PROG lives, and ends with it. It is no child of
	  PROG.

	  -3 FD  the descriptor; the default is in the file notification-fd
	  -t MS  PROG must be ready within MS milliseconds; default 0, no limit
	  -f     let the process beside PROG be a child of PROG
	  -v     log what PROG says
	  -x COMMAND
	         run COMMAND when something changes, and wait for it

	  Long options are --notification-fd=FD, --timeout=MS, --no-doublefork for -f, and
	  --doublefork, the default.

	  A message counts if it comes, by the kernel's word, from PROG or a process below it, from
	  the user whom PROG runs as, from ours, or from root.

	  Understood are:
	  READY=1                 PROG is ready, for the first time or after a reload
	  RELOADING=1             it reloads its configuration
	  STOPPING=1              it is about to end
	  STATUS=TEXT             what it is doing
	  MAINPID=N               process N is PROG from now on
	  EXTEND_TIMEOUT_USEC=N   it wants until N microseconds from now to get ready
	  WATCHDOG=1              it is alive
	  BARRIER=1               the descriptor that comes along is closed when all that was sent
	                          before is done

	  COMMAND is run with one of: ready, reloading, stopping, "status" TEXT, "mainpid" N, ended.

	  Environment:
	  NOTIFY_SOCKET  set to the name of the socket

	  Exit status of the process beside PROG:
	  0    PROG has been ready, and has ended
	  1    PROG has ended without being ready
	  99   time is up
	  111  a system call failed
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../local/spawn.h"
#include "watcher.h"

enum {
	PIDFD_OPEN = 434,
	LOOK_EACH = 500,	/* ms, whether PROG is alive, where there are no pidfds */
	MOST_DEPTH = 64,	/* how far below PROG a process may be */
	BURST = 1000		/* messages before the time is looked at: anybody may send some */
};

static struct {
	int fd, timeout, single, verbose;
	char *command;
} how = { .fd = -1 };

static struct {
	int socket, tell, pidfd;	/* -1: told already; there are no pidfds */
	pid_t prog;
	long long end;
	int ready, refused;
} now;

/* --- who may speak ------------------------------------------------------------------------- */

/* The number in TEXT after blanks; *TEXT is moved behind it. */
static unsigned next_number(const char **text)
{
	unsigned value = 0;

	*text += strspn(*text, " \t");
	for (; **text >= '0' && **text <= '9'; ++*text)
		value = value * 10 + **text - '0';
	return value;
}

/* The parent and the effective user of a process, by /proc. */
static int look_up(pid_t pid, pid_t *parent, uid_t *uid)
{
	char text[2048], *rest = text;
	const char *line;
	int found = 0;

	proc_text(pid, "status", text, sizeof text);
	while ((line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "PPid:", 5)) {
			line += 5;
			*parent = next_number(&line);
			found |= 1;
		} else if (!strncmp(line, "Uid:", 4)) {
			line += 4;
			next_number(&line);
			*uid = next_number(&line);
			found |= 2;
		}
	}
	return found == 3 ? 0 : -1;
}

static int is_below(pid_t pid)
{
	uid_t uid;

	for (int depth = 0; pid > 1 && depth < MOST_DEPTH; depth++)
		if (pid == now.prog)
			return 1;
		else if (look_up(pid, &pid, &uid))
			return 0;
	return 0;
}

static int may_speak(pid_t pid, uid_t uid)
{
	uid_t owner;
	pid_t parent;

	return pid == now.prog || !uid || uid == geteuid() ||
	       (!look_up(now.prog, &parent, &owner) && uid == owner) || is_below(pid);
}

/* --- what is said -------------------------------------------------------------------------- */

static void run_command(char *event, char *value)
{
	extern char **environ;
	char *argv[] = { how.command, event, value, NULL };
	struct spawn prog = { .argv = argv, .envp = environ, .in = 0, .out = 1, .keep = -1 };
	pid_t pid;

	if (!how.command)
		return;
	pid = spawn(&prog);
	if (pid < 0)
		warn("unable to run %s:", how.command);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void changed(char *event, char *value)
{
	if (how.verbose)
		info(value ? "%s: %s" : "%s", event, value);
	run_command(event, value);
}

static void tell_ready(void)
{
	if (now.tell >= 0 && write(now.tell, "\n", 1) < 0)
		warn("unable to tell that the program is ready:");
	if (now.tell >= 0)
		close(now.tell);
	now.tell = -1;
	now.ready = 1;
	changed("ready", NULL);
}

/* PROG has put another process in its place, which must be as much PROG as who says so. */
static void follow(pid_t pid)
{
	char text[16];
	pid_t parent;
	uid_t uid;
	int pidfd = syscall(PIDFD_OPEN, pid, 0);

	if (pid == now.prog || pid == 1 || look_up(pid, &parent, &uid) || !may_speak(pid, uid)) {
		if (pid != now.prog)
			warn("process %d is not below the program: it is not followed", (int)pid);
		if (pidfd >= 0)
			close(pidfd);
		return;
	}
	if (pidfd >= 0)
		dup2(pidfd, now.pidfd);
	if (pidfd >= 0)
		close(pidfd);
	now.prog = pid;
	ipc_format(text, sizeof text, "%d", (int)pid);
	changed("mainpid", text);
}

static void understand(const char *text, size_t length)
{
	struct ipc_notice notice;
	char status[1024];

	ipc_notice_parse(text, length, &notice);
	if (notice.what & IPC_NOTICE_MAINPID)
		follow(notice.mainpid);
	if (notice.what & IPC_NOTICE_STATUS) {
		ipc_format(status, sizeof status, "%.*s", (int)notice.status_length,
			   notice.status);
		changed("status", status);
	}
	if (notice.what & IPC_NOTICE_EXTEND && now.end && now_ms() + notice.extend > now.end)
		now.end = now_ms() + notice.extend;
	if (notice.what & IPC_NOTICE_EXTEND && how.verbose)
		info("timeout extended by %lld ms", notice.extend);
	if (notice.what & IPC_NOTICE_WATCHDOG && how.verbose)
		info("watchdog");
	if (notice.what & IPC_NOTICE_RELOADING)
		changed("reloading", NULL);
	if (notice.what & IPC_NOTICE_READY)
		tell_ready();
	if (notice.what & IPC_NOTICE_STOPPING)
		changed("stopping", NULL);
	if (notice.what & IPC_NOTICE_BARRIER && how.verbose)
		info("barrier");
}

/* One message; false if there is none. */
static int receive(void)
{
	static char text[8192];
	int fd = -1;
	struct ipc_datagram message = { .data = text, .size = sizeof text, .fds = &fd,
					.max_fds = 1 };

	if (ipc_datagram_receive(now.socket, &message) < 0) {
		if (errno != EAGAIN)
			die(EXIT_TEMPORARY, "unable to receive:");
		return 0;
	}
	if (!message.known || !may_speak(message.sender.pid, message.sender.uid)) {
		if (!now.refused++)
			warn("a message of process %d, user %u, is refused",
			     (int)message.sender.pid, message.sender.uid);
	} else if (message.length > sizeof text) {
		warn("a message of %lu bytes is refused", (unsigned long)message.length);
	} else {
		understand(text, message.length);
	}
	/* last: who waits for it shall find everything done */
	if (message.count)
		close(fd);
	return 1;
}

/* --- the process beside PROG --------------------------------------------------------------- */

static int is_gone(void)
{
	struct pollfd pidfd = { .fd = now.pidfd, .events = POLLIN };

	return now.pidfd < 0 ? kill(now.prog, 0) && errno == ESRCH : poll(&pidfd, 1, 0) > 0;
}

static int patience(void)
{
	long long left = -1, time = now_ms();

	if (now.end && !now.ready)
		left = now.end > time ? now.end - time : 0;
	return now.pidfd < 0 && (left < 0 || left > LOOK_EACH) ? LOOK_EACH : left;
}

static _Noreturn void watch(void)
{
	struct pollfd pollers[] = { { .fd = now.socket, .events = POLLIN },
				    { .fd = now.pidfd, .events = POLLIN } };

	if (how.timeout)
		now.end = now_ms() + how.timeout;
	for (;;) {
		int gone;

		if (poll(pollers, 2, patience()) < 0 && errno != EINTR)
			die(EXIT_TEMPORARY, "unable to wait:");
		gone = is_gone();
		/* its last words are there before it is gone */
		for (int left = BURST; left && receive(); left--)
			;
		if (gone && is_gone())	/* and nobody has taken its place */
			break;
		if (!now.ready && now.end && now_ms() >= now.end)
			die(EXIT_TIMEOUT, "timed out waiting for notification");
	}
	changed("ended", NULL);
	_exit(!now.ready);
}

/* --- start --------------------------------------------------------------------------------- */

/* The descriptor that a supervisor's service directory names. */
static int read_notification_fd(void)
{
	int fd = open("notification-fd", O_RDONLY | O_CLOEXEC);
	char text[12] = "";
	unsigned value;

	if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
		die(EXIT_TEMPORARY, "unable to read ./notification-fd:");
	close(fd);
	text[strcspn(text, "\n")] = 0;
	if (ipc_number(text, 10, INT_MAX, &value))
		die(EXIT_USAGE, "invalid ./notification-fd");
	return value;
}

static void parse(int argc, char **argv)
{
	static const char longs[] =
		"3" "notification-fd\0"
		"t" "timeout\0"
		"f" "no-doublefork\0"
		"F" "doublefork\0";
	int letter;

	while ((letter = option(argc, argv, "3:t:fvx:F", longs)) != -1) {
		switch (letter) {
		case '3': how.fd = number("notification-fd", optarg, INT_MAX); break;
		case 't': how.timeout = number("timeout", optarg, INT_MAX); break;
		case 'f': how.single = 1; break;
		case 'F': how.single = 0; break;
		case 'v': how.verbose = 1; break;
		case 'x': how.command = optarg; break;
		}
	}
}

/* A socket that the kernel names, so that it needs no file and leaves none. */
static int make_socket(char *name)
{
	struct ipc_address address = { .length = sizeof address.sun };
	sa_family_t family = AF_UNIX;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || ipc_datagram_credentials(fd) ||
	    bind(fd, (struct sockaddr *)&family, sizeof family) ||
	    getsockname(fd, (struct sockaddr *)&address.sun, &address.length))
		die(EXIT_TEMPORARY, "unable to make a socket:");
	ipc_address_text(&address, name);
	return fd;
}

CHAIN(notifysock, "s6-notify-fd-from-socket")
{
	char name[sizeof(struct sockaddr_un) + 2];
	int fds[3];

	parse(argc, argv);
	argv = operands(argc, argv, 1);
	if (how.fd < 0)
		how.fd = read_notification_fd();
	if (fcntl(how.fd, F_GETFD) < 0)
		die(EXIT_TEMPORARY, "notification-fd sanity check failed:");
	now.prog = getpid();
	fds[0] = make_socket(name);
	fds[1] = how.fd;
	fds[2] = syscall(PIDFD_OPEN, now.prog, 0);
	if (!watcher(how.single, fds, 3)) {
		now.socket = fds[0];
		now.tell = fds[1];
		now.pidfd = fds[2];
		watch();
	}
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	set_variable("NOTIFY_SOCKET", name);
	return argv;
}
