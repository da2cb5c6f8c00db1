/* SPDX-License-Identifier: ISC */
/* the gates at the front of a server's program, asked for each client */
#ifndef GATES_H
#define GATES_H

#include "gate.h"

enum { MOST_GATES = 16 };

struct gates {
	struct {
		const char *name;
		const struct gate *gate;
		void *data;
		unsigned long denied;
	} list[MOST_GATES];
	int count;
};

/* Take the gates off the front of PROG and let them read their options; a server that does not
 * know the facts MISSING (GATE_PEER ...) refuses those that need them: wrong usage. Returns the
 * rest, which may be empty. */
char **gates_take(struct gates *gates, char **prog, unsigned missing);

/* Ask all of them; false if one of them says no, which is reported and counted. */
int gates_pass(struct gates *gates, const struct client *client, struct grant *grant);

/* Report that the client is served, by process PID. */
void gates_allowed(const struct gates *gates, const struct client *client,
		   const struct grant *grant, pid_t pid);

#endif
