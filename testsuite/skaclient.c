/* SPDX-License-Identifier: ISC */
/* the other kind of client and server of the directory watcher: with skalibs, for channel.tests
 *
 *	skaclient SOCKET DIR	as dirwatch SOCKET 1 DIR
 *	skaclient		as dirwatchd, but says for each directory that "entry" has appeared */
#include <stdio.h>
#include <string.h>

#include <skalibs/skaclient.h>
#include <skalibs/tai.h>
#include <skalibs/unixmessage.h>

#include "dirwatch.h"

static const char before[] = DIRWATCH_BEFORE, after[] = DIRWATCH_AFTER;
static tain deadline;

static int on_answer(const unixmessage *message, void *data)
{
	*(int *)data = message->len == sizeof(struct dirwatch_answer);
	return 1;
}

static int on_event(const unixmessage *message, void *data)
{
	int skip = sizeof(struct dirwatch_event);

	printf("%s/%.*s\n", (const char *)data, (int)message->len - skip, message->s + skip);
	return 1;
}

static int client(const char *path, const char *dir)
{
	static skaclient_buffer buffer;
	skaclient a = SKACLIENT_ZERO;
	int answered = 0;

	if (!skaclient_start_b_g(&a, &buffer, path, 0, before, sizeof before - 1, after,
				 sizeof after - 1, &deadline))
		return perror("start"), 111;
	if (!skaclient_send_g(&a, dir, strlen(dir), on_answer, &answered, &deadline))
		return perror("send"), 111;
	while (!answered)
		if (skaclient_timed_supdate_g(&a, &deadline) < 0)
			return perror("answer"), 111;
	puts("watching");
	fflush(stdout);
	if (unixmessage_timed_handle_g(&a.asyncin, on_event, (void *)dir, &deadline) <= 0)
		return perror("event"), 111;
	skaclient_end(&a);
	return 0;
}

static int on_request(const unixmessage *message, void *data)
{
	struct { struct dirwatch_event event; char name[5]; } text = { { 7 }, "entry" };
	struct dirwatch_answer answer = { .watch = 7 };
	unixmessage m = { .s = (char *)&answer, .len = sizeof answer };

	(void)message;
	(void)data;
	if (!unixmessage_put(unixmessage_sender_1, &m) ||
	    !unixmessage_sender_timed_flush_g(unixmessage_sender_1, &deadline))
		return 0;
	m = (unixmessage){ .s = (char *)&text, .len = sizeof text.event + sizeof text.name };
	return unixmessage_put(unixmessage_sender_x, &m) &&
	       unixmessage_sender_timed_flush_g(unixmessage_sender_x, &deadline);
}

int main(int argc, char **argv)
{
	tain_now_g();
	tain_addsec_g(&deadline, 10);
	if (argc == 3)
		return client(argv[1], argv[2]);
	if (!skaclient_server_01x_init_g(before, sizeof before - 1, after, sizeof after - 1,
					 &deadline))
		return perror("init"), 111;
	while (unixmessage_timed_handle_g(unixmessage_receiver_0, on_request, NULL, &deadline) > 0)
		;
	return 0;
}
