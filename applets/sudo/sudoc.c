/* sudoc: ask a server on descriptors 6 and 7 to run its command
 *
 * SPDX-License-Identifier: ISC

config SUDOC
	bool "ipcsudoc"
	default y
	help
	  usage: ipcsudoc [-e] [-p] [-t MS] [-T MS] [ARGS...]

	  The client of ipcsudod, on descriptors 6 and 7: have it run its command with ARGS and
	  our standard input, output and error, and exit as the command does.

	  -e         send no environment
	  -p         give the command a terminal of its own; ours is in raw mode until it ends
	  -t MS      wait at most MS milliseconds for the command to start
	  -T MS      wait at most MS milliseconds for it to end

	  Exit status:
	  N      that of the command
	  128+N  the command was ended by signal N
	  100    the server is none of ours
	  111    it refused us, or something failed
*/
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "connection.h"
#include "ipc/sudo.h"

extern char **environ;

/* --- our own terminal ------------------------------------------------------------------- */

static struct termios cooked;
static int is_raw;

static void restore_terminal(void)
{
	int error = errno;

	if (is_raw)
		tcsetattr(0, TCSANOW, &cooked);
	is_raw = 0;
	errno = error;
}

static void die_of(int signal)
{
	restore_terminal();
	kill(getpid(), signal);	/* SA_RESETHAND and SA_NODEFER: this is the end */
}

static void make_raw(void)
{
	struct termios raw;

	if (tcgetattr(0, &cooked))
		return;
	raw = cooked;
	cfmakeraw(&raw);
	is_raw = 1;
	tcsetattr(0, TCSANOW, &raw);
}

/* Every way out leaves the terminal as it was: exit, and the signals that would end us and that
 * the command does not get. */
