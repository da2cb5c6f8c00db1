/* SPDX-License-Identifier: ISC */
/* ipc.h - local services over Unix domain sockets
 *
 * What a daemon and its clients need. Larger protocols have headers of their own, ipc/holder.h and
 * others beside it. The rules of this library hold in all of them, without exception:
 *
 *  - It never prints, never exits and keeps no state: no globals, nothing static.
 *  - A function that fails returns -1 (or NULL, where it returns a pointer) and sets errno.
 *  - Descriptors that it makes are close-on-exec. Descriptors that it is given stay the
 *    caller's. Descriptors that arrive without an invitation are closed, always.
 *  - Structs that callers fill are public, and zero is a good default in each field. All others
 *    are opaque.
 *  - Strings are bytes that end with NUL; their lengths do not count it. Times are milliseconds,
 *    -1 means without limit.
 *
 * docs/libipc.md is the guide, docs/protocol.md specifies every format byte by byte.
 */
#ifndef IPC_H
#define IPC_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- addresses -------------------------------------------------------------------------- */

/* The address of a local socket, ready for bind(2), connect(2) and sendto(2). */
struct ipc_address {
	struct sockaddr_un sun;
	socklen_t length;
	int dir;	/* O_PATH descriptor that the address goes through, or -1 */
};

/* Fill ADDRESS from NAME. "@name" is an abstract socket, anything else a path; "./@name" is a
 * file. A path over 107 bytes goes through /proc/self/fd/N of its directory, which the address
 * keeps open: call ipc_address_clear when you are done.
 * Errors: ENAMETOOLONG (an abstract name over 107 bytes, or a last component that does not fit
 * even so), EINVAL (empty), those of open(2). */
int ipc_address_set(struct ipc_address *address, const char *name);

/* Close what ipc_address_set opened. Keeps errno. */
void ipc_address_clear(struct ipc_address *address);

