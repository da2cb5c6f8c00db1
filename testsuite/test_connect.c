/* SPDX-License-Identifier: ISC */
/* connecting: with a limit, with a wait, from a name of our own */
#include <pthread.h>
#include <time.h>

#include "unit.h"
#include "../libipc/internal.h"

static int listen_here(int type, int backlog)
{
	int fd = ipc_listen("s", &(struct ipc_listen){ .type = type, .backlog = backlog });

	assert_true(fd >= 0);
	return fd;
}

static void types(void **state)
{
	static const int all[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

	(void)state;
	for (int i = 0; i < 3; i++) {
		int server = listen_here(all[i], 0), fd;

		for (int j = 0; j < 3; j++) {
			fd = ipc_connect("s", &(struct ipc_connect){ .type = all[j] });
			if (i != j) {
				assert_int_equal(fd, -1);
				assert_int_equal(errno, EPROTOTYPE);
				continue;
			}
			assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
			assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
			close(fd);
		}
		close(server);
	}
}

static void failures(void **state)
{
	int before = count_fds();
	struct ipc_connect from = { .bind = "mine" }, limited = { .timeout = 100 };

	(void)state;
	assert_fails(ipc_connect("s", NULL), ENOENT);
	assert_fails(ipc_connect("", NULL), EINVAL);
	close(listen_here(0, 0));
	assert_fails(ipc_connect("s", NULL), ECONNREFUSED);
	assert_fails(ipc_connect("s", &limited), ECONNREFUSED);
	close(open("file", O_CREAT, 0600));
	assert_fails(ipc_connect("file", NULL), ECONNREFUSED);
	assert_fails(ipc_connect("file/s", NULL), ENOTDIR);
	assert_fails(ipc_connect("missing", &from), ENOENT);
	assert_int_equal(access("mine", F_OK), -1); /* our end has not stayed */
	from.bind = "file";
	assert_fails(ipc_connect("missing", &from), EADDRINUSE);
	assert_int_equal(access("file", F_OK), 0);
	assert_int_equal(count_fds(), before);
}

static void full_backlog(void **state)
{
	struct ipc_connect how = { .timeout = 150 };
	int server = listen_here(0, 1), waiting[16], count = 0, before;
	struct timeval left = { 9, 9 };
	socklen_t length = sizeof left;
	long long start;

	(void)state;
	while (count < 16 && (waiting[count] = ipc_connect("s", &how)) >= 0)
		count++;
	assert_int_equal(errno, ETIMEDOUT);
	assert_in_range(count, 1, 15);
	getsockopt(waiting[0], SOL_SOCKET, SO_SNDTIMEO, &left, &length);
	assert_int_equal(left.tv_sec + left.tv_usec, 0); /* the limit was for connect alone */
	before = count_fds();
	start = ipc_now();
	assert_fails(ipc_connect("s", &how), ETIMEDOUT);
	assert_in_range(ipc_now() - start, 140, 10000);
	how.wait = -1; /* a server is there: nothing to wait for */
	assert_fails(ipc_connect("s", &how), ETIMEDOUT);
	assert_int_equal(count_fds(), before);
	while (count)
		close(waiting[--count]);
	close(server);
}

static void *accept_later(void *data)
{
	usleep(100 * 1000);
	close(ipc_accept(*(int *)data, NULL, NULL));
	return NULL;
}

static void place_in_backlog(void **state)
{
	struct ipc_connect how = { .timeout = 10 };
	int server = listen_here(0, 1), waiting[16], count = 0, fd;
	pthread_t thread;

	(void)state;
	while (count < 16 && (waiting[count] = ipc_connect("s", &how)) >= 0)
		count++;
	pthread_create(&thread, NULL, accept_later, &server);
	how.timeout = 10000;
	fd = ipc_connect("s", &how);
	assert_true(fd >= 0);
	pthread_join(thread, NULL);
	close(fd);
	while (count)
		close(waiting[--count]);
	close(server);
}

static void *serve_later(void *data)
{
	usleep(100 * 1000);
	*(int *)data = ipc_listen("s", &(struct ipc_listen){ 0 });
	return NULL;
}

static void waits(void **state)
{
	static const int limits[] = { -1, 10000 };
	int server, fd;
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 2; i++) { /* first there is nothing, then a dead socket */
		pthread_create(&thread, NULL, serve_later, &server);
		fd = ipc_connect("s", &(struct ipc_connect){ .wait = limits[i] });
		assert_true(fd >= 0);
		pthread_join(thread, NULL);
		close(fd);
		close(server);
	}
}

static void waits_in_vain(void **state)
{
	struct ipc_connect how = { .wait = 120 };
	long long start = ipc_now();
	int before = count_fds();

	(void)state;
	assert_fails(ipc_connect("s", &how), ENOENT);
	assert_in_range(ipc_now() - start, 120, 10000);
	assert_fails(ipc_connect("missing/s", &how), ENOENT);
	close(open("file", O_CREAT, 0600));
	how.wait = -1;
	assert_fails(ipc_connect("file/s", &how), ENOTDIR); /* no server appears there */
	assert_int_equal(count_fds(), before);
}

static void long_path(void **state)
{
	char path[300];
	int server, fd;

	(void)state;
	memset(path, 'd', 250);
	path[250] = 0;
	assert_int_equal(mkdir(path, 0755), 0);
	strcat(path, "/s");
	server = ipc_listen(path, &(struct ipc_listen){ 0 });
	assert_true(server >= 0);
	path[251] = 'm';
	strcpy(path + 251, "mine");
	fd = ipc_connect("s", &(struct ipc_connect){ .bind = path });
	assert_int_equal(fd, -1);
	strcpy(path + 251, "s");
	fd = ipc_connect(path, &(struct ipc_connect){ .bind = "mine" });
	assert_true(fd >= 0);
	close(fd);
	close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(types), TEST(failures), TEST(full_backlog), TEST(place_in_backlog),
		TEST(waits), TEST(waits_in_vain), TEST(long_path),
	};

	return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
