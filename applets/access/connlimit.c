/* connlimit: refuse a client that has too many connections
 *
 * SPDX-License-Identifier: ISC

config CONNLIMIT
	bool "ipcconnlimit"
	default y
	help
	  usage: ipcconnlimit PROG...

	  Go on with PROG if the client's user has at most ${PROTO}CONNMAX connections, this one
	  included; refuse it otherwise. An access rule can set the variable for some users and
	  not for others. Without the variable there is no limit. There are no options.

	  Environment:
	  PROTO            prefix of the variables below
	  ${PROTO}CONNNUM  connections of the client's user, for a link of a chain
	  ${PROTO}CONNMAX  the limit
*/
#include <limits.h>

#include "gate.h"

static char **prepare(int argc, char **argv, void **data)
{
	(void)data;
	/* everything else is PROG, whatever it looks like */
	if (argc > 1 && !strcmp(argv[1], "--help"))
		option(argc, argv, "", NULL);
	return argv + 1;
}

static enum judgement judge(void *data, const struct client *client, struct grant *grant)
{
	char name[128];
	const char *text;
	unsigned max;

	(void)data;
	snprintf(name, sizeof name, "%sCONNMAX", client->proto);
	text = grant_variable(grant, name);
	if (!text)
		return GATE_ALLOW;
	if (ipc_number(text, 10, UINT_MAX, &max)) {
		snprintf(grant->reason, sizeof grant->reason, "invalid %s", name);
		grant->code = EXIT_USAGE;
		return GATE_ERROR;
	}
	if (!client->has_connnum) {
		snprintf(grant->reason, sizeof grant->reason,
			 "the workers do not tell how many connections there are");
		return GATE_ERROR;
	}
	if (client->connnum <= max)
		return GATE_ALLOW;
	snprintf(grant->reason, sizeof grant->reason,
		 "number of connections from this client limited to %u", max);
	return GATE_DENY;
}

static void report(void *data, const char *name, const struct client *client,
		   enum judgement judgement, const char *reason, pid_t pid)
{
	(void)data;
	if (judgement == GATE_ALLOW)
		return;
	if (judgement == GATE_DENY && client->has_peer)
		gate_say_denied(name, "fatal", client, pid, reason);
	else
		say_refused(client->has_peer ? client->peer.uid : (uid_t)-1, name, "fatal", "%s", reason);
}

GATE(connlimit, "connlimit", "s6-connlimit") = {
	.needs = GATE_CONNNUM, .prepare = prepare, .judge = judge, .report = report,
};
