/* SPDX-License-Identifier: ISC */
/* opening sockets and FIFOs; see sockets.h */
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include "bind.h"
#include "sockets.h"

/* --- options ---------------------------------------------------------------------------- */

/* newer than the headers of some libcs, or not in them */
enum { TCP_DEFER = 9, TCP_FAST = 23, FREEBIND = 15, TRANSPARENT = 19 };

/* the first FLAGS are flags of ipc_listen */
enum { FLAGS = 2 };

static const struct socket_name {
	char word[12];
	int level, name;	/* SOL_SOCKET is 65535 somewhere */
} names[] = {
	{ "exclusive", 0, IPC_LISTEN_EXCLUSIVE },
	{ "takeover", 0, IPC_LISTEN_TAKEOVER },
	{ "broadcast", SOL_SOCKET, SO_BROADCAST },
	{ "keepalive", SOL_SOCKET, SO_KEEPALIVE },
	{ "passcred", SOL_SOCKET, SO_PASSCRED },
	{ "passsec", SOL_SOCKET, SO_PASSSEC },
	{ "priority", SOL_SOCKET, SO_PRIORITY },
	{ "rcvbuf", SOL_SOCKET, SO_RCVBUF },
	{ "reuseport", SOL_SOCKET, SO_REUSEPORT },
	{ "sndbuf", SOL_SOCKET, SO_SNDBUF },
	{ "deferaccept", IPPROTO_TCP, TCP_DEFER },
	{ "fastopen", IPPROTO_TCP, TCP_FAST },
	{ "nodelay", IPPROTO_TCP, TCP_NODELAY },
	{ "freebind", IPPROTO_IP, FREEBIND },
	{ "transparent", IPPROTO_IP, TRANSPARENT },
	{ "v6only", IPPROTO_IPV6, IPV6_V6ONLY },
};

void socket_option(struct opening *opening, const char *word)
{
	size_t length = strcspn(word, "=");
	int value = word[length] ? (int)number("the value of an option", word + length + 1, INT_MAX)
				 : 1;

	if (!strcmp(word, "nonblock")) {
		opening->nonblock = 1;
		return;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strncmp(names[i].word, word, length) || names[i].word[length])
			continue;
		if (i < FLAGS) {
			opening->how.flags |= value ? names[i].name : 0;
			return;
		}
		if (opening->count == OPTIONS_MAX)
			usage("more than %d options", OPTIONS_MAX);
		opening->settings[opening->count++] =
			(struct socket_setting){ &names[i], value };
		return;
	}
	usage("unknown option of a socket: %s", word);
}

/* Buffers larger than the system allows to everybody, if we may. */
static int force_buffer(int fd, const struct socket_setting *setting)
{
	const struct socket_name *option = setting->option;
	int name = option->name == SO_RCVBUF ? SO_RCVBUFFORCE : SO_SNDBUFFORCE;

	return option->level == SOL_SOCKET &&
	       (option->name == SO_RCVBUF || option->name == SO_SNDBUF) &&
	       !setsockopt(fd, SOL_SOCKET, name, &setting->value, sizeof setting->value);
}

static int set_socket_options(int fd, struct opening *opening)
{
	for (int i = 0; i < opening->count; i++) {
		const struct socket_setting *setting = &opening->settings[i];

		if (force_buffer(fd, setting) ||
		    !setsockopt(fd, setting->option->level, setting->option->name, &setting->value,
				sizeof setting->value))
			continue;
		opening->refused = setting->option;
		return -1;
	}
	return 0;
}

/* --- internet --------------------------------------------------------------------------- */

static int is_anywhere(const char *text)
{
	return !strchr(text, '[') && !strchr(text, '.');
}

/* as in <linux/vm_sockets.h>, which not every libc's headers have beside them */
struct vsock {
	sa_family_t family;
	unsigned short reserved;
	unsigned port, cid;
	unsigned char zero[4];
};

/* "CID:PORT"; without a CID it is every one. Returns the length, -1 if it is something else. */
static int vsock_parse(const char *text, union ipc_inet *inet)
{
	struct vsock vsock = { .family = AF_VSOCK, .cid = UINT_MAX };
	size_t length = strcspn(text, ":");
	char cid[12];

	if (!text[length] || length >= sizeof cid)
		return errno = EINVAL, -1;
	snprintf(cid, sizeof cid, "%.*s", (int)length, text);
	if ((length && ipc_number(cid, 10, UINT_MAX, &vsock.cid)) ||
	    ipc_number(text + length + 1, 10, UINT_MAX, &vsock.port))
		return errno = EINVAL, -1;
	memcpy(inet, &vsock, sizeof vsock);
	return sizeof vsock;
}

/* "vsock:CID:PORT" or "PORT", ":PORT", "*:PORT", "1.2.3.4:PORT" or "[::1]:PORT". Without an
 * address it is every one of both families. Returns the length, -1 if it is something else. */
static int inet_parse(const char *text, union ipc_inet *inet)
{
	unsigned port;

	if (!strncmp(text, "vsock:", 6))
		return vsock_parse(text + 6, inet);
	if (!is_anywhere(text))
		return ipc_inet_parse(text, inet);
	text += *text == ':' ? 1 : strncmp(text, "*:", 2) ? 0 : 2;
	if (ipc_number(text, 10, 65535, &port))
		return errno = EINVAL, -1;
	*inet = (union ipc_inet){ .v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) } };
	return sizeof inet->v6;
}

int is_inet(const char *text)
{
	union ipc_inet inet;

	return ENABLED(CONFIG_LISTEN_INET) && inet_parse(text, &inet) > 0;
}

