/* access: let a client pass if the rules say so
 *
 * SPDX-License-Identifier: ISC

config ACCESS
	bool "ipcaccess"
	default y
	help
	  usage: ipcaccess [-v N] [-e|-E] [-l LOCAL] [-m TEXT] [-i DIR|-x CDB] PROG...
	  or: ipcaccess [-i DIR|-x CDB] -n UID:GID[,GID...] [--cgroup=PATH] [--label=LABEL]
	  or: ipcaccess -i DIR|-x CDB --check

	  Judge the client by the rules in the directory DIR or the file CDB. If they allow it,
	  make the changes to the environment that the rule has and go on with PROG, or with the
	  script in the rule's exec file. If a rule denies it, if no rule matches, or if a rule
	  cannot be read, the client is refused. Without rules every client is allowed.

	  -v N      0: errors are not logged either; 1: allowed and refused clients are logged, with
	            the rule that refused (the default); 2: that there are no rules is a warning
	  -e        set ${PROTO}LOCALPATH (the default)
	  -E        remove PROTO and the variables about the connection
	  -l LOCAL  the value of ${PROTO}LOCALPATH; without it the variable stays as it is and,
	            if there is none, becomes the name of the socket
	  -m TEXT   a refused client is sent the line TEXT, unless the rule that decided has a
	            message of its own; what a client does not take at once is lost. To ipcclient -e
	            and ipcping -t that is an answer
	  -i DIR    rules in a directory; a change counts from the next client on
	  -x CDB    rules in a file made by ipcrules2cdb, read again when it is replaced
	  -n UID:GID[,GID...]
	            ask for this client, print the answer and run nothing; ids are numbers or
	            names, the first group is the primary one
	  --cgroup=PATH
	            in that cgroup; -n needs it if a rule for a cgroup could decide
	  --label=LABEL
	            of that label, the same; without --label, -n asks for one that has none
	  --check   print each rule that can match nobody and what is no rule, run nothing, and exit
	            with 1 if there is one, else with 0

	  What --check prints is a warning at start, and with -n; a rule that denies a user or a group
	  by a name that nobody has is an error at start.

	  Rules:
	  A rule is a directory DIR/KEY with a file allow or deny, of any content, and perhaps a
	  directory env and a file exec. These keys are tried, and the first that is there
	  decides:

	  uid/self      the client has our effective user id
	  uid/N         the client's user id
	  user/NAME     the client's user by name, of /etc/passwd
	  gid/self      the client has our effective group id
	  gid/N         the client's primary group id
	  group/N       the client is in group N, in any way
	  group/NAME    the same by name, of /etc/group
	  cgroup/NAME   the client's process is in that cgroup or below it; the longest NAME
	                counts. It is the path with ":" for each "/", as :system.slice:a.service
	  label/NAME    what the security module calls it, with ":" for each "/"
	  uid/default   everybody
	  uid/unmapped  instead of all others: a user whom our user namespace does not map

	  If it comes to rules for cgroups, a client whose cgroup cannot be learnt, as one that has
	  ended, is refused.

	  All groups of a client are one step, and a rule that denies one of them weighs more
	  than one that allows another. A file env/NAME holds the value of a variable in its
	  first line, NUL for newline; an empty file removes the variable. The file exec is run
	  by execlineb. The file message of a rule that denies, at most 1024 bytes, is sent to the
	  client as it is.

	  Environment:
	  PROTO                  prefix of the variables below
	  ${PROTO}REMOTEEUID     the client's user, for a link of a chain
	  ${PROTO}REMOTEEGID     its primary group
	  ${PROTO}REMOTEGROUPS   its other groups, with commas; may be missing
	  ${PROTO}REMOTECGROUP   its cgroup, and
	  ${PROTO}REMOTELABEL    its label, if descriptor 0 is not its connection; may be missing
	  ${PROTO}RULE           set to the rule that let the client pass, such as uid/1000
*/
#include <limits.h>
#include <sys/un.h>

#include "gate.h"
#include "review.h"
#include "rules.h"

enum { NAMES_MAX = 64 };

