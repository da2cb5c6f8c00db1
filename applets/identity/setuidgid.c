/* setuidgid: run a program as the user and the groups of an account
 *
 * SPDX-License-Identifier: ISC

config SETUIDGID
	bool "ipcsetuidgid"
	default y
	help
	  usage: ipcsetuidgid ACCOUNT PROG...

	  Become the user ACCOUNT, with its primary group and all groups that list it as a
	  member, and run PROG. UID, GID and GIDLIST are removed from the environment.

	  There are no options: an ACCOUNT may begin with "-". If no user is called ACCOUNT and it
	  is a number, it is the user with that number, in the primary group of its account or, if
	  there is none, in 65534 if it would stay in 0, and in no other group.

	  USER:GROUP, each a name or a number, means this user and this group alone. The number
	  0 means "as it is"; the name root really means 0. An empty ACCOUNT changes nothing.

	  Exit status:
	  1    there is no such user or group
	  100  wrong usage
	  111  the change is not possible
*/
#include "identity.h"

static void read_pair(struct identity *id, const char *account, const char *colon)
{
	char user[256];

	if ((size_t)snprintf(user, sizeof user, "%.*s", (int)(colon - account), account) >= sizeof user)
		die(EXIT_DENIED, "unknown user: %s", user);
	if (!*user || !colon[1])
		usage("half of it is missing: %s", account);
	if (identity_user(id, user))
		die(EXIT_DENIED, "unknown user: %s", user);
	if (identity_group(id, colon + 1))
		die(EXIT_DENIED, "unknown group: %s", colon + 1);
	id->ngroups = 0;
}

static void read_account(struct identity *id, const char *account)
{
	struct ipc_user user;

	if (identity_find_user(account, &user)) {
		id->uid = user.uid;
		id->gid = user.gid;
		id->flags = IDENTITY_UID | IDENTITY_GID;
		identity_find_groups(id, account);
	} else if (identity_user(id, account)) {
		die(EXIT_DENIED, "unknown user: %s", account);
	}
	id->flags |= IDENTITY_CLEAN;
}

static char **prepare(int argc, char **argv, int once, void **data)
{
	struct identity *id = *data = identity_new();
	const char *colon;

	(void)once;
	if (argc > 1 && !strcmp(argv[1], "--help"))
		option(argc, argv, "", NULL);
	optind = 1;
	argv = operands(argc, argv, 2);
	colon = strchr(argv[0], ':');
	if (colon)
		read_pair(id, argv[0], colon);
	else if (*argv[0])
		read_account(id, argv[0]);
	identity_look_up(id);
	return argv + 1;
}

CHANGE(setuidgid, "setuidgid", "s6-setuidgid") = { .prepare = prepare, .perform = identity_become };