static int inet_open(struct opening *opening)
{
	const struct ipc_listen *how = &opening->how;
	int type = how->type | SOCK_CLOEXEC | (opening->nonblock ? SOCK_NONBLOCK : 0);
	union ipc_inet inet;
	int length = inet_parse(opening->address, &inet), one = 1, zero = 0, fd;

	if (length < 0)
		return -1;
	fd = socket(inet.any.sa_family, type, 0);
	if (fd < 0 && errno == EAFNOSUPPORT && inet.any.sa_family == AF_INET6 &&
	    is_anywhere(opening->address)) {
		inet.v4 = (struct sockaddr_in){ .sin_family = AF_INET,
						.sin_port = inet.v6.sin6_port };
		length = sizeof inet.v4;
		fd = socket(AF_INET, type, 0);
	}
	if (fd < 0)
		return -1;
	/* whatever the system's default is */
	if (inet.any.sa_family == AF_INET6 && is_anywhere(opening->address))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
	if (how->type == SOCK_STREAM &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one))
		return close_failed(fd);
	if (set_socket_options(fd, opening) || bind(fd, &inet.any, length))
		return close_failed(fd);
	if (how->type != SOCK_DGRAM && how->backlog >= 0 &&
	    listen(fd, how->backlog ? how->backlog : INT_MAX))
		return close_failed(fd);
	return fd;
}

/* --- files ------------------------------------------------------------------------------ */

/* Remove the file that we made. */
static void undo(const struct opening *opening)
{
	int error = errno;

	if (opening->made)
		unlink(opening->address);
	errno = error;
}

/* A mode that nobody else gives to a FIFO: one that has it, and is ours, is the one that we have
 * made, whatever has happened to its name since. */
enum { MARK = 0700 };

static int make_fifo(const char *path)
{
	mode_t before = umask(0);
	int failed = mkfifo(path, MARK);

	umask(before);
	return failed;
}

static int is_fifo(const struct stat *st, int made)
{
	return S_ISFIFO(st->st_mode) &&
	       (!made || ((st->st_mode & 07777) == MARK && st->st_uid == geteuid()));
}

/* A new FIFO has its final mode before anybody else can open it; one that is there is used. */
static int fifo_open(struct opening *opening)
{
	const struct ipc_listen *how = &opening->how;
	int made = !make_fifo(opening->address), fd;
	struct stat st, opened;

	if (!made && (errno != EEXIST || how->flags & IPC_LISTEN_EXCLUSIVE))
		return -1;
	if (lstat(opening->address, &st))
		return -1;
	if (!is_fifo(&st, made))
		return errno = EEXIST, -1;
	opening->made = made;
	fd = open(opening->address, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && !fstat(fd, &opened) && opened.st_dev == st.st_dev &&
	    opened.st_ino == st.st_ino &&
	    (!(how->flags & IPC_LISTEN_OWNER) || !fchown(fd, how->uid, how->gid)) &&
	    (!(made || how->flags & IPC_LISTEN_MODE) ||
	     !fchmod(fd, how->flags & IPC_LISTEN_MODE ? how->mode & 0777 : 0777)) &&
	    fcntl(fd, F_SETFL, opening->nonblock ? O_NONBLOCK : 0) >= 0)
		return fd;
	close_failed(fd);
	undo(opening);
	return -1;
}

void make_directories(const char *path, unsigned mode)
{
	char part[4096];
	mode_t before;

	if (*path != '/' || (size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
		return;
	before = umask(0);
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(part, mode);
		*slash = '/';
	}
	umask(before);
}

static int unix_open(struct opening *opening)
{
	struct ipc_listen how = opening->how;
	int fd;

	how.flags |= opening->nonblock ? 0 : IPC_LISTEN_BLOCKING;
	fd = ipc_listen(opening->address, &how);
	if (fd < 0)
		return -1;
	opening->made = *opening->address != '@';
	if (!set_socket_options(fd, opening))
		return fd;
	close_failed(fd);
	undo(opening);
	return -1;
}

/* Returns a close-on-exec descriptor over 2. */
static int socket_open(struct opening *opening)
{
	int fd, up;

	if (opening->directories)
		make_directories(opening->address, opening->directories & 07777);
	switch (opening->kind) {
	case SOCKET_UNIX: fd = unix_open(opening); break;
	case SOCKET_FIFO: fd = fifo_open(opening); break;
	default: fd = ENABLED(CONFIG_LISTEN_INET) ? inet_open(opening) : -1;
	}
	if (fd < 0 || fd > 2)
		return fd;
	/* 0, 1 or 2 were closed */
	up = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close_failed(fd);
	return up;
}

static _Noreturn void refused(const struct opening *opening)
{
	const char *address = opening->address;

	if (opening->refused)
		die(EXIT_TEMPORARY, "unable to set %s on %s:", opening->refused->word, address);
	if (opening->kind == SOCKET_FIFO && errno == EEXIST)
		die(EXIT_TEMPORARY, "unable to make %s: it is there%s", address,
		    opening->how.flags & IPC_LISTEN_EXCLUSIVE ? "" : " and not a FIFO");
	if (opening->kind == SOCKET_FIFO)
		die(EXIT_TEMPORARY, "unable to open %s:", address);
	if (opening->kind == SOCKET_UNIX)
		bind_refused(address, &opening->how);
	die(EXIT_TEMPORARY, "unable to bind to %s:", address);
}

void open_sockets(struct opening *openings, int count, struct handed *fds)
{
	for (int i = 0; i < count; i++) {
		fds[i].fd = socket_open(&openings[i]);
		if (fds[i].fd < 0)
			refused(&openings[i]);
		if (openings[i].made)
			bind_note(openings[i].address);
	}
}
