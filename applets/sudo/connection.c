/* SPDX-License-Identifier: ISC */
/* what both ends of a privileged command do when they start */
#include <fcntl.h>
#include <sys/stat.h>

#include "connection.h"

void take_connection(int in)
{
	struct stat ends[2];

	for (int i = 0; i < 2; i++)
		if (fstat(in + i, ends + i) || fcntl(in + i, F_SETFL, O_RDWR | O_NONBLOCK) ||
		    fcntl(in + i, F_SETFD, FD_CLOEXEC))
			die(EXIT_TEMPORARY, "unable to use descriptor %d:", in + i);
	if (ends[0].st_ino != ends[1].st_ino || ends[0].st_dev != ends[1].st_dev)
		die(EXIT_USAGE, "descriptors %d and %d are not one connection", in, in + 1);
	open_standard();
}
