/* openfd: have files, terminals and sockets opened by a broker
 *
 * SPDX-License-Identifier: ISC

config OPENFD
	bool "ipcopenfd"
	default y
	help
	  usage: ipcopenfd [-s PATH] [-t MS] [-w MS] NAME=FD[,LETTERS]... PROG...

	  Ask a broker, see ipcopend, for each NAME and run PROG with it as descriptor FD. The first
	  word without "=" is PROG. NAME is an absolute path without "//", "." and "..", or

	  tcp:ADDRESS:PORT         a listening TCP socket
	  udp:ADDRESS:PORT         a bound UDP socket
	  netlink:FAMILY[:GROUP]   a netlink socket: route generic uevent audit netfilter
	                           sock-diag xfrm selinux connector

	  -s PATH  the broker's socket; else it is on descriptors 6 and 7
	  -t MS    wait at most MS milliseconds for the connection and for each answer
	  -w MS    wait at most MS milliseconds for a broker to appear at PATH

	  Letters:
	  r  for reading
	  w  for writing; without r, w and a: what the broker allows of reading and writing
	  a  for writing at the end
	  c  make the file if it is not there
	  t  empty the file
	  l  lock it, and a terminal against further opening
	  n  leave it non-blocking

	  Environment:
	  IPCOPEN_SOCKET  the broker's socket, if there is no -s

	  Exit status:
	  1    the broker does not allow it
	  99   a time limit has passed
	  111  it failed
*/
#include <limits.h>

#include "applet.h"
#include "ipc/open.h"

struct broker {
	const char *path;
	struct ipc_connect how;
};

struct wish {
	const char *name;
	unsigned how;
};

/* "NAME=FD,LETTERS", from the last "=" on because a name may have one, too */
static struct wish parse(char *word, int *to)
{
	static const char letters[] = "rwactln";
	char *equals = strrchr(word, '='), *comma = strchr(equals, ',');
	struct wish wish = { .name = word };

	if (equals == word)
		usage("no name before =%s", equals + 1);
	*equals = 0;
	if (comma)
		*comma = 0;
	*to = number("the descriptor", equals + 1, INT_MAX);
	while (comma && *++comma) {
		const char *letter = strchr(letters, *comma);

		if (!letter)
			usage("unknown letter %c for %s", *comma, word);
		wish.how |= 1U << (letter - letters);
	}
	return wish;
}

/* Ask for one and wait for the answer. */
static int get(struct ipc_messages *messages, const struct wish *wish, int timeout)
{
	struct ipc_message message;
	char text[IPC_OPEN_TEXT_SIZE];
	int fd;

	if (ipc_open_send(messages, wish->name, wish->how) ||
	    ipc_messages_wait(messages, &message, timeout))
		die(errno == ETIMEDOUT ? EXIT_TIMEOUT : EXIT_TEMPORARY, "unable to ask for %s:",
		    wish->name);
	fd = ipc_open_receive(&message, text);
	if (fd < 0)
		die(errno == EACCES || errno == EPERM ? EXIT_DENIED : EXIT_TEMPORARY,
		    "unable to open %s: %s", wish->name, *text ? text : strerror(errno));
	return fd;
}

static int connect_broker(const struct broker *broker)
{
	const char *path = broker->path ? broker->path : getenv("IPCOPEN_SOCKET");
	struct ipc_peer peer;
	int fd;

	if (!path && ipc_peer(6, &peer))
		usage("no broker: descriptor 6 is no socket");
	if (!path)
		return 6;
	fd = ipc_connect(path, &broker->how);
	if (fd < 0)
		die(errno == ETIMEDOUT ? EXIT_TIMEOUT : EXIT_TEMPORARY,
		    "unable to connect to %s:", path);
	return fd;
}

CHAIN(openfd)
{
	static const struct setting table[] = {
		{ 's', SET_TEXT, offsetof(struct broker, path) },
		{ 't', SET_INT, offsetof(struct broker, how.timeout) },
		{ 'w', SET_INT, offsetof(struct broker, how.wait) },
		{ 0 }
	};
	struct broker broker = { .how.timeout = -1 };
	struct ipc_messages_how how = { .max_fds = 1, .max_length = 4 + IPC_OPEN_TEXT_SIZE };
	struct ipc_messages *messages;
	struct wish *wishes = malloc(argc * sizeof *wishes);
	struct placing *places = malloc(argc * sizeof *places);
	int sock, count = 0;

	if (!wishes || !places)
		die(EXIT_TEMPORARY, "unable to start:");
	set_options(argc, argv, table, &broker);
	for (argv = operands(argc, argv, 1); *argv && strchr(*argv, '='); argv++, count++)
		wishes[count] = parse(*argv, &places[count].to);
	if (*argv && !strcmp(*argv, "--"))
		argv++;
	if (!*argv)
		usage("no program to run");
	sock = connect_broker(&broker);
	messages = ipc_messages_open(sock, &how);
	if (!messages)
		die(EXIT_TEMPORARY, "unable to talk to the broker:");
	for (int i = 0; i < count; i++)
		places[i].fd = get(messages, &wishes[i], broker.how.timeout);
	ipc_messages_close(messages);
	close(sock);
	if (sock == 6)
		close(7);
	place_fds(places, count);
	free(places);
	free(wishes);
	return argv;
}
