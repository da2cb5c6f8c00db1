/* SPDX-License-Identifier: ISC */
/* what is a daemon's own: its user, its keyring, its memory */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "applet.h"

enum { JOIN_SESSION_KEYRING = 1 };	/* of <linux/keyctl.h> */

int is_own_user(uid_t uid)
{
	return !uid || (uid == geteuid() && uid != ipc_unmapped_user());
}

void own_keyring(void)
{
	syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL);
}

static struct rlimit core;	/* as we got it */
static int took_core;

void no_core(void)
{
	struct rlimit none;

	if (getrlimit(RLIMIT_CORE, &core) || !core.rlim_cur)
		return;
	none = core;
	none.rlim_cur = 0;
	took_core = !prlimit(0, RLIMIT_CORE, &none, NULL);
}

void core_as_before(void)
{
	if (took_core)
		prlimit(0, RLIMIT_CORE, &core, NULL);
}
