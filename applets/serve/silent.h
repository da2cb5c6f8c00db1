/* SPDX-License-Identifier: ISC */
/* clients who have come in and have not sent a byte yet */
#ifndef SILENT_H
#define SILENT_H

#include "applet.h"

/* Make room for ROOM clients, of whom one user may have SHARE; dies if it cannot. Returns an epoll set
 * with them and, as number 0, descriptor 0. */
int silent_init(unsigned room, unsigned share);

/* Has a byte come on the connection? */
int has_spoken(int fd);

/* FD of the PEER is silent. If there is no room, the one is let go who has been silent longest: of this
 * user, if it has its share, else of the user with the most. Returns -1 and errno if the kernel cannot
 * watch one more. */
int silent_add(int fd, const struct ipc_peer *peer);

/* This one has spoken, if that is what EVENTS mean: he is ours no more. Returns his descriptor, and the
 * address of his end; -1 if he has ended and is let go. */
int silent_hear(unsigned number, unsigned events, struct ipc_address *address);

/* Let those go who were silent for too long. Returns ms until the next one has been, -1 if there is
 * none. */
int silent_tick(long long now);

/* All of them are let go, without a word. */
void silent_end(void);

/* How many there are, and how many were let go. */
unsigned silent_count(void);
extern unsigned long silent_gone;

#endif
