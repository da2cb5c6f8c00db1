/* SPDX-License-Identifier: ISC */
/* a process that a link leaves behind, beside the one that goes on to the next program */
#ifndef WATCHER_H
#define WATCHER_H

#include "applet.h"

enum { WATCHER_FDS = 4 };

/* Fork it: a child of init, or of ours if it is SINGLE. Returns 0 in it and 1 in us; dies if it
 * cannot. It is in a session of its own, with default signals but for SIGPIPE, and has open 2,
 * /dev/null as 0 and 1, and the COUNT descriptors of KEEP, under numbers from 3 on that it finds
 * there; -1 is none. */
int watcher(int single, int *keep, int count);

#endif
