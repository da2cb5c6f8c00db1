/* SPDX-License-Identifier: ISC */
/* load: connect to a local service again and again, and tell how fast it serves
 *
 *	load [-c CLIENTS] [-t MS] [-n COUNT] [-l LIVE | -w WAITING] [-b] [-q] PATH
 *
 * CLIENTS (1) connections are open at a time. Each is read until it ends; then the next begins,
 * until MS (1000) milliseconds have passed, COUNT connections were made or SIGTERM has come. One
 * process, and nothing is allocated for a connection.
 *
 *	-b  a connection that ends without a byte counts as unserved
 *	-q  send a byte after connecting
 *	-l  before, open LIVE connections, wait for a byte from each, and keep them to the end
 *	-w  instead, open WAITING connections, write a newline to stdout, read one from stdin,
 *	    then send a byte on each and wait for a byte and the end of each; implies -b
 *
 * Prints one line: connections, connects that failed, connections that were not served,
 * connections per second, and 50th percentile, 99th percentile and maximum of their time in
 * nanoseconds. The exit code is 1 if a connect failed, 2 if a connection was not served.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 1024, GRACE_MS = 10000 };

/* 64 steps for each power of two: a step is 1.6 % */
enum { STEP_BITS = 6, STEPS = 1 << STEP_BITS };

static unsigned times[(64 - STEP_BITS + 1) * STEPS];
static unsigned long count, failed, unserved;
static long long longest;

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static int expect, poke;
static volatile sig_atomic_t stopped;

static struct pollfd polled[CLIENTS_MAX];
static struct {
	long long begin;
	int served;
} clients[CLIENTS_MAX];

static _Noreturn void fail(const char *what)
{
	perror(what);
	_exit(111);
}

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
	/* a server that does not answer gets no more patience */
	alarm(2);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void record(long long ns)
{
	int shift = 63 - __builtin_clzll(ns | STEPS) - STEP_BITS;

	times[shift * STEPS + (ns >> shift)]++;
	if (ns > longest)
		longest = ns;
	count++;
}

static long long percentile(unsigned percent)
{
	unsigned long before = 0;

	for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
		int shift = i < STEPS ? 0 : i / STEPS - 1;

		before += times[i];
		if (before && before * 100 >= count * percent)
			return (long long)(i - shift * STEPS) << shift;
	}
	return 0;
}

/* A new connection, or -1 if that failed. */
static int dial(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("load: socket");
	if (!connect(fd, (struct sockaddr *)&address, sizeof address) &&
	    (!poke || send(fd, "q", 1, MSG_NOSIGNAL) == 1))
		return fd;
	failed++;
	close(fd);
	return -1;
}

/* Read what there is. Returns 0 if the connection is over. */
static int serve(int i)
{
	char buffer[256];
	ssize_t length = read(polled[i].fd, buffer, sizeof buffer);

	if (length > 0) {
		clients[i].served = 1;
		return 1;
	}
	close(polled[i].fd);
	polled[i].fd = -1;
	record(now() - clients[i].begin);
	if (length < 0 || (expect && !clients[i].served))
		unserved++;
	return 0;
}

static void begin(int i)
{
	clients[i].begin = now();
	clients[i].served = 0;
	polled[i] = (struct pollfd){ .fd = dial(), .events = POLLIN };
}

/* Keep so many clients busy. Returns when the last connection is over. */
static long long run(int number, long long end, unsigned long most)
{
	int live = 0, over = 0, ready;
	long long last;

	for (int i = 0; i < number; i++)
		polled[i].fd = -1;
	for (;;) {
		last = now();
		for (int i = 0; i < number; i++) {
			over = over || stopped || last >= end || !most;
			if (polled[i].fd >= 0 || over)
				continue;
			begin(i);
			most--;
			live += polled[i].fd >= 0;
		}
		if (over && !live)
			return last;
		/* one client needs no poll: read waits */
		ready = number > 1 && live ? poll(polled, number, GRACE_MS) : 1;
		if (!ready) {
			unserved += live;
			return last;
		}
		for (int i = 0; i < number && ready > 0; i++)
			if (polled[i].fd >= 0 && (number == 1 || polled[i].revents))
				live -= !serve(i);
	}
}

/* Open connections that stay. With LIVE, wait until each has a handler. */
static int *hold(int number, int live)
{
	struct timeval patience = { .tv_sec = GRACE_MS / 1000 };
	int *fds = calloc(number, sizeof *fds), poked = poke;
	char c;

	if (!fds)
		fail("load: calloc");
	poke = 0;
	for (int i = 0; i < number; i++) {
		fds[i] = dial();
		setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		if (fds[i] >= 0 && live && read(fds[i], &c, 1) != 1)
			unserved++;
	}
	poke = poked;
	return fds;
}

static void wait_all(int number)
{
	int *fds = hold(number, 0);
	char c;

	if (write(1, "\n", 1) != 1 || read(0, &c, 1) < 0)
		fail("load: the signal to go on");
	for (int i = 0; i < number; i++)
		send(fds[i], "q", 1, MSG_NOSIGNAL);
	for (int i = 0; i < number; i++) {
		if (fds[i] < 0)
			continue;
		if (read(fds[i], &c, 1) == 1 && read(fds[i], &c, 1) == 0)
			count++;
		else
			unserved++;
	}
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	int letter, number = 1, ms = 1000, live = 0, waiting = 0;
	unsigned long most = -1;
	long long start, took = 1;

	while ((letter = getopt(argc, argv, "c:t:n:l:w:bq")) != -1) {
		switch (letter) {
		case 'c': number = atoi(optarg); break;
		case 't': ms = atoi(optarg); break;
		case 'n': most = strtoul(optarg, NULL, 10); break;
		case 'l': live = atoi(optarg); break;
		case 'w': waiting = atoi(optarg); break;
		case 'b': expect = 1; break;
		case 'q': poke = 1; break;
		default: return 100;
		}
	}
	if (optind != argc - 1 || number < 1 || number > CLIENTS_MAX ||
	    strlen(argv[optind]) >= sizeof address.sun_path) {
		fputs("load: wrong usage\n", stderr);
		return 100;
	}
	strcpy(address.sun_path, argv[optind]);
	raise_limit();
	signal(SIGTERM, stop);
	/* whatever the server does, we end */
	alarm((live || waiting ? 60 : GRACE_MS / 1000) + ms / 1000);
	if (waiting) {
		wait_all(waiting);
	} else {
		if (live)
			hold(live, 1);
		start = now();
		took = run(number, start + ms * 1000000LL, most) - start;
	}
	printf("%lu %lu %lu %.1f %lld %lld %lld\n", count, failed, unserved, count * 1e9 / took,
	       percentile(50), percentile(99), longest);
	return failed ? 1 : unserved ? 2 : 0;
}
