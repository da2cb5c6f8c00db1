/* sudod(8): run a command for a client, with our rights
 *
 * SPDX-License-Identifier: ISC

config SUDOD
	bool "ipcsudod"
	default y
	help
	  usage: ipcsudod [-012dnq] [-t MS] [-s BYTES] [-k MS] [-c DIR] [-m MODE]
	  [-r NAME=SOFT[:HARD]...] [PROG [ARGS...]]

	  The server of ipcsudo, for one connection on its standard input and output: run PROG
	  with ARGS and then the client's arguments, and with its standard input, output and
	  error. Without PROG the client's first argument is the program. Access rules before it
	  say who may use it, and for what:

	      ipcserver /run/restart.sock access -i RULES ipcsudod systemctl restart

	  -0        /dev/null instead of the client's standard input
	  -1        /dev/null instead of its standard output
	  -2        our standard error instead of its own
	  -d        all of these, and the command goes on when the client dies
	  -t MS     wait at most MS milliseconds for the request; default 30000; 0 is no limit
	  -s BYTES  refuse a larger request; the default is what an exec takes, a quarter of the
	            stack limit: 2 MB as a rule, at most 6 MB; 0 is what the protocol has, 256 MB
	  -k MS     grace between TERM and KILL; the default is 5000
	  -c DIR    working directory of the command
	  -m MODE   its umask, octal
	  -n        it gains no privileges by exec (no_new_privs)
	  -q        no audit line
	  -r NAME=SOFT[:HARD]
	            limit a resource: as core cpu data fsize locks memlock msgqueue nice nofile
	            nproc rss rtprio rttime sigpending stack; K, M and G multiply; "unlimited"

	  Environment:
	  IPCSUDO_ARGS  a shell pattern for each argument that the client may use, as in
	                'restart * | status ...'
	  IPCSUDO_MAX   a number of bytes, in place of that of -s
	  IPCRULE       the rule that let the client in, for the audit line

	  Exit status:
	  0    the command ran, whatever its own exit status
	  1    the client died, or its arguments are not allowed
	  100  the request is not valid
	  111  a system call failed
*/
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "connection.h"
#include "ipc/sudo.h"

extern char **environ;

enum { LIMITS = 16 };

/* Bytes of arguments and environment: the kernel's limit is never under or over these. */
enum { EXEC_LEAST = 128 << 10, EXEC_MOST = 6 << 20 };

struct settings {
	int null[3];		/* descriptors of the client's to replace */
	int detached, no_new_privs, quiet;
	int timeout, grace;
	unsigned max_request;	/* bytes; 0: what the protocol knows */
	int mask;		/* -1: ours */
	const char *dir;
	unsigned limited;	/* a bit for each limit that is set */
	struct rlimit limits[LIMITS];
};

struct client {
	struct ipc_peer peer;
	char start[24];		/* when it began: pids are used again */
	char command[1500];	/* what it runs, as a shell would read it */
	long long since;
};

/* --- options ---------------------------------------------------------------------------- */

static const char limit_names[LIMITS][11] = {
	[RLIMIT_CPU] = "cpu", [RLIMIT_FSIZE] = "fsize", [RLIMIT_DATA] = "data",
	[RLIMIT_STACK] = "stack", [RLIMIT_CORE] = "core", [RLIMIT_RSS] = "rss",
	[RLIMIT_NPROC] = "nproc", [RLIMIT_NOFILE] = "nofile", [RLIMIT_MEMLOCK] = "memlock",
	[RLIMIT_AS] = "as", [RLIMIT_LOCKS] = "locks", [RLIMIT_SIGPENDING] = "sigpending",
	[RLIMIT_MSGQUEUE] = "msgqueue", [RLIMIT_NICE] = "nice", [RLIMIT_RTPRIO] = "rtprio",
	[RLIMIT_RTTIME] = "rttime"
};

/* One value of LENGTH bytes. */
static rlim_t limit_value(const char *text, size_t length)
{
	static const char units[] = "KMG";
	const char *unit = length ? strchr(units, text[length - 1]) : NULL;
	int shift = unit && *unit ? 10 * (unit - units + 1) : 0;
	char digits[24];

	if (length == strlen("unlimited") && !memcmp(text, "unlimited", length))
		return RLIM_INFINITY;
	snprintf(digits, sizeof digits, "%.*s", (int)length - !!shift, text);
	return (rlim_t)number("-r", digits, UINT_MAX) << shift;
}

