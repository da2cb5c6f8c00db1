/* SPDX-License-Identifier: ISC */
/* ipc/holder.h - a holder of descriptors, both halves */
#ifndef IPC_HOLDER_H
#define IPC_HOLDER_H

#include <errno.h>
#include <ipc.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- instants --------------------------------------------------------------------------- */

/* A moment of the wall clock, as TAI64N has it: 2^62 + seconds of TAI since 1970, nanoseconds. */
struct ipc_instant {
	unsigned long long label;
	unsigned nanoseconds;
};

/* Now plus MS milliseconds; -1 is for ever. */
struct ipc_instant ipc_instant_in(long long ms);

/* Less than 0, 0 or more than 0 as strcmp(3). */
int ipc_instant_compare(const struct ipc_instant *one, const struct ipc_instant *other);

/* Seconds since 1970 in UTC, leap seconds counted as they were in 2017; negative before. */
long long ipc_instant_seconds(const struct ipc_instant *instant);

/* Is it so far away that it means "for ever"? */
int ipc_instant_forever(const struct ipc_instant *instant);

/* --- what both halves know -------------------------------------------------------------- */

/* A holder keeps descriptors for programs that come and go, each under a name and until an
 * instant. The protocol is that of s6's fd-holder, with requests of our own that only our own
 * programs send (docs/protocol.md). */

enum { IPC_HOLDER_NAME_MAX = 255 };	/* bytes of a name; at least 1 */

enum {
	IPC_HOLDER_WATCHED = 1,	/* to be dropped when its other end hangs up */
	IPC_HOLDER_HANGUP = 2	/* its other end has hung up */
};

struct ipc_holder_entry {
	const char *name;
	int fd;				/* -1 if none came with it */
	struct ipc_instant limit;	/* it is closed and forgotten then */
	/* the rest is known in long lists and when a successor takes over */
	struct ipc_instant stored;	/* when it came */
	struct ipc_peer owner;		/* who stored it */
	unsigned flags;			/* IPC_HOLDER_WATCHED, IPC_HOLDER_HANGUP */
	const char *kind;		/* "stream", "fifo", "file" ...: what it is */
	const char *address;		/* the name of a socket, the path of a file; or "" */
};

/* --- the client ------------------------------------------------------------------------- */

/* Requests are sent without waiting and answered in order. */
struct ipc_holder;

enum ipc_holder_request {
	IPC_HOLDER_STORE = 'S',
	IPC_HOLDER_DELETE = 'D',
	IPC_HOLDER_RETRIEVE = 'R',
	IPC_HOLDER_LIST = 'L',
	IPC_HOLDER_GETDUMP = '?',
	IPC_HOLDER_SETDUMP = '!',
	IPC_HOLDER_DATA = '.',
	/* the rest is understood by our own holder only: another one hangs up */
	IPC_HOLDER_LONG_LIST = 'l',
	IPC_HOLDER_FAMILY = 'f',
	IPC_HOLDER_REPLACE = 's',
	IPC_HOLDER_TAKEOVER = 't',
	IPC_HOLDER_DONE = 'd'
};

struct ipc_holder_reply {
	enum ipc_holder_request request;	/* that this answers */
	int error;				/* 0, or why it was refused, an errno */
	struct ipc_holder_entry *entries;	/* close-on-exec; set fds that you keep to -1 */
	unsigned count;
	unsigned total;		/* of a list, dump, family or takeover: entries in all */
	unsigned more;		/* replies to the same request that are still to come */
};				/* valid until the next receive, which closes what is not -1 */

/* Speak with a holder on the connection FD, which stays the caller's to close. Errors: ENOMEM. */
struct ipc_holder *ipc_holder_open(int fd);

void ipc_holder_close(struct ipc_holder *holder);

/* As ipc_messages_fd, ipc_messages_events and ipc_messages_dispatch. */
int ipc_holder_fd(const struct ipc_holder *holder);
short ipc_holder_events(const struct ipc_holder *holder);
int ipc_holder_dispatch(struct ipc_holder *holder);

