/* SPDX-License-Identifier: ISC */
/* the process that made a connection: /proc knows it by a number alone, which may be another's by
 * now. A pidfd whose process has not ended says afterwards that it was not */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "process.h"

/* Who connected FD, if that is PEER: on a connection others may send, too. */
static int connected(int fd, const struct ipc_peer *peer, struct ipc_peer *real)
{
	if (ipc_peer(fd, real))
		return -1;
	if (peer->uid != real->uid || peer->gid != real->gid ||
	    (peer->pid && peer->pid != real->pid))
		return errno = ESRCH, -1;
	return 0;
}

/* The number by which this /proc knows the process, which may be that of another pid namespace.
 * Fails with ESRCH if it is not there. */
static pid_t number_in_proc(int pidfd)
{
	char text[512];
	ssize_t length;
	int fd, number;
	char *at;

	snprintf(text, sizeof text, "/proc/self/fdinfo/%d", pidfd);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	ipc_fail(fd);
	if (length < 0)
		return -1;
	text[length] = 0;
	at = strstr(text, "\nPid:\t");
	number = at ? atoi(at + 6) : 0;
	return number > 0 ? number : (errno = ESRCH, -1);
}

/* A number may have been given away since then, but not to another user without a sign. */
static int owns(const struct ipc_peer *peer, pid_t number)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d", (int)number);
	if (stat(path, &st))
		return 0;
	errno = ESRCH;
	return st.st_uid == peer->uid && st.st_gid == peer->gid;
}

int ipc_process_open(struct ipc_process *process, int fd, const struct ipc_peer *peer)
{
	struct ipc_peer real;
	int guessed;

	if (connected(fd, peer, &real))
		return -1;
	if (real.pid <= 0)
		return errno = ESRCH, -1;
	process->pidfd = ipc_peer_pidfd(fd);
	guessed = process->pidfd < 0 && errno == ENOPROTOOPT;
	if (guessed)
		process->pidfd = syscall(SYS_pidfd_open, real.pid, 0);
	if (process->pidfd < 0)
		return -1;
	process->pid = number_in_proc(process->pidfd);
	if (process->pid < 0 || (guessed && !owns(&real, process->pid)))
		return ipc_fail(process->pidfd);
	return 0;
}

int ipc_process_lives(const struct ipc_process *process)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };

	return !poll(&end, 1, 0);
}

/* Copy the path of a line. Returns 1 if none can be better, -1 if there is no room. */
static int take_line(const char *line, char *path, size_t size)
{
	static const char systemd[] = ":name=systemd:";
	const char *number = line + strspn(line, "0123456789");
	int is_v2 = !strncmp(line, "0::", 3);

	/* who mounts version 2 beside systemd's own, as anybody may in namespaces of his own, has it
	 * listed for all, and all of them in its root */
	if (is_v2 && *path && !strcmp(line, "0::/"))
		return 1;
	if (is_v2)
		line += 3;
	else if (!strncmp(number, systemd, sizeof systemd - 1))
		line = number + sizeof systemd - 1;
	else
		return 0;
	if ((size_t)snprintf(path, size, "%s", line) >= size)
		return errno = ENAMETOOLONG, -1;
	return is_v2;
}

/* Take the whole lines of TEXT and keep what is left of it. */
static int take_lines(char *text, size_t *length, char *path, size_t size)
{
	char *line = text, *end;
	int result = 0;

	while (!result && (end = memchr(line, '\n', text + *length - line))) {
		*end = 0;
		result = take_line(line, path, size);
		line = end + 1;
	}
	*length -= line - text;
	memmove(text, line, *length);
	return result;
}

int ipc_process_cgroup(const struct ipc_process *process, char *path, size_t size)
{
	char text[IPC_CGROUP_MAX + 256];	/* a line: controllers and a path */
	int fd, result = 0;
	size_t length = 0;
	ssize_t n = 0;

	snprintf(text, sizeof text, "/proc/%d/cgroup", (int)process->pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	*path = 0;
	while (!result && (n = read(fd, text + length, sizeof text - length)) > 0) {
		length += n;
		result = take_lines(text, &length, path, size);
		if (!result && length == sizeof text)
			result = (errno = ENAMETOOLONG, -1);
	}
	ipc_fail(fd);
	if (!result && !n && *path != '/')
		errno = ENODATA;
	return result < 0 || n < 0 || *path != '/' ? -1 : 0;
}

int ipc_peer_cgroup(int fd, const struct ipc_peer *peer, char *path, size_t size)
{
	struct ipc_process process;
	int failed;

	if (ipc_process_open(&process, fd, peer))
		return -1;
	failed = ipc_process_cgroup(&process, path, size);
	if (!ipc_process_lives(&process)) {
		errno = ESRCH;
		failed = -1;
	}
	ipc_fail(process.pidfd);
	return failed;
}

int ipc_peer_label(int fd, const struct ipc_peer *peer, char *label, socklen_t size)
{
	struct ipc_peer real;

	if (connected(fd, peer, &real))
		return -1;
	size--;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, label, &size)) {
		size = 0;
		if (errno != ENOPROTOOPT && errno != EOPNOTSUPP)
			return -1;
	}
	/* some modules count a NUL, some end it with a newline */
	label[size] = 0;
	label[strcspn(label, "\n")] = 0;
	return 0;
}
