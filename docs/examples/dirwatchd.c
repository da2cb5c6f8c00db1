/* SPDX-License-Identifier: ISC */
/* dirwatchd: tell a client which entries appear in directories
 *
 * A server program, for "ipcserver PATH dirwatchd" or as the helper of one client: the main
 * channel is descriptor 0, requests name directories, events go out on the side channel. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <ipc.h>
#include <ipc/channel.h>

#include "dirwatch.h"

static int subscribe(struct ipc_messages *main, int inotify, const struct ipc_message *request)
{
	struct dirwatch_answer answer = { .error = ENAMETOOLONG };
	char path[PATH_MAX];

	if (request->length < sizeof path) {
		memcpy(path, request->data, request->length);
		path[request->length] = 0;
		answer.watch = inotify_add_watch(inotify, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
		answer.error = answer.watch < 0 ? errno : 0;
	}
	return ipc_message_send(main, &answer, sizeof answer, NULL, 0);
}

static int notify(struct ipc_messages *side, int inotify)
{
	char events[4096] __attribute__((aligned(8)));
	ssize_t length = read(inotify, events, sizeof events);

	for (char *at = events; at < events + length; ) {
		const struct inotify_event *event = (const struct inotify_event *)at;
		char text[sizeof(struct dirwatch_event) + NAME_MAX];
		size_t name = event->len ? strlen(event->name) : 0;

		memcpy(text, &event->wd, sizeof event->wd);
		memcpy(text + sizeof event->wd, event->name, name);
		if (ipc_message_send(side, text, sizeof event->wd + name, NULL, 0))
			return -1;
		at += sizeof *event + event->len;
	}
	return 0;
}

int main(void)
{
	struct ipc_channel *channel = ipc_channel_open(0, &(struct ipc_channel_how){
		.before = DIRWATCH_BEFORE, .after = DIRWATCH_AFTER, .server = 1,
		.messages = { .max_length = PATH_MAX, .max_queue = 1 << 20 } });
	int inotify = inotify_init1(IN_CLOEXEC);
	struct ipc_messages *main, *side;
	struct ipc_message request;

	if (!channel || inotify < 0 || ipc_channel_wait(channel, 30000))
		return 111;
	main = ipc_channel_main(channel);
	side = ipc_channel_side(channel);
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = ipc_messages_fd(main), .events = ipc_messages_events(main) },
			{ .fd = ipc_messages_fd(side), .events = ipc_messages_events(side) },
			{ .fd = inotify, .events = POLLIN },
		};

		poll(fds, 3, -1);
		if (ipc_channel_dispatch(channel))
			return errno == EPIPE ? 0 : 111;
		while (ipc_message_receive(main, &request))
			if (subscribe(main, inotify, &request))
				return 111;
		if (fds[2].revents && notify(side, inotify))
			return 111;
	}
}