static void set_limit(struct settings *set, const char *text)
{
	const char *equals = strchrnul(text, '='), *colon = strchrnul(equals, ':');
	int i = 0;

	while (i < LIMITS && (strncmp(limit_names[i], text, equals - text) ||
			      limit_names[i][equals - text]))
		i++;
	if (i == LIMITS || !*equals)
		usage("-r is not a limit: %s", text);
	set->limits[i].rlim_cur = limit_value(equals + 1, colon - equals - 1);
	set->limits[i].rlim_max = *colon ? limit_value(colon + 1, strlen(colon + 1))
					 : set->limits[i].rlim_cur;
	if (set->limits[i].rlim_cur > set->limits[i].rlim_max)
		usage("-r has a soft limit over the hard one: %s", text);
	set->limited |= 1 << i;
}

static char **parse(int argc, char **argv, struct settings *set)
{
	static const struct setting table[] = {
		{ '0', SET_FLAG, offsetof(struct settings, null[0]) },
		{ '1', SET_FLAG, offsetof(struct settings, null[1]) },
		{ '2', SET_FLAG, offsetof(struct settings, null[2]) },
		{ 'd', SET_FLAG, offsetof(struct settings, detached) },
		{ 'n', SET_FLAG, offsetof(struct settings, no_new_privs) },
		{ 'q', SET_FLAG, offsetof(struct settings, quiet) },
		{ 't', SET_INT, offsetof(struct settings, timeout) },
		{ 's', SET_NUMBER, offsetof(struct settings, max_request) },
		{ 'k', SET_INT, offsetof(struct settings, grace) },
		{ 'c', SET_TEXT, offsetof(struct settings, dir) },
		{ 'm', SET_NOT, 0 },
		{ 'r', SET_NOT, 0 },
		{ 0 }
	};
	int letter;

	*set = (struct settings){ .timeout = 30000, .max_request = UINT_MAX, .grace = 5000,
				  .mask = -1 };
	while ((letter = set_options(argc, argv, table, set)) != -1) {
		if (letter == 'm')
			set->mask = octal("-m", optarg) & 0777;
		else
			set_limit(set, optarg);
	}
	return operands(argc, argv, 0);
}

/* The most that an exec of the command takes: arguments and environment. */
static unsigned exec_most(const struct settings *set)
{
	struct rlimit stack = set->limits[RLIMIT_STACK];
	rlim_t most;

	if (!(set->limited & 1 << RLIMIT_STACK) && getrlimit(RLIMIT_STACK, &stack))
		return EXEC_LEAST;
	most = stack.rlim_cur / 4;
	return most < EXEC_LEAST ? EXEC_LEAST : most < EXEC_MOST ? most : EXEC_MOST;
}

/* A request takes memory before anyone knows what it is for, and a user may send as many as he has
 * connections: so what could not be executed anyway is refused by its header. */
static unsigned max_request(const struct settings *set)
{
	const char *text = getenv("IPCSUDO_MAX");
	unsigned max = set->max_request;

	if (text)
		max = number("$IPCSUDO_MAX", text, IPC_MESSAGE_MAX);
	if (max == UINT_MAX)
		return exec_most(set);
	return max < IPC_MESSAGE_MAX ? max : IPC_MESSAGE_MAX;
}

/* --- audit ------------------------------------------------------------------------------ */

