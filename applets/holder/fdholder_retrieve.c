/* fdholder-retrieve: run a program that has a descriptor of a holder
 *
 * SPDX-License-Identifier: ISC

config FDHOLDER_RETRIEVE
	bool "ipcfdholder-retrieve"
	default y
	help
	  usage: ipcfdholder-retrieve [-D] [-t MS] SOCKET ID PROG...
	  or: ipcfdholder-retrieve [-D] [-t MS] -s ID=FD [-s ID=FD]... SOCKET PROG...
	  or: ipcfdholder-retrieve [-D] [-t MS] -l NAME [-l NAME]... SOCKET PROG...

	  Get the descriptor ID from the holder at SOCKET and run PROG with it as descriptor 0.
	  The holder keeps it, too.

	  -D        have the holder forget it, once it is here
	  -t MS     fail if it takes longer; default 0, no limit
	  -s ID=FD  get several, each as descriptor FD; all of them or PROG is not run
	  -l NAME   get what was stored under NAME, or with sd_notify(3) and FDNAME=NAME, as
	            descriptors from 3 on; there may be none

	  Environment:
	  LISTEN_FD_MAP   with -s, set to ID=FD,ID=FD...
	  LISTEN_FDS      with -l, set to how many there are, or removed if there are none
	  LISTEN_FDNAMES  with -l, set to their names, separated by colons
	  LISTEN_PID      with -l, set to the process number of PROG

	  Exit status:
	  1    the holder refuses, has no ID, or does not answer
	  100  wrong usage
	  111  no holder at SOCKET
*/

#include "holder_client.h"

enum { MOST_NAMES = 64, MOST_FDS = 4096, LISTEN_FDS_START = 3, MOST_MAP = 65536 };

struct wish {
	char *name;
	int fd;			/* to become this; -1: a family, from 3 on */
};

struct got {
	const char *name;	/* under which it is held */
	const char *wish;
	int fd, to;
};

static struct wish wishes[MOST_NAMES];
static unsigned nwishes;
static struct got *got;
static unsigned count;

static void wish(char *text, int letter)
{
	char *equals = letter == 's' ? strrchr(text, '=') : NULL;

	if (nwishes == MOST_NAMES)
		usage("more than %d names", MOST_NAMES);
	if (letter == 's' && (!equals || equals == text))
		usage("-s needs ID=FD: %s", text);
	if (equals)
		*equals++ = 0;
	if (equals && strchr(text, ','))
		usage("-s: a name with a comma: %s", text);
	/* in LISTEN_FDNAMES it would be two */
	if (letter == 'l' && strchr(text, ':'))
		usage("-l: a name with a colon: %s", text);
	wishes[nwishes].name = text;
	wishes[nwishes++].fd = equals ? (int)number("-s", equals, INT_MAX) : -1;
}

static void keep(int *fd, const char *name, const char *wish, int to)
{
	if (count == MOST_FDS)
		die(EXIT_DENIED, "more than %d descriptors", MOST_FDS);
	got = realloc(got, (count + 1) * sizeof *got);
	if (!got)
		die(EXIT_TEMPORARY, "unable to keep a descriptor:");
	got[count++] = (struct got){ name, wish, *fd, to };
	*fd = -1;
}

/* "NAME" comes before "NAME:1", and that before "NAME:10". */
static int by_number(const void *one, const void *other)
{
	const char *a = ((const struct got *)one)->name, *b = ((const struct got *)other)->name;
	size_t first = strlen(a), second = strlen(b);

	return first != second ? (first < second ? -1 : 1) : strcmp(a, b);
}

static void get_family(struct call *call, const char *name)
{
	struct ipc_holder_entry *entries;
	unsigned first = count, n;

	n = call_collect(call, IPC_HOLDER_FAMILY, name, &entries);
	for (unsigned i = 0; i < n; i++)
		keep(&entries[i].fd, entries[i].name, name, 0);
	qsort(got + first, n, sizeof *got, by_number);
	for (unsigned i = first; i < count; i++)
		got[i].to = LISTEN_FDS_START + i;
}

static void get_all(struct call *call)
{
	for (unsigned i = 0; i < nwishes; i++) {
		call->id = wishes[i].name;
		if (wishes[i].fd < 0) {
			get_family(call, call->id);
			continue;
		}
		call_ask(call, IPC_HOLDER_RETRIEVE, call->id, -1, NULL);
		keep(&call->reply.entries[0].fd, call->id, call->id, wishes[i].fd);
	}
}

/* Only now that all are here, so that none can be lost. */
static void forget_all(struct call *call)
{
	for (unsigned i = 0; i < count; i++) {
		call->id = got[i].name;
		if (ipc_holder_ask(call->holder, IPC_HOLDER_DELETE, call->id, -1, NULL) ||
		    ipc_holder_wait(call->holder, &call->reply, -1))
			call_fail(call, errno);
		/* somebody else was faster to delete it */
		if (call->reply.error && call->reply.error != ENOENT)
			call_fail(call, call->reply.error);
	}
}

static void place(void)
{
	struct placing *places = calloc(count + 1, sizeof *places);

	if (!places)
		die(EXIT_TEMPORARY, "unable to place the descriptors:");
	for (unsigned i = 0; i < count; i++)
		places[i] = (struct placing){ got[i].fd, got[i].to };
	place_fds(places, count);
	free(places);
}

/* "NAME=FD,NAME=FD" or "NAME:NAME". */
static void tell(const char *variable, const char *format, char between)
{
	char *text = malloc(MOST_MAP);
	size_t length = 0;

	if (!text)
		die(EXIT_TEMPORARY, "unable to set $%s:", variable);
	for (unsigned i = 0; i < count; i++) {
		if (i)
			text[length++] = between;
		length += snprintf(text + length, MOST_MAP - length, format, got[i].wish,
				   got[i].to);
		if (length >= MOST_MAP - 1)
			die(EXIT_TEMPORARY, "too many names for $%s", variable);
	}
	text[length] = 0;
	set_variable(variable, count ? text : NULL);
	free(text);
}

static void set_count(const char *name, long long value)
{
	if (count)
		set_number(name, value);
	else
		set_variable(name, NULL);
}

CHAIN(fdholder_retrieve, "s6-fdholder-retrieve")
{
	static const struct setting table[] = {
		{ 'D', SET_FLAG, offsetof(struct call, forget) },
		{ 't', SET_INT, offsetof(struct call, timeout) },
		{ 's', SET_NOT, 0 },
		{ 'l', SET_NOT, 0 },
		{ 0 }
	};
	struct call call = { .deed = "retrieve fd" };
	int letter, form = 0;

	count = nwishes = 0;	/* we may be a second link of the same chain */
	while ((letter = set_options(argc, argv, table, &call)) != -1) {
		if (form && form != letter)
			usage("-s and -l exclude each other");
		form = letter;
		wish(optarg, letter);
	}
	argv = operands(argc, argv, form ? 2 : 3);
	call_open(&call, argv[0], "");
	if (!form)
		wishes[nwishes++].name = *++argv;
	get_all(&call);
	if (call.forget)
		forget_all(&call);
	call_close(&call);
	place();
	if (form == 's')
		tell("LISTEN_FD_MAP", "%s=%d", ',');
	if (form == 'l') {
		set_count("LISTEN_FDS", count);
		set_count("LISTEN_PID", getpid());
		tell("LISTEN_FDNAMES", "%s", ':');
	}
	return argv + 1;
}