/* Ask. NAME is for STORE, REPLACE, DELETE, RETRIEVE and FAMILY, else NULL; FD, which is copied, and
 * LIMIT are for STORE and REPLACE, which takes the place of what is held under that name. A retrieved descriptor is still held until it is deleted. A family is NAME and
 * whatever else came from sd_notify(3) under that name. LIST tells names; LONG_LIST all there is to
 * know, without descriptors. GETDUMP gives all descriptors. TAKEOVER does, too, with all there is
 * to know, and its first reply has entries without a name: the socket where clients come in, then
 * the connections of those who are there. The holder serves nobody else then until DONE ends it, or
 * until we hang up, which lets it go on.
 * Errors: ENAMETOOLONG, EINVAL (an empty name), ENOBUFS (too many requests are unanswered), those
 * of ipc_message_send. */
int ipc_holder_ask(struct ipc_holder *holder, enum ipc_holder_request request, const char *name,
		   int fd, const struct ipc_instant *limit);

/* Load a dump: announce COUNT descriptors, and after a favourable reply send them all. The last
 * reply but one to the DATA has error EAGAIN, "more is expected", and the last has 0: all of them
 * are held from then on; a name that was in use is replaced. Errors: as ipc_holder_ask. */
int ipc_holder_announce(struct ipc_holder *holder, unsigned count);
int ipc_holder_load(struct ipc_holder *holder, const struct ipc_holder_entry *entries,
		    unsigned count);

/* The next reply. Returns 1, or 0 if there is none yet. Errors: EPROTO (it makes no sense). */
int ipc_holder_receive(struct ipc_holder *holder, struct ipc_holder_reply *reply);

/* For programs without a loop: wait for the next reply. A refusal is a reply, not an error here.
 * TIMEOUT is for the whole call. Errors: ETIMEDOUT, EPIPE (the holder hung up), EPROTO. */
int ipc_holder_wait(struct ipc_holder *holder, struct ipc_holder_reply *reply, int timeout);

/* --- the holder ------------------------------------------------------------------------- */

/* What is held. */
struct ipc_holder_table;

/* Hold at most MAX descriptors, at least 1. Errors: ENOMEM, EMFILE. */
struct ipc_holder_table *ipc_holder_table_open(unsigned max);

/* Close all descriptors and forget them. Close the sessions first. */
void ipc_holder_table_close(struct ipc_holder_table *table);

/* Hold a copy of entry->fd under entry->name. Errors: EBUSY (the name is in use), ENFILE (the
 * table is full), ENAMETOOLONG, EINVAL (an empty name), EMFILE, ENOMEM. */
int ipc_holder_table_add(struct ipc_holder_table *table, const struct ipc_holder_entry *entry);

/* Close and forget. Errors: ENOENT. */
int ipc_holder_table_remove(struct ipc_holder_table *table, const char *name);

unsigned ipc_holder_table_count(const struct ipc_holder_table *table);

/* Call VISIT for each entry until it returns non-zero, and return that. The entry's fd stays the
 * table's, and the table must not change meanwhile. kind and address are NULL here. */
int ipc_holder_table_walk(struct ipc_holder_table *table,
			  int (*visit)(void *data, const struct ipc_holder_entry *entry),
			  void *data);

/* A descriptor that polls readable when a watched entry has hung up: call _sweep then. -1 while a
 * successor takes over. */
int ipc_holder_table_fd(const struct ipc_holder_table *table);

/* Drop what has hung up or expired. Returns 1 and in *NEXT the instant of the next expiry, or 0
 * if nothing will expire. */
int ipc_holder_table_sweep(struct ipc_holder_table *table, struct ipc_instant *next);

/* Watch what is stored from now on, too, not only what asks for it. */
void ipc_holder_table_watch(struct ipc_holder_table *table);

/* How to close what is held no longer, and what clients send besides; NULL means close(2), which
 * takes as long as who made the descriptor likes: see ipc_fds_refuse. */
void ipc_holder_table_discard(struct ipc_holder_table *table, void (*discard)(int fd));

