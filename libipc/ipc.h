/* SPDX-License-Identifier: ISC */
/* ipc.h - local services over Unix domain sockets
 *
 * The rules of this library, without exception:
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
#include <stdarg.h>
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
	IPC_LISTEN_CREDENTIALS = 32	/* note who sends each message: see ipc_datagram_credentials */
};

struct ipc_listen {
	int type;		/* SOCK_STREAM (0 means that), SOCK_DGRAM, SOCK_SEQPACKET */
	unsigned flags;		/* IPC_LISTEN_... */
	unsigned mode;		/* permission bits of the file */
	uid_t uid;
	gid_t gid;
	int backlog;		/* for listen(2); 0 means as many as the kernel allows, -1 means do not listen */
};

/* Make a socket visible at NAME and return its descriptor. Nobody can connect before it has its
 * final mode and owner. A dead socket at the path is replaced, a live one only with
 * IPC_LISTEN_TAKEOVER, anything that is not a socket never. Binders that use this function do
 * not run into each other. A failure leaves nothing behind. Changes the umask of the process
 * while it runs, so do not make files in another thread meanwhile.
 * Errors: ENOTSOCK (what is there is not a socket), EADDRINUSE (a live socket, or anything with
 * IPC_LISTEN_EXCLUSIVE), those of ipc_address_set, socket, bind, chown, listen and rename. */
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

/* --- text ------------------------------------------------------------------------------- */

/* TEXT as a number: digits of BASE and nothing else, at most MAX.
 * Errors: EINVAL (not a number), ERANGE (over MAX). */
int ipc_number(const char *text, unsigned base, unsigned max, unsigned *value);

/* TEXT as numbers of groups with any of ",:; \t\r\n" between them; may be empty. Returns how
 * many. Errors: EINVAL (anything else in it), ERANGE (over 32 bits, or more than MAX). */
int ipc_groups_parse(const char *text, gid_t *groups, int max);

/* As snprintf(3) and vsnprintf(3), for %s %c %d %u %o %x %% with l, ll, z, '-', '0', widths and,
 * for %s, precisions; nothing else. Returns the length that the whole text has. */
