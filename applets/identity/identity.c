/* SPDX-License-Identifier: ISC */
/* changing users and groups: the one place that does it */
#include <limits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "identity.h"

/* We have one thread. The libc's functions would look for others to change, with 2 KB of code. On
 * some machines the call of the plain name knows 16 bits only. */
enum {
#ifdef SYS_setresuid32
	SET_GROUPS = SYS_setgroups32, SET_GIDS = SYS_setresgid32, SET_UIDS = SYS_setresuid32
#else
	SET_GROUPS = SYS_setgroups, SET_GIDS = SYS_setresgid, SET_UIDS = SYS_setresuid
#endif
};

/* owns no files by convention */
enum { NOGROUP = 65534 };

void identity_init(struct identity *id)
{
	id->flags = 0;
	id->ngroups = -1;
}

static int found(int failed, const char *kind, const char *name)
{
	if (failed && errno != ENOENT)
		die(EXIT_TEMPORARY, "unable to look up %s %s:", kind, name);
	return !failed;
}

int identity_find_user(const char *name, struct ipc_user *user)
{
	return found(ipc_user_find(name, user), "user", name);
}

int identity_find_group(const char *name, gid_t *gid)
{
	return found(ipc_group_find(name, gid), "group", name);
}

int identity_user(struct identity *id, const char *text)
{
	struct ipc_user user;
	unsigned number;

	id->flags &= ~(IDENTITY_UID | IDENTITY_ACCOUNT);
	if (!ipc_number(text, 10, UINT_MAX, &number)) {
		id->uid = number;
		id->flags |= number ? IDENTITY_UID : 0;
		return 0;
	}
	if (!identity_find_user(text, &user))
		return -1;
	id->uid = user.uid;
	id->primary = user.gid;
	id->flags |= IDENTITY_UID | IDENTITY_ACCOUNT;
	return 0;
}

int identity_group(struct identity *id, const char *text)
{
	unsigned number;

	id->flags &= ~IDENTITY_GID;
	if (!ipc_number(text, 10, UINT_MAX, &number)) {
		id->gid = number;
		id->flags |= number ? IDENTITY_GID : 0;
		return 0;
	}
	if (!identity_find_group(text, &id->gid))
		return -1;
	id->flags |= IDENTITY_GID;
	return 0;
}

void identity_find_groups(struct identity *id, const char *name)
{
	id->ngroups = ipc_user_groups(name, id->groups + 1, IDENTITY_GROUPS);
	if (id->ngroups < 0 && errno != ENOENT)
		die(EXIT_TEMPORARY, "unable to get supplementary groups for %s:", name);
	if (id->ngroups < 0)
		id->ngroups = 0; /* no group file: in no group */
}

/* One group of a list, LENGTH bytes of TEXT. */
static gid_t one_group(const char *text, size_t length)
{
	char name[256];

	ipc_format(name, sizeof name, "%.*s", (int)length, text);
	if (length >= sizeof name)
		usage("-G: unknown group %s...", name);
	return group_number("-G", name);
}

void identity_groups(struct identity *id, const char *text)
{
	static const char between[] = ",:; \t\r\n";

	for (id->ngroups = 0; *text; text += strspn(text, between)) {
		size_t length = strcspn(text, between);

		if (id->ngroups == IDENTITY_GROUPS)
			usage("-G: over %d groups", IDENTITY_GROUPS);
		id->groups[++id->ngroups] = one_group(text, length);
		text += length;
	}
}

static const char *numeric(const char *name)
{
	const char *text = variable(name);
	unsigned value;

	if (ipc_number(text, 10, UINT_MAX, &value))
		die(EXIT_USAGE, "invalid $%s", name);
	return text;
}

void identity_environment(struct identity *id)
{
	identity_user(id, numeric("UID"));
	identity_group(id, numeric("GID"));
	id->ngroups = ipc_groups_parse(variable("GIDLIST"), id->groups + 1, IDENTITY_GROUPS);
	if (id->ngroups < 0)
		die(EXIT_USAGE, "invalid $GIDLIST");
}

void identity_option(struct identity *id, int letter)
{
	if (letter == 'u' && identity_user(id, optarg))
		usage("-u: unknown user %s", optarg);
	if (letter == 'g' && identity_group(id, optarg))
		usage("-g: unknown group %s", optarg);
	if (letter == 'G')
		identity_groups(id, optarg);
	if (letter == 'U')
		identity_environment(id);
}

gid_t identity_primary(uid_t uid)
{
	struct ipc_user user;

	if (!ipc_user_find_uid(uid, &user))
		return user.gid;
	if (errno != ENOENT)
		die(EXIT_TEMPORARY, "unable to look up user %u:", uid);
	return NOGROUP;
}

/* Is any of our three user ids another than the new one? */
static int leaves(const struct identity *id)
{
	uid_t real, effective, saved;

	return id->flags & IDENTITY_UID &&
	       (getresuid(&real, &effective, &saved) ||
		real != id->uid || effective != id->uid || saved != id->uid);
}

/* The gid in front of the list, and nowhere else. */
static void complete_groups(struct identity *id)
{
	int count = 0;

	for (int i = 1; i <= id->ngroups; i++)
		if (id->groups[i] != id->gid)
			id->groups[++count] = id->groups[i];
	id->groups[0] = id->gid;
	id->ngroups = count;
}

void identity_complete(struct identity *id)
{
	int leaving = leaves(id);

	/* who leaves a user takes nothing of his along: not the groups, not group root */
	if (id->flags & IDENTITY_GID) {
		/* said */
	} else if (id->flags & IDENTITY_ACCOUNT) {
		id->gid = id->primary;
		id->flags |= IDENTITY_GID;
	} else {
		id->gid = getegid();
		if (leaving && !id->gid)
			id->gid = identity_primary(id->uid);
		id->flags |= leaving ? IDENTITY_GID : 0;
	}
	if (leaving && id->ngroups < 0)
		id->ngroups = 0;
	if (id->ngroups >= 0)
		complete_groups(id);
}

static int set_groups(const struct identity *id)
{
	int count = id->ngroups + 1;

	return syscall(SET_GROUPS, count, id->groups) || getgroups(0, NULL) != count ? -1 : 0;
}

static int set_ids(int set, int (*get)(unsigned *, unsigned *, unsigned *), unsigned id)
{
	unsigned real, effective, saved;
	int failed = syscall(set, id, id, id);

	/* -1 is nobody, and "no change" for the kernel */
	errno = failed ? errno : EINVAL;
	return failed || get(&real, &effective, &saved) ||
	       real != id || effective != id || saved != id ? -1 : 0;
}

const char *identity_become(const struct identity *id)
{
	if (id->ngroups >= 0 && set_groups(id))
		return "set supplementary group list";
	if (id->flags & IDENTITY_GID && set_ids(SET_GIDS, getresgid, id->gid))
		return "setgid";
	if (id->flags & IDENTITY_UID && set_ids(SET_UIDS, getresuid, id->uid))
		return "setuid";
	return NULL;
}

void identity_apply(struct identity *id)
{
	int dumpable = prctl(PR_GET_DUMPABLE);
	const char *failed;

	identity_complete(id);
	failed = identity_become(id);
	if (failed)
		die(EXIT_TEMPORARY, "unable to %s:", failed);
	/* the next program may be called, and must see the same /proc/self as after an exec */
	if (dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
}
