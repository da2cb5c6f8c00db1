/* SPDX-License-Identifier: ISC */
/* telling a supervisor, in the way of sd_notify(3) */
#include <string.h>
#include <unistd.h>

#include "internal.h"

int ipc_notify(const char *name, const char *message)
{
	struct ipc_address address;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t n = -1;

	if (fd < 0 || ipc_address_set(&address, name))
		return ipc_fail(fd);
	n = sendto(fd, message, strlen(message), MSG_NOSIGNAL,
		   (struct sockaddr *)&address.sun, address.length);
	ipc_address_clear(&address);
	if (n < 0)
		return ipc_fail(fd);
	close(fd);
	return 0;
}
