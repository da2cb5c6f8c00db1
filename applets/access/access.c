/* access: let a client pass if the rules say so
 *
 * SPDX-License-Identifier: ISC

config ACCESS
	bool "ipcaccess"
	default y
	help
	  usage: ipcaccess [-v N] [-e|-E] [-l LOCAL] [-i DIR|-x CDB] PROG...
	  or: ipcaccess [-i DIR|-x CDB] -n UID:GID[,GID...]

	  Judge the client by the rules in the directory DIR or the file CDB. If they allow it,
	  make the changes to the environment that the rule has and go on with PROG, or with the
	  script in the rule's exec file. If a rule denies it, if no rule matches, or if a rule
	  cannot be read, the client is refused. Without rules every client is allowed.

	  -v N      0: errors are not logged either; 1: allowed clients are logged too (the
	            default); 2: refused ones as well, with the rule that decided
	  -e        set ${PROTO}LOCALPATH (the default)
	  -E        remove PROTO and the variables about the connection
	  -l LOCAL  the value of ${PROTO}LOCALPATH; without it the variable stays as it is and,
	            if there is none, becomes the name of the socket
	  -i DIR    rules in a directory; a change counts from the next client on
	  -x CDB    rules in a file made by ipcrules2cdb, read again when it is replaced
	  -n UID:GID[,GID...]
	            ask for this client, print the answer and run nothing; ids are numbers or
	            names, the first group is the primary one

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
	  uid/default   everybody
	  uid/unmapped  instead of all others: a user whom our user namespace does not map

	  All groups of a client are one step, and a rule that denies one of them weighs more
	  than one that allows another. A file env/NAME holds the value of a variable in its
	  first line, NUL for newline; an empty file removes the variable. The file exec is run
	  by execlineb.

	  Environment:
	  PROTO                  prefix of the variables below
	  ${PROTO}REMOTEEUID     the client's user, for a link of a chain
	  ${PROTO}REMOTEEGID     its primary group
	  ${PROTO}REMOTEGROUPS   its other groups, with commas; may be missing
	  ${PROTO}RULE           set to the rule that let the client pass, such as uid/1000
*/
#include <limits.h>
#include <sys/un.h>

#include "gate.h"

enum { NAMES_MAX = 64 };

struct access {
	unsigned verbosity;
	int hide;		/* -E */
	const char *local;	/* -l */
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

	if (ipc_format(name, sizeof name, "%s%s", proto, fact) >= sizeof name)
		return errno = ENAMETOOLONG, -1;
	return ipc_edits_add(&grant->env, name, value);
}

static int hide(const char *proto, struct grant *grant)
{
	static const char facts[][14] = {
		"REMOTEEUID", "REMOTEEGID", "REMOTEPATH", "LOCALPATH", "CONNNUM", "REMOTEPID",
		"REMOTEGROUPS", "RULE",
	};

	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
		if (edit(grant, proto, facts[i], NULL))
			return -1;
	return ipc_edits_add(&grant->env, "PROTO", NULL);
}

static int set_local(const struct access *access, const struct client *client, struct grant *grant)
{
	char name[128], path[sizeof(struct sockaddr_un)];

	if (access->local)
		return edit(grant, client->proto, "LOCALPATH", access->local);
	ipc_format(name, sizeof name, "%sLOCALPATH", client->proto);
	/* inside the server it is the server's to set */
	if (!client->link || grant_variable(grant, name))
		return 0;
	return socket_path(path) ? -1 : edit(grant, client->proto, "LOCALPATH", path);
}

static enum judgement fault(struct grant *grant, const char *what)
{
	ipc_format(grant->reason, sizeof grant->reason, "%s: %s", what, strerror(errno));
	return GATE_ERROR;
}

static enum judgement obey(struct access *access, const struct client *client, struct grant *grant)
{
	struct ipc_verdict verdict;
	int groups = client->ngroups > 0 ? client->ngroups : 0, failed;

	if (client->fd >= 0)
		failed = ipc_rules_check_fd(access->rules, &client->peer, client->fd, &verdict);
	else
		failed = ipc_rules_check(access->rules, &client->peer, client->groups, groups,
					 &verdict);
	if (failed)
		return fault(grant, *verdict.rule ? verdict.rule : "rules");
	if (verdict.decision == IPC_RULES_NONE)
		ipc_format(grant->reason, sizeof grant->reason, "no rule matches");
	else
		ipc_format(grant->reason, sizeof grant->reason, "rule %s", verdict.rule);
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

