/* listen: open sockets and run a program that has them
 *
 * SPDX-License-Identifier: ISC

config LISTEN
	bool "ipclisten"
	default y
	help
	  usage: ipclisten [-c CONVENTION] [-M VARIABLE]
	         [[-n NAME] [-T TYPE] [-m MODE] [-o OWNER[:GROUP]] [-b BACKLOG] [-O OPTION[=VALUE]]... SOCKET]...
	         [-F FILE.socket]... PROG...

	  Open each SOCKET, then run PROG with all of them. The options before a SOCKET are for
	  that socket alone. If one cannot be opened, none is left behind.

	  Sockets:
	  -u ADDRESS  a local socket; also --unix. "@NAME" is abstract, anything else a file. A dead
	              socket there is replaced; a live one, or another file, is never touched
	  -t ADDRESS  TCP; also --tcp. ADDRESS is PORT, 1.2.3.4:PORT or [::1]:PORT, as numbers;
	              without an address it is all of this machine, of both families.
	              vsock:CID:PORT is a socket for a virtual machine or its host
	  -d ADDRESS  UDP; also --udp
	  -p PATH     a FIFO; also --fifo. One that is there is used
	  -F FILE     all sockets of a socket unit of systemd, with what it says about them; see below

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

	  Socket units:
	  -F reads the [Socket] section of FILE: ListenStream, ListenDatagram, ListenSequentialPacket
	  and ListenFIFO; SocketMode, SocketUser, SocketGroup, DirectoryMode, Symlinks,
	  FileDescriptorName, Backlog, BindIPv6Only, Broadcast, DeferAcceptSec, FreeBind, KeepAlive,
	  NoDelay, PassCredentials, PassSecurity, Priority, ReceiveBuffer, ReusePort, SendBuffer and
	  Transparent; with the defaults of systemd. Accept=yes is for ipcsocketactivate --accept as
	  PROG, to which a warning leads. Others are named in one warning, but for those that say
	  how a service is started. Specifiers are %i %n %N %p, %t (/run; for others than root
	  XDG_RUNTIME_DIR), %S %C %L %E %T %V and %%. A FILE named x@y.socket that is not there is
	  x@.socket, and %i is y; x@.socket itself is nothing to open. Symlinks is for a unit with
	  one file. A mistake in FILE names the line, and nothing is opened.

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

	      ipclisten -F /usr/lib/systemd/system/uuidd.socket uuidd --socket-activation

config LISTEN_UNIT
	bool "-F: socket units of systemd"
	default y
	depends on LISTEN
	help
	  Open the sockets of a unit file.

config LISTEN_INET
	bool "TCP and UDP sockets"
	default y
	depends on LISTEN || SOCKETACTIVATE
	help
	  Open sockets of the internet, too, by numeric addresses.
*/
#include <limits.h>

#include "bind.h"
#include "handover.h"
#include "unit.h"

static struct listening {
	enum ipc_convention to;
	const char *variable;
	struct opening *openings;	/* at most IPC_LISTEN_FDS_MAX */
	int count;
	int accepts;	/* a unit says Accept=yes */
} listening;

static struct opening nothing;	/* not const, or its zeros are in the file */

static void check_complete(void)
{
	if (memcmp(&listening.openings[listening.count], &nothing, sizeof nothing))
		usage("options without a socket after them");
}

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

/* The option that the attribute NAME of LENGTH bytes stands for, 0 if there is none. */
static int attribute_letter(const char *name, size_t length)
{
	static const char names[][9] = {
		"nlabel", "Ttype", "mmode", "oowner", "ogroup", "bbacklog"
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strncmp(names[i] + 1, name, length) && !names[i][1 + length])
			return *names[i];
	return 0;
}

/* "mode=0600", "group=wheel", "nodelay", "rcvbuf=65536" */
static void attribute(char *name)
{
	size_t length = strcspn(name, "=");
	int letter = name[length] ? attribute_letter(name, length) : 0;
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

static void add_unit(const char *file)
{
	if (!ENABLED(CONFIG_LISTEN_UNIT))
		usage("this box reads no units");
	check_complete();
	listening.count += unit_read(file, listening.openings + listening.count,
				     IPC_LISTEN_FDS_MAX - 1 - listening.count, &listening.accepts);
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
	case 'F': add_unit(optarg); break;
	default: set(letter, what, optarg);
	}
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "unix", required_argument, NULL, 'u' },
		{ "tcp", required_argument, NULL, 't' },
		{ "udp", required_argument, NULL, 'd' },
		{ "fifo", required_argument, NULL, 'p' },
		{ 0 }
	};
	int letter;

	/* begin with the first word, which may not be one for getopt_long(3) */
	option(1, argv, "", NULL);
	for (;;) {
		if (argv[optind] && colon_form(argv[optind])) {
			optind++;
			continue;
		}
		letter = option(argc, argv, "c:M:n:T:m:o:b:O:u:t:d:p:F:", longs);
		if (letter == -1)
			break;
		parse_option(letter);
	}
	check_complete();
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
	listening = (struct listening){
		.openings = calloc(IPC_LISTEN_FDS_MAX, sizeof *listening.openings)
	};
	if (!listening.openings)
		die(EXIT_TEMPORARY, "unable to make room for sockets:");
	parse(argc, argv);
	argv = operands(argc, argv, 1);
	if (listening.accepts && strcmp(argv[0], "ipcsocketactivate"))
		warning("Accept=yes: for a process for each connection, let PROG be"
			" ipcsocketactivate --accept");
	count = inherit(fds);
	describe(fds + count);
	all = count + listening.count;
	hand_over_check(listening.to, fds, all);
	open_sockets(listening.openings, listening.count, fds + count);
	for (int i = 0; ENABLED(CONFIG_LISTEN_UNIT) && i < listening.count; i++)
		unit_link(&listening.openings[i]);
	hand_over(listening.to, listening.variable, fds, all);
	free(listening.openings);
	return argv;
}
