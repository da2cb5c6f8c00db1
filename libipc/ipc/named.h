/* SPDX-License-Identifier: ISC */
/* ipc/named.h - descriptors that have names */
#ifndef IPC_NAMED_H
#define IPC_NAMED_H

#include <ipc.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Descriptors that have names, as fdpass passes them (docs/protocol.md): one message whose body is
 * the names, each with its NUL, in the order of the descriptors; the receiver answers with one
 * byte. A name is 1 to 255 bytes without blanks, control characters, '=' and ',', and stands in a
 * message once. To send: format, ipc_message_send, ipc_named_confirm. To receive:
 * ipc_message_receive, parse, ipc_named_answer. */
struct ipc_named {
	const char *name;
	int fd;
};

enum { IPC_NAMED_MAX = IPC_FDS_MAX * (IPC_NAME_MAX + 1) };

/* Write the names into TEXT; IPC_NAMED_MAX bytes are always enough. Returns the length.
 * Errors: EINVAL (not a name, a name twice, too many), ENOSPC. */
ssize_t ipc_named_format(char *text, size_t size, const struct ipc_named *named, size_t count);

/* Read a message into at most MAX elements, which point into it. Returns how many.
 * Errors: EPROTO (names and descriptors do not match, not a name, a name twice, over MAX). */
int ipc_named_parse(const struct ipc_message *message, struct ipc_named *named, size_t max);

/* Tell the sender whether we have taken all of them, or none. Errors: those of send(2). */
int ipc_named_answer(int sock, int taken);

/* Wait for that answer; nothing after it is read. Errors: EACCES (they are refused), EPIPE (no
 * answer), EPROTO (another answer), ETIMEDOUT, those of recv(2). */
int ipc_named_confirm(int sock, int timeout);

#ifdef __cplusplus
}
#endif

#endif
