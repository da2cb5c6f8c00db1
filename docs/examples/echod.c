/* SPDX-License-Identifier: ISC */
/* echod: send each message back, to the client on descriptor 0
 * echod SOCKET TEXT: be that client
 *
 * For "ipcserver SOCKET echod". Both ways to use messages: in a loop, and without one. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <ipc.h>

static int answer(struct ipc_messages *m, const struct ipc_message *message)
{
	return ipc_message_send(m, message->data, message->length, NULL, 0);
}

static int serve(struct ipc_messages *m)
{
	struct ipc_message message;

	for (;;) {
		struct pollfd pollfd = { .fd = ipc_messages_fd(m),
					 .events = ipc_messages_events(m) };

		poll(&pollfd, 1, -1);
		if (ipc_messages_dispatch(m))
			return errno == EPIPE ? 0 : 111;	/* EPIPE: the peer has closed */
		while (ipc_message_receive(m, &message))
			if (answer(m, &message))		/* sends or queues */
				return 111;
	}
}

static int ask(struct ipc_messages *m, const char *text)
{
	struct ipc_message message;

	if (ipc_message_send(m, text, strlen(text), NULL, 0) ||
	    ipc_messages_wait(m, &message, 10000))
		return 111;
	printf("%.*s\n", (int)message.length, message.data);
	return 0;
}

int main(int argc, char **argv)
{
	/* nobody makes us hold more than this */
	struct ipc_messages_how how = { .max_length = 65536, .max_queue = 1 << 20 };
	int fd = argc == 3 ? ipc_connect(argv[1], NULL) : 0;
	struct ipc_messages *m = fd < 0 ? NULL : ipc_messages_open(fd, &how);

	if (!m)
		return 111;
	return argc == 3 ? ask(m, argv[2]) : serve(m);
}
