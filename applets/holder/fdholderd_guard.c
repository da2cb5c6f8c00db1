/* SPDX-License-Identifier: ISC */
/* two processes with one table of descriptors
 *
 * A filter of system calls outlives an exec, and a new binary may need other calls than the old one
 * did. So whoever serves clients does it behind a filter in a process of its own, and executes
 * nothing. The process that was started, whose number others know, listens to nobody: it hands
 * signals on, ends as the other does, and executes the binary anew when that has left its state. */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fdholderd.h"
#include "sandbox.h"

enum { STACK = 1 << 20 };

/* The table of what is held and its timer; the rules, in files that may change; whether two descriptors
 * are one; and the state for a successor. */
static const char calls[] =
	CALL(epoll_wait) CALL(epoll_pwait) CALL(epoll_ctl) CALL(epoll_create1)
	CALL(timerfd_settime) CALL(timerfd_settime32) CALL(timerfd_settime64)
	CALL(open) CALL(openat) CALL(getdents64) CALL(readlink) CALL(readlinkat)
	CALL(fstat) CALL(fstat64) CALL(stat) CALL(stat64) CALL(newfstatat) CALL(fstatat64)
	CALL(statx) CALL(fstatfs) CALL(fstatfs64) CALL(inotify_init1) CALL(inotify_add_watch)
	CALL(geteuid) CALL(geteuid32) CALL(getegid) CALL(getegid32)
	CALL(pidfd_open) CALL(kcmp) CALL(getrandom) CALL(memfd_create);

/* Only here may programs be started, so it is here that a new binary is tried. */
static void pass_on(int signal, pid_t child)
{
	char path[PATH_MAX];

	if (signal == SIGUSR1 && restart_binary(path, sizeof path))
		warning("unable to restart, will go on:");
	else
		kill(child, signal);
}

static _Noreturn void ended(const struct holder *holder, int status, int state)
{
	char *text = calloc(1, STATE_SIZE);
	ssize_t length;

	if (WIFSIGNALED(status))
		die(EXIT_TEMPORARY, "ended by signal %d", WTERMSIG(status));
	fcntl(state, F_SETFL, O_NONBLOCK);
	if (!text)
		die(EXIT_TEMPORARY, "unable to go on:");
	length = read(state, text, STATE_SIZE - 1);
	if (WEXITSTATUS(status) || length <= 0)
		exit(WEXITSTATUS(status));
	restart_from(holder, text);
}

static _Noreturn void watch(const struct holder *holder, pid_t child, int state)
{
	static const int heard[] = { SIGTERM, SIGHUP, SIGUSR1, SIGCHLD };
	sigset_t set;
	int status;

	sigemptyset(&set);
	for (unsigned i = 0; i < sizeof heard / sizeof *heard; i++)
		sigaddset(&set, heard[i]);
	for (;;) {
		int signal = sigwaitinfo(&set, NULL);

		if (signal == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
			ended(holder, status, state);
		if (signal > 0 && signal != SIGCHLD)
			pass_on(signal, child);
	}
}

static int serve(void *data)
{
	struct holder *holder = data;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != holder->known)
		_exit(EXIT_TEMPORARY);
	sandbox_enter(calls);
	serve_clients(holder);
}

void guard(struct holder *holder)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int state[2];
	sigset_t chld;
	pid_t pid;

	if (stack == MAP_FAILED)
		return;
	signal(SIGCHLD, SIG_DFL);	/* ignored, it would not tell */
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	if (!pipe2(state, O_CLOEXEC)) {
		holder->state = state[1];
		pid = clone(serve, stack + STACK, CLONE_FILES | SIGCHLD, holder);
		if (pid > 0)
			watch(holder, pid, state[0]);
		holder->state = -1;
		close(state[0]);
		close(state[1]);
	}
	munmap(stack, STACK);
}
