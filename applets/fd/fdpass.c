/* fdpass: pass named descriptors over a connection
 *
 * SPDX-License-Identifier: ISC

config FDPASS
	bool "ipcfdpass"
	default y
	help
	  usage: ipcfdpass send [-s FD] [-t MS] [-u USER] [-g GROUP] NAME=FD... [PROG...]
	  or: ipcfdpass recv [-s FD] [-t MS] [-u USER] [-g GROUP] [NAME=[FD]...] PROG...

	  Send open descriptors over a connection, each with a name, and run PROG when they are
	  taken; or receive these and no others, and run PROG with them at the numbers FD, or at
	  free ones from 3 on. The first word without "=" is PROG.

	  -s FD     the connection; else 7 if that is a local socket, else 0
	  -t MS     give up after MS milliseconds
	  -u USER   the other end must be this user
	  -g GROUP  and its group this one

	  Environment of PROG after recv:
	  FDPASS_NAMES    what came, as NAME=FD,NAME=FD
	  FDPASS_FD_NAME  the number of NAME, if that can be in a variable

	  Exit status:
	  1      the descriptors are refused, by the other end or here
	  99     the time is over
	  100    wrong usage
	  111    a system call failed, or the other end closed or broke the protocol
*/
#include <fcntl.h>
#include <limits.h>

#include "ipc/named.h"
#include "passing.h"

struct pass {
	int receive;
	int sock;
	int timeout;
	const char *user, *group;
	struct ipc_named named[IPC_FDS_MAX];
	int count;
};

enum { ANY_NUMBER = -1 };

static int is_local(int fd)
{
	int domain;
	socklen_t length = sizeof domain;

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) && domain == AF_UNIX;
}

static int find(const struct ipc_named *named, int count, const char *name)
{
	while (--count >= 0 && strcmp(named[count].name, name))
		;
	return count;
}

/* NAME=FD; changes the word. */
static void add_named(struct pass *pass, char *word)
{
	char *value = strchr(word, '='), test[IPC_NAME_MAX + 1];
	struct ipc_named *named = &pass->named[pass->count];

	if (pass->count == IPC_FDS_MAX)
		usage("more than %d descriptors", IPC_FDS_MAX);
	*value++ = 0;
	named->name = word;
	named->fd = !*value && pass->receive ? ANY_NUMBER : (int)number(word, value, fd_limit());
	if (ipc_named_format(test, sizeof test, named, 1) < 0)
		usage("not a name for a descriptor: %s", word);
	if (find(pass->named, pass->count, word) >= 0)
		usage("%s is named twice", word);
	for (int i = 0; pass->receive && named->fd >= 0 && i < pass->count; i++)
		if (pass->named[i].fd == named->fd)
			usage("%s and %s are both at %d", pass->named[i].name, word, named->fd);
	pass->count++;
}

static char **parse(int argc, char **argv, struct pass *pass, int receive)
{
	static const struct setting table[] = {
		{ 's', SET_INT, offsetof(struct pass, sock) },
		{ 't', SET_INT, offsetof(struct pass, timeout) },
		{ 'u', SET_TEXT, offsetof(struct pass, user) },
		{ 'g', SET_TEXT, offsetof(struct pass, group) },
		{ 0 }
	};

	*pass = (struct pass){ .receive = receive, .sock = -1, .timeout = -1 };
	set_options(argc, argv, table, pass);
	argv = operands(argc, argv, 1);
	for (; *argv && strchr(*argv, '='); argv++)
		add_named(pass, *argv);
	if (pass->sock < 0)
		pass->sock = is_local(7) ? 7 : 0;
	return argv;
}

static void check_peer(const struct pass *pass)
{
	uid_t uid = pass->user ? user_number("-u", pass->user) : 0;
	gid_t gid = pass->group ? group_number("-g", pass->group) : 0;
	struct ipc_peer peer;

	if (!is_local(pass->sock))
		die(EXIT_USAGE, "descriptor %d is not a local socket", pass->sock);
	if (ipc_peer(pass->sock, &peer))
		die(EXIT_TEMPORARY, "unable to get the peer's credentials:");
	if ((pass->user && peer.uid != uid) || (pass->group && peer.gid != gid)) {
		if (pass->receive)
			ipc_named_answer(pass->sock, 0);
		die(EXIT_DENIED, "refused: the other end is uid %u gid %u", peer.uid, peer.gid);
	}
}

static _Noreturn void fail(const char *what)
{
	if (errno == ETIMEDOUT)
		die(EXIT_TIMEOUT, "%s: the time is over", what);
	die(EXIT_TEMPORARY, "unable to %s:", what);
}

static struct ipc_messages *open_messages(const struct pass *pass)
{
	struct ipc_messages_how how = { .max_length = IPC_NAMED_MAX, .max_fds = IPC_FDS_MAX };
	struct ipc_messages *messages = ipc_messages_open(pass->sock, &how);

	if (!messages)
		die(EXIT_TEMPORARY, "unable to use descriptor %d:", pass->sock);
	return messages;
}

/* --- send ------------------------------------------------------------------------------- */

static int send_named(const struct pass *pass)
{
	struct ipc_messages *messages = open_messages(pass);
	char *text = malloc(IPC_NAMED_MAX);
	int fds[IPC_FDS_MAX], failed;
	ssize_t length;

	for (int i = 0; i < pass->count; i++)
		fds[i] = pass->named[i].fd;
	length = text ? ipc_named_format(text, IPC_NAMED_MAX, pass->named, pass->count) : -1;
	failed = length < 0 || ipc_message_send(messages, text, length, fds, pass->count) ||
		 ipc_messages_wait(messages, NULL, pass->timeout);
	/* a receiver may refuse us and close before it has read anything */
	if (failed && errno != EPIPE)
		fail("send descriptors");
	ipc_messages_close(messages);
	free(text);
	return failed;
}

