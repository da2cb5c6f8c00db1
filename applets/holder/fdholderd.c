/* fdholderd(8): keep open descriptors for programs that come and go
 *
 * SPDX-License-Identifier: ISC

config FDHOLDERD
	bool "ipcfdholderd"
	default y
	help
	  usage: ipcfdholderd [-v N] [-1] [-c MAX] [-C USERMAX] [-n FDS] [-N USERFDS] [-t MS]
	         [-T MS] [-r OLD|-R OTHER] [-s NOTIFY] [-H] [-w] -i DIR|-x CDB

	  Hold descriptors that clients store, and give them back to whoever may retrieve them.
	  Descriptor 0 is the listening socket; ipcfdholder-daemon makes it and runs this.

	  -v N       messages: 0 fatal errors, 1 warnings, 2 more; default 1
	  -1         write a newline to descriptor 1 when ready
	  -c MAX     at most MAX clients at a time; default 16, at most 256
	  -C USERMAX at most USERMAX for each user but root and the holder's own; default half of
	             MAX
	  -n FDS     hold at most FDS descriptors; default 1000. An eighth of them is kept for root
	             and the holder's own user
	  -N USERFDS at most USERFDS for each other user, unless a rule says how many; default half
	             of FDS; 0 is no limit
	  -t MS      end a client that takes longer for its first request, or for an exchange;
	             default 30000; 0 is no limit
	  -T MS      on TERM, wait so long for exchanges to end; default 0, no limit
	  -i DIR     access rules in a directory
	  -x CDB     access rules in a file made by ipcrules2cdb
	  -r OLD     take over all that the holder at OLD has; that one ends. If descriptor 0 is
	             not a socket, its clients are served here from then on.
	  -R OTHER   copy all that the holder at OTHER has; that one goes on
	  -s NOTIFY  make a socket NOTIFY for programs that store with sd_notify(3)
	  -H         drop descriptors whose other end hangs up; those that came by sd_notify(3)
	             are dropped then in any case, unless they came with FDPOLL=0
	  -w         restart, as for USR1, when our binary is replaced
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "closer.h"
#include "fdholderd.h"
#include "review.h"

enum {
	MOST_GUESTS = 256,
	OWN_FDS = 14,		/* standard ones, poll's helpers, the rules' directories */
	RESTART_PATIENCE = 2000,
	ADMIT_STEP = 200,
	EXIT_HELD = 1, EXIT_CONNECTED = 2
};

enum { LISTENER, SIGNALS, TIMER, HANGUPS, NOTIFY, BINARY, GUESTS };	/* in the poll set */

/* --- start ---------------------------------------------------------------------------------- */

/* At least 1. */
static void limit(unsigned *value, unsigned max)
{
	if (!*value)
		*value = 1;
	if (*value > max)
		*value = max;
}

static void parse(int argc, char **argv, struct holder *holder)
{
	static const struct setting table[] = {
		{ 'v', SET_NUMBER, offsetof(struct holder, verbosity) },
		{ '1', SET_FLAG, offsetof(struct holder, readiness) },
		{ 'c', SET_NUMBER, offsetof(struct holder, max_guests) },
		{ 'C', SET_NUMBER, offsetof(struct holder, user_guests) },
		{ 'n', SET_NUMBER, offsetof(struct holder, max_fds) },
		{ 'N', SET_NUMBER, offsetof(struct holder, user_fds) },
		{ 't', SET_INT, offsetof(struct holder, timeout) },
		{ 'T', SET_INT, offsetof(struct holder, drain_timeout) },
		{ 'i', SET_NOT, 0 },
		{ 'x', SET_NOT, 0 },
		{ 'r', SET_TEXT, offsetof(struct holder, takeover) },
		{ 'R', SET_TEXT, offsetof(struct holder, copy) },
		{ 's', SET_TEXT, offsetof(struct holder, notify_path) },
		{ 'H', SET_FLAG, offsetof(struct holder, watch_hangups) },
		{ 'w', SET_FLAG, offsetof(struct holder, watch_binary) },
		{ 0 }
	};
	int letter;

	holder->user_guests = holder->user_fds = UINT_MAX;
	while ((letter = set_options(argc, argv, table, holder)) != -1) {
		holder->rules_path = optarg;
		holder->rules_format = letter == 'i' ? IPC_RULES_DIRECTORY : IPC_RULES_CDB;
	}
	operands(argc, argv, 0);
	if (!holder->rules_path)
		usage("no access rights specified! -i DIR or -x CDB is needed");
	limit(&holder->max_guests, MOST_GUESTS);
	limit(&holder->max_fds, INT_MAX / 2);
	if (holder->user_guests == UINT_MAX)
		holder->user_guests = (holder->max_guests + 1) / 2;
	limit(&holder->user_guests, MOST_GUESTS);
}

