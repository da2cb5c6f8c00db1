/* SPDX-License-Identifier: ISC */
/* greet: a whole client. Prints what the server says, if the server is who it should be.
 *
 *	greet SOCKET USER */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ipc.h>

static int trouble(const char *what)
{
	fprintf(stderr, "greet: %s: %s\n", what, strerror(errno));
	return 111;
}

int main(int argc, char **argv)
{
	/* five seconds for the server to appear, and one for a place in its queue */
	struct ipc_connect how = { .wait = 5000, .timeout = 1000 };
	struct ipc_peer server;
	struct ipc_user user;
	char text[256];
	ssize_t n;
	int fd;

	if (argc != 3)
		return 100;
	if (ipc_user_find(argv[2], &user))
		return trouble(argv[2]);
	fd = ipc_connect(argv[1], &how);
	if (fd < 0 || ipc_peer(fd, &server))
		return trouble(argv[1]);
	if (server.uid != user.uid) {
		fprintf(stderr, "greet: %s is served by user %u\n", argv[1], server.uid);
		return 1;
	}
	while ((n = read(fd, text, sizeof text)) > 0)
		if (ipc_write_all(1, text, n))
			return trouble("stdout");
	return n < 0 ? trouble(argv[1]) : 0;
}
