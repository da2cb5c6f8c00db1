/* SPDX-License-Identifier: ISC */
/* opening sockets and FIFOs of every kind by their addresses */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "applet.h"

enum socket_kind { SOCKET_UNIX, SOCKET_INET, SOCKET_FIFO };

enum { OPTIONS_MAX = 16 };

/* What to open. Zero is a good default in each field. */
struct opening {
	enum socket_kind kind;
	const char *address;
	struct ipc_listen how;
	int nonblock;	/* what others open blocks */
	struct socket_setting {
		short level, name;
		int value;
	} settings[OPTIONS_MAX];
	int count;
	int made;	/* out: there is a file now that was not */
};

/* Add the option WORD, NAME or NAME=VALUE; wrong usage if there is no such option. */
void socket_option(struct opening *opening, const char *word);

/* Open it. Returns a close-on-exec descriptor over 2, or -1 and errno. */
int socket_open(struct opening *opening);

/* Remove the file that socket_open made. */
void socket_undo(const struct opening *opening);

/* Is TEXT a numeric address of the internet with a port? */
int is_inet(const char *text);

/* Say why an address could not be opened and exit. */
_Noreturn void socket_refused(const struct opening *opening);

#endif
