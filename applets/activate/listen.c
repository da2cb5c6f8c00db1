/* listen: open sockets and run a program that has them
 *
 * SPDX-License-Identifier: ISC

config LISTEN
	bool "ipclisten"
	default y
	help
	  usage: ipclisten [-c CONVENTION] [-M VARIABLE]
	         [[-n NAME] [-T TYPE] [-m MODE] [-o OWNER[:GROUP]] [-b BACKLOG] [-O OPTION[=VALUE]]... SOCKET]...
	         PROG...

	  Open each SOCKET, then run PROG with all of them. The options before a SOCKET are for
	  that socket alone. If one cannot be opened, none is left behind.

	  Sockets:
	  -u ADDRESS  a local socket; also --unix. "@NAME" is abstract, anything else a file. A dead
	              socket there is replaced; a live one, or another file, is never touched
	  -t ADDRESS  TCP; also --tcp. ADDRESS is PORT, 1.2.3.4:PORT or [::1]:PORT, as numbers;
	              without an address it is all of this machine, of both families
	  -d ADDRESS  UDP; also --udp
	  -p PATH     a FIFO; also --fifo. One that is there is used

	  Options of a socket:
	  -n NAME     the name by which PROG is told about it; default "unknown"
	  -T TYPE     stream, dgram or seqpacket, for a local socket; default stream
	  -m MODE     permissions of the file, octal; default 0777
	  -o OWNER    owner and group of the file, by name or number
	  -b BACKLOG  so many clients may wait to be accepted; 0: do not listen
	  -O OPTION   exclusive (refuse whatever exists), takeover (from a live server, without a
	              gap), nonblock, broadcast, deferaccept, fastopen, freebind, keepalive,
	              nodelay, passcred, passsec, priority, rcvbuf, reuseport, sndbuf, transparent,
	              v6only

	  All in one word:
	  For lists, and for programs that write command lines, a socket is one word. KIND is unix,
	  tcp, udp or fifo; the names are label, type, mode, owner, group, backlog and the options
	  of -O:

	      -KIND:NAME=VALUE,NAME=VALUE:ADDRESS

	  For all sockets:
	  -c CONVENTION  how PROG is told, see ipcfdmap; default "listen": LISTEN_FDS, LISTEN_PID and
	                 LISTEN_FDNAMES, the sockets from 3 on. What is in the way then is
	                 moved to a free number. Others leave every number as it is
	  -M VARIABLE    the variable of "map"; default LISTEN_FD_MAP

	  Sockets that we have been given by the same convention, as by a "listen" before us in the
	  chain, come first.

	  Environment of PROG:
	  IPCMOVED  what was in the way, as OLD=NEW,OLD=NEW; not set if nothing was

	  Exit status:
	  100  wrong usage
	  111  an address is taken, or a system call failed

	  Examples:

	      ipclisten -n control -m 0600 -u /run/kr/control -n tls -t 853 -n dns -d 53 kresd

	      ipclisten -unix:label=control,mode=0600:/run/kr/control -tcp:label=tls:853 -udp::53 kresd

config LISTEN_INET
	bool "TCP and UDP sockets"
	default y
	depends on LISTEN || SOCKETACTIVATE
	help
	  Open sockets of the internet, too, by numeric addresses.
*/
#include <limits.h>

#include "../local/bind.h"
#include "handover.h"
#include "sockets.h"

static struct listening {
	enum ipc_convention to;
	const char *variable;
	struct opening openings[IPC_LISTEN_FDS_MAX];
	int count;
} listening;

static const struct kind {
	char word[5];
	unsigned char kind, type;
} kinds[] = {
	{ "unix", SOCKET_UNIX, 0 },
	{ "tcp", SOCKET_INET, SOCK_STREAM },
	{ "udp", SOCKET_INET, SOCK_DGRAM },
	{ "fifo", SOCKET_FIFO, 0 },
};

static void socket_type(struct opening *opening, const char *word)
{
	if (!strcmp(word, "stream"))
		opening->how.type = SOCK_STREAM;
	else if (!strcmp(word, "dgram"))
		opening->how.type = SOCK_DGRAM;
	else if (!strcmp(word, "seqpacket"))
		opening->how.type = SOCK_SEQPACKET;
	else
		usage("unknown type of a socket: %s", word);
}

static void mode(struct opening *opening, const char *what, const char *text)
{
	opening->how.mode = octal(what, text);
	opening->how.flags |= IPC_LISTEN_MODE;
}

static void backlog(struct opening *opening, const char *what, const char *text)
{
	opening->how.backlog = number(what, text, INT_MAX);
	if (!opening->how.backlog)
		opening->how.backlog = -1;
}

