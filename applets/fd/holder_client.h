/* SPDX-License-Identifier: ISC */
/* what the small clients of a holder share: each failure ends the program with one line */
#ifndef HOLDER_CLIENT_H
#define HOLDER_CLIENT_H

#include <limits.h>

#include "applet.h"

/* One conversation. */
struct call {
	const char *deed;	/* what we want, for messages: "store fd" */
	const char *id;		/* and for which name, or NULL */
	long long end;		/* of our patience; 0: none */
	int fd;
	struct ipc_holder *holder;
	struct ipc_holder_reply reply;
};

/* Call the holder at PATH. WHO names it in messages: "a fd-holder daemon". TIMEOUT is in ms and
 * for all that follows, 0 for ever. */
void call_open(struct call *call, const char *path, const char *who, unsigned timeout);

/* Wait for a reply; a refusal, or a holder that hangs up, is the end. */
void call_wait(struct call *call);

/* Ask, and wait. */
void call_ask(struct call *call, enum ipc_holder_request request, const char *name, int fd,
	      const struct ipc_instant *limit);

/* Die of ERROR, with what we wanted. */
_Noreturn void call_fail(const struct call *call, int error);

/* Load these entries as a dump. */
void call_load(struct call *call, const struct ipc_holder_entry *entries, unsigned count);

/* All entries of a reply in parts, with descriptors and names that stay. Returns how many. */
unsigned call_collect(struct call *call, struct ipc_holder_entry **entries);

void call_close(struct call *call);

/* Most clients have this option alone. Returns the milliseconds. */
unsigned timeout_option(int argc, char **argv);

#endif
