/* SPDX-License-Identifier: ISC */
/* runner PROGRAM PATTERNS: run PROGRAM with the arguments of the client on descriptor 0, if they
 * match PATTERNS, and with the client's descriptors 0, 1 and 2
 *
 * The server's half of asroot, for "ipcserver SOCKET access -i RULES runner PROGRAM PATTERNS". What
 * it leaves to ipcsudod: a client that dies, an environment, signals, a terminal. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipc.h>
#include <ipc/sudo.h>

static void wait_readable(const struct ipc_sudo_server *server)
{
	struct pollfd pollfd = { .fd = ipc_sudo_server_fd(server),
				 .events = ipc_sudo_server_events(server) };

	poll(&pollfd, 1, -1);
}

static char **make_argv(char *program, const struct ipc_sudo_request *request)
{
	char **argv = calloc(request->argc + 2, sizeof *argv);

	if (argv) {
		argv[0] = program;
		ipc_sudo_arguments(request, argv + 1);
	}
	return argv;
}

/* Returns in the parent alone. */
static pid_t start(char **argv, const struct ipc_sudo_request *request)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (int i = 0; i < 3; i++)
		dup2(request->fds[i], i);
	execv(argv[0], argv);
	_exit(126);
}

int main(int argc, char **argv)
{
	struct ipc_sudo_server *server = ipc_sudo_server_open(0, 65536);
	struct ipc_sudo_request request;
	int came, status;
	char **words;
	pid_t pid;

	if (argc != 3 || !server)
		return 100;
	do
		wait_readable(server);
	while (!(came = ipc_sudo_server_dispatch(server, &request)));
	if (came < 0 || !(words = make_argv(argv[1], &request)))
		return 111;
	if (!ipc_sudo_allowed(argv[2], words + 1)) {
		ipc_sudo_server_started(server, EPERM, -1);
		return 1;
	}
	pid = start(words, &request);
	if (ipc_sudo_server_started(server, pid < 0 ? errno : 0, -1) || pid < 0)
		return 111;
	waitpid(pid, &status, 0);
	return ipc_sudo_server_ended(server, status) ? 111 : 0;
}