size_t ipc_format(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
size_t ipc_vformat(char *text, size_t size, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

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
 * group/NAME of all of them as one step in which a denial weighs more, then uid/default.
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
 * was replaced or, IPC_RULES_CACHED, a directory that has changed. Returns 0 with the verdict, a denial included. A return of -1 must be treated as a
 * denial: verdict->rule then names the key at which it went wrong, "" if it is the whole set.
 * Errors: EACCES and other errors of openat(2) (a rule is there but cannot be read), E2BIG (an env
 * over 60000 bytes or an exec over 4096), EINVAL (a broken record, or NUL in an exec). */
int ipc_rules_check(struct ipc_rules *rules, const struct ipc_peer *peer, const gid_t *groups,
		    int count, struct ipc_verdict *verdict);

/* The same about the peer of the connection FD, of which PEER is known already: its groups are
 * asked for only if a rule could depend on them. Where the kernel cannot tell (before 4.13), only
 * the group of PEER is known. */
int ipc_rules_check_fd(struct ipc_rules *rules, const struct ipc_peer *peer, int fd,
		       struct ipc_verdict *verdict);

/* The rule KEY, "FAMILY/NAME", as it stands in the set, whoever it is for. Returns and fails as
 * ipc_rules_check, with ENAMETOOLONG for a key that no rule can have. */
int ipc_rules_find(struct ipc_rules *rules, const char *key, struct ipc_verdict *verdict);

/* Call VISIT with each rule of the set, of whatever family, until it returns non-zero. Names
 * that begin with a dot are no rules. Returns what VISIT returned last, or -1, with the place in
 * verdict->rule. Errors: those of ipc_rules_check, ENOENT (there is no such directory), ENOTDIR (a
 * file stands where a rule should), EINVAL (a key that is no text). */
int ipc_rules_walk(struct ipc_rules *rules, int (*visit)(void *, const struct ipc_verdict *),
		   void *data, struct ipc_verdict *verdict);

/* A cdb file in the making. */
struct ipc_cdb;

enum { IPC_RECORD_MAX = 4096 };	/* bytes of an env or exec that every reader of the format takes */

struct ipc_cdb *ipc_cdb_new(void);
void ipc_cdb_free(struct ipc_cdb *cdb);

/* Add a record. Errors: ENOMEM, EFBIG (the file would be over 256 MB). */
int ipc_cdb_add(struct ipc_cdb *cdb, const void *key, size_t key_length, const void *data,
		size_t length);

/* Add the rule under the key rule->rule.
 * Errors: those of ipc_cdb_add, E2BIG (env or exec over IPC_RECORD_MAX), EINVAL (no rule). */
int ipc_cdb_add_rule(struct ipc_cdb *cdb, const struct ipc_verdict *rule);

/* Write the file to FD, at its place. Errors: ENOMEM, EFBIG, those of write(2). */
int ipc_cdb_write(struct ipc_cdb *cdb, int fd);

/* --- descriptors ------------------------------------------------------------------------ */

enum { IPC_FDS_MAX = 253 };	/* the kernel's limit for one message */

/* Send LENGTH bytes, at least 1, and with the first of them COUNT descriptors, as one message.
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
 * (256 KiB do for everybody), what the environment of a handler would be changed by.
 * Errors: EPIPE (the server has no more clients: end), EPROTO (not such a packet), EMSGSIZE (ENV
 * is too small; the client is lost), those of recvmsg(2). */
int ipc_worker_next(int fd, struct ipc_edits *env);

/* --- datagrams -------------------------------------------------------------------------- */

/* A message of a socket that keeps messages apart (SOCK_DGRAM, SOCK_SEQPACKET). The first fields
 * are the caller's, the others are the answer. */
struct ipc_datagram {
	void *data;		/* memory for the message */
	size_t size;
	int *fds;		/* memory for descriptors that are welcome */
	size_t max_fds;		/* 0: none is */

	size_t length;		/* of the message; over size if its end was cut off */
	size_t count;		/* descriptors in fds, close-on-exec, now the caller's */
	size_t refused;		/* descriptors that were closed: if more than max_fds come, all are */
	int known;		/* the kernel says who sent it */
	struct ipc_peer sender;	/* uid and gid -1 if it does not */
	struct ipc_address from;	/* the name that the sender's socket is bound to */
};

/* Have the kernel note who sends each message to the socket. What was sent before nobody knows, so
 * a socket that is being made wants IPC_LISTEN_CREDENTIALS. Errors: those of setsockopt(2). */
int ipc_datagram_credentials(int fd);

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
	IPC_NOTICE_BARRIER = 16,	/* close the descriptor that came with it when you are done */
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

/* --- named descriptors ------------------------------------------------------------------ */

/* Descriptors that have names, as fdpass passes them (docs/protocol.md): one message whose body is
 * the names, each with its NUL, in the order of the descriptors; the receiver answers with one
 * byte. A name is 1 to 255 bytes without blanks, control characters, '=' and ',', and stands in a
 * message once. To send: format, ipc_message_send, ipc_named_confirm. To receive:
 * ipc_message_receive, parse, ipc_named_answer. */
struct ipc_named {
	const char *name;
	int fd;
};

enum { IPC_NAME_MAX = 255, IPC_NAMED_MAX = IPC_FDS_MAX * (IPC_NAME_MAX + 1) };

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
/* --- patterns --------------------------------------------------------------------------- */

/* Does TEXT match the shell pattern of LENGTH bytes? As fnmatch(3) with FNM_PATHNAME and
 * FNM_PERIOD, on bytes: '*', '?' and [sets] match no '/', and no '.' at the beginning of a
 * component; so they never match "..". Sets know ranges, '!' and the classes of POSIX, for ASCII. A
 * pattern that is not well formed matches nothing. Takes time in proportion to both lengths
 * multiplied, at worst. Returns 1 or 0. */
int ipc_pattern_match(const char *pattern, size_t length, const char *text);

/* --- commands run by a server ----------------------------------------------------------- */

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
 * 131072 strings), EINVAL (fewer arguments than announced), ERANGE (fewer variables), EILSEQ (a variable
 * without '='). */
int ipc_sudo_decode(const char *data, size_t length, struct ipc_sudo_request *request);

/* Write the arguments of REQUEST into ARGV, an array of argc + 1 pointers that ends with NULL. */
void ipc_sudo_arguments(const struct ipc_sudo_request *request, char **argv);

/* Write into ENVP, an array as long as BASE, the environment of the command: BASE, in which
 * variables with an empty value take the client's value of that name, the first that is not empty. Other
 * variables of the client are dropped. The strings stay where they are. Errors: ENOMEM. */
int ipc_sudo_environment(const struct ipc_sudo_request *request, char *const *base, char **envp);

/* May a client use the arguments ARGV? PATTERNS are words for ipc_pattern_match with blanks between
 * them, one for each argument; '\' before a blank or a special character takes its meaning away.
 * An argument that begins with '-' matches only a pattern that does. The word "**" matches any one
 * argument, "..." at the end any number of them, and "|" separates alternatives. PATTERNS without
 * a word allow no arguments. Returns 1 or 0. */
int ipc_sudo_allowed(const char *patterns, char *const *argv);

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

enum { IPC_LISTEN_FDS_MAX = 253 };

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

/* --- main channel and side channel ------------------------------------------------------ */

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
/* --- opening for others ----------------------------------------------------------------- */

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

/* Does NAME match one of the PATTERNS of ipc_pattern_match, which have blanks between them? A
 * backslash makes a blank a part of a pattern. A last component "**" matches all that is below,
 * names that begin with a dot included. The first that matches counts: *PREFIX gets the length of
 * its fixed prefix with the final slash, that is the directories before the first wildcard, or up
 * to a component "." where the pattern has one. For a name that is not a path it is 0.
 * Returns 1 or 0. */
int ipc_open_match(const char *patterns, const char *name, size_t *prefix);

/* open(2) of a plain absolute PATH, never led astray by links: no symbolic link below a prefix may
 * leave it and no magic link of procfs is followed. PREFIXES are COUNT lengths, at least one, from
 * ipc_open_match; links within the shortest of them are trusted. Before Linux 5.6 no link
 * below a prefix is followed at all. Errors: EINVAL (the path or a prefix is not what it
 * should be), ENAMETOOLONG, EXDEV (a link leads out), ELOOP (a link that is not followed), those
 * of open(2). */
int ipc_open_beneath(const char *path, const size_t *prefixes, int count, int flags, mode_t mode);

/* --- expressions ------------------------------------------------------------------------ */

/* Extended regular expressions as POSIX has them in the C locale, on bytes, that tell whether there
 * is a match anywhere. What POSIX leaves undefined is a mistake, but that an empty expression,
 * group or alternative matches nothing at any place. */
struct ipc_expression;

/* Errors: EINVAL (a mistake, or groups more than 64 deep), E2BIG (over 8192 steps, into which
 * repetitions are unfolded), ENOMEM. */
struct ipc_expression *ipc_expression_compile(const char *text);

void ipc_expression_free(struct ipc_expression *expression);

/* 1 or 0. Takes time in proportion to the product of both lengths at most. Does not allocate; works
 * in memory of the expression, so threads must take turns. */
int ipc_expression_match(struct ipc_expression *expression, const char *text);

/* --- instants --------------------------------------------------------------------------- */

/* A moment of the wall clock, as TAI64N has it: 2^62 + seconds of TAI since 1970, nanoseconds. */
struct ipc_instant {
	unsigned long long label;
	unsigned nanoseconds;
};

enum {
	IPC_INSTANT_SIZE = 12,	/* packed: u64 and u32, big-endian */
	IPC_INSTANT_TEXT = 26	/* '@', 24 hexadecimal digits, NUL */
};

/* Now plus MS milliseconds; -1 is for ever. */
struct ipc_instant ipc_instant_in(long long ms);

/* Less than 0, 0 or more than 0 as strcmp(3). */
int ipc_instant_compare(const struct ipc_instant *one, const struct ipc_instant *other);

/* Seconds since 1970 in UTC, leap seconds counted as they were in 2017; negative before. */
long long ipc_instant_seconds(const struct ipc_instant *instant);

/* Is it so far away that it means "for ever"? */
int ipc_instant_forever(const struct ipc_instant *instant);

/* '@' and 24 digits, in TEXT of at least IPC_INSTANT_TEXT bytes. Returns TEXT. */
char *ipc_instant_text(const struct ipc_instant *instant, char *text);

/* The same back; digits of either case, nothing behind them. Errors: EINVAL. */
int ipc_instant_parse(const char *text, struct ipc_instant *instant);

/* --- a holder of descriptors: what both halves know --------------------------------------- */

/* A holder keeps descriptors for programs that come and go, each under a name and until an
 * instant. The protocol is that of s6's fd-holder, with requests of our own that only our own
 * programs send (docs/protocol.md). */

enum { IPC_HOLDER_NAME_MAX = 255 };	/* bytes of a name; at least 1 */

enum {
	IPC_HOLDER_WATCHED = 1,	/* to be dropped when its other end hangs up */
	IPC_HOLDER_HANGUP = 2	/* its other end has hung up */
};

struct ipc_holder_entry {
	const char *name;
	int fd;				/* -1 if none came with it */
	struct ipc_instant limit;	/* it is closed and forgotten then */
	/* the rest is known in long lists and when a successor takes over */
	struct ipc_instant stored;	/* when it came */
	struct ipc_peer owner;		/* who stored it */
	unsigned flags;			/* IPC_HOLDER_WATCHED, IPC_HOLDER_HANGUP */
	const char *kind;		/* "stream", "fifo", "file" ...: what it is */
	const char *address;		/* the name of a socket, the path of a file; or "" */
};

/* --- the client of a holder --------------------------------------------------------------- */

/* Requests are sent without waiting and answered in order. */
struct ipc_holder;

enum ipc_holder_request {
	IPC_HOLDER_STORE = 'S',
	IPC_HOLDER_DELETE = 'D',
	IPC_HOLDER_RETRIEVE = 'R',
	IPC_HOLDER_LIST = 'L',
	IPC_HOLDER_GETDUMP = '?',
	IPC_HOLDER_SETDUMP = '!',
	IPC_HOLDER_DATA = '.',
	/* the rest is understood by our own holder only: another one hangs up */
	IPC_HOLDER_LONG_LIST = 'l',
	IPC_HOLDER_FAMILY = 'f',
	IPC_HOLDER_TAKEOVER = 't',
	IPC_HOLDER_DONE = 'd'
};

struct ipc_holder_reply {
	enum ipc_holder_request request;	/* that this answers */
	int error;				/* 0, or why it was refused, an errno */
	struct ipc_holder_entry *entries;	/* close-on-exec; set fds that you keep to -1 */
	unsigned count;
	unsigned total;		/* of a list, dump, family or takeover: entries in all */
	unsigned more;		/* replies to the same request that are still to come */
};				/* valid until the next receive, which closes what is not -1 */

/* Speak with a holder on the connection FD, which stays the caller's to close. Errors: ENOMEM. */
struct ipc_holder *ipc_holder_open(int fd);

void ipc_holder_close(struct ipc_holder *holder);

/* As ipc_messages_fd, ipc_messages_events and ipc_messages_dispatch. */
int ipc_holder_fd(const struct ipc_holder *holder);
short ipc_holder_events(const struct ipc_holder *holder);
int ipc_holder_dispatch(struct ipc_holder *holder);

/* Ask. NAME is for STORE, DELETE, RETRIEVE and FAMILY, else NULL; FD, which is copied, and LIMIT
 * are for STORE. A retrieved descriptor is still held until it is deleted. A family is NAME and
 * whatever else came from sd_notify(3) under that name. LIST tells names; LONG_LIST all there is to
 * know, without descriptors. GETDUMP gives all descriptors. TAKEOVER does, too, with all there is
 * to know, and its first reply has entries without a name: the socket where clients come in, then
 * the connections of those who are there. The holder serves nobody else then until DONE ends it, or
 * until we hang up, which lets it go on.
 * Errors: ENAMETOOLONG, EINVAL (an empty name), ENOBUFS (too many requests are unanswered), those
 * of ipc_message_send. */
int ipc_holder_ask(struct ipc_holder *holder, enum ipc_holder_request request, const char *name,
		   int fd, const struct ipc_instant *limit);

/* Load a dump: announce COUNT descriptors, and after a favourable reply send them all. The last
 * reply but one to the DATA has error EAGAIN, "more is expected", and the last has 0: all of them
 * are held from then on; a name that was in use is replaced. Errors: as ipc_holder_ask. */
int ipc_holder_announce(struct ipc_holder *holder, unsigned count);
int ipc_holder_load(struct ipc_holder *holder, const struct ipc_holder_entry *entries,
		    unsigned count);

/* The next reply. Returns 1, or 0 if there is none yet. Errors: EPROTO (it makes no sense). */
int ipc_holder_receive(struct ipc_holder *holder, struct ipc_holder_reply *reply);

/* For programs without a loop: wait for the next reply. A refusal is a reply, not an error here.
 * TIMEOUT is for the whole call. Errors: ETIMEDOUT, EPIPE (the holder hung up), EPROTO. */
int ipc_holder_wait(struct ipc_holder *holder, struct ipc_holder_reply *reply, int timeout);

/* --- the holder ----------------------------------------------------------------------------- */

/* What is held. */
struct ipc_holder_table;

/* Hold at most MAX descriptors, at least 1. Errors: ENOMEM, EMFILE. */
struct ipc_holder_table *ipc_holder_table_open(unsigned max);

/* Close all descriptors and forget them. Close the sessions first. */
void ipc_holder_table_close(struct ipc_holder_table *table);

/* Hold a copy of entry->fd under entry->name. Errors: EBUSY (the name is in use), ENFILE (the
 * table is full), ENAMETOOLONG, EINVAL (an empty name), EMFILE, ENOMEM. */
int ipc_holder_table_add(struct ipc_holder_table *table, const struct ipc_holder_entry *entry);

/* Close and forget. Errors: ENOENT. */
int ipc_holder_table_remove(struct ipc_holder_table *table, const char *name);

unsigned ipc_holder_table_count(const struct ipc_holder_table *table);

/* Call VISIT for each entry until it returns non-zero, and return that. The entry's fd stays the
 * table's, and the table must not change meanwhile. kind and address are NULL here. */
int ipc_holder_table_walk(struct ipc_holder_table *table,
			  int (*visit)(void *data, const struct ipc_holder_entry *entry),
			  void *data);

/* A descriptor that polls readable when a watched entry has hung up: call _sweep then. -1 while a
 * successor takes over. */
int ipc_holder_table_fd(const struct ipc_holder_table *table);

/* Drop what has hung up or expired. Returns 1 and in *NEXT the instant of the next expiry, or 0
 * if nothing will expire. */
int ipc_holder_table_sweep(struct ipc_holder_table *table, struct ipc_instant *next);

/* Watch what is stored from now on, too, not only what asks for it. */
void ipc_holder_table_watch(struct ipc_holder_table *table);

/* For a holder that executes itself anew: make a memfd of what there is to know, and let the held
 * descriptors be inherited or not. Afterwards _restore makes the table again, with room for MAX or,
 * if there are more, for these. The memfd stays the caller's.
 * Errors: ENOMEM, EINVAL (not such a file), those of memfd_create(2), write(2) and mmap(2). */
int ipc_holder_table_save(struct ipc_holder_table *table);
void ipc_holder_table_inherit(struct ipc_holder_table *table, int inherit);
struct ipc_holder_table *ipc_holder_table_restore(int fd, unsigned max);

/* Has a successor taken over all that is held? Then it is time to go. */
int ipc_holder_table_gone(const struct ipc_holder_table *table);

enum {
	IPC_HOLDER_MAY_LIST = 1,
	IPC_HOLDER_MAY_GETDUMP = 2,
	IPC_HOLDER_MAY_SETDUMP = 4,
	IPC_HOLDER_MAY_TAKEOVER = 8
};

/* What a client may do. MAY is asked about a name, with IPC_HOLDER_STORE or _RETRIEVE. */
struct ipc_holder_rights {
	unsigned flags;
	int (*may)(void *data, enum ipc_holder_request what, const char *name);
	void *data;
	/* For a successor: write at most MAX descriptors to FDS, first the socket where clients
	 * come in, then connections without a session, or whose session is not busy. Returns how
	 * many. They stay the caller's. NULL: none. */
	int (*others)(void *data, int *fds, int max);
};

/* One client of the holder. */
struct ipc_holder_session;

/* Serve PEER on the connection FD, which stays the caller's to close. RIGHTS are copied.
 * Errors: ENOMEM. */
struct ipc_holder_session *ipc_holder_session_open(struct ipc_holder_table *table, int fd,
						   const struct ipc_peer *peer,
						   const struct ipc_holder_rights *rights);

/* A descriptor that was on its way to the client by "retrieve and delete", and is not known to have
 * arrived, is held again. */
void ipc_holder_session_close(struct ipc_holder_session *session);

int ipc_holder_session_fd(const struct ipc_holder_session *session);

/* What to poll(2) for; 0 while a successor takes over: do not poll it at all then. */
short ipc_holder_session_events(const struct ipc_holder_session *session);

/* Read requests, act, answer. Memory and descriptors that a client can use are bounded: one that
 * does not read its replies is not read from. Errors: EPIPE (it has hung up), EPROTO, those of
 * ipc_messages_dispatch; the session is to be closed then. */
int ipc_holder_session_dispatch(struct ipc_holder_session *session);

/* Is an exchange going on: half a request, a dump, an unread reply? */
int ipc_holder_session_busy(const struct ipc_holder_session *session);

/* A message of sd_notify(3), LENGTH bytes of TEXT with COUNT descriptors, which stay the caller's:
 * with FDSTORE=1 they are held under the name in FDNAME ("stored"), the second and later ones as
 * NAME:1, NAME:2 ..., unless they are held already, and watched unless FDPOLL=0; with
 * FDSTOREREMOVE=1 all of that name are dropped. Other messages are none of our business. Returns
 * how many were stored or dropped. Errors: EPERM, EINVAL (a bad name), those of _add. */
int ipc_holder_notify(struct ipc_holder_table *table, const char *text, size_t length,
		      const int *fds, size_t count, const struct ipc_peer *peer,
		      const struct ipc_holder_rights *rights);
/* --- plain input and output ------------------------------------------------------------- */

/* Write all of it, going on after short writes and interruptions, and waiting with poll(2) if
 * the descriptor does not block. Errors: those of write(2); some of it may be out. */
int ipc_write_all(int fd, const void *data, size_t length);

#ifdef __cplusplus
}
#endif

#endif