static void guard_terminal(void)
{
	static const char deadly[] = { SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGALRM,
		SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSYS };
	struct sigaction action = { .sa_handler = die_of, .sa_flags = SA_RESETHAND | SA_NODEFER };

	before_death = restore_terminal;
	for (size_t i = 0; i < sizeof deadly; i++)
		sigaction(deadly[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void copy_size(int terminal)
{
	struct winsize size;

	for (int fd = 0; fd < 3; fd++)
		if (!ioctl(fd, TIOCGWINSZ, &size)) {
			ioctl(terminal, TIOCSWINSZ, &size);
			return;
		}
}

/* --- between our descriptors and the command's terminal --------------------------------- */

struct relay {
	int terminal;		/* -1: there is none, or it is over */
	int input;		/* 0, or -1 at the end of our input */
	char text[4096];	/* on the way to the command */
	size_t from, to;
	int in_line;		/* the last byte was not the end of a line */
};

/* Returns 0 if there is nothing more to show now. */
static int show(struct relay *relay)
{
	char text[4096];
	ssize_t n = read(relay->terminal, text, sizeof text);

	if (n > 0) {
		if (!ipc_write_all(1, text, n))
			return 1;
		restore_terminal();
		die(EXIT_TEMPORARY, "unable to write to stdout:");
	}
	if (!n || (errno != EAGAIN && errno != EINTR))
		relay->terminal = -1;
	return 0;
}

static void take_input(struct relay *relay)
{
	ssize_t n = read(0, relay->text, sizeof relay->text);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	relay->from = relay->to = 0;
	if (n > 0) {
		relay->to = n;
		relay->in_line = relay->text[n - 1] != '\n';
		return;
	}
	/* ^D, what a terminal has for an end of file; within a line the first only ends that */
	relay->input = -1;
	memset(relay->text, 4, 2);
	relay->to = 1 + relay->in_line;
}

static void give_input(struct relay *relay)
{
	ssize_t n = write(relay->terminal, relay->text + relay->from, relay->to - relay->from);

	if (n > 0)
		relay->from += n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		relay->from = relay->to;
}

static void start_relay(struct relay *relay, int terminal)
{
	relay->terminal = terminal;
	if (terminal < 0)
		return;
	fcntl(terminal, F_SETFL, O_RDWR | O_NONBLOCK);
	guard_terminal();
	make_raw();
	copy_size(terminal);
}

/* --- signals ---------------------------------------------------------------------------- */

static const char forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH,
	SIGTSTP, SIGCONT, 0 };

/* Stop as whoever sent SIGTSTP wants it, and go on after SIGCONT. */
static void stop(const struct relay *relay)
{
	int was_raw = is_raw;
	sigset_t set;

	restore_terminal();
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	kill(getpid(), SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (was_raw)
		make_raw();
	if (relay->terminal >= 0)
		copy_size(relay->terminal);
}

static void forward(int signals, struct ipc_sudo *sudo, const struct relay *relay)
{
	int got;

	while ((got = next_signal(signals))) {
		/* the kernel tells the command when the size of its terminal changes */
		if (got == SIGWINCH && relay->terminal >= 0)
			copy_size(relay->terminal);
		else
			ipc_sudo_signal(sudo, got);
		if (got == SIGTSTP)
			stop(relay);
	}
}

/* --- the request ------------------------------------------------------------------------ */

/* Why it went wrong, in the words of the state in which it did. */
static _Noreturn void fail(const struct ipc_sudo *sudo)
{
	enum ipc_sudo_state state = ipc_sudo_state(sudo);
	int family = strlen(applet_name) - strlen("sudoc");
	int s6 = !strncmp(applet_name, "s6-", 3);

	restore_terminal();
	if (errno == EPROTONOSUPPORT)
		die(EXIT_USAGE, "wrong banner - check that you are connecting to a %.*ssudod "
		    "server", family, applet_name);
	if (errno == EOPNOTSUPP)
		die(EXIT_TEMPORARY, "the server cannot give a terminal");
	if (state == IPC_SUDO_GREETING && !s6 && errno == ETIMEDOUT)
		die(EXIT_TEMPORARY, "the server does not answer:");
	if (state == IPC_SUDO_GREETING && !s6 && (errno == EPIPE || errno == ECONNRESET))
		die(EXIT_TEMPORARY, "the server refused us: it closed the connection without a "
		    "word");
	if (state == IPC_SUDO_GREETING &&
	    (errno == EPIPE || errno == ETIMEDOUT || errno == ECONNRESET))
		die(EXIT_TEMPORARY, "unable to connect to the %.*ssudod server - check that you "
		    "have appropriate permissions", family, applet_name);
	die(EXIT_TEMPORARY, "unable to %s server:",
	    state == IPC_SUDO_GREETING ? "read banner from" :
	    state == IPC_SUDO_SENDING ? "send args to" :
	    state == IPC_SUDO_STARTING ? "get confirmation from" : "get exit status from");
}

/* Wait and act, once. DEADLINE is on the clock of now_ms, -1 is none. */
static void turn(struct ipc_sudo *sudo, struct relay *relay, int signals, long long deadline)
{
	int given = relay->from < relay->to, terminal = relay->terminal;
	struct pollfd fds[] = {
		{ .fd = ipc_sudo_fd(sudo), .events = ipc_sudo_events(sudo) },
		{ .fd = signals, .events = POLLIN },
		{ .fd = terminal, .events = POLLIN | (given ? POLLOUT : 0) },
		{ .fd = terminal < 0 || given ? -1 : relay->input, .events = POLLIN }
	};
	long long left = deadline < 0 ? -1 : deadline - now_ms();

	if (deadline >= 0 && left <= 0) {
		errno = ETIMEDOUT;
		fail(sudo);
	}
	if (poll(fds, 4, left) <= 0)
		return;
	if (fds[1].revents)
		forward(signals, sudo, relay);
	if (fds[2].revents & POLLOUT)
		give_input(relay);
	if (fds[2].revents & ~POLLOUT)
		show(relay);
	if (fds[3].revents)
		take_input(relay);
	if (fds[0].revents && ipc_sudo_dispatch(sudo))
		fail(sudo);
}

static int converse(struct ipc_sudo *sudo, int pty, int start, int end)
{
	long long deadline = start ? now_ms() + start : -1;
	struct relay relay = { .terminal = -1 };
	int signals = -1, status;

	while (ipc_sudo_state(sudo) < IPC_SUDO_STARTING)
		turn(sudo, &relay, -1, deadline);
	/* a command that reads or writes a pipe must be the only one to hold it */
	for (int fd = 0; fd < 2 && !pty; fd++)
		close(fd);
	while (ipc_sudo_state(sudo) < IPC_SUDO_RUNNING)
		turn(sudo, &relay, -1, deadline);
	if (ipc_sudo_state(sudo) == IPC_SUDO_REFUSED) {
		errno = ipc_sudo_error(sudo);
		die(EXIT_TEMPORARY, "unable to start privileged program: server answered:");
	}
	if (ipc_sudo_extended(sudo))
		signals = open_signals(forwarded, 1);
	start_relay(&relay, ipc_sudo_terminal(sudo));
	deadline = end ? now_ms() + end : -1;
	while (ipc_sudo_state(sudo) == IPC_SUDO_RUNNING)
		turn(sudo, &relay, signals, deadline);
	/* what the command wrote before it ended, but not for ever what it left behind writes */
	for (int i = 0; i < 64 && relay.terminal >= 0 && show(&relay); i++)
		;
	restore_terminal();
	status = ipc_sudo_status(sudo);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* --- start ------------------------------------------------------------------------------ */

TOOL(sudoc, "s6-sudoc")
{
	static const struct option longs[] = { { "pty", no_argument, NULL, 'p' }, { 0 } };
	struct ipc_sudo_command command = { .envp = environ, .fds = { 0, 1, 2 } };
	int start = 0, end = 0, letter;
	struct ipc_sudo *sudo;

	while ((letter = option(argc, argv, "ept:T:", longs)) != -1) {
		switch (letter) {
		case 'e': command.envp = NULL; break;
		case 'p': command.flags = IPC_SUDO_TERMINAL; break;
		case 't': start = number_option("-t"); break;
		case 'T': end = number_option("-T"); break;
		}
	}
	command.argv = operands(argc, argv, 0);
	take_connection(6);
	sudo = ipc_sudo_open(6, &command);
	if (!sudo)
		die(EXIT_TEMPORARY, "unable to start:");
	return converse(sudo, command.flags & IPC_SUDO_TERMINAL, start, end);
}
