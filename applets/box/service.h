/* SPDX-License-Identifier: ISC */
/* a service in one line: an applet that becomes a binder, a change of user and a server */
#ifndef SERVICE_H
#define SERVICE_H

#include "applet.h"

struct service {
	const char *names[2];	/* of the server, ours and s6's */
	const char *binds, *drops, *serves;	/* who gets which options; see option() */
	const char *levels;	/* the options for -v0, -v1, -v2 of the server */
	int runs;		/* the server is followed by a program */
	/* The value of the server's option WHAT, "-c", as the server gets it. Mistakes show here,
	 * not only when there is a socket already. */
	const char *(*value)(const char *what);
};

/* Sort the options of argv and make the command; optind is that of PATH then. */
char **service_line(int argc, char **argv, const struct service *service);

#endif
