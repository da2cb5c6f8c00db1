/* SPDX-License-Identifier: ISC */
/* what a client of the holder may do: the environment that its access rule sets */
#include "fdholderd.h"
#include "holder_rule.h"
#include "rules.h"

enum { EPISODE = 10000 };

static const char *const pattern_names[PATTERNS] = { HOLDER_STORE, HOLDER_RETRIEVE };

int is_privileged(const struct ipc_peer *peer)
{
	return is_own_user(peer->uid);
}

void tell_lack(struct holder *holder, enum lack what, uid_t uid)
{
	static const char *const texts[] = {
		[LACK_PLACES] = "no place for another client of uid %u",
		[LACK_USER_PLACES] = "uid %u has as many clients as it may have",
		[LACK_ROOM] = "no room to hold anything more of uid %u",
		[LACK_USER_ROOM] = "uid %u has as many descriptors here as it may have"
	};
	struct episode *e = holder->episodes, *end = e + EPISODES, *unused = NULL;
	long long now = now_ms();

	for (; e < end && (e->end <= now || e->what != what || e->uid != uid); e++)
		if (e->end <= now)
			unused = e;
	if (e == end && !unused)
		return;
	if (e == end) {
		e = unused;
		if (holder->verbosity)
			warning(texts[what], uid);
	}
	*e = (struct episode){ what, uid, now + EPISODE };
}

static void full(void *data, int error)
{
	struct grants *grants = data;

	tell_lack(grants->holder, error == ENFILE ? LACK_ROOM : LACK_USER_ROOM, grants->uid);
}

static int may(void *data, enum ipc_holder_request what, const char *name)
{
	struct grants *grants = data;
	int i = what == IPC_HOLDER_RETRIEVE;

	return grants->patterns[i] && ipc_expression_match(grants->patterns[i], name);
}

static int compile(struct holder *holder, struct grants *grants, const struct ipc_edits *env,
		   const struct ipc_peer *peer)
{
	for (int i = 0; i < PATTERNS; i++) {
		const char *value;

		if (ipc_edits_find(env, pattern_names[i], &value) != IPC_EDIT_SET)
			continue;
		grants->patterns[i] = ipc_expression_compile(value);
		if (!grants->patterns[i]) {
			if (holder->verbosity)
				say_refused(peer->uid, applet_name, "warning", "invalid %s value: %s:",
					pattern_names[i], value);
			return -1;
		}
	}
	return 0;
}

static int check_rule(void *data, const struct ipc_verdict *rule)
{
	struct ipc_edits env = { (char *)rule->env, rule->env_length, rule->env_length };
	const char *value, *name = ipc_holder_mistake(&env, &value);

	if (!name)
		return 0;
	if (!*(int *)data)
		die(EXIT_USAGE, "rule %s: invalid %s value: %s:", rule->rule, name, value);
	warning("rule %s: invalid %s value: %s:", rule->rule, name, value);
	return 0;
}

void check_rules(const struct holder *holder, int lenient)
{
	struct ipc_verdict place;

	/* rules that are not there yet, or cannot be read, let nobody in */
	if (ipc_rules_walk(holder->rules, check_rule, &lenient, &place) && holder->verbosity &&
	    errno != ENOENT)
		warning("unable to check the rules in %s%s%s:", holder->rules_path,
			*place.rule ? "/" : "", place.rule);
}

static unsigned flags(const struct ipc_edits *env, const struct ipc_peer *peer)
{
	static const char *const names[] = {
		"S6_FDHOLDER_LIST", "S6_FDHOLDER_GETDUMP", "S6_FDHOLDER_SETDUMP"
	};
	unsigned flags = 0;
	const char *value;

	for (int i = 0; i < 3; i++)
		if (ipc_edits_find(env, names[i], &value) == IPC_EDIT_SET)
			flags |= 1 << i;
	/* who takes over ends us, and only these could anyway */
	if (flags & IPC_HOLDER_MAY_GETDUMP && is_privileged(peer))
		flags |= IPC_HOLDER_MAY_TAKEOVER;
	return flags;
}

void grants_clear(struct grants *grants)
{
	for (int i = 0; i < PATTERNS; i++)
		ipc_expression_free(grants->patterns[i]);
	*grants = (struct grants){ .holder = NULL };
}

int grants_get(struct holder *holder, int fd, const struct ipc_peer *peer, struct grants *grants)
{
	struct ipc_verdict verdict;
	struct ipc_edits env;
	unsigned quota;
	int failed;

	*grants = (struct grants){ .holder = NULL };
	if (!holder->rules)
		return -1;
	if (fd < 0)
		failed = ipc_rules_check(holder->rules, peer, NULL, 0, &verdict);
	else
		failed = ipc_rules_check_fd(holder->rules, peer, fd, &verdict);
	if (failed) {
		if (holder->verbosity)
			say_refused(peer->uid, applet_name, "warning", "error while checking rules: %s:",
				verdict.rule);
		return -1;
	}
	if (verdict.decision != IPC_RULES_ALLOW)
		return -1;
	if (verdict.exec && holder->verbosity)
		warning("unused exec string in rules for uid %u gid %u", peer->uid, peer->gid);
	env = (struct ipc_edits){ (char *)verdict.env, verdict.env_length, verdict.env_length };
	quota = is_privileged(peer) ? 0 : holder->user_fds;
	if (ipc_holder_quota(&env, &quota)) {
		if (holder->verbosity)
			warning("invalid " HOLDER_QUOTA " value for uid %u:", peer->uid);
		return -1;
	}
	if (compile(holder, grants, &env, peer)) {
		grants_clear(grants);
		return -1;
	}
	grants->rights = (struct ipc_holder_rights){
		.flags = flags(&env, peer), .may = may, .data = grants, .others = guests_others,
		.quota = quota, .kept = is_privileged(peer) ? 0 : holder->max_fds / 8, .full = full
	};
	grants->holder = holder;
	grants->uid = peer->uid;
	return 0;
}
