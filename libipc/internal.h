/* SPDX-License-Identifier: ISC */
/* what the files of libipc share and others do not see */
#ifndef IPC_INTERNAL_H
#define IPC_INTERNAL_H

#include "ipc.h"

/* Close FD and keep errno; returns -1, for "return ipc_fail(fd)". */
int ipc_fail(int fd);

/* Call VISIT with the name and the number of each account of a passwd or group file, until it
 * returns non-zero. Returns what it returned last, 0 if it never did, -1 and errno if the file
 * cannot be opened. */
int ipc_account_walk(const char *path, int (*visit)(void *, const char *, unsigned), void *data);

/* Split PATH: an O_PATH descriptor of its directory, and *BASE, the last component within PATH. */
int ipc_open_directory(const char *path, const char **base);

/* As ipc_address_set for the entry BASE of a directory that is open already. */
int ipc_address_at(struct ipc_address *address, int dir, const char *base);

/* now, in ms of CLOCK_MONOTONIC */
long long ipc_now(void);

#endif
