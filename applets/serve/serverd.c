/* serverd(8): accept clients and start a program for each
 *
 * SPDX-License-Identifier: ISC

config SERVERD
	bool "ipcserverd"
	default y
	help
	  usage: ipcserverd [-v LEVEL] [-1] [-n FD] [-P|-p] [-i] [-N] [-x] [-c MAX] [-C USERMAX]
	         [-t SECONDS] [-d MS] [-I MS] [-g SECONDS] [-w WORKERS] [-F LIST] PROG...

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
	  -N          handlers, and all that they start, gain no rights by exec: not by set-id
	              programs, not by file capabilities (no_new_privs)
	  -x          at the end, remove the socket, if it is still ours and our rights allow it
	  -c MAX      at most MAX clients at a time, the others wait; default 40
	  -C USERMAX  at most USERMAX for each user, the others are refused; default half of MAX,
	              and MAX for root and our own user; under the name s6-ipcserverd, 40
	  -t SECONDS  end a handler that takes longer: TERM, then KILL, to its process group; not
	              for workers
	  -d MS       run PROG when the first byte of the client is there; who sends none for so
	              many milliseconds, or closes before, is let go; 0: PROG does not wait; -s is the same
	  -I MS       end a handler, as -t does, whose connection is idle for so long; not for
	              workers. The client sees the end of a handler, not what it closes before
	  -g SECONDS  on TERM, wait so long for the handlers to end; -k is the same
	  -w WORKERS  start PROG so many times, once, and hand the clients to these processes
	  -F LIST     export more about each client, as said below: cgroup, exe, comm, start, pidfd,
	              label, user, group, with commas between

	  Unless MAX is 1 or -P is given, an eighth of MAX, at least 1, is kept for root and our
	  own user. Who comes when all other places are taken waits inside, in order; when 1024
	  wait, or 512 of that user, or as many as there are descriptors for, he is refused. A line
	  says when clients have to wait, one for each episode of it.

	  With -d a client takes no place before it has sent something. Up to 1024 such clients are
	  watched, or as many as there are descriptors for; one user may have half of them. For
	  the next one, who has been silent longest is let go: of that user if it has its half,
	  else of the user with the most. Gates are asked when the client comes, and again when
	  it has sent something.

	  A connection is idle as long as nothing comes from the client and it takes nothing of
	  what it was sent. -I looks eight times in MS, so it may take an eighth longer. A handler
	  that computes, or waits for something else, does not make its connection busy, unless
	  that is full of what the client does not take: the time that the handler uses counts then.

	  Clients of workers are counted as long as workers tell when they are done, as ipcworker
	  and ipc_worker_next of libipc do. Of workers that tell nothing they are not: they have no
	  limit, and ipcconnlimit refuses users that have one. With -C as large as -c, and no
	  ipcconnlimit in the server, workers are not asked and nobody is counted.

	  Of the refusals of one user at most one line a second is written, then "N more refused
	  of uid UID".

	  With NOTIFY_SOCKET set, READY=1 is sent to it when ready: on descriptor IPCNOTIFYFD if that is
	  set, as ipcserver does when it drops root.

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
	  IPCCONNNUM       live connections of that user, this one included; empty with -P, or if the
	                   workers do not tell
	  IPCLOCALPATH     name of our socket
	  IPCCONNID        with IPCBOX_LOG, see ipcbox: id of the connection

	  More environment, as -F asks for it; empty if it is not known:
	  IPCREMOTECGROUP  cgroup of the client's process, as /system.slice/a.service
	  IPCREMOTEEXE     file that it executes; any program can seem to be any other one
	  IPCREMOTECOMM    name that it has given itself
	  IPCREMOTESTART   when it was started, in clock ticks since boot
	  IPCREMOTEPIDFD   number of a descriptor, open in the handler: a pidfd of the process
	  IPCREMOTELABEL   what the security module called the client when it connected
	  IPCREMOTEUSER    name of the user in /etc/passwd
	  IPCREMOTEGROUP   name of the group in /etc/group

	  What is said of the process is so when the server looks; of one that has ended nothing is
	  known. Before Linux 6.5 it may be another process of the same user. Workers get no pidfd.

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
#include <sys/epoll.h>
#include <sys/stat.h>

#include "bind.h"
#include "closer.h"
#include "serve.h"
#include "silent.h"
#include "waiting.h"

enum {
	MOST_CLIENTS = 100000,
	S6_USER_MAX = 40,	/* -C under s6's name */
	MOST_WAITING = 1024,	/* inside */
	MOST_SILENT = 1024,
	EVENTS = 64,
	MOST_GROUPS = GROUPS_TEXT / 5,	/* no more fit if each is there once */
	LONGEST_BURST = 16,	/* accepts for one wake-up */
	ALONE = 16		/* wake-ups for one client each, before the next try for more */
};

