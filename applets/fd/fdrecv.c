/* fdrecv: receive descriptors from fdsend for a program
 *
 * SPDX-License-Identifier: ISC

config FDRECV
	bool "ipcfdrecv"
	default y
	help
	  usage: ipcfdrecv {[-a] {-f FD|-i|-o|-e} SOCKET}... --run PROG...

	  Wait for one descriptor at each SOCKET, in this order, put it at the number that is
	  named before SOCKET, and run PROG. SOCKET is a path from "/", or a name in /run/fdsend
	  for root and /run/user/UID/fdsend for others.

	  -f FD  put the descriptor at FD (--fd)
	  -i     put it at 0 (--stdin)
	  -o     put it at 1 (--stdout)
	  -e     put it at 2 (--stderr)
	  -a     SOCKET is the name of an abstract socket (--abstract)
	  -r     PROG follows (--run)
	  -h     print this
	  -V     print the version (--version)

	  Exit status:
	  100    wrong usage; called as fdrecv, 1
	  111    a system call failed, or what came is not one descriptor; called as fdrecv, 1
*/
#include <poll.h>
#include <signal.h>

#include "passing.h"

struct wanted {
	int abstract;
	const char *spec;
};

struct parsing {
	struct wanted *wanted;
	struct placing *places;
	int count;
	int named;		/* of these have their socket */
	int abstract;		/* seen, and for the next */
};

static void add(struct parsing *p, int at)
{
	for (int i = 0; i < p->count; i++)
		if (p->places[i].to == at)
			usage("descriptor %d is named twice", at);
	p->places[p->count].to = at;
	p->wanted[p->count++].abstract = p->abstract;
	p->abstract = 0;
}

/* -a stands before or after its -f, and in any case before its socket. */
static void set_abstract(struct parsing *p)
{
	if (p->named < p->count)
		p->wanted[p->count - 1].abstract = 1;
	else
		p->abstract = 1;
}

static char **parse(int argc, char **argv, struct parsing *p)
{
	static const struct option longs[] = {
		{ "fd", required_argument, NULL, 'f' },
		{ "stdin", no_argument, NULL, 'i' },
		{ "stdout", no_argument, NULL, 'o' },
		{ "stderr", no_argument, NULL, 'e' },
		{ "abstract", no_argument, NULL, 'a' },
		{ "run", no_argument, NULL, 'r' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 }
	};
	int letter;

	while ((letter = option(argc, argv, "f:ioearhV", longs)) != 'r') {
		switch (letter) {
		case 'f': add(p, number("--fd", optarg, fd_limit())); break;
		case 'i': add(p, 0); break;
		case 'o': add(p, 1); break;
		case 'e': add(p, 2); break;
		case 'a': set_abstract(p); break;
		case 'h':
		case 'V': plain_answer(letter);
		default:
			if (optind >= argc)
				usage("--run and a program are missing");
			if (p->named == p->count)
				usage("no descriptor for %s", argv[optind]);
			p->wanted[p->named++].spec = argv[optind++];
		}
	}
	if (!p->count)
		usage("no descriptor named");
	if (p->named < p->count)
		usage("no socket for descriptor %d", p->places[p->named].to);
	return operands(argc, argv, 1);
}

/* Accept one connection, -1 if a signal comes first. The file goes whatever happens. */
static int accept_one(int listener, int signals, const char *name)
{
	struct pollfd pollfds[2] = { { .fd = listener, .events = POLLIN },
				     { .fd = signals, .events = POLLIN } };
	int sock = -1, ready;

	do
		ready = poll(pollfds, 2, -1);
	while (ready < 0 && errno == EINTR);
	if (ready > 0 && !pollfds[1].revents)
		sock = ipc_accept(listener, NULL, NULL);
	if (*name == '/')
		unlink(name);
	return sock;
}

static int receive(const struct wanted *wanted)
{
	struct ipc_listen how = { .flags = IPC_LISTEN_MODE | IPC_LISTEN_BLOCKING, .mode = 0600,
				  .backlog = 1 };
	static const char ending[] = { SIGINT, SIGTERM, SIGHUP, 0 };
	char name[SOCKSPEC_SIZE], byte;
	int listener, signals, sock, fd;
	sigset_t before;
	size_t count = 1;

	sockspec(name, wanted->spec, wanted->abstract, 1);
	/* a signal that would end us waits until the file is gone */
	sigprocmask(SIG_BLOCK, NULL, &before);
	signals = open_signals(ending, 1);
	listener = ipc_listen(name, &how);
	if (listener < 0)
		die(EXIT_TEMPORARY, "unable to listen at %s:", name);
	sock = accept_one(listener, signals, name);
	close(listener);
	close(signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (sock < 0)
		die(EXIT_TEMPORARY, "unable to accept at %s:", name);
	if (ipc_fds_receive(sock, &byte, 1, &fd, &count) < 0)
		die(EXIT_TEMPORARY, "unable to receive a descriptor at %s:", name);
	if (!count)
		die(EXIT_TEMPORARY, "no descriptor came at %s", name);
	close(sock);
	return fd;
}

CHAIN(fdrecv, "fdrecv")
{
	struct parsing p = {
		.wanted = malloc(argc * sizeof *p.wanted),
		.places = malloc(argc * sizeof *p.places),
	};

	if (!p.wanted || !p.places)
		die(EXIT_TEMPORARY, "unable to start:");
	plain_begin();
	argv = parse(argc, argv, &p);
	for (int i = 0; i < p.count; i++)
		p.places[i].fd = receive(&p.wanted[i]);
	place_fds(p.places, p.count);
	free(p.places);
	free(p.wanted);
	plain_end();
	return argv;
}
