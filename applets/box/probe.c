/* probe: print what a program of a chain finds; for tests
 *
 * SPDX-License-Identifier: ISC

config PROBE
	bool "ipcprobe, for tests"
	default n
	help
	  usage: ipcprobe [WORDS...]

	  Print everything that a program inherits: words, descriptors, signals, limits, ids,
	  timers, directory and environment, in an order that can be compared.
*/
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "applet.h"

static void print_line(const char *kind, const char *text)
{
	print(kind);
	print(text);
	print("\n");
}

static void descriptors(void)
{
	struct stat st;

	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0)
			continue;
		fstat(fd, &st);
		char line[160];

		ipc_format(line, sizeof line,
			   "fd %d type %o inode %lu access %d status %o close-on-exec %d", fd,
			   (unsigned)(st.st_mode & S_IFMT), (unsigned long)st.st_ino,
			   fcntl(fd, F_GETFL) & O_ACCMODE, (unsigned)fcntl(fd, F_GETFL), flags);
		print_line("", line);
	}
}

static void signals(void)
{
	struct sigaction action;
	sigset_t blocked, pending;
	char line[80];

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigpending(&pending);
	for (int i = 1; i < NSIG; i++) {
		if (sigaction(i, NULL, &action))
			continue;
		if (action.sa_handler == SIG_DFL && sigismember(&blocked, i) != 1 &&
		    sigismember(&pending, i) != 1)
			continue;
		ipc_format(line, sizeof line, "signal %d %s%s%s", i,
			   action.sa_handler == SIG_IGN ? "ignored " :
			   action.sa_handler == SIG_DFL ? "" : "caught ",
			   sigismember(&blocked, i) == 1 ? "blocked " : "",
			   sigismember(&pending, i) == 1 ? "pending" : "");
		print_line("", line);
	}
}

static void limits(void)
{
	struct rlimit limit;
	struct itimerval timer;
	char line[120];

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		if (getrlimit(i, &limit))
			continue;
		ipc_format(line, sizeof line, "limit %d %llu %llu", i,
			   (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
		print_line("", line);
	}
	for (int i = ITIMER_REAL; i <= ITIMER_PROF; i++) {
		getitimer(i, &timer);
		ipc_format(line, sizeof line, "timer %d %ld", i,
			   (long)(timer.it_value.tv_sec + timer.it_value.tv_usec));
		print_line("", line);
	}
}

static void ids(void)
{
	uid_t r, e, s;
	gid_t groups[256];
	char line[120];
	mode_t mask = umask(0);

	umask(mask);
	getresuid(&r, &e, &s);
	ipc_format(line, sizeof line, "users %u %u %u umask %o", r, e, s, (unsigned)mask);
	print_line("", line);
	getresgid(&r, &e, &s);
	ipc_format(line, sizeof line, "groups %u %u %u", r, e, s);
	print_line("", line);
	for (int i = 0, n = getgroups(256, groups); i < n; i++) {
		ipc_format(line, sizeof line, "group %u", groups[i]);
		print_line("", line);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void environment(void)
{
	extern char **environ;
	int count = 0;

	while (environ[count])
		count++;
	sort(environ, count, sizeof *environ, by_text);
	for (int i = 0; i < count; i++)
		print_line("env ", environ[i]);
}

TOOL(probe)
{
	char directory[4096];

	/* any other word is only printed, whatever it looks like */
	if (argc > 1 && !strcmp(argv[1], "--help"))
		option(argc, argv, "", NULL);
	for (int i = 1; i < argc; i++)
		print_line("word ", argv[i]);
	descriptors();
	signals();
	limits();
	ids();
	print_line("", syscall(SYS_getcwd, directory, sizeof directory) > 0 ? directory
		   : "no directory");
	environment();
	print_end();
	return 0;
}
