/* SPDX-License-Identifier: ISC */
/* has a program that listens something to do? */
#ifndef IDLE_H
#define IDLE_H

#include "handover.h"

/* Has somebody come to one of these sockets since the last call, does somebody wait there, or has
 * somebody a connection? Who came counts, however fast PROG was done with him. The first call
 * blocks SIGIO, which the kernel then sends us for each arrival, and says yes. If nobody can tell,
 * it is yes. */
int is_busy(const struct handed *fds, int count);

/* End the process group of our child PID with SIGTERM, unless somebody is there. It stands still
 * from our look to its end, so who comes meanwhile waits in the socket for the next program.
 * Returns whether it is ended. */
int end_if_idle(pid_t pid, const struct handed *fds, int count);

#endif
