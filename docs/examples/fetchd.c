/* SPDX-License-Identifier: ISC */
/* fetchd PATTERNS: open what matches PATTERNS for the client on descriptor 0, to read it
 *
 * A broker, for "ipcserver SOCKET access -i RULES fetchd PATTERNS". What it leaves to ipcopend:
 * patterns for each client, writing, locks, sockets. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <ipc.h>
#include <ipc/open.h>

static int answer(struct ipc_messages *client, const struct ipc_message *message,
		  const char *patterns)
{
	struct ipc_open_request request;
	const char *text = "";
	size_t prefix;
	int fd = -1, error = 0, failed;

	if (ipc_open_parse(message, &request)) {
		if (errno == EPROTO)
			return -1;
		error = errno;
	} else if (request.how != IPC_OPEN_READ ||
		   !ipc_open_match(patterns, request.name, &prefix)) {
		error = EACCES;
		text = "not one of the public files";
	} else {
		fd = ipc_open_beneath(request.name, &prefix, 1, O_RDONLY, 0);
		error = fd < 0 ? errno : 0;
	}
	failed = ipc_open_answer(client, fd, error, text);
	if (fd >= 0)
		close(fd);
	return failed;
}

int main(int argc, char **argv)
{
	struct ipc_messages_how how = { .max_length = 5 + IPC_OPEN_NAME_MAX, .max_queue = 65536 };
	struct ipc_messages *client = ipc_messages_open(0, &how);
	struct ipc_message message;

	if (argc != 2 || !client)
		return 100;
	for (;;) {
		struct pollfd pollfd = { .fd = ipc_messages_fd(client),
					 .events = ipc_messages_events(client) };

		poll(&pollfd, 1, -1);
		if (ipc_messages_dispatch(client))
			return errno == EPIPE ? 0 : 111;	/* EPIPE: the client is done */
		while (ipc_message_receive(client, &message))
			if (answer(client, &message, argv[1]))
				return 111;
	}
}
