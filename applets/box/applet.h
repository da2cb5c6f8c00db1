/* SPDX-License-Identifier: ISC */
/* what the box offers to an applet; docs/contributing.md walks through a new one */
#ifndef APPLET_H
#define APPLET_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <getopt.h>
#include <unistd.h>
#include <sys/types.h>

#include "ipc.h"

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
 * the program to run next; see docs/chain.md for what it must leave behind. GATE judges one
 * client; see gate.h. */
#define TOOL(name, ...)	 int name##_main(int, char **); int name##_main(int argc, char **argv)
#define CHAIN(name, ...) char **name##_main(int, char **); char **name##_main(int argc, char **argv)
#define GATE(name, ...)	 extern const struct gate name##_gate; const struct gate name##_gate

struct gate;

enum applet_kind { KIND_TOOL, KIND_CHAIN, KIND_GATE };

struct applet {
	enum applet_kind kind;
	union {
		int (*tool)(int argc, char **argv);
		char **(*chain)(int argc, char **argv);
		const struct gate *gate;
	} run;
};

/* The applet that answers to NAME, NULL if there is none. NAME must not have a slash. */
const struct applet *applet_find(const char *name);

/* The name under which the running applet was called: the prefix of its messages. */
extern const char *applet_name;

/* The running applet, and its help, which starts with "usage: ". */
extern const struct applet *applet_now;
const char *applet_help(void);

/* The help of the applet with this number in the table; see applet_help. */
const char *help_text(size_t number);

/* Run argv as the next program of the chain: an applet is called, a file is executed. The one
 * place in the program that decides. Exits 126 or 127 if there is no such program. */
_Noreturn void chain_next(char **argv);

/* Would chain_next call WORD, rather than execute it? */
int chain_calls(const char *word);

/* Execute what chain_next would run, an applet too, with ENVP. Returns -1 and errno. */
int exec_next(char **argv, char **envp);

/* Messages: one line, one write(2), "NAME: fatal: ..."; a final colon adds strerror(errno).
 * Control characters are shown as '?', because a peer may have chosen them. */
_Noreturn void die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What die() does after its message, if set; atexit(3) would bring a list and its allocator. */
extern void (*before_death)(void);
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* As info and warn, for a part of the box that speaks under another name. */
void say(const char *name, const char *level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Wrong usage: the message, then the usage line of the running applet, exit 100. */
_Noreturn void usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Text for standard output. It is written in blocks, the last one by print_end(), which must come
 * before the applet returns; both die if it cannot be written. */
void print(const char *text);
void print_end(void);
/* As ipc_format, at most 1023 bytes. */
void print_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* BEFORE and then TEXT as a JSON string, null if it is NULL; bytes over 126 become \u00HH. */
void print_json(const char *before, const char *text);

/* As getopt(3), with its optarg and optind: stops at the first word that is not an option, answers
 * --help and dies of what it does not know. LONGS, which may be NULL, has other names of options:
 * a letter of SHORTS and the name, "ffile\0" for -f and --file. Returns -1 at the end; optind is
 * then PROG. */
int option(int argc, char **argv, const char *shorts, const char *longs);

/* The letter of the NAME of LENGTH bytes in LONGS, 0 if it is not there. */
int find_long(const char *longs, const char *name, size_t length);

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

/* As qsort(3). */
void sort(void *things, size_t count, size_t size, int (*compare)(const void *, const void *));

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

/* Call VISIT for each line of FILE, until it returns non-zero, and return that. Returns 0 at the
 * end, -1 and errno if FILE cannot be opened. */
int proc_lines(const char *file, int (*visit)(void *data, char *line), void *data);

/* Milliseconds of CLOCK_MONOTONIC. */
long long now_ms(void);

#endif
