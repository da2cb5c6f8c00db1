/* notifysock: report a program's READY=1 as a newline on a descriptor
 *
 * SPDX-License-Identifier: ISC

config NOTIFYSOCK
	bool "ipcnotifysock"
	default y
	help
	  usage: ipcnotifysock [-3 FD] [-t MS] [-w MS] [-s PATH] [-f] [-v] [-x COMMAND] PROG...

	  Run PROG with a socket in NOTIFY_SOCKET, as sd_notify(3) wants it. As soon as PROG says
	  READY=1 there, write a newline to descriptor FD, which PROG does not get.

	  A process beside PROG listens as long as PROG lives, and ends with it. It is no child of
	  PROG.

	  -3 FD  the descriptor; the default is in the file notification-fd
	  -t MS  PROG must be ready within MS milliseconds; default 0, no limit
	  -w MS  once it is ready, PROG must say WATCHDOG=1 each MS milliseconds, of which
	         WATCHDOG_USEC tells it. If it is silent, COMMAND is run, PROG gets SIGABRT and, if
	         it is silent as long again, SIGKILL; default 0, it need not
	  -s PATH
	         make the socket a file, PATH from the root, for a PROG in another network
	         namespace; otherwise it has an abstract name. The file goes with the process
	         beside PROG
	  -f     let the process beside PROG be a child of PROG
	  -v     log what PROG says
	  -x COMMAND
	         run COMMAND when something changes, and wait for it

	  Long options are --notification-fd=FD, --timeout=MS, --watchdog=MS, --socket=PATH,
	  --no-doublefork for -f, and --doublefork, the default.

	  A message counts if it comes, by the kernel's word, from PROG or a process below it, from
	  the user whom PROG runs as, from ours, or from root.

	  Understood are:
	  READY=1                 PROG is ready, for the first time or after a reload
	  RELOADING=1             it reloads its configuration
	  STOPPING=1              it is about to end
	  STATUS=TEXT             what it is doing
	  MAINPID=N               process N is PROG from now on; it is below PROG, or of the user
	                          who says so, if that is not root
	  EXTEND_TIMEOUT_USEC=N   it wants until N microseconds from now to get ready
	  WATCHDOG=1              it is alive
	  BARRIER=1               the descriptor that comes along is closed when all that was sent
	                          before is done

	  COMMAND is run with one of: ready, reloading, stopping, "status" TEXT, "mainpid" N,
	  watchdog, ended.

	  Environment:
	  NOTIFY_SOCKET  set to the name of the socket
	  WATCHDOG_USEC  with -w, set to MS in microseconds; WATCHDOG_PID to the number of PROG

	  Exit status of the process beside PROG:
	  0    PROG has been ready, and has ended
	  1    PROG has ended without being ready
	  99   time is up
	  111  a system call failed
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "bind.h"
#include "closer.h"
#include "kernel.h"
#include "spawn.h"
#include "watcher.h"

enum {
	LOOK_EACH = 500,	/* ms, whether PROG is alive, where there are no pidfds */
	MOST_DEPTH = 64,	/* how far below PROG a process may be */
	BURST = 1000		/* messages before the time is looked at: anybody may send some */
};

static struct {
	int fd, timeout, single, verbose, watchdog;
	char *command;
	const char *path;
} how = { .fd = -1 };

static struct {
	int socket, tell, pidfd;	/* -1: told already; there are no pidfds */
	pid_t prog;
	long long end, silent;	/* when time is up; when PROG is silent, 0 if it may be */
	int ready, refused, aborted;
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

/* Is the process of PIDFD not reaped? Then what was read of it in /proc was its own. If the kernel
 * gives no pidfds, nobody can tell. */
static int is_there(int pidfd)
{
	return pidfd < 0 || !syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) || errno != ESRCH;
}

