/* SPDX-License-Identifier: ISC */
/* constant databases: reading and making those of access rules; not installed */
#ifndef IPC_CDB_H
#define IPC_CDB_H

#include <sys/stat.h>

#include "internal.h"

enum { CDB_HEADER = 2048, CDB_SIZE_MAX = 256 << 20 };

unsigned ipc_cdb_hash(const unsigned char *key, size_t length);

static inline unsigned ipc_get32(const unsigned char *from)
{
	return from[0] | from[1] << 8 | from[2] << 16 | (unsigned)from[3] << 24;
}

/* --- reading: cdb.c --------------------------------------------------------------------- */

/* Families of rules for which it costs something to ask, so it matters whether there are any. */
enum ipc_family { IPC_USERS, IPC_GROUPS, IPC_CGROUPS, IPC_LABELS, IPC_FAMILIES };

extern const char ipc_families[IPC_FAMILIES][8];

struct cdb {
	unsigned char *data;
	size_t size, end;	/* the records are between CDB_HEADER and end */
	struct stat from;
	unsigned has;	/* 1 << IPC_USERS... */
};

/* Read the file at PATH, unless it is the one that we have. If it cannot be read, what we have
 * stays, and the next call tries again. */
int ipc_cdb_refresh(struct cdb *cdb, const char *path);

/* The data of KEY. Returns 1, or 0 if there is none; EINVAL if the file is broken. */
int ipc_cdb_find(const struct cdb *cdb, const void *key, size_t key_length,
		 const unsigned char **data, size_t *length);

/* The record at *AT, which is CDB_HEADER for the first one and then moves on. Returns 1, or 0
 * behind the last one; EINVAL if the file is broken. */
int ipc_cdb_next(const struct cdb *cdb, size_t *at, const unsigned char **key, size_t *key_length,
		 const unsigned char **data, size_t *length);

/* --- making: cdbmake.c ------------------------------------------------------------------ */

/* A cdb file in the making. */
struct ipc_cdb;

enum { IPC_RECORD_MAX = 4096 };	/* bytes of an env or exec that every reader of the format takes */

struct ipc_cdb *ipc_cdb_new(void);
void ipc_cdb_free(struct ipc_cdb *cdb);

/* Add a record. Errors: ENOMEM, EFBIG (the file would be over 256 MB). */
int ipc_cdb_add(struct ipc_cdb *cdb, const void *key, size_t key_length, const void *data,
		size_t length);

/* Add the rule under the key rule->rule.
 * Errors: those of ipc_cdb_add, E2BIG (env or exec over IPC_RECORD_MAX), EINVAL (no rule). */
int ipc_cdb_add_rule(struct ipc_cdb *cdb, const struct ipc_verdict *rule);

/* As ipc_cdb_add_rule, for a rule of a directory, of any size. */
int ipc_cdb_put_rule(struct ipc_cdb *cdb, const struct ipc_verdict *rule);

/* Write the file to FD, at its place. Errors: ENOMEM, EFBIG, those of write(2). */
int ipc_cdb_write(struct ipc_cdb *cdb, int fd);

/* Move what was made FROM, which is then good for free only, TO a cdb in memory. It has no
 * end, and what it has is not known. */
int ipc_cdb_take(struct ipc_cdb *from, struct cdb *to);

#endif
