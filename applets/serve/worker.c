/* worker: run a program for each client that a server hands over
 *
 * SPDX-License-Identifier: ISC

config WORKER
	bool "ipcworker"
	default y
	help
	  usage: ipcworker PROG...

	  As the program of "ipcserver -w", run PROG for each client, one after the other, with the
	  connection as descriptors 0 and 1 and the environment of a handler. Ends when the server
	  has no more clients.

	  Environment:
	  IPCWORKERFD  descriptor to receive the clients from, set by the server

	  Exit status:
	  0    the server has ended
	  100  not started by a server
	  111  a system call failed
*/
#include <limits.h>
#include <sys/wait.h>

#include "closer.h"
#include "spawn.h"

enum { PACKET = 256 * 1024, MOST_VARIABLES = 8192 };

static void run(int connection, char **argv, char **envp)
{
	struct spawn how = { .argv = argv, .envp = envp, .in = connection, .out = connection,
			     .keep = -1 };
	pid_t pid = spawn(&how);

	if (pid < 0)
		close_client(connection, 1);
	else
		close_shared(connection);
	if (pid < 0)
		warning("unable to spawn %s:", argv[0]);
	else
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
}

TOOL(worker)
{
	extern char **environ;
	struct ipc_edits env = { .text = malloc(PACKET), .size = PACKET };
	char **envp = malloc(MOST_VARIABLES * sizeof *envp);
	/* what is between the server and us is not PROG's */
	struct ipc_edits lists[2] = { [1] = { .text = "IPCWORKERCLIENT" } };
	int fd, connection;

	lists[1].length = strlen(lists[1].text) + 1;
	if (option(argc, argv, "", NULL) != -1)
		return EXIT_USAGE;
	argv = operands(argc, argv, 1);
	fd = number("IPCWORKERFD", variable("IPCWORKERFD"), INT_MAX);
	if (!env.text || !envp)
		die(EXIT_TEMPORARY, "unable to make room for a client:");
	/* PROG gets one client, not the source of all */
	fd = own_fd(fd);
	unsetenv("IPCWORKERFD");
	spawn_init(1);
	while ((connection = ipc_worker_next(fd, &env)) >= 0 || errno == EPROTO) {
		lists[0] = env;
		if (connection < 0 ||
		    ipc_edits_merge(lists, 2, environ, envp, MOST_VARIABLES) < 0) {
			warning("unable to serve a client:");
			if (connection >= 0)
				close_client(connection, 1);
			continue;
		}
		run(connection, argv, envp);
	}
	if (errno != EPIPE)
		die(EXIT_TEMPORARY, "unable to receive a client:");
	return 0;
}