/* An address of the internet. */
union ipc_inet {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Fill ADDRESS from "127.0.0.1:80" or "[::1]:80", numbers alone. Returns how long it is, for
 * bind(2) and connect(2). Errors: EINVAL. */
int ipc_inet_parse(const char *text, union ipc_inet *address);

/* Bind a socket of TYPE, with its flags, to ADDRESS of LENGTH, and listen if it is a SOCK_STREAM.
 * One of IPv6 is for that alone. Errors: those of socket, bind and listen. */
int ipc_inet_listen(const union ipc_inet *address, int length, int type);

/* The name that the socket FD is bound to, in TEXT of at least 109 bytes: as ipc_address_text, or
 * "127.0.0.1:80", "[::1]:80"; empty for other families. Returns the family.
 * Errors: those of getsockname(2). */
int ipc_socket_name(int fd, char *text);

/* --- listening -------------------------------------------------------------------------- */

enum {
	IPC_LISTEN_EXCLUSIVE = 1,	/* refuse whatever exists at the path */
	IPC_LISTEN_TAKEOVER = 2,	/* take the path of a live server, without a gap */
	IPC_LISTEN_BLOCKING = 4,	/* without O_NONBLOCK */
	IPC_LISTEN_MODE = 8,		/* mode counts; without it the file is 0777 */
	IPC_LISTEN_OWNER = 16,		/* uid and gid count; (uid_t)-1 leaves one as it is */
	IPC_LISTEN_CREDENTIALS = 32,	/* note senders: see ipc_datagram_credentials */
	IPC_LISTEN_NO_FDS = 64		/* ipc_fds_refuse, where the kernel can do it */
};

struct ipc_listen {
	int type;		/* SOCK_STREAM (0 means that), SOCK_DGRAM, SOCK_SEQPACKET */
	unsigned flags;		/* IPC_LISTEN_... */
	unsigned mode;		/* permission bits of the file */
	uid_t uid;
	gid_t gid;
	int backlog;		/* for listen(2); 0: what the kernel allows, -1: do not listen */
};

/* Make a socket visible at NAME and return its descriptor. Nobody can connect before it has its
 * final mode and owner; those are set on the socket, whatever others may put in its place in a
 * directory of theirs. A dead socket at the path is replaced, a live one only with
 * IPC_LISTEN_TAKEOVER, anything that is not a socket never. A symbolic link at the path counts as
 * what it leads to, and one that leads nowhere as a dead socket; what is replaced is the link.
 * Binders that use this function do not run into each other. A failure leaves nothing behind.
 * Changes the umask of the process while it runs, so do not make files in another thread meanwhile.
 * Errors: ENOTSOCK (what is there is not a socket), EADDRINUSE (a live socket, or anything with
 * IPC_LISTEN_EXCLUSIVE), EBUSY (another file has taken the place of the socket before it had its
 * owner), those of ipc_address_set, socket, bind, chown, listen and rename. */
int ipc_listen(const char *name, const struct ipc_listen *how);

/* --- connecting ------------------------------------------------------------------------- */

struct ipc_connect {
	int type;		/* SOCK_STREAM (0 means that), SOCK_DGRAM, SOCK_SEQPACKET */
	const char *bind;	/* bind our end to this name first, or NULL */
	int timeout;		/* for the connection to be accepted by the kernel; 0 or -1: none */
	int wait;		/* for a server to appear at all; 0: do not wait, -1: for ever */
};

/* Connect to NAME and return a blocking descriptor. HOW may be NULL. With a wait, "no such
 * file" and "connection refused" are tried again until it is over; a backlog that is full is
 * waited for within the timeout. A failure leaves nothing behind.
 * Errors: ETIMEDOUT, those of ipc_address_set, socket, bind and connect. */
int ipc_connect(const char *name, const struct ipc_connect *how);

/* --- peers ------------------------------------------------------------------------------ */

/* Who is at the other end, by the kernel's word, as of the moment of connect(2) or, for a
 * client that asks about its server, of listen(2). */
struct ipc_peer {
	pid_t pid;	/* 0 if it is in a pid namespace that we cannot see */
	uid_t uid;
	gid_t gid;
};

/* Accept one connection from the listener and say who it is. The new descriptor is blocking.
 * PEER may be NULL. If ADDRESS is not NULL it gets the name that the peer's socket is bound to.
 * Errors: those of accept4(2) and getsockopt(2). */
int ipc_accept(int listener, struct ipc_peer *peer, struct ipc_address *address);

/* The peer of the connected socket. Errors: those of getsockopt(2). */
int ipc_peer(int fd, struct ipc_peer *peer);

/* All supplementary groups of the peer, at most MAX of them. Returns how many.
 * Errors: ERANGE (more than MAX), ENOPROTOOPT (a kernel before 4.13), those of getsockopt(2). */
int ipc_peer_groups(int fd, gid_t *groups, int max);

/* The user id that stands for all users whom our user namespace does not map; -1 if it maps every
 * one. Without /proc it is 65534. */
uid_t ipc_unmapped_user(void);

/* A pidfd of the peer: it stays that process even if its number is used again.
 * Errors: ENOPROTOOPT (a kernel before 6.5), ESRCH (it is gone), those of getsockopt(2). */
int ipc_peer_pidfd(int fd);

/* The path or "@name" that ADDRESS holds, in TEXT of at least 109 bytes; empty if it is unnamed
 * or if an abstract name has bytes that text cannot show. Returns TEXT. */
char *ipc_address_text(const struct ipc_address *address, char *text);

/* --- accounts --------------------------------------------------------------------------- */

/* The local account files are read directly: no NSS, no cache, no network. */
struct ipc_user {
	uid_t uid;
	gid_t gid;
};

/* The user NAME of /etc/passwd. Errors: ENOENT (no such user), those of open(2). */
int ipc_user_find(const char *name, struct ipc_user *user);

/* The first user of /etc/passwd whose number is UID. Errors: as ipc_user_find. */
int ipc_user_find_uid(uid_t uid, struct ipc_user *user);

/* The group NAME of /etc/group. Errors: ENOENT, those of open(2). */
int ipc_group_find(const char *name, gid_t *gid);

/* The groups of /etc/group that list NAME as a member, in the order of the file, at most MAX.
 * Returns how many. Errors: ERANGE (more than MAX), those of open(2). */
int ipc_user_groups(const char *name, gid_t *groups, int max);

/* --- environment ------------------------------------------------------------------------ */

/* A list of changes to an environment, as bytes: strings that end with NUL, "NAME=VALUE" to set
 * and "NAME" to remove. The last change of a name counts. The memory is the caller's. */
struct ipc_edits {
	char *text;
	size_t length;
	size_t size;
};

/* Append a change; a VALUE of NULL removes NAME. Errors: ENOSPC (text is full; nothing has
 * changed), EINVAL (NAME is empty or has a '='). */
int ipc_edits_add(struct ipc_edits *edits, const char *name, const char *value);

/* Append changes that are in this format already, LENGTH bytes of them.
 * Errors: ENOSPC, EINVAL (the last string does not end, or a name is empty). */
int ipc_edits_append(struct ipc_edits *edits, const char *text, size_t length);

enum { IPC_EDIT_NONE, IPC_EDIT_SET, IPC_EDIT_UNSET };

/* What the list does to NAME; *VALUE is the new value if it sets it. */
int ipc_edits_find(const struct ipc_edits *edits, const char *name, const char **value);

/* Make the changes in our own environment. Errors: those of setenv(3). */
int ipc_edits_apply(const struct ipc_edits *edits);

/* Write into ENVP, an array of MAX pointers, the environment that BASE becomes by the changes of
 * the COUNT lists, one after the other. Nothing is copied or allocated: the strings stay where
 * they are. BASE must not have a name twice. Returns how many there are, not counting the final
 * NULL. Errors: ENOSPC. */
int ipc_edits_merge(const struct ipc_edits *lists, int count, char *const *base, char **envp,
		    int max);

/* --- access rules ----------------------------------------------------------------------- */

/* A set of rules says for a client: yes, with changes to the environment and perhaps another
 * program to run; or no. The formats are those of s6 (docs/protocol.md): a directory, read anew
 * for every question, or a cdb file, kept in memory and read again when the file is replaced.
 *
 * Keys are tried in this order and the first rule that is there decides:
 * uid/self uid/N user/NAME gid/self gid/N, then the groups of the client, group/N and
 * group/NAME of all of them as one step in which a denial weighs more, then cgroup/NAME of the
 * longest path that has a rule, label/NAME and uid/default.
 * "self" are our effective ids when the set was opened. Names are those of /etc/passwd and
 * /etc/group; if a user or group has several, all are one step. In a step the allowing rule of
 * the primary group comes first, then that of the least gid, a number before a name.
 * A client whose user is not mapped into our user namespace matches uid/unmapped alone; a group
 * that is not mapped matches nothing. */
struct ipc_rules;

enum ipc_decision {
	IPC_RULES_DENY,		/* a rule says no */
	IPC_RULES_ALLOW,	/* a rule says yes */
	IPC_RULES_NONE		/* no rule matches: no */
};

struct ipc_verdict {
	enum ipc_decision decision;
	char rule[272];		/* the key that decided, such as "uid/1000"; or "" */
	const char *env;	/* changes in the format of struct ipc_edits */
	size_t env_length;
	const char *exec;	/* program text, not terminated; NULL if there is none */
	size_t exec_length;
	const char *message;	/* for the client, of a rule that denies, not terminated; or NULL */
	size_t message_length;
};				/* the pointers are valid until the next check */

enum { IPC_RULES_DIRECTORY, IPC_RULES_CDB, IPC_RULES_CACHED };

/* Prepare the rules in the directory or file PATH. A directory need not exist: no rule matches
 * until it does. Which ids are mapped is found out here, once.
 * With IPC_RULES_DIRECTORY | IPC_RULES_CACHED, checks from the second one on are answered from
 * memory while the kernel says that nothing in the directory has changed. The answers are the
 * same: the first check after a change knows of it, and where the kernel could miss one (a file
 * system that is not local, symbolic links, more than 1000 files) or where a rule cannot be read,
 * each check reads the directory. Two exceptions: a file that is written through a mapping has
 * changed when it is unmapped, and the process must not change its rights between checks. It takes
 * two descriptors, close-on-exec, and memory at a check, at most once a second.
 * Errors: ENOMEM, EINVAL (not a cdb), EFBIG (a cdb over 256 MB), those of open(2) for a cdb. */
struct ipc_rules *ipc_rules_open(const char *path, int format);

void ipc_rules_close(struct ipc_rules *rules);

/* Ask about PEER with its COUNT supplementary GROUPS. Does not allocate, except to read a cdb that
 * was replaced or, IPC_RULES_CACHED, a directory that has changed. Returns 0 with the verdict, a
 * denial included. A return of -1 must be treated as a denial: verdict->rule then names the key at
 * which it went wrong, "" if it is the whole set.
 * Errors: EACCES and other errors of openat(2) (a rule is there but cannot be read), E2BIG (an env
 * over 60000 bytes or an exec over 4096), EINVAL (a broken record, or NUL in an exec), ENODATA (it
 * comes to rules for cgroups or labels: only ipc_rules_check_fd knows these). */
int ipc_rules_check(struct ipc_rules *rules, const struct ipc_peer *peer, const gid_t *groups,
		    int count, struct ipc_verdict *verdict);

/* The same about the peer of the connection FD, of which PEER is known already: its groups, cgroup
 * and label are asked for only if a rule could depend on them. Where the kernel cannot tell (before
 * 4.13), only the group of PEER is known. Errors: as above; if its cgroup matters, ESRCH (it has
 * ended), ENOSYS (before 5.3) and those of reading /proc; those of getsockopt(2). */
int ipc_rules_check_fd(struct ipc_rules *rules, const struct ipc_peer *peer, int fd,
		       struct ipc_verdict *verdict);

/* The rule KEY, "FAMILY/NAME", as it stands in the set, whoever it is for. Returns and fails as
 * ipc_rules_check, with ENAMETOOLONG for a key that no rule can have. */
int ipc_rules_find(struct ipc_rules *rules, const char *key, struct ipc_verdict *verdict);

/* --- descriptors ------------------------------------------------------------------------ */

enum { IPC_FDS_MAX = 253 };	/* the kernel's limit for one message */

/* Send LENGTH bytes, on a stream at least 1, and with them COUNT descriptors, as one message.
 * Waits if the socket blocks. Returns the number of bytes that were taken, which on a stream may
 * be fewer: the descriptors have gone then and the rest is for write(2). Never raises SIGPIPE.
 * Errors: EINVAL, those of sendmsg(2). */
ssize_t ipc_fds_send(int sock, const void *data, size_t length, const int *fds, size_t count);

/* Receive at most LENGTH bytes and at most *COUNT descriptors. Returns the number of bytes, 0 at
 * the end of the stream, and in *COUNT the number of descriptors, which are close-on-exec and
 * now the caller's. If more came than were asked for, all are closed.
 * Errors: EPROTO (more descriptors than asked for; the bytes are lost), EMSGSIZE (a packet over
 * LENGTH, likewise), those of recvmsg(2). */
ssize_t ipc_fds_receive(int sock, void *data, size_t length, int *fds, size_t *count);

/* As ipc_fds_receive, for a socket with SO_PASSCRED, and say who sent it: PEER is the kernel's
 * word, pid 0, uid and gid -1 if it gave none. */
ssize_t ipc_fds_receive_from(int sock, void *data, size_t length, int *fds, size_t *count,
			     struct ipc_peer *peer);

/* Nobody can send descriptors to this socket, nor to those that are accepted from it, if they were
 * connected after this; who tries gets EPERM. A descriptor that somebody else sends can make
 * close(2), of itself or of a connection in which it lies unread, take as long as he likes.
 * Errors: ENOPROTOOPT (before Linux 6.16), those of setsockopt(2). */
int ipc_fds_refuse(int sock);

/* What a descriptor is, for people. */
struct ipc_description {
	char kind[32];		/* "unix-stream", "inet-stream-listening", "fifo", "file" ... */
	char address[256];	/* the name of a socket, the path of a file; or "" */
	int hangup;		/* its other end has gone */
};

/* Never fails: what cannot be found out stays empty. */
void ipc_describe(int fd, struct ipc_description *to);

/* --- messages --------------------------------------------------------------------------- */

/* Framed messages with descriptors, in both directions of one connection, in s6's format
 * (docs/protocol.md): u32 length, u16 number of descriptors, both big-endian, then the bytes. On a
 * SOCK_SEQPACKET socket each message is one packet. Nothing is read past the end of a message.
 * Memory is taken as bytes arrive, not as a header announces them; a short write goes on where it
 * stopped; descriptors beyond those that a header declares break the connection and are closed. */
struct ipc_messages;

enum {
	IPC_MESSAGES_CREDENTIALS = 1,	/* report the sender of each message (SCM_CREDENTIALS) */
	IPC_MESSAGES_SAME_SENDER = 2,	/* that, and fail if it is not who sent the first one */
	IPC_MESSAGES_PIDFD = 4		/* that, and a pidfd of the sender on kernels since 6.5 */
};

enum { IPC_MESSAGE_MAX = 1 << 28 };	/* bytes of one message, by the protocol */

struct ipc_messages_how {
	size_t max_length;	/* of a message that we take; 0 means IPC_MESSAGE_MAX */
	size_t max_queue;	/* memory for what waits to be sent; 0: enough for any message */
	unsigned max_fds;	/* descriptors that we take with a message; 0 means none */
	unsigned flags;
	void (*discard)(int fd);	/* closes descriptors of the peer's; NULL means close(2) */
};

struct ipc_message {
	const char *data;
	size_t length;
	int *fds;		/* close-on-exec; set those that you keep to -1 */
	unsigned count;
	struct ipc_peer sender;	/* pid 0, uid and gid -1 if it was not asked for */
	int *pidfd;		/* of the sender, -1 if there is none; set it to -1 to keep it */
};				/* valid until the next receive, which closes what is not -1 */

/* Take over reading and writing of the connection FD, which stays the caller's to close and should
 * not block (each call of the library is made with MSG_DONTWAIT all the same). HOW may be NULL.
 * The kernel knows the sender of what is sent from now on, and of what was sent before accept(2);
 * a server that wants to know the sender of every byte sets SO_PASSCRED on its listener.
 * Errors: EINVAL (a limit over the protocol's), ENOMEM, those of setsockopt(2). */
struct ipc_messages *ipc_messages_open(int fd, const struct ipc_messages_how *how);

/* Forget everything: unsent messages, unread bytes and the descriptors of both. */
void ipc_messages_close(struct ipc_messages *messages);

int ipc_messages_fd(const struct ipc_messages *messages);

/* What to poll(2) for: POLLIN unless a whole message waits to be received, so that a peer can be
 * made to wait, and POLLOUT while something waits to be sent. A server whose clients may send
 * requests without reading answers should take the next request only if there is no POLLOUT. */
short ipc_messages_events(const struct ipc_messages *messages);

/* Is something half done: part of a message read, or a message read but not received, or something
 * not yet sent? */
int ipc_messages_busy(const struct ipc_messages *messages);

/* After EPIPE of dispatch: did the peer leave without reading all that it was sent? */
int ipc_messages_reset(const struct ipc_messages *messages);

/* Write what can be written now and read until one message is whole, at most about 1 MB. Call it
 * when poll(2) says so, level-triggered, then receive. Returns 0.
 * Errors, all of them final: EPIPE (the peer has closed, and all that it sent has been received),
 * EPROTO (it broke the protocol, or closed within a message), EMSGSIZE (over max_length), EPERM
 * (another sender, or one message of several senders), EMFILE (no room for its descriptors),
 * ENOMEM, those of sendmsg(2) and recvmsg(2). */
int ipc_messages_dispatch(struct ipc_messages *messages);

/* Send a message, and queue what cannot be sent now, with copies (dup) of the descriptors. Returns
 * 0 if all of it is sent or queued. Errors: ENOBUFS (it does not fit into the queue; nothing
 * happened), EINVAL (over IPC_MESSAGE_MAX bytes or IPC_FDS_MAX descriptors), EPIPE (the peer does
 * not read any more), EMFILE, ENOMEM, those of sendmsg(2). */
int ipc_message_send(struct ipc_messages *messages, const void *data, size_t length,
		     const int *fds, size_t count);

/* The next message that has arrived whole. Returns 1, or 0 if there is none; does not read. */
int ipc_message_receive(struct ipc_messages *messages, struct ipc_message *message);

/* For programs without a loop: wait until all is sent and, if MESSAGE is not NULL, a message is
 * there; if it is NULL, nothing is read. TIMEOUT is for the whole call. Errors: ETIMEDOUT, those
 * of dispatch. */
int ipc_messages_wait(struct ipc_messages *messages, struct ipc_message *message, int timeout);

/* --- workers ---------------------------------------------------------------------------- */

/* Wait on FD, the descriptor that $IPCWORKERFD names, for the next client of the server that
 * keeps us (docs/protocol.md). Returns the connection, and in ENV, whose memory is the caller's
 * (256 KiB do for everybody), what the environment of a handler would be changed by; its length is
 * 0 before the first call. The client that was in ENV before is done, as with ipc_worker_done. The
 * server is told of both, so that it can count clients; a worker that ends tells nothing and need
 * not. Errors: EPIPE (the server has no more clients: end), EPROTO (not such a packet), EMSGSIZE
 * (ENV is too small; the client is lost), those of recvmsg(2). */
int ipc_worker_next(int fd, struct ipc_edits *env);

/* Tell the server that the client of ENV is done, and forget him. For a worker that waits between
 * clients for something else, or serves several at a time, each with an ENV of its own. Close the
 * connection first. Returns 0. Errors: EPIPE (the server has gone, and does not count any more),
 * those of send(2). */
int ipc_worker_done(int fd, struct ipc_edits *env);

/* --- datagrams -------------------------------------------------------------------------- */

/* A message of a socket that keeps messages apart (SOCK_DGRAM, SOCK_SEQPACKET). The first fields
 * are the caller's, the others are the answer. */
struct ipc_datagram {
	void *data;		/* memory for the message */
	size_t size;
	int *fds;		/* memory for descriptors that are welcome */
	size_t max_fds;		/* 0: none is */
	int *pidfd;		/* gets a pidfd of the sender, the caller's, or -1; NULL: not wanted */
	void (*discard)(int fd);	/* closes those that are not; NULL means close(2) */

