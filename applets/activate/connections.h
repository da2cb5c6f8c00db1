/* SPDX-License-Identifier: ISC */
/* does anybody have a connection to a listening socket of ours? */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

/* Has FD, a socket that listens, connections that are open or wait to be accepted? Looks into
 * /proc/net; if that cannot be read, says yes. */
int has_connections(int fd);

#endif
