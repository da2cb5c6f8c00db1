/* SPDX-License-Identifier: ISC */
/* the worker's side of a pool */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "internal.h"

enum { RECORD = 5 };	/* bytes: what happened, and to which client */

/* Tell the server, if it wants to know, what happens to the client of ENV. */
static int tell(int fd, char what, const struct ipc_edits *env)
{
	char record[RECORD] = { what };
	const char *text;
	unsigned number;

	if (ipc_edits_find(env, "IPCWORKERCLIENT", &text) != IPC_EDIT_SET ||
	    ipc_number(text, 10, UINT_MAX, &number))
		return 0;
	ipc_put_be32(record + 1, number);
	return send(fd, record, sizeof record, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int ipc_worker_done(int fd, struct ipc_edits *env)
{
	int failed = tell(fd, 'D', env);

	env->length = 0;
	return failed;
}

int ipc_worker_next(int fd, struct ipc_edits *env)
{
	size_t count = 1;
	int connection;
	ssize_t n;

	/* a server that has gone may have left clients */
	ipc_worker_done(fd, env);
	do
		n = ipc_fds_receive(fd, env->text, env->size, &connection, &count);
	while (n < 0 && errno == ECONNRESET);
	if (n < 0)
		return -1;
	if (!n && !count)
		return errno = EPIPE, -1;
	if (count != 1)
		return errno = EPROTO, -1;
	if (!n || env->text[n - 1])
		return errno = EPROTO, ipc_fail(connection);
	env->length = n;
	tell(fd, 'T', env);
	return connection;
}