/* So many that clients, and what they send, always find room beside what is held. */
static void limit_fds(struct holder *holder)
{
	struct rlimit limit;
	unsigned spare = OWN_FDS + 2 * holder->room, wish = holder->max_fds + spare + IPC_FDS_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		die(EXIT_TEMPORARY, "unable to read the limit of open files:");
	if (limit.rlim_cur < limit.rlim_max && limit.rlim_cur < wish) {
		limit.rlim_cur = limit.rlim_max;
		prlimit(0, RLIMIT_NOFILE, &limit, NULL);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur <= spare)
		die(EXIT_TEMPORARY, "open file limit too low: %u descriptors for %u clients",
		    (unsigned)limit.rlim_cur, holder->max_guests);
	/* with room enough, for a whole message of a dump as well */
	if (limit.rlim_cur > spare + 2 * IPC_FDS_MAX)
		spare += IPC_FDS_MAX;
	if (holder->max_fds > limit.rlim_cur - spare)
		holder->max_fds = limit.rlim_cur - spare;
	if (holder->user_fds == UINT_MAX)
		holder->user_fds = (holder->max_fds + 1) / 2;
}

static void catch_signals(struct holder *holder)
{
	static const char caught[] = { SIGTERM, SIGHUP, SIGUSR1, 0 };

	signal(SIGPIPE, SIG_IGN);
	holder->signals = open_signals(caught, 0);
	holder->timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (holder->timer < 0)
		die(EXIT_TEMPORARY, "unable to prepare:");
}

/* Before anything is opened: what is closed must not become ours. */
static void fill_standard(struct holder *holder)
{
	for (int fd = 0; fd < 2; fd++)
		holder->closed[fd] = fcntl(fd, F_GETFD) < 0;
	open_standard();
}

static void check_listener(struct holder *holder)
{
	struct stat st;

	holder->has_listener = !fstat(0, &st) && S_ISSOCK(st.st_mode);
	if (!holder->has_listener && !holder->takeover)
		die(EXIT_USAGE, "stdin is not a socket");
}

static void open_notify(struct holder *holder)
{
	/* the one that we took over may not be gone yet */
	struct ipc_listen how = { .type = SOCK_DGRAM,
				  .flags = holder->takeover ? IPC_LISTEN_TAKEOVER : 0 };
	int on = 1;

	holder->notify = ipc_listen(holder->notify_path, &how);
	if (holder->notify < 0 ||
	    setsockopt(holder->notify, SOL_SOCKET, SO_PASSCRED, &on, sizeof on))
		die(EXIT_TEMPORARY, "unable to bind to %s:", holder->notify_path);
}

static void begin(struct holder *holder)
{
	struct stat st;

	errno = EBADF;
	if (holder->readiness && holder->closed[1])
		die(EXIT_USAGE, "called with option -1 but stdout said:");
	if (holder->closed[0] && !holder->takeover)
		die(EXIT_TEMPORARY, "unable to fstat stdin:");
	check_listener(holder);
	holder->table = ipc_holder_table_open(holder->max_fds);
	if (!holder->table)
		die(EXIT_TEMPORARY, "unable to prepare:");
	take_over(holder);
	if (fstat(0, &st) || !S_ISSOCK(st.st_mode))
		die(EXIT_USAGE, "stdin is not a socket");
	if (holder->notify_path)
		open_notify(holder);
}

