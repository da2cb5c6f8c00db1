/* SPDX-License-Identifier: ISC */
/* descriptors that a link hands on */
#include <fcntl.h>

#include "applet.h"

void copy_fd(int from, int to)
{
	/* dup2(2) of a descriptor onto itself would leave it close-on-exec */
	if (from == to ? fcntl(to, F_SETFD, 0) < 0 : dup2(from, to) < 0)
		die(EXIT_TEMPORARY, "unable to move descriptor %d to %d:", from, to);
}

int own_fd(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		die(EXIT_USAGE, "descriptor %d is not open", fd);
	return fd;
}
