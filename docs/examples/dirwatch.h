/* SPDX-License-Identifier: ISC */
/* the protocol of the directory watcher: both ends are on one machine, so numbers are native */
#ifndef DIRWATCH_H
#define DIRWATCH_H

#include <stdint.h>

#define DIRWATCH_BEFORE "dirwatch 1 client\n"
#define DIRWATCH_AFTER "dirwatch 1 server\n"

/* request: the path of a directory; answer: */
struct dirwatch_answer {
	int32_t error;		/* an errno, or 0 */
	int32_t watch;		/* its number in notifications */
};

/* notification: this, then the name of the entry that has appeared */
struct dirwatch_event {
	int32_t watch;
};

#endif
