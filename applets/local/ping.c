/* ping: tell whether a local service is there and answers
 *
 * SPDX-License-Identifier: ISC

config PING
	bool "ipcping"
	default y
	help
	  usage: ipcping [-q] [-t MS] [-s TEXT] [-w MS] PATH

	  Say of what type the socket at PATH is, who owns it and whether a server listens, by
	  connecting to it. "@NAME" is an abstract socket.

	  -q       say nothing
	  -t MS    wait at most MS milliseconds for a place in the backlog; then close our side
	           and wait as long until the server sends something or closes its side
	  -s TEXT  with -t, send TEXT first; without it a datagram service is not asked
	  -w MS    as long as it fails, try again, for MS milliseconds

	  Exit status:
	  0    a server listens, and answered if it had to
	  1    we may not connect
	  2    nothing is there
	  3    what is there is not a socket
	  4    a socket that no process has any more
	  5    a process has it and does not listen
	  6    too many clients wait for the server
	  7    with -t, it closed its side without a byte: it refused us, or had nothing to say
	  99   no answer in time
	  111  something else failed
*/
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "answer.h"
#include "applet.h"

enum { GONE = 2, NO_SOCKET, DEAD, DEAF, FULL, SILENT, PAUSE = 20 };

struct ping {
	const char *path, *say;
	int timeout;		/* for the answer, 0 for none */
	int wait, quiet;
	int code;
	const char *what;	/* in words */
	int type;		/* of the socket; 0 if it is not known */
	int has_file, has_peer;
	struct stat file;
	struct ipc_peer peer;
	int answer;		/* milliseconds until the answer came, -1 if it did not */
};

static void verdict(struct ping *p, int code, const char *what)
{
	p->code = code;
	p->what = what;
}

/* The connection is made by the kernel alone: is there somebody behind it? */
static void ask(struct ping *p, int fd)
{
	long long begin = now_ms();
	int answer;

	if (p->type == SOCK_DGRAM && !p->say)
		return;
	/* any address of our own, for the answer to a datagram */
	if (p->type == SOCK_DGRAM)
		bind(fd, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t));
	/* what does not fit now, or finds a closed end, is no loss: poll tells */
	if (p->say && send(fd, p->say, strlen(p->say), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) { }
	if (p->type != SOCK_DGRAM)
		shutdown(fd, SHUT_WR);
	answer = await_answer(fd, p->timeout);
	/* who refuses us closes, and perhaps with what we said unread */
	if (answer < 0)
		verdict(p, EXIT_TIMEOUT, "no answer");
	else if (p->type != SOCK_DGRAM && !answer)
		verdict(p, SILENT, "closed without a byte");
	else
		p->answer = now_ms() - begin;
}

/* Connect with each type until it is the right one. The type that has no connections is the first:
 * it disturbs nobody. */
static int connect_any(struct ping *p)
{
	static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM };
	struct ipc_connect how = { .timeout = p->timeout ? p->timeout : 1 };
	int is_abstract = *p->path == '@', fd = -1;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		how.type = types[i];
		fd = ipc_connect(p->path, &how);
		/* of abstract names each type has its own */
		if (fd < 0 && (errno == EPROTOTYPE || (is_abstract && errno == ECONNREFUSED)))
			continue;
		/* after the first, a refusal is that of a socket of this type */
		if (fd >= 0 || (i && !is_abstract))
			p->type = types[i];
		break;
	}
	return fd;
}

static void look(struct ping *p)
{
	int fd;

	p->type = p->has_peer = 0;
	p->answer = -1;
	p->has_file = *p->path != '@' && !stat(p->path, &p->file);
	if (p->has_file && !S_ISSOCK(p->file.st_mode)) {
		verdict(p, NO_SOCKET, "not a socket");
		return;
	}
	fd = connect_any(p);
	if (fd >= 0) {
		verdict(p, 0, p->type == SOCK_DGRAM ? "open" : "listening");
		p->has_peer = p->type != SOCK_DGRAM && !ipc_peer(fd, &p->peer);
		if (p->timeout)
			ask(p, fd);
		close(fd);
	} else if (errno == ENOENT || errno == ENOTDIR) {
		verdict(p, GONE, "nothing is there");
	} else if (errno == EACCES || errno == EPERM) {
		verdict(p, EXIT_DENIED, "permission denied");
	} else if (errno == ETIMEDOUT) {
		verdict(p, FULL, "too many clients wait");
	} else if (errno != ECONNREFUSED) {
		verdict(p, EXIT_TEMPORARY, strerror(errno));
	} else if (p->type) {
		verdict(p, DEAF, "not listening");
	} else if (*p->path == '@') {
		verdict(p, GONE, "nothing listens there");
	} else {
		verdict(p, DEAD, "no process has it");
	}
}

static const char *type_name(int type)
{
	return type == SOCK_STREAM ? "stream" : type == SOCK_DGRAM ? "datagram" : "seqpacket";
}

static void say_all(const struct ping *p)
{
	fputs(p->path, stdout);
	printf(": %s%s%s", p->type ? type_name(p->type) : "", p->type ? ", " : "", p->what);
	if (p->has_file)
		printf(", owner %u:%u mode %04o", p->file.st_uid, p->file.st_gid,
		       p->file.st_mode & 07777);
	if (p->has_peer)
		printf(", server pid %d uid %u gid %u", p->peer.pid, p->peer.uid, p->peer.gid);
	if (p->answer >= 0)
		printf(", answer in %d ms", p->answer);
	putchar('\n');
	flush_output();
}

TOOL(ping)
{
	static const struct setting table[] = {
		{ 'q', SET_FLAG, offsetof(struct ping, quiet) },
		{ 't', SET_INT, offsetof(struct ping, timeout) },
		{ 's', SET_TEXT, offsetof(struct ping, say) },
		{ 'w', SET_INT, offsetof(struct ping, wait) }, { 0 }
	};
	struct ping ping = { .code = 0 };
	long long end;

	set_options(argc, argv, table, &ping);
	argv = operands(argc, argv, 1);
	if (argv[1])
		usage("unexpected argument %s", argv[1]);
	if (ping.say && !ping.timeout)
		usage("-s without -t");
	ping.path = argv[0];
	end = now_ms() + ping.wait;
	for (look(&ping); ping.code && now_ms() < end; look(&ping))
		poll(NULL, 0, PAUSE);
	if (!ping.quiet)
		say_all(&ping);
	return ping.code;
}
