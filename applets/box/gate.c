/* SPDX-License-Identifier: ISC */
/* a gate as a link of a chain: the client is whoever the environment says it is (UCSPI) */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "gate.h"

static char *fact_name(char *name, size_t size, const char *proto, const char *fact)
{
	if ((size_t)snprintf(name, size, "%s%s", proto, fact) >= size)
		die(EXIT_USAGE, "PROTO is too long");
	return name;
}

/* The number in ${PROTO}FACT. If it is not NEEDED it may be missing or junk: returns 0 then. */
static int fact(const char *proto, const char *fact, int needed, unsigned *value)
{
	char name[128];
	const char *text = getenv(fact_name(name, sizeof name, proto, fact));

	if (text && !ipc_number(text, 10, UINT_MAX, value))
		return 1;
	if (needed)
		die(EXIT_USAGE, text ? "invalid $%s" : "%s not set", name);
	return 0;
}

enum { GROUPS_MAX = 65536 };	/* the kernel's limit */

/* IPCREMOTEGROUPS, which only our own server sets. Returns -1 if nobody knows. */
static int groups_fact(const char *proto, gid_t *groups)
{
	char name[128];
	const char *text = getenv(fact_name(name, sizeof name, proto, "REMOTEGROUPS"));
	int count = text ? ipc_groups_parse(text, groups, GROUPS_MAX) : -1;

	if (text && count < 0)
		die(EXIT_USAGE, "invalid $%s", name);
	return count;
}

static const char *text_fact(const char *proto, const char *fact)
{
	char name[128];

	return getenv(fact_name(name, sizeof name, proto, fact));
}

/* Is the connection on descriptor 0 that of PEER, as far as the kernel knows? Behind a server that
 * lets its client choose the descriptor it may be another socket of the same user, so the process
 * has to be the same one if it is KNOWN. */
static int is_peer_of_stdin(const struct ipc_peer *peer, int known)
{
	struct ipc_peer real;

	return !ipc_peer(0, &real) && real.uid == peer->uid && real.gid == peer->gid &&
	       (!known || (real.pid && real.pid == peer->pid));
}

static void client_from_environment(struct client *client, unsigned needs)
{
	unsigned uid = -1, gid = -1, pid = 0;
	gid_t *groups;
	int has_pid;

	*client = (struct client){ .proto = variable("PROTO"), .fd = -1, .ngroups = -1,
				   .link = 1 };
	if (!*client->proto)
		die(EXIT_USAGE, "empty PROTO");
	client->has_peer = fact(client->proto, "REMOTEEUID", needs & GATE_PEER, &uid) &&
			   fact(client->proto, "REMOTEEGID", needs & GATE_PEER, &gid);
	has_pid = fact(client->proto, "REMOTEPID", 0, &pid);
	client->peer = (struct ipc_peer){ .pid = pid, .uid = uid, .gid = gid };
	client->has_connnum = fact(client->proto, "CONNNUM", needs & GATE_CONNNUM,
				   &client->connnum);
	if (!(needs & GATE_PEER))
		return;
	if (is_peer_of_stdin(&client->peer, has_pid)) {
		client->fd = 0;
		return;
	}
	groups = malloc(GROUPS_MAX * sizeof *groups);
	if (!groups)
		die(EXIT_TEMPORARY, "unable to judge the client:");
	client->groups = groups;
	client->ngroups = groups_fact(client->proto, groups);
	client->cgroup = text_fact(client->proto, "REMOTECGROUP");
	client->label = text_fact(client->proto, "REMOTELABEL");
}

const char *grant_variable(const struct grant *grant, const char *name)
{
	const char *value;

	switch (ipc_edits_find(&grant->env, name, &value)) {
	case IPC_EDIT_SET:
		return value;
	case IPC_EDIT_UNSET:
		return NULL;
	default:
		return getenv(name);
	}
}

void gate_say_denied(const char *name, const char *level, const struct client *client, pid_t pid,
		     const char *reason)
{
	/* in a record for machines a rule has a field of its own */
	const char *rule = strncmp(reason, "rule ", 5) ? NULL : reason + 5;

	say_refused(client->peer.uid, name, level,
		    rule ? "deny pid %d uid %u gid %u: rule %s" : "deny pid %d uid %u gid %u: %s",
		    (int)pid, client->peer.uid, client->peer.gid, rule ? rule : reason);
}

void grant_send_message(const struct grant *grant, int fd)
{
	const char *text = grant->message;
	struct pollfd pipe = { .fd = fd, .events = POLLOUT };

	if (!grant->message_length ||
	    send(fd, text, grant->message_length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
	    errno != ENOTSOCK)
		return;
	/* behind a link that encrypts it is a pipe; one with room takes so much at once. We end here,
	 * so it does not matter that the signal stays ignored */
	signal(SIGPIPE, SIG_IGN);
	if (poll(&pipe, 1, 0) > 0 && write(fd, text, grant->message_length) < 0) { }
}

char **gate_link(const struct gate *gate, int argc, char **argv)
{
	char *buffer = malloc(GRANT_ENV_SIZE), **prog;
	struct grant grant = { .env = { .text = buffer, .size = GRANT_ENV_SIZE } };
	struct client client;
	enum judgement judgement;
	void *data = NULL;

	if (!buffer)
		die(EXIT_TEMPORARY, "unable to judge the client:");
	prog = gate->prepare(argc, argv, &data);
	if (gate->needs & GATE_SERVER)
		usage("it works inside the server only");
	client_from_environment(&client, gate->needs);
	judgement = gate->judge(data, &client, &grant);
	if (gate->report)
		gate->report(data, applet_name, &client, judgement, grant.reason, getpid());
	if (judgement != GATE_ALLOW)
		grant_send_message(&grant, 1);
	if (judgement == GATE_ERROR)
		exit(grant.code ? grant.code : EXIT_TEMPORARY);
	if (judgement == GATE_DENY)
		exit(EXIT_DENIED);
	/* what a rule sets is for the program, not for finding it: as in the server */
	chain_keep_path();
	if (ipc_edits_apply(&grant.env))
		die(EXIT_TEMPORARY, "unable to change the environment:");
	return grant.prog ? grant.prog : prog;
}
