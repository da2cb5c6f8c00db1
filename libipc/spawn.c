/* SPDX-License-Identifier: ISC */
/* helpers: programs that serve us alone, as they would serve a client of a server */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "internal.h"

int ipc_spawn(char *const *argv, pid_t *pid)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	int ends[2], error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -1;
	/* above 1, so that dup2 makes copies that are not close-on-exec */
	if (ends[1] < 2) {
		int up = fcntl(ends[1], F_DUPFD_CLOEXEC, 2);

		close(ends[1]);
		if (up < 0)
			return ipc_fail(ends[0]);
		ends[1] = up;
	}
	error = posix_spawn_file_actions_init(&actions);
	if (!error) {
		error = posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
		if (!error)
			error = posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
		if (!error)
			error = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	errno = error;
	return error ? ipc_fail(ends[0]) : ends[0];
}