static gid_t *groups;
static char *groups_text;
static int listener_blocks, drain_limit = -1, removes;
static int inputs;		/* what to poll for clients: descriptor 0, or a set with it */
static int backlog;		/* at the end: there may be clients of ours in it */
static long long drain_end;
static struct stat ours;	/* the file of the socket, to see whether it still is ours */

/* --- one client ---------------------------------------------------------------------------- */

static void fact_groups(const struct client *client)
{
	int count = client->has_peer ? ipc_peer_groups(now.fd, groups, MOST_GROUPS) : -1;
	size_t length = 0;

	if (count < 0)
		return fact("IPCREMOTEGROUPS", NULL);
	*groups_text = 0;
	for (int i = 0; i < count; i++) {
		length += snprintf(groups_text + length, GROUPS_TEXT - length, i ? ",%u" : "%u",
				   groups[i]);
		if (length >= GROUPS_TEXT)
			return fact("IPCREMOTEGROUPS", NULL);
	}
	fact("IPCREMOTEGROUPS", groups_text);
}

/* The ids, each "?" if nobody asked. */
struct who {
	char uid[12], gid[12];
};

static struct who who(const struct client *client)
{
	struct who who = { "?", "?" };

	if (client->has_peer) {
		snprintf(who.uid, sizeof who.uid, "%u", client->peer.uid);
		snprintf(who.gid, sizeof who.gid, "%u", client->peer.gid);
	}
	return who;
}

static int identify(struct client *client)
{
	*client = (struct client){ .proto = "IPC", .fd = now.fd, .ngroups = -1,
				   .more = settings.facts };
	if (settings.no_lookup) {
		client->connnum = clients_of(0) + 1;
		return 0;
	}
	if (ipc_peer(now.fd, &client->peer)) {
		if (settings.verbosity)
			say_refused(-1, applet_name, "warning", "unable to getpeereid:");
		return -1;
	}
	client->has_peer = 1;
	if (settings.workers && counters.given)
		pool_hear();
	client->connnum = clients_of(client->peer.uid) + 1;
	client->has_connnum = !settings.workers || pool_tells();
	return 0;
}

static int within_limit(const struct client *client)
{
	unsigned limit = limit_of(client->peer.uid);
	struct who ids;

	/* workers that do not tell when they are done have no limit */
	if ((settings.workers && !pool_tells()) || client->connnum <= limit)
		return 1;
	counters.refused_user++;
	if (!settings.verbosity)
		return 0;
	ids = who(client);
	say_refused(client->peer.uid, applet_name, "info", "deny %s:%s count %u/%u", ids.uid,
		    ids.gid, client->connnum - 1, limit);
	return 0;
}

static void report_allowed(pid_t pid)
{
	char count[16] = "?";
	struct who ids;

	if (settings.verbosity < 2)
		return;
	ids = who(&now.client);
	if (!pid) {
		info("allow %s:%s by a worker", ids.uid, ids.gid);
		return;
	}
	if (now.client.has_peer)
		snprintf(count, sizeof count, "%u", now.client.connnum);
	info("allow %s:%s pid %d count %s/%u", ids.uid, ids.gid, pid, count,
	     limit_of(now.client.peer.uid));
	info("status: %u/%u", counters.live, settings.max);
}

static pid_t hand_on(int pooled)
{
	pid_t pid = pooled ? pool_give_client(now.fd, &now.facts, now.client.peer.uid)
			   : start_program(now.fd);

	if (pid >= 0)
		report_allowed(pid);
	return pid;
}

