/* socklog(8): write the messages of syslog clients as lines
 *
 * SPDX-License-Identifier: ISC

config SOCKLOG
	bool "ipcsocklog"
	default y
	help
	  usage: ipcsocklog [-d FD] [-r] [-p] [-l BYTES] [-t MS] [-U] [-u USER] [-g GROUP]
	         [-G GROUPS] [-S] [-o] [-c MAX] [-C USERMAX] [-n LINES] [-k] [-a PERMS]
	         [-x PATH | -i IP[_PORT]]

	  Receive messages as syslog(3) sends them and write each as a line to standard output.
	  The priority "<N>" in front becomes the names of the facility and the level, as in
	  "daemon.info: ".

	  -x PATH     receive on a socket at PATH; the default is /dev/log
	  -S          a stream socket, on which a newline or NUL ends a message; the default is a
	              datagram socket
	  -o          with -S, octets may be counted (RFC 6587): a message that begins with a digit
	              is a number, a space and so many bytes; if not, the connection is closed
	  -i IP_PORT  receive UDP at a numeric address, which may have a ":" before the port if it
	              is IPv4; the port is 514 if it is missing
	  -a PERMS    permissions of the socket, octal; default 0777
	  -u USER     once the socket is there, become this user, and -g GROUP, -G GROUPS,
	              -U as in ipcapplyuidgid(1)
	  -d FD       write a newline to descriptor FD, 3 or more, when ready
	  -r          leave the priority as it is
	  -p          begin each line with the user and the process of the sender, by the kernel's
	              word: "uid 1000 pid 77: ", with "?" for what it does not know
	  -l BYTES    cut a message that is longer, and add "..."; 76 to 1048576, default 1024
	  -t MS       on TERM, take at most MS milliseconds to write what is left; 0: no limit
	  -c MAX      with -S, at most MAX connections at a time, the others wait; default 256
	  -C USERMAX  with -S, at most USERMAX of a user other than root, more are refused;
	              default 64
	  -n LINES    write at most LINES of a user in a second, and then how many there were
	              more; 0, the default: no limit. All senders that the kernel does not know
	              are one user, as for UDP
	  -k          keep going when nobody reads the output: lines are left out, and a line says
	              how many as soon as there is room. Otherwise senders wait

	  A write of the log that fails does not end us: the lines are counted, and a line says how
	  many were lost, and why, when one succeeds again.

	  A line from UDP begins with "IP_PORT: ". Newlines and NULs at the end of a message are
	  left out, and each within a datagram becomes "~". Other control characters than tab,
	  and backslashes, become \xHH, a byte each. "kern" of a sender other than root becomes
	  "user". Descriptors that are sent along are closed.

	  Signals:
	  TERM  write what was sent before, and exit

	  Exit status:
	  0    ended by TERM
	  99   time is up
	  100  wrong usage; standard output or standard error is not open
	  111  a system call failed

config SOCKLOG_UDP
	bool "ipcsocklog -i: UDP"
	default y
	depends on SOCKLOG
*/
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>

#include "identity.h"
#include "bind.h"
#include "closer.h"
#include "logline.h"
#include "sandbox.h"
#include "applet.h"

enum {
	LEAST_LENGTH = 76, MOST_LENGTH = 1 << 20,
	MOST_STREAMS = 10000,
	BURST = 32,		/* messages of one socket before the others have their turn */
	REST = 1024,		/* messages, or pieces of a stream, that a socket may still hold */
	AGAIN = 1000,		/* ms until the next try to say what is lost */
	PAUSE = 100,		/* ms without accept after running out of something */
	QUIET = 5000		/* ms without trouble that end an episode of it */
};

/* all that it needs is what the frame does for it */
static const char calls[] = "";

static struct how {
	const char *path, *inet;
	unsigned length, timeout, max, user_max, mode;
	unsigned per_second;
	int raw, senders, stream, octets, ready, keep_going;
} how = { .path = "/dev/log", .length = 1024, .max = 256, .user_max = 64, .mode = 0777, .ready = -1 };

/* A connection and the beginning of a message. */
struct stream {
	struct ipc_peer peer;
	struct framing framing;
	size_t have;		/* bytes of the line; more than how.length: its end is left out */
	char *line;
};

static int listener;
static char *buffer;		/* how.length + 1 bytes */
static struct stream *streams;
static struct pollfd *pollers;	/* of the listener, then of the streams */
static unsigned count;
static long long resume;
static volatile sig_atomic_t stopping;

/* --- lines --------------------------------------------------------------------------------- */

