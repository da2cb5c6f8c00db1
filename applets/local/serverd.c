/* serverd: accept clients of a local service and start a program for each
 *
 * SPDX-License-Identifier: ISC

config SERVERD
	bool "ipcserverd"
	default y
	help
	  usage: ipcserverd [-v LEVEL] [-1] [-n FD] [-P|-p] [-i] [-c MAX] [-C USERMAX]
	         [-t SECONDS] [-g SECONDS] [-w WORKERS] PROG...

	  Accept connections on descriptor 0, a listening socket, and run PROG for each with the
	  connection as descriptors 0 and 1. Gates at the front of PROG, such as ipcaccess, are
	  asked before a process exists.

	  -v LEVEL    0: errors, 1: and warnings, 2: and each client; default 1
	  -1          write a newline to descriptor 1 and close it when ready
	  -n FD       the same with descriptor FD
	  -P          do not look up who the client is
	  -p          look it up; the default
	  -i          hand the descriptors from 3 on that are open now to the handlers, which get
	              0, 1 and 2 alone otherwise; under the name s6-ipcserverd, the default
	  -c MAX      at most MAX clients at a time, the others wait; default 40
	  -C USERMAX  at most USERMAX for each user, the others are refused; default 40
	  -t SECONDS  end a handler that takes longer: TERM, then KILL, to its process group
	  -g SECONDS  on TERM, wait so long for the handlers to end; -k is the same
	  -w WORKERS  start PROG so many times, once, and hand the clients to these processes,
	              which -c and -C do not count

	  With NOTIFY_SOCKET set, READY=1 is sent to it when ready.

	  Signals:
	  TERM  exit, with -g after a drain
	  INT   drain: accept nobody any more and exit when the last handler has
	  HUP   TERM and CONT to all handlers, and go on
	  QUIT  TERM and CONT to all handlers, and exit
	  ABRT  KILL to all handlers, and exit
	  USR1  write a line with all counters

	  Environment:
	  PROTO            set to IPC
	  IPCREMOTEEUID    user of the client, unset with -P
	  IPCREMOTEEGID    group of the client, unset with -P
	  IPCREMOTEPID     process of the client, unset with -P
	  IPCREMOTEGROUPS  supplementary groups of the client, separated by commas
	  IPCREMOTEPATH    name that the client's socket is bound to, or empty
	  IPCCONNNUM       live connections of that user, this one included; empty with -P or -w
	  IPCLOCALPATH     name of our socket

	  Exit status:
	  0    ended by a signal, or drained
	  1    the drain was cut short by its time limit
	  100  wrong usage; descriptor 0 is not a socket
	  111  a system call failed
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "serve.h"

enum {
	MOST_CLIENTS = 100000,
	MOST_GROUPS = 65536,
	LONGEST_BURST = 16,	/* accepts for one wake-up */
	ALONE = 16		/* wake-ups for one client each, before the next try for more */
};

static gid_t *groups;
static int listener_blocks, drain_limit = -1;
static int backlog;		/* at the end: there may be clients of ours in it */
static long long drain_end;
static struct stat ours;	/* the file of the socket, to see whether it still is ours */

/* --- one client ---------------------------------------------------------------------------- */

static void fact_groups(const struct client *client)
{
	static char text[GROUPS_TEXT];
	int count = client->has_peer ? ipc_peer_groups(now.fd, groups, MOST_GROUPS) : -1;
	size_t length = 0;

	if (count < 0)
		return fact("IPCREMOTEGROUPS", NULL);
	*text = 0;
	for (int i = 0; i < count; i++) {
		length += ipc_format(text + length, sizeof text - length, i ? ",%u" : "%u",
				     groups[i]);
		if (length >= sizeof text)
			return fact("IPCREMOTEGROUPS", NULL);
	}
	fact("IPCREMOTEGROUPS", text);
}

/* "uid:gid", or "?:?" if nobody asked. */
static char *who(const struct client *client, char *text, size_t size)
{
	if (client->has_peer)
		ipc_format(text, size, "%u:%u", client->peer.uid, client->peer.gid);
	else
		ipc_format(text, size, "?:?");
	return text;
}

