/* SPDX-License-Identifier: ISC */
/* greetd: a whole server. Greets each client by its user id if the rules let it in.
 *
 *	greetd SOCKET RULES */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ipc.h>

static int trouble(const char *what)
{
	fprintf(stderr, "greetd: %s: %s\n", what, strerror(errno));
	return 111;
}

/* What cannot be found out does not let anybody in. */
static int allowed(struct ipc_rules *rules, int connection, const struct ipc_peer *peer)
{
	struct ipc_verdict verdict;

	if (ipc_rules_check_fd(rules, peer, connection, &verdict)) {
		trouble(*verdict.rule ? verdict.rule : "rules");
		return 0;
	}
	return verdict.decision == IPC_RULES_ALLOW;
}

static void serve(int connection, const struct ipc_peer *peer)
{
	char text[40];
	int length = snprintf(text, sizeof text, "hello, user %u\n", peer->uid);

	/* a client that has gone must not end us with SIGPIPE */
	send(connection, text, length, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
	/* without a mode, everybody may connect: the rules decide */
	struct ipc_listen how = { .flags = IPC_LISTEN_BLOCKING };
	const char *notify = getenv("NOTIFY_SOCKET");
	struct ipc_rules *rules;
	int listener;

	if (argc != 3)
		return 100;
	rules = ipc_rules_open(argv[2], IPC_RULES_DIRECTORY);
	if (!rules)
		return trouble(argv[2]);
	listener = ipc_listen(argv[1], &how);
	if (listener < 0)
		return trouble(argv[1]);
	puts("ready");
	fflush(stdout);
	if (notify)
		ipc_notify(notify, "READY=1\n");
	for (;;) {
		struct ipc_peer peer;
		int connection = ipc_accept(listener, &peer, NULL);

		if (connection < 0) {
			/* such as EMFILE: it passes, but not at once */
			trouble("accept");
			usleep(100000);
			continue;
		}
		if (allowed(rules, connection, &peer))
			serve(connection, &peer);
		close(connection);
	}
}
