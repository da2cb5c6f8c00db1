/* SPDX-License-Identifier: ISC */
/* access rules beyond asking: walking over a set, and what rules.c and its back-ends share */
#ifndef IPC_RULES_H
#define IPC_RULES_H

#include "internal.h"

/* Call VISIT with each rule of the set, of whatever family, until it returns non-zero. Names
 * that begin with a dot are no rules. Returns what VISIT returned last, or -1, with the place in
 * verdict->rule. Errors: those of ipc_rules_check, ENOENT (there is no such directory), ENOTDIR (a
 * file stands where a rule should), EINVAL (a key that is no text). */
int ipc_rules_walk(struct ipc_rules *rules, int (*visit)(void *, const struct ipc_verdict *),
		   void *data, struct ipc_verdict *verdict);

/* What somebody says of a client whose connection we do not have. */
struct ipc_known {
	const gid_t *groups;
	int count;
	const char *cgroup, *label;	/* NULL: nobody knows */
};

/* As ipc_rules_check, about PEER of whom that is KNOWN. */
int ipc_rules_check_known(struct ipc_rules *rules, const struct ipc_peer *peer,
			  const struct ipc_known *known, struct ipc_verdict *verdict);

/* As ipc_unmapped_user, of groups. */
gid_t ipc_unmapped_group(void);

enum {
	RULE_ENV_MAX = 60000,	/* bytes of all changes of one rule in a directory */
	RULE_EXEC_MAX = 4096,
	RULE_VALUE_MAX = 4095,	/* bytes of an env file that are read */
	RULE_MESSAGE_MAX = 1024
};

/* A rule that was found, before its env and exec are read. */
struct rule {
	enum ipc_decision decision;
	int dir;			/* in a directory, else -1 */
	const unsigned char *record;	/* in a cdb */
	size_t length;
};

/* --- directory: rulesdir.c --------------------------------------------------------------- */

/* Look for the rule KEY below the directory DIR. Returns 0, also if there is none. */
int ipc_rule_find(int dir, const char *key, struct rule *rule);

/* Read env and exec of the rule in DIR. EXEC has room for RULE_EXEC_MAX + 1 bytes. */
int ipc_rule_read(int dir, struct ipc_edits *env, char *exec, size_t *exec_length);

/* Read the message of the rule in DIR, which has room for RULE_MESSAGE_MAX + 1 bytes. */
int ipc_rule_message(int dir, char *message, size_t *length);

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

#endif
