/* SPDX-License-Identifier: ISC */
/* what the parts of fdholderd share */
#ifndef FDHOLDERD_H
#define FDHOLDERD_H

#include "applet.h"
#include "ipc/holder.h"

enum {
	PATTERNS = 2,	/* of names to store, of names to retrieve */
	MOST_FDS = 2048,
	STATE_SIZE = MOST_FDS * 12	/* of ten digits, a comma, and a NUL at the end */
};

/* What the rules give to one client. */
struct grants {
	struct ipc_holder_rights rights;	/* its data points here */
	struct ipc_expression *patterns[PATTERNS];
	struct holder *holder;
	uid_t uid;
};

struct guest {
	int fd;
	struct ipc_peer peer;
	struct ipc_holder_session *session;	/* NULL: waits for a place */
	struct grants grants;
	long long since;	/* when it came, or was last heard of */
	long long deadline;	/* of the exchange that is going on; 0: none */
	int fresh;		/* has not finished an exchange yet */
	int ended;
};

/* What is lacking, for messages. */
enum lack { LACK_PLACES, LACK_USER_PLACES, LACK_ROOM, LACK_USER_ROOM };

/* Somebody who was told of: not once more before it is over. */
struct episode {
	enum lack what;
	uid_t uid;
	long long end;
};

enum { EPISODES = 16 };

struct holder {
	unsigned verbosity, max_guests, user_guests, max_fds, user_fds, timeout, drain_timeout;
	const char *rules_path, *takeover, *copy, *notify_path;
	int rules_format, readiness, watch_hangups, watch_binary;
	int has_listener;		/* on fd 0, given to us */
	int closed[2];			/* were 0 and 1, when we started? */
	char **argv;

	struct ipc_rules *rules;
	struct ipc_holder_table *table;
	struct guest **guests;		/* in the order in which they came */
	unsigned count, room;		/* of guests */
	int signals, timer, notify, binary;	/* descriptors, or -1 */
	long long accept_after;		/* a pause after trouble */
	pid_t known;			/* the process that signals come to, see fdholderd_guard.c */
	int state;			/* a pipe to it; -1: we are it */
	int draining, restarting;	/* TERM or USR1 came */
	long long end;			/* of the patience for guests then; 0: endless */
	struct episode episodes[EPISODES];
};

/* fdholderd.c */

_Noreturn void serve_clients(struct holder *holder);

/* fdholderd_rights.c */

/* Root and the holder's own user have places in reserve, and no limits. */
int is_privileged(const struct ipc_peer *peer);

/* Say what user UID lacks, once for each episode: until it has not been so for a while. */
void tell_lack(struct holder *holder, enum lack what, uid_t uid);

/* Before anybody comes: is there a rule that cannot mean anything? Dies, or warns if LENIENT. */
void check_rules(const struct holder *holder, int lenient);

/* Judge PEER, on the connection FD or -1. Returns 0 if it may come in, with its rights. */
int grants_get(struct holder *holder, int fd, const struct ipc_peer *peer, struct grants *grants);
void grants_clear(struct grants *grants);

/* fdholderd_guests.c */

/* Accept who is there, let in who waits, drop who took too long. */
void guests_accept(struct holder *holder);
void guests_admit(struct holder *holder);
void guests_serve(struct holder *holder, struct guest *guest);
void guests_expire(struct holder *holder);
void guests_sweep(struct holder *holder);	/* forget who has ended */
int guest_add(struct holder *holder, int fd);
void guest_adopt(struct holder *holder, int fd);	/* one that was another holder's */
int guests_busy(const struct holder *holder);
int guests_full(const struct holder *holder);
int guests_waiting(const struct holder *holder);

/* Of a client's grants: the listener and the connections that a successor can go on with. */
int guests_others(void *data, int *fds, int max);

/* fdholderd_restart.c */

/* Execute ourselves anew, all that is held kept. Returns if that fails. */
void restart(struct holder *holder);

/* Of the binary that would be executed: its path, unless it is broken. Returns -1 and errno. */
int restart_binary(char *path, size_t size);

/* The state of the one who serves is TEXT: go on from there. */
_Noreturn void restart_from(const struct holder *holder, const char *text);

/* Was this process executed so? Then take up what was kept. Returns 1 if it did. */
int resume(struct holder *holder);

/* Get what another holder has; with -r it ends. */
void take_over(struct holder *holder);

/* fdholderd_guard.c */

/* Go on in a process of its own, behind a filter of system calls. The caller, whose number is known,
 * does not return from here; where that is not possible, it does. */
void guard(struct holder *holder);

/* A descriptor that polls readable when our binary was replaced, or -1. */
int watch_binary(void);
int binary_replaced(int fd);

#endif
