/* SPDX-License-Identifier: ISC */
/* what all who make sockets visible have in common */
#ifndef BIND_H
#define BIND_H

#include "applet.h"

/* The owner of the file: "USER", "USER:GROUP" or ":GROUP", which leaves the rest of what HOW says
 * as it is. TEXT changes and is changed back. */
void bind_owner(struct ipc_listen *how, const char *what, char *text);

/* Have die() remove the file NAME, which we have just made for what comes later in the chain: if that
 * does not even start, no dead socket is left. A file that has taken its place stays. */
void bind_note(const char *name);

/* Make the directory of NAME, with MODE and the owner of the socket, if it is not there; it is noted. */
void bind_directory(const char *name, unsigned mode, const struct ipc_listen *how);

/* The symbolic link ALIAS shall lead to the socket NAME. Before anything is bound, die if what is
 * there is no link, or one to a live server elsewhere; then make it, and note it if it is new. */
void bind_alias_check(const char *alias, const char *name);
void bind_alias(const char *alias, const char *name);

/* Say why ipc_listen failed, by errno, and exit. */
_Noreturn void bind_refused(const char *name, const struct ipc_listen *how);

#endif