/* Words that a shell would read as these, so that no argument looks like two or like another. */
static void quote(char *text, size_t size, char **argv)
{
	size_t at = 0;

	for (; *argv && at + 12 < size; argv++) {
		int bare = **argv && !(*argv)[strspn(*argv, "abcdefghijklmnopqrstuvwxyz"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-")];

		at += snprintf(text + at, size - at, bare ? " " : " '");
		for (const char *from = *argv; *from && at + 10 < size; from++)
			at += snprintf(text + at, size - at, "%.*s",
				       *from == '\'' ? 4 : 1, *from == '\'' ? "'\\''" : from);
		if (!bare)
			at += snprintf(text + at, size - at, "'");
	}
	if (*argv || at + 10 >= size)
		snprintf(text + at, size - at, "...");
}

static void audit(const struct client *client, const char *how, int status)
{
	const char *rule = getenv("IPCRULE");
	long long took = now_ms() - client->since;

	info(WIFSIGNALED(status)
	     ? "%s uid %u gid %u pid %d start %s rule %s signal %d time %lld.%03lld command%s"
	     : "%s uid %u gid %u pid %d start %s rule %s exit %d time %lld.%03lld command%s", how,
	     (unsigned)client->peer.uid, (unsigned)client->peer.gid, (int)client->peer.pid,
	     *client->start ? client->start : "-", rule && *rule ? rule : "-",
	     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), took / 1000,
	     took % 1000, client->command);
}

/* --- the request ------------------------------------------------------------------------ */

static _Noreturn void refuse(struct ipc_sudo_server *server, int answer, int code,
			     const char *text)
{
	int error = errno;

	if (answer)
		ipc_sudo_server_started(server, answer, -1);
	errno = error;
	die(code, "%s", text);
}

/* What cannot be read has no answer; what can be, and makes no sense, is answered EINVAL. */
static _Noreturn void refuse_request(struct ipc_sudo_server *server)
{
	const char *text;
	int answer = 0, code = EXIT_USAGE;

	switch (errno) {
	case EBADF: text = "client did not send 3 fds"; break;
	case EBADMSG: text = "wrong client message"; break;
	case EPROTONOSUPPORT: text = "wrong client banner"; break;
	case EOVERFLOW: text = "wrong client argc/envlen"; break;
	case E2BIG: text = "too many args/envvars from client"; break;
	case EMSGSIZE: answer = E2BIG; text = "the client's request is too large"; break;
	case EINVAL:
	case ERANGE:
		answer = EINVAL;
		code = EXIT_TEMPORARY;
		text = errno == EINVAL ? "unable to make child argv: Invalid argument"
				       : "unable to make child envp: Invalid argument";
		break;
	case EILSEQ: answer = EINVAL; text = "bad environment from client"; break;
	default: code = EXIT_TEMPORARY; text = "unable to read message from client:";
	}
	refuse(server, answer, code, text);
}

static void wait_request(struct ipc_sudo_server *server, struct ipc_sudo_request *request,
			 int timeout)
{
	long long deadline = now_ms() + timeout;

	for (;;) {
		struct pollfd poll_in = { .fd = ipc_sudo_server_fd(server),
					  .events = ipc_sudo_server_events(server) };
		long long left = timeout ? deadline - now_ms() : -1;
		int n = timeout && left <= 0 ? 0 : poll(&poll_in, 1, left), came;

		if (!n) {
			errno = ETIMEDOUT;
			die(EXIT_TEMPORARY, "unable to read message from client:");
		}
		came = n < 0 ? 0 : ipc_sudo_server_dispatch(server, request);
		if (came > 0)
			return;
		if (came < 0)
			refuse_request(server);
	}
}

/* Our words and then the client's, in memory that stays. */
static char **make_argv(char **words, const struct ipc_sudo_request *request)
{
	size_t count = 0;
	char **argv;

	while (words[count])
		count++;
	argv = malloc((count + request->argc + 1) * sizeof *argv);
	if (!argv)
		die(EXIT_TEMPORARY, "unable to make child argv:");
	memcpy(argv, words, count * sizeof *argv);
	ipc_sudo_arguments(request, argv + count);
	return argv;
}

/* Descriptor 0 of the command is what the client sends, perhaps a connection of another process: a
 * gate in the command can tell by the number of ours. */
static void tell_process(pid_t pid)
{
	const char *proto = getenv("PROTO");
	char name[128];

	if (proto && *proto &&
	    (size_t)snprintf(name, sizeof name, "%sREMOTEPID", proto) < sizeof name)
		set_number(name, pid);
}

static char **make_envp(const struct ipc_sudo_request *request, const struct client *client)
{
	size_t count = 0;
	char **envp;

	unsetenv("IPCSUDO_ARGS");
	unsetenv("IPCSUDO_MAX");
	tell_process(client->peer.pid);
	while (environ[count])
		count++;
	envp = malloc((count + 1) * sizeof *envp);
	if (!envp || ipc_sudo_environment(request, environ, envp))
		die(EXIT_TEMPORARY, "unable to make child envp:");
	return envp;
}

/* --- the command ------------------------------------------------------------------------ */

enum step { STEP_LIMIT, STEP_DIR, STEP_FDS, STEP_TERMINAL, STEP_EXEC };

struct failure {
	enum step step;
	int error;
};

/* A new terminal: its master side; *SLAVE is the other. It starts with the settings and the size
 * of the client's. Not posix_openpt(3) and ptsname(3), which find the slave by a name. */
static int open_terminal(const int *fds, int *slave)
{
	struct termios settings;
	struct winsize size;
	int unlock = 0, number, from = 0;
	char path[32];
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock))
		return master;
	*slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0 && !ioctl(master, TIOCGPTN, &number)) {
		snprintf(path, sizeof path, "/dev/pts/%d", number);
		*slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	}
	while (from < 3 && tcgetattr(fds[from], &settings))
		from++;
	if (*slave < 0 || from == 3)
		return master;
	tcsetattr(*slave, TCSANOW, &settings);
	if (!ioctl(fds[from], TIOCGWINSZ, &size))
		ioctl(*slave, TIOCSWINSZ, &size);
	return master;
}

