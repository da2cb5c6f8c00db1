/* SPDX-License-Identifier: ISC */
/* what serverd and dgramd share */
#ifndef SERVE_H
#define SERVE_H

#include "gates.h"
#include "spawn.h"

/* What the options say. */
struct settings {
	unsigned verbosity;
	int no_lookup;		/* do not ask who the client is */
	int hand_on;		/* descriptors that we inherited go to the handlers */
	unsigned max, user_max;
	unsigned workers;
	int messages;		/* programs get messages as descriptor 0, and our 1 as theirs */
	unsigned most_bytes;	/* of a message */
	int deadline;		/* ms that a handler may take, 0: no limit */
	int nothing;		/* a descriptor of /dev/null */
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
extern struct gates gates;

/* --- the loop --- */

/* What a server does in its own way. */
struct server {
	const char *options;	/* for option() */
	unsigned most_clients;	/* for -c */
	const char *signals;	/* SIGCHLD, SIGPIPE, which must not end it, and those to receive */
	const char *clients;	/* for "unable to VERB, CLIENTS wait:" */
	const char *verb;
	const char *failure;	/* "unable to start %s:" */

	void (*received)(int signal);
	int (*can_serve)(void);		/* one more client, now? */
	void (*readable)(void);		/* there are clients, perhaps */
	/* Give the judged client to a worker, or start a program for it, and report it. Returns
	 * the number of the program, 0 for a worker; or -1 and errno. */
	pid_t (*hand_on)(int pooled);
	int (*ending)(long long time);	/* once it does not run any more; see handlers_tick */
};

extern const struct server *server;

extern enum state { RUNNING, LEAVING, DRAINING, CUT_SHORT } state;

/* The client that is being served. One at a time: if it cannot be served just now, nobody else
 * comes in until it is. */
extern struct now {
	int held;		/* it is judged and waits */
	int fd;			/* the connection, -1: none */
	struct client client;
	struct grant grant;
	struct ipc_edits facts;
} now;

enum {
	GROUPS_TEXT = 65536,	/* a longer list of groups is not exported */
	KILL_GRACE = 5000,	/* ms between TERM and KILL */
	FACTS_SIZE = 2 * GROUPS_TEXT + GRANT_ENV_SIZE,
	PACKET_HEADER = 8	/* there is so much room before the facts, and a message fits behind */
};

/* Read the options that both have, and the program. Returns the letter of another one, with its
 * value in optarg, to be called again after that; -1 at the end. */
int server_options(int argc, char **argv);

/* Take what is ours off the front of the program. MISSING is for gates_take. */
void take_program(unsigned missing);

/* Make all that is needed to serve clients, with FILES descriptors for them. */
void prepare(rlim_t files);

/* Listen to FD, and say that we are ready. */
void begin(int fd);

_Noreturn void loop(void);

/* Nothing stands in the way of another client. */
int receptive(void);

/* What a program learns about its client, except its groups. */
void collect_facts(const struct ipc_address *from);
void fact(const char *name, const char *value);

/* Hand on the client that is judged and described, or keep it until that is possible. */
void deliver(void);

/* Start the program for the client, with FD as its descriptor 0. As handler_start. */
pid_t start_program(int fd);

/* Done with the client. */
void finish(void);

/* Leave the listener alone for a while; one line for an episode. */
void trouble(const char *what);

/* To all handlers and workers; CONT after TERM, for those that are stopped. */
void signal_all(int signal);

/* Log TEXT, of SIZE bytes, with the counters that both have behind its LENGTH bytes. */
void status_line(char *text, size_t size, size_t length);

/* epoll: what woke us up, and which of them */
enum source { FROM_LISTENER, FROM_SIGNALS, FROM_HANDLER, FROM_POOL, FROM_WORKER };

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
