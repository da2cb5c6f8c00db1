/* SPDX-License-Identifier: ISC */
/* the table of held descriptors, as its sessions see it */
#ifndef IPC_HOLDER_TABLE_H
#define IPC_HOLDER_TABLE_H

#include "holder_wire.h"

/* One descriptor. Lists that are being sent refer to it, so it may outlive its place in the
 * table: no other descriptor gets its number as long as anybody may still send it. */
struct ipc_held {
	struct ipc_held *next;			/* with the same hash */
	struct ipc_holder_entry entry;		/* entry.name is the name below */
	struct ipc_holder_session *leaving;	/* to the client of this session, or NULL */
	unsigned references;
	unsigned place;				/* in the heap */
	char name[];
};

/* How much of the table is a user's: descriptors, and room for his dumps that are coming. */
struct ipc_share {
	struct ipc_share *next;
	uid_t uid;
	unsigned count;
};

enum { SHARE_CHAINS = 64 };

struct ipc_holder_table {
	unsigned max;		/* descriptors */
	unsigned open;		/* all, in lists that are being sent and dumps that come, too */
	unsigned reserved;	/* room for what is still to come of dumps that are being loaded */
	unsigned count;		/* in the heap */
	unsigned leaving;	/* of these, on their way to a client that shall own them */
	unsigned turn;		/* of asking whether they have arrived */
	unsigned mask, seed;	/* of the hash */
	int watcher;		/* epoll of the watched ones */
	int watch_all;
	int gone;
	void (*discard)(int fd);
	const struct ipc_holder_session *successor;	/* is taking over: all others wait */
	struct ipc_share *shares[SHARE_CHAINS];		/* of users that have something */
	struct ipc_held **buckets;
	struct ipc_held *heap[];	/* soonest expiry first */
};

/* The entry of that name, or NULL and ENOENT. */
struct ipc_held *ipc_table_find(struct ipc_holder_table *table, const char *name);

/* Is there room for COUNT more of user UID, for a client that has RIGHTS? They tell of it if there
 * is not. NULL: for the holder itself. Errors: ENFILE, EDQUOT. */
int ipc_table_room(struct ipc_holder_table *table, unsigned count, uid_t uid,
		   const struct ipc_holder_rights *rights);

/* Count COUNT more, or fewer, for user UID. Errors, of the first: ENOMEM. */
int ipc_table_charge(struct ipc_holder_table *table, uid_t uid, unsigned count);
void ipc_table_discharge(struct ipc_holder_table *table, uid_t uid, unsigned count);

/* ipc_holder_table_add for a client that has RIGHTS. */
int ipc_table_add(struct ipc_holder_table *table, const struct ipc_holder_entry *entry,
		  const struct ipc_holder_rights *rights);

/* Make an entry of what is not in the table yet. Its fd becomes the entry's in case of success.
 * Errors: ENOMEM. */
struct ipc_held *ipc_held_new(struct ipc_holder_table *table, const struct ipc_holder_entry *entry);

void ipc_held_release(struct ipc_holder_table *table, struct ipc_held *held);

/* Put it into the table; an entry of the same name is dropped. */
void ipc_table_put(struct ipc_holder_table *table, struct ipc_held *held);

void ipc_table_drop(struct ipc_holder_table *table, struct ipc_held *held);

/* What left with the last reply of a session has arrived, or is ours again. */
void ipc_table_settle(struct ipc_holder_table *table);

/* Is NAME the name BASE or one of its family, BASE:N? */
int ipc_holder_in_family(const char *name, const char *base);

/* 1: the client has read all that it was sent; 0: not yet; -1: it never will. The kernel is asked once in
 * each TURN. */
int ipc_session_delivered(struct ipc_holder_session *session, unsigned turn);

#endif
