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
#include <sys/stat.h>

#include "relay.h"

/* ms; without the lock of the directory we are merely not serialised */
enum { PATIENCE = 2000, GRACE = 100 };

static const char suffix[] = ".ipcspy";

/* The place in front of a server: two names in a directory. */
static struct {
	int dir;
	const char *base;		/* where clients come */
	char aside[NAME_MAX + 1];	/* where the server is reachable */
	const char *path;
	struct stat ours;		/* the socket that we have put there, once it is */
} place;

static int same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
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

/* Give the place back, unless somebody else has taken it from us since: then only the other name
 * goes. Who does not know our socket, because he has outlived us, looks whether it is dead. To do
 * it twice does no harm. */
static void put_back(void)
{
	struct stat there, server;
	int lock = openat(place.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lock >= 0)
		ipc_lock(lock, PATIENCE);
	if (!fstatat(place.dir, place.aside, &server, AT_SYMLINK_NOFOLLOW) &&
	    !fstatat(place.dir, place.base, &there, AT_SYMLINK_NOFOLLOW)) {
		if (same(&there, &place.ours) || probe(place.path, SOCK_DGRAM) == ECONNREFUSED)
			renameat(place.dir, place.aside, place.dir, place.base);
		else if (place.ours.st_ino || same(&there, &server))
			unlinkat(place.dir, place.aside, 0);
	}
	close_failed(lock);
}

static int guard = -1;	/* a pipe to it */

/* A process that puts it back if we cannot: it waits until the other end of a pipe, ours, is gone,
 * which may be before our socket is. So it is told through the pipe which one that is.
 * No signal that is meant for us, or for a terminal, reaches it. */
static void start_guard(void)
{
	int ends[2];
	ssize_t got;
	pid_t pid;

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
	/* a single byte says that we have done it */
	do
		got = read(ends[0], &place.ours, sizeof place.ours);
	while (got > 1 || (got < 0 && errno == EINTR));
	if (got == 1)
		_exit(0);
	put_back();
	_exit(0);
}

/* Put it back, which is then none of the guard's business: the next spy may be there already. */
static void leave(void)
{
	put_back();
	if (guard >= 0 && write(guard, "", 1) < 0) { /* it is gone */ }
}

static void find_place(const char *path)
{
	char *directory = strdup(path), *slash;

	if (*path == '@')
		die(EXIT_USAGE, "an abstract name cannot be taken: %s", path);
	place.path = path;
	if (!directory)
		die(EXIT_TEMPORARY, "unable to look at %s:", path);
	slash = strrchr(directory, '/');
	place.base = slash ? path + (slash + 1 - directory) : path;
	if (slash)
		slash[slash == directory] = 0;
	place.dir = open(slash ? directory : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place.dir < 0)
		die(EXIT_TEMPORARY, "unable to open the directory of %s:", path);
	free(directory);
	if ((size_t)snprintf(place.aside, sizeof place.aside, "%s%s", place.base, suffix) >=
	    sizeof place.aside)
		die(EXIT_USAGE, "the name is too long: %s", path);
}

/* Stand in front of the server. Returns a socket that takes its clients. */
static int take_place(void)
{
	struct ipc_listen how = { .flags = IPC_LISTEN_TAKEOVER | IPC_LISTEN_MODE | IPC_LISTEN_OWNER };
	struct stat server;
	int fd, failed;

	/* of one that could not */
	put_back();
	if (fstatat(place.dir, place.base, &server, AT_SYMLINK_NOFOLLOW))
		die(EXIT_TEMPORARY, "unable to look at %s:", place.path);
	if (!S_ISSOCK(server.st_mode))
		die(EXIT_TEMPORARY, "%s is not a socket", place.path);
	if (probe(place.path, SOCK_DGRAM) != EPROTOTYPE)
		die(EXIT_TEMPORARY, "nobody listens at %s", place.path);
	how.type = probe(place.path, SOCK_SEQPACKET) == EPROTOTYPE ? SOCK_STREAM : SOCK_SEQPACKET;
	how.mode = server.st_mode & 07777;
	how.uid = server.st_uid;
	how.gid = server.st_gid;
	failed = linkat(place.dir, place.base, place.dir, place.aside, 0);
	if (failed && errno == EEXIST)
		die(EXIT_TEMPORARY, "another ipcspy is there: %s%s exists", place.path, suffix);
	if (failed)
		die(EXIT_TEMPORARY, "unable to give the server the name %s%s:", place.path, suffix);
	before_death = leave;
	start_guard();
	fd = ipc_listen(place.path, &how);
	if (fd < 0 || fstatat(place.dir, place.base, &place.ours, AT_SYMLINK_NOFOLLOW))
		die(EXIT_TEMPORARY, "unable to take the place of %s:", place.path);
	if (write(guard, &place.ours, sizeof place.ours) < 0)
		die(EXIT_TEMPORARY, "unable to tell the guard:");
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

static int next_client(int listener, long long *id, char **name)
{
	(void)id, (void)name;
	return ipc_accept(listener, NULL, NULL);
}

TOOL(spy)
{
	struct relaying how = { .verbosity = 1, .may = 1 << IN | 1 << OUT, .max = 1000,
				.next = next_client, .shows = 1, .trace = { -1, -1 } };
	static const char endings[] = { SIGHUP, SIGINT, SIGTERM, 0 };
	char target[PATH_MAX];
	int code;

	parse(argc, argv, &how);
	find_place(argv[optind]);
	if ((size_t)snprintf(target, sizeof target, "%s%s", place.path, suffix) >= sizeof target)
		die(EXIT_USAGE, "the path is too long: %s", place.path);
	how.target = target;
	signal(SIGPIPE, SIG_IGN);
	how.stop = open_signals(endings, 0);
	relay_init(&how);
	how.source = take_place();
	code = relay_all(-1);
	leave();
	/* who has just looked the name up still finds us */
	poll(NULL, 0, GRACE);
	return code;
}
