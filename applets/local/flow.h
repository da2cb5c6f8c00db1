/* SPDX-License-Identifier: ISC */
/* one way of a connection that is passed on: bytes, descriptors, the end */
#ifndef FLOW_H
#define FLOW_H

#include "relay.h"

struct flow {
	char *rest;		/* what the other end did not take yet, of malloc(3); or NULL */
	size_t start, end;	/* of what is left of it */
	size_t held;		/* so much of that is in a pipe, instead */
	int pipe[2];
	unsigned char packets;	/* SOCK_SEQPACKET */
	unsigned char stuck;	/* the other end takes nothing more for now */
	unsigned char bulk;	/* the last time there was much to move */
	unsigned char ended;	/* nothing more comes, or nobody wants it */
	unsigned char over;	/* and the other end knows */
	unsigned char failed;	/* it cannot be passed on as it came: the connection must end */
	unsigned long long messages, fds, closed;
};

/* Flows of this process can begin. Dies if they cannot. */
void flow_init(struct relaying *relaying);

/* Move what is there from FROM, once, to TO. Returns 1 if there may be more and it can go. */
int flow_move(struct flow *flow, int way, int from, int to, struct traced *traced);

/* It ends, and what waits in it is lost. */
void flow_drop(struct flow *flow);

#endif
