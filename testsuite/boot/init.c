/* SPDX-License-Identifier: ISC */
/* /init of an initramfs that holds the box: mounts, tries each kind of service, and powers off
 *
 * Called with an argument it is one of the programs that the services run. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 60000, WORDS = 24 };	/* ms for an answer, on an emulated machine */

static struct timespec began;

static void report(int good, const char *what)
{
	static int number;

	printf("%s %d %s\n", good ? "ok" : "not ok", ++number, what);
}

/* Run a line of words as user UID, with IN and OUT for its descriptors 0 and 1. */
static pid_t run(uid_t uid, int in, int out, const char *line)
{
	char text[512], *argv[WORDS] = { 0 };
	pid_t pid;
	int n = 0;

	snprintf(text, sizeof text, "%s", line);
	for (char *word = strtok(text, " "); word && n < WORDS - 1; word = strtok(NULL, " "))
		argv[n++] = word;
	pid = fork();
	if (pid)
		return pid;
	if ((uid && (setgid(uid) || setuid(uid))) || dup2(in, 0) < 0 || dup2(out, 1) < 0)
		_exit(111);
	execvp(argv[0], argv);
	_exit(127);
}

/* All that comes from FD, up to its end or, with LINE, the end of a line. */
static const char *answer(int fd, int line)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	static char text[512];
	size_t have = 0;
	ssize_t n;

	while (have < sizeof text - 1 && poll(&ready, 1, PATIENCE) == 1 &&
	       (n = read(fd, text + have, line ? 1 : sizeof text - 1 - have)) > 0) {
		have += n;
		if (line && text[have - 1] == '\n')
			break;
	}
	text[have] = 0;
	return text;
}

/* What a command prints, as user UID. */
static const char *output(uid_t uid, const char *line)
{
	int ends[2], nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	const char *text;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return "no pipe";
	pid = run(uid, nothing, ends[1], line);
	close(ends[1]);
	text = answer(ends[0], 0);
	close(ends[0]);
	close(nothing);
	waitpid(pid, NULL, 0);
	return text;
}

/* Start a server that tells on descriptor 1 when it is ready. */
static pid_t serve(const char *line)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid = run(0, 0, ends[1], line);
	close(ends[1]);
	if (strcmp(answer(ends[0], 1), "\n"))
		printf("# not ready: %s\n", line);
	close(ends[0]);
	return pid;
}

/* The exit code of a process, once it ends. */
static int ended(pid_t pid)
{
	int status;

	for (int ms = 0; ms < PATIENCE; ms += 10, usleep(10000))
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return -1;
}

static int join(int type, const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	strcpy(sun.sun_path, path);
	for (int ms = 0; ms < PATIENCE; ms += 10, usleep(10000))
		if (!connect(fd, (struct sockaddr *)&sun, sizeof sun))
			return fd;
	return fd;
}

static void mounts(void)
{
	static const char *const table[][2] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" }, { "tmpfs", "/run" }
	};
	int good = 1;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		mkdir(table[i][1], 0755);
		if (mount(table[i][0], table[i][1], table[i][0], 0, NULL) && errno != EBUSY)
			good = 0;
	}
	report(good && !access("/proc/self/exe", R_OK) && !access("/dev/null", W_OK), "mounts");
}

static void clients(void)
{
	struct timespec now;
	const char *text;

	serve("ipcserver -1 /run/hello access -v0 -i /etc/hello /init hello");
	text = output(0, "ipcclient /run/hello ipcioconnect");
	clock_gettime(CLOCK_MONOTONIC, &now);
	report(!strcmp(text, "hello 0\n"), "a served client");
	printf("# ms from exec of init to the first answer: %lld\n",
	       (long long)(now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000);
	report(!*output(1000, "ipcclient /run/hello ipcioconnect"), "a refused client");
}

static void syslog_service(void)
{
	int lines[2], ready[2], fd;
	char line[64];
	pid_t pid;

	if (pipe2(lines, O_CLOEXEC) || pipe(ready))
		return;
	snprintf(line, sizeof line, "ipcsocklog -d %d", ready[1]);
	pid = run(0, 0, lines[1], line);
	close(ready[1]);
	answer(ready[0], 1);
	fd = join(SOCK_DGRAM, "/dev/log");
	send(fd, "<13>booted", 10, 0);
	report(!strcmp(answer(lines[0], 1), "user.notice: booted\n"), "syslog on /dev/log");
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static void holder(void)
{
	int file = open("/run/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	pid_t pid = serve("ipcfdholder-daemon -1 -i /etc/holder /run/holder");
	int stored = ended(run(0, file, 1, "ipcfdholder-store /run/holder name"));

	report(!stored && write(file, "held\n", 5) == 5 && !lseek(file, 0, SEEK_SET) &&
	       !strcmp(output(0, "ipcfdholder-retrieve /run/holder name /init copy"), "held\n"),
	       "a holder");
	kill(pid, SIGTERM);
	report(ended(pid) == 1, "the holder ends and says that it held something");
}

static void passing(void)
{
	int pair[2], ends[2], passed[2];
	pid_t sender, receiver;
	char line[64];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) || pipe2(ends, O_CLOEXEC) ||
	    pipe(passed))
		return;
	snprintf(line, sizeof line, "ipcfdpass send -s 0 out=%d", passed[1]);
	sender = run(0, pair[0], 1, line);
	fcntl(passed[0], F_SETFD, FD_CLOEXEC);
	close(passed[1]);
	receiver = run(0, pair[1], 1, "ipcfdpass recv -s 0 out=1 /init hello");
	report(!strcmp(answer(passed[0], 1), "hello ?\n") && !ended(sender) &&
	       !ended(receiver), "a descriptor passed");
}

static void activation(void)
{
	pid_t pid = run(0, 0, 2, "ipcsocketactivate -l /run/active /init activated");
	int fd = join(SOCK_STREAM, "/run/active");

	report(!strcmp(answer(fd, 0), "activated 1\n") && !ended(pid), "socket activation");
}

static void drain(void)
{
	pid_t pid = serve("ipcserver -1 /run/slow /init slow");
	int fd = join(SOCK_STREAM, "/run/slow"), begun = !strcmp(answer(fd, 1), "begun\n");

	kill(pid, SIGINT);
	report(begun && write(fd, "x", 1) == 1 && !strcmp(answer(fd, 0), "done\n") &&
	       !ended(pid), "drain");
}

static int program(const char *name)
{
	char text[512], *user = getenv("IPCREMOTEEUID"), *fds = getenv("LISTEN_FDS");
	ssize_t n;

	if (!strcmp(name, "hello"))
		printf("hello %s\n", user ? user : "?");
	else if (!strcmp(name, "copy"))
		while ((n = read(0, text, sizeof text)) > 0)
			fwrite(text, 1, n, stdout);
	else if (!strcmp(name, "activated"))
		dprintf(accept(3, NULL, NULL), "activated %s\n", fds ? fds : "?");
	else if (!strcmp(name, "slow") && write(1, "begun\n", 6) == 6 && read(0, text, 1) == 1)
		printf("done\n");
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	clock_gettime(CLOCK_MONOTONIC, &began);
	/* the kernel gives us its own words, such as a console's */
	if (getpid() != 1)
		return program(argc > 1 ? argv[1] : "");
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* a firmware may have left something on this line */
	puts("");
	setenv("PATH", "/bin", 1);
	mounts();
	clients();
	syslog_service();
	holder();
	passing();
	activation();
	drain();
	puts("# done");
	reboot(RB_POWER_OFF);
	return 0;
}
