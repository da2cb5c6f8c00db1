/* SPDX-License-Identifier: ISC */
/* worker: the worker of the benchmarks, which serves a client by closing the connection */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ipc.h"

int main(void)
{
	static char text[128 * 1024];
	struct ipc_edits env = { .text = text, .size = sizeof text };
	const char *fd = getenv("IPCWORKERFD");
	int connection;

	if (!fd)
		return 100;
	while ((connection = ipc_worker_next(atoi(fd), &env)) >= 0)
		close(connection);
	return errno == EPIPE ? 0 : 111;
}
