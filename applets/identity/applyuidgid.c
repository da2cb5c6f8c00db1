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
#include "identity.h"

static char **prepare(int argc, char **argv, int once, void **data)
{
	struct identity *id = *data = identity_new();
	int letter;

	while ((letter = option(argc, argv, "zu:g:G:U", NULL)) != -1) {
		/* a rule may have set the variables for one client alone */
		if (letter == 'U' && once)
			return NULL;
		if (letter == 'z')
			id->flags |= IDENTITY_CLEAN;
		else
			identity_option(id, letter);
	}
	argv = operands(argc, argv, 1);
	identity_look_up(id);
	return argv;
}

CHANGE(applyuidgid, "applyuidgid", "s6-applyuidgid") = {
	.prepare = prepare, .perform = identity_become
};