/* The options have been read; now there is the socket that they are for. */
static void complete(const struct kind *kind, const char *address)
{
	struct opening *opening = &listening.openings[listening.count];

	if (kind->kind == SOCKET_INET && !ENABLED(CONFIG_LISTEN_INET))
		usage("this box has no %s", kind->word);
	if (kind->kind == SOCKET_INET && !is_inet(address))
		usage("not an address of %s, in numbers and with a port: %s", kind->word, address);
	if (kind->kind != SOCKET_UNIX && opening->how.type)
		usage("the type of %s is given", kind->word);
	if (kind->kind == SOCKET_INET && opening->how.flags)
		usage("%s has no file that could have a mode or owner", kind->word);
	if (!*address)
		usage("an address is empty");
	opening->kind = kind->kind;
	opening->address = address;
	if (kind->type)
		opening->how.type = kind->type;
	if (++listening.count == IPC_LISTEN_FDS_MAX)
		usage("more than %d sockets", IPC_LISTEN_FDS_MAX - 1);
}

/* Do what the option LETTER says with its VALUE; WHAT is its name. */
static void set(int letter, const char *what, char *value)
{
	struct opening *opening = &listening.openings[listening.count];

	switch (letter) {
	case 'n': opening->name = value; break;
	case 'T': socket_type(opening, value); break;
	case 'm': mode(opening, what, value); break;
	case 'o': bind_owner(&opening->how, what, value); break;
	case 'b': backlog(opening, what, value); break;
	case 'O': socket_option(opening, value); break;
	}
}

/* "mode=0600", "group=wheel", "nodelay", "rcvbuf=65536" */
static void attribute(char *name)
{
	static const char names[] = "nlabel\0" "Ttype\0" "mmode\0" "oowner\0" "ogroup\0"
				    "bbacklog\0";
	size_t length = strcspn(name, "=");
	int letter = name[length] ? find_long(names, name, length) : 0;
	char *value = name + length + 1;

	if (!letter) {
		set('O', name, name);
		return;
	}
	value[-1] = 0;
	if (strcmp(name, "group")) {
		set(letter, name, value);
		return;
	}
	*--value = ':';
	set(letter, "group", value);
}

/* "-unix:label=x,mode=0600:/path"; returns whether WORD is of this form */
static int colon_form(char *word)
{
	char *attributes, *address, *name;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t length = strlen(kinds[i].word);

		if (*word != '-' || strncmp(word + 1, kinds[i].word, length) ||
		    word[length + 1] != ':')
			continue;
		attributes = word + length + 2;
		address = strchr(attributes, ':');
		if (!address)
			usage("no second ':' in %s", word);
		*address++ = 0;
		if (!*attributes)
			attributes = NULL;
		while ((name = strsep(&attributes, ",")))
			attribute(name);
		complete(&kinds[i], address);
		return 1;
	}
	return 0;
}

static void parse_option(int letter)
{
	char what[] = { '-', letter, 0 };

	switch (letter) {
	case 'c': listening.to = convention(what, optarg); break;
	case 'M': listening.variable = optarg; break;
	case 'u': complete(&kinds[0], optarg); break;
	case 't': complete(&kinds[1], optarg); break;
	case 'd': complete(&kinds[2], optarg); break;
	case 'p': complete(&kinds[3], optarg); break;
	default: set(letter, what, optarg);
	}
}

static void parse(int argc, char **argv)
{
	static const char longs[] = "u" "unix\0" "t" "tcp\0" "d" "udp\0" "p" "fifo\0";
	static struct opening nothing;	/* not const, or its zeros are in the file */
	const struct opening *last;
	int letter;

	for (;;) {
		char *word = argv[optind ? optind : 1];

		if (word && colon_form(word)) {
			optind = optind ? optind + 1 : 2;
			continue;
		}
		letter = option(argc, argv, "c:M:n:T:m:o:b:O:u:t:d:p:", longs);
		if (letter == -1)
			break;
		parse_option(letter);
	}
	last = &listening.openings[listening.count];
	if (memcmp(last, &nothing, sizeof nothing))
		usage("options without a socket after them");
	if (!listening.count)
		usage("no socket");
}

static void describe(struct handed *fds)
{
	for (int i = 0; i < listening.count; i++) {
		const struct opening *opening = &listening.openings[i];

		fds[i] = (struct handed){
			.fd = -1,
			.name = opening->name && *opening->name ? opening->name : unknown,
			/* for a path the kernel may know another name */
			.address = opening->kind == SOCKET_INET ? NULL : opening->address,
		};
	}
}

/* What we have been given in the same way stays, and comes first. */
static int inherit(struct handed *fds)
{
	struct ipc_listen_source source = {
		.conventions = 1u << listening.to, .variable = listening.variable,
	};

	if (listening.to == IPC_FDS_INETD || listening.to == IPC_FDS_UCSPI ||
	    listening.to == IPC_FDS_EACH)
		return 0;
	return take_handed(&source, fds, IPC_LISTEN_FDS_MAX - listening.count, NULL);
}

CHAIN(listen)
{
	struct handed fds[IPC_LISTEN_FDS_MAX];
	int count, all;

	/* we may be a second link of the same chain */
	memset(&listening, 0, sizeof listening);
	parse(argc, argv);
	argv = operands(argc, argv, 1);
	count = inherit(fds);
	describe(fds + count);
	all = count + listening.count;
	hand_over_check(listening.to, fds, all);
	open_sockets(listening.openings, listening.count, fds + count);
	hand_over(listening.to, listening.variable, fds, all);
	return argv;
}
