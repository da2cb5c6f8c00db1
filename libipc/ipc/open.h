/* SPDX-License-Identifier: ISC */
/* ipc/open.h - files opened for others, both halves */
#ifndef IPC_OPEN_H
#define IPC_OPEN_H

#include <ipc.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A broker opens what its client may not open and passes the descriptor. A request and its answer
 * are one framed message each (docs/protocol.md); requests are answered in order. */

enum {
	IPC_OPEN_READ = 1,	/* neither READ, WRITE nor APPEND: what the broker's rules allow */
	IPC_OPEN_WRITE = 2,
	IPC_OPEN_APPEND = 4,	/* write, each time at the end */
	IPC_OPEN_CREATE = 8,	/* make the file if it is not there */
	IPC_OPEN_TRUNCATE = 16,	/* empty it, once it is locked */
	IPC_OPEN_LOCK = 32,	/* flock(2), and TIOCEXCL for a terminal */
	IPC_OPEN_NONBLOCK = 64,	/* leave O_NONBLOCK set */
	IPC_OPEN_LAST = IPC_OPEN_NONBLOCK
};

enum {
	IPC_OPEN_NAME_MAX = 4095,
	IPC_OPEN_TEXT_SIZE = 256	/* for the text of an answer, its NUL included */
};

struct ipc_open_request {
	unsigned how;		/* IPC_OPEN_... */
	char name[IPC_OPEN_NAME_MAX + 1];
};

/* The client: ask for NAME. The answer is the next message of the connection, which must have been
 * opened with max_fds of at least 1. Errors: EINVAL (an empty name), ENAMETOOLONG, those of
 * ipc_message_send. */
int ipc_open_send(struct ipc_messages *messages, const char *name, unsigned how);

/* The client: take an answer apart. Returns the descriptor, now the caller's. TEXT, of
 * IPC_OPEN_TEXT_SIZE bytes, gets the broker's line, which may be empty; control characters in
 * it are shown as '?'. Errors: EPROTO (not an answer), whatever the broker says. */
int ipc_open_receive(struct ipc_message *message, char *text);

/* The broker: take a request apart. Errors: EPROTO (not a request), and those that can be
 * answered: ENAMETOOLONG, EINVAL (an unknown bit, a NUL in the name, or a path that is not plain:
 * with "//", "/./", "/../" or a final slash). The name is set after EINVAL, too. */
int ipc_open_parse(const struct ipc_message *message, struct ipc_open_request *request);

/* The broker: answer with FD, which stays the caller's, and ERROR 0; or with FD -1 and an errno.
 * TEXT is cut at IPC_OPEN_TEXT_SIZE. Errors: EINVAL (both or neither), those of
 * ipc_message_send. */
int ipc_open_answer(struct ipc_messages *messages, int fd, int error, const char *text);

/* Does NAME match one of the PATTERNS, which have blanks between them? They are those of the shell,
 * as fnmatch(3) has them with FNM_PATHNAME and FNM_PERIOD, on bytes: no wildcard matches a '/', or
 * a '.' at the beginning of a component. One that is not well formed matches nothing. A backslash
 * makes a blank a part of a pattern. A last component "**" matches all that is below, names that
 * begin with a dot included. The first that matches counts: *PREFIX gets the length of its fixed
 * prefix with the final slash, that is the directories before the first wildcard, or up to a
 * component "." where the pattern has one. For a name that is not a path it is 0.
 * Returns 1 or 0. */
int ipc_open_match(const char *patterns, const char *name, size_t *prefix);

/* open(2) of a plain absolute PATH, never led astray by links: no symbolic link below a prefix may
 * leave it and no magic link of procfs is followed. PREFIXES are COUNT lengths, at least one, from
 * ipc_open_match; links within the shortest of them are trusted. Before Linux 5.6 no link
 * below a prefix is followed at all. Errors: EINVAL (the path or a prefix is not what it
 * should be), ENAMETOOLONG, EXDEV (a link leads out), ELOOP (a link that is not followed), those
 * of open(2). */
int ipc_open_beneath(const char *path, const size_t *prefixes, int count, int flags, mode_t mode);

#ifdef __cplusplus
}
#endif

#endif
