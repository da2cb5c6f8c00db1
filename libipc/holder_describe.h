/* SPDX-License-Identifier: ISC */
#ifndef IPC_HOLDER_DESCRIBE_H
#define IPC_HOLDER_DESCRIBE_H

#include "holder.h"

struct ipc_description {
	char kind[32];
	char address[IPC_HOLDER_NAME_MAX + 1];
	int hangup;
};

/* Never fails: what cannot be found out stays empty. */
void ipc_describe(int fd, struct ipc_description *to);

#endif
