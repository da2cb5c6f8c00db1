/* SPDX-License-Identifier: ISC */
/* what the box offers to an applet; docs/contributing.md walks through a new one */
#ifndef APPLET_H
#define APPLET_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <getopt.h>
#include <unistd.h>
#include <sys/types.h>

#include "ipc.h"
#include "text.h"

/* 1 or 0 in plain C, so that both sides of an if are always compiled */
#define ENABLED(option) ENABLED_1(option)
#define ENABLED_1(value) ENABLED_2(COMMA_##value)
#define ENABLED_2(comma_or_junk) ENABLED_3(comma_or_junk 1, 0, 0)
#define ENABLED_3(ignored, value, ...) value
#define COMMA_1 0,

/* Exit codes are a language: whoever runs us acts on the class of a failure. */
enum {
	EXIT_DENIED = 1,	/* policy says no */
	EXIT_TIMEOUT = 99,	/* a time limit that was asked for has passed */
	EXIT_USAGE = 100,	/* wrong usage, environment or configuration */
	EXIT_TEMPORARY = 111,	/* a system call failed; later it may not */
	EXIT_NOEXEC = 126,	/* the next program is there but does not run */
	EXIT_NOTFOUND = 127	/* the next program is not there */
};

/* Registration: applets.awk looks for these at the beginning of a line. The words after the
 * name are aliases, full names that the applet answers to besides "ipcNAME".
 *
 * TOOL runs and returns an exit status. CHAIN changes the process and returns the rest of argv,
 * the program to run next; see docs/chain.md for what it must leave behind. CHANGE is a CHAIN in
 * two parts, so that a server can do the first one once. GATE judges one client; see gate.h. */
#define TOOL(name, ...)	 int name##_main(int, char **); int name##_main(int argc, char **argv)
#define CHAIN(name, ...) char **name##_main(int, char **); char **name##_main(int argc, char **argv)
#define CHANGE(name, ...) \
	extern const struct change name##_change; const struct change name##_change
#define GATE(name, ...)	 extern const struct gate name##_gate; const struct gate name##_gate

struct gate;

struct change {
	/* Read the options and look up what they name. Returns the rest of argv; wrong usage
	 * exits. *DATA is what perform gets. With ONCE it is a server that asks, for all its
	 * handlers: returns NULL if what is to be done depends on the environment, which differs
	 * from one to the other. Then it is done from the beginning in each of them. */
	char **(*prepare)(int argc, char **argv, int once, void **data);
	/* Change the process, or die. */
	void (*perform)(void *data);
};

/* A change that is prepared. */
struct prepared {
	const struct change *change;
	void *data;
};

enum applet_kind { KIND_TOOL, KIND_CHAIN, KIND_CHANGE, KIND_GATE };

struct applet {
	enum applet_kind kind;
	union {
		int (*tool)(int argc, char **argv);
		char **(*chain)(int argc, char **argv);
		const struct change *change;
		const struct gate *gate;
	} run;
};

/* The applet that answers to NAME, NULL if there is none. NAME must not have a slash. */
const struct applet *applet_find(const char *name);

/* The name under which the running applet was called: the prefix of its messages. */
extern const char *applet_name;

/* The running applet, and its help, which starts with "usage: "; print_help prints it whole, as
 * the answer to --help. */
extern const struct applet *applet_now;
const char *applet_help(void);
_Noreturn void print_help(void);

/* From now on the words of argv are copies, so that title_show can say that we are the program of
 * another argv. Call it once, first, with main's. */
void title_init(char **argv);
void title_show(char **argv);

/* Run argv as the next program of the chain: an applet is called, a file is executed. The one
 * place in the program that decides. Exits 126 or 127 if there is no such program. */
_Noreturn void chain_next(char **argv);

/* The word that comes next is looked up in PATH as it is now, whatever becomes of that. */
void chain_keep_path(void);

/* WORD is to be run later. Wrong usage if it begins with '-'. Without a slash it should be an applet
 * or in PATH: dies if it has a name like ours, else warns if WARNS, for it may come to be. */
void chain_check(const char *word, int warns);

/* Would chain_next call WORD, rather than execute it? */
int chain_calls(const char *word);

/* If chain_next would call argv[0] and it is a change that can be prepared once for all handlers,
 * prepare it. Returns the rest of argv; NULL, and nothing is done, if not. */
char **chain_prepare(char **argv, struct prepared *prepared);

/* Execute what chain_next would run, an applet too, with ENVP. Returns -1 and errno. */
int exec_next(char **argv, char **envp);

/* Messages: one line, one write(2), "NAME: fatal: ..."; a final colon adds strerror(errno).
 * Control characters, those of ipc_is_control, are shown as '?', because a peer may have chosen them. */
