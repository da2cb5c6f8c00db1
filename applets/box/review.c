/* SPDX-License-Identifier: ISC */
/* rules that can match nobody; see review.h */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "review.h"
#include "rules.h"

struct review {
	const char *path;
	int how, dir;
	unsigned found;
	const char *family, *name;	/* of the rule in a directory */
	int deny, allow, unknown;	/* its files */
};

static void tell(struct review *review, const char *key, const char *what)
{
	review->found++;
	if (review->how & REVIEW_PRINT) {
		printf("%s: ", review->path);
		/* the name of a file: none may look like another line */
		print_plain(key, strlen(key));
		printf(": %s\n", what);
	} else if (review->how & REVIEW_WARN) {
		warning("%s: %s: %s", review->path, key, what);
	}
}

static void tell_unreadable(struct review *review, const char *key)
{
	if (review->how & REVIEW_PRINT)
		tell(review, key, strerror(errno));
}

/* --- keys -------------------------------------------------------------------------------- */

/* As rules are looked for: decimal, and no zeros before it. The last number is no id. */
static int is_id(const char *name)
{
	unsigned id;
	char text[12];

	if (ipc_number(name, 10, UINT_MAX - 1, &id))
		return 0;
	snprintf(text, sizeof text, "%u", id);
	return !strcmp(name, text);
}

static int is_digits(const char *name)
{
	return !name[strspn(name, "0123456789")];
}

static int is_same(void *data, const char *name, unsigned id)
{
	(void)id;
	return !strcmp(data, name);
}

static int is_in(const char *file, const char *name)
{
	int found = ipc_account_walk(file, is_same, (void *)name);

	/* nobody knows what is in a file that cannot be read */
	return found > 0 || (found < 0 && errno != ENOENT);
}

/* What is wrong with a user's or group's NAME, NULL if nothing is. */
static const char *why_not_name(const char *family, const char *name)
{
	if (*family == 'g' && is_id(name))
		return NULL;
	if (is_digits(name))
		return *family == 'g' ? "not the number of a group"
				      : "a number is no name, uid/N is the rule for it";
	if (is_in(*family == 'g' ? "/etc/group" : "/etc/passwd", name))
		return NULL;
	return *family == 'g' ? "no such group in /etc/group" : "no such user in /etc/passwd";
}

static int is_cgroup(const char *name)
{
	return *name == ':' && !strstr(name, "::") && (!name[1] || name[strlen(name) - 1] != ':');
}

/* Families of services on other sockets, whose rules may be the same set. */
static int is_foreign(const char *family)
{
	return !strcmp(family, "ip4") || !strcmp(family, "ip6") || !strcmp(family, "reversedns");
}

/* Why nobody can match FAMILY/NAME, NULL if somebody can. */
static const char *why_not(const char *family, const char *name)
{
	if (is_foreign(family))
		return NULL;
	if (!strcmp(family, "user") || !strcmp(family, "group"))
		return why_not_name(family, name);
	if (!strcmp(family, "uid"))
		return is_id(name) || !strcmp(name, "self") || !strcmp(name, "default") ||
		       !strcmp(name, "unmapped") ? NULL : "not a user id, self, default or unmapped";
	if (!strcmp(family, "gid"))
		return is_id(name) || !strcmp(name, "self") ? NULL : "not a group id or self";
	if (!strcmp(family, "cgroup"))
		return is_cgroup(name) ? NULL : "not the path of a cgroup, with : for each /";
	if (!strcmp(family, "label"))
		return *name ? NULL : "not a label";
	return "no such family, there are uid, user, gid, group, cgroup and label";
}

static void judge_key(struct review *review, const char *key, int denies)
{
	const char *name = strchr(key, '/'), *why;
	char family[16];

	snprintf(family, sizeof family, "%.*s", (int)strcspn(key, "/"), key);
	why = why_not(family, name ? name + 1 : "");
	if (!why)
		return;
	if (denies && review->how & REVIEW_STRICT &&
	    (!strcmp(family, "user") || !strcmp(family, "group")))
		die(EXIT_USAGE, "%s: %s is to be denied: %s", review->path, key, why);
	tell(review, key, why);
}

static int visit(void *review, const struct ipc_verdict *rule)
{
	judge_key(review, rule->rule, rule->decision == IPC_RULES_DENY);
	return 0;
}

/* --- directories ------------------------------------------------------------------------- */

/* Call VISIT for what is in the directory KEY, if it can be read. */
static void walk(struct review *review, int dir, const char *name, const char *key,
		 int (*visit)(void *, const char *))
{
	int before = review->dir, fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	review->dir = fd;
	if (fd < 0 || ipc_directory_walk(fd, visit, review))
		tell_unreadable(review, key);
	close_failed(fd);
	review->dir = before;
}

static int is_directory(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) || S_ISDIR(st.st_mode);
}

static int see_file(void *data, const char *name)
{
	static const char *const known[] = { "env", "exec", "message" };
	struct review *review = data;
	char path[3 * NAME_MAX + 3];

	if (!strcmp(name, "allow"))
		return review->allow = 1, 0;
	if (!strcmp(name, "deny"))
		return review->deny = 1, 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(name, known[i]))
			return 0;
	review->unknown = 1;
	snprintf(path, sizeof path, "%s/%s/%s", review->family, review->name, name);
	tell(review, path, "means nothing in a rule");
	return 0;
}

static int see_rule(void *data, const char *name)
{
	struct review *review = data;
	char key[2 * NAME_MAX + 2];

	snprintf(key, sizeof key, "%s/%s", review->family, name);
	if (!is_directory(review->dir, name)) {
		tell(review, key, "not a directory");
		return 0;
	}
	review->name = name;
	review->allow = review->deny = review->unknown = 0;
	walk(review, review->dir, name, key, see_file);
	if (review->allow || review->deny)
		judge_key(review, key, !review->allow);
	else if (!review->unknown && !faccessat(review->dir, name, R_OK | X_OK, AT_EACCESS))
		tell(review, key, "neither allow nor deny");
	return 0;
}

static int see_family(void *data, const char *name)
{
	struct review *review = data;

	/* others may keep a README here */
	if (is_foreign(name) || !is_directory(review->dir, name))
		return 0;
	review->family = name;
	walk(review, review->dir, name, name, see_rule);
	return 0;
}

unsigned review_rules(struct ipc_rules *rules, const char *path, int format, int how)
{
	struct review review = { .path = path, .how = how, .dir = -1 };
	struct ipc_verdict place;

	if (format == IPC_RULES_CDB) {
		if (ipc_rules_walk(rules, visit, &review, &place))
			tell_unreadable(&review, place.rule);
	} else if (access(path, F_OK) && errno == ENOENT) {
		tell(&review, "the directory", "there is none, so everybody is refused");
	} else {
		walk(&review, AT_FDCWD, path, "the directory", see_family);
	}
	if (how & REVIEW_PRINT)
		flush_output();
	return review.found;
}