static int identify(struct client *client)
{
	*client = (struct client){ .proto = "IPC", .fd = now.fd, .ngroups = -1 };
	if (settings.no_lookup) {
		client->connnum = handlers_of(0) + 1;
		return 0;
	}
	if (ipc_peer(now.fd, &client->peer)) {
		if (settings.verbosity)
			warn("unable to getpeereid:");
		return -1;
	}
	client->has_peer = 1;
	client->connnum = handlers_of(client->peer.uid) + 1;
	client->has_connnum = !settings.workers;
	return 0;
}

static int within_limit(const struct client *client)
{
	char text[32];

	if (settings.workers || client->connnum <= settings.user_max)
		return 1;
	counters.refused_user++;
	if (settings.verbosity)
		info("deny %s count %u/%u", who(client, text, sizeof text), client->connnum - 1,
		     settings.user_max);
	return 0;
}

static void report_allowed(pid_t pid)
{
	char text[32], count[16] = "?";

	if (settings.verbosity < 2)
		return;
	who(&now.client, text, sizeof text);
	if (!pid) {
		info("allow %s by a worker", text);
		return;
	}
	if (now.client.has_peer)
		ipc_format(count, sizeof count, "%u", now.client.connnum);
	info("allow %s pid %d count %s/%u", text, pid, count, settings.user_max);
	info("status: %u/%u", counters.live, settings.max);
}

static pid_t hand_on(int pooled)
{
	pid_t pid = pooled ? pool_give(now.fd, &now.facts) : start_program(now.fd);

	if (pid >= 0)
		report_allowed(pid);
	return pid;
}

static void serve(const struct ipc_address *address)
{
	if (identify(&now.client) || !within_limit(&now.client) ||
	    !gates_pass(&gates, &now.client, &now.grant)) {
		finish();
		return;
	}
	collect_facts(address);
	fact_groups(&now.client);
	deliver();
}

/* --- accepting ----------------------------------------------------------------------------- */

static int can_accept(void)
{
	return receptive() && !handlers_full();
}

static int accepting(void)
{
	return (state == RUNNING || backlog) && can_accept();
}

/* Returns 1 if a client came. */
static int accept_one(void)
{
	struct ipc_address address;

	now.fd = ipc_accept(0, NULL, &address);
	if (now.fd >= 0) {
		counters.accepted++;
		serve(&address);
		return 1;
	}
	if (errno == EINVAL || errno == ENOTSOCK || errno == EBADF || errno == EOPNOTSUPP)
		die(EXIT_TEMPORARY, "trouble with socket:");
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		counters.accept_errors++;
		trouble("accept");
	}
	return 0;
}

/* As many as came, but when one came alone the next ones are expected to, and cost no second
 * accept each, only one in a while to see whether a crowd has come. */
static void accept_some(void)
{
	static int patience;
	int limit = listener_blocks || patience ? 1 : LONGEST_BURST, count = 0;

	while (count < limit && accepting() && accept_one())
		count++;
	if (patience)
		patience--;
	else if (count < 2)
		patience = ALONE;
}

/* --- the end ------------------------------------------------------------------------------- */

/* Another server has taken our path: nobody new will come, but those who came already are ours. */
static int superseded(void)
{
	struct stat there;

	return ours.st_ino && (stat(settings.local, &there) || there.st_ino != ours.st_ino ||
			       there.st_dev != ours.st_dev);
}

/* Serve those who wait in the backlog of a path that is not ours any more. A client may be on its
 * way into it, so look again until nobody comes for a moment. Returns 1 if that is so, 0 if more
 * cannot be served now. */
static int serve_backlog(void)
{
	/* not from epoll: the end of a handler is told once, and not here */
	struct pollfd listener = { .fd = 0, .events = POLLIN };

	do {
		while (can_accept() && accept_one())
			;
	} while (can_accept() && poll(&listener, 1, 10) > 0);
	return can_accept();
}

static _Noreturn void leave(int code)
{
	if (settings.verbosity >= 2)
		info("exiting");
	exit(code);
}

static void begin_end(int how)
{
	if (state != RUNNING)
		return;
	state = how;
	backlog = !listener_blocks && superseded();
	drain_end = drain_limit < 0 ? 0 : now_ms() + drain_limit;
}

/* Returns ms until something is due, -1 if nothing is. */
static int ending(long long time)
{
	if (backlog && serve_backlog())
		backlog = 0;
	if (!now.held && !backlog) {
		pool_close();
		if (state == LEAVING || (!counters.live && !pool_live()))
			leave(state == CUT_SHORT);
	}
	if (!drain_end)
		return -1;
	if (time >= drain_end) {
		signal_all(state == DRAINING ? SIGTERM : SIGKILL);
		state = CUT_SHORT;
		drain_end = time + KILL_GRACE;
	}
	return drain_end - time;
}