static void refuse_waiting(const struct client *client)
{
	struct who ids;

	counters.refused_user++;
	if (!settings.verbosity)
		return;
	ids = who(client);
	say_refused(client->peer.uid, applet_name, "info", "deny %s:%s: too many wait", ids.uid,
		    ids.gid);
}

/* There is no place for the client. He waits inside, so that we see who comes behind him: it may be
 * one for whom a place is kept. */
static void keep_waiting(void)
{
	note_full(clients_now());
	if (waiting_add(now.fd, now.client.peer.uid)) {
		refuse_waiting(&now.client);
		finish(0);
	}
	now.fd = -1;
}

static int judge(void)
{
	if (gates_pass(&gates, &now.client, &now.grant))
		return 1;
	grant_send_message(&now.grant, now.fd);
	finish(0);
	return 0;
}

/* He takes no place until he has sent something. */
static void keep_silent(void)
{
	now.client.silent = 1;
	if (!judge())
		return;
	if (silent_add(now.fd, &now.client.peer)) {
		trouble("watch a client");
		finish(0);
	}
	now.fd = -1;
}

/* Has it been HEARD? That is known of those who have waited inside. */
static void judge_and_serve(const struct ipc_address *address, int heard)
{
	if (identify(&now.client) || !within_limit(&now.client)) {
		finish(0);
		return;
	}
	if (settings.silence && !heard && !has_spoken(now.fd)) {
		keep_silent();
		return;
	}
	if (!has_place(now.client.peer.uid, clients_now())) {
		keep_waiting();
		return;
	}
	if (!judge())
		return;
	collect_facts(address);
	fact_groups(&now.client);
	if (settings.facts)
		facts_more();
	deliver();
}

static void serve(const struct ipc_address *address, int heard)
{
	static unsigned long begun;

	tell_about(now.number = ++begun);
	judge_and_serve(address, heard);
	tell_about(0);
}

/* --- accepting ----------------------------------------------------------------------------- */

static int can_accept(void)
{
	/* who waits in the backlog at the end must not be refused for lack of room inside */
	return receptive() && !handlers_full() && !(backlog && waiting_count());
}

/* Those who wait inside come first. */
static void admit(void)
{
	struct ipc_address address;

	while (waiting_count() && receptive() && (state == RUNNING || backlog) &&
	       clients_now() < settings.max - settings.kept) {
		now.fd = waiting_take(&address);
		serve(&address, 1);
	}
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
		serve(&address, 0);
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

	admit();
	while (count < limit && accepting() && accept_one())
		count++;
	if (patience)
		patience--;
	else if (count < 2)
		patience = ALONE;
}

static void hear(unsigned number, unsigned events)
{
	struct ipc_address address;

	now.fd = silent_hear(number, events, &address);
	if (now.fd >= 0)
		serve(&address, 1);
}

static void hear_some(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(inputs, events, EVENTS, 0), more = 0;

	for (int i = 0; i < n; i++)
		if (!events[i].data.u32)
			more = 1;
		else if (accepting())
			hear(events[i].data.u32, events[i].events);
	/* last: who comes may take the number of one who was silent */
	if (more)
		accept_some();
}

static void readable(void)
{
	settings.silence ? hear_some() : accept_some();
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
	if (removes && before_death)
		before_death();
	closers_end(0);
	exit(code);
}

static void begin_end(int how)
{
	if (state != RUNNING)
		return;
	state = how;
	backlog = !listener_blocks && superseded();
	if (!backlog)
		silent_end();
	drain_end = drain_limit < 0 ? 0 : now_ms() + drain_limit;
}

