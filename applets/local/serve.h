/* SPDX-License-Identifier: ISC */
/* what the parts of serverd share */
#ifndef SERVE_H
#define SERVE_H

#include "gate.h"
#include "spawn.h"

/* What the options say. */
struct settings {
	unsigned verbosity;
	int no_lookup;		/* do not ask who the client is */
	int hand_on;		/* descriptors that we inherited go to the handlers */
	unsigned max, user_max;
	unsigned workers;
	int messages;		/* programs get messages as descriptor 0, and our 1 as theirs */
	int deadline;		/* ms that a handler may take, 0: no limit */
	int grace;		/* ms between TERM and KILL, and for a drain */
	struct rlimit files;	/* RLIMIT_NOFILE as we got it */
	int files_raised;
	char **prog;
	const struct identity *identity;	/* of a setuidgid in front of prog; NULL: none */
	const char *local;	/* the path of the socket, "" if not known */
};

extern struct settings settings;

/* For the status line. */
struct counters {
	unsigned long accepted, refused_user, spawn_failures, accept_errors, restarts;
	unsigned live, peak;
};

extern struct counters counters;

/* epoll: what woke us up, and which of them */
enum source { FROM_LISTENER, FROM_SIGNALS, FROM_HANDLER, FROM_POOL, FROM_WORKER };

extern int epoll;
/* Returns -1 and errno if the kernel cannot watch one more. */
int watch(int fd, enum source source, unsigned index, unsigned events);
void rewatch(int fd, enum source source, unsigned events);

/* Does the kernel have pidfds? Without, all ends of children come from SIGCHLD. */
extern int have_pidfds;

/* --- handlers: a process for each client --- */

void handlers_init(void);
int handlers_full(void);

/* The number of handlers that serve UID now. */
unsigned handlers_of(uid_t uid);

/* Start argv for the client on the connection. Returns its number, -1 and errno. */
pid_t handler_start(int connection, char **argv, char **envp, const struct client *client);

/* The handler of this index has ended, or, without pidfds, process PID has. */
void handler_ended(unsigned index);
int handler_ended_pid(pid_t pid, int status);

void handlers_signal(int signal);

/* Enforce the deadlines. Returns ms until the next one, -1 if there is none. */
int handlers_tick(long long now);

/* --- pool: workers that live on --- */

void pool_init(void);

/* Hand the connection, -1 if there is none, and its environment, or a message in its place, to
 * whichever worker is free. Returns 0, or -1 and errno; EAGAIN if the queue is full. */
int pool_give(int connection, const struct ipc_edits *env);

/* Poll for room in the queue, or do not. */
void pool_want_room(int want);

void worker_ended(unsigned index);
int worker_ended_pid(pid_t pid, int status);
int pool_tick(long long now);
void pool_signal(int signal);
unsigned pool_live(void);

/* No more clients: the workers finish what is queued and see the end of it. */
void pool_close(void);

/* Say how a child ended, at verbosity 2. */
void log_end(const char *what, pid_t pid, int status);

#endif
