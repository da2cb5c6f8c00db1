/* spy: show what passes over a live socket for a while
 *
 * SPDX-License-Identifier: ISC

config SPY
	bool "ipcspy"
	default y
	depends on PROXY
	help
	  usage: ipcspy [-v LEVEL] [-c MAX] [-x FILE] [-X FILE] PATH

	  Take the place of the socket at PATH, pass on all who connect to its server, and show
	  what they say. The server stays reachable at PATH.ipcspy. When ipcspy ends, however it
	  ends, PATH is the server's again, in one step, as it was taken. No client finds PATH
	  missing, and those who are connected already notice nothing.

	  -v LEVEL  as in ipcproxy(1); default 1
	  -c MAX    at most so many connections at a time; others wait; default 1000
	  -x FILE   append the text to FILE; "-", the default, is descriptor 1
	  -X FILE   append packets for wireshark(1) and tcpdump(8) to FILE, "-" for descriptor 1;
	            the text is left out then unless -x asks for it

	  INT, TERM and HUP end it, and with it the connections that it passes on.

	  Exit status:
	  0    it was ended by a signal
	  100  wrong usage
	  111  PATH has no live socket or another ipcspy, or a system call failed
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "internal.h"
#include "relay.h"

/* ms; without the lock of the directory we are merely not serialised */
enum { PATIENCE = 2000, GRACE = 100, LOOK = 1000 };

/* The place in front of a server: three names in a directory. */
static struct {
	int dir;
	int lock;			/* the same directory under flock(2), or -1 */
	const char *base;		/* where clients come */
	char aside[NAME_MAX + 1];	/* where the server is reachable */
	char coming[NAME_MAX + 1];	/* our socket, until it is at BASE: one spy at a time has it */
	const char *path;
	char target[PATH_MAX], own[PATH_MAX];	/* paths of the other two */
	struct stat ours;		/* our socket, once there is one */
	int taken;			/* it has been at BASE */
} place;

static int same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static int look_at(const char *name, struct stat *st)
{
	return fstatat(place.dir, name, st, AT_SYMLINK_NOFOLLOW);
}

/* What happens if a socket of this type connects to PATH: 0 or an errno. A server notices nothing
 * unless the type is its own. */
static int probe(const char *path, int type)
{
	int fd = ipc_connect(path, &(struct ipc_connect){ .type = type, .timeout = 1 });

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int is_dead(const char *path, const struct stat *st)
{
	return S_ISSOCK(st->st_mode) && probe(path, SOCK_DGRAM) == ECONNREFUSED;
}

static void lock_place(void)
{
	if (place.lock < 0)
		place.lock = openat(place.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place.lock >= 0)
		ipc_lock(place.lock, PATIENCE);
}

static void unlock_place(void)
{
	if (place.lock >= 0)
		flock(place.lock, LOCK_UN);
}

/* Give the place back, unless somebody else has taken it from us since: then only the other names
 * go. Who does not know our socket, because he has outlived us, looks whether it is dead. A server
 * that lives keeps its second name unless we know that it is ours to remove, because it may be the
 * only one. What a stranger has put there in a directory for all is not moved: it is not of the
 * owner whom PATH has. To do it twice does no harm. */
static int put_back(void)
{
	struct stat there, server;
	int missing;

	if (look_at(place.aside, &server))
		return errno == ENOENT ? 0 : -1;
	missing = look_at(place.base, &there);
	if (missing && (errno != ENOENT || !place.taken))
		return -1;
	if (missing || same(&there, &place.ours) ||
	    (is_dead(place.path, &there) && server.st_uid == there.st_uid))
		return renameat(place.dir, place.aside, place.dir, place.base);
	if (place.taken ||
	    (place.ours.st_ino && (same(&there, &server) || is_dead(place.target, &server))))
		return unlinkat(place.dir, place.aside, 0);
	return 0;
}

/* Our end, with the place locked. */
static int withdraw(void)
{
	struct stat there;

	lock_place();
	if (!look_at(place.coming, &there) && same(&there, &place.ours))
		unlinkat(place.dir, place.coming, 0);
	return put_back();
}

static int guard = -1;	/* a pipe to it */

/* Put it back if the spy could not. If the server ends, so must the spy, whom a new server
 * would take for a live one. */
_Noreturn static void be_guard(int from, pid_t spy)
{
	struct pollfd pollfd = { .fd = from, .events = POLLIN };
	char done;

	while (poll(&pollfd, 1, LOOK) <= 0)
		if (probe(place.target, SOCK_DGRAM) == ECONNREFUSED && getppid() == spy)
			kill(spy, SIGTERM);
	/* a byte says that it has been done */
	if (read(from, &done, 1) != 1)
		withdraw();
	_exit(0);
}

/* A process that puts it back if we cannot: it waits until the other end of a pipe, ours, is gone.
 * No signal that is meant for us, or for a terminal, reaches it. */
static void start_guard(int listener)
{
	int ends[2];
	pid_t pid, self = getpid();

	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0)
		die(EXIT_TEMPORARY, "unable to start a guard:");
	if (pid) {
		close(ends[0]);
		guard = ends[1];
		return;
	}
	setsid();
	for (int i = 1; i < _NSIG; i++)
		signal(i, SIG_IGN);
	/* who waits for the end of our output must not wait for the guard */
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	close(ends[1]);
	/* they shall end with the spy */
	close(listener);
	close_failed(place.lock);
	place.lock = -1;
	be_guard(ends[0], self);
}

