/* SPDX-License-Identifier: ISC */
/* clients who have come in and have no place yet, in the order in which they came */
#ifndef WAITING_H
#define WAITING_H

#include "applet.h"

/* Make room for ROOM clients of all users. Dies if there is no memory. */
void waiting_init(unsigned room);

/* FD of user UID waits. Returns -1 if there is no room, or none for this user, who
 * may have half of it. */
int waiting_add(int fd, uid_t uid);

/* The next one, and the address of his end; -1 if nobody waits. */
int waiting_take(struct ipc_address *address);

unsigned waiting_count(void);

#endif