	size_t length;		/* of the message; over size if its end was cut off */
	size_t count;		/* descriptors in fds, close-on-exec, now the caller's */
	size_t refused;		/* descriptors that were closed: all, if over max_fds come */
	int known;		/* the kernel says who sent it */
	struct ipc_peer sender;	/* uid and gid -1 if it does not */
	struct ipc_address from;	/* the name that the sender's socket is bound to */
};

/* Have the kernel note who sends each message to the socket. What was sent before nobody knows, so
 * a socket that is being made wants IPC_LISTEN_CREDENTIALS. Errors: those of setsockopt(2). */
int ipc_datagram_credentials(int fd);

/* That, and a pidfd of the sender: it stays that process, even one that is gone by now, when its number
 * is used again. Before Linux 6.5 there is none. Errors: those of setsockopt(2). */
int ipc_datagram_pidfds(int fd);

/* Receive one message, which may be empty. Returns 1, or 0 at the end of a connection. To tell the
 * two apart, ipc_datagram_credentials must have been called. A sender who has no process here and
 * the user id 65534 is not known: it may be one that nobody noted.
 * Errors: those of recvmsg(2). */
int ipc_datagram_receive(int fd, struct ipc_datagram *datagram);

/* For the program that dgramd keeps: wait on FD, its descriptor 0, for the next message that it
 * hands us (docs/protocol.md). Returns the length of *MESSAGE; FACTS are the variables that a
 * handler would find in its environment. Both point into BUFFER, which is the caller's.
 * Errors: EPIPE (there will be no more: end), EPROTO (not such a packet), EMSGSIZE (BUFFER is too
 * small; the message is lost), those of recvmsg(2). */
ssize_t ipc_delivery_next(int fd, char *buffer, size_t size, struct ipc_edits *facts,
			  const char **message);

/* The beginning of such a packet, for LENGTH bytes of facts and MESSAGE bytes that follow. Returns
 * its own length, at most 8. */
size_t ipc_delivery_header(char *header, size_t length, size_t message);

/* --- descriptors from whoever started us ------------------------------------------------ */

/* The conventions by which a program is told which descriptors it has been given
 * (docs/protocol.md). Each is in the environment, but for the two that are numbers alone. */
enum ipc_convention {
	IPC_FDS_LISTEN,		/* LISTEN_FDS, LISTEN_PID, LISTEN_PIDFDID, LISTEN_FDNAMES */
	IPC_FDS_MAP,		/* LISTEN_FD_MAP=name=fd,name=fd, or a variable of another name */
	IPC_FDS_EINHORN,	/* EINHORN_FD_COUNT, EINHORN_FD_0...; or EINHORN_FDS */
	IPC_FDS_STARTER,	/* SERVER_STARTER_PORT=address=fd;address=fd */
	IPC_FDS_UPSTART,	/* UPSTART_FDS */
	IPC_FDS_NGINX,		/* NGINX=fd;fd; */
	IPC_FDS_FPM,		/* FPM_SOCKETS=address=fd,address=fd */
	IPC_FDS_UCSPI,		/* descriptors 6 and 7, a client's */
	IPC_FDS_INETD,		/* descriptor 0 */
	IPC_FDS_EACH,		/* NAME_FD=fd for each */
	IPC_FDS_CONVENTIONS
};

enum { IPC_NAME_MAX = 255, IPC_LISTEN_FDS_MAX = 253 };

struct ipc_listen_fd {
	int fd;
	char name[IPC_NAME_MAX + 1];	/* "unknown" if the convention has no name for it */
};

struct ipc_listen_source {
	unsigned conventions;	/* 1 << IPC_FDS_... to look for; 0: all but IPC_FDS_EACH */
	const char *variable;	/* the one of IPC_FDS_MAP; NULL: LISTEN_FD_MAP */
	int any_process;	/* take LISTEN_FDS even if LISTEN_PID is not us */
	enum ipc_convention found;	/* out: the convention that was there */
	char problem[352];	/* out, with EINVAL, EBADF and E2BIG: what is wrong, in words */
};

/* Find in the environment ENVP the descriptors that we were given, at most MAX, by the first of
 * the conventions that is there, in the order above. Changes nothing. Descriptor 0 counts if it is
 * a socket, 6 and 7 if they are and PROTO is set; if one of these two is all that is looked for, it
 * is enough that they are open. Returns how many there are, 0 if none of the conventions is there.
 * Errors: EINVAL (not in the format, a name twice in a map, a number twice), EBADF (a number that
 * is not open), E2BIG (over MAX). */
int ipc_listen_fds_find(char *const *envp, struct ipc_listen_source *source,
			struct ipc_listen_fd *fds, int max);

/* What a daemon calls first: find the descriptors by any convention but IPC_FDS_EACH, make those
 * over 2 close-on-exec and take the variables out of our environment. Returns and fails as
 * ipc_listen_fds_find; the environment is as it was then. */
int ipc_listen_fds(struct ipc_listen_fd *fds, int max);

/* Take the variables of a convention out of our environment: SOURCE is what ipc_listen_fds_find
 * filled, with the COUNT descriptors that it found. */
void ipc_listen_fds_forget(const struct ipc_listen_source *source, const struct ipc_listen_fd *fds,
			   int count);

/* The number of our process that LISTEN_PIDFDID means, in decimal digits in TEXT of at least 21
 * bytes. Errors: ENOTSUP (a kernel before 6.9), those of pidfd_open(2). */
int ipc_listen_pidfdid(char *text);

/* --- readiness -------------------------------------------------------------------------- */

/* Send MESSAGE, such as "READY=1\n", to the socket that $NOTIFY_SOCKET names, in the format of
 * sd_notify(3). Errors: those of ipc_address_set, socket and sendto(2). */
int ipc_notify(const char *socket, const char *message);

/* The same in the name of process PID, if we may (root), else in our own. */
int ipc_notify_for(const char *socket, pid_t pid, const char *message);

/* Wait until the supervisor has dealt with all that we have sent it. TIMEOUT is in ms, -1: none.
 * Errors: ETIMEDOUT, those of ipc_notify and socketpair(2). */
int ipc_notify_barrier(const char *socket, int timeout);

enum {
	IPC_NOTICE_READY = 1,
	IPC_NOTICE_RELOADING = 2,
	IPC_NOTICE_STOPPING = 4,
	IPC_NOTICE_WATCHDOG = 8,
	IPC_NOTICE_BARRIER = 16,	/* when you are done, close the descriptor that came */
	IPC_NOTICE_STATUS = 32,
	IPC_NOTICE_MAINPID = 64,
	IPC_NOTICE_EXTEND = 128
};

/* What such a message says. */
struct ipc_notice {
	unsigned what;		/* IPC_NOTICE_... */
	const char *status;	/* within the message, not terminated */
	size_t status_length;
	pid_t mainpid;
	long long extend;	/* ms from now */
};

/* Read a message of LENGTH bytes. Lines that are not known, or whose values are no such value, mean
 * nothing; the last one of a name counts. The newline of the last line may be missing. */
void ipc_notice_parse(const char *text, size_t length, struct ipc_notice *notice);

/* --- plain input and output ------------------------------------------------------------- */

/* Write all of it, going on after short writes and interruptions, and waiting with poll(2) if
 * the descriptor does not block. Errors: those of write(2); some of it may be out. */
int ipc_write_all(int fd, const void *data, size_t length);

/* As flock(2) with LOCK_EX, but for at most PATIENCE milliseconds: whoever can open a file can hold
 * its lock. Errors: EWOULDBLOCK (it is still held), those of flock(2). */
int ipc_lock(int fd, int patience);

#ifdef __cplusplus
}
#endif

#endif
