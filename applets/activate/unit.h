/* SPDX-License-Identifier: ISC */
/* the sockets of a systemd unit; see systemd.socket(5) */
#ifndef UNIT_H
#define UNIT_H

#include "sockets.h"

/* Read the [Socket] section of FILE, and fill at most MAX openings. What is not understood is named in
 * one warning. Dies if FILE cannot be read. Wrong usage if it is no such file or has no socket for
 * us. *ACCEPTS becomes 1 if it wants a process for each connection. Returns how many there are. */
int unit_read(const char *file, struct opening *openings, int max, int *accepts);

/* Make the symbolic links of OPENING, which is open. A link that cannot be made is a warning. */
void unit_link(const struct opening *opening);

#endif
