/* SPDX-License-Identifier: ISC */
/* safe binding: the only code that makes a socket visible */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

/* How long another binder may hold the directory. Anybody who can read it can hold it, so we do
 * not wait for ever: without the lock we are merely not serialised. */
enum { LOCK_PATIENCE = 2000, LOCK_STEP = 10 };

enum { ASIDE_ATTEMPTS = 100 };

/* What there is to know about one bind. */
struct place {
	struct ipc_address address;	/* as the caller gave it */
	const char *base;	/* last component; NULL for an abstract name */
	int dir;		/* O_PATH, of the directory; -1 for an abstract name */
	int lock;		/* the same directory under flock(2), or -1 */
};

static int lock_directory(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int waited = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB); waited += LOCK_STEP) {
		if (errno != EWOULDBLOCK || waited >= LOCK_PATIENCE)
			break;
		poll(NULL, 0, LOCK_STEP);
	}
	return fd;
}

static int place_open(struct place *place, const char *name)
{
	*place = (struct place){ .dir = -1, .lock = -1 };
	if (ipc_address_set(&place->address, name))
		return -1;
	if (*name == '@')
		return 0;
	place->dir = ipc_open_directory(name, &place->base);
	if (place->dir < 0)
		return -1;
	place->lock = lock_directory(place->dir);
	return 0;
}

static void place_close(struct place *place)
{
	ipc_fail(place->lock);
	ipc_fail(place->dir);
	ipc_address_clear(&place->address);
}

/* Is a socket bound at the place? A datagram socket that connects to it is told so by the kernel
 * (EPROTOTYPE, or success if it is one itself) and the server notices nothing. */
static int is_alive(const struct place *place)
{
	const struct ipc_address *address = &place->address;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), failed;

	if (fd < 0)
		return -1;
	failed = connect(fd, (const struct sockaddr *)&address->sun, address->length);
	ipc_fail(fd);
	return !failed || errno != ECONNREFUSED;
}

enum state { FREE, TAKEN };

/* May we bind at the place? A dead socket is removed, everything else stays. */
static int clear_place(const struct place *place, unsigned flags)
{
	struct stat there;
	int alive;

	if (fstatat(place->dir, place->base, &there, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? FREE : -1;
	if (flags & IPC_LISTEN_EXCLUSIVE)
		return errno = EADDRINUSE, -1;
	if (!S_ISSOCK(there.st_mode))
		return errno = ENOTSOCK, -1;
	alive = is_alive(place);
	if (alive < 0)
		return -1;
	if (alive)
		return flags & IPC_LISTEN_TAKEOVER ? TAKEN : (errno = EADDRINUSE, -1);
	return unlinkat(place->dir, place->base, 0) ? -1 : FREE;
}

static int bind_with_mask(int fd, const struct ipc_address *address, mode_t mask)
{
	mode_t before = umask(mask);
	int failed = bind(fd, (const struct sockaddr *)&address->sun, address->length);

	umask(before);
	return failed;
}

static int set_owner(const struct place *place, const char *base, const struct ipc_listen *how)
{
	if (!base || !(how->flags & IPC_LISTEN_OWNER))
		return 0;
	return fchownat(place->dir, base, how->uid, how->gid, AT_SYMLINK_NOFOLLOW);
}

static int start(int fd, const struct ipc_listen *how)
{
	if (how->type == SOCK_DGRAM || how->backlog < 0)
		return 0;
	return listen(fd, how->backlog ? how->backlog : INT_MAX);
}

static mode_t permissions(const struct ipc_listen *how)
{
	return how->flags & IPC_LISTEN_MODE ? how->mode & 0777 : 0777;
}

/* Make the socket that is bound at BASE what it shall be. It has its permissions if that is the
 * place, and gets there if not. */
static int finish(int fd, const struct place *place, const char *base, const struct ipc_listen *how)
{
	int aside = base != place->base, error;

	if (!set_owner(place, base, how) &&
	    !(aside && syscall(SYS_fchmodat, place->dir, base, permissions(how))) &&
	    !start(fd, how) && !(aside && renameat(place->dir, base, place->dir, place->base)))
		return 0;
	error = errno;
	if (base)
		unlinkat(place->dir, base, 0);
	return errno = error, -1;
}

/* Bind at a free place. Nobody connects before listen(2), so the order is safe. */
static int bind_here(int fd, const struct place *place, const struct ipc_listen *how)
{
	if (bind_with_mask(fd, &place->address, 0777 & ~permissions(how)))
		return -1;
	return finish(fd, place, place->base, how);
}

/* Bind under another name, unreachable until it is ready, and rename it to the place: there is
 * no instant at which a client finds nothing, or something that is not ready. */
static int bind_aside(int fd, const struct place *place, const struct ipc_listen *how)
{
	struct ipc_address address;
	char aside[48];
	int failed, attempt = 0;

	do { /* the name may be left over from a process of our number that was killed */
		ipc_format(aside, sizeof aside, ".ipc-%ld-%d-%d", (long)getpid(), fd, attempt);
		if (ipc_address_at(&address, place->dir, aside))
			return -1;
		failed = bind_with_mask(fd, &address, 0777);
	} while (failed && errno == EADDRINUSE && ++attempt < ASIDE_ATTEMPTS);
	return failed ? -1 : finish(fd, place, aside, how);
}

int ipc_listen(const char *name, const struct ipc_listen *how)
{
	int nonblock = how->flags & IPC_LISTEN_BLOCKING ? 0 : SOCK_NONBLOCK;
	struct ipc_listen full = *how;
	struct place place;
	int fd, state, failed;

	if (!full.type)
		full.type = SOCK_STREAM;
	fd = socket(AF_UNIX, full.type | SOCK_CLOEXEC | nonblock, 0);
	if (fd < 0)
		return -1;
	if (place_open(&place, name) ||
	    (full.flags & IPC_LISTEN_CREDENTIALS && ipc_datagram_credentials(fd))) {
		place_close(&place);
		return ipc_fail(fd);
	}
	state = place.base ? clear_place(&place, full.flags) : FREE;
	/* a datagram socket is reachable from bind on, so it gets its owner out of sight */
	if (state == FREE && place.base && full.type == SOCK_DGRAM &&
	    full.flags & IPC_LISTEN_OWNER)
		state = TAKEN;
	failed = state < 0 || (state == TAKEN ? bind_aside(fd, &place, &full)
					      : bind_here(fd, &place, &full));
	place_close(&place);
	return failed ? ipc_fail(fd) : fd;
}
