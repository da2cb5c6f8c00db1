/* SPDX-License-Identifier: ISC */
/* handlers whose connection is idle, by what the kernel tells of it
 *
 * A copy of each connection is in an epoll set that nobody waits for. The kernel notes in it, once
 * until we look, that bytes came from the client, or that the client took some. That costs a busy
 * connection nothing. But it tells nothing if there is no room when we look, because the handler has
 * filled again what the client took. Then the number of bytes that wait has changed, or the handler
 * has used time to do it. */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <time.h>

#include "closer.h"
#include "queue.h"
#include "serve.h"

enum {
	LOOKS = 8,	/* so many in a row without anything are too many */
	EVENTS = 64
};

static struct watched {
	int fd;
	int active;		/* since the last look, by the kernel's word */
	int quiet;		/* looks in a row without anything */
	int unread;		/* bytes that the client has not taken, when we looked last */
	long long used;		/* ns of time that the handler had used */
	long long due;
	struct link link;
} *watched;			/* by the index of the handler; 0 is nobody */

static struct queue queue;
static int set = -1, step;	/* ms between looks */

void idle_init(void)
{
	step = settings.idle / LOOKS + !(settings.idle / LOOKS);
	watched = spawn_memory((settings.max + (size_t)1) * sizeof *watched);
	set = epoll_create1(EPOLL_CLOEXEC);
	if (!watched || set < 0)
		die(EXIT_TEMPORARY, "unable to watch %u connections:", settings.max);
}

/* All that are due are looked at together. */
static void put(unsigned index, long long now)
{
	watched[index].due = (now / step + 1) * step;
	queue_put(&queue, LINKS(watched, link), index);
}

static void cut(unsigned index)
{
	queue_cut(&queue, LINKS(watched, link), index);
	watched[index].due = 0;
}

int idle_begin(unsigned index, int connection)
{
	int fd = fcntl(connection, F_DUPFD_CLOEXEC, 3);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = index };

	if (fd < 0)
		return -1;
	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event))
		return close_failed(fd);
	watched[index] = (struct watched){ .fd = fd };
	put(index, now_ms());
	return 0;
}

void idle_end(unsigned index)
{
	int error = errno;

	if (watched[index].due)
		cut(index);
	/* by hand: what the handler has started may keep it open */
	epoll_ctl(set, EPOLL_CTL_DEL, watched[index].fd, NULL);
	/* it may be the last one, with all that nobody has read */
	close_left(watched[index].fd, settings.packets);
	errno = error;
}

/* Has anything happened of which the kernel told nothing, because there was no room when we asked? */
static int moves(struct watched *at, pid_t pid)
{
	struct pollfd room = { .fd = at->fd, .events = POLLIN | POLLOUT };
	struct timespec used = { 0 };
	long long used_before = at->used;
	int unread = 0, unread_before = at->unread;
	clockid_t clock;

	if (poll(&room, 1, 0))
		return 0;
	ioctl(at->fd, TIOCOUTQ, &unread);
	if (!clock_getcpuclockid(pid, &clock))
		clock_gettime(clock, &used);
	at->used = used.tv_sec * 1000000000LL + used.tv_nsec;
	at->unread = unread;
	return at->used != used_before || unread != unread_before;
}

static void collect(void)
{
	struct epoll_event events[EVENTS];
	int n;

	do {
		n = epoll_wait(set, events, EVENTS, 0);
		for (int i = 0; i < n; i++)
			watched[events[i].data.u32].active = 1;
	} while (n == EVENTS);
}

unsigned idle_next(long long now)
{
	unsigned index = queue.first;

	if (index && watched[index].due <= now)
		collect();
	while ((index = queue.first) && watched[index].due <= now) {
		struct watched *at = &watched[index];

		at->quiet = at->active || moves(at, handler_pid(index)) ? 0 : at->quiet + 1;
		at->active = 0;
		cut(index);
		if (at->quiet == LOOKS)
			return index;
		put(index, now);
	}
	return 0;
}

int idle_wait(long long now)
{
	return queue.first ? watched[queue.first].due - now : -1;
}
