/* SPDX-License-Identifier: ISC */
/* what the back-ends of access rules and rules.c share */
#ifndef IPC_RULES_H
#define IPC_RULES_H

#include <sys/stat.h>

#include "internal.h"

enum {
	RULE_ENV_MAX = 60000,	/* bytes of all changes of one rule in a directory */
	RULE_EXEC_MAX = 4096,
	RULE_VALUE_MAX = 4095,	/* bytes of an env file that are read */
	CDB_HEADER = 2048,
	CDB_SIZE_MAX = 256 << 20
};

/* A rule that was found, before its env and exec are read. */
struct rule {
	enum ipc_decision decision;
	int dir;			/* of an allowing rule in a directory, else -1 */
	const unsigned char *record;	/* in a cdb */
	size_t length;
};

/* --- directory: rulesdir.c --------------------------------------------------------------- */

/* Look for the rule KEY below the directory DIR. Returns 0, also if there is none. */
int ipc_rule_find(int dir, const char *key, struct rule *rule);

/* Read env and exec of the rule in DIR. EXEC has room for RULE_EXEC_MAX + 1 bytes. */
int ipc_rule_read(int dir, struct ipc_edits *env, char *exec, size_t *exec_length);

/* Call VISIT with each entry of the open directory that does not begin with a dot, until it
 * returns non-zero. Returns what it returned last. Does not allocate. */
int ipc_directory_walk(int dir, int (*visit)(void *, const char *), void *data);

/* --- a directory that is watched: rulestree.c -------------------------------------------- */

struct tree {
	int changes, mounts;	/* -1: nothing is watched */
	dev_t dev;
	ino_t ino;
	unsigned count;
};

/* Watch the directory DIR with all that is in it. Fails if a change could go unnoticed: on file
 * systems that others may write to, through symbolic links, with over 1000 entries. */
int ipc_tree_watch(struct tree *tree, int dir);

/* Whether nothing has changed and PATH still is that directory. Two system calls. */
int ipc_tree_same(const struct tree *tree, const char *path);

void ipc_tree_forget(struct tree *tree);

/* --- cdb: cdb.c -------------------------------------------------------------------------- */

struct cdb {
	unsigned char *data;
	size_t size, end;	/* the records are between CDB_HEADER and end */
	struct stat from;
	int has_users, has_groups;
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

/* As ipc_cdb_add_rule, for a rule of a directory, of any size. */
int ipc_cdb_put_rule(struct ipc_cdb *cdb, const struct ipc_verdict *rule);

/* Move what was made FROM, which is then good for free only, TO a cdb in memory. It has no
 * end and no facts about users and groups. */
int ipc_cdb_take(struct ipc_cdb *from, struct cdb *to);

unsigned ipc_cdb_hash(const unsigned char *key, size_t length);

static inline unsigned ipc_get32(const unsigned char *from)
{
	return from[0] | from[1] << 8 | from[2] << 16 | (unsigned)from[3] << 24;
}

#endif
