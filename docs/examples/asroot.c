/* SPDX-License-Identifier: ISC */
/* asroot SOCKET [ARGS...]: have the server at SOCKET run its command with ARGS and our descriptors 0,
 * 1 and 2, and end as the command does; the server is ipcsudod, or runner of this directory */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <ipc.h>
#include <ipc/sudo.h>

static int trouble(const char *what)
{
	fprintf(stderr, "asroot: %s: %s\n", what, strerror(errno));
	return 111;
}

int main(int argc, char **argv)
{
	/* no envp: the command gets nothing of our environment */
	struct ipc_sudo_command command = { .argv = argv + 2, .fds = { 0, 1, 2 } };
	struct ipc_sudo *sudo;
	int fd, status;

	if (argc < 2)
		return 100;
	fd = ipc_connect(argv[1], NULL);
	if (fd < 0 || !(sudo = ipc_sudo_open(fd, &command)))
		return trouble(argv[1]);
	while (ipc_sudo_state(sudo) < IPC_SUDO_ENDED) {
		struct pollfd pollfd = { .fd = ipc_sudo_fd(sudo), .events = ipc_sudo_events(sudo) };

		poll(&pollfd, 1, -1);
		if (pollfd.revents && ipc_sudo_dispatch(sudo))
			return trouble(argv[1]);
	}
	if (ipc_sudo_state(sudo) == IPC_SUDO_REFUSED) {
		errno = ipc_sudo_error(sudo);
		return trouble("the server does not run it");
	}
	status = ipc_sudo_status(sudo);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
