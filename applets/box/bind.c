/* SPDX-License-Identifier: ISC */
/* binding sockets; see bind.h */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "bind.h"
#include "internal.h"

/* Who may write to a directory can put others there, or links, in the place of what is in it: each name
 * is looked up once, and what follows acts on the directory in which it was then. */

void bind_owner(struct ipc_listen *how, const char *what, char *text)
{
	char *colon = strchr(text, ':');

	if (!(how->flags & IPC_LISTEN_OWNER))
		how->uid = how->gid = -1;
	how->flags |= IPC_LISTEN_OWNER;
	if (colon) {
		*colon = 0;
		how->gid = group_number(what, colon + 1);
	}
	if (*text)
		how->uid = user_number(what, text);
	if (colon)
		*colon = ':';
}

/* The files that we have made, by the process that did. */
static struct made {
	struct made *next;
	char *path;
	dev_t dev;
	ino_t ino;
	pid_t pid;
} *all_made;

static void remove_one(const struct made *made)
{
	const char *base;
	int dir = ipc_open_directory(made->path, &base);
	struct stat there;

	if (dir >= 0 && !fstatat(dir, base, &there, AT_SYMLINK_NOFOLLOW) &&
	    there.st_dev == made->dev && there.st_ino == made->ino)
		unlinkat(dir, base, S_ISDIR(there.st_mode) ? AT_REMOVEDIR : 0);
	close_failed(dir);
}

static void remove_made(void)
{
	for (const struct made *made = all_made; made; made = made->next)
		/* a child that dies is none of our failures */
		if (made->pid == getpid())
			remove_one(made);
}

/* NAME as it is after another chdir(2) as well, of malloc(3). A link stays one. NULL if that fails. */
static char *whole_name(const char *name)
{
	char *here, *whole = NULL;

	if (*name == '/')
		return strdup(name);
	here = getcwd(NULL, 0);
	if (here && asprintf(&whole, "%s/%s", here, name) < 0)
		whole = NULL;
	free(here);
	return whole;
}

static void note(const char *name, const struct stat *there)
{
	struct made *made = malloc(sizeof *made);

	if (!made)
		return;
	*made = (struct made){ all_made, whole_name(name), there->st_dev, there->st_ino, getpid() };
	if (!made->path) {
		free(made);
		return;
	}
	all_made = made;
	before_death = remove_made;
}

void bind_note(const char *name)
{
	struct stat there;

	if (*name != '@' && !lstat(name, &there))
		note(name, &there);
}

/* --- the directory ----------------------------------------------------------------------- */

/* Nobody else gets in before it is what it shall be. */
static int make_at(int parent, const char *base, const char *path, unsigned mode,
		   const struct ipc_listen *how)
{
	struct stat there;
	int fd, failed;

	if (mkdirat(parent, base, 0700))
		return errno == EEXIST ? 0 : -1;
	fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &there))
		return close_failed(fd);
	/* another one by now */
	if (there.st_uid != geteuid() || there.st_mode & 077)
		return errno = EBUSY, close_failed(fd);
	note(path, &there);
	failed = (how->flags & IPC_LISTEN_OWNER && fchown(fd, how->uid, how->gid)) ||
		 fchmod(fd, mode);
	close_failed(fd);
	return failed ? -1 : 0;
}

static int make_directory(const char *path, unsigned mode, const struct ipc_listen *how)
{
	const char *base;
	int parent = ipc_open_directory(path, &base), failed;

	failed = parent < 0 || make_at(parent, base, path, mode, how);
	close_failed(parent);
	return failed ? -1 : 0;
}

void bind_directory(const char *name, unsigned mode, const struct ipc_listen *how)
{
	const char *slash = strrchr(name, '/');
	char path[PATH_MAX];

	while (slash && slash > name && slash[-1] == '/')
		slash--;
	if (!slash || slash == name)
		return;
	if ((size_t)snprintf(path, sizeof path, "%.*s", (int)(slash - name), name) >= sizeof path)
		errno = ENAMETOOLONG;
	else if (!make_directory(path, mode, how))
		return;
	die(EXIT_TEMPORARY, "unable to make the directory of %s:", name);
}