static void ready(const struct holder *holder, int resumed)
{
	if (holder->readiness && !resumed && write(1, "\n", 1) < 0) { /* nobody waits for it */ }
	/* if it was open when we resumed, it is something that is held */
	if (!resumed || holder->closed[1])
		close(1);
}

/* --- the loop ------------------------------------------------------------------------------- */

static void handle_signals(struct holder *holder)
{
	int got;

	while ((got = next_signal(holder->signals))) {
		if (got == SIGTERM && !holder->draining) {
			holder->draining = 1;
			holder->end = holder->drain_timeout ? now_ms() + holder->drain_timeout : 0;
		}
		if (got == SIGUSR1)
			holder->restarting = 1;
	}
}

static void handle_notify(struct holder *holder)
{
	struct grants grants;
	static char text[8192]; /* not in the frame of the loop, which has the descriptors to poll */
	int fds[IPC_FDS_MAX];
	struct ipc_datagram notice = { .data = text, .size = sizeof text, .fds = fds,
				       .max_fds = IPC_FDS_MAX, .discard = close_foreign };
	const struct ipc_peer *peer = &notice.sender;

	if (ipc_datagram_receive(holder->notify, &notice) < 0) {
		if (errno != EAGAIN && holder->verbosity)
			warning("unable to receive a notification:");
		return;
	}
	if (notice.length > notice.size) {
		if (holder->verbosity)
			warning("a notification of %lu bytes is refused",
				(unsigned long)notice.length);
	} else if (!grants_get(holder, -1, peer, &grants)) {
		if (ipc_holder_notify(holder->table, text, notice.length, fds, notice.count, peer,
				      &grants.rights) < 0 && holder->verbosity)
			say_refused(peer->uid, applet_name, "warning", "notification of pid %d uid %u:",
				(int)peer->pid, peer->uid);
		grants_clear(&grants);
	}
	while (notice.count)
		close_foreign(fds[--notice.count]);
}

