/* SPDX-License-Identifier: ISC */
/* access rules: which rule decides about a client */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdb.h"
#include "process.h"
#include "rules.h"

enum {
	GROUPS_MAX = 65536,	/* the kernel's limit */
	GROUPS_MOST_HAVE = 1024,
	AGAIN = 1000,		/* ms between two readings of a whole directory */
	LATER = 10000		/* ms until the next, if it cannot be kept in memory */
};

struct ipc_rules {
	int format;
	long long unmapped_uid, unmapped_gid;	/* -1 if we see every id as it is */
	uid_t uid;				/* self */
	gid_t gid;
	int dir;				/* during a question; -1: there is no directory */
	struct cdb cdb;				/* or what we remember of the directory */
	int records;				/* this question is answered from it */
	int cached;				/* IPC_RULES_CACHED */
	struct tree tree;
	long long next;				/* when to remember again, 0: never asked */
	gid_t *groups;				/* of whom ipc_rules_check_fd asks for */
	int groups_max;				/* room for so many */
	char exec[RULE_EXEC_MAX + 1];		/* or the message of a denial */
	char env[RULE_ENV_MAX];
	char path[];
};

/* --- opening ----------------------------------------------------------------------------- */

static ssize_t read_small(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -1;
	length = read(fd, text, size - 1);
	close(fd);
	text[length > 0 ? length : 0] = 0;
	return length;
}

/* The next word of *TEXT is WORD and nothing longer. */
static int skip(const char **text, const char *word)
{
	*text += strspn(*text, " \t\n");
	if (strncmp(*text, word, strlen(word)))
		return 0;
	*text += strlen(word);
	return strspn(*text, " \t\n") || !**text;
}

/* The id that stands for all that our user namespace does not map, -1 if it maps every one. */
static long long unmapped(const char *map, const char *overflow)
{
	char text[128];
	const char *at = text;
	unsigned id;

	if (read_small(map, text, sizeof text) > 0 && skip(&at, "0") && skip(&at, "0") &&
	    skip(&at, "4294967295") && !at[strspn(at, "\n")])
		return -1;
	if (read_small(overflow, text, sizeof text) > 0) {
		text[strcspn(text, "\n")] = 0;
		if (!ipc_number(text, 10, -1, &id))
			return id;
	}
	return 65534;
}

uid_t ipc_unmapped_user(void)
{
	return unmapped("/proc/self/uid_map", "/proc/sys/kernel/overflowuid");
}

gid_t ipc_unmapped_group(void)
{
	return unmapped("/proc/self/gid_map", "/proc/sys/kernel/overflowgid");
}

struct ipc_rules *ipc_rules_open(const char *path, int format)
{
	struct ipc_rules *rules = malloc(sizeof *rules + strlen(path) + 1);

	if (!rules)
		return NULL;
	/* not the buffers behind: what nobody writes costs no memory */
	memset(rules, 0, offsetof(struct ipc_rules, exec));
	strcpy(rules->path, path);
	rules->format = format & ~IPC_RULES_CACHED;
	rules->cached = format == (IPC_RULES_DIRECTORY | IPC_RULES_CACHED);
	rules->tree = (struct tree){ .changes = -1, .mounts = -1 };
	rules->dir = -1;
	rules->uid = geteuid();
	rules->gid = getegid();
	rules->unmapped_uid = unmapped("/proc/self/uid_map", "/proc/sys/kernel/overflowuid");
	rules->unmapped_gid = unmapped("/proc/self/gid_map", "/proc/sys/kernel/overflowgid");
	if (rules->format == IPC_RULES_CDB && ipc_cdb_refresh(&rules->cdb, path)) {
		int error = errno;

		ipc_rules_close(rules);
		errno = error;
		return NULL;
	}
	return rules;
}

static void forget(struct ipc_rules *rules)
{
	ipc_tree_forget(&rules->tree);
	free(rules->cdb.data);
	rules->cdb.data = NULL;
}

void ipc_rules_close(struct ipc_rules *rules)
{
	if (rules) {
		forget(rules);
		free(rules->groups);
	}
	free(rules);
}

/* --- one rule ---------------------------------------------------------------------------- */

