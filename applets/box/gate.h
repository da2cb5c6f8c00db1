/* SPDX-License-Identifier: ISC */
/* a gate answers one question about one client, in a chain or inside serverd */
#ifndef GATE_H
#define GATE_H

#include "applet.h"

/* Who asks. Inside the server all of it comes from the kernel; in a chain it comes from the
 * environment that the server set (UCSPI). The gate changes nothing here. */
struct client {
	const char *proto;	/* "IPC", or what $PROTO says */
	struct ipc_peer peer;
	int fd;			/* the connection, by the kernel's word the peer's; -1: unknown */
	const gid_t *groups;	/* what the environment says of its groups, if fd is -1 */
	int ngroups;		/* -1: not known */
	const char *cgroup, *label;	/* the same, NULL: not known */
	int more;		/* the server exports more than it always does (-F) */
	unsigned connnum;	/* live connections of this user, this one included */
	int has_peer;		/* peer is known */
	int has_connnum;	/* connnum is known */
	int link;		/* asked in a chain: fd 0 is the connection */
	int silent;		/* it has sent nothing yet; when it has, it is judged again */
};

/* Room for the changes that gates make to the environment of one client. */
enum { GRANT_ENV_SIZE = 128 * 1024 };

/* What a gate adds to its "yes", and the reason of its "no". */
struct grant {
	struct ipc_edits env;	/* variables to set and to remove */
	char **prog;		/* run this instead of the rest of the chain; NULL: go on */
	char message[1024 + 1];	/* of a refusal, for the client; its length, and none if that is 0 */
	size_t message_length;
	char reason[384];	/* for the log: the rule that decided */
	int code;		/* exit code of a link after an error; 0 means 111 */
};

/* $NAME as the program of this client will see it: edited by a gate before, or ours. */
const char *grant_variable(const struct grant *grant, const char *name);

enum judgement { GATE_DENY, GATE_ALLOW, GATE_ERROR };	/* an error denies, too */

enum {
	GATE_PEER = 1, GATE_CONNNUM = 2,	/* facts that a gate cannot do without */
	GATE_SERVER = 4				/* it has a memory: of no use as a link */
};

struct gate {
	unsigned needs;
	/* Read the options, once. Returns the rest of argv, the next gate or program; wrong
	 * usage exits, so that a mistake shows when the server starts. *DATA is what judge
	 * gets. May allocate. */
	char **(*prepare)(int argc, char **argv, void **data);
	/* Judge one client. Does not block, print or exit, nor allocate except to read rules
	 * that have changed. */
	enum judgement (*judge)(void *data, const struct client *client, struct grant *grant);
	/* Log a judgement under NAME; PID is the process that serves the client or would have,
	 * 0 if there is none. It is called once for each client, after judge if the client is
	 * refused and once it is served otherwise. NULL: nothing is logged. */
	void (*report)(void *data, const char *name, const struct client *client,
		       enum judgement judgement, const char *reason, pid_t pid);
};

/* Let the gate APPLET, called as argv[0], read its options. Returns the rest of argv. */
char **gate_prepare(const struct applet *applet, char **argv, void **data);

/* Run GATE as a link of a chain: judge the client that the environment describes. Returns the
 * rest of argv if it is allowed, else exits. */
char **gate_link(const struct gate *gate, int argc, char **argv);

/* Send the message of a refusal over FD. What does not fit now is lost: nobody waits. */
void grant_send_message(const struct grant *grant, int fd);

/* Say that a CLIENT whom the kernel knows is refused, and why, within the bounds of say_refused. */
void gate_say_denied(const char *name, const char *level, const struct client *client, pid_t pid,
		     const char *reason);

#endif