/* --- signals ------------------------------------------------------------------------------- */

static void signal_handlers(const char *name, const char *what, int signal, int leaves)
{
	if (settings.verbosity >= 2)
		info("received %s, sending %s to all connections%s", name, what,
		     leaves ? " and quitting" : "");
	signal_all(signal);
	if (leaves)
		leave(0);
}

static void counters_line(void)
{
	char text[1024];

	status_line(text, sizeof text, ipc_format(text, sizeof text,
		"status: %u/%u peak %u accepted %lu refused-by-limit %lu spawn-failures %lu"
		" accept-errors %lu", counters.live, settings.max, counters.peak,
		counters.accepted, counters.refused_user, counters.spawn_failures,
		counters.accept_errors));
}

static void received(int signal)
{
	switch (signal) {
	case SIGTERM:
		if (settings.verbosity >= 2)
			info("received SIGTERM, quitting");
		begin_end(drain_limit < 0 ? LEAVING : DRAINING);
		break;
	case SIGINT:
		if (settings.verbosity >= 2)
			info("received SIGINT, draining");
		begin_end(DRAINING);
		break;
	case SIGHUP:
		signal_handlers("SIGHUP", "SIGTERM+SIGCONT", SIGTERM, 0);
		break;
	case SIGQUIT:
		signal_handlers("SIGQUIT", "SIGTERM+SIGCONT", SIGTERM, 1);
		break;
	case SIGABRT:
		signal_handlers("SIGABRT", "SIGKILL", SIGKILL, 1);
		break;
	case SIGUSR1:
		counters_line();
		break;
	}
}

/* --- start --------------------------------------------------------------------------------- */

static void check_listener(void)
{
	struct stat st;
	int yes = 0;
	socklen_t length = sizeof yes;

	if (fstat(0, &st))
		die(EXIT_TEMPORARY, "unable to fstat stdin:");
	if (!S_ISSOCK(st.st_mode))
		die(EXIT_USAGE, "stdin is not a socket");
	if (getsockopt(0, SOL_SOCKET, SO_ACCEPTCONN, &yes, &length) || !yes)
		die(EXIT_TEMPORARY, "trouble with socket: it is not listening");
	fcntl(0, F_SETFD, FD_CLOEXEC);
	listener_blocks = !(fcntl(0, F_GETFL) & O_NONBLOCK);
}

/* Only a path that is there, and a socket, can be taken from us. */
static void note_path(void)
{
	if (stat(settings.local, &ours) || !S_ISSOCK(ours.st_mode))
		ours.st_ino = 0;
}

static void parse(int argc, char **argv)
{
	/* -g, or -k */
	while (server_options(argc, argv) != -1)
		drain_limit = number("-g", optarg, INT_MAX / 1000) * 1000;
	if (!settings.max)
		settings.max = 1;
	if (settings.max > MOST_CLIENTS)
		settings.max = MOST_CLIENTS;
	if (!settings.user_max)
		settings.user_max = 1;
	if (settings.user_max > settings.max || settings.no_lookup)
		settings.user_max = settings.max;
}

static const struct server serverd = {
	.options = "v:1n:Ppic:C:t:g:k:w:", .most_clients = UINT_MAX,
	.signals = (const char[]){ SIGCHLD, SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT,
				   SIGABRT, SIGUSR1, 0 },
	.clients = "clients", .verb = "start a handler", .failure = "unable to spawn %s:",
	.received = received, .can_serve = accepting, .readable = accept_some,
	.hand_on = hand_on, .ending = ending
};

TOOL(serverd, "s6-ipcserverd")
{
	server = &serverd;
	/* scripts for s6 may count on it */
	settings.hand_on = !strncmp(applet_name, "s6-", 3);
	parse(argc, argv);
	take_program(settings.workers ? GATE_CONNNUM : 0);
	check_listener();
	prepare(settings.max);
	note_path();
	groups = malloc(MOST_GROUPS * sizeof *groups);
	if (!groups)
		die(EXIT_TEMPORARY, "unable to make room for a client:");
	if (settings.workers)
		pool_init();
	if (settings.verbosity >= 2) {
		info("starting");
		info("status: 0/%u", settings.max);
	}
	begin(0);
	loop();
}
