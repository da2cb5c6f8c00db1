/* SPDX-License-Identifier: ISC */
/* giving descriptors to the next program, by any of the conventions */
#ifndef HANDOVER_H
#define HANDOVER_H

#include "applet.h"

struct handed {
	int fd;
	const char *name;
	const char *address;	/* NULL: what the kernel says */
};

/* the name of what has none */
extern const char unknown[];

/* The convention that WORD means; wrong usage, with WHAT in the message, if it means none. */
enum ipc_convention convention(const char *what, const char *word);

/* Find the descriptors that we have been given, at most MAX, as ipc_listen_fds_find does; something
 * wrong with them is fatal. Their names are in memory that the next call uses again. */
int take_handed(struct ipc_listen_source *source, struct handed *fds, int max,
		const struct ipc_listen_fd **found);

/* Can these be handed over by the convention? If not, exits: 100. Their numbers do not matter. */
void hand_over_check(enum ipc_convention to, const struct handed *fds, int count);

/* Hand the descriptors over, which must have been checked: move them if the convention forces
 * numbers, move aside what is there, and set the environment. VARIABLE is that of IPC_FDS_MAP, NULL
 * means LISTEN_FD_MAP. */
void hand_over(enum ipc_convention to, const char *variable, const struct handed *fds, int count);

/* Names for COUNT descriptors from LIST, which has ':' between two; changes LIST. NAMES beyond its
 * end stay as they are. Returns how many there were. */
int split_names(char *list, const char **names, int count);

#endif