static void reset_signals(void)
{
	sigset_t none;

	default_signals();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static enum step set_up(const struct settings *set, const int *fds, int terminal)
{
	for (int i = 0; i < LIMITS; i++)
		if (set->limited & 1 << i && prlimit(0, i, &set->limits[i], NULL))
			return STEP_LIMIT;
	if (set->mask >= 0)
		umask(set->mask);
	if (set->dir && chdir(set->dir))
		return STEP_DIR;
	if (terminal >= 0 ? setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0) : setpgid(0, 0))
		return STEP_TERMINAL;
	for (int i = 0; i < 3; i++) {
		int from = terminal >= 0 ? terminal : fds[i];

		if (set->null[i] || set->detached) {
			if (i == 2)
				continue;
			from = open_nothing(O_CLOEXEC);
		}
		if (from < 0 || dup2(from, i) < 0)
			return STEP_FDS;
	}
	if (set->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return STEP_LIMIT;
	return STEP_EXEC;
}

/* In the child: run the command, or say through REPORT why not. */
static _Noreturn void run(const struct settings *set, const int *fds, int terminal, char **argv,
			  char **envp, int report)
{
	struct failure failure;

	reset_signals();
	failure.step = set_up(set, fds, terminal);
	if (failure.step == STEP_EXEC)
		exec_next(argv, envp);
	failure.error = errno;
	if (write(report, &failure, sizeof failure) < 0) { /* nobody is left to tell */ }
	_exit(EXIT_NOEXEC);
}

/* Start the command. Returns its pid, which is also that of its process group, or -1 and what
 * went wrong. */
static pid_t spawn(const struct settings *set, const int *fds, int terminal, char **argv,
		   char **envp, struct failure *failure)
{
	int report[2];
	ssize_t n;
	pid_t pid;

	failure->step = STEP_EXEC;
	if (pipe2(report, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid)
		run(set, fds, terminal, argv, envp, report[1]);
	close(report[1]);
	do
		n = pid < 0 ? 0 : read(report[0], failure, sizeof *failure);
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == sizeof *failure) {
		waitpid(pid, NULL, 0);
		errno = failure->error;
		return -1;
	}
	return pid;
}

static _Noreturn void refuse_start(struct ipc_sudo_server *server, const struct settings *set,
				   const struct failure *failure, const char *word)
{
	int error = errno;
	char prog[256];

	/* the word may be the client's, and then it ends with the request */
	snprintf(prog, sizeof prog, "%s", word);
	ipc_sudo_server_started(server, error, -1);
	errno = error;
	switch (failure->step) {
	case STEP_LIMIT: die(EXIT_TEMPORARY, "unable to limit the command:");
	case STEP_DIR: die(EXIT_TEMPORARY, "unable to chdir to %s:", set->dir);
	case STEP_FDS: die(EXIT_TEMPORARY, "unable to set up descriptors:");
	case STEP_TERMINAL: die(EXIT_TEMPORARY, "unable to set up a terminal:");
	default: die(EXIT_TEMPORARY, "unable to spawn %s:", prog);
	}
}

/* --- its life --------------------------------------------------------------------------- */

struct life {
	struct ipc_sudo_server *server;
	const struct settings *set;
	pid_t pid;
	int signals;
	int status;		/* valid if it has ended */
	int ended;
	int ending;		/* the client is gone, or we are to go */
	int alone;		/* the client is gone */
	long long deadline;	/* of the grace; 0 when it is over */
};

/* Begin to end the whole process group. */
static void end(struct life *life)
{
	if (life->ending)
		return;
	life->ending = 1;
	life->deadline = now_ms() + life->set->grace;
	kill(-life->pid, SIGTERM);
	kill(-life->pid, SIGCONT);
}

static void take_signals(struct life *life)
{
	int got, status;
	pid_t pid;

	while ((got = next_signal(life->signals)))
		if (got != SIGCHLD)
			end(life);
	/* we are the reaper of what the command leaves behind, so this may be anyone */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != life->pid)
			continue;
		life->ended = 1;
		life->status = status;
	}
}

