/* SPDX-License-Identifier: ISC */
/* opening sockets and FIFOs of every kind by their addresses */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "handover.h"

enum socket_kind { SOCKET_UNIX, SOCKET_INET, SOCKET_FIFO };

enum { OPTIONS_MAX = 16 };

/* What to open. Zero is a good default in each field. */
struct opening {
	enum socket_kind kind;
	const char *address;
	const char *name;	/* by which a program is told about it */
	struct ipc_listen how;
	int nonblock;	/* what others open blocks */
	unsigned directories;	/* 010000 and the mode of directories that are made for a file */
	const char *links;	/* see unit_link */
	struct socket_setting {
		const struct socket_name *option;
		int value;
	} settings[OPTIONS_MAX];
	int count;
	const struct socket_name *refused;	/* out: the option that could not be set, if any */
	int made;	/* out: there is a file now that was not */
};

/* Add the option WORD, NAME or NAME=VALUE; wrong usage if there is no such option. */
void socket_option(struct opening *opening, const char *word);

/* Open all of them, or say which one could not be opened and exit, and leave none behind. Sets the
 * fd of each of FDS, close-on-exec and over 2. */
void open_sockets(struct opening *openings, int count, struct handed *fds);

/* Make the directories that lead to the absolute PATH and are not there, of exactly this MODE. */
void make_directories(const char *path, unsigned mode);

/* Is TEXT a numeric address of the internet with a port? */
int is_inet(const char *text);

#endif
