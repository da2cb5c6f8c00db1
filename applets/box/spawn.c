/* SPDX-License-Identifier: ISC */
/* starting programs; see spawn.h */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kernel.h"
#include "spawn.h"

/* newer than the headers of some libcs */
enum { WANT_PIDFD = 0x1000, CLOSE_UNSHARED = 2 };
static const idtype_t by_pidfd = 3;

/* The descriptors from 3 on that we were given to hand on, in order. */
static int *inherited;
static int inherited_count;

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void inherit(int fd)
{
	int flags = fd > 2 ? fcntl(fd, F_GETFD) : -1;

	if (flags < 0 || flags & FD_CLOEXEC)
		return;
	inherited = realloc(inherited, (inherited_count + 1) * sizeof *inherited);
	if (!inherited)
		die(EXIT_TEMPORARY, "unable to note the open descriptors:");
	inherited[inherited_count++] = fd;
}

int spawn_init(int hand_on)
{
	DIR *dir;
	int nothing;

	/* a connection must not land on one of these */
	open_standard();
	nothing = open_nothing(O_CLOEXEC);
	if (nothing < 0)
		die(EXIT_TEMPORARY, "unable to open /dev/null:");
	dir = opendir("/proc/self/fd");
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		inherit(atoi(entry->d_name));
	/* without /proc, as far as anybody is likely to go by hand */
	for (int fd = 3; !dir && fd < 256; fd++)
		inherit(fd);
	if (dir)
		closedir(dir);
	qsort(inherited, inherited_count, sizeof *inherited, by_value);
	for (int i = 0; !hand_on && i < inherited_count; i++)
		fcntl(inherited[i], F_SETFD, FD_CLOEXEC);
	if (!hand_on)
		inherited_count = 0;
	return nothing;
}

void *spawn_memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	madvise(at, size, MADV_DONTFORK);
	return at;
}

static void close_between(int first, int last)
{
	if (first > last || !syscall(SYS_close_range, first, last, 0))
		return;
	/* before 5.9 */
	for (; first <= last && first <= 65535; first++)
		close(first);
}

static void close_gap(int first, int last, int keep)
{
	if (keep < first || keep > last) {
		close_between(first, last);
		return;
	}
	close_between(first, keep - 1);
	close_between(keep + 1, last);
}

/* What exec would close: everything that we have opened. */
static void close_own(int keep)
{
	int from = 3;

	for (int i = 0; i < inherited_count; i++) {
		close_gap(from, inherited[i] - 1, keep);
		from = inherited[i] + 1;
	}
	close_gap(from, INT_MAX, keep);
}

