/* opend(8): open files and sockets for clients that may not
 *
 * SPDX-License-Identifier: ISC

config OPEND
	bool "ipcopend"
	default y
	help
	  usage: ipcopend [-q|-v] [-l] [-L DIR] [-t MS]

	  Serve one client, on descriptor 0: open what it asks for and pass it the descriptor.
	  The environment, which access rules set, says what it may open:

	      ipcserver /run/open.sock access -i /etc/open ipcopend

	  Each variable holds patterns, see the manual, with blanks between them.

	  -q      quiet: errors only
	  -v      log what is opened, too
	  -l      lock every terminal
	  -L DIR  with a lock on a terminal, keep a file LCK..NAME in DIR
	  -t MS   give up when the client is silent, or does not read an answer, for MS
	          milliseconds; default 30000; 0 is no limit

	  Environment:
	  IPCOPEN_READ    for reading
	  IPCOPEN_WRITE   for writing, appending and truncating
	  IPCOPEN_APPEND  for appending
	  IPCOPEN_CREATE  may be made if it is not there
	  IPCOPEN_LOCK    may be locked
	  IPCOPEN_BIND    sockets by name, see ipcopenfd

config OPEND_SOCKETS
	bool "Sockets by name"
	depends on OPEND
	default y
	help
	  tcp:ADDRESS:PORT, udp:ADDRESS:PORT and netlink:FAMILY[:GROUP].

config OPEND_LOCKFILES
	bool "Lock files of terminals (-L)"
	depends on OPEND
	default y
	help
	  The files LCK..NAME that older terminal programs use.
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "applet.h"
#include "ipc/open.h"
#include "kernel.h"

/* of <linux/netlink.h> */
enum { NETLINK = 270, ADD_MEMBERSHIP = 1 };

enum { ACCESS = IPC_OPEN_READ | IPC_OPEN_WRITE | IPC_OPEN_APPEND };

/* What a client must be allowed for each bit of its request: one of two variables. */
static const struct right {
	unsigned char bit;
	char variable[7], more[7];
	char what[11];
} rights[] = {
	{ IPC_OPEN_READ, "READ", "READ", "reading" },
	{ IPC_OPEN_WRITE, "WRITE", "WRITE", "writing" },
	{ IPC_OPEN_APPEND, "APPEND", "WRITE", "appending" },
	{ IPC_OPEN_CREATE, "CREATE", "CREATE", "creating" },
	{ IPC_OPEN_TRUNCATE, "WRITE", "WRITE", "truncating" },
	{ IPC_OPEN_LOCK, "LOCK", "LOCK", "locking" }
};

enum { LOCK_PATIENCE = 2000 };	/* ms that another broker may hold the directory of lock files */

enum { RIGHTS = sizeof rights / sizeof *rights };

struct broker {
	int lock, timeout;
	int verbosity;			/* the last of -q and -v */
	const char *lock_dir;
	struct lock_file *lock_files;
	struct ipc_peer client;
	int pidfd;			/* of the client, -1 if there is none */
	char text[IPC_OPEN_TEXT_SIZE];	/* why not */
};

struct lock_file {
	struct lock_file *next;
	char path[];
};

/* Keep a refusal of our own in words; that of the kernel is put into words by serve(). */
static int refuse(struct broker *b, int error, const char *format, const char *what)
{
	snprintf(b->text, sizeof b->text, format, what);
	return errno = error, -1;
}

static int deny(struct broker *b, int error, const char *why)
{
	return refuse(b, error, "%s", why);
}

/* Does a pattern of $IPCOPEN_VARIABLE match? */
static int matches(const char *variable, const char *name, size_t *prefix)
{
	char full[16];
	const char *patterns;

	snprintf(full, sizeof full, "IPCOPEN_%s", variable);
	patterns = getenv(full);
	return patterns && ipc_open_match(patterns, name, prefix);
}

/* --- lock files --- */

/* Where the lock file of the terminal FD is: by its own name, not by that of a link to it. */
static int lock_path(const struct broker *b, int fd, char *path, size_t size)
{
	char link[32], device[256], *name = device;
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, device, sizeof device - 1);
	if (length < 0)
		return -1;
	device[length] = 0;
	name += strncmp(device, "/dev/", 5) ? 1 : 5;
	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = '_';
	if ((size_t)snprintf(path, size, "%s/LCK..%s", b->lock_dir, name) >= size)
		return errno = ENAMETOOLONG, -1;
	return 0;
}

