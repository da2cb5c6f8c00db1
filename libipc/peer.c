/* SPDX-License-Identifier: ISC */
/* who is at the other end of a connection, by the kernel's word */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "kernel.h"

int ipc_peer(int fd, struct ipc_peer *peer)
{
	struct ucred ucred;
	socklen_t length = sizeof ucred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &length))
		return -1;
	*peer = (struct ipc_peer){ .pid = ucred.pid, .uid = ucred.uid, .gid = ucred.gid };
	return 0;
}

int ipc_peer_groups(int fd, gid_t *groups, int max)
{
	socklen_t length = max * sizeof *groups;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length))
		return -1;
	return length / sizeof *groups;
}

int ipc_peer_pidfd(int fd)
{
	int pidfd;
	socklen_t length = sizeof pidfd;

	return getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) ? -1 : pidfd;
}

int ipc_accept(int listener, struct ipc_peer *peer, struct ipc_address *address)
{
	socklen_t length = sizeof address->sun;
	int fd;

	if (address)
		*address = (struct ipc_address){ .dir = -1 };
	fd = accept4(listener, address ? (struct sockaddr *)&address->sun : NULL,
		     address ? &length : NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -1;
	if (address)
		address->length = length;
	if (peer && ipc_peer(fd, peer))
		return ipc_fail(fd);
	return fd;
}