/* Put it back, which is then none of the guard's business: the next spy may be there already. */
static void leave(void)
{
	if (withdraw())
		warning("unable to give %s back:", place.path);
	else if (guard >= 0 && write(guard, "", 1) < 0) { /* it is gone */ }
	unlock_place();
}

static void name_one(char *name, char *path, const char *ending)
{
	if ((size_t)snprintf(name, NAME_MAX + 1, "%s%s", place.base, ending) > NAME_MAX ||
	    (size_t)snprintf(path, PATH_MAX, "%s%s", place.path, ending) >= PATH_MAX)
		die(EXIT_USAGE, "the name is too long: %s", place.path);
}

static void find_place(const char *path)
{
	if (*path == '@')
		die(EXIT_USAGE, "an abstract name cannot be taken: %s", path);
	place.path = path;
	place.lock = -1;
	place.dir = ipc_open_directory(path, &place.base);
	if (place.dir < 0)
		die(EXIT_TEMPORARY, "unable to open the directory of %s:", path);
	name_one(place.aside, place.target, ".ipcspy");
	name_one(place.coming, place.own, ".ipcspy.new");
}

/* Make a socket like that of the server, where nobody looks for it. */
static int make_ready(void)
{
	struct ipc_listen how = { .flags = IPC_LISTEN_MODE | IPC_LISTEN_OWNER };
	struct stat server;
	int fd;

	if (look_at(place.base, &server))
		die(EXIT_TEMPORARY, "unable to look at %s:", place.path);
	if (!S_ISSOCK(server.st_mode))
		die(EXIT_TEMPORARY, "%s is not a socket", place.path);
	if (probe(place.path, SOCK_DGRAM) != EPROTOTYPE)
		die(EXIT_TEMPORARY, "nobody listens at %s", place.path);
	how.type = probe(place.path, SOCK_SEQPACKET) == EPROTOTYPE ? SOCK_STREAM : SOCK_SEQPACKET;
	how.mode = server.st_mode & 07777;
	how.uid = server.st_uid;
	how.gid = server.st_gid;
	fd = ipc_listen(place.own, &how);
	if (fd < 0 && errno == EADDRINUSE)
		die(EXIT_TEMPORARY, "another ipcspy is there: %s exists", place.own);
	if (fd < 0 || look_at(place.coming, &place.ours))
		die(EXIT_TEMPORARY, "unable to take the place of %s:", place.path);
	return fd;
}

/* Stand in front of the server. Returns a socket that takes its clients. */
static int take_place(void)
{
	int fd, failed;

	/* of one that could not */
	lock_place();
	put_back();
	unlock_place();
	fd = make_ready();
	before_death = leave;
	lock_place();
	failed = put_back() || linkat(place.dir, place.base, place.dir, place.aside, 0);
	if (failed && errno == EEXIST)
		die(EXIT_TEMPORARY, "another ipcspy is there: %s exists", place.target);
	if (failed)
		die(EXIT_TEMPORARY, "unable to give the server the name %s:", place.target);
	start_guard(fd);
	if (renameat(place.dir, place.coming, place.dir, place.base))
		die(EXIT_TEMPORARY, "unable to take the place of %s:", place.path);
	place.taken = 1;
	unlock_place();
	return fd;
}

static void parse(int argc, char **argv, struct relaying *how)
{
	int letter;

	while ((letter = option(argc, argv, "v:c:x:X:", NULL)) != -1) {
		switch (letter) {
		case 'v': how->verbosity = number("-v", optarg, UINT_MAX); break;
		case 'c': how->max = number("-c", optarg, RELAY_MOST); break;
		case 'x': how->trace.text = trace_open(optarg, 1); break;
		case 'X': how->trace.packets = trace_open_packets(optarg, 1); break;
		}
	}
	operands(argc, argv, 1);
	if (argv[optind + 1])
		usage("unexpected argument %s", argv[optind + 1]);
	if (!how->max)
		usage("-c is 0");
	if (!tracing(&how->trace))
		how->trace.text = 1;
}

TOOL(spy)
{
	struct relaying how = { .verbosity = 1, .may = 1 << IN | 1 << OUT, .max = 1000,
				.next = relay_accept, .shows = 1, .trace = { -1, -1 } };
	static const char endings[] = { SIGHUP, SIGINT, SIGTERM, 0 };
	int code;

	parse(argc, argv, &how);
	find_place(argv[optind]);
	how.target = place.target;
	signal(SIGPIPE, SIG_IGN);
	how.stop = open_signals(endings, 0);
	relay_init(&how);
	how.source = take_place();
	code = relay_all(-1);
	if (probe(place.target, SOCK_DGRAM) == ECONNREFUSED) {
		warning("the server of %s has ended", place.path);
		code = EXIT_TEMPORARY;
	}
	leave();
	/* who has just looked the name up still finds us */
	poll(NULL, 0, GRACE);
	return code;
}
