/* client: connect to a local service and run a program on it
 *
 * SPDX-License-Identifier: ISC

config CLIENT
	bool "ipcclient"
	default y
	help
	  usage: ipcclient [-q|-Q|-v] [-d] [-p BIND] [-l LOCAL] [-t MS] [-w MS] [-e MS] PATH PROG...

	  Connect to the service at PATH, a stream or a seqpacket socket, and run PROG with the
	  connection as descriptors 6 (to read from) and 7 (to write to). "@NAME" is an abstract
	  socket, anything else a file.

	  -q        quiet: errors only
	  -Q        normal messages
	  -v        verbose: say when the connection is made
	  -d        a datagram socket; our end has a name, so that answers can come
	  -p BIND   bind our end to BIND first; the file stays
	  -l LOCAL  say that our end is LOCAL, whatever it is
	  -t MS     wait at most MS milliseconds for a place in the server's backlog
	  -w MS     wait at most MS milliseconds for a server to appear at PATH
	  -e MS     wait at most MS milliseconds for the server to say something or to refuse us:
	            exit 7 if it closes the connection without a byte. PROG still reads all of it

	  Environment:
	  PROTO         set to IPC
	  IPCLOCALPATH  set to LOCAL, else to BIND, else empty

	  Under the name unixclient, the variables are those of ucspi-unix instead, as ipcunixenv sets
	  them, with PATH as UNIXLOCALPATH.
*/
#include <limits.h>
#include <sys/stat.h>

#include "answer.h"
#include "applet.h"
#include "unixvars.h"

enum { REFUSED = 7 };

/* A stream; if the kernel says that it is none, a seqpacket socket. Of abstract names each type has
 * its own, and what it says is that nobody has it. */
static int connect_either(const char *path, struct ipc_connect *how)
{
	int fd = ipc_connect(path, how);

	if (fd >= 0 || how->type ||
	    (errno != EPROTOTYPE && (*path != '@' || errno != ECONNREFUSED)))
		return fd;
	how->type = SOCK_SEQPACKET;
	return ipc_connect(path, how);
}

/* After a failure: was it our own end? */
static int can_bind(const char *name)
{
	struct ipc_address address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), failed;

	if (ipc_address_set(&address, name))
		return close_failed(fd), 0;
	failed = bind(fd, (struct sockaddr *)&address.sun, address.length);
	ipc_address_clear(&address);
	close_failed(fd);
	if (!failed && *name != '@')
		unlink(name);
	return !failed;
}

static _Noreturn void fail(const char *path, const struct ipc_connect *how)
{
	struct stat there;
	int error = errno;

	if (how->bind && !can_bind(how->bind))
		die(EXIT_TEMPORARY, "unable to bind to %s:", how->bind);
	errno = error;
	/* the kernel calls that refused, too */
	if (errno == ECONNREFUSED && *path != '@' && !stat(path, &there) && !S_ISSOCK(there.st_mode))
		die(EXIT_TEMPORARY, "unable to connect to %s: it is not a socket", path);
	if (errno == EPROTOTYPE)
		die(EXIT_TEMPORARY, "unable to connect to %s: it is %s datagram socket", path,
		    how->type == SOCK_DGRAM ? "not a" : "a");
	die(EXIT_TEMPORARY, "unable to connect to %s:", path);
}

CHAIN(client, "s6-ipcclient", "unixclient")
{
	struct ipc_connect how = { .timeout = -1 };
	int is_unix = !strcmp(applet_name, "unixclient"), verbosity = 1, patience = 0, letter, fd;
	const char *local = NULL;

	while ((letter = option(argc, argv, "qQvdp:l:t:w:e:", NULL)) != -1) {
		switch (letter) {
		case 'q': verbosity--; break;
		case 'Q': verbosity = 1; break;
		case 'v': verbosity++; break;
		case 'd': how.type = SOCK_DGRAM; break;
		case 'p': how.bind = *optarg ? optarg : NULL; break;
		case 'l': local = optarg; break;
		case 't': how.timeout = number("-t", optarg, INT_MAX); break;
		case 'w': how.wait = number("-w", optarg, INT_MAX); break;
		case 'e': patience = number("-e", optarg, INT_MAX); break;
		}
	}
	argv = operands(argc, argv, 2);
	fd = connect_either(argv[0], &how);
	if (fd < 0)
		fail(argv[0], &how);
	/* a name of the kernel's choice; without one there are no answers */
	if (how.type == SOCK_DGRAM && !how.bind)
		bind(fd, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t));
	if (patience && how.type != SOCK_DGRAM && !await_answer(fd, patience)) {
		if (how.bind && *how.bind != '@')
			unlink(how.bind);
		die(REFUSED, "%s refused us: it closed the connection without a byte", argv[0]);
	}
	if (verbosity >= 2)
		info("connected to %s", argv[0]);
	copy_fd(fd, 6);
	copy_fd(fd, 7);
	if (fd != 6 && fd != 7)
		close(fd);
	if (is_unix) {
		unix_variables(6, argv[0]);
		return argv + 1;
	}
	set_variable("PROTO", "IPC");
	set_variable("IPCLOCALPATH", local ? local : how.bind ? how.bind : "");
	return argv + 1;
}
