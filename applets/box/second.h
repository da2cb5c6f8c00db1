/* SPDX-License-Identifier: ISC */
/* users of whom something was written less than a second ago: any number of them, in a table of
 * fixed size */
#ifndef SECOND_H
#define SECOND_H

#include "applet.h"

enum { SECOND_PLACES = 256 };

struct writer {
	uid_t uid;
	unsigned lines, more;	/* written, and left out; without lines the place is free */
	long long due;		/* when his second is over */
	struct writer *next;
};

/* In the order in which their seconds end. Zero is empty. */
struct seconds {
	struct writer writers[SECOND_PLACES + 1];	/* the last is all for whom there is no place */
	struct writer *first, *last;
};

/* The writer UID, or a place for him. */
struct writer *second_find(struct seconds *seconds, uid_t uid);

/* His second begins at NOW, of now_ms. */
void second_begin(struct seconds *seconds, struct writer *writer, uid_t uid, long long now);

/* Take the next one whose second is over at NOW off the queue; NULL: there is none. */
struct writer *second_over(struct seconds *seconds, long long now);

/* ms from NOW until there is one, -1 if nobody is in the queue. */
int second_wait(const struct seconds *seconds, long long now);

/* Is this the writer of one user who is known, rather than of others or of nobody? */
int second_is_known(const struct seconds *seconds, const struct writer *writer);

enum { SECOND_TEXT = 32 };

/* Whose it was, in TEXT of SECOND_TEXT bytes, as the end of a line: " of uid 7". Returns TEXT. */
const char *second_whose(const struct seconds *seconds, const struct writer *writer, char *text);

#endif
