/* proxy: pass a connection on to another socket, descriptors too
 *
 * SPDX-License-Identifier: ISC

config PROXY
	bool "ipcproxy"
	default y
	help
	  usage: ipcproxy [-v LEVEL] [-f WAYS] [-t MS] [-w MS] [-c MAX] [-x FILE] [-X FILE] TARGET

	  Connect to TARGET, "@NAME" or a path, and pass on all that comes over the connection on
	  descriptor 0, both ways: bytes or packets, descriptors, and the end of each way. As the
	  program of "ipcserver -w" it does so for each client that it is handed, all in one process;
	  if descriptor 0 is a listener, for each that connects to it.

	  -v LEVEL  0: errors only; 1: descriptors that may not pass, the default; 2: for each
	            connection, when it ends, what has passed
	  -f WAYS   ways that descriptors may go: in (to TARGET), out, both, the default, or never;
	            others are closed, and their bytes go on without them
	  -t MS     end a connection over which nothing has passed for MS milliseconds
	  -w MS     wait at most MS milliseconds for a server to appear at TARGET
	  -c MAX    as a worker or on a listener, at most so many connections at a time;
	            default 10000
	  -x FILE   append to FILE, "-" for descriptor 2, what passes, as text
	  -X FILE   append it to FILE as packets for wireshark(1) and tcpdump(8)

	  Environment:
	  IPCWORKERFD  descriptor to receive clients from, set by "ipcserver -w"

	  Exit status:
	  0    both ways have ended
	  1    the time limit of -t has passed
	  100  wrong usage
	  111  TARGET is not there, or a system call failed
*/
#include <fcntl.h>
#include <limits.h>
#include <signal.h>

#include "relay.h"

enum { PACKET = 256 * 1024 };

static unsigned ways(const char *text)
{
	static const char *const names[] = { "never", "in", "out", "both" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(text, names[i]))
			return i;
	usage("-f is not in, out, both or never: %s", text);
}

static void parse(int argc, char **argv, struct relaying *how)
{
	int letter;

	while ((letter = option(argc, argv, "v:f:t:w:c:x:X:", NULL)) != -1) {
		switch (letter) {
		case 'v': how->verbosity = number("-v", optarg, UINT_MAX); break;
		case 'f': how->may = ways(optarg); break;
		case 't': how->idle = number("-t", optarg, INT_MAX); break;
		case 'w': how->wait = number("-w", optarg, INT_MAX); break;
		case 'c': how->max = number("-c", optarg, RELAY_MOST); break;
		case 'x': how->trace.text = trace_open(optarg, 2); break;
		case 'X': how->trace.packets = trace_open_packets(optarg, 2); break;
		}
	}
	how->target = operands(argc, argv, 1)[0];
	if (argv[optind + 1])
		usage("unexpected argument %s", argv[optind + 1]);
	if (!how->max)
		usage("-c is 0");
}

static char *packet;	/* what the server says of a client */

static int next_client(int queue, long long *id, char **name)
{
	struct ipc_edits env = { .text = packet, .size = PACKET };
	int connection = ipc_worker_next(queue, &env);
	const char *text;
	unsigned number;

	if (connection >= 0 && ipc_edits_find(&env, "IPCWORKERCLIENT", &text) == IPC_EDIT_SET &&
	    !ipc_number(text, 10, UINT_MAX, &number))
		*id = number;
	if (connection >= 0 && ipc_edits_find(&env, "IPCCONNID", &text) == IPC_EDIT_SET)
		*name = strdup(text);
	return connection;
}

static void client_done(int queue, long long id)
{
	char text[48], number[16];
	struct ipc_edits env = { .text = text, .size = sizeof text };

	snprintf(number, sizeof number, "%lld", id);
	ipc_edits_add(&env, "IPCWORKERCLIENT", number);
	ipc_worker_done(queue, &env);
}

static void take_queue(struct relaying *how, const char *number_text)
{
	how->source = own_fd(number("IPCWORKERFD", number_text, INT_MAX));
	how->next = next_client;
	how->done = client_done;
	packet = malloc(PACKET);
	if (!packet)
		die(EXIT_TEMPORARY, "unable to make room for a client:");
}

static void take_listener(struct relaying *how)
{
	how->source = own_fd(0);
	how->next = relay_accept;
}

static int pass_one(struct relaying *how)
{
	how->max = 1;
	relay_init(how);
	/* 1 is the same connection */
	close(1);
	return relay_all(0);
}

TOOL(proxy)
{
	struct relaying how = { .verbosity = 1, .may = 1 << IN | 1 << OUT, .max = 10000,
				.source = -1, .stop = -1, .trace = { -1, -1 } };
	const char *worker = getenv("IPCWORKERFD");

	parse(argc, argv, &how);
	signal(SIGPIPE, SIG_IGN);
	if (worker)
		take_queue(&how, worker);
	else if (is_listener(0))
		take_listener(&how);
	else
		return pass_one(&how);
	/* others read it, too: what was there may be gone when we come */
	fcntl(how.source, F_SETFL, fcntl(how.source, F_GETFL) | O_NONBLOCK);
	relay_init(&how);
	relay_all(-1);
	return 0;
}
