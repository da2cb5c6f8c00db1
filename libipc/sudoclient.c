/* SPDX-License-Identifier: ISC */
/* the client's half of a request to run a command; docs/protocol.md has the tables */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sudo_wire.h"

struct ipc_sudo {
	int fd;
	enum ipc_sudo_state state;
	struct ipc_sudo_command command;
	int extended, terminal, error, status;
	char in[SUDO_BANNER];
	size_t got;
	char *out;
	size_t length, sent;
};

struct ipc_sudo *ipc_sudo_open(int fd, const struct ipc_sudo_command *command)
{
	struct ipc_sudo *sudo = malloc(sizeof *sudo);

	if (sudo)
		*sudo = (struct ipc_sudo){ .fd = fd, .command = *command, .terminal = -1 };
	return sudo;
}

void ipc_sudo_close(struct ipc_sudo *sudo)
{
	if (!sudo)
		return;
	ipc_fail(sudo->terminal);
	free(sudo->out);
	free(sudo);
}

int ipc_sudo_fd(const struct ipc_sudo *sudo)
{
	return sudo->fd;
}

short ipc_sudo_events(const struct ipc_sudo *sudo)
{
	return sudo->state == IPC_SUDO_SENDING ? POLLOUT : POLLIN;
}

/* Read on until WANTED bytes are there; the end before is EPIPE, within them EPROTO. */
static int fill(struct ipc_sudo *sudo, size_t wanted, int *fd)
{
	while (sudo->got < wanted) {
		size_t count = fd && *fd < 0;
		ssize_t n = ipc_fds_receive(sudo->fd, sudo->in + sudo->got, wanted - sudo->got,
					    fd, &count);

		if (n < 0)
			return -1;
		if (!n)
			return errno = sudo->got ? EPROTO : EPIPE, -1;
		sudo->got += n;
	}
	sudo->got = 0;
	return 0;
}

/* A server that knows the extension sends a descriptor with its banner. */
static int greeting(struct ipc_sudo *sudo)
{
	int sign = -1, failed = fill(sudo, SUDO_BANNER, &sign);

	sudo->extended |= sign >= 0;
	ipc_fail(sign);
	if (failed)
		return -1;
	if (memcmp(sudo->in, SUDO_SERVER, SUDO_BANNER))
		return errno = EPROTONOSUPPORT, -1;
	if (sudo->command.flags && !sudo->extended)
		return errno = EOPNOTSUPP, -1;
	sudo->out = ipc_sudo_encode(&sudo->command, sudo->extended, &sudo->length);
	if (!sudo->out)
		return -1;
	sudo->state = IPC_SUDO_SENDING;
	return 0;
}

/* A server that does not read all of the request may have said why before it closed. */
static int refused(struct ipc_sudo *sudo)
{
	unsigned char byte = 0;
	int error = errno;

	if (error == EPIPE && recv(sudo->fd, &byte, 1, MSG_DONTWAIT) == 1 && byte) {
		sudo->error = byte;
		sudo->state = IPC_SUDO_REFUSED;
		return 1;
	}
	return errno = error, 0;
}

static int sending(struct ipc_sudo *sudo)
{
	while (sudo->sent < sudo->length) {
		size_t count = sudo->sent ? 0 : 3;
		ssize_t n = ipc_fds_send(sudo->fd, sudo->out + sudo->sent,
					 sudo->length - sudo->sent, sudo->command.fds, count);

		if (n < 0)
			return refused(sudo) ? 0 : -1;
		sudo->sent += n;
	}
	free(sudo->out);
	sudo->out = NULL;
	sudo->state = IPC_SUDO_STARTING;
	return 0;
}

static int starting(struct ipc_sudo *sudo)
{
	int wanted = sudo->command.flags & IPC_SUDO_TERMINAL;

	if (fill(sudo, 1, wanted ? &sudo->terminal : NULL))
		return -1;
	sudo->error = (unsigned char)sudo->in[0];
	sudo->state = sudo->error ? IPC_SUDO_REFUSED : IPC_SUDO_RUNNING;
	if (!sudo->error && wanted && sudo->terminal < 0)
		return errno = EPROTO, -1;
	return 0;
}

static int running(struct ipc_sudo *sudo)
{
	if (fill(sudo, 4, NULL))
		return -1;
	sudo->status = ipc_get_be32(sudo->in);
	sudo->state = IPC_SUDO_ENDED;
	return 0;
}

int ipc_sudo_dispatch(struct ipc_sudo *sudo)
{
	static int (*const steps[])(struct ipc_sudo *) = {
		[IPC_SUDO_GREETING] = greeting,
		[IPC_SUDO_SENDING] = sending,
		[IPC_SUDO_STARTING] = starting,
		[IPC_SUDO_RUNNING] = running
	};
	enum ipc_sudo_state before = sudo->state;

	/* the caller sees each state: what comes next may block if the descriptor does */
	if (before < IPC_SUDO_ENDED && steps[before](sudo) && errno != EAGAIN)
		return -1;
	return 0;
}

enum ipc_sudo_state ipc_sudo_state(const struct ipc_sudo *sudo)
{
	return sudo->state;
}

int ipc_sudo_extended(const struct ipc_sudo *sudo)
{
	return sudo->extended;
}

int ipc_sudo_error(const struct ipc_sudo *sudo)
{
	return sudo->error;
}

int ipc_sudo_status(const struct ipc_sudo *sudo)
{
	return sudo->status;
}

int ipc_sudo_terminal(const struct ipc_sudo *sudo)
{
	return sudo->terminal;
}

int ipc_sudo_signal(struct ipc_sudo *sudo, int signal)
{
	char byte = signal;

	if (!sudo->extended || sudo->state != IPC_SUDO_RUNNING)
		return errno = EOPNOTSUPP, -1;
	return ipc_fds_send(sudo->fd, &byte, 1, NULL, 0) < 0 ? -1 : 0;
}