struct access {
	unsigned verbosity;
	int hide;		/* -E */
	const char *local;	/* -l */
	const char *message;	/* -m */
	const char *path;	/* of the rules; NULL: none */
	int format;
	struct ipc_rules *rules;
	int asked;		/* an error now is one of the rules */
	char *prog[4];
	char exec[65536];	/* what the format can hold */
};

/* --- judging ----------------------------------------------------------------------------- */

/* The path that the connection on fd 0 came in by. */
static int socket_path(char *text)
{
	struct ipc_address address = { .dir = -1 };

	address.length = sizeof address.sun;
	if (getsockname(0, (struct sockaddr *)&address.sun, &address.length))
		return -1;
	ipc_address_text(&address, text);
	return 0;
}

static int edit(struct grant *grant, const char *proto, const char *fact, const char *value)
{
	char name[128];

	if ((size_t)snprintf(name, sizeof name, "%s%s", proto, fact) >= sizeof name)
		return errno = ENAMETOOLONG, -1;
	return ipc_edits_add(&grant->env, name, value);
}

static int hide(const struct client *client, struct grant *grant)
{
	static const char facts[][14] = {
		"REMOTEEUID", "REMOTEEGID", "REMOTEPATH", "LOCALPATH", "CONNNUM", "REMOTEPID",
		"REMOTEGROUPS", "RULE",
		/* of -F */
		"REMOTECGROUP", "REMOTEEXE", "REMOTECOMM", "REMOTELABEL", "REMOTESTART",
		"REMOTEPIDFD", "REMOTEUSER", "REMOTEGROUP",
	};
	size_t count = client->link || client->more ? sizeof facts / sizeof facts[0] : 8;

	for (size_t i = 0; i < count; i++)
		if (edit(grant, client->proto, facts[i], NULL))
			return -1;
	return ipc_edits_add(&grant->env, "PROTO", NULL);
}

static int set_local(const struct access *access, const struct client *client, struct grant *grant)
{
	char name[128], path[sizeof(struct sockaddr_un)];

	if (access->local)
		return edit(grant, client->proto, "LOCALPATH", access->local);
	snprintf(name, sizeof name, "%sLOCALPATH", client->proto);
	/* inside the server it is the server's to set */
	if (!client->link || grant_variable(grant, name))
		return 0;
	return socket_path(path) ? -1 : edit(grant, client->proto, "LOCALPATH", path);
}

/* The word for errno, if it is about a rule. */
static const char *why(void)
{
	if (errno == ENOSPC)
		return "no room for so many variables";
	return errno == E2BIG ? "env, exec or message is too big" : strerror(errno);
}

static enum judgement fault(struct grant *grant, const char *what)
{
	snprintf(grant->reason, sizeof grant->reason, "%s: %s", what, why());
	return GATE_ERROR;
}

/* What a refused client is told: the rule knows best. */
static void set_message(struct grant *grant, const char *text, size_t length)
{
	if (length > sizeof grant->message - 1)
		length = sizeof grant->message - 1;
	memcpy(grant->message, text, length);
	grant->message_length = length;
}

static enum judgement obey(struct access *access, const struct client *client, struct grant *grant)
{
	struct ipc_verdict verdict;
	struct ipc_known known = {
		.groups = client->groups, .count = client->ngroups > 0 ? client->ngroups : 0,
		.cgroup = client->cgroup, .label = client->label
	};
	int failed;

	if (client->fd >= 0)
		failed = ipc_rules_check_fd(access->rules, &client->peer, client->fd, &verdict);
	else
		failed = ipc_rules_check_known(access->rules, &client->peer, &known, &verdict);
	if (failed)
		return fault(grant, *verdict.rule ? verdict.rule : "rules");
	if (verdict.decision == IPC_RULES_NONE)
		snprintf(grant->reason, sizeof grant->reason, "no rule matches");
	else
		snprintf(grant->reason, sizeof grant->reason, "rule %s", verdict.rule);
	if (verdict.message)
		set_message(grant, verdict.message, verdict.message_length);
	if (verdict.decision != IPC_RULES_ALLOW)
		return GATE_DENY;
	if (edit(grant, client->proto, "RULE", verdict.rule) ||
	    ipc_edits_append(&grant->env, verdict.env, verdict.env_length))
		return fault(grant, verdict.rule);
	if (verdict.exec) {
		memcpy(access->exec, verdict.exec, verdict.exec_length);
		access->exec[verdict.exec_length] = 0;
		grant->prog = access->prog;
	}
	return GATE_ALLOW;
}

