/* applyuidgid: run a program as another user
 *
 * SPDX-License-Identifier: ISC

config APPLYUIDGID
	bool "ipcapplyuidgid"
	default y
	help
	  usage: ipcapplyuidgid [-z] [-u USER] [-g GROUP] [-G GROUPS] [-U] PROG...

	  Change the user and the groups of the process, the saved ones too, and run PROG. A
	  USER or GROUP is a name or a number. The number 0 means "as it is"; the name root
	  really means 0. The options count from left to right, the last one wins.

	  -u USER    become USER
	  -g GROUP   become a member of GROUP in the first place
	  -G GROUPS  supplementary groups, with commas between them. They are GROUP and these,
	             and no others. May be empty.
	  -U         take USER, GROUP and GROUPS from the environment, as numbers
	  -z         remove UID, GID and GIDLIST from the environment

	  Whoever leaves a user leaves its groups. Without -G the supplementary groups are GROUP
	  alone. Without -g, GROUP is the primary group of a USER given by name. For one given by
	  number it stays what it is, unless that is 0: then it is the primary group of the account
	  with that number or, if there is none, 65534.

	  Without -u, or if the process is that user already, what is not asked for stays.

	  Environment:
	  UID      user, for -U
	  GID      group, for -U
	  GIDLIST  supplementary groups, for -U; may be empty, must be set
*/
#include <limits.h>

#include "identity.h"

/* One group of a list, LENGTH bytes of TEXT. */
static gid_t one_group(const char *text, size_t length)
{
	char name[256];

	ipc_format(name, sizeof name, "%.*s", (int)length, text);
	if (length >= sizeof name)
		usage("-G: unknown group %s...", name);
	return group_number("-G", name);
}

static void read_groups(struct identity *id, const char *text)
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

static void read_environment(struct identity *id)
{
	identity_user(id, numeric("UID"));
	identity_group(id, numeric("GID"));
	id->ngroups = ipc_groups_parse(variable("GIDLIST"), id->groups + 1, IDENTITY_GROUPS);
	if (id->ngroups < 0)
		die(EXIT_USAGE, "invalid $GIDLIST");
}

CHAIN(applyuidgid, "applyuidgid", "s6-applyuidgid")
{
	struct identity id;
	int letter, clean = 0;

	identity_init(&id);
	while ((letter = option(argc, argv, "zu:g:G:U", NULL)) != -1) {
		switch (letter) {
		case 'z': clean = 1; break;
		case 'u':
			if (identity_user(&id, optarg))
				usage("-u: unknown user %s", optarg);
			break;
		case 'g':
			if (identity_group(&id, optarg))
				usage("-g: unknown group %s", optarg);
			break;
		case 'G': read_groups(&id, optarg); break;
		case 'U': read_environment(&id); break;
		}
	}
	argv = operands(argc, argv, 1);
	identity_apply(&id);
	if (clean) {
		unsetenv("UID");
		unsetenv("GID");
		unsetenv("GIDLIST");
	}
	return argv;
}
