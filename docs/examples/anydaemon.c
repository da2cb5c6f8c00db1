/* SPDX-License-Identifier: ISC */
/* anydaemon [COUNT]: greet clients, COUNT of them or for ever, on every socket that we are given
 *
 * It runs unchanged under systemd-socket-activate, ipclisten with any convention, s6 or inetd. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ipc.h>

static int greet(const struct ipc_listen_fd *given)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof peer;
	char text[300], junk[1];
	int length = snprintf(text, sizeof text, "hello from %s\n", given->name), client;

	client = accept(given->fd, (struct sockaddr *)&peer, &size);
	if (client >= 0) {
		(void)!write(client, text, length);
		return close(client);
	}
	/* it does not listen: a datagram socket, or a connection that somebody has accepted */
	if (errno != EINVAL && errno != EOPNOTSUPP)
		return -1;
	if (recvfrom(given->fd, junk, sizeof junk, 0, (struct sockaddr *)&peer, &size) <= 0)
		exit(0);
	(void)!(size ? sendto(given->fd, text, length, 0, (struct sockaddr *)&peer, size)
		     : write(given->fd, text, length));
	return 0;
}

int main(int argc, char **argv)
{
	struct ipc_listen_fd given[16];
	struct pollfd polled[16];
	int count = ipc_listen_fds(given, 16), left = argc > 1 ? atoi(argv[1]) : -1;

	if (count <= 0) {
		fprintf(stderr, "anydaemon: %s\n", count ? "bad descriptors" : "no sockets");
		return 100;
	}
	for (int i = 0; i < count; i++)
		polled[i] = (struct pollfd){ .fd = given[i].fd, .events = POLLIN };
	while (left) {
		if (poll(polled, count, -1) < 0)
			return 111;
		for (int i = 0; i < count && left; i++)
			if (polled[i].revents && !greet(&given[i]) && left > 0)
				left--;
	}
	return 0;
}