static int begin(struct ipc_rules *rules, struct ipc_verdict *verdict)
{
	*verdict = (struct ipc_verdict){ .decision = IPC_RULES_DENY };
	rules->records = rules->format == IPC_RULES_CDB;
	if (rules->records)
		return ipc_cdb_refresh(&rules->cdb, rules->path);
	/* not open(2), to which musl adds an fcntl(2) */
	rules->dir = openat(AT_FDCWD, rules->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return rules->dir < 0 && errno != ENOENT ? -1 : 0;
}

static void end(struct ipc_rules *rules)
{
	if (rules->dir < 0)
		return;
	ipc_fail(rules->dir);
	rules->dir = -1;
}

static void drop(struct rule *rule)
{
	ipc_fail(rule->dir);
	rule->dir = -1;
}

static int decide_record(const unsigned char *data, size_t length, struct rule *rule)
{
	if (!length || (data[0] != 'A' && data[0] != 'D'))
		return errno = EINVAL, -1;
	rule->decision = data[0] == 'A' ? IPC_RULES_ALLOW : IPC_RULES_DENY;
	rule->record = data;
	rule->length = length;
	return 0;
}

static int find(struct ipc_rules *rules, const char *key, struct rule *rule)
{
	const unsigned char *data;
	size_t length;
	int found;

	*rule = (struct rule){ .decision = IPC_RULES_NONE, .dir = -1 };
	if (!rules->records)
		return rules->dir < 0 ? 0 : ipc_rule_find(rules->dir, key, rule);
	found = ipc_cdb_find(&rules->cdb, key, strlen(key), &data, &length);
	return found > 0 ? decide_record(data, length, rule) : found;
}

/* A u16 length at *AT and then so many bytes. */
static int part(const struct rule *rule, size_t *at, const char **bytes, size_t *length)
{
	const unsigned char *from = rule->record + *at;

	if (rule->length - *at < 2)
		return -1;
	*length = from[0] << 8 | from[1];
	if (rule->length - *at - 2 < *length)
		return -1;
	*bytes = (const char *)from + 2;
	*at += 2 + *length;
	return 0;
}

static int load_record(const struct rule *rule, struct ipc_verdict *verdict)
{
	size_t at = 1;

	if (part(rule, &at, &verdict->env, &verdict->env_length) ||
	    part(rule, &at, &verdict->exec, &verdict->exec_length) || at != rule->length)
		return -1;
	if (verdict->env_length && verdict->env[verdict->env_length - 1])
		return -1;
	for (size_t i = 0; i < verdict->env_length; i += strlen(verdict->env + i) + 1)
		if (!verdict->env[i] || verdict->env[i] == '=')
			return -1;
	return 0;
}

/* What other readers leave unread: nothing in it is an error. */
static void load_denial(const struct rule *rule, struct ipc_verdict *verdict)
{
	size_t at = 1;

	if (part(rule, &at, &verdict->message, &verdict->message_length) || at != rule->length ||
	    verdict->message_length > RULE_MESSAGE_MAX)
		verdict->message_length = 0;
}

static int load(struct ipc_rules *rules, struct rule *rule, struct ipc_verdict *verdict)
{
	struct ipc_edits env = { .text = rules->env, .size = sizeof rules->env };

	if (rule->decision == IPC_RULES_ALLOW && rule->record) {
		if (load_record(rule, verdict))
			return errno = EINVAL, -1;
	} else if (rule->decision == IPC_RULES_ALLOW) {
		if (ipc_rule_read(rule->dir, &env, rules->exec, &verdict->exec_length))
			return -1;
		verdict->env = env.text;
		verdict->env_length = env.length;
		verdict->exec = rules->exec;
	} else if (rule->decision == IPC_RULES_DENY && rule->record) {
		load_denial(rule, verdict);
	} else if (rule->decision == IPC_RULES_DENY) {
		if (ipc_rule_message(rule->dir, rules->exec, &verdict->message_length))
			return -1;
		verdict->message = rules->exec;
	}
	if (!verdict->message_length)
		verdict->message = NULL;
	if (!verdict->exec_length)
		verdict->exec = NULL;
	else if (memchr(verdict->exec, 0, verdict->exec_length))
		return errno = EINVAL, -1;
	verdict->decision = rule->decision;
	return 0;
}

/* What begin began: the verdict is RULE, or a denial if FAILED. */
static int conclude(struct ipc_rules *rules, struct rule *rule, int failed,
		    struct ipc_verdict *verdict)
{
	if (!failed)
		failed = load(rules, rule, verdict);
	drop(rule);
	end(rules);
	if (failed) {
		verdict->env = verdict->exec = verdict->message = NULL;
		verdict->env_length = verdict->exec_length = verdict->message_length = 0;
		return -1;
	}
	if (rule->decision == IPC_RULES_NONE)
		verdict->rule[0] = 0;
	return 0;
}

int ipc_rules_find(struct ipc_rules *rules, const char *key, struct ipc_verdict *verdict)
{
	struct rule rule = { .dir = -1 };
	int failed = begin(rules, verdict);

	if ((size_t)snprintf(verdict->rule, sizeof verdict->rule, "%s", key) >= sizeof verdict->rule) {
		errno = ENAMETOOLONG;
		failed = -1;
	}
	if (!failed)
		failed = find(rules, key, &rule);
	return conclude(rules, &rule, failed, verdict);
}

/* --- the question ------------------------------------------------------------------------ */

struct question {
	struct ipc_rules *rules;
	const struct ipc_peer *peer;
	int fd;				/* -1, or the connection to ask for what is not known */
	struct ipc_known known;
	struct ipc_verdict *verdict;
	struct rule best;
	unsigned long long rank;	/* of the best; less is better */
};

/* Consider one key of a step. Returns 1 if no other key of the step can change the result. */
static int consider(struct question *q, const char *family, const char *name,
		    unsigned long long rank)
{
	char key[sizeof q->verdict->rule];
	struct rule rule;
	int failed;

	if ((size_t)snprintf(key, sizeof key, "%s/%s", family, name) >= sizeof key)
		return 0;
	failed = find(q->rules, key, &rule);
	if (!failed && rule.decision == IPC_RULES_NONE)
		return 0;
	if (!failed && rule.decision == IPC_RULES_ALLOW && q->best.decision == IPC_RULES_ALLOW &&
	    rank >= q->rank) {
		drop(&rule);
		return 0;
	}
	drop(&q->best);
	q->best = rule;
	q->rank = rank;
	memcpy(q->verdict->rule, key, sizeof key);
	return failed ? -1 : rule.decision == IPC_RULES_DENY;
}

static int consider_number(struct question *q, const char *family, unsigned id,
			   unsigned long long rank)
{
	char text[16];

	snprintf(text, sizeof text, "%u", id);
	return consider(q, family, text, rank);
}

static int decided(const struct question *q)
{
	return q->best.decision != IPC_RULES_NONE;
}

/* FAMILY/self and FAMILY/N, which are two steps. */
static int by_number(struct question *q, const char *family, unsigned id, unsigned self)
{
	if (id == self && consider(q, family, "self", 0) < 0)
		return -1;
	return decided(q) ? 0 : consider_number(q, family, id, 0);
}

/* Whether there is any rule of this family. */
static int has(struct question *q, enum ipc_family family)
{
	struct ipc_rules *rules = q->rules;
	struct stat st;

	if (rules->records)
		return rules->cdb.has >> family & 1;
	if (rules->dir < 0)
		return 0;
	if (!fstatat(rules->dir, ipc_families[family], &st, 0))
		return 1;
	snprintf(q->verdict->rule, sizeof q->verdict->rule, "%s", ipc_families[family]);
	return errno == ENOENT ? 0 : -1;
}

/* An account file may hold anything. What is no name must not become a path, and a number would
 * be taken for somebody else's. */
static int is_name(const char *name)
{
	return name[0] != '.' && !strchr(name, '/') && name[strspn(name, "0123456789")];
}

static int user_name(void *data, const char *name, unsigned uid)
{
	struct question *q = data;

	return uid == q->peer->uid && is_name(name) ? consider(q, "user", name, 0) : 0;
}

static unsigned long long group_rank(const struct question *q, gid_t gid, int named)
{
	return (unsigned long long)(gid != q->peer->gid) << 33 | (unsigned long long)gid << 1 | named;
}

static int group_name(void *data, const char *name, unsigned gid)
{
	struct question *q = data;
	int member = gid == q->peer->gid;

	for (int i = 0; !member && i < q->known.count; i++)
		member = gid == q->known.groups[i];
	if (!member || gid == q->rules->unmapped_gid || !is_name(name))
		return 0;
	return consider(q, "group", name, group_rank(q, gid, 1));
}

static int by_names(struct question *q, const char *path,
		    int (*visit)(void *, const char *, unsigned))
{
	int result = ipc_account_walk(path, visit, q);

	/* without the file nobody has a name; a rule never fails with this */
	return result < 0 && errno == ENOENT ? 0 : result;
}

static int by_user_name(struct question *q)
{
	int some = has(q, IPC_USERS);

	return some > 0 ? by_names(q, "/etc/passwd", user_name) : some;
}

static int room_for_groups(struct ipc_rules *rules, int max)
{
	gid_t *groups = realloc(rules->groups, max * sizeof *groups);

	if (!groups)
		return -1;
	rules->groups = groups;
	rules->groups_max = max;
	return 0;
}

/* The groups of the peer, none if the kernel is one that does not say. */
static int ask_groups(struct question *q)
{
	struct ipc_rules *rules = q->rules;

	if (!rules->groups && room_for_groups(rules, GROUPS_MOST_HAVE))
		return -1;
	q->known.count = ipc_peer_groups(q->fd, rules->groups, rules->groups_max);
	if (q->known.count < 0 && errno == ERANGE && rules->groups_max < GROUPS_MAX) {
		if (room_for_groups(rules, GROUPS_MAX))
			return -1;
		q->known.count = ipc_peer_groups(q->fd, rules->groups, rules->groups_max);
	}
	q->known.groups = rules->groups;
	/* else what is not known could let in whom a group shuts out */
	return q->known.count >= 0 || errno == ENOPROTOOPT || errno == EOPNOTSUPP ||
	       errno == ENODATA ? 0 : -1;
}

static int by_groups(struct question *q)
{
	int result = has(q, IPC_GROUPS);

	if (result <= 0)
		return result;
	if (q->fd >= 0 && ask_groups(q))
		return -1;
	result = 0;
	for (int i = -1; !result && i < q->known.count; i++) {
		gid_t gid = i < 0 ? q->peer->gid : q->known.groups[i];

		if (gid != q->rules->unmapped_gid && (i < 0 || gid != q->peer->gid))
			result = consider_number(q, "group", gid, group_rank(q, gid, 0));
	}
	return result ? result : by_names(q, "/etc/group", group_name);
}

/* FAMILY/ and LENGTH bytes of what others have named, in which ':' stands for '/'. */
static int consider_foreign(struct question *q, enum ipc_family family, const char *text,
			    size_t length)
{
	char name[NAME_MAX + 1];

	/* one over 255 bytes can be no file, and one with a dot could lead elsewhere */
	if (!length || length > NAME_MAX || *text == '.')
		return 0;
	for (size_t i = 0; i < length; i++)
		name[i] = text[i] == '/' ? ':' : text[i];
	name[length] = 0;
	return consider(q, ipc_families[family], name, 0);
}

/* Does a rule name this, and is it known? Where nobody has said it, *KNOWN becomes the kernel's
 * word. It is an error if there is none: else a rule might not shut out whom it should. */
static int learn(struct question *q, enum ipc_family family, const char **known, char *text,
		 size_t size)
{
	int some = has(q, family), failed;

	if (some <= 0)
		return some;
	snprintf(q->verdict->rule, sizeof q->verdict->rule, "%s", ipc_families[family]);
	if (*known)
		return 1;
	if (q->fd < 0)
		return errno = ENODATA, -1;
	*known = text;
	failed = family == IPC_CGROUPS ? ipc_peer_cgroup(q->fd, q->peer, text, size)
				       : ipc_peer_label(q->fd, q->peer, text, size);
	return failed ? -1 : 1;
}

/* Is nothing above that? A ".." leads out of our cgroup namespace: what is there is not below "/". */
static int is_top(const char *path, size_t length)
{
	return length == 1 || (length > 2 && !memcmp(path + length - 3, "/..", 3));
}

/* The length of the path of the cgroup above. */
static size_t above(const char *path, size_t length)
{
	while (length > 1 && path[--length] != '/')
		;
	return length ? length : 1;
}

/* The rule of its cgroup, else the one of the nearest above it. Not inline: whom no such rule could
 * decide about must not pay for so large a frame. */
static __attribute__((noinline)) int by_cgroup(struct question *q)
{
	char text[IPC_CGROUP_MAX];
	int result = learn(q, IPC_CGROUPS, &q->known.cgroup, text, sizeof text);
	const char *path = q->known.cgroup;
	size_t length;

	if (result <= 0)
		return result;
	if (*path != '/')
		return errno = ENODATA, -1;
	/* a ':' of its own must not be taken for a '/' */
	length = strcspn(path, ":");
	if (path[length])
		length = above(path, length);
	do {
		result = consider_foreign(q, IPC_CGROUPS, path, length);
		if (is_top(path, length))
			break;
		length = above(path, length);
	} while (!result && !decided(q));
	return result;
}

static __attribute__((noinline)) int by_label(struct question *q)
{
	char text[IPC_LABEL_MAX];
	int result = learn(q, IPC_LABELS, &q->known.label, text, sizeof text);

	if (result <= 0)
		return result;
	return consider_foreign(q, IPC_LABELS, q->known.label, strlen(q->known.label));
}

/* The keys in their order, until one decides. Returns -1 if a rule cannot be read. */
static int decide(struct question *q)
{
	const struct ipc_peer *peer = q->peer;

	if (peer->uid == q->rules->unmapped_uid)
		return consider(q, "uid", "unmapped", 0);
	if (by_number(q, "uid", peer->uid, q->rules->uid) < 0)
		return -1;
	if (!decided(q) && by_user_name(q) < 0)
		return -1;
	if (!decided(q) && peer->gid != q->rules->unmapped_gid &&
	    by_number(q, "gid", peer->gid, q->rules->gid) < 0)
		return -1;
	if (!decided(q) && by_groups(q) < 0)
		return -1;
	if (!decided(q) && by_cgroup(q) < 0)
		return -1;
	if (!decided(q) && by_label(q) < 0)
		return -1;
	return decided(q) ? 0 : consider(q, "uid", "default", 0);
}

/* --- all of them ------------------------------------------------------------------------- */

struct walk {
	struct ipc_rules *rules;
	struct ipc_verdict *verdict;
	int (*visit)(void *, const struct ipc_verdict *);
	void *data;
	const char *family;
};

/* Load the rule that verdict->rule names and show it. */
static int show(struct walk *walk, struct rule *rule)
{
	int failed = rule->decision == IPC_RULES_NONE ? 0 : load(walk->rules, rule, walk->verdict);

	drop(rule);
	if (failed || rule->decision == IPC_RULES_NONE)
		return failed;
	return walk->visit(walk->data, walk->verdict);
}

static int walk_key(void *data, const char *name)
{
	struct walk *walk = data;
	struct ipc_verdict *verdict = walk->verdict;
	struct rule rule;

	*verdict = (struct ipc_verdict){ .decision = IPC_RULES_DENY };
	if ((size_t)snprintf(verdict->rule, sizeof verdict->rule, "%s/%s", walk->family, name) >=
	    sizeof verdict->rule)
		return errno = ENAMETOOLONG, -1;
	return ipc_rule_find(walk->rules->dir, verdict->rule, &rule) ? -1 : show(walk, &rule);
}

static int walk_family(void *data, const char *name)
{
	struct walk *walk = data;
	int fd, result;

	snprintf(walk->verdict->rule, sizeof walk->verdict->rule, "%s", name);
	fd = openat(walk->rules->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	walk->family = name;
	result = ipc_directory_walk(fd, walk_key, walk);
	ipc_fail(fd);
	return result;
}

static int walk_directory(struct walk *walk)
{
	int fd, result;

	if (walk->rules->dir < 0)
		return errno = ENOENT, -1;
	fd = openat(walk->rules->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	result = ipc_directory_walk(fd, walk_family, walk);
	ipc_fail(fd);
	return result;
}

static int walk_record(struct walk *walk, const unsigned char *key, size_t key_length,
		       const unsigned char *data, size_t length)
{
	struct ipc_verdict *verdict = walk->verdict;
	struct rule rule = { .dir = -1 };
	const unsigned char *first;
	size_t first_length;
	int found;

	*verdict = (struct ipc_verdict){ .decision = IPC_RULES_DENY };
	snprintf(verdict->rule, sizeof verdict->rule, "%.*s",
		 (int)(key_length < sizeof verdict->rule ? key_length : sizeof verdict->rule), key);
	if (strlen(verdict->rule) != key_length)
		return errno = EINVAL, -1;
	/* only the first of two records with the same key counts */
	found = ipc_cdb_find(&walk->rules->cdb, key, key_length, &first, &first_length);
	if (found <= 0 || first != data)
		return found < 0 ? -1 : 0;
	return decide_record(data, length, &rule) ? -1 : show(walk, &rule);
}

static int walk_cdb(struct walk *walk)
{
	const unsigned char *key, *data;
	size_t key_length, length, at = CDB_HEADER;
	int result;

	while ((result = ipc_cdb_next(&walk->rules->cdb, &at, &key, &key_length, &data, &length)) > 0) {
		result = walk_record(walk, key, key_length, data, length);
		if (result)
			break;
	}
	return result;
}

int ipc_rules_walk(struct ipc_rules *rules, int (*visit)(void *, const struct ipc_verdict *),
		   void *data, struct ipc_verdict *verdict)
{
	struct walk walk = { .rules = rules, .verdict = verdict, .visit = visit, .data = data };
	int result = begin(rules, verdict);

	if (!result)
		result = rules->format == IPC_RULES_CDB ? walk_cdb(&walk) : walk_directory(&walk);
	end(rules);
	return result;
}

/* --- remembering a directory ------------------------------------------------------------- */

static int remember_rule(void *cdb, const struct ipc_verdict *rule)
{
	return ipc_cdb_put_rule(cdb, rule);
}

/* Whether there is a directory of this family, with rules or without. */
static int has_family(struct ipc_rules *rules, enum ipc_family family)
{
	struct ipc_verdict verdict;

	return has(&(struct question){ .rules = rules, .verdict = &verdict }, family) > 0;
}

/* Keep all rules in memory, if it can be told when one of them changes and none is broken. They
 * are watched before they are read, so that no change is missed. */
static void remember(struct ipc_rules *rules)
{
	struct ipc_cdb *cdb = ipc_cdb_new();
	struct ipc_verdict verdict;
	struct walk walk = { .rules = rules, .verdict = &verdict, .visit = remember_rule,
			     .data = cdb };

	if (cdb && !begin(rules, &verdict) && !ipc_tree_watch(&rules->tree, rules->dir) &&
	    !walk_directory(&walk) && !ipc_cdb_take(cdb, &rules->cdb)) {
		rules->cdb.has = 0;
		for (int i = 0; i < IPC_FAMILIES; i++)
			rules->cdb.has |= has_family(rules, i) << i;
	}
	end(rules);
	ipc_cdb_free(cdb);
}

/* Whether this question can be answered from memory. Reading all rules is dear: a set that is asked
 * once, as by a link of a chain, is never read, and one that changes all the time once a second. */
static int remembered(struct ipc_rules *rules)
{
	long long now;
	int same;

	if (!rules->cached)
		return 0;
	if (!rules->cdb.data) {
		now = ipc_now();
		if (!rules->next || now < rules->next) {
			rules->next = rules->next ? rules->next : now;
			return 0;
		}
		remember(rules);
		rules->next = now + (rules->cdb.data ? AGAIN : LATER);
	}
	same = rules->cdb.data && ipc_tree_same(&rules->tree, rules->path);
	if (!same)
		forget(rules);
	/* a server that forks pays for each page that is written */
	if (rules->records != same)
		rules->records = same;
	return same;
}

/* --- asking ------------------------------------------------------------------------------ */

static int ask(struct question *q)
{
	int failed = 0;

	if (remembered(q->rules))
		*q->verdict = (struct ipc_verdict){ .decision = IPC_RULES_DENY };
	else
		failed = begin(q->rules, q->verdict);
	q->best = (struct rule){ .decision = IPC_RULES_NONE, .dir = -1 };
	if (!failed)
		failed = decide(q) < 0;
	return conclude(q->rules, &q->best, failed, q->verdict);
}

int ipc_rules_check_known(struct ipc_rules *rules, const struct ipc_peer *peer,
			  const struct ipc_known *known, struct ipc_verdict *verdict)
{
	return ask(&(struct question){ .rules = rules, .peer = peer, .fd = -1, .known = *known,
				       .verdict = verdict });
}

int ipc_rules_check(struct ipc_rules *rules, const struct ipc_peer *peer, const gid_t *groups,
		    int count, struct ipc_verdict *verdict)
{
	struct ipc_known known = { .groups = groups, .count = count };

	return ipc_rules_check_known(rules, peer, &known, verdict);
}

int ipc_rules_check_fd(struct ipc_rules *rules, const struct ipc_peer *peer, int fd,
		       struct ipc_verdict *verdict)
{
	return ask(&(struct question){ .rules = rules, .peer = peer, .fd = fd,
				       .verdict = verdict });
}
