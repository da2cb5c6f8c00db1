/* SPDX-License-Identifier: ISC */
/* has a program that listens something to do? see idle.h */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

#include "connections.h"
#include "idle.h"

/* how long a process may take to stand still, as one in a slow system call does */
enum { STOP_MS = 1000 };

/* Have SIGIO for each arrival at the socket. Returns whether we did not have it: PROG, which shares
 * the flags of the socket, may have taken it away. */
static int watch(int fd)
{
	int owner = fcntl(fd, F_GETOWN), on = 1;

	if (owner == getpid() && fcntl(fd, F_GETFL) & O_ASYNC)
		return 0;
	/* if PROG wants the signals itself, it has them */
	if (!owner || owner == getpid()) {
		fcntl(fd, F_SETOWN, getpid());
		ioctl(fd, FIOASYNC, &on);
	}
	return 1;
}

/* The signal is for all that came since the last call: it waits until somebody asks, so a server
 * under load does not wake us. */
static int has_come(const struct handed *fds, int count)
{
	static const struct timespec now;
	int unknown_fds = 0, came;
	sigset_t arrival;

	sigemptyset(&arrival);
	sigaddset(&arrival, SIGIO);
	sigprocmask(SIG_BLOCK, &arrival, NULL);
	for (int i = 0; i < count; i++)
		unknown_fds |= watch(fds[i].fd);
	came = sigtimedwait(&arrival, NULL, &now) == SIGIO;
	return came || unknown_fds;
}

static int waits(int fd)
{
	struct pollfd polled = { fd, POLLIN, 0 };

	return poll(&polled, 1, 0) != 0;
}

int is_busy(const struct handed *fds, int count)
{
	int busy = has_come(fds, count);

	for (int i = 0; !busy && i < count; i++)
		busy = waits(fds[i].fd) || (is_listener(fds[i].fd) && has_connections(fds[i].fd));
	return busy;
}

static int stands_still(pid_t pid)
{
	long long end = now_ms() + STOP_MS;
	siginfo_t state;

	do {
		state.si_pid = 0;
		if (waitid(P_PID, pid, &state, WSTOPPED | WEXITED | WNOHANG | WNOWAIT) ||
		    state.si_pid)
			return state.si_pid && state.si_code == CLD_STOPPED;
		poll(NULL, 0, 1);
	} while (now_ms() < end);
	return 0;
}

int end_if_idle(pid_t pid, const struct handed *fds, int count)
{
	int end;

	kill(-pid, SIGSTOP);
	end = stands_still(pid) && !is_busy(fds, count);
	if (end)
		kill(-pid, SIGTERM);
	kill(-pid, SIGCONT);
	return end;
}
