/* SPDX-License-Identifier: ISC */
/* binding sockets; see bind.h */
#include "bind.h"

void bind_owner(struct ipc_listen *how, const char *what, char *text)
{
	char *colon = strchr(text, ':');

	if (!(how->flags & IPC_LISTEN_OWNER))
		how->uid = how->gid = -1;
	how->flags |= IPC_LISTEN_OWNER;
	if (colon) {
		*colon = 0;
		how->gid = group_number(what, colon + 1);
	}
	if (*text)
		how->uid = user_number(what, text);
	if (colon)
		*colon = ':';
}

_Noreturn void bind_refused(const char *name, const struct ipc_listen *how)
{
	const char *why = "";

	if (errno == ENOTSOCK)
		why = " it is there and not a socket";
	else if (errno == EADDRINUSE)
		why = how->flags & IPC_LISTEN_EXCLUSIVE ? " it exists" : " a live server has it";
	die(EXIT_TEMPORARY, *why ? "unable to bind to %s:%s" : "unable to bind to %s:", name, why);
}