/* --- another name ------------------------------------------------------------------------ */

/* Does somebody have the socket NAME? A datagram socket is told so and disturbs nobody. */
static int is_alive(const char *name)
{
	struct ipc_connect how = { .type = SOCK_DGRAM };
	int fd = ipc_connect(name, &how);

	return close_failed(fd), fd >= 0 || (errno != ECONNREFUSED && errno != ENOENT);
}

void bind_alias_check(const char *alias, const char *name)
{
	struct stat link, target, ours;
	int leads;

	if (*name == '@')
		usage("%s is abstract: it cannot have the alias %s", name, alias);
	if (lstat(alias, &link))
		return;
	if (!S_ISLNK(link.st_mode))
		die(EXIT_TEMPORARY, "unable to make the alias %s: it is there and not a link", alias);
	leads = !stat(alias, &target);
	if ((!leads && (errno == ENOENT || errno == ELOOP)) ||
	    (leads && !stat(name, &ours) && target.st_dev == ours.st_dev &&
	     target.st_ino == ours.st_ino))
		return;
	if (!leads || !S_ISSOCK(target.st_mode) || is_alive(alias))
		die(EXIT_TEMPORARY, "unable to make the alias %s: it is a link to something else",
		    alias);
}

/* There is no instant without it if it was there. */
static int replace(int dir, const char *base, const char *target)
{
	char aside[NAME_MAX + 1];
	int failed;

	if ((size_t)snprintf(aside, sizeof aside, "%s.%ld", base, (long)getpid()) >= sizeof aside)
		return errno = ENAMETOOLONG, -1;
	unlinkat(dir, aside, 0);
	if (!symlinkat(target, dir, aside) && !renameat(dir, aside, dir, base))
		return 0;
	failed = errno;
	unlinkat(dir, aside, 0);
	return errno = failed, -1;
}

void bind_alias(const char *alias, const char *name)
{
	const char *base;
	int dir = ipc_open_directory(alias, &base), is_new;
	char *target = whole_name(name);
	struct stat there;

	is_new = dir >= 0 && fstatat(dir, base, &there, AT_SYMLINK_NOFOLLOW);
	/* PATH itself, by another name, or what has come since we looked */
	if (dir >= 0 && !is_new && !S_ISLNK(there.st_mode))
		die(EXIT_TEMPORARY, "unable to make the alias %s: it is there and not a link", alias);
	if (dir < 0 || !target || replace(dir, base, target))
		die(EXIT_TEMPORARY, "unable to make the alias %s:", alias);
	if (is_new && !fstatat(dir, base, &there, AT_SYMLINK_NOFOLLOW))
		note(alias, &there);
	close_failed(dir);
	free(target);
}

/* --- why not ----------------------------------------------------------------------------- */

/* Into TEXT, if NAME is a symbolic link, " it is a link to TARGET,". */
static void way_there(char *text, size_t size, const char *name)
{
	char target[512];
	ssize_t length = *name == '@' ? -1 : readlink(name, target, sizeof target - 1);

	if (length >= 0)
		snprintf(text, size, " it is a link to %.*s,", (int)length, target);
}

_Noreturn void bind_refused(const char *name, const struct ipc_listen *how)
{
	char link[600] = "";
	const char *why = "";
	int error = errno;

	way_there(link, sizeof link, name);
	if (error == ENOTSOCK)
		why = *link ? " which is not a socket" : " it is there and not a socket";
	else if (error == EADDRINUSE && how->flags & IPC_LISTEN_EXCLUSIVE)
		why = *link ? " and it exists" : " it exists";
	else if (error == EADDRINUSE)
		why = *link ? " where a live server is" : " a live server has it";
	errno = error;
	if (*why)
		die(EXIT_TEMPORARY, "unable to bind to %s:%s%s", name, link, why);
	/* it could be bound; EINVAL is an id that our user namespace does not have */
	if (how->flags & IPC_LISTEN_OWNER && *name && (error == EPERM || error == EINVAL))
		die(EXIT_TEMPORARY, "unable to set the owner of %s:", name);
	die(EXIT_TEMPORARY, "unable to bind to %s:", name);
}