static void log_sender(const struct ipc_peer *peer)
{
	char text[48];

	if (!how.senders)
		return;
	if (peer && peer->pid)
		snprintf(text, sizeof text, "uid %u pid %d: ", peer->uid, (int)peer->pid);
	else if (peer)
		snprintf(text, sizeof text, "uid %u pid ?: ", peer->uid);
	else
		snprintf(text, sizeof text, "uid ? pid ?: ");
	log_plain(text);
}

/* Forwarders of the kernel's messages are root's. From the net, the address tells whose kernel it is. */
static int may_be_kernel(const struct ipc_peer *peer)
{
	return how.inet || (peer && !peer->uid);
}

/* One line of PEER, NULL if it is not known; LENGTH may be more than there is in TEXT, which is
 * how.length + 1 bytes then. */
static void log_message(const struct ipc_peer *peer, const char *text, size_t length)
{
	int cut = length > how.length + 1;
	size_t i = 0, next;

	if (cut)
		length = how.length + 1;
	while (!cut && length && (!text[length - 1] || text[length - 1] == '\n'))
		length--;
	if (!how.raw)
		i = log_priority(text, length, may_be_kernel(peer));
	for (; i < length; i = next + 1) {
		for (next = i; next < length && text[next] && text[next] != '\n'; next++)
			;
		log_escaped(text + i, next - i);
		if (next < length)
			log_byte('~');
	}
	if (length > how.length)
		log_plain("...");
	log_byte('\n');
}

/* --- datagrams ----------------------------------------------------------------------------- */

static void log_v6(const struct in6_addr *address)
{
	char text[8];

	for (int i = 0; i < 16; i += 2) {
		snprintf(text, sizeof text, i < 14 ? "%x:" : "%x",
			 address->s6_addr[i] << 8 | address->s6_addr[i + 1]);
		log_plain(text);
	}
}

static void log_address(const struct ipc_address *from)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&from->sun;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&from->sun;
	const unsigned char *bytes = (const unsigned char *)&v4->sin_addr;
	char text[32];

	if (v6->sin6_family == AF_INET6) {
		log_v6(&v6->sin6_addr);
		snprintf(text, sizeof text, "_%u: ", ntohs(v6->sin6_port));
	} else {
		snprintf(text, sizeof text, "%u.%u.%u.%u_%u: ", bytes[0], bytes[1], bytes[2],
			 bytes[3], ntohs(v4->sin_port));
	}
	log_plain(text);
}

/* Whatever comes, it is one message, and the socket goes on. */
static void read_datagrams(int most)
{
	struct ipc_datagram message = { .data = buffer, .size = how.length + 1,
					.discard = close_foreign };
	const struct ipc_peer *sender;

	for (int i = 0; i < most; i++) {
		if (ipc_datagram_receive(listener, &message) < 0) {
			if (errno == EAGAIN)
				return;
			warning("unable to receive:");
			if (errno == EBADF || errno == ENOTSOCK)
				exit(EXIT_TEMPORARY);
			return;
		}
		if (!log_allowed(message.known ? message.sender.uid : (uid_t)-1, how.per_second))
			continue;
		if (ENABLED(CONFIG_SOCKLOG_UDP) && how.inet)
			log_address(&message.from);
		sender = message.known ? &message.sender : NULL;
		log_sender(sender);
		log_message(sender, buffer, message.length);
	}
}

/* --- streams ------------------------------------------------------------------------------- */

static void line_end(struct stream *stream)
{
	if (stream->have && log_allowed(stream->peer.uid, how.per_second)) {
		log_sender(&stream->peer);
		log_message(&stream->peer, stream->line,
			    stream->have > how.length ? how.length + 2 : stream->have);
	}
	stream->have = 0;
}

static void close_stream(unsigned i)
{
	line_end(&streams[i]);
	free(streams[i].line);
	close_client(pollers[i + 1].fd, 0);
	count--;
	streams[i] = streams[count];
	pollers[i + 1] = pollers[count + 1];
}

/* Returns -1 if nobody knows where the next message begins. */
static int take_byte(struct stream *stream, char byte)
{
	enum frame frame = log_frame(&stream->framing, how.octets, byte);

	if (frame == FRAME_BROKEN)
		return -1;
	if ((frame == FRAME_BYTE || frame == FRAME_LAST) && stream->have <= how.length)
		stream->line[stream->have++] = byte;
	if (frame == FRAME_LAST || frame == FRAME_END)
		line_end(stream);
	return 0;
}

