/* SPDX-License-Identifier: ISC */
/* ipc/sudo.h - commands run by a server, both halves */
#ifndef IPC_SUDO_H
#define IPC_SUDO_H

#include <ipc.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A client asks a server to run a command with the client's arguments, parts of its environment and
 * its descriptors, and gets the exit status. The protocol is that of s6-sudo, and an extension that
 * a peer without it never sees (docs/protocol.md): signals for the command, and a terminal of its
 * own. Each connection is for one command. The connection should not block (O_NONBLOCK); with one
 * that does, calls wait. */

enum { IPC_SUDO_TERMINAL = 1 };	/* flags of a request */

struct ipc_sudo_command {
	char *const *argv;	/* NULL is an empty list */
	char *const *envp;	/* likewise; "NAME=VALUE" */
	int fds[3];		/* for the descriptors 0, 1 and 2 of the command */
	unsigned flags;		/* need a server that knows the extension */
};

enum ipc_sudo_state {
	IPC_SUDO_GREETING,	/* waiting for the server's banner */
	IPC_SUDO_SENDING,	/* the request is on its way */
	IPC_SUDO_STARTING,	/* waiting for the command to start; the client's fds have gone */
	IPC_SUDO_RUNNING,	/* waiting for the command to end */
	IPC_SUDO_ENDED,		/* ipc_sudo_status has its status */
	IPC_SUDO_REFUSED	/* it did not start: ipc_sudo_error says why */
};

/* The client's half: ask the server at the other end of FD to run COMMAND, whose lists and
 * descriptors must stay as they are until the state is IPC_SUDO_STARTING. Errors: ENOMEM. */
struct ipc_sudo;
struct ipc_sudo *ipc_sudo_open(int fd, const struct ipc_sudo_command *command);

/* Forget it, and close the terminal if there is one. FD is the caller's to close: a server ends
 * the command then. */
void ipc_sudo_close(struct ipc_sudo *sudo);

int ipc_sudo_fd(const struct ipc_sudo *sudo);
short ipc_sudo_events(const struct ipc_sudo *sudo);	/* what to poll(2) for */

/* Do what can be done now, at most up to the next state. Errors, all final: EPIPE (the server has
 * closed at a place where nothing was half done), EPROTO (it closed in the middle, or broke the
 * protocol), EPROTONOSUPPORT (its banner is not one), EOPNOTSUPP (flags are set and it does not
 * know the extension), E2BIG (over 2^28 bytes or 131072 strings), ENOMEM, those of sendmsg(2) and
 * recvmsg(2). The state tells where it went wrong. */
int ipc_sudo_dispatch(struct ipc_sudo *sudo);

enum ipc_sudo_state ipc_sudo_state(const struct ipc_sudo *sudo);
int ipc_sudo_extended(const struct ipc_sudo *sudo);	/* does the server know the extension? */
int ipc_sudo_error(const struct ipc_sudo *sudo);	/* errno of the server, 1 to 255 */
int ipc_sudo_status(const struct ipc_sudo *sudo);	/* as from waitpid(2) */

/* The master side of the command's terminal, with IPC_SUDO_TERMINAL and from IPC_SUDO_RUNNING on;
 * closed by ipc_sudo_close. -1 if there is none. */
int ipc_sudo_terminal(const struct ipc_sudo *sudo);

/* Send a signal to the process group of the command, while it runs: SIGINT, SIGTERM, SIGHUP,
 * SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP or SIGCONT; a server takes no others.
 * Errors: EOPNOTSUPP (no extension, or not running), those of sendmsg(2). */
int ipc_sudo_signal(struct ipc_sudo *sudo, int signal);

/* The server's half. */
struct ipc_sudo_request {
	unsigned argc, envc;
	const char *args, *env;	/* so many strings, one behind the other; they all end */
	int fds[3];
	unsigned flags;
	int extended;		/* the client knows the extension */
};

/* Greet the client at the other end of FD and wait for its request of at most MAX_LENGTH bytes (0
 * means 2^28). Errors: ENOMEM, ENOBUFS, those of sendmsg(2) and ipc_messages_open. */
struct ipc_sudo_server;
struct ipc_sudo_server *ipc_sudo_server_open(int fd, size_t max_length);
void ipc_sudo_server_close(struct ipc_sudo_server *server);

int ipc_sudo_server_fd(const struct ipc_sudo_server *server);
short ipc_sudo_server_events(const struct ipc_sudo_server *server);	/* what to poll(2) for */

/* Returns 1 when the request is there, 0 before. Its strings and descriptors are valid until
 * ipc_sudo_server_started. Errors, all final: EBADF (there are not three descriptors), those of
 * ipc_sudo_decode and ipc_messages_dispatch. */
int ipc_sudo_server_dispatch(struct ipc_sudo_server *server, struct ipc_sudo_request *request);

/* Tell the client that the command has started, with ERROR 0 and, if it asked for one, the master
 * side of a TERMINAL (else -1); or that it has not, with an errno. Frees the request and closes its
 * descriptors in any case. Errors: those of sendmsg(2). */
int ipc_sudo_server_started(struct ipc_sudo_server *server, int error, int terminal);

/* While the command runs, when poll(2) says so: a signal that the client wants it to get, or 0. A
 * client that only shuts down its writing is still there. Errors: EPIPE (the client is gone). */
int ipc_sudo_server_signal(struct ipc_sudo_server *server);

/* Tell the client how it ended. STATUS is that of waitpid(2). Errors: those of sendmsg(2). */
int ipc_sudo_server_ended(struct ipc_sudo_server *server, int status);

/* Check a request of LENGTH bytes and find its parts, fds excepted. Errors: EBADMSG (too short),
 * EPROTONOSUPPORT (its banner is not one), EOVERFLOW (its lengths do not add up), E2BIG (over
 * 131072 strings), EINVAL (fewer arguments than announced), ERANGE (fewer variables), EILSEQ (a
 * variable without '='). */
int ipc_sudo_decode(const char *data, size_t length, struct ipc_sudo_request *request);

/* Write the arguments of REQUEST into ARGV, an array of argc + 1 pointers that ends with NULL. */
void ipc_sudo_arguments(const struct ipc_sudo_request *request, char **argv);

/* Write into ENVP, an array as long as BASE, the environment of the command: BASE, in which
 * variables with an empty value take the client's value of that name, the first that is not empty.
 * Other variables of the client are dropped. The strings stay where they are. Errors: ENOMEM. */
int ipc_sudo_environment(const struct ipc_sudo_request *request, char *const *base, char **envp);

/* May a client use the arguments ARGV? PATTERNS are words with blanks between them, one for each
 * argument, as fnmatch(3) has them with FNM_PATHNAME and FNM_PERIOD, on bytes: no wildcard matches
 * a '/', or a '.' at the beginning of a component. One that is not well formed matches nothing.
 * '\' before a blank or a special character takes its meaning away. An argument that begins with
 * '-' matches only a pattern that does. The word "**" matches any one argument, "..." at the end
 * any number of them, and "|" separates alternatives. PATTERNS without a word allow no arguments.
 * Returns 1 or 0. */
int ipc_sudo_allowed(const char *patterns, char *const *argv);

#ifdef __cplusplus
}
#endif

#endif
