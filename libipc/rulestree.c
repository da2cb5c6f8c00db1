/* SPDX-License-Identifier: ISC */
/* has anything in a directory of rules changed? Only where inotify(7) and the mount table tell
 * of every change */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "rules.h"

enum {
	ENTRIES_MAX = 1000,	/* bounds the time and, at 4 KB a file, the memory of a reading */
	DEPTH_MAX = 4,		/* DIR/uid/0/env/NAME */
	CHANGES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE |
		  IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF,
	CASEFOLD = 0x40000000	/* a name has several spellings */
};

struct level {
	struct tree *tree;
	int dir, depth;
};

/* A file system that nobody changes behind our kernel's back. */
static int is_local(int fd)
{
	static const unsigned types[] = {
		0xef53, 0x01021994, 0x858458f6, 0x58465342,	/* ext, tmpfs, ramfs, xfs */
		0x9123683e, 0xf2f52010, 0x73717368, 0xe0f5e1e2,	/* btrfs, f2fs, squashfs, erofs */
		0x794c7630					/* overlay */
	};
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return 0;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i] == (unsigned)fs.f_type)
			return 1;
	return 0;
}

static int watch_entry(void *data, const char *name);

static int watch_directory(const struct level *level, int fd)
{
	struct level below = { .tree = level->tree, .depth = level->depth + 1 };
	int failed, flags = 0;

	if (below.depth > DEPTH_MAX)
		return 0;	/* no rule reaches into it */
	below.dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (below.dir < 0)
		return -1;
	ioctl(below.dir, _IOR('f', 1, long), &flags);	/* FS_IOC_GETFLAGS, of an int */
	failed = flags & CASEFOLD || ipc_directory_walk(below.dir, watch_entry, &below) ? -1 : 0;
	close(below.dir);
	return failed;
}

/* Files are watched as well as directories, for a file can have names elsewhere. */
static int watch_entry(void *data, const char *name)
{
	const struct level *level = data;
	struct tree *tree = level->tree;
	int fd = openat(level->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), failed = -1;
	char path[32];
	struct stat st;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fd < 0 || fstat(fd, &st))
		return ipc_fail(fd);
	if (!level->depth) {
		tree->dev = st.st_dev;
		tree->ino = st.st_ino;
	}
	if (st.st_dev == tree->dev && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) &&
	    tree->count++ < ENTRIES_MAX && inotify_add_watch(tree->changes, path, CHANGES) >= 0)
		failed = S_ISDIR(st.st_mode) ? watch_directory(level, fd) : 0;
	close(fd);
	return failed;
}

int ipc_tree_watch(struct tree *tree, int dir)
{
	tree->count = 0;
	if (!is_local(dir))
		return -1;
	tree->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	tree->changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (tree->mounts < 0 || tree->changes < 0)
		return -1;
	return watch_entry(&(struct level){ .tree = tree, .dir = dir }, ".");
}

int ipc_tree_same(const struct tree *tree, const char *path)
{
	/* the mount table is always readable; a new one has priority */
	struct pollfd news[] = {
		{ .fd = tree->changes, .events = POLLIN }, { .fd = tree->mounts, .events = POLLPRI },
	};
	struct stat now;

	return !poll(news, 2, 0) && !stat(path, &now) && now.st_dev == tree->dev &&
	       now.st_ino == tree->ino;
}

void ipc_tree_forget(struct tree *tree)
{
	ipc_fail(tree->changes);
	ipc_fail(tree->mounts);
	tree->changes = tree->mounts = -1;
}
