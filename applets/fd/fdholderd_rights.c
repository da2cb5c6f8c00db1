/* SPDX-License-Identifier: ISC */
/* what a client of the holder may do: the environment that its access rule sets */
#include "fdholderd.h"

enum { MOST_GROUPS = 1024 };

static const char *const pattern_names[PATTERNS] = {
	"S6_FDHOLDER_STORE_REGEX", "S6_FDHOLDER_RETRIEVE_REGEX"
};

static int may(void *data, enum ipc_holder_request what, const char *name)
{
	struct grants *grants = data;
	int i = what == IPC_HOLDER_RETRIEVE;

	return grants->patterns[i] && ipc_expression_match(grants->patterns[i], name);
}

static int compile(struct holder *holder, struct grants *grants, const struct ipc_edits *env)
{
	for (int i = 0; i < PATTERNS; i++) {
		const char *value;

		if (ipc_edits_find(env, pattern_names[i], &value) != IPC_EDIT_SET)
			continue;
		grants->patterns[i] = ipc_expression_compile(value);
		if (!grants->patterns[i]) {
			if (holder->verbosity)
				warn("invalid %s value: %s:", pattern_names[i], value);
			return -1;
		}
	}
	return 0;
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
	if (flags & IPC_HOLDER_MAY_GETDUMP && (!peer->uid || peer->uid == geteuid()))
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
	gid_t groups[MOST_GROUPS];
	struct ipc_verdict verdict;
	struct ipc_edits env;
	int count = fd < 0 ? -1 : ipc_peer_groups(fd, groups, MOST_GROUPS);

	*grants = (struct grants){ .holder = NULL };
	if (!holder->rules)
		return -1;
	if (ipc_rules_check(holder->rules, peer, groups, count > 0 ? count : 0, &verdict)) {
		if (holder->verbosity)
			warn("error while checking rules: %s:", verdict.rule);
		return -1;
	}
	if (verdict.decision != IPC_RULES_ALLOW)
		return -1;
	if (verdict.exec && holder->verbosity)
		warn("unused exec string in rules for uid %u gid %u", peer->uid, peer->gid);
	env = (struct ipc_edits){ (char *)verdict.env, verdict.env_length, verdict.env_length };
	if (compile(holder, grants, &env)) {
		grants_clear(grants);
		return -1;
	}
	grants->rights = (struct ipc_holder_rights){ .flags = flags(&env, peer), .may = may,
						     .data = grants, .others = guests_others };
	grants->holder = holder;
	return 0;
}
