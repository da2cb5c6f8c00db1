/* SPDX-License-Identifier: ISC */
/* the worker's side of a pool */
#include <errno.h>
#include <unistd.h>

#include "internal.h"

int ipc_worker_next(int fd, struct ipc_edits *env)
{
	size_t count = 1;
	int connection;
	ssize_t n = ipc_fds_receive(fd, env->text, env->size, &connection, &count);

	if (n < 0)
		return -1;
	env->length = n;
	if (!n && !count)
		return errno = EPIPE, -1;
	if (count != 1)
		return errno = EPROTO, -1;
	if (!n || env->text[n - 1])
		return errno = EPROTO, ipc_fail(connection);
	return connection;
}