/* Returns -1 at the end of the connection. */
static int read_stream(unsigned i)
{
	struct stream *stream = &streams[i];
	char text[4096];
	struct ipc_datagram message = { .data = text, .size = sizeof text,
					.discard = close_foreign };

	/* a descriptor that is sent along is closed */
	if (ipc_datagram_receive(pollers[i + 1].fd, &message) < 0)
		return errno == EAGAIN ? 0 : -1;
	for (size_t at = 0; at < message.length; at++)
		if (take_byte(stream, text[at])) {
			say_refused(stream->peer.uid, applet_name, "warning",
				    "uid %u sends a message without its length", stream->peer.uid);
			return -1;
		}
	return message.length ? 0 : -1;
}

static unsigned streams_of(uid_t uid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		n += streams[i].peer.uid == uid;
	return n;
}

/* Out of descriptors: one line for an episode, and no clients for a moment. */
static void trouble(void)
{
	static long long last;
	long long now = now_ms();

	if (!last || now - last > QUIET)
		warning("unable to accept, clients wait:");
	last = now;
	resume = now + PAUSE;
}

static void accept_stream(void)
{
	struct stream *stream = &streams[count];
	int fd = ipc_accept(listener, &stream->peer, NULL);

	if (fd < 0) {
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			trouble();
		return;
	}
	stream->framing = (struct framing){ 0 };
	stream->have = 0;
	stream->line = NULL;
	if (stream->peer.uid && streams_of(stream->peer.uid) >= how.user_max)
		say_refused(stream->peer.uid, applet_name, "warning", "deny uid %u: %u connections",
			    stream->peer.uid, how.user_max);
	else
		stream->line = malloc(how.length + 1);
	if (!stream->line) {
		close_client(fd, 0);
		return;
	}
	/* what comes with an urgent byte would be closed where nobody sees it */
	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &(int){ 1 }, sizeof(int));
	count++;
	pollers[count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void read_streams(void)
{
	/* from the end, because one that ends is replaced by the last */
	for (unsigned i = count; i-- > 0;)
		if (pollers[i + 1].revents && read_stream(i))
			close_stream(i);
	if (pollers[0].revents)
		accept_stream();
}

/* What was sent before we were told to stop, as much as a socket can hold. */
static void read_rest(void)
{
	if (!how.stream)
		read_datagrams(REST);
	for (; count; close_stream(count - 1))
		for (int i = 0; i < REST && read_stream(count - 1) > 0; i++)
			;
}

/* --- the loop ------------------------------------------------------------------------------ */

static void too_late(int signal)
{
	(void)signal;
	_exit(EXIT_TIMEOUT);
}

/* TERM may come while we wait for the reader of our output: the time limit counts from now. */
static void stop(int signal)
{
	struct itimerval limit = { .it_value = { .tv_sec = how.timeout / 1000,
						 .tv_usec = how.timeout % 1000 * 1000 } };

	(void)signal;
	stopping = 1;
	setitimer(ITIMER_REAL, &limit, NULL);
}

static void catch_signals(void)
{
	default_signals();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, too_late);
	signal(SIGTERM, stop);
}