static int may_speak(pid_t pid, int pidfd, uid_t uid)
{
	uid_t owner;
	pid_t parent;

	return pid == now.prog || is_own_user(uid) ||
	       (!look_up(now.prog, &parent, &owner) && uid == owner &&
		uid != ipc_unmapped_user()) ||
	       (is_below(pid) && is_there(pidfd));
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
		warning("unable to run %s:", how.command);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void changed(char *event)
{
	if (how.verbose)
		info("%s", event);
	run_command(event, NULL);
}

/* PROG has said that it is alive, or has just begun to have to. */
static void heard(void)
{
	now.silent = how.watchdog ? now_ms() + how.watchdog : 0;
	now.aborted = 0;
}

static void send_signal(int signal)
{
	if (now.pidfd < 0)
		kill(now.prog, signal);
	else
		syscall(SYS_pidfd_send_signal, now.pidfd, signal, NULL, 0);
}

/* ABRT lets it say where it hangs. */
static void end_silent(void)
{
	int aborted = now.aborted;

	warning("process %d is silent for %d ms, %s it", (int)now.prog, how.watchdog,
		aborted ? "killing" : "aborting");
	if (!aborted)
		changed("watchdog");
	send_signal(aborted ? SIGKILL : SIGABRT);
	heard();
	now.aborted = 1;
}

static void tell_ready(void)
{
	if (now.tell >= 0 && write(now.tell, "\n", 1) < 0)
		warning("unable to tell that the program is ready:");
	if (now.tell >= 0)
		close(now.tell);
	now.tell = -1;
	now.ready = 1;
	heard();
	changed("ready");
}

/* With a watchdog we send signals to whom we follow: who says so must be able to do it, too, or it has to be
 * below PROG. */
static int may_follow(pid_t pid, int pidfd, uid_t uid, uid_t sender)
{
	if (!is_own_user(sender) && sender != uid)
		return is_below(pid) && is_there(pidfd);
	return may_speak(pid, pidfd, uid);
}

/* PROG has put another process in its place, which must be as much PROG as who says so. */
static void follow(pid_t pid, uid_t sender)
{
	char text[16];
	pid_t parent;
	uid_t uid;
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (pid == now.prog || pid == 1 || look_up(pid, &parent, &uid) ||
	    !may_follow(pid, pidfd, uid, sender)) {
		if (pid != now.prog)
			warning("process %d is not below the program: it is not followed", (int)pid);
		if (pidfd >= 0)
			close(pidfd);
		return;
	}
	if (pidfd >= 0)
		dup2(pidfd, now.pidfd);
	if (pidfd >= 0)
		close(pidfd);
	now.prog = pid;
	snprintf(text, sizeof text, "%d", (int)pid);
	if (how.verbose)
		info("mainpid: %s", text);
	run_command("mainpid", text);
}

static void understand(const char *text, size_t length, uid_t sender)
{
	struct ipc_notice notice;
	char status[1024];

	ipc_notice_parse(text, length, &notice);
	if (notice.what & IPC_NOTICE_MAINPID)
		follow(notice.mainpid, sender);
	if (notice.what & IPC_NOTICE_STATUS) {
		snprintf(status, sizeof status, "%.*s", (int)notice.status_length,
			 notice.status);
		if (how.verbose)
			info("status: %s", status);
		run_command("status", status);
	}
	if (notice.what & IPC_NOTICE_EXTEND && now.end && now_ms() + notice.extend > now.end)
		now.end = now_ms() + notice.extend;
	if (notice.what & IPC_NOTICE_EXTEND && how.verbose)
		info("timeout extended by %lld ms", notice.extend);
	if (notice.what & IPC_NOTICE_WATCHDOG && how.verbose)
		info("watchdog");
	if (notice.what & IPC_NOTICE_WATCHDOG && now.ready)
		heard();
	if (notice.what & IPC_NOTICE_RELOADING)
		changed("reloading");
	if (notice.what & IPC_NOTICE_READY)
		tell_ready();
	if (notice.what & IPC_NOTICE_STOPPING)
		changed("stopping");
	if (notice.what & IPC_NOTICE_BARRIER && how.verbose)
		info("barrier");
}

/* One message; false if there is none. */
static int receive(void)
{
	static char text[8192];
	int fd = -1, pidfd;
	struct ipc_datagram message = { .data = text, .size = sizeof text, .fds = &fd,
					.max_fds = 1, .pidfd = &pidfd,
					.discard = close_foreign };

	if (ipc_datagram_receive(now.socket, &message) < 0) {
		if (errno == EBADF || errno == ENOTSOCK)
			die(EXIT_TEMPORARY, "unable to receive:");
		if (errno != EAGAIN)
			warning("unable to receive:");
		return 0;
	}
	if (!message.known || !may_speak(message.sender.pid, pidfd, message.sender.uid)) {
		if (!now.refused++)
			warning("a message of process %d, user %u, is refused",
				(int)message.sender.pid, message.sender.uid);
	} else if (message.length > sizeof text) {
		warning("a message of %lu bytes is refused", (unsigned long)message.length);
	} else {
		understand(text, message.length, message.sender.uid);
	}
	if (pidfd >= 0)
		close(pidfd);
	/* last: who waits for it shall find everything done */
	if (message.count)
		close_foreign(fd);
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
	if (now.silent && !(left >= 0 && left < now.silent - time))
		left = now.silent > time ? now.silent - time : 0;
	return now.pidfd < 0 && (left < 0 || left > LOOK_EACH) ? LOOK_EACH : left;
}

static void remove_socket(void)
{
	if (how.path)
		unlink(how.path);
}

static _Noreturn void watch(void)
{
	struct pollfd pollers[] = { { .fd = now.socket, .events = POLLIN },
				    { .fd = now.pidfd, .events = POLLIN } };

	before_death = remove_socket;
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
		if (now.silent && now_ms() >= now.silent)
			end_silent();
	}
	changed("ended");
	remove_socket();
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
	static const struct option longs[] = {
		{ "notification-fd", required_argument, NULL, '3' },
		{ "timeout", required_argument, NULL, 't' },
		{ "watchdog", required_argument, NULL, 'w' },
		{ "socket", required_argument, NULL, 's' },
		{ "no-doublefork", no_argument, NULL, 'f' },
		{ "doublefork", no_argument, NULL, 'F' },
		{ 0 }
	};
	int letter;

	while ((letter = option(argc, argv, "3:t:w:s:fvx:F", longs)) != -1) {
		switch (letter) {
		case '3': how.fd = number("notification-fd", optarg, INT_MAX); break;
		case 't': how.timeout = number("timeout", optarg, INT_MAX); break;
		case 'w': how.watchdog = number("watchdog", optarg, INT_MAX / 1000); break;
		case 's':
			if (*optarg != '/')
				usage("-s is no path from the root: %s", optarg);
			how.path = optarg;
			break;
		case 'f': how.single = 1; break;
		case 'F': how.single = 0; break;
		case 'v': how.verbose = 1; break;
		case 'x': how.command = optarg; break;
		}
	}
}

