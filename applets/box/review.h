/* SPDX-License-Identifier: ISC */
/* rules that can match nobody, because of a slip or because somebody is gone */
#ifndef REVIEW_H
#define REVIEW_H

#include "applet.h"

enum {
	REVIEW_WARN = 1,	/* a warning for each */
	REVIEW_STRICT = 2,	/* die if one is to deny a user or group by an unknown name */
	REVIEW_PRINT = 4	/* print each, also what cannot be read, and then flush_output */
};

/* Look over the rules that ipc_rules_open opened, at PATH in FORMAT. What cannot be read is passed
 * over, unless it is printed: asking for it denies and says why. Returns how many there are. */
unsigned review_rules(struct ipc_rules *rules, const char *path, int format, int how);

#endif
