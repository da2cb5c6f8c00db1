/* SPDX-License-Identifier: ISC */
/* what the parts of fdholderd share */
#ifndef FDHOLDERD_H
#define FDHOLDERD_H

#include "applet.h"

enum { PATTERNS = 2 };	/* of names to store, of names to retrieve */

/* What the rules give to one client. */
struct grants {
	struct ipc_holder_rights rights;	/* its data points here */
	struct ipc_expression *patterns[PATTERNS];
	struct holder *holder;
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

struct holder {
	unsigned verbosity, max_guests, user_guests, max_fds, timeout, drain_timeout;
	const char *rules_path, *takeover, *copy, *notify_path;
	int rules_format, readiness, watch_hangups, watch_binary;
	int has_listener;		/* on fd 0, given to us */
	char **argv;

	struct ipc_rules *rules;
	struct ipc_holder_table *table;
	struct guest **guests;		/* in the order in which they came */
	unsigned count, room;		/* of guests */
	int signals, timer, notify, binary;	/* descriptors, or -1 */
	long long accept_after;		/* a pause after trouble */
	int draining, restarting;	/* TERM or USR1 came */
	long long end;			/* of the patience for guests then; 0: endless */
};

/* fdholderd_rights.c */

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
int guests_busy(const struct holder *holder);
int guests_full(const struct holder *holder);
int guests_waiting(const struct holder *holder);

/* Of a client's grants: the listener and the connections that a successor can go on with. */
int guests_others(void *data, int *fds, int max);

/* fdholderd_restart.c */

/* Execute ourselves anew, all that is held kept. Returns if that fails. */
void restart(struct holder *holder);

/* Was this process executed so? Then take up what was kept. Returns 1 if it did. */
int resume(struct holder *holder);

/* Get what another holder has; with -r it ends. */
void take_over(struct holder *holder);

/* A descriptor that polls readable when our binary was replaced, or -1. */
int watch_binary(void);
int binary_replaced(int fd);

#endif
