/* SPDX-License-Identifier: ISC */
/* what all who make sockets visible have in common */
#ifndef BIND_H
#define BIND_H

#include "applet.h"

/* The owner of the file: "USER", "USER:GROUP" or ":GROUP", which leaves the rest of what HOW says
 * as it is. TEXT changes and is changed back. */
void bind_owner(struct ipc_listen *how, const char *what, char *text);

/* Say why ipc_listen failed, by errno, and exit. */
_Noreturn void bind_refused(const char *name, const struct ipc_listen *how);

#endif
