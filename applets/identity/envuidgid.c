/* envuidgid: put the numbers of an account into the environment
 *
 * SPDX-License-Identifier: ISC

config ENVUIDGID
	bool "ipcenvuidgid"
	default y
	help
	  usage: ipcenvuidgid [-i|-D UID[:GID[:LIST]]] [-u|-g|-B] [-n] ACCOUNT PROG...

	  Set UID, GID and GIDLIST to the numbers of the user ACCOUNT, of its primary group and of
	  the groups that list it as a member, with commas between them, and run PROG. The ids of
	  the process stay as they are; see ipcapplyuidgid -U.

	  -u       ACCOUNT is a user; set UID alone
	  -g       ACCOUNT is a group; set GID alone
	  -B       ACCOUNT is USER:GROUP; set UID and GID. The variable of a half that is missing is
	           removed, or set as -D says.
	  -n       a name that is unknown may be a number. Without -u, -g and -B, a number as
	           ACCOUNT has the primary group of its account or, if there is none, 65534, and
	           no other groups; USER:GROUP is as with -B.
	  -D UID[:GID[:LIST]]
	           what to set for unknown names, as numbers; what is left out is 0, or an empty
	           list
	  -i       unknown names are errors; this is the default

	  Exit status:
	  1    there is no such user or group
	  100  wrong usage
	  111  the account files cannot be read
*/
#include <limits.h>

#include "identity.h"

/* What the options say. */
struct lookup {
	int mode;			/* 0 or 'u', 'g', 'B' */
	int numeric, fallback;		/* -n, -D */
	struct identity *id;		/* of -D at first, then the result */
};

enum { LONGEST_STRING = 128 * 1024 };	/* that execve(2) takes */

static void set_groups(const struct identity *id, const char *account)
{
	/* ten digits and a comma each */
	size_t size = 11 * id->ngroups + 1, length = 0;
	char *text = malloc(size);

	if (!text)
		die(EXIT_TEMPORARY, "unable to get supplementary groups for %s:", account);
	*text = 0;
	for (int i = 1; i <= id->ngroups; i++)
		length += snprintf(text + length, size - length, "%s%u", i > 1 ? "," : "",
				   id->groups[i]);
	if (length >= LONGEST_STRING) {
		errno = E2BIG;
		die(EXIT_TEMPORARY, "unable to get supplementary groups for %s:", account);
	}
	set_variable("GIDLIST", text);
	free(text);
}

/* The piece of -D at *TEXT up to a colon: a number, or 0 if there is none. */
static unsigned piece(char **text)
{
	char *colon = strchr(*text, ':'), *from = *text;

	*text = colon ? colon + 1 : from + strlen(from);
	if (colon)
		*colon = 0;
	return *from ? number("-D", from, UINT_MAX) : 0;
}

static void read_defaults(struct identity *id, char *text)
{
	if (!*text)
		usage("-D needs a value");
	id->uid = piece(&text);
	id->gid = piece(&text);
	if (identity_group_numbers(id, text))
		usage("-D: not a list of groups: %s", text);
}

static void find_user(struct lookup *lookup, const char *name)
{
	struct ipc_user user;
	unsigned number;

	if (identity_find_user(name, &user))
		lookup->id->uid = user.uid;
	else if (lookup->numeric && !ipc_number(name, 10, UINT_MAX, &number))
		lookup->id->uid = number;
	else if (!lookup->fallback)
		die(EXIT_DENIED, "unknown user: %s", name);
}

static void find_group(struct lookup *lookup, const char *name)
{
	unsigned number;

	if (identity_find_group(name, &lookup->id->gid))
		return;
	if (lookup->numeric && !ipc_number(name, 10, UINT_MAX, &number))
		lookup->id->gid = number;
	else if (!lookup->fallback)
		die(EXIT_DENIED, "unknown group: %s", name);
}

static void export_pair(struct lookup *lookup, char *account)
{
	char *colon = strchr(account, ':'), *group = colon ? colon + 1 : "";

	if (colon)
		*colon = 0;
	if (colon && !*account && !*group && !lookup->fallback)
		usage("neither a user nor a group");
	unsetenv("UID");
	unsetenv("GID");
	if (*account || !colon || lookup->fallback) {
		find_user(lookup, account);
		set_number("UID", lookup->id->uid);
	}
	if (*group || lookup->fallback) {
		find_group(lookup, group);
		set_number("GID", lookup->id->gid);
	}
}

static void export_account(struct lookup *lookup, const char *account)
{
	struct identity *id = lookup->id;
	struct ipc_user user;
	unsigned number;

	if (identity_find_user(account, &user)) {
		id->uid = user.uid;
		id->gid = user.gid;
		identity_find_groups(id, account);
	} else if (lookup->numeric && !ipc_number(account, 10, UINT_MAX, &number)) {
		id->uid = number;
		id->gid = identity_primary(number);
		id->ngroups = 0;
	} else if (!lookup->fallback) {
		die(EXIT_DENIED, "unknown user: %s", account);
	}
	set_number("UID", id->uid);
	set_number("GID", id->gid);
	set_groups(id, account);
}

CHAIN(envuidgid, "envuidgid", "s6-envuidgid")
{
	struct identity *id = identity_new();
	struct lookup lookup = { .id = id };
	int letter;

	while ((letter = option(argc, argv, "iD:ugBn", NULL)) != -1) {
		switch (letter) {
		case 'i': lookup.fallback = 0; break;
		case 'D':
			read_defaults(id, optarg);
			lookup.fallback = 1;
			break;
		case 'n': lookup.numeric = 1; break;
		default: lookup.mode = letter;
		}
	}
	argv = operands(argc, argv, 2);
	if (lookup.mode == 'B' || (!lookup.mode && lookup.numeric && strchr(argv[0], ':'))) {
		export_pair(&lookup, argv[0]);
	} else if (lookup.mode == 'u') {
		find_user(&lookup, argv[0]);
		set_number("UID", id->uid);
	} else if (lookup.mode == 'g') {
		find_group(&lookup, argv[0]);
		set_number("GID", id->gid);
	} else {
		export_account(&lookup, argv[0]);
	}
	return argv + 1;
}
