/* SPDX-License-Identifier: ISC */
/* changing users and groups: the one place that does it */
#include <grp.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "identity.h"
#include "rules.h"

/* owns no files by convention */
enum { NOGROUP = 65534 };

struct identity *identity_new(void)
{
	struct identity *id = calloc(1, sizeof *id);

	if (!id)
		die(EXIT_TEMPORARY, "unable to make room for an identity:");
	id->ngroups = -1;
	return id;
}

/* Have room for COUNT groups behind the first, whatever there was before. */
static void make_room(struct identity *id, int count)
{
	gid_t *groups = realloc(id->groups, (1 + (size_t)count) * sizeof *groups);

	if (!groups)
		die(EXIT_TEMPORARY, "unable to make room for %d groups:", count);
	id->groups = groups;
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
	int room = 16;

	do {
		make_room(id, room);
		id->ngroups = ipc_user_groups(name, id->groups + 1, room);
		room *= 2;
	} while (id->ngroups < 0 && errno == ERANGE && room <= IDENTITY_GROUPS);
	if (id->ngroups < 0 && errno != ENOENT)
		die(EXIT_TEMPORARY, "unable to get supplementary groups for %s:", name);
	if (id->ngroups < 0)
		id->ngroups = 0; /* no group file: in no group */
}

/* How many groups a list can have: each is a letter and something behind it. */
static int most_groups(const char *text)
{
	size_t most = strlen(text) / 2 + 1;

	return most < IDENTITY_GROUPS ? most : IDENTITY_GROUPS;
}

/* One group of a list, LENGTH bytes of TEXT. */
static gid_t one_group(const char *text, size_t length)
{
	char name[256];

	snprintf(name, sizeof name, "%.*s", (int)length, text);
	if (length >= sizeof name)
		usage("-G: unknown group %s...", name);
	return group_number("-G", name);
}

void identity_groups(struct identity *id, const char *text)
{
	static const char between[] = ",:; \t\r\n";

	make_room(id, most_groups(text));
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

int identity_group_numbers(struct identity *id, const char *text)
{
	int most = most_groups(text);

	make_room(id, most);
	id->ngroups = ipc_groups_parse(text, id->groups + 1, most);
	return id->ngroups < 0 ? -1 : 0;
}

void identity_environment(struct identity *id)
{
	identity_user(id, numeric("UID"));
	identity_group(id, numeric("GID"));
	if (identity_group_numbers(id, variable("GIDLIST")))
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

void identity_look_up(struct identity *id)
{
	if (!id->groups)
		make_room(id, 0);
	if (!(id->flags & IDENTITY_GID) && id->flags & IDENTITY_ACCOUNT) {
		id->gid = id->primary;
		id->flags |= IDENTITY_GID;
	}
	if (!(id->flags & IDENTITY_GID))
		id->primary = leaves(id) && !getegid() ? identity_primary(id->uid) : NOGROUP;
	/* what is written now need not be written, and copied, in each handler */
	if (id->flags & IDENTITY_GID && id->ngroups >= 0) {
		complete_groups(id);
		id->flags |= IDENTITY_COMPLETE;
	}
}

static void complete(struct identity *id)
{
	int leaving = leaves(id);

	/* who leaves a user takes nothing of his along: not the groups, not group root */
	if (!(id->flags & IDENTITY_GID)) {
		id->gid = getegid();
		if (leaving && !id->gid)
			id->gid = id->primary;
		id->flags |= leaving ? IDENTITY_GID : 0;
	}
	if (leaving && id->ngroups < 0)
		id->ngroups = 0;
	if (id->ngroups >= 0)
		complete_groups(id);
}

/* Are all of GROUPS among MORE? */
static int within(const gid_t *groups, int count, const gid_t *more, int more_count)
{
	for (int i = 0; i < count; i++) {
		int at = 0;

		while (at < more_count && more[at] != groups[i])
			at++;
		if (at == more_count)
			return 0;
	}
	return 1;
}

/* Do we have them all and no others already? The first is our group as well if it stays. What our user
 * namespace does not map all looks like one group, and may be any. */
static int has_groups(const struct identity *id)
{
	int count = getgroups(0, NULL), wanted = id->ngroups + 1, same;
	int stays = *id->groups == getegid();
	gid_t *groups = malloc((count + 1) * sizeof *groups), unmapped = ipc_unmapped_group();

	same = groups && getgroups(count, groups) == count &&
	       within(groups, count, id->groups, wanted) && !within(&unmapped, 1, groups, count) &&
	       within(id->groups + stays, wanted - stays, groups, count);
	free(groups);
	return same;
}

/* A user namespace that an ordinary user made does not allow it, even if nothing is to change. */
static int set_groups(const struct identity *id)
{
	int count = id->ngroups + 1;

	if (setgroups(count, id->groups))
		return errno == EPERM && has_groups(id) ? 0 : -1;
	return getgroups(0, NULL) != count ? -1 : 0;
}

static int set_ids(int (*set)(unsigned, unsigned, unsigned),
		   int (*get)(unsigned *, unsigned *, unsigned *), unsigned id)
{
	unsigned real, effective, saved;
	int failed = set(id, id, id);

	/* -1 is nobody, and "no change" for the kernel */
	errno = failed ? errno : EINVAL;
	return failed || get(&real, &effective, &saved) ||
	       real != id || effective != id || saved != id ? -1 : 0;
}

/* The kernel takes the capabilities of who leaves root, unless it was told to keep them; the
 * inheritable ones it leaves. The bounding set stays: it is for what a program may gain later. */
static int drop_capabilities(void)
{
	/* of <linux/capability.h>: version 3, this process; two words each of what is effective,
	 * permitted and inheritable. The kernel may write its own version to a header. */
	unsigned header[] = { 0x20080522, 0 };
	static const unsigned none[6];

	/* before 4.3 there are none */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, header, none);
}

static int is_root(void)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) || !real || !effective || !saved;
}

static const char *become(const struct identity *id)
{
	int leaves_root = id->flags & IDENTITY_UID && id->uid && is_root();

	/* Our memory is for the new user to read from here on, unless we see to it. Only an exec
	 * ends that, since that gives another memory. */
	if (leaves(id) && prctl(PR_SET_DUMPABLE, 0))
		return "protect our memory";
	if (id->ngroups >= 0 && set_groups(id))
		return "set supplementary group list";
	if (id->flags & IDENTITY_GID && set_ids(setresgid, getresgid, id->gid))
		return "setgid";
	if (id->flags & IDENTITY_UID && set_ids(setresuid, getresuid, id->uid))
		return "setuid";
	if (leaves_root && drop_capabilities())
		return "drop capabilities";
	return NULL;
}

void identity_become(void *data)
{
	struct identity *id = data;
	const char *failed;

	if (!(id->flags & IDENTITY_COMPLETE))
		complete(id);
	failed = become(id);
	if (failed)
		die(EXIT_TEMPORARY, "unable to %s:", failed);
	if (id->flags & IDENTITY_CLEAN) {
		unsetenv("UID");
		unsetenv("GID");
		unsetenv("GIDLIST");
	}
}
