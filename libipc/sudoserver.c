/* SPDX-License-Identifier: ISC */
/* the server's half of a request to run a command; docs/protocol.md has the tables */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sudo_wire.h"

struct ipc_sudo_server {
	int fd;
	int fds[3];
	int extended, started;
	struct ipc_messages *messages;
};

/* The banner, with a descriptor that tells a client of the extension; read(2) does not see it. */
static int greet(int fd)
{
	int sign = eventfd(0, EFD_CLOEXEC);
	ssize_t n = -1;

	if (sign >= 0)
		n = ipc_fds_send(fd, SUDO_SERVER, SUDO_BANNER, &sign, 1);
	ipc_fail(sign);
	if (n < 0)
		n = ipc_fds_send(fd, SUDO_SERVER, SUDO_BANNER, NULL, 0);
	if (n >= 0 && n < SUDO_BANNER)
		errno = ENOBUFS;
	return n == SUDO_BANNER ? 0 : -1;
}

struct ipc_sudo_server *ipc_sudo_server_open(int fd, size_t max_length)
{
	struct ipc_messages_how how = { .max_length = max_length, .max_fds = IPC_FDS_MAX };
	struct ipc_sudo_server *server = malloc(sizeof *server);

	if (!server)
		return NULL;
	*server = (struct ipc_sudo_server){ .fd = fd, .fds = { -1, -1, -1 } };
	if (!greet(fd) && (server->messages = ipc_messages_open(fd, &how)))
		return server;
	free(server);
	return NULL;
}

static void forget_request(struct ipc_sudo_server *server)
{
	for (int i = 0; i < 3; i++) {
		ipc_fail(server->fds[i]);
		server->fds[i] = -1;
	}
	if (server->messages)
		ipc_messages_close(server->messages);
	server->messages = NULL;
}

void ipc_sudo_server_close(struct ipc_sudo_server *server)
{
	if (!server)
		return;
	forget_request(server);
	free(server);
}

int ipc_sudo_server_fd(const struct ipc_sudo_server *server)
{
	return server->fd;
}

short ipc_sudo_server_events(const struct ipc_sudo_server *server)
{
	if (!server->started)
		return server->messages ? ipc_messages_events(server->messages) : 0;
	return server->extended ? POLLIN : 0;
}

int ipc_sudo_server_dispatch(struct ipc_sudo_server *server, struct ipc_sudo_request *request)
{
	int failed = ipc_messages_dispatch(server->messages), error = errno;
	struct ipc_message message;

	if (!ipc_message_receive(server->messages, &message))
		return failed ? errno = error, -1 : 0;
	if (message.count != 3)
		return errno = EBADF, -1;
	for (int i = 0; i < 3; i++) {
		request->fds[i] = server->fds[i] = message.fds[i];
		message.fds[i] = -1;
	}
	if (ipc_sudo_decode(message.data, message.length, request))
		return -1;
	server->extended = request->extended;
	return 1;
}

int ipc_sudo_server_started(struct ipc_sudo_server *server, int error, int terminal)
{
	char byte = error;

	forget_request(server);
	server->started = 1;
	return ipc_fds_send(server->fd, &byte, 1, &terminal, terminal >= 0) < 0 ? -1 : 0;
}

static int may_signal(int signal)
{
	static const char allowed[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2,
		SIGWINCH, SIGTSTP, SIGCONT };

	return memchr(allowed, signal, sizeof allowed) != NULL;
}

/* A peer that shuts down only its writing is still there: that is no hang-up. */
static int is_gone(int fd)
{
	struct pollfd pollfd = { .fd = fd };

	return poll(&pollfd, 1, 0) > 0 && pollfd.revents & (POLLHUP | POLLERR | POLLNVAL);
}

int ipc_sudo_server_signal(struct ipc_sudo_server *server)
{
	unsigned char byte;
	ssize_t n = -1;

	if (server->extended)
		n = recv(server->fd, &byte, 1, MSG_DONTWAIT);
	if (n == 1)
		return may_signal(byte) ? byte : 0;
	if (!n)
		server->extended = 0;
	return is_gone(server->fd) ? errno = EPIPE, -1 : 0;
}

int ipc_sudo_server_ended(struct ipc_sudo_server *server, int status)
{
	char bytes[4];

	ipc_put_be32(bytes, status);
	return ipc_fds_send(server->fd, bytes, sizeof bytes, NULL, 0) < 0 ? -1 : 0;
}