static char **pass_send(struct pass *pass, char **prog)
{
	long long end = now_ms() + pass->timeout;

	if (!pass->count)
		usage("no descriptor named");
	check_peer(pass);
	if (send_named(pass))
		pass->timeout = 0;
	else if (pass->timeout >= 0)
		pass->timeout = end > now_ms() ? end - now_ms() : 0;
	if (!ipc_named_confirm(pass->sock, pass->timeout))
		return prog;
	if (errno == EACCES)
		die(EXIT_DENIED, "the other end refuses the descriptors");
	fail("get an answer");
}

/* --- receive ---------------------------------------------------------------------------- */

static _Noreturn void refuse(const struct pass *pass, const char *why, const char *name)
{
	ipc_named_answer(pass->sock, 0);
	die(EXIT_DENIED, "refused: %s%s", why, name);
}

/* Give the descriptors that came the numbers that were asked for: all of them or none. */
static void match(const struct pass *pass, const struct ipc_named *came, int *at, int count)
{
	for (int i = 0; i < count; i++) {
		int wanted = find(pass->named, pass->count, came[i].name);

		at[i] = wanted < 0 ? ANY_NUMBER : pass->named[wanted].fd;
		if (wanted < 0 && pass->count)
			refuse(pass, "nobody asked for ", came[i].name);
	}
	for (int i = 0; i < pass->count; i++)
		if (find(came, count, pass->named[i].name) < 0)
			refuse(pass, "missing: ", pass->named[i].name);
}

static int is_asked_for(int fd, const int *at, int count)
{
	while (--count >= 0 && at[count] != fd)
		;
	return count >= 0;
}

/* Move a descriptor of ours to the lowest free number from FROM on. */
static int move_up(int fd, int from)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, from);

	if (up < 0)
		die(EXIT_TEMPORARY, "unable to keep a descriptor:");
	close(fd);
	return up;
}

/* Put the descriptors where they belong. The answer goes out through a copy of the connection, as
 * the number of that may be one that was asked for. */
static void place(const struct pass *pass, struct ipc_named *came, int *at, int count)
{
	int above = 3, sock;

	for (int i = 0; i < count; i++)
		above = at[i] >= above ? at[i] + 1 : above;
	for (int i = 0; i < count; i++)
		if (at[i] != ANY_NUMBER)
			came[i].fd = move_up(came[i].fd, above);
	for (int i = 0; i < count; i++) {
		if (at[i] != ANY_NUMBER)
			continue;
		while (came[i].fd < 3 || is_asked_for(came[i].fd, at, count))
			came[i].fd = move_up(came[i].fd, came[i].fd < 3 ? 3 : came[i].fd + 1);
		at[i] = came[i].fd;
	}
	sock = fcntl(pass->sock, F_DUPFD_CLOEXEC, above);
	if (sock < 0)
		die(EXIT_TEMPORARY, "unable to keep the connection:");
	for (int i = 0; i < count; i++) {
		copy_fd(came[i].fd, at[i]);
		if (came[i].fd != at[i])
			close(came[i].fd);
		came[i].fd = at[i];
	}
	/* a sender that is gone has no use for the answer; the descriptors are here all the same */
	ipc_named_answer(sock, 1);
	close(sock);
}

static int is_identifier(const char *name)
{
	return !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_")];
}

static void export(const struct ipc_named *came, int count)
{
	size_t size = count * (IPC_NAME_MAX + sizeof "=1234567890,") + 1, length = 0;
	char *text = calloc(1, size), name[sizeof "FDPASS_FD_" + IPC_NAME_MAX];

	if (!text)
		die(EXIT_TEMPORARY, "unable to change the environment:");
	for (int i = 0; i < count; i++) {
		length += snprintf(text + length, size - length, "%s%s=%d", i ? "," : "",
				   came[i].name, came[i].fd);
		if (!is_identifier(came[i].name))
			continue;
		snprintf(name, sizeof name, "FDPASS_FD_%s", came[i].name);
		set_number(name, came[i].fd);
	}
	set_variable("FDPASS_NAMES", text);
	free(text);
}

static char **pass_recv(struct pass *pass, char **prog)
{
	struct ipc_named came[IPC_FDS_MAX];
	struct ipc_messages *messages;
	struct ipc_message message;
	int at[IPC_FDS_MAX], count;

	if (!*prog)
		usage("no program named");
	check_peer(pass);
	messages = open_messages(pass);
	if (ipc_messages_wait(messages, &message, pass->timeout) ||
	    (count = ipc_named_parse(&message, came, IPC_FDS_MAX)) < 0) {
		int error = errno;

		if (error == EPROTO || error == EMSGSIZE)
			ipc_named_answer(pass->sock, 0);
		errno = error;
		fail("receive descriptors");
	}
	match(pass, came, at, count);
	for (int i = 0; i < count; i++)
		message.fds[i] = -1;
	place(pass, came, at, count);
	export(came, count);
	ipc_messages_close(messages);
	return prog;
}

CHAIN(fdpass)
{
	struct pass pass;
	int receive = argc > 1 && !strcmp(argv[1], "recv");

	if (argc > 1 && *argv[1] == '-')
		option(argc, argv, "", NULL);
	if (!receive && (argc < 2 || strcmp(argv[1], "send")))
		usage("neither send nor recv");
	argv = parse(argc - 1, argv + 1, &pass, receive);
	return (receive ? pass_recv : pass_send)(&pass, argv);
}
