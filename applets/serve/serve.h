/* SPDX-License-Identifier: ISC */
/* what serverd and dgramd share */
#ifndef SERVE_H
#define SERVE_H

#include "gates.h"
#include "spawn.h"

enum { MOST_CHANGES = 16 };

/* What the options say. */
struct settings {
	unsigned verbosity;
	int no_lookup;		/* do not ask who the client is */
	int no_new_privs;	/* for us, and all that we start */
	int hand_on;		/* descriptors that we inherited go to the handlers */
	unsigned max;
	unsigned kept;		/* of these, for root and our own user */
	unsigned user_max;
	unsigned own_max;	/* for each of those two */
	int user_max_given;
	unsigned workers;
	int packets;		/* connections keep messages apart */
	int messages;		/* programs get messages as descriptor 0, and our 1 as theirs */
	unsigned most_bytes;	/* of a message */
	int deadline;		/* ms that a handler may take, 0: no limit */
	int facts, pidfds;	/* more about each client than always; a pidfd of it, too */
	int silence;		/* ms that a client may wait with its first byte, 0: it need not */
	int idle;		/* ms in which something has to pass, 0: no limit */
	int nothing;		/* see open_nothing */
	struct rlimit files;	/* RLIMIT_NOFILE as we got it */
	int files_raised;
	int ids;		/* connections have one, as $IPCBOX_LOG asks */
	char **prog;
	struct prepared changes[MOST_CHANGES];	/* in front of prog, performed in each handler */
	int changes_count;
	const char *local;	/* the path of the socket, "" if not known */
};

extern struct settings settings;

/* For the status line. */
struct counters {
	unsigned long accepted, refused_user, spawn_failures, accept_errors, restarts;
	unsigned live, peak;	/* handlers */
	unsigned given;		/* clients whom workers have got, as far as these tell */
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
	void (*admit)(void);	/* serve those who wait inside, if there are places; or NULL */
	/* Give the judged client to a worker, or start a program for it, and report it. Returns
	 * the number of the program, 0 for a worker; or -1 and errno. */
	pid_t (*hand_on)(int pooled);
	int (*ending)(long long time);	/* once it does not run any more; see handlers_tick */
	int (*tick)(long long time);	/* as handlers_tick, with silence or idle; or NULL */
};

extern const struct server *server;

extern enum state { RUNNING, LEAVING, DRAINING, CUT_SHORT } state;

/* The client that is being served. One at a time: if it cannot be served just now, nobody else
 * comes in until it is. */
extern struct now {
	int held;		/* it is judged and waits */
	unsigned long number;	/* of all clients of this server */
	int fd;			/* the connection, -1: none */
	int pidfd;		/* of the client, for its program; -1: none */
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

/* See to what -c and -C leave open: USER_MAX if there is no -C, and the places that are kept. */
void set_limits(unsigned user_max);

/* The limit for UID, and whether there is a place for it when TAKEN are: some of all are kept for
 * root and our own user. */
unsigned limit_of(uid_t uid);
int has_place(uid_t uid, unsigned taken);

/* All places are taken, or all that are not kept: one line for an episode. */
void note_full(unsigned taken);

/* Take what is ours off the front of the program. MISSING is for gates_take. */
void take_program(unsigned missing);

/* Make all that is needed to serve clients, with FILES descriptors for them, and, if there are so
 * many, more for ROOM clients who wait. Returns for how many of these there are. */
unsigned prepare(rlim_t files, rlim_t room);

/* Listen to FD, and say that we are ready. */
void begin(int fd);

_Noreturn void loop(void);

/* Nothing stands in the way of another client. */
int receptive(void);

/* What a program learns about its client, except its groups. */
void collect_facts(const struct ipc_address *from);
void fact(const char *name, const char *value);

/* More facts: read the LIST of those that are wanted, or it is wrong usage; take what may be in our
 * own environment under their names out of it; add them to now.facts. */
void facts_want(const char *list);
void facts_forget(void);
void facts_more(void);

/* Hand on the client that is judged and described, or keep it until that is possible. */
void deliver(void);

/* Start the program for the client, with FD as its descriptor 0. As handler_start. */
pid_t start_program(int fd);

/* The messages that follow are about the client of this number; 0: nobody. */
void tell_about(unsigned long number);

/* Done with the client, whose connection somebody else has got if it is SERVED. */
void finish(int served);

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
/* The end of a process that we have started. Returns PID; if it cannot be watched, and so would never be
 * reaped, it is killed, -1 and errno. */
pid_t watch_end(pid_t pid, int pidfd, enum source source, unsigned index);
void rewatch(int fd, enum source source, unsigned events);

/* Does the kernel have pidfds? Without, all ends of children come from SIGCHLD. */
extern int have_pidfds;

/* --- handlers: a process for each client --- */

void handlers_init(void);
int handlers_full(void);

/* Clients of handlers and of workers. */
unsigned clients_now(void);

/* How many of them are UID's. */
unsigned clients_of(uid_t uid);

/* One more, one less, that no handler serves. */
void client_came(uid_t uid);
void client_left(uid_t uid);

/* Start argv for the client on the connection. Returns its number, -1 and errno. */
pid_t handler_start(int connection, char **argv, char **envp, const struct client *client);

/* The handler of this index has ended, or, without pidfds, process PID has. */
void handler_ended(unsigned index);
int handler_ended_pid(pid_t pid, int status);

void handlers_signal(int signal);

pid_t handler_pid(unsigned index);

/* Enforce the deadlines. Returns ms until the next one, -1 if there is none. */
int handlers_tick(long long now);

/* --- idle: connections of handlers over which nothing passes --- */

void idle_init(void);

/* Watch a copy of the connection that the handler of this index will get. Returns -1 and errno if
 * that is not possible now. */
int idle_begin(unsigned index, int connection);
void idle_end(unsigned index);

/* The next handler whose connection has been idle for too long, told once; 0: there is none. And ms
 * until there may be one, -1 if there is nothing to watch. */
unsigned idle_next(long long now);
int idle_wait(long long now);

/* --- pool: workers that live on --- */

void pool_init(void);

/* Give the message to whichever worker is free. Returns 0, or -1 and errno; EAGAIN if the queue is
 * full. */
int pool_give(const struct ipc_edits *packet);

/* The same for the connection and its environment, of a client who counts until its worker tells
 * that it is done. */
int pool_give_client(int connection, struct ipc_edits *env, uid_t uid);

/* Do workers tell when they are done? Until one has shown that it does not, they do. */
int pool_tells(void);

/* Read what workers tell. */
void pool_hear(void);

/* Poll for room in the queue, or do not. Returns whether we did. */
int pool_want_room(int want);

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
