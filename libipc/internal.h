/* SPDX-License-Identifier: ISC */
/* what the files of libipc share and others do not see */
#ifndef IPC_INTERNAL_H
#define IPC_INTERNAL_H

#include <endian.h>
#include <string.h>

#include "ipc.h"
#include "text.h"

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

/* Room for all that the kernel attaches to what we receive: descriptors, who sent it, a pidfd. */
union ipc_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(IPC_FDS_MAX * sizeof(int)) + CMSG_SPACE(3 * sizeof(int)) +
		   CMSG_SPACE(sizeof(int))];
};

/* Attach COUNT descriptors to MSG, which uses CONTROL until it is sent. */
void ipc_control_put(struct msghdr *msg, union ipc_control *control, const int *fds, size_t count);

/* As sendmsg(2), but goes on when interrupted and never raises SIGPIPE. */
ssize_t ipc_control_send(int sock, const struct msghdr *msg, int flags);

struct ipc_sender {
	struct ipc_peer peer;
	int pidfd;
};

/* Close descriptors of somebody else's, those that are not -1, with DISCARD or close(2). */
void ipc_discard(int *fds, size_t count, void (*discard)(int fd));

/* Take what came with MSG: the first MAX descriptors go to FDS, the others are closed, as by
 * ipc_discard. SENDER may be NULL; what did not come is left as it is there. Returns how many
 * descriptors came. */
size_t ipc_control_take(struct msghdr *msg, int *fds, size_t max, struct ipc_sender *sender,
			void (*discard)(int fd));

/* Numbers of 32 bits in messages, the high byte first. */
static inline char *ipc_put_be32(char *to, unsigned value)
{
	value = htobe32(value);
	return (char *)memcpy(to, &value, sizeof value) + sizeof value;
}

static inline unsigned ipc_get_be32(const void *from)
{
	unsigned value;

	memcpy(&value, from, sizeof value);
	return be32toh(value);
}

/* The ranges, a first and a last byte each, of the class that stands behind "[:" at *AT; moves
 * behind its ":]". NULL if there is no such class. */
const char *ipc_class(const char **at);

/* Move *TEXT over blanks to its next word and return the length of that, 0 at the end. A backslash
 * makes the next byte, which may be a blank, a part of the word. */
size_t ipc_word(const char **text);

/* openat(2) of PATH below DIR, a component after the other, that follows no link at all. */
int ipc_open_walk(int dir, const char *path, int flags, mode_t mode);

/* now, in ms of CLOCK_MONOTONIC */
long long ipc_now(void);

#endif
