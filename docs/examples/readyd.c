/* SPDX-License-Identifier: ISC */
/* readyd SOCKET: a daemon that says when it is ready, in whatever way its supervisor listens
 *
 * systemd and others set NOTIFY_SOCKET; s6 and others give a descriptor that a newline goes to, and
 * READYD_READY_FD says which. Both, one or none of them may be there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipc.h>

static int trouble(const char *what)
{
	fprintf(stderr, "readyd: %s: %s\n", what, strerror(errno));
	return 111;
}

/* A supervisor that is told nothing, or in vain, is no reason not to serve. */
static void say(const char *format, unsigned value)
{
	const char *socket = getenv("NOTIFY_SOCKET");
	char text[80];

	snprintf(text, sizeof text, format, value);
	if (socket && ipc_notify(socket, text))
		trouble(socket);
}

static void say_ready(void)
{
	const char *name = getenv("READYD_READY_FD");
	int fd;

	say("READY=1\nSTATUS=nobody was here\n", 0);
	if (!name || sscanf(name, "%d", &fd) != 1)
		return;
	if (write(fd, "\n", 1) < 0)
		trouble("the descriptor for the newline");
	close(fd);
}

int main(int argc, char **argv)
{
	struct ipc_listen how = { .flags = IPC_LISTEN_BLOCKING };
	int listener = argc == 2 ? ipc_listen(argv[1], &how) : -1;
	unsigned served = 0;

	if (listener < 0)
		return argc == 2 ? trouble(argv[1]) : 100;
	/* not before: who is told that we are ready may connect at once */
	say_ready();
	for (;;) {
		int connection = ipc_accept(listener, NULL, NULL);

		if (connection < 0) {
			usleep(100000);
			continue;
		}
		send(connection, "hello\n", 6, MSG_NOSIGNAL);
		say("STATUS=%u served\n", ++served);
		close(connection);
	}
}
