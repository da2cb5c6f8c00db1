/* SPDX-License-Identifier: ISC */
/* what both ends of a privileged command do when they start */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "applet.h"

/* Prepare IN and IN + 1, which must be one connection, and open /dev/null in place of those of
 * 0, 1 and 2 that are closed. */
void take_connection(int in);

#endif
