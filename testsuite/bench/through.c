/* SPDX-License-Identifier: ISC */
/* through serve PATH: what a proxy leads to
 * through bytes MEGABYTES PATH: print megabytes per second that go through to the server
 * through trips MS PATH: print round trips per second of 64 bytes
 * through connects MS PATH: print connections per second with one round trip */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ipc.h>

enum { BLOCK = 65536, TRIP = 64 };

static char block[BLOCK];

static double now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(111);
}

/* A first byte 'e': give back what comes. Else it is a text that says how many bytes to take, and
 * we say when they are all there: not every proxy lets an answer through after the end of a way. */
static void serve_one(int fd)
{
	ssize_t n = read(fd, block, BLOCK);
	int echoes = n > 0 && *block == 'e';
	long long left = echoes ? 0 : atoll(block) - n;

	while (n > 0 && (echoes || left > 0)) {
		if (echoes && write(fd, block, n) != n)
			return;
		n = read(fd, block, BLOCK);
		left -= n;
	}
	if (!echoes && !left && write(fd, "", 1) < 0)
		fail("write");
}

/* There is one client at a time. A process for each would cost more than what is measured. */
static int serve(const char *path)
{
	int listener = ipc_listen(path, &(struct ipc_listen){ .flags = IPC_LISTEN_BLOCKING });

	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = ipc_accept(listener, NULL, NULL);

		if (fd < 0)
			fail("accept");
		serve_one(fd);
		close(fd);
	}
}

static int reach(const char *path)
{
	int fd = ipc_connect(path, NULL);

	if (fd < 0)
		fail(path);
	return fd;
}

static void trip(int fd)
{
	*block = 'e';
	if (write(fd, block, TRIP) != TRIP)
		fail("write");
	for (ssize_t left = TRIP, n; left > 0; left -= n)
		if ((n = read(fd, block, left)) <= 0)
			fail("read");
}

static void bytes(const char *path, int megabytes)
{
	double begin = now();
	int fd = reach(path);

	snprintf(block, sizeof block, "%lld", megabytes * 16LL * BLOCK);
	for (long left = megabytes * 16L; left > 0; left--)
		if (ipc_write_all(fd, block, BLOCK))
			fail("write");
	if (read(fd, block, 1) != 1)
		fail("read");
	printf("%.0f\n", megabytes * 1.048576 / (now() - begin));
}

static void trips(const char *path, int ms, int each)
{
	double begin = now(), end = begin + ms / 1e3;
	int fd = -1, count = 0;

	for (; now() < end; count++) {
		if (fd < 0 || each) {
			if (fd >= 0)
				close(fd);
			fd = reach(path);
		}
		trip(fd);
	}
	printf("%.0f\n", count / (now() - begin));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc != 4)
		return 100;
	if (!strcmp(argv[1], "bytes"))
		bytes(argv[3], atoi(argv[2]));
	else
		trips(argv[3], atoi(argv[2]), *argv[1] == 'c');
	return 0;
}
