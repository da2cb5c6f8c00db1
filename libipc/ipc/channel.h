/* SPDX-License-Identifier: ISC */
/* ipc/channel.h - a main channel and a side channel, and helpers */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#include <ipc.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Two channels between a client and its server or helper: the main one carries requests and
 * answers, each request one answer, in order; the side channel carries notifications at any time.
 * It is a socket that the server makes and passes to the client; nothing is bound to a path. The
 * handshake is that of s6's skaclient (docs/protocol.md). */
struct ipc_channel;

struct ipc_channel_how {
	const char *before;	/* what the client says first: name and version of the protocol */
	const char *after;	/* and what the server answers */
	int server;		/* we are the server */
	struct ipc_messages_how messages;	/* limits of both channels */
};

/* Begin on the connection FD, which stays the caller's; HOW's lines must live as long as the
 * channel. The channel is open when the lines are exchanged and there is a side channel: see
 * dispatch and wait. Errors: those of ipc_messages_open and ipc_message_send. */
struct ipc_channel *ipc_channel_open(int fd, const struct ipc_channel_how *how);

void ipc_channel_close(struct ipc_channel *channel);

/* The channels, to send, receive and poll; the side channel is NULL until the channel is open. A
 * server looks for requests on the main one and sends notifications on the side; a client waits
 * for these on the side. Before it is open, leave receiving to us. */
struct ipc_messages *ipc_channel_main(const struct ipc_channel *channel);
struct ipc_messages *ipc_channel_side(const struct ipc_channel *channel);

/* As ipc_messages_dispatch, for both, and to get open. Errors: its errors, and EPROTO (the other
 * end speaks another protocol). */
int ipc_channel_dispatch(struct ipc_channel *channel);

/* For programs without a loop: wait until it is open. Errors: ETIMEDOUT, those of dispatch. */
int ipc_channel_wait(struct ipc_channel *channel, int timeout);

/* Send a request and wait for its answer, which is valid until the next receive on the main
 * channel. An answer that comes too late is thrown away by the next call.
 * Errors: ENOTCONN (it is not open yet), ETIMEDOUT, those of ipc_message_send and
 * ipc_messages_wait. */
int ipc_channel_ask(struct ipc_channel *channel, const void *data, size_t length,
		    struct ipc_message *answer, int timeout);

/* Run a program, looked up in PATH, with a new stream socket as its descriptors 0 and 1, which is
 * what it would have behind a server, and return our end of it. *PID is the caller's to wait for.
 * A helper ends when we close our end. Errors: those of socketpair(2) and posix_spawn(3). */
int ipc_spawn(char *const *argv, pid_t *pid);

#ifdef __cplusplus
}
#endif

#endif
