/* SPDX-License-Identifier: ISC */
/* the variables that ucspi-unix gives to programs on both ends of a connection */
#ifndef UNIXVARS_H
#define UNIXVARS_H

/* Set PROTO and the UNIX... variables for the connection FD to or from the socket PATH. Those of the
 * other end are removed if the kernel does not tell. */
void unix_variables(int fd, const char *path);

#endif
