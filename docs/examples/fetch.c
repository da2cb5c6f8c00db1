/* SPDX-License-Identifier: ISC */
/* fetch SOCKET FILE...: print files that we may not open, through the broker at SOCKET */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ipc.h>
#include <ipc/open.h>

static int trouble(const char *what, const char *why)
{
	fprintf(stderr, "fetch: %s: %s\n", what, *why ? why : strerror(errno));
	return 111;
}

/* Returns the open file, or -1 and in TEXT what the broker says. */
static int ask(struct ipc_messages *broker, const char *path, char *text)
{
	struct ipc_message answer;

	*text = 0;
	if (ipc_open_send(broker, path, IPC_OPEN_READ) ||
	    ipc_messages_wait(broker, &answer, 10000))
		return -1;
	return ipc_open_receive(&answer, text);
}

int main(int argc, char **argv)
{
	struct ipc_messages_how how = { .max_fds = 1, .max_length = 4 + IPC_OPEN_TEXT_SIZE };
	int sock = argc < 2 ? -1 : ipc_connect(argv[1], NULL);
	struct ipc_messages *broker = sock < 0 ? NULL : ipc_messages_open(sock, &how);

	if (!broker)
		return trouble("the broker", "");
	for (int i = 2; i < argc; i++) {
		char why[IPC_OPEN_TEXT_SIZE], text[4096];
		int file = ask(broker, argv[i], why);
		ssize_t n;

		if (file < 0)
			return trouble(argv[i], why);
		while ((n = read(file, text, sizeof text)) > 0)
			if (ipc_write_all(1, text, n))
				return trouble("stdout", "");
		close(file);
	}
	ipc_messages_close(broker);
	return 0;
}