/* For a holder that executes itself anew: make a memfd of what there is to know, and let the held
 * descriptors be inherited or not. Afterwards _restore makes the table again, with room for MAX or,
 * if there are more, for these. The memfd stays the caller's.
 * Errors: ENOMEM, EINVAL (not such a file), those of memfd_create(2), write(2) and mmap(2). */
int ipc_holder_table_save(struct ipc_holder_table *table);
void ipc_holder_table_inherit(struct ipc_holder_table *table, int inherit);
struct ipc_holder_table *ipc_holder_table_restore(int fd, unsigned max);

/* Has a successor taken over all that is held? Then it is time to go. */
int ipc_holder_table_gone(const struct ipc_holder_table *table);

enum {
	IPC_HOLDER_MAY_LIST = 1,
	IPC_HOLDER_MAY_GETDUMP = 2,
	IPC_HOLDER_MAY_SETDUMP = 4,
	IPC_HOLDER_MAY_TAKEOVER = 8
};

/* What a client is answered for EDQUOT: an errno that fits a byte. MIPS numbers that one over 255. */
enum { IPC_HOLDER_OVER_QUOTA = EDQUOT < 256 ? EDQUOT : ENFILE };

/* What a client may do. MAY is asked about a name, with IPC_HOLDER_STORE or _RETRIEVE. */
struct ipc_holder_rights {
	unsigned flags;
	unsigned quota;		/* descriptors that its user may have here, counted by uid; 0: all */
	unsigned kept;		/* free places that it may not take: they are kept for others */
	int (*may)(void *data, enum ipc_holder_request what, const char *name);
	void *data;
	/* For a successor: write at most MAX descriptors to FDS, first the socket where clients
	 * come in, then connections without a session, or whose session is not busy. Returns how
	 * many. They stay the caller's. NULL: none. */
	int (*others)(void *data, int *fds, int max);
	/* Is told when something cannot be stored: ENFILE or EDQUOT. NULL: is not. */
	void (*full)(void *data, int error);
};

/* One client of the holder. */
struct ipc_holder_session;

/* Serve PEER on the connection FD, which stays the caller's to close. RIGHTS are copied.
 * Errors: ENOMEM. */
struct ipc_holder_session *ipc_holder_session_open(struct ipc_holder_table *table, int fd,
						   const struct ipc_peer *peer,
						   const struct ipc_holder_rights *rights);

/* A descriptor that was on its way to the client by "retrieve and delete", and is not known to have
 * arrived, is held again. */
void ipc_holder_session_close(struct ipc_holder_session *session);

int ipc_holder_session_fd(const struct ipc_holder_session *session);

/* What to poll(2) for; 0 while a successor takes over: do not poll it at all then. */
short ipc_holder_session_events(const struct ipc_holder_session *session);

/* Read requests, act, answer. Memory and descriptors that a client can use are bounded: one that
 * does not read its replies is not read from. Errors: EPIPE (it has hung up), EPROTO, those of
 * ipc_messages_dispatch; the session is to be closed then. */
int ipc_holder_session_dispatch(struct ipc_holder_session *session);

/* Is an exchange going on: half a request, a dump, an unread reply? */
int ipc_holder_session_busy(const struct ipc_holder_session *session);

/* A message of sd_notify(3), LENGTH bytes of TEXT with COUNT descriptors, which stay the caller's:
 * with FDSTORE=1 they are held under the name in FDNAME ("stored"), the second and later ones as
 * NAME:1, NAME:2 ..., unless they are held already, and watched unless FDPOLL=0; with
 * FDSTOREREMOVE=1 all of that name are dropped. Other messages are none of our business. Returns
 * how many were stored or dropped. Errors: EPERM, EINVAL (a bad name), EDQUOT, those of _add. */
int ipc_holder_notify(struct ipc_holder_table *table, const char *text, size_t length,
		      const int *fds, size_t count, const struct ipc_peer *peer,
		      const struct ipc_holder_rights *rights);

#ifdef __cplusplus
}
#endif

#endif
