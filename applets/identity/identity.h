/* SPDX-License-Identifier: ISC */
/* what a process shall become: collected first, then applied and verified */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "applet.h"

enum { IDENTITY_GROUPS = 65536 };	/* NGROUPS_MAX of Linux */

enum {
	IDENTITY_UID = 1,	/* uid counts; without it the user stays */
	IDENTITY_GID = 2,	/* gid counts */
	IDENTITY_ACCOUNT = 4	/* primary, of the user's account, counts if gid does not */
};

struct identity {
	unsigned flags;
	uid_t uid;
	gid_t gid, primary;
	int ngroups;		/* how many there are in groups + 1; -1: not said */
	gid_t groups[1 + IDENTITY_GROUPS];	/* the first is kept free for gid */
};

void identity_init(struct identity *id);

/* Take TEXT, a number or a name. 0 means "as it is", the name root really is 0. Return -1 if there
 * is no such name; die if the account files cannot be read. */
int identity_user(struct identity *id, const char *text);
int identity_group(struct identity *id, const char *text);

/* Take the supplementary groups TEXT, numbers or names with any of ",:; \t\r\n" between them; wrong
 * usage of -G if one is unknown. */
void identity_groups(struct identity *id, const char *text);

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

/* Decide, once, what was left open: which group goes with the user. */
void identity_complete(struct identity *id);

/* Become what was completed: groups, gid, uid, the saved ones too. Returns NULL, or what could not
 * be done, and errno; system calls alone, for a child that shares nothing with its parent. */
const char *identity_become(const struct identity *id);

/* Both; dies if it cannot. */
void identity_apply(struct identity *id);

/* The account of a "setuidgid ACCOUNT PROG...", argv[0] included. Returns the rest. */
char **setuidgid_main(int argc, char **argv);
char **setuidgid_prepare(int argc, char **argv, struct identity *id);

#endif
