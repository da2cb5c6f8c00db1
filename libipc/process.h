/* SPDX-License-Identifier: ISC */
/* the process that made a connection, beyond what the socket says; not installed */
#ifndef IPC_PROCESS_H
#define IPC_PROCESS_H

#include "internal.h"

enum { IPC_CGROUP_MAX = 4096, IPC_LABEL_MAX = 4096 };	/* with the NUL */

struct ipc_process {
	pid_t pid;
	int pidfd;	/* close-on-exec */
};

/* The process that connected FD, if it is PEER, whose number is 0 if nobody knows it. Before Linux
 * 6.5 it is the process that has the number now, if it has the user and group of the client.
 * Errors: ESRCH (it has ended, is not PEER, or is not in our pid namespace), ENOSYS (before Linux
 * 5.3), those of getsockopt(2), pidfd_open(2) and stat(2). */
int ipc_process_open(struct ipc_process *process, int fd, const struct ipc_peer *peer);

/* Has it not ended? What was read by its number before was its own then. */
int ipc_process_lives(const struct ipc_process *process);

/* The cgroup that it is in now, "/" or "/a/b": that of version 2, else that of systemd's own
 * hierarchy of version 1, which counts as long as version 2 has it in "/". Errors: ENODATA (there is
 * neither), ENAMETOOLONG, those of open(2) and read(2). */
int ipc_process_cgroup(const struct ipc_process *process, char *path, size_t size);

/* All of that: the cgroup of the process that connected FD. Errors: as above. */
int ipc_peer_cgroup(int fd, const struct ipc_peer *peer, char *path, size_t size);

/* What the security module calls the process that connected FD, and PEER is, when it did; "" if no
 * module has a name for it. Errors: ESRCH (another one than PEER), those of getsockopt(2). */
int ipc_peer_label(int fd, const struct ipc_peer *peer, char *label, socklen_t size);

#endif
