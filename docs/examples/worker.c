/* SPDX-License-Identifier: ISC */
/* worker: greets each client that "ipcserver -w N SOCKET worker" hands to it, and lives on */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <ipc.h>

static void serve(int connection, const struct ipc_edits *env)
{
	const char *uid = "unknown";
	char text[80];
	size_t length;

	ipc_edits_find(env, "IPCREMOTEEUID", &uid);
	length = ipc_format(text, sizeof text, "hello, user %s, from %d\n", uid, (int)getpid());
	send(connection, text, length, MSG_NOSIGNAL);
}

int main(void)
{
	static char text[256 * 1024];
	struct ipc_edits env = { .text = text, .size = sizeof text };
	const char *name = getenv("IPCWORKERFD");
	unsigned fd;
	int connection;

	if (!name || ipc_number(name, 10, INT_MAX, &fd))
		return 100;
	while ((connection = ipc_worker_next(fd, &env)) >= 0) {
		serve(connection, &env);
		close(connection);
	}
	return errno == EPIPE ? 0 : 111;
}