/* The process that the lock file names; 0 if it names none. */
static unsigned lock_owner(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 0;
	char text[16] = "";
	unsigned pid = 0;

	if (fd >= 0) {
		n = read(fd, text, sizeof text - 1);
		close(fd);
	}
	if (n <= 0)
		return 0;
	text[strcspn(text, "\n")] = 0;
	return ipc_number(text + strspn(text, " "), 10, INT_MAX, &pid) ? 0 : pid;
}

/* Replace the file of a process that is gone. One that names none, or is empty, counts. */
static int replace_lock_file(struct broker *b, const char *temporary, const char *path)
{
	unsigned owner = lock_owner(path);

	/* the client has had the terminal before, and has closed it */
	if (owner == (unsigned)b->client.pid)
		return 0;
	if (!owner || !kill(owner, 0) || errno != ESRCH)
		return errno = EBUSY, -1;
	return unlink(path) || link(temporary, path);
}

/* The file is written before it gets its name, so that nobody reads an empty one. */
static int make_lock_file(struct broker *b, const char *path)
{
	char temporary[PATH_MAX], line[16];
	size_t length = snprintf(line, sizeof line, "%10d\n", b->client.pid);
	int fd, failed, error;

	if ((size_t)snprintf(temporary, sizeof temporary, "%s/LTMP.%d", b->lock_dir, getpid()) >=
	    sizeof temporary)
		return errno = ENAMETOOLONG, -1;
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	failed = ipc_write_all(fd, line, length) || link(temporary, path);
	if (failed && errno == EEXIST)
		failed = replace_lock_file(b, temporary, path);
	error = errno;
	close(fd);
	unlink(temporary);
	errno = error;
	return failed;
}

