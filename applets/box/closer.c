/* SPDX-License-Identifier: ISC */
/* closing what a stranger may have a hand in; see closer.h */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "applet.h"
#include "closer.h"

enum {
	MOST_HELPERS = 8,
	LINGER = 1000,		/* us that a helper waits for what lingers */
	TICK = 50000,		/* us that we do */
	LOOK = 4096,		/* bytes of a connection that are looked through */
	HANDOVER = 20,		/* ms that we wait for a helper to begin */
	STEP = 20,		/* us until we look again */
	FAREWELL = 100		/* ms that we wait for helpers to be gone */
};

static int jobs[2] = { -1, -1 };	/* a pipe of the numbers of descriptors */
static unsigned *done, given;		/* jobs; the first is shared */
static pid_t helpers[MOST_HELPERS];	/* 0: none */

/* --- a bound for what lingers -------------------------------------------------------------- */

static volatile sig_atomic_t ticking, used;
static struct sigaction before;		/* for SIGALRM */

/* A signal that comes ends the wait of close(2) for a socket that lingers. */
static void set_timer(int us)
{
	struct itimerval timer = { .it_interval.tv_usec = us, .it_value.tv_usec = us };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void tick(int number)
{
	(void)number;
	ticking = used;
	used = 0;
	if (ticking)
		return;
	set_timer(0);
	/* one more that has come meanwhile is forgotten by that, and does not end us */
	signal(SIGALRM, SIG_IGN);
	sigaction(SIGALRM, &before, NULL);
}

static void hear_alarm(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };
	sigset_t alarm;

	sigaction(SIGALRM, &action, &before);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
}

/* The timer runs on as long as it is used, so that it costs those nothing who use it often. */
void close_shared(int fd)
{
	used = 1;
	if (!ticking) {
		hear_alarm(tick);
		ticking = 1;
		set_timer(TICK);
	}
	close(fd);
}

/* --- helpers ------------------------------------------------------------------------------- */

static void wake(int signal)
{
	(void)signal;
}

static int help(void *parent)
{
	sigset_t all;
	int fd;

	sigfillset(&all);
	sigdelset(&all, SIGSYS);	/* see sandbox.c */
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != *(pid_t *)parent)
		_exit(0);
	hear_alarm(wake);
	for (;;) {
		if (read(jobs[0], &fd, sizeof fd) != sizeof fd)
			continue;	/* the last tick */
		set_timer(LINGER);
		close(fd);
		set_timer(0);
		__atomic_add_fetch(done, 1, __ATOMIC_RELAXED);
	}
}

static int prepare(void)
{
	void *page;

	if (done)
		return 0;
	if (jobs[0] < 0 && pipe2(jobs, O_CLOEXEC))
		return -1;
	page = mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -1;
	fcntl(jobs[1], F_SETFL, O_NONBLOCK);
	done = page;
	return 0;
}

static int is_there(pid_t *helper)
{
	if (*helper && waitpid(*helper, NULL, WNOHANG | __WALL))
		*helper = 0;
	return *helper != 0;
}

/* Start one, if there is a place. */
static void start_helper(void)
{
	static char stack[16384] __attribute__((aligned(64)));
	pid_t self = getpid(), pid;
	int place = 0;

	while (place < MOST_HELPERS && is_there(&helpers[place]))
		place++;
	if (place == MOST_HELPERS)
		return;
	/* without a signal at its end nobody waits for it who does not ask for it */
	pid = clone(help, stack + sizeof stack, CLONE_FILES, &self);
	if (pid > 0)
		helpers[place] = pid;
}

/* Is there one who may find time for one more job? */
static int have_helpers(void)
{
	unsigned count = 0;

	if (prepare())
		return 0;
	for (int i = 0; i < MOST_HELPERS; i++)
		count += helpers[i] != 0;
	if (given - __atomic_load_n(done, __ATOMIC_RELAXED) >= count)
		start_helper();
	return count || helpers[0];
}

/* Until a helper has begun: a program that is started meanwhile would get a copy, and it would be
 * its exec that waits, and we for that. */
static void wait_until_closed(int fd)
{
	long long end = now_ms() + HANDOVER;

	while (fcntl(fd, F_GETFD) >= 0 && now_ms() < end)
		usleep(STEP);
}

void close_foreign(int fd)
{
	int error = errno;

	if (have_helpers() && write(jobs[1], &fd, sizeof fd) == sizeof fd) {
		given++;
		wait_until_closed(fd);
	} else {
		close_shared(fd);
	}
	errno = error;
}

/* --- connections --------------------------------------------------------------------------- */

/* May there be descriptors in the connection? That stays so if nobody can send any more. */
static int is_suspect(int fd, int packets)
{
	static char text[LOOK];
	struct iovec iov = { .iov_base = text, .iov_len = sizeof text };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int unread, yes = 1;
	ssize_t seen;

	if (ioctl(fd, FIONREAD, &unread))
		return 1;
	if (!unread && !packets)
		return 0;
	/* each message has a sender, for whom there is no room */
	if (packets)
		setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
	seen = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT);
	/* without room for descriptors they stay where they are and leave this mark; an urgent byte
	 * is not seen, but counted */
	return seen != unread || msg.msg_flags & MSG_CTRUNC;
}

void close_client(int fd, int packets)
{
	int error = errno;

	if (shutdown(fd, SHUT_RDWR) || is_suspect(fd, packets))
		close_foreign(fd);
	else
		close(fd);
	errno = error;
}

void close_left(int fd, int packets)
{
	if (is_suspect(fd, packets))
		close_foreign(fd);
	else
		close_shared(fd);
}

/* --- the end ------------------------------------------------------------------------------- */

static int any_left(void)
{
	int left = 0;

	for (int i = 0; i < MOST_HELPERS; i++)
		left |= is_there(&helpers[i]);
	return left;
}

void closers_end(int listener)
{
	for (int i = 0; i < MOST_HELPERS; i++)
		if (helpers[i])
			kill(helpers[i], SIGKILL);
	for (long long end = now_ms() + FAREWELL; any_left() && now_ms() < end;)
		poll(NULL, 0, 1);
	if (listener >= 0)
		close_shared(listener);
}