static void loop(void)
{
	sigset_t term, none;

	sigemptyset(&none);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pollers[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	while (!stopping) {
		struct timespec pause;
		int n, wait = sooner(refused_tick(), log_limits_tick());

		if (resume && now_ms() >= resume)
			resume = 0;
		pollers[0].fd = resume || (how.stream && count == how.max) ? -1 : listener;
		if (resume)
			wait = sooner(wait, PAUSE);
		log_flush();
		if (log_lost())
			wait = sooner(wait, AGAIN);
		pause = (struct timespec){ .tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000 };
		sigprocmask(SIG_SETMASK, &term, NULL);
		n = stopping ? 0 : ppoll(pollers, count + 1, wait < 0 ? NULL : &pause, &none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (n < 0 && errno != EINTR)
			die(EXIT_TEMPORARY, "unable to wait for messages:");
		if (n > 0)
			how.stream ? read_streams() : read_datagrams(BURST);
	}
	read_rest();
	log_finish();
	closers_end(listener);
}

/* --- start --------------------------------------------------------------------------------- */

/* "IP", "IP_PORT", and "IP:PORT" for IPv4. */
static int parse_inet(const char *text, union ipc_inet *inet)
{
	const char *port = strchr(text, '_');
	char full[64];
	int length, six;

	if (!port && strchr(text, '.'))
		port = strchr(text, ':');
	length = port ? port - text : (int)strlen(text);
	six = memchr(text, ':', length) != NULL;
	if ((size_t)snprintf(full, sizeof full, "%s%.*s%s:%s", six ? "[" : "", length, text, six ? "]" : "",
		       port ? port + 1 : "514") >= sizeof full)
		return -1;
	return ipc_inet_parse(full, inet);
}

static int bind_inet(void)
{
	union ipc_inet address;
	int length = parse_inet(how.inet, &address), fd;

	if (length < 0)
		usage("-i needs IP or IP_PORT: %s", how.inet);
	fd = ipc_inet_listen(&address, length, SOCK_DGRAM | SOCK_NONBLOCK);
	if (fd < 0)
		die(EXIT_TEMPORARY, "unable to bind to %s:", how.inet);
	return fd;
}

static int bind_local(void)
{
	struct ipc_listen listen = {
		.type = how.stream ? SOCK_STREAM : SOCK_DGRAM, .mode = how.mode,
		.flags = IPC_LISTEN_MODE | IPC_LISTEN_NO_FDS |
			 (how.stream ? 0 : IPC_LISTEN_CREDENTIALS)
	};
	int fd = ipc_listen(how.path, &listen);

	if (fd < 0)
		bind_refused(how.path, &listen);
	return fd;
}

static void parse(int argc, char **argv, struct identity *id)
{
	static const struct setting table[] = {
		{ 'd', SET_INT, offsetof(struct how, ready) },
		{ 'r', SET_FLAG, offsetof(struct how, raw) },
		{ 'p', SET_FLAG, offsetof(struct how, senders) },
		{ 'l', SET_NUMBER, offsetof(struct how, length) },
		{ 't', SET_INT, offsetof(struct how, timeout) },
		{ 'S', SET_FLAG, offsetof(struct how, stream) },
		{ 'o', SET_FLAG, offsetof(struct how, octets) },
		{ 'C', SET_NUMBER, offsetof(struct how, user_max) },
		{ 'n', SET_NUMBER, offsetof(struct how, per_second) },
		{ 'k', SET_FLAG, offsetof(struct how, keep_going) },
		{ 'c', SET_NOT, 0 }, { 'a', SET_NOT, 0 }, { 'x', SET_NOT, 0 }, { 'i', SET_NOT, 0 },
		{ 'u', SET_NOT, 0 }, { 'g', SET_NOT, 0 }, { 'G', SET_NOT, 0 },
		{ 'U', SET_NOT_FLAG, 0 }, { 0 }
	};
	int letter;

	while ((letter = set_options(argc, argv, table, &how)) != -1) {
		switch (letter) {
		case 'c': how.max = number("-c", optarg, MOST_STREAMS); break;
		case 'a': how.mode = octal("-a", optarg) & 0777; break;
		case 'x': how.path = optarg; how.inet = NULL; break;
		case 'i':
			if (!ENABLED(CONFIG_SOCKLOG_UDP))
				usage("-i is not built in");
			how.inet = optarg;
			break;
		default: identity_option(id, letter);
		}
	}
	if (argv[optind])
		usage("too many arguments");
	log_how(LOG_GOES_ON | (how.keep_going ? LOG_NEVER_WAITS : 0));
	if (how.inet && how.stream)
		usage("-S and -i do not go together");
	if (how.octets && !how.stream)
		usage("-o without -S");
}

static void make_room(void)
{
	if (how.length < LEAST_LENGTH)
		how.length = LEAST_LENGTH;
	if (how.length > MOST_LENGTH)
		how.length = MOST_LENGTH;
	if (!how.max)
		how.max = 1;
	buffer = malloc(how.length + 1);
	streams = calloc(how.max + 1, sizeof *streams);
	pollers = calloc(how.max + 2, sizeof *pollers);
	if (!buffer || !streams || !pollers)
		die(EXIT_TEMPORARY, "unable to make room for messages:");
}

TOOL(socklog, "s6-socklog")
{
	struct identity *id = identity_new();
	int nothing;

	parse(argc, argv, id);
	if (fcntl(2, F_GETFD) < 0 || fcntl(1, F_GETFD) < 0)
		die(EXIT_USAGE, fcntl(2, F_GETFD) < 0 ? "invalid stderr" : "invalid stdout");
	if (how.ready >= 0 && (how.ready < 3 || fcntl(how.ready, F_GETFD) < 0))
		die(EXIT_USAGE, "descriptor %d, to tell that we are ready, is not open, or is under 3",
		    how.ready);
	nothing = open_nothing(O_CLOEXEC);
	if (nothing > 0)
		dup2(nothing, 0);
	make_room();
	listener = how.inet ? bind_inet() : bind_local();
	identity_look_up(id);
	sandbox_bound();
	identity_become(id);
	own_keyring();
	no_core();
	catch_signals();
	sandbox_enter(calls);
	if (how.ready >= 0) {
		if (write(how.ready, "\n", 1) < 0)
			warning("unable to write to descriptor %d:", how.ready);
		close(how.ready);
	}
	loop();
	return 0;
}