static enum judgement judge(void *data, const struct client *client, struct grant *grant)
{
	struct access *access = data;
	enum judgement judgement = GATE_ALLOW;

	if (access->rules)
		judgement = obey(access, client, grant);
	if (judgement == GATE_ERROR)
		access->asked = 1;
	if (judgement != GATE_ALLOW && access->message && !grant->message_length)
		set_message(grant, access->message, strlen(access->message));
	if (judgement != GATE_ALLOW)
		return judgement;
	/* a server that forks pays for each page that is written */
	if (access->asked)
		access->asked = 0;
	if (!access->rules && edit(grant, client->proto, "RULE", NULL))
		return fault(grant, "environment");
	if (access->hide ? hide(client, grant) : set_local(access, client, grant))
		return fault(grant, access->hide ? "environment" : "local path");
	return GATE_ALLOW;
}

static void report(void *data, const char *name, const struct client *client,
		   enum judgement judgement, const char *reason, pid_t pid)
{
	const struct access *access = data;

	if (judgement == GATE_ALLOW && access->verbosity >= 1)
		say(name, "info", "allow pid %d uid %u gid %u", (int)pid, client->peer.uid,
		    client->peer.gid);
	if (judgement == GATE_DENY && access->verbosity >= 1)
		gate_say_denied(name, "info", client, pid, reason);
	if (judgement == GATE_ERROR && access->verbosity >= 1 && access->asked)
		say_refused(client->peer.uid, name, "fatal", "unable to check the rules in %s for uid %u: %s",
			access->path, client->peer.uid, reason);
	else if (judgement == GATE_ERROR && access->verbosity >= 1)
		say_refused(client->peer.uid, name, "fatal", "unable to judge uid %u: %s",
			client->peer.uid, reason);
}

/* --- dry run ----------------------------------------------------------------------------- */

static void print_verdict(const struct ipc_verdict *verdict)
{
	for (size_t i = 0; i < verdict->env_length; i += strlen(verdict->env + i) + 1) {
		fputs(strchr(verdict->env + i, '=') ? "set " : "unset ", stdout);
		print_plain(verdict->env + i, strlen(verdict->env + i));
		putchar('\n');
	}
	if (verdict->message) {
		fputs("message ", stdout);
		print_plain(verdict->message, verdict->message_length);
		putchar('\n');
	}
	if (verdict->exec) {
		fputs("exec ", stdout);
		print_plain(verdict->exec, verdict->exec_length);
		putchar('\n');
	}
}

/* UID:GID[,GID...], of which the first group is the peer's. Returns how many others there are. */
static int parse_client(char *text, struct ipc_peer *peer, gid_t *groups)
{
	char *group = strchr(text, ':'), *next;
	int count = -1;
	gid_t gid;

	if (!group)
		usage("-n needs UID:GID: %s", text);
	*group++ = 0;
	peer->uid = user_number("-n", text);
	for (; group; group = next) {
		next = strchr(group, ',');
		if (next)
			*next++ = 0;
		gid = group_number("-n", group);
		if (count == NAMES_MAX)
			usage("-n takes at most %d groups", NAMES_MAX + 1);
		*(count < 0 ? &peer->gid : &groups[count]) = gid;
		count++;
	}
	return count;
}

