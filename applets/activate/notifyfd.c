/* notifyfd: pass a program's newline of readiness to NOTIFY_SOCKET
 *
 * SPDX-License-Identifier: ISC

config NOTIFYFD
	bool "ipcnotifyfd"
	default y
	help
	  usage: ipcnotifyfd [-d FD] [-t MS] [-f] [-k] PROG...

	  Run PROG with a pipe as descriptor FD. As soon as PROG has written a newline to it, tell
	  the supervisor whose socket is in NOTIFY_SOCKET that PROG is ready, as sd_notify(3) does.
	  Without NOTIFY_SOCKET, only run PROG.

	  A process beside PROG waits for the newline and ends when the supervisor has dealt with
	  the message, or when the pipe is closed. It is no child of PROG.

	  -d FD  the descriptor; default 1
	  -t MS  wait at most MS milliseconds; default 0, no limit
	  -f     let the process beside PROG be a child of PROG
	  -k     leave NOTIFY_SOCKET to PROG

	  Long options are --notification-fd=FD, --timeout=MS, --no-doublefork for -f,
	  --doublefork, the default, and --keep-environment for -k.

	  The supervisor is told READY=1 and the process of PROG (MAINPID=), in the name of PROG if
	  we run as root.

	  Environment:
	  NOTIFY_SOCKET  socket of the supervisor; "@NAME" is an abstract one. Removed.

	  Exit status of the process beside PROG:
	  0    the supervisor knows
	  1    the pipe was closed without a newline
	  99   time is up
	  111  a system call failed
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>

#include "watcher.h"

static struct {
	unsigned fd;
	int timeout;
	int single, keep;
} how = { .fd = 1 };

static int left(long long end)
{
	long long now = now_ms();

	return !how.timeout ? -1 : end > now ? end - now : 0;
}

static void wait_for_newline(int fd, long long end)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	char text[512];
	ssize_t n = 0;

	do {
		int ready = poll(&poller, 1, left(end));

		if (!ready)
			die(EXIT_TIMEOUT, "timed out waiting for notification");
		if (ready > 0)
			n = read(fd, text, sizeof text);
		if (ready > 0 && !n)
			exit(1);
		if ((ready < 0 || n < 0) && errno != EINTR)
			die(EXIT_TEMPORARY, "unable to wait for notification:");
	} while (n <= 0 || !memchr(text, '\n', n));
}

static _Noreturn void watch(int fd, const char *socket, pid_t prog)
{
	long long end = now_ms() + how.timeout;
	char text[64];

	wait_for_newline(fd, end);
	close(fd);
	snprintf(text, sizeof text, "READY=1\nMAINPID=%d\n", (int)prog);
	if (ipc_notify_for(socket, prog, text) || ipc_notify_barrier(socket, left(end))) {
		if (errno == ETIMEDOUT)
			die(EXIT_TIMEOUT, "timed out waiting for %s", socket);
		die(EXIT_TEMPORARY, "unable to notify %s:", socket);
	}
	_exit(0);
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "notification-fd", required_argument, NULL, 'd' },
		{ "timeout", required_argument, NULL, 't' },
		{ "no-doublefork", no_argument, NULL, 'f' },
		{ "doublefork", no_argument, NULL, 'F' },
		{ "keep-environment", no_argument, NULL, 'k' },
		{ 0 }
	};
	int letter;

	while ((letter = option(argc, argv, "d:t:fkF", longs)) != -1) {
		switch (letter) {
		case 'd': how.fd = number("notification-fd", optarg, INT_MAX); break;
		case 't': how.timeout = number("timeout", optarg, INT_MAX); break;
		case 'f': how.single = 1; break;
		case 'F': how.single = 0; break;
		case 'k': how.keep = 1; break;
		}
	}
}

CHAIN(notifyfd, "s6-notify-socket-from-fd")
{
	const char *socket;
	int ends[2];
	pid_t prog = getpid();

	parse(argc, argv);
	argv = operands(argc, argv, 1);
	socket = getenv("NOTIFY_SOCKET");
	if (!socket)
		return argv;
	if (pipe2(ends, O_CLOEXEC))
		die(EXIT_TEMPORARY, "unable to make a pipe:");
	if (!watcher(how.single, ends, 1))
		watch(ends[0], socket, prog);
	close(ends[0]);
	copy_fd(ends[1], how.fd);
	if (ends[1] != (int)how.fd)
		close(ends[1]);
	if (!how.keep)
		unsetenv("NOTIFY_SOCKET");
	return argv;
}