static void take_orders(struct life *life)
{
	int signal = ipc_sudo_server_signal(life->server);

	if (signal > 0)
		kill(-life->pid, signal);
	if (signal >= 0)
		return;
	life->alone = 1;
	if (!life->set->detached)
		end(life);
}

/* Is anyone of the process group left? Its number cannot be used again before we have reaped
 * them all. */
static int is_alive(const struct life *life)
{
	siginfo_t info;

	return !life->ended ||
	       (life->ending && !waitid(P_PGID, life->pid, &info, WEXITED | WNOHANG | WNOWAIT));
}

static void supervise(struct life *life)
{
	while (is_alive(life)) {
		struct pollfd fds[] = {
			{ .fd = life->signals, .events = POLLIN },
			{ .fd = life->alone ? -1 : ipc_sudo_server_fd(life->server),
			  .events = ipc_sudo_server_events(life->server) }
		};
		long long left = life->ending && life->deadline ? life->deadline - now_ms() : -1;

		if (life->ending && life->deadline && left <= 0) {
			kill(-life->pid, SIGKILL);
			life->deadline = 0;
			continue;
		}
		if (poll(fds, 2, left) <= 0)
			continue;
		if (fds[0].revents)
			take_signals(life);
		if (fds[1].revents && !life->ended)
			take_orders(life);
	}
}

/* --- all of it -------------------------------------------------------------------------- */

static void check_arguments(struct ipc_sudo_server *server, const struct client *client,
			    char **all, char **theirs)
{
	const char *patterns = getenv("IPCSUDO_ARGS");

	if (!all[0])
		refuse(server, EINVAL, EXIT_USAGE, "client and server args both empty");
	if (!patterns || ipc_sudo_allowed(patterns, theirs))
		return;
	audit(client, "deny", EXIT_DENIED << 8);
	refuse(server, EPERM, EXIT_DENIED, "the arguments are not allowed");
}

/* Start the command and tell the client. Returns its pid. */
static pid_t start(struct ipc_sudo_server *server, const struct settings *set,
		   const struct client *client, const struct ipc_sudo_request *request, char **argv)
{
	int master = -1, slave = -1, wanted = request->flags & IPC_SUDO_TERMINAL;
	char **envp = make_envp(request, client);
	struct failure failure = { .step = STEP_TERMINAL };
	pid_t pid = -1;

	/* a terminal would hang up when the client dies */
	errno = ENOTTY;
	if (wanted && !set->detached)
		master = open_terminal(request->fds, &slave);
	if (!wanted || slave >= 0)
		pid = spawn(set, request->fds, slave, argv, envp, &failure);
	if (pid < 0)
		refuse_start(server, set, &failure, argv[0]);
	if (wanted)
		close(slave);
	/* if this fails the client is gone, and that shows soon enough */
	ipc_sudo_server_started(server, 0, master);
	if (wanted)
		close(master);
	free(envp);
	return pid;
}

TOOL(sudod, "s6-sudod")
{
	static const char ours[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, 0 };
	struct settings set;
	struct client client;
	struct ipc_sudo_request request;
	char **words = parse(argc, argv, &set), **all;
	struct life life = { .set = &set };

	if (ipc_peer(0, &client.peer))
		die(EXIT_TEMPORARY, "unable to know the client:");
	take_connection(0);
	proc_start(client.peer.pid, client.start, sizeof client.start);
	life.server = ipc_sudo_server_open(0, max_request(&set));
	if (!life.server)
		die(EXIT_TEMPORARY, "unable to send banner to client:");
	wait_request(life.server, &request, set.timeout);
	client.since = now_ms();
	all = make_argv(words, &request);
	quote(client.command, sizeof client.command, all);
	check_arguments(life.server, &client, all, all + (argc - optind));
	signal(SIGCHLD, SIG_DFL);	/* ignored, it would reap in our place */
	life.signals = open_signals(ours, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	life.pid = start(life.server, &set, &client, &request, all);
	free(all);
	supervise(&life);
	if (!set.quiet)
		audit(&client, "allow", life.status);
	ipc_sudo_server_ended(life.server, life.status);
	return life.ending ? EXIT_DENIED : 0;
}
