/* probe: print what a program of a chain finds; for tests
 *
 * SPDX-License-Identifier: ISC

config PROBE
	bool "ipcprobe"
	default n
	help
	  usage: ipcprobe [WORDS...]

	  Print everything that a program inherits: words, what ps shows, descriptors, signals,
	  limits, ids, timers, directory and environment, in an order that can be compared.
*/
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "applet.h"

static void descriptors(void)
{
	struct stat st;

	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0)
			continue;
		fstat(fd, &st);

		printf("fd %d type %o inode %lu access %d status %o close-on-exec %d\n", fd,
		       (unsigned)(st.st_mode & S_IFMT), (unsigned long)st.st_ino,
		       fcntl(fd, F_GETFL) & O_ACCMODE, (unsigned)fcntl(fd, F_GETFL), flags);
	}
}

static void signals(void)
{
	struct sigaction action;
	sigset_t blocked, pending;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigpending(&pending);
	for (int i = 1; i < NSIG; i++) {
		if (sigaction(i, NULL, &action))
			continue;
		if (action.sa_handler == SIG_DFL && sigismember(&blocked, i) != 1 &&
		    sigismember(&pending, i) != 1)
			continue;
		printf("signal %d %s%s%s\n", i,
		       action.sa_handler == SIG_IGN ? "ignored " :
		       action.sa_handler == SIG_DFL ? "" : "caught ",
		       sigismember(&blocked, i) == 1 ? "blocked " : "",
		       sigismember(&pending, i) == 1 ? "pending" : "");
	}
}

static void limits(void)
{
	struct rlimit limit;
	struct itimerval timer;

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		if (getrlimit(i, &limit))
			continue;
		printf("limit %d %llu %llu\n", i,
		       (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
	}
	for (int i = ITIMER_REAL; i <= ITIMER_PROF; i++) {
		getitimer(i, &timer);
		printf("timer %d %ld\n", i,
		       (long)(timer.it_value.tv_sec + timer.it_value.tv_usec));
	}
}

static void ids(void)
{
	uid_t r, e, s;
	gid_t groups[256];
	mode_t mask = umask(0);

	umask(mask);
	getresuid(&r, &e, &s);
	printf("users %u %u %u umask %o\n", r, e, s, (unsigned)mask);
	getresgid(&r, &e, &s);
	printf("groups %u %u %u\n", r, e, s);
	for (int i = 0, n = getgroups(256, groups); i < n; i++) {
		printf("group %u\n", groups[i]);
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
	qsort(environ, count, sizeof *environ, by_text);
	for (int i = 0; i < count; i++)
		printf("env %s\n", environ[i]);
}

/* What ps shows, but for the path of the program. */
static void title(void)
{
	char text[4096];
	ssize_t length;

	proc_text(getpid(), "comm", text, sizeof text);
	printf("name %s", text);
	length = proc_text(getpid(), "cmdline", text, sizeof text);
	/* where the words of the links before it were, there is nothing now */
	while (length > 0 && !text[length - 1])
		length--;
	for (char *at = text + strlen(text) + 1; at < text + length; at += strlen(at) + 1)
		printf("shown %s\n", at);
}

TOOL(probe)
{
	char directory[4096];

	/* any other word is only printed, whatever it looks like */
	if (argc > 1 && !strcmp(argv[1], "--help"))
		option(argc, argv, "", NULL);
	for (int i = 1; i < argc; i++)
		printf("word %s\n", argv[i]);
	title();
	descriptors();
	signals();
	limits();
	ids();
	puts(getcwd(directory, sizeof directory) ? directory : "no directory");
	environment();
	flush_output();
	return 0;
}