static _Noreturn void dry_run(const struct access *access, char *text, struct ipc_known *known)
{
	struct ipc_verdict verdict;
	struct ipc_peer peer = { 0 };
	gid_t groups[NAMES_MAX];
	int allowed, failed;

	known->count = parse_client(text, &peer, groups);
	known->groups = groups;
	if (!access->rules) {
		fputs("allow: there are no rules\n", stdout);
		flush_output();
		exit(0);
	}
	failed = ipc_rules_check_known(access->rules, &peer, known, &verdict);
	if (failed && errno == ENODATA)
		usage("-n without --cgroup: the rules ask for it");
	if (failed)
		die(EXIT_TEMPORARY, "unable to check %s%s%s: %s", access->path,
		    *verdict.rule ? ": " : "", verdict.rule, why());
	allowed = verdict.decision == IPC_RULES_ALLOW;
	if (verdict.decision == IPC_RULES_NONE)
		printf("deny uid %u gid %u: no rule matches\n", peer.uid, peer.gid);
	else
		printf("%s uid %u gid %u: rule %s\n", allowed ? "allow" : "deny", peer.uid,
		       peer.gid, verdict.rule);
	print_verdict(&verdict);
	flush_output();
	exit(allowed ? 0 : EXIT_DENIED);
}

/* --- options ----------------------------------------------------------------------------- */

/* TEXT as a line. */
static const char *message(const char *text)
{
	size_t size = strlen(text) + 2;
	char *line;

	if (size > sizeof ((struct grant *)NULL)->message)
		usage("-m is over %d bytes", (int)sizeof ((struct grant *)NULL)->message - 2);
	line = malloc(size);
	if (!line)
		die(EXIT_TEMPORARY, "unable to prepare:");
	snprintf(line, size, "%s\n", text);
	return line;
}

static void open_rules(struct access *access)
{
	if (!access->path)
		return;
	access->rules = ipc_rules_open(access->path, access->format | IPC_RULES_CACHED);
	if (!access->rules)
		die(EXIT_TEMPORARY, "unable to open the rules in %s:", access->path);
}

/* Rules that can match nobody: the answer to --check, else a word about them. */
static void look_over(const struct access *access, int dry, int check)
{
	int how = check ? REVIEW_PRINT : (access->verbosity ? REVIEW_WARN : 0) |
					 (dry ? 0 : REVIEW_STRICT);
	unsigned found = 0;

	if (access->rules)
		found = review_rules(access->rules, access->path, access->format, how);
	else if (check)
		usage("--check without -i or -x");
	if (check)
		exit(found ? EXIT_DENIED : 0);
}

static char **prepare(int argc, char **argv, void **data)
{
	static const struct option longs[] = {
		{ "check", no_argument, NULL, 'c' }, { "cgroup", required_argument, NULL, 'C' },
		{ "label", required_argument, NULL, 'L' }, { 0 }
	};
	struct ipc_known known = { .label = "" };
	struct access *access = calloc(1, sizeof *access);
	int letter, check = 0;
	char *client = NULL;

	if (!access)
		die(EXIT_TEMPORARY, "unable to prepare:");
	*access = (struct access){ .verbosity = 1, .prog = { "execlineb", "-Pc", access->exec } };
	while ((letter = option(argc, argv, "v:eEl:m:i:x:n:", longs)) != -1) {
		switch (letter) {
		case 'v': access->verbosity = number("-v", optarg, UINT_MAX); break;
		case 'e': access->hide = 0; break;
		case 'E': access->hide = 1; break;
		case 'l': access->local = optarg; break;
		case 'm': access->message = message(optarg); break;
		case 'i': access->path = optarg; access->format = IPC_RULES_DIRECTORY; break;
		case 'x': access->path = optarg; access->format = IPC_RULES_CDB; break;
		case 'n': client = optarg; break;
		case 'c': check = 1; break;
		case 'C':
			if (*optarg != '/')
				usage("--cgroup is not a path from / on: %s", optarg);
			known.cgroup = optarg;
			break;
		case 'L': known.label = optarg; break;
		}
	}
	argv = operands(argc, argv, client || check ? 0 : 1);
	open_rules(access);
	look_over(access, client != NULL, check);
	if (client)
		dry_run(access, client, &known);
	if (!access->rules && access->verbosity >= 2)
		warning("invoked without a ruleset!");
	*data = access;
	return argv;
}

GATE(access, "access", "s6-ipcserver-access") = {
	.needs = GATE_PEER, .prepare = prepare, .judge = judge, .report = report,
};
