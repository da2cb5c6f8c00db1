/* fdsend: send a descriptor to a waiting fdrecv
 *
 * SPDX-License-Identifier: ISC

config FDSEND
	bool "ipcfdsend"
	default y
	help
	  usage: ipcfdsend [-b] [-a] [-p PID[:INODE] [-d|-m MODE]] -f FD SOCKET

	  Send the open descriptor FD to the ipcfdrecv that waits at SOCKET: a path from "/", or
	  a name in /run/fdsend for root and /run/user/UID/fdsend for others.

	  -f FD   the descriptor to send (--fd)
	  -p PID  that of process PID: its file is opened anew (--pid). With :INODE, the number
	          of its pidfd, it must be that process and no later one (Linux 6.9)
	  -d      with -p: a duplicate of the descriptor itself (--dup)
	  -m MODE with -p: open the file for reading, r, writing, w, or both, r+ (--mode); default
	          as the other has it
	  -b      wait until somebody receives at SOCKET (--blocking)
	  -a      SOCKET is the name of an abstract socket (--abstract)
	  -h      print this
	  -V      print the version (--version)

	  Exit status:
	  0      it is sent
	  100    wrong usage; called as fdsend, 1
	  111    a system call failed; called as fdsend, 1
*/
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "kernel.h"
#include "passing.h"

/* What "r", "w" or "r+" is for open(2). */
static int open_mode(const char *text)
{
	static const char modes[][3] = { [O_RDONLY] = "r", [O_WRONLY] = "w", [O_RDWR] = "r+" };

	for (int i = O_RDONLY; i <= O_RDWR; i++)
		if (!strcmp(text, modes[i]))
			return i;
	usage("--mode is none of r, r+, w: %s", text);
}

/* Open the file of a descriptor of another process anew, for MODE; -1: for what it is open there,
 * which the mode of the link in /proc says. */
static int reopen(pid_t pid, int fd, int mode)
{
	enum { READ = 0400, WRITE = 0200 };
	static const int access[] = { O_PATH, O_WRONLY, O_RDONLY, O_RDWR };
	char path[64];
	struct stat link;
	int copy;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
	if (lstat(path, &link))
		return -1;
	/* O_NONBLOCK: a FIFO that nobody has open at the other end is not waited for */
	if (mode < 0)
		mode = access[(link.st_mode & (READ | WRITE)) / WRITE];
	copy = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (copy >= 0)
		fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) & ~O_NONBLOCK);
	return copy;
}

/* "PID" or "PID:INODE", which goes to *INODE. */
static int process(char *text, char **inode)
{
	*inode = strchr(text, ':');
	if (*inode)
		*(*inode)++ = 0;
	return number("--pid", text, INT_MAX);
}

/* Is PID, of which we have opened a descriptor, the process whose pidfd has INODE? Asked
 * afterwards: if it is that now, it was then. */
static void check_process(pid_t pid, const char *inode)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	char text[24] = "";
	struct stat st;

	if (pidfd < 0 || fstat(pidfd, &st))
		die(EXIT_TEMPORARY, "unable to look at process %d:", (int)pid);
	snprintf(text, sizeof text, "%llu", (unsigned long long)st.st_ino);
	if (strcmp(text, inode))
		die(EXIT_TEMPORARY, "process %d is another one: its pidfd is %s, not %s", (int)pid,
		    text, inode);
	close(pidfd);
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
	static const struct option longs[] = {
		{ "fd", required_argument, NULL, 'f' },
		{ "pid", required_argument, NULL, 'p' },
		{ "dup", no_argument, NULL, 'd' },
		{ "mode", required_argument, NULL, 'm' },
		{ "blocking", no_argument, NULL, 'b' },
		{ "abstract", no_argument, NULL, 'a' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 }
	};
	struct ipc_connect how = { .timeout = -1 };
	int fd = -1, pid = -1, dup = 0, mode = -1, abstract = 0, letter, sock;
	char name[SOCKSPEC_SIZE], *inode = NULL;

	plain_begin();
	while ((letter = option(argc, argv, "f:p:dm:bahV", longs)) != -1) {
		switch (letter) {
		case 'f': fd = number_option("--fd"); break;
		case 'p': pid = process(optarg, &inode); break;
		case 'd': dup = 1; break;
		case 'm': mode = open_mode(optarg); break;
		case 'b': how.wait = -1; break;
		case 'a': abstract = 1; break;
		case 'h':
		case 'V': plain_answer(letter);
		}
	}
	argv = operands(argc, argv, 1);
	if (argv[1])
		usage("too many arguments");
	if (fd < 0)
		usage("no descriptor: --fd is missing");
	if (dup && mode >= 0)
		usage("--dup and --mode exclude each other");
	sockspec(name, argv[0], abstract, 0);
	if (pid >= 0 && (sock = dup ? duplicate(pid, fd) : reopen(pid, fd, mode)) < 0)
		die(EXIT_TEMPORARY, "unable to get descriptor %d of process %d:", fd, pid);
	if (pid >= 0)
		fd = sock;
	if (inode)
		check_process(pid, inode);
	sock = ipc_connect(name, &how);
	if (sock < 0)
		die(EXIT_TEMPORARY, "unable to connect to %s:", name);
	if (ipc_fds_send(sock, " ", 1, &fd, 1) != 1)
		die(EXIT_TEMPORARY, "unable to send descriptor %d:", fd);
	return 0;
}
