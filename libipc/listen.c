/* SPDX-License-Identifier: ISC */
/* safe binding: the only code that makes a socket visible */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "kernel.h"

/* How long another binder may hold the directory; without the lock we are merely not serialised. */
enum { LOCK_PATIENCE = 2000 };

enum { ASIDE_ATTEMPTS = 100 };

/* of <linux/un.h> and <linux/fcntl.h> */
enum { OPEN_FILE = 0x89e0, EMPTY_PATH = 0x1000 };

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

	if (fd >= 0)
		ipc_lock(fd, LOCK_PATIENCE);
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

/* May we bind at the place? A dead socket is removed, and a link that leads to one or nowhere: the link
 * alone, as nobody knows who else wants what it leads to. Everything else stays. */
static int clear_place(const struct place *place, unsigned flags)
{
	struct stat there;
	int alive;

	if (fstatat(place->dir, place->base, &there, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? FREE : -1;
	if (flags & IPC_LISTEN_EXCLUSIVE)
		return errno = EADDRINUSE, -1;
	if (S_ISLNK(there.st_mode) && fstatat(place->dir, place->base, &there, 0)) {
		if (errno != ENOENT && errno != ELOOP)
			return -1;
		return unlinkat(place->dir, place->base, 0) ? -1 : FREE;
	}
	if (!S_ISSOCK(there.st_mode))
		return errno = ENOTSOCK, -1;
	alive = is_alive(place);
	if (alive < 0)
		return -1;
	if (alive)
		return flags & IPC_LISTEN_TAKEOVER ? TAKEN : (errno = EADDRINUSE, -1);
	return unlinkat(place->dir, place->base, 0) ? -1 : FREE;
}

static mode_t permissions(const struct ipc_listen *how)
{
	return how->flags & IPC_LISTEN_MODE ? how->mode & 0777 : 0777;
}

static int has_owner(const struct place *place, const struct ipc_listen *how)
{
	return place->base && how->flags & IPC_LISTEN_OWNER;
}

/* With its permissions at once, or with none if it is to change its owner first. */
static int bind_at(int fd, const struct ipc_address *address, const struct place *place,
		   const struct ipc_listen *how)
{
	mode_t before = umask(has_owner(place, how) ? 0777 : 0777 & ~permissions(how));
	int failed = bind(fd, (const struct sockaddr *)&address->sun, address->length);

	umask(before);
	return failed;
}

/* The file of our socket FD, which was made without any permissions at BASE. Whoever may write to the
 * directory may have put another file there since: the kernel knows which is ours, but tells it to
 * CAP_NET_ADMIN alone. Else a socket of ours that nobody may use has to do: only a binder makes one. */
static int open_file(int fd, const struct place *place, const char *base)
{
	int file = ioctl(fd, OPEN_FILE);
	struct stat st;

	if (file >= 0)
		return file;
	file = openat(place->dir, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0 || fstat(file, &st))
		return ipc_fail(file);
	if (!S_ISSOCK(st.st_mode) || st.st_mode & 07777 || st.st_uid != geteuid())
		return errno = EBUSY, ipc_fail(file);
	return file;
}

/* fchmod(2) does not take an O_PATH descriptor. */
static int set_permissions(int file, mode_t mode)
{
	char path[32];

	if (!syscall(SYS_fchmodat2, file, "", mode, EMPTY_PATH))
		return 0;
	/* before 6.6 */
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	return chmod(path, mode);
}

/* The permissions first, as they may not be ours to set any more once the owner has changed; but on
 * a datagram socket, which can be reached already, nobody else shall have them. */
static int set_owner(int fd, const struct place *place, const char *base,
		     const struct ipc_listen *how)
{
	int file = open_file(fd, place, base), late = how->type == SOCK_DGRAM, failed;

	if (file < 0)
		return -1;
	failed = (!late && set_permissions(file, permissions(how))) ||
		 fchownat(file, "", how->uid, how->gid, EMPTY_PATH) ||
		 (late && set_permissions(file, permissions(how)));
	ipc_fail(file);
	return failed ? -1 : 0;
}

static int start(int fd, const struct ipc_listen *how)
{
	if (how->type == SOCK_DGRAM || how->backlog < 0)
		return 0;
	return listen(fd, how->backlog ? how->backlog : INT_MAX);
}

/* Make the socket that is bound at BASE what it shall be, and bring it to its place. */
static int finish(int fd, const struct place *place, const char *base, const struct ipc_listen *how)
{
	int aside = base != place->base, error;

	if (!(has_owner(place, how) && set_owner(fd, place, base, how)) &&
	    !start(fd, how) && !(aside && renameat(place->dir, base, place->dir, place->base)))
		return 0;
	error = errno;
	if (base && error != EBUSY)	/* that is another file by now */
		unlinkat(place->dir, base, 0);
	return errno = error, -1;
}

/* Bind at a free place. Nobody connects before listen(2), so the order is safe. */
static int bind_here(int fd, const struct place *place, const struct ipc_listen *how)
{
	if (bind_at(fd, &place->address, place, how))
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
		snprintf(aside, sizeof aside, ".ipc-%ld-%d-%d", (long)getpid(), fd, attempt);
		if (ipc_address_at(&address, place->dir, aside))
			return -1;
		failed = bind_at(fd, &address, place, how);
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
	if (full.flags & IPC_LISTEN_NO_FDS)
		ipc_fds_refuse(fd);
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