/* Wake up when the next descriptor expires, by the wall clock, whoever sets it. */
static void set_timer(struct holder *holder, int any, const struct ipc_instant *next)
{
	struct itimerspec when = { 0 };

	if (any && !ipc_instant_forever(next)) {
		when.it_value.tv_sec = ipc_instant_seconds(next);
		when.it_value.tv_nsec = next->nanoseconds < 1000000000 ? next->nanoseconds
								       : 999999999;
	}
	timerfd_settime(holder->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int wanted(struct holder *holder)
{
	return !holder->draining && !holder->restarting && !guests_full(holder) &&
	       ipc_holder_table_fd(holder->table) >= 0 && now_ms() >= holder->accept_after;
}

static int left_until(long long when)
{
	long long left = when - now_ms();

	return left < 0 ? 0 : left < INT_MAX ? left : INT_MAX;
}

/* How long may we sleep? */
static int patience(struct holder *holder)
{
	int wait = refused_tick();

	if (holder->end)
		wait = sooner(wait, left_until(holder->end));
	if (holder->accept_after > now_ms())
		wait = sooner(wait, left_until(holder->accept_after));
	if (guests_waiting(holder))
		wait = sooner(wait, ADMIT_STEP);
	for (unsigned i = 0; i < holder->count; i++)
		if (holder->guests[i]->deadline)
			wait = sooner(wait, left_until(holder->guests[i]->deadline));
	return wait;
}

static void wait_and_serve(struct holder *holder)
{
	struct pollfd fds[GUESTS + 2 * MOST_GUESTS];
	int calm = ipc_holder_table_fd(holder->table) >= 0;
	unsigned count = holder->count;
	/* in the order above */
	const int own[] = { wanted(holder) ? 0 : -1, holder->signals, holder->timer,
			    ipc_holder_table_fd(holder->table), calm ? holder->notify : -1,
			    holder->binary };

	for (int i = 0; i < GUESTS; i++)
		fds[i] = (struct pollfd){ .fd = own[i], .events = POLLIN };
	for (unsigned i = 0; i < count; i++) {
		struct guest *guest = holder->guests[i];
		short events = guest->session ? ipc_holder_session_events(guest->session) : 0;

		/* one that is idle need not begin anything now */
		if (holder->restarting && events && !ipc_holder_session_busy(guest->session))
			events = 0;
		fds[GUESTS + i] = (struct pollfd){ events ? guest->fd : -1, events, 0 };
	}
	if (poll(fds, GUESTS + count, patience(holder)) < 0)
		return;
	if (fds[SIGNALS].revents)
		handle_signals(holder);
	if (fds[NOTIFY].revents)
		handle_notify(holder);
	if (fds[BINARY].revents && binary_replaced(holder->binary))
		kill(holder->known, SIGUSR1);
	for (unsigned i = 0; i < count; i++)
		if (fds[GUESTS + i].revents && holder->guests[i]->session)
			guests_serve(holder, holder->guests[i]);
	if (fds[LISTENER].revents && wanted(holder))
		guests_accept(holder);
}

static _Noreturn void leave(const struct holder *holder)
{
	closers_end(0);
	exit((ipc_holder_table_count(holder->table) ? EXIT_HELD : 0) |
	     (holder->count ? EXIT_CONNECTED : 0));
}

/* After each event, whatever it was, so that nothing is late because others are busy. */
static void tick(struct holder *holder)
{
	struct ipc_instant next;
	int any = ipc_holder_table_sweep(holder->table, &next), patient;

	set_timer(holder, any, &next);
	guests_expire(holder);
	guests_sweep(holder);
	guests_admit(holder);
	if (ipc_holder_table_gone(holder->table))
		exit(0);
	if (holder->restarting && !holder->draining && !holder->end)
		holder->end = now_ms() + RESTART_PATIENCE;
	patient = guests_busy(holder) && (!holder->end || now_ms() < holder->end);
	if (holder->draining && !patient)
		leave(holder);
	if (holder->restarting && !patient) {
		restart(holder);
		holder->restarting = 0;
		holder->end = 0;
	}
}

/* Not when we are restarted: what is held must not depend on who has been removed since. */
static void look_over_rules(const struct holder *holder)
{
	if (holder->rules)
		review_rules(holder->rules, holder->rules_path, holder->rules_format,
			     REVIEW_STRICT | (holder->verbosity ? REVIEW_WARN : 0));
}

_Noreturn void serve_clients(struct holder *holder)
{
	for (;;) {
		tick(holder);
		wait_and_serve(holder);
	}
}

TOOL(fdholderd, "s6-fdholderd")
{
	struct holder holder = { .verbosity = 1, .max_guests = 16, .max_fds = 1000,
				 .timeout = 30000, .notify = -1, .binary = -1, .state = -1,
				 .known = getpid(), .argv = argv };
	int resumed;

	parse(argc, argv, &holder);
	fill_standard(&holder);
	holder.room = 2 * holder.max_guests;
	holder.guests = calloc(holder.room, sizeof *holder.guests);
	limit_fds(&holder);
	holder.rules = ipc_rules_open(holder.rules_path, holder.rules_format);
	if (!holder.guests || !holder.rules)
		die(EXIT_TEMPORARY, "unable to open the rules in %s:", holder.rules_path);
	own_keyring();
	no_core();
	catch_signals(&holder);
	resumed = resume(&holder);
	/* what we hold already is worth more than a rule */
	check_rules(&holder, resumed);
	if (!resumed) {
		look_over_rules(&holder);
		begin(&holder);
	}
	own_fd(0);
	fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
	ipc_holder_table_discard(holder.table, close_foreign);
	if (holder.watch_hangups)
		ipc_holder_table_watch(holder.table);
	if (holder.watch_binary)
		holder.binary = watch_binary();
	ready(&holder, resumed);
	if (ENABLED(CONFIG_SANDBOX))
		guard(&holder);
	serve_clients(&holder);
}
