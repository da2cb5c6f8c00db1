/* SPDX-License-Identifier: ISC */
/* what a process shall become: collected first, then applied and verified */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "applet.h"

enum { IDENTITY_GROUPS = 65536 };	/* NGROUPS_MAX of Linux */

enum {
	IDENTITY_UID = 1,	/* uid counts; without it the user stays */
	IDENTITY_GID = 2,	/* gid counts */
	IDENTITY_ACCOUNT = 4,	/* primary, of the user's account, counts if gid does not */
	IDENTITY_CLEAN = 8,	/* UID, GID and GIDLIST leave the environment */
	IDENTITY_COMPLETE = 16	/* nothing is left open */
};

struct identity {
	unsigned flags;
	uid_t uid;
	gid_t gid, primary;
	int ngroups;		/* how many there are in groups + 1; -1: not said */
	gid_t *groups;		/* the first is kept free for gid */
};

struct identity *identity_new(void);

/* Take TEXT, a number or a name. 0 means "as it is", the name root really is 0. Return -1 if there
 * is no such name; die if the account files cannot be read. */
int identity_user(struct identity *id, const char *text);
int identity_group(struct identity *id, const char *text);

/* Take the supplementary groups TEXT, numbers or names with any of ",:; \t\r\n" between them; wrong
 * usage of -G if one is unknown. */
void identity_groups(struct identity *id, const char *text);

/* Take the supplementary groups TEXT, numbers with commas between them. Returns -1 and errno if it
 * is no such list. */
int identity_group_numbers(struct identity *id, const char *text);

/* Take UID, GID and GIDLIST of the environment, as numbers. */
void identity_environment(struct identity *id);

/* Do what the option LETTER says, of applyuidgid(1): u, g or G with its value in optarg, or U. */
void identity_option(struct identity *id, int letter);

/* Look NAME up; false if there is none. Die if the file cannot be read. */
int identity_find_user(const char *name, struct ipc_user *user);
int identity_find_group(const char *name, gid_t *gid);

/* The supplementary groups of NAME by the group file. */
void identity_find_groups(struct identity *id, const char *name);

/* A group for a user that is known by number only: of its account, or one without any rights. */
gid_t identity_primary(uid_t uid);

/* Look up, once, what becoming it may need to know. */
void identity_look_up(struct identity *id);

/* Become the struct identity *ID: groups, gid, uid, the saved ones too; without capabilities if that
 * leaves root. What was left open is decided now: which group goes with the user. The process stays
 * undumpable until it executes something: what it remembers is not for the new user. Dies if it
 * cannot. It is what a change performs. */
void identity_become(void *id);

#endif