/* In the child, of either kind. */
static void begin(const struct spawn *spawn)
{
	sigset_t none;

	if (dup2(spawn->in, 0) < 0 || dup2(spawn->out, 1) < 0)
		_exit(EXIT_TEMPORARY);
	if (spawn->keep >= 0)
		fcntl(spawn->keep, F_SETFD, 0);
	if (spawn->group)
		setpgid(0, 0);
	if (spawn->files)
		prlimit(0, RLIMIT_NOFILE, spawn->files, NULL);
	core_as_before();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int higher(int a, int b)
{
	return a > b ? a : b;
}

/* A table of descriptors of our own with what the program needs: a copy of all that the server
 * has, one for each handler, only to close it again, would be the dearest part of a spawn. */
static int own_table(const struct spawn *spawn)
{
	int last = higher(higher(spawn->in, spawn->out), higher(spawn->keep, 2));

	if (inherited_count)
		last = higher(last, inherited[inherited_count - 1]);
	if (!syscall(SYS_close_range, last + 1, UINT_MAX, CLOSE_UNSHARED))
		return 0;
	return unshare(CLONE_FILES);	/* before 5.9 */
}

/* A call that is unknown here, or forbidden, is so for good. */
static int is_missing(int error)
{
	return error == EINVAL || error == ENOSYS || error == EPERM;
}

struct attempt {
	const struct spawn *spawn;
	int called;	/* looked up here: the child would have two pages more to fetch */
	int missing;	/* the kernel, or who stands in for it, can't do it in this way */
	int error;
};

/* Shares our memory, and we stand still until it has executed or exited. */
static int outside(void *data)
{
	struct attempt *attempt = data;

	if (own_table(attempt->spawn)) {
		attempt->error = errno;
		attempt->missing = is_missing(errno);
		_exit(EXIT_TEMPORARY);
	}
	begin(attempt->spawn);
	exec_next(attempt->spawn->argv, attempt->spawn->envp);
	attempt->error = errno;
	_exit(EXIT_NOTFOUND);
}

/* clone(2) on a stack of its own. */
static pid_t child(int (*run)(void *), void *data, int flags, int *pidfd)
{
	/* not with what is small and written often, see the Makefile */
	static char stack[16384] __attribute__((aligned(64)));

	return clone(run, stack + sizeof stack, flags | SIGCHLD | (pidfd ? WANT_PIDFD : 0), data,
		     pidfd);
}

static pid_t spawn_shared(struct attempt *attempt)
{
	int *pidfd = attempt->spawn->pidfd;
	pid_t pid = child(outside, attempt, CLONE_VM | CLONE_VFORK | CLONE_FILES, pidfd);

	if (pid < 0)
		attempt->missing = is_missing(errno);
	if (pid < 0 || !attempt->error)
		return pid;
	/* it has exited, so this does not wait */
	waitpid(pid, NULL, 0);
	if (pidfd)
		close(*pidfd);
	return errno = attempt->error, -1;
}

/* With a memory of its own, whose failures are its own to report. */
static int run(void *data)
{
	extern char **environ;
	const struct attempt *attempt = data;
	const struct spawn *spawn = attempt->spawn;

	/* as an exec would do it */
	signal(SIGALRM, SIG_DFL);
	begin(spawn);
	/* an exec does it by itself */
	if (attempt->called)
		close_own(spawn->keep);
	if (attempt->called || spawn->changes_count) {
		environ = spawn->envp;
		for (int i = 0; i < spawn->changes_count; i++)
			spawn->changes[i].change->perform(spawn->changes[i].data);
		chain_next(spawn->argv);
	}
	exec_next(spawn->argv, spawn->envp);
	die(errno == ENOENT ? EXIT_NOTFOUND : EXIT_NOEXEC, "unable to exec %s:", spawn->argv[0]);
}

/* Will there be a number for one more descriptor? */
static int have_room(void)
{
	int spare = fcntl(0, F_DUPFD_CLOEXEC, 0);

	return spare >= 0 && !close(spare);
}

static pid_t spawn_forked(struct attempt *attempt)
{
	const struct spawn *spawn = attempt->spawn;
	pid_t pid;

	/* better now: what a child has read from the client is lost with it */
	if (spawn->pidfd && !have_room())
		return -1;
	pid = fork();
	if (!pid)
		run(attempt);
	if (pid < 0 || !spawn->pidfd)
		return pid;
	*spawn->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (*spawn->pidfd < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		/* so that nobody tries again with the rest */
		return errno = ECHILD, -1;
	}
	return pid;
}

pid_t spawn(const struct spawn *spawn)
{
	static int cannot_clone;
	struct attempt attempt = { .spawn = spawn, .called = chain_calls(spawn->argv[0]) };
	pid_t pid;

	if (cannot_clone || attempt.called)
		return spawn_forked(&attempt);
	if (spawn->changes_count) {
		/* fork(3) would set the libc right for whoever goes on, which costs three faults */
		pid = child(run, &attempt, 0, spawn->pidfd);
		attempt.missing = pid < 0 && is_missing(errno);
	} else {
		pid = spawn_shared(&attempt);
	}
	cannot_clone = attempt.missing;
	return cannot_clone ? spawn_forked(&attempt) : pid;
}

int spawn_may_recover(int error)
{
	return error == EAGAIN || error == EMFILE || error == ENFILE || error == ENOMEM;
}

int spawn_has_pidfds(void)
{
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0), has;
	siginfo_t end;

	if (pidfd < 0)
		return 0;
	/* we are no child of ours, which is known only if the kind of the question is */
	has = waitid(by_pidfd, pidfd, &end, WEXITED | WNOHANG) && errno == ECHILD;
	close(pidfd);
	return has;
}

int spawn_ended(int pidfd, int *status)
{
	siginfo_t end = { 0 };

	if (waitid(by_pidfd, pidfd, &end, WEXITED | WNOHANG) || !end.si_pid)
		return 0;
	*status = end.si_code == CLD_EXITED ? end.si_status << 8 : end.si_status;
	close(pidfd);
	return 1;
}
