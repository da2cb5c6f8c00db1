/* SPDX-License-Identifier: ISC */
/* what the small clients of a holder share: each failure ends the program with one line */
#ifndef HOLDER_CLIENT_H
#define HOLDER_CLIENT_H

#include <limits.h>

#include "applet.h"
#include "ipc/holder.h"

/* One conversation. */
struct call {
	const char *deed;	/* what we want, for messages: "store fd" */
	const char *id;		/* and for which name, or NULL */
	unsigned timeout;	/* -t, in ms and for all of it; 0: for ever */
	unsigned given, lifetime;	/* -d and -T of store */
	int replace;			/* -r of it */
	int form, forget;	/* -l or -j of list, -D of retrieve */
	long long end;		/* of our patience; 0: none */
	int fd;
	struct ipc_holder *holder;
	struct ipc_holder_reply reply;
};

enum { SOCKET_AND_ID = 0 };	/* two operands, and the second may be empty */

/* Read the options, of TABLE or, if that is NULL, -t alone. Returns the COUNT operands. */
char **call_options(struct call *call, int argc, char **argv, const struct setting *table,
		    int count);

/* The same, and call the holder at the first operand. */
char **call_begin(struct call *call, int argc, char **argv, const struct setting *table, int count);

/* Dies if FD, which is to be sent, is not open: the connection could get its number. */
void call_check(const struct call *call, int fd);

/* Call the holder at PATH. WHICH is "source " or the like, for messages. */
void call_open(struct call *call, const char *path, const char *which);

/* Wait for a reply; a refusal, or a holder that hangs up, is the end. */
void call_wait(struct call *call);

/* Ask, and wait. */
void call_ask(struct call *call, enum ipc_holder_request request, const char *name, int fd,
	      const struct ipc_instant *limit);

/* Die of ERROR, with what we wanted. */
_Noreturn void call_fail(const struct call *call, int error);

/* Load these entries as a dump. */
void call_load(struct call *call, const struct ipc_holder_entry *entries, unsigned count);

/* Ask for entries, and take all, with descriptors and names that stay. Returns how many. */
unsigned call_collect(struct call *call, enum ipc_holder_request request, const char *name,
		      struct ipc_holder_entry **entries);

void call_close(struct call *call);

#endif