/* A file, which anybody may write to: whose messages count is decided for each. */
static int make_file(char *name, size_t size)
{
	struct ipc_listen listen = { .type = SOCK_DGRAM, .mode = 0666,
				     .flags = IPC_LISTEN_MODE | IPC_LISTEN_CREDENTIALS };
	int fd = ipc_listen(how.path, &listen);

	if (fd < 0)
		bind_refused(how.path, &listen);
	if ((size_t)snprintf(name, size, "%s", how.path) >= size || ipc_datagram_pidfds(fd)) {
		remove_socket();
		die(EXIT_TEMPORARY, "unable to use the socket %s", how.path);
	}
	return fd;
}

/* A socket that the kernel names, so that it needs no file and leaves none. */
static int make_socket(char *name)
{
	struct ipc_address address = { .length = sizeof address.sun };
	sa_family_t family = AF_UNIX;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || ipc_datagram_pidfds(fd) ||
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
	fds[0] = how.path ? make_file(name, sizeof name) : make_socket(name);
	fds[1] = how.fd;
	fds[2] = syscall(SYS_pidfd_open, now.prog, 0);
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
	if (how.watchdog) {
		snprintf(name, sizeof name, "%d000", how.watchdog);
		set_variable("WATCHDOG_USEC", name);
		set_number("WATCHDOG_PID", getpid());
	}
	return argv;
}