static int take_lock_file(struct broker *b, int fd)
{
	struct lock_file *file = malloc(sizeof *file + PATH_MAX);
	int dir, failed;

	if (!file)
		return -1;
	dir = open(b->lock_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* for brokers that find the file of a process that is gone, all at once; the terminal itself
	 * is locked already, so we go on without if somebody holds the directory */
	if (dir >= 0)
		ipc_lock(dir, LOCK_PATIENCE);
	failed = dir < 0 || lock_path(b, fd, file->path, PATH_MAX) ||
		 make_lock_file(b, file->path) ? errno : 0;
	if (dir >= 0)
		close(dir);
	if (failed) {
		free(file);
		return refuse(b, failed, failed == EBUSY ? "locked by a file in %s"
				    : "unable to make a lock file in %s", b->lock_dir);
	}
	file->next = b->lock_files;
	b->lock_files = file;
	return 0;
}

/* The lock files are there as long as the client's process, whatever it does with its
 * connection. Without a pidfd they stay, and name a process that is gone. */
static void keep_lock_files(struct broker *b)
{
	if (!b->lock_files || b->pidfd < 0)
		return;
	close(0);
	close(1);
	while (poll(&(struct pollfd){ .fd = b->pidfd, .events = POLLIN }, 1, -1) < 0)
		;
	for (struct lock_file *file = b->lock_files; file; file = file->next)
		if (lock_owner(file->path) == (unsigned)b->client.pid)
			unlink(file->path);
}

/* --- files --- */

static int lock(struct broker *b, int fd, int terminal)
{
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? deny(b, EBUSY, "locked by another process")
					    : -1;
	if (!terminal)
		return 0;
	if (ENABLED(CONFIG_OPEND_LOCKFILES) && b->lock_dir && !b->client.pid)
		return deny(b, ESRCH, "the client is in another pid namespace");
	if (ENABLED(CONFIG_OPEND_LOCKFILES) && b->lock_dir && take_lock_file(b, fd))
		return -1;
	return ioctl(fd, TIOCEXCL);
}

/* What is left to do once the file is open; it does not block yet. */
static int make_ready(struct broker *b, int fd, unsigned how)
{
	int exclusive = 0, terminal;
	struct termios settings;
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	/* from a directory one can go on to places that nobody spoke of */
	if (S_ISDIR(st.st_mode))
		return errno = EISDIR, -1;
	terminal = S_ISCHR(st.st_mode) && !tcgetattr(fd, &settings);
	/* the kernel refuses it to others, but not to us if we are root */
	if (terminal && !ioctl(fd, TIOCGEXCL, &exclusive) && exclusive)
		return deny(b, EBUSY, "in exclusive use");
	if ((how & IPC_OPEN_LOCK || (b->lock && terminal)) && lock(b, fd, terminal))
		return -1;
	if (how & IPC_OPEN_TRUNCATE && S_ISREG(st.st_mode) && ftruncate(fd, 0))
		return -1;
	if (how & IPC_OPEN_NONBLOCK)
		return 0;
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

/* Reading and writing, as far as the rules allow them. */
static unsigned allowed_access(const char *name)
{
	unsigned how = 0;
	size_t prefix;

	for (const struct right *right = rights; right < rights + 2; right++)
		if (matches(right->variable, name, &prefix))
			how |= right->bit;
	return how;
}

static int open_flags(unsigned how)
{
	int flags = O_NONBLOCK | O_NOCTTY;

	if (how & (IPC_OPEN_WRITE | IPC_OPEN_APPEND))
		flags |= how & IPC_OPEN_READ ? O_RDWR : O_WRONLY;
	if (how & IPC_OPEN_APPEND)
		flags |= O_APPEND;
	/* a link could make a file of a name that may not be made */
	if (how & IPC_OPEN_CREATE)
		flags |= O_CREAT | O_NOFOLLOW;
	return flags;
}

static int open_file(struct broker *b, const char *name, unsigned *how)
{
	size_t prefixes[RIGHTS];
	int count = 0, fd;

	if (!(*how & ACCESS))
		*how |= allowed_access(name);
	if (!(*how & ACCESS))
		return deny(b, EACCES, "not allowed");
	for (const struct right *right = rights; right < rights + RIGHTS; right++) {
		if (!(*how & right->bit))
			continue;
		if (!matches(right->variable, name, prefixes + count) &&
		    !matches(right->more, name, prefixes + count))
			return refuse(b, EACCES, "not allowed for %s", right->what);
		count++;
	}
	fd = ipc_open_beneath(name, prefixes, count, open_flags(*how), 0666);
	return fd < 0 || !make_ready(b, fd, *how) ? fd : close_failed(fd);
}

/* --- sockets --- */

static int open_inet(struct broker *b, const char *name, int type)
{
	union ipc_inet address;
	int length = ipc_inet_parse(name, &address);

	if (length < 0)
		return deny(b, EINVAL, "not a numeric address and a port");
	return ipc_inet_listen(&address, length, type);
}

/* "route", "audit:1" */
static int open_netlink(struct broker *b, const char *name, int type)
{
	static const struct { char name[10]; signed char number; } families[] = {
		{ "route", 0 }, { "sock-diag", 4 }, { "xfrm", 6 }, { "selinux", 7 },
		{ "audit", 9 }, { "connector", 11 }, { "netfilter", 12 }, { "uevent", 15 },
		{ "generic", 16 }, { "", -1 }
	}, *family = families;
	size_t length = strcspn(name, ":");
	const char *group = name + length;
	struct {
		sa_family_t family;
		unsigned short pad;
		unsigned pid, groups;
	} address = { .family = AF_NETLINK };
	unsigned number = 0;
	int fd;

	while (family->number >= 0 &&
	       (strncmp(family->name, name, length) || family->name[length]))
		family++;
	if (family->number < 0 || (*group && ipc_number(group + 1, 10, INT_MAX, &number)))
		return deny(b, EINVAL, "not a netlink family and a group");
	fd = socket(AF_NETLINK, type, family->number);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof address) ||
	    (number && setsockopt(fd, NETLINK, ADD_MEMBERSHIP, &number, sizeof number)))
		return close_failed(fd);
	return fd;
}

static int open_socket(struct broker *b, const char *name, unsigned how)
{
	int type = SOCK_CLOEXEC | (how & IPC_OPEN_NONBLOCK ? SOCK_NONBLOCK : 0);
	size_t prefix;

	if (!matches("BIND", name, &prefix))
		return deny(b, EACCES, "not allowed");
	if (!strncmp(name, "tcp:", 4))
		return open_inet(b, name + 4, type | SOCK_STREAM);
	if (!strncmp(name, "udp:", 4))
		return open_inet(b, name + 4, type | SOCK_DGRAM);
	if (!strncmp(name, "netlink:", 8))
		return open_netlink(b, name + 8, type | SOCK_RAW);
	return deny(b, EINVAL, "neither a path nor a socket");
}

/* --- the client --- */

