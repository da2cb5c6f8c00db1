/* SPDX-License-Identifier: ISC */
/* dirwatch SOCKET|PROGRAM COUNT DIR...: print the next COUNT entries that appear in directories
 *
 * A client with two channels. If there is a socket of that name, the service is behind it; else
 * PROGRAM is run as our helper. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ipc.h>
#include <ipc/channel.h>

#include "dirwatch.h"

enum { PATIENCE = 10000 };	/* ms */

static int fail(const char *what)
{
	perror(what);
	return 111;
}

static int watch(struct ipc_channel *channel, const char *dir)
{
	struct dirwatch_answer answer;
	struct ipc_message message;

	if (ipc_channel_ask(channel, dir, strlen(dir), &message, PATIENCE))
		return -1;
	if (message.length != sizeof answer)
		return errno = EPROTO, -1;
	memcpy(&answer, message.data, sizeof answer);
	return answer.error ? (errno = answer.error, -1) : answer.watch;
}

static int print_event(struct ipc_channel *channel, char **dirs, const int *watches)
{
	struct dirwatch_event event;
	struct ipc_message message;
	int i = 0;

	if (ipc_messages_wait(ipc_channel_side(channel), &message, PATIENCE))
		return -1;
	if (message.length < sizeof event)
		return errno = EPROTO, -1;
	memcpy(&event, message.data, sizeof event);
	while (dirs[i] && watches[i] != event.watch)
		i++;
	printf("%s/%.*s\n", dirs[i] ? dirs[i] : "?", (int)(message.length - sizeof event),
	       message.data + sizeof event);
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	struct ipc_channel_how how = { .before = DIRWATCH_BEFORE, .after = DIRWATCH_AFTER };
	char *helper[] = { argv[1], NULL };
	struct ipc_channel *channel;
	int *watches = calloc(argc, sizeof *watches), fd;
	pid_t pid = 0;

	if (argc < 4)
		return 100;
	fd = ipc_connect(argv[1], NULL);
	if (fd < 0)
		fd = ipc_spawn(helper, &pid);
	if (fd < 0 || !(channel = ipc_channel_open(fd, &how)) ||
	    ipc_channel_wait(channel, PATIENCE))
		return fail(argv[1]);
	for (int i = 3; i < argc; i++) {
		watches[i - 3] = watch(channel, argv[i]);
		if (watches[i - 3] < 0)
			return fail(argv[i]);
	}
	printf("watching\n");
	fflush(stdout);
	for (int left = atoi(argv[2]); left > 0; left--)
		if (print_event(channel, argv + 3, watches))
			return fail("event");
	ipc_channel_close(channel);
	close(fd);
	free(watches);
	return pid && (waitpid(pid, &fd, 0) != pid || fd) ? 111 : 0;
}
