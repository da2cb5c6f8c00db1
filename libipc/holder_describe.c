/* SPDX-License-Identifier: ISC */
/* what a held descriptor is, for the reader of a long list */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

static const char *type_name(int type)
{
	switch (type) {
	case SOCK_STREAM: return "stream";
	case SOCK_DGRAM: return "dgram";
	case SOCK_SEQPACKET: return "seqpacket";
	default: return "raw";
	}
}

static int option(int fd, int name)
{
	int value = 0;
	socklen_t length = sizeof value;

	getsockopt(fd, SOL_SOCKET, name, &value, &length);
	return value;
}

static void describe_socket(int fd, struct ipc_description *to)
{
	const char *family;

	switch (ipc_socket_name(fd, to->address)) {
	case AF_UNIX: family = "unix"; break;
	case AF_INET: family = "inet"; break;
	case AF_INET6: family = "inet6"; break;
	case AF_NETLINK: family = "netlink"; break;
	default: family = "other";
	}
	snprintf(to->kind, sizeof to->kind, "%s-%s%s", family, type_name(option(fd, SO_TYPE)),
		 option(fd, SO_ACCEPTCONN) ? "-listening" : "");
}

static const char *file_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO: return "fifo";
	case S_IFREG: return "file";
	case S_IFDIR: return "directory";
	case S_IFCHR: return "character-device";
	case S_IFBLK: return "block-device";
	default: return "anonymous";	/* epoll, eventfd, pidfd ... */
	}
}

void ipc_describe(int fd, struct ipc_description *to)
{
	struct pollfd poller = { .fd = fd };
	struct stat st;
	char link[32];
	ssize_t length;

	*to = (struct ipc_description){ .hangup = 0 };
	if (fstat(fd, &st))
		return;
	to->hangup = poll(&poller, 1, 0) > 0 && poller.revents & (POLLHUP | POLLERR);
	if (S_ISSOCK(st.st_mode)) {
		describe_socket(fd, to);
		return;
	}
	snprintf(to->kind, sizeof to->kind, "%s", file_kind(st.st_mode));
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, to->address, sizeof to->address - 1);
	to->address[length > 0 ? length : 0] = 0;
}