_Noreturn void die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What die() does after its message, if set. Not for atexit(3): a child must not do it. */
extern void (*before_death)(void);
void warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* As info and warning, for a part of the box that speaks under another name. */
void say(const char *name, const char *level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void vsay(const char *name, const char *level, const char *format, va_list args);
/* As die, with USAGE, if it is not NULL, behind the message. */
_Noreturn void vdie(int code, const char *usage, const char *format, va_list args);

/* $IPCBOX_LOG asks for messages that are made for machines from the same formats (record.c says what
 * becomes of "pid %d" there), or for the id of the connection in them: does it for the latter? */
int log_has_ids(void);
/* The connection that messages are about, if they have ids; NULL: that of $IPCCONNID, if any. */
extern const char *connection_name;

/* As say, for a line that a client of user UID, -1 if nobody knows, causes by being refused: in each
 * second the first of a user is written, the others are counted. */
void say_refused(uid_t uid, const char *name, const char *level, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Write "N more refused" for each user whose second is over. Returns ms until the next one is, -1 if
 * nothing is counted. A loop that waits for clients calls it; exit(3) writes what is left. */
int refused_tick(void);
/* Write all of them now, because we execute something else. */
void refused_flush(void);

/* Wrong usage: the message, then where the usage of the running applet is told, exit 100. */
_Noreturn void usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Write out what stdio has for standard output; dies if that fails. Comes before an applet that
 * printed something returns. */
void flush_output(void);
/* Print LENGTH bytes of TEXT, each control character as '?', so that it is part of one line. */
void print_plain(const char *text, size_t length);
/* Print BEFORE and then TEXT as a JSON string, null if it is NULL; bytes over 126 become \u00HH. */
void print_json(const char *before, const char *text);

/* As getopt_long(3), with its optarg and optind: stops at the first word that is not an option,
 * answers --help and dies of what it does not know. LONGS may be NULL. Returns -1 at the end; optind
 * is then PROG. */
int option(int argc, char **argv, const char *shorts, const struct option *longs);

/* An option, and the member at OFFSET that it sets: an int, to the letter of a flag; an unsigned;
 * or a const char *. At most 32 make a table, which ends with letter 0. */
struct setting {
	char letter, kind;
	unsigned char offset;
};

enum {
	SET_FLAG,
	SET_NOT_FLAG,	/* no value, and the caller's affair */
	SET_NUMBER,
	SET_INT,	/* a number up to INT_MAX */
	SET_TEXT,
	SET_NOT		/* has a value, which is the caller's to judge */
};

/* Do what the options of argv say to the members of TO. Returns the letter of the first SET_NOT,
 * with its value in optarg, or SET_NOT_FLAG, to be called again after that; -1 at the end. */
int set_options(int argc, char **argv, const struct setting *table, void *to);

/* The rest of argv after the options; wrong usage if it has fewer than COUNT words or if the
 * last of these, usually a program, is empty. */
char **operands(int argc, char **argv, int count);

/* Values of options and variables: wrong usage, with WHAT in the message, if they are not one. */
unsigned number(const char *what, const char *text, unsigned max);
int number_option(const char *what);	/* of optarg, at most INT_MAX */
unsigned octal(const char *what, const char *text);
uid_t user_number(const char *what, const char *text);	/* a name or a number */
gid_t group_number(const char *what, const char *text);

/* The value of an environment variable that must be set. */
const char *variable(const char *name);

/* Give the next program a variable, or none of that NAME if VALUE is NULL; dies if it cannot. */
void set_variable(const char *name, const char *value);
void set_number(const char *name, long long value);

/* A descriptor that reads as empty: /dev/null, or where that is missing the end of a pipe, to which
 * nobody can write. FLAGS: 0 or O_CLOEXEC. Returns -1 and errno if there is neither. */
int open_nothing(int flags);

/* See to it that 0, 1 and 2 are open, so that nothing of ours gets such a number; dies if it cannot. */
void open_standard(void);

/* Make TO a copy of FROM that the next program inherits; dies if it cannot. */
void copy_fd(int from, int to);

/* Close FD, if it is one, and keep errno. Returns -1. */
int close_failed(int fd);

/* A descriptor, and the number that it shall have. */
struct placing {
	int fd, to;
};

/* Give all of them their numbers, which differ, for the next program to inherit. One that is in the
 * way of another moves aside; what else is there is closed, and so is each FD that is no number
 * now. */
void place_fds(struct placing *fds, int count);

/* FD, which we were given by its number, close-on-exec from now on; wrong usage if it is not open. */
int own_fd(int fd);

/* Is FD a socket that listens? */
int is_listener(int fd);

/* The socket that $NOTIFY_SOCKET names may be out of reach for who has dropped root: connect to it now,
 * and leave the descriptor to ipcserverd, which finds its number in $IPCNOTIFYFD. */
void reach_supervisor(void);

/* Every signal back to its default action. */
void default_signals(void);

/* Block the signals of LIST, up to a 0, and return a signalfd of them. With ONLY_HEARD it leaves
 * out those that are ignored. Dies if it cannot. */
int open_signals(const char *list, int only_heard);

/* The next signal of a signalfd, 0 if there is none. */
int next_signal(int signals);

/* The beginning of /proc/PID/FILE, at most SIZE - 1 bytes, and a NUL. Returns its length; -1 and ""
 * if it cannot be read. */
ssize_t proc_text(pid_t pid, const char *file, char *text, size_t size);

/* When the process was started, in clock ticks since boot; "" if that cannot be read. */
void proc_start(pid_t pid, char *text, size_t size);

/* Call VISIT for each line of FILE, until it returns non-zero, and return that. Returns 0 at the
 * end, -1 and errno if FILE cannot be opened. */
int proc_lines(const char *file, int (*visit)(void *data, char *line), void *data);

/* Is UID root or our own user, rather than one that our user namespace does not map? */
int is_own_user(uid_t uid);

/* A daemon's own session keyring, empty, in place of that of whoever started it; for what it starts,
 * too. Without keyrings in the kernel, or without room for one, nothing changes. */
void own_keyring(void);

/* A daemon's memory is not for a core file; core_as_before, in a child, is for what it starts. */
void no_core(void);
void core_as_before(void);

/* Milliseconds of CLOCK_MONOTONIC. */
long long now_ms(void);

/* The shorter of two waits in milliseconds, of which -1 is for ever. */
int sooner(int a, int b);

#endif
