/* SPDX-License-Identifier: ISC */
/* worker: greets each client that "ipcserver -w N SOCKET worker" hands to it, and lives on */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ipc.h>
#include <stdio.h>

static void serve(int connection, const struct ipc_edits *env)
{
	const char *uid = "unknown";
	char text[80];
	int length;

	ipc_edits_find(env, "IPCREMOTEEUID", &uid);
	length = snprintf(text, sizeof text, "hello, user %s, from %d\n", uid, (int)getpid());
	send(connection, text, length, MSG_NOSIGNAL);
}

int main(void)
{
	static char text[256 * 1024];
	struct ipc_edits env = { .text = text, .size = sizeof text };
	const char *name = getenv("IPCWORKERFD");
	int fd, connection;

	if (!name || sscanf(name, "%d", &fd) != 1)
		return 100;
	while ((connection = ipc_worker_next(fd, &env)) >= 0) {
		serve(connection, &env);
		close(connection);
	}
	return errno == EPIPE ? 0 : 111;
}
