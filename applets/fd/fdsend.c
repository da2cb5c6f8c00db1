/* fdsend: send a descriptor to a waiting fdrecv
 *
 * SPDX-License-Identifier: ISC

config FDSEND
	bool "ipcfdsend"
	default y
	help
	  usage: ipcfdsend [-b] [-a] [-p PID [-d]] -f FD SOCKET

	  Send the open descriptor FD to the ipcfdrecv that waits at SOCKET: a path from "/", or
	  a name in /run/fdsend for root and /run/user/UID/fdsend for others.

	  -f FD   the descriptor to send (--fd)
	  -p PID  that of process PID: its file is opened anew (--pid)
	  -d      with -p: a duplicate of the descriptor itself (--dup)
	  -b      wait until somebody receives at SOCKET (--blocking)
	  -a      SOCKET is the name of an abstract socket (--abstract)

	  Exit status:
	  0      it is sent
	  100    wrong usage
	  111    a system call failed
*/
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "passing.h"

/* Open the file of a descriptor of another process anew. The mode of the link in /proc says what
 * it is open for. */
static int reopen(pid_t pid, int fd)
{
	enum { READ = 0400, WRITE = 0200 };
	static const int access[] = { O_PATH, O_WRONLY, O_RDONLY, O_RDWR };
	char path[64];
	struct stat link;
	int copy;

	ipc_format(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
	if (lstat(path, &link))
		return -1;
	/* O_NONBLOCK: a FIFO that nobody has open at the other end is not waited for */
	copy = open(path, access[(link.st_mode & (READ | WRITE)) / WRITE] | O_NONBLOCK | O_NOCTTY |
			  O_CLOEXEC);
	if (copy >= 0)
		fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) & ~O_NONBLOCK);
	return copy;
}

static int duplicate(pid_t pid, int fd)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), copy;

	if (pidfd < 0)
		return -1;
	copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (copy < 0 && errno == EBADF)
		die(EXIT_TEMPORARY, "descriptor %d of process %d is not open", fd, (int)pid);
	close(pidfd);
	return copy;
}

TOOL(fdsend, "fdsend")
{
	static const char longs[] = "ffd\0" "ppid\0" "ddup\0" "bblocking\0" "aabstract\0";
	struct ipc_connect how = { .timeout = -1 };
	int fd = -1, pid = -1, dup = 0, abstract = 0, letter, sock;
	char name[SOCKSPEC_SIZE];

	while ((letter = option(argc, argv, "f:p:dba", longs)) != -1) {
		switch (letter) {
		case 'f': fd = number_option("--fd"); break;
		case 'p': pid = number_option("--pid"); break;
		case 'd': dup = 1; break;
		case 'b': how.wait = -1; break;
		case 'a': abstract = 1; break;
		}
	}
	argv = operands(argc, argv, 1);
	if (argv[1])
		usage("too many arguments");
	if (fd < 0)
		usage("no descriptor: --fd is missing");
	sockspec(name, argv[0], abstract, 0);
	if (pid >= 0 && (sock = dup ? duplicate(pid, fd) : reopen(pid, fd)) < 0)
		die(EXIT_TEMPORARY, "unable to get descriptor %d of process %d:", fd, pid);
	if (pid >= 0)
		fd = sock;
	sock = ipc_connect(name, &how);
	if (sock < 0)
		die(EXIT_TEMPORARY, "unable to connect to %s:", name);
	if (ipc_fds_send(sock, " ", 1, &fd, 1) != 1)
		die(EXIT_TEMPORARY, "unable to send descriptor %d:", fd);
	return 0;
}
