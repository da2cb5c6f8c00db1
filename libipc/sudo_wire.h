/* SPDX-License-Identifier: ISC */
/* what the two halves of the sudo protocol share; docs/protocol.md has the tables */
#ifndef IPC_SUDO_WIRE_H
#define IPC_SUDO_WIRE_H

#include "ipc/sudo.h"
#include "internal.h"

#define SUDO_SERVER "s6-sudo b v1.0\n"
#define SUDO_CLIENT "s6-sudo a v1.0\n"
#define SUDO_CLIENT_EXTENDED "ipcsudo a v1.0\n"

enum {
	SUDO_BANNER = sizeof SUDO_SERVER - 1,
	SUDO_FRAME = 6,				/* length and number of descriptors */
	SUDO_HEADER = SUDO_BANNER + 16,
	SUDO_HEADER_EXTENDED = SUDO_HEADER + 4
};

/* COMMAND as a whole message, with its frame, in memory to be freed. Errors: E2BIG, ENOMEM. */
char *ipc_sudo_encode(const struct ipc_sudo_command *command, int extended, size_t *length);

#endif