	access->asked = access->rules != NULL;
	if (access->asked)
		judgement = obey(access, client, grant);
	if (judgement != GATE_ALLOW)
		return judgement;
	if (!access->asked && edit(grant, client->proto, "RULE", NULL))
		return fault(grant, "environment");
	access->asked = 0;
	if (access->hide ? hide(client->proto, grant) : set_local(access, client, grant))
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
	if (judgement == GATE_DENY && access->verbosity >= 2)
		say(name, "info", "deny pid %d uid %u gid %u: %s", (int)pid, client->peer.uid,
		    client->peer.gid, reason);
	if (judgement == GATE_ERROR && access->verbosity >= 1 && access->asked)
		say(name, "fatal", "unable to check %s ruleset in %s: %s",
		    access->format == IPC_RULES_CDB ? "cdb" : "fs", access->path, reason);
	else if (judgement == GATE_ERROR && access->verbosity >= 1)
		say(name, "fatal", "unable to judge the client: %s", reason);
}

/* --- dry run ----------------------------------------------------------------------------- */

/* TEXT with newlines and the like as '?', so that a value is one line. */
static void print_plain(const char *text, size_t length)
{
	char block[256];
	size_t n;

	for (; length; text += n, length -= n) {
		for (n = 0; n < length && n < sizeof block - 1; n++)
			block[n] = (unsigned char)text[n] < ' ' || text[n] == 0x7f ? '?' : text[n];
		block[n] = 0;
		print(block);
	}
}

static void print_changes(const struct ipc_verdict *verdict)
{
	for (size_t i = 0; i < verdict->env_length; i += strlen(verdict->env + i) + 1) {
		print(strchr(verdict->env + i, '=') ? "set " : "unset ");
		print_plain(verdict->env + i, strlen(verdict->env + i));
		print("\n");
	}
	if (verdict->exec) {
		print("exec ");
		print_plain(verdict->exec, verdict->exec_length);
		print("\n");
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

static _Noreturn void dry_run(const struct access *access, char *text)
{
	struct ipc_verdict verdict;
	struct ipc_peer peer = { 0 };
	gid_t groups[NAMES_MAX];
	char line[512];
	int count = parse_client(text, &peer, groups), allowed;

	if (!access->rules) {
		print("allow: there are no rules\n");
		print_end();
		exit(0);
	}
	if (ipc_rules_check(access->rules, &peer, groups, count, &verdict))
		die(EXIT_TEMPORARY, "unable to check %s%s%s:", access->path,
		    *verdict.rule ? ": " : "", verdict.rule);
	allowed = verdict.decision == IPC_RULES_ALLOW;
	if (verdict.decision == IPC_RULES_NONE)
		ipc_format(line, sizeof line, "deny uid %u gid %u: no rule matches\n", peer.uid,
			   peer.gid);
	else
		ipc_format(line, sizeof line, "%s uid %u gid %u: rule %s\n",
			   allowed ? "allow" : "deny", peer.uid, peer.gid, verdict.rule);
	print(line);
	print_changes(&verdict);
	print_end();
	exit(allowed ? 0 : EXIT_DENIED);
}

/* --- options ----------------------------------------------------------------------------- */

static void open_rules(struct access *access)
{
	if (!access->path)
		return;
	access->rules = ipc_rules_open(access->path, access->format | IPC_RULES_CACHED);
	if (!access->rules)
		die(EXIT_TEMPORARY, "unable to open the rules in %s:", access->path);
}

static char **prepare(int argc, char **argv, void **data)
{
	struct access *access = calloc(1, sizeof *access);
	char *client = NULL;
	int letter;

	if (!access)
		die(EXIT_TEMPORARY, "unable to prepare:");
	*access = (struct access){ .verbosity = 1, .prog = { "execlineb", "-Pc", access->exec } };
	while ((letter = option(argc, argv, "v:eEl:i:x:n:", NULL)) != -1) {
		switch (letter) {
		case 'v': access->verbosity = number("-v", optarg, UINT_MAX); break;
		case 'e': access->hide = 0; break;
		case 'E': access->hide = 1; break;
		case 'l': access->local = optarg; break;
		case 'i': access->path = optarg; access->format = IPC_RULES_DIRECTORY; break;
		case 'x': access->path = optarg; access->format = IPC_RULES_CDB; break;
		case 'n': client = optarg; break;
		}
	}
	argv = operands(argc, argv, client ? 0 : 1);
	open_rules(access);
	if (client)
		dry_run(access, client);
	if (!access->rules && access->verbosity >= 2)
		warn("invoked without a ruleset!");
	*data = access;
	return argv;
}

GATE(access, "access", "s6-ipcserver-access") = {
	.needs = GATE_PEER, .prepare = prepare, .judge = judge, .report = report,
};