static void report(const struct broker *b, const struct ipc_open_request *request, int fd)
{
	static const char all[] = "rwactln";
	char letters[sizeof all], *to = letters;

	if (fd < 0 ? b->verbosity == 'q' : b->verbosity != 'v')
		return;
	for (int i = 0; all[i]; i++)
		if (request->how & 1U << i)
			*to++ = all[i];
	if (to == letters)
		*to++ = '-';
	*to = 0;
	if (fd < 0)
		say_refused(b->client.uid, applet_name, "info",
			    "deny pid %d uid %u gid %u letters %s path %s: %s", b->client.pid,
			    b->client.uid, b->client.gid, letters, request->name, b->text);
	else
		info("allow pid %d uid %u gid %u letters %s path %s", b->client.pid, b->client.uid,
		     b->client.gid, letters, request->name);
}

static int serve(struct broker *b, struct ipc_messages *messages, struct ipc_message *message)
{
	static struct ipc_open_request request;
	int fd = -1, error, failed;

	*b->text = 0;
	request = (struct ipc_open_request){ .how = 0 };
	if (!ipc_open_parse(message, &request))
		fd = *request.name != '/' && ENABLED(CONFIG_OPEND_SOCKETS)
		     ? open_socket(b, request.name, request.how)
		     : open_file(b, request.name, &request.how);
	else if (errno == EPROTO)
		return -1;
	else if (errno == EINVAL)
		deny(b, EINVAL, request.how < IPC_OPEN_LAST * 2U ? "not a plain name"
									 : "unknown flags");
	error = fd < 0 ? errno : 0;
	if (error && !*b->text)
		deny(b, error, error == EXDEV ? "a link leads out of what is allowed" :
				       error == ELOOP ? "a link is not followed" :
				       strerror(error));
	report(b, &request, fd);
	failed = ipc_open_answer(messages, fd, error, b->text);
	if (fd >= 0)
		close(fd);
	return failed || ipc_messages_wait(messages, NULL, b->timeout) ? -1 : 0;
}

static void options(struct broker *b, int argc, char **argv)
{
	static const struct setting table[] = {
		{ 'q', SET_FLAG, offsetof(struct broker, verbosity) },
		{ 'v', SET_FLAG, offsetof(struct broker, verbosity) },
		{ 'l', SET_FLAG, offsetof(struct broker, lock) },
		{ 't', SET_INT, offsetof(struct broker, timeout) },
#ifdef CONFIG_OPEND_LOCKFILES
		{ 'L', SET_TEXT, offsetof(struct broker, lock_dir) },
#endif
		{ 0 }
	};

	set_options(argc, argv, table, b);
	if (!b->timeout)
		b->timeout = -1;
	if (argv[optind])
		usage("unexpected argument %s", argv[optind]);
}

/* Descriptors in answers that nobody reads are open, and not among those that the client's limit
 * counts. With the smallest buffer that there is about six are on their way. */
static void bound_answers(void)
{
	int least = 1;

	setsockopt(0, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
}

TOOL(opend)
{
	struct broker b = { .timeout = 30000, .pidfd = -1 };
	struct ipc_messages_how how = { .max_length = IPC_OPEN_NAME_MAX + 64 };
	struct ipc_messages *messages;
	struct ipc_message message;
	int code = 0;

	options(&b, argc, argv);
	if (ipc_peer(0, &b.client))
		die(EXIT_USAGE, "unable to learn who is on descriptor 0:");
	bound_answers();
	if (ENABLED(CONFIG_OPEND_LOCKFILES) && b.lock_dir) {
		b.pidfd = ipc_peer_pidfd(0);
		if (b.pidfd < 0)
			b.pidfd = syscall(SYS_pidfd_open, b.client.pid, 0);
	}
	ipc_fds_refuse(0);
	messages = ipc_messages_open(0, &how);
	if (!messages)
		die(EXIT_TEMPORARY, "unable to serve the client:");
	while (!ipc_messages_wait(messages, &message, b.timeout) && !serve(&b, messages, &message))
		;
	if (errno == ETIMEDOUT) {
		say(applet_name, "fatal", "the client is silent");
		code = EXIT_TIMEOUT;
	} else if (errno != EPIPE) {
		say(applet_name, "fatal", "trouble with the client:");
		code = EXIT_TEMPORARY;
	}
	if (ENABLED(CONFIG_OPEND_LOCKFILES))
		keep_lock_files(&b);
	return code;
}
