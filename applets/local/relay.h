/* SPDX-License-Identifier: ISC */
/* connections that are passed on to another socket, any number of them in one process */
#ifndef RELAY_H
#define RELAY_H

#include "trace.h"

enum {
	RELAY_MOST = 1 << 20,	/* connections of one process */
	RELAY_PIPES = 64	/* descriptors of pipes */
};

/* A way: from the client to the target, or back. Of the two ends of a relay, end 0 is the client
 * and end 1 the target: way N leads from end N to the other. */
enum { IN, OUT };

struct relaying {
	const char *target;	/* "@NAME" or a path */
	unsigned verbosity;	/* 0 errors, 1 what was not passed on, 2 each connection */
	unsigned may;		/* a bit for each way that descriptors may go, 1 << IN, 1 << OUT */
	unsigned idle;		/* ms without a byte that end a connection, 0: none do */
	unsigned wait;		/* ms for a target to appear */
	int shows;		/* it is all about the record: target sees the ids of the clients, and
				 * without a record there is no reason to go on */
	unsigned max;		/* connections at a time */
	int source;		/* more connections come from here; -1: none do */
	/* The next one; -1 and EAGAIN, or EPIPE: the last has come. *ID is what DONE is told when it
	 * has ended; -1: nothing. *NAME, of malloc(3), is what messages call it; NULL: nothing. */
	int (*next)(int source, long long *id, char **name);
	void (*done)(int source, long long id);
	int stop;		/* ends all when it is readable; -1: nothing does */
	struct trace trace;
};

/* Lift RLIMIT_NOFILE for as many connections as were asked for, lower that number if it cannot be,
 * and make room for them. Dies if there is none. */
void relay_init(struct relaying *relaying);

/* The NEXT of a source that is a listener, which does not block. */
int relay_accept(int source, long long *id, char **name);

/* Pass on CONNECTION, if it is one, and all that come from the source, until the last has ended.
 * Returns 0, or what was wrong with the last one: EXIT_DENIED (it was idle), EXIT_TEMPORARY. */
int relay_all(int connection);

#endif
