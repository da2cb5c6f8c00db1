/* SPDX-License-Identifier: ISC */
/* the bytes of the holder's protocol, for both of its halves */
#ifndef IPC_HOLDER_WIRE_H
#define IPC_HOLDER_WIRE_H

#include "ipc/holder.h"
#include "internal.h"

enum {
	INSTANT_SIZE = 12,	/* packed: u64 and u32, big-endian */
	/* an entry, at most: three instants and numbers, three strings with lengths and NULs */
	ENTRY_ROOM = 2 * INSTANT_SIZE + 13 + 3 * (IPC_HOLDER_NAME_MAX + 2),
	SHORT_ENTRY = 0,	/* limit and name: as s6 knows them */
	LONG_ENTRY = 1
};

/* Bytes that are taken from the front; BAD once there were too few or wrong ones. */
struct ipc_cursor {
	const unsigned char *at;
	size_t left;
	int bad;
};

unsigned ipc_get_byte(struct ipc_cursor *from);
unsigned ipc_get_u32(struct ipc_cursor *from);

/* Length, bytes and NUL: returns the string, which has no other NUL, or NULL. */
const char *ipc_get_name(struct ipc_cursor *from);

/* What is behind the last thing: is the rest empty and was nothing bad? */
int ipc_get_end(const struct ipc_cursor *from);

void ipc_get_entry(struct ipc_cursor *from, int form, struct ipc_holder_entry *entry);

/* Writing into memory that is known to suffice; all return the end. */
unsigned char *ipc_put_u32(unsigned char *to, unsigned value);
unsigned char *ipc_put_name(unsigned char *to, const char *name);
unsigned char *ipc_put_instant(unsigned char *to, const struct ipc_instant *instant);
unsigned char *ipc_put_entry(unsigned char *to, int form, const struct ipc_holder_entry *entry);

/* Is it a name for a descriptor? Errors: EINVAL (empty), ENAMETOOLONG. */
int ipc_holder_check_name(const char *name);

#endif