/* Returns ms until something is due, -1 if nothing is. */
static int ending(long long time)
{
	if (backlog && serve_backlog() && !silent_count())
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
		silent_end();
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
	size_t n = snprintf(text, sizeof text,
		"status: %u/%u peak %u accepted %lu refused-by-limit %lu spawn-failures %lu"
		" accept-errors %lu", counters.live, settings.max, counters.peak,
		counters.accepted, counters.refused_user, counters.spawn_failures,
		counters.accept_errors);

	if (settings.silence)
		n += snprintf(text + n, sizeof text - n, " silent %u let-go %lu", silent_count(),
			      silent_gone);
	status_line(text, sizeof text, n);
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
	int type;
	socklen_t length = sizeof type;

	if (fstat(0, &st))
		die(EXIT_TEMPORARY, "unable to fstat stdin:");
	if (!S_ISSOCK(st.st_mode))
		die(EXIT_USAGE, "stdin is not a socket");
	if (!is_listener(0))
		die(EXIT_TEMPORARY, "trouble with socket: it is not listening");
	settings.packets = getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_STREAM;
	fcntl(0, F_SETFD, FD_CLOEXEC);
	listener_blocks = !(fcntl(0, F_GETFL) & O_NONBLOCK);
}

/* Only a path that is there, and a socket, can be taken from us. */
static void note_path(void)
{
	if (stat(settings.local, &ours) || !S_ISSOCK(ours.st_mode))
		ours.st_ino = 0;
}

/* A handler has a descriptor, or two if its connection is watched; the rest is for those who wait and
 * those who are silent. */
static void make_places(void)
{
	unsigned waiting = settings.kept ? MOST_WAITING : 0;
	unsigned silent = settings.silence ? MOST_SILENT : 0;
	unsigned room = prepare(settings.max * (settings.idle ? 2 : 1), waiting + silent);

	if (silent) {
		silent = waiting ? room / 2 : room;
		silent = silent ? silent : 1;
		inputs = silent_init(silent, settings.no_lookup ? silent : (silent + 1) / 2);
		room -= silent < room ? silent : room;
	}
	waiting_init(room);
}

static int is_s6(void)
{
	return !strncmp(applet_name, "s6-", 3);
}

static void parse(int argc, char **argv)
{
	int letter;

	/* -F, -x; -g, or -k */
	while ((letter = server_options(argc, argv)) != -1)
		if (letter == 'F')
			facts_want(optarg);
		else if (letter == 'x')
			removes = 1;
		else
			drain_limit = number("-g", optarg, INT_MAX / 1000) * 1000;
	if (settings.facts && settings.no_lookup)
		usage("-F needs what -P leaves out");
	if (settings.pidfds && settings.workers)
		usage("-F: workers get no pidfd");
	/* no mistake: a rule may have a program of its own run, by a handler */
	if (settings.workers && (settings.deadline || settings.idle) && settings.verbosity)
		warning("-t and -I are no limits for workers, only for handlers");
	if (!settings.max)
		settings.max = 1;
	if (settings.max > MOST_CLIENTS)
		settings.max = MOST_CLIENTS;
	if (settings.user_max_given && !settings.user_max)
		settings.user_max = 1;
	/* scripts for s6 may count on it */
	set_limits(is_s6() ? S6_USER_MAX : (settings.max + 1) / 2);
}

static const struct server serverd = {
	.options = "v:1n:PpiNxc:C:t:d:s:I:g:k:w:F:", .most_clients = UINT_MAX,
	.signals = (const char[]){ SIGCHLD, SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT,
				   SIGABRT, SIGUSR1, 0 },
	.clients = "clients", .verb = "start a handler", .failure = "unable to spawn %s:",
	.received = received, .can_serve = accepting, .readable = readable, .admit = admit,
	.hand_on = hand_on, .ending = ending, .tick = silent_tick
};

TOOL(serverd, "s6-ipcserverd")
{
	server = &serverd;
	settings.hand_on = is_s6();
	parse(argc, argv);
	take_program(0);
	check_listener();
	make_places();
	note_path();
	if (removes)
		bind_note(settings.local);
	groups = spawn_memory(MOST_GROUPS * sizeof *groups);
	groups_text = spawn_memory(GROUPS_TEXT);
	if (!groups || !groups_text)
		die(EXIT_TEMPORARY, "unable to make room for a client:");
	if (settings.workers)
		pool_init();
	if (settings.verbosity >= 2) {
		info("starting");
		info("status: %u/%u", 0, settings.max);
	}
	begin(inputs);
	loop();
}
