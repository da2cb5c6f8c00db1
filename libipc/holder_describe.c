/* SPDX-License-Identifier: ISC */
/* what a held descriptor is, for the reader of a long list */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holder_describe.h"

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

static size_t address4(char *to, size_t size, const struct sockaddr_in *in)
{
	const unsigned char *b = (const void *)&in->sin_addr;

	return ipc_format(to, size, "%u.%u.%u.%u:%u", b[0], b[1], b[2], b[3],
			  ntohs(in->sin_port));
}

static void address6(char *to, size_t size, const struct sockaddr_in6 *in)
{
	const unsigned char *b = in->sin6_addr.s6_addr;
	size_t n = 0;

	for (int i = 0; i < 16; i += 2)
		n += ipc_format(to + n, size - n, "%c%x", i ? ':' : '[', b[i] << 8 | b[i + 1]);
	ipc_format(to + n, size - n, "]:%u", ntohs(in->sin6_port));
}

static void describe_socket(int fd, struct ipc_description *to)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} name = { .any.sa_family = AF_UNSPEC };
	socklen_t length = sizeof name;
	const char *family = "other";

	if (!getsockname(fd, &name.any, &length)) {
		if (name.any.sa_family == AF_UNIX) {
			struct ipc_address address = { .sun = name.un, .length = length };

			family = "unix";
			ipc_address_text(&address, to->address);
		} else if (name.any.sa_family == AF_INET) {
			family = "inet";
			address4(to->address, sizeof to->address, &name.in);
		} else if (name.any.sa_family == AF_INET6) {
			family = "inet6";
			address6(to->address, sizeof to->address, &name.in6);
		} else if (name.any.sa_family == AF_NETLINK) {
			family = "netlink";
		}
	}
	ipc_format(to->kind, sizeof to->kind, "%s-%s%s", family, type_name(option(fd, SO_TYPE)),
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
	ipc_format(to->kind, sizeof to->kind, "%s", file_kind(st.st_mode));
	ipc_format(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, to->address, sizeof to->address - 1);
	to->address[length > 0 ? length : 0] = 0;
}
