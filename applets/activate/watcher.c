/* SPDX-License-Identifier: ISC */
/* a process that a link leaves behind; see watcher.h */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>

#include "kernel.h"
#include "watcher.h"

static void close_from(int first)
{
	if (!syscall(SYS_close_range, first, INT_MAX, 0))
		return;
	/* before 5.9 */
	for (; first <= 65535; first++)
		close(first);
}

/* What PROG has open is its own to close: a pipe must not stay open because of us. */
static void keep_only(int *keep, int count)
{
	int nothing;

	/* out of the way first, then to the beginning */
	for (int i = 0; i < count; i++)
		if (keep[i] >= 0 && (keep[i] = fcntl(keep[i], F_DUPFD, 3 + WATCHER_FDS)) < 0)
			die(EXIT_TEMPORARY, "unable to move a descriptor:");
	for (int i = 0; i < count; i++)
		if (keep[i] >= 0)
			keep[i] = dup2(keep[i], 3 + i);
	for (int i = 0; i < count; i++)
		if (keep[i] < 0)
			close(3 + i);
		else
			fcntl(keep[i], F_SETFD, FD_CLOEXEC);
	close_from(3 + count);
	nothing = open_nothing(O_CLOEXEC);
	if (nothing < 0)
		die(EXIT_TEMPORARY, "unable to open /dev/null:");
	dup2(nothing, 0);
	dup2(nothing, 1);
	if (fcntl(2, F_GETFD) < 0)
		dup2(nothing, 2);
	if (nothing > 2)
		close(nothing);
}

static void start_clean(void)
{
	sigset_t none;

	default_signals();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
}

int watcher(int single, int *keep, int count)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die(EXIT_TEMPORARY, "unable to fork:");
	if (!pid && !single) {
		pid = fork();
		if (pid)
			_exit(pid < 0 ? EXIT_TEMPORARY : 0);
	}
	if (!pid) {
		start_clean();
		keep_only(keep, count);
		return 0;
	}
	while (!single && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;	/* we ignore SIGCHLD: nobody can tell */
	if (!single && status)
		die(EXIT_TEMPORARY, "unable to fork: the first child failed");
	return 1;
}
