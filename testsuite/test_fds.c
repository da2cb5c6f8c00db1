/* SPDX-License-Identifier: ISC */
/* descriptors over a socket: what was asked for arrives, nothing else stays */
#include <sys/resource.h>

#include "unit.h"

static int pair[2], before;

static int open_pair(void **state)
{
	(void)state;
	before = count_fds();
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return count_fds() != before;
}

static void reopen(int type)
{
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
}

static void passes(void **state)
{
	int sent[2] = { 0, 0 }, got[3] = { -1, -1, -1 };
	struct stat one, other;
	size_t count = 3;
	char data[8];

	(void)state;
	sent[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sent[0] = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(ipc_fds_send(pair[0], "hello", 5, sent, 2), 5);
	assert_int_equal(ipc_fds_receive(pair[1], data, sizeof data, got, &count), 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(count, 2);
	assert_int_equal(got[2], -1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fcntl(got[i], F_GETFD), FD_CLOEXEC);
		fstat(sent[i], &one);
		fstat(got[i], &other);
		assert_int_equal(one.st_ino, other.st_ino);
		close(got[i]);
		close(sent[i]);
	}
}

static void none(void **state)
{
	size_t count = 4;
	int fds[4];
	char data[8];

	(void)state;
	assert_int_equal(ipc_fds_send(pair[0], "x", 1, NULL, 0), 1);
	assert_int_equal(ipc_fds_receive(pair[1], data, sizeof data, fds, &count), 1);
	assert_int_equal(count, 0);
	count = 0;
	assert_int_equal(ipc_fds_send(pair[0], "xyz", 3, NULL, 0), 3);
	assert_int_equal(ipc_fds_receive(pair[1], data, 2, NULL, &count), 2);
	assert_int_equal(ipc_fds_receive(pair[1], data, 2, NULL, &count), 1);
	shutdown(pair[0], SHUT_WR);
	assert_int_equal(ipc_fds_receive(pair[1], data, 2, NULL, &count), 0);
}

static void uninvited(void **state)
{
	int sent[3] = { 0, 1, 2 }, got[3], now = count_fds();
	size_t count = 0;
	char data[8];

	(void)state;
	assert_int_equal(ipc_fds_send(pair[0], "x", 1, sent, 1), 1);
	assert_fails(ipc_fds_receive(pair[1], data, sizeof data, NULL, &count), EPROTO);
	assert_int_equal(count_fds(), now);
	assert_int_equal(ipc_fds_send(pair[0], "x", 1, sent, 3), 1);
	count = 2;
	assert_fails(ipc_fds_receive(pair[1], data, sizeof data, got, &count), EPROTO);
	assert_int_equal(count_fds(), now);
	assert_int_equal(ipc_fds_send(pair[0], "y", 1, sent, 2), 1);
	count = 2; /* the connection still works */
	assert_int_equal(ipc_fds_receive(pair[1], data, sizeof data, got, &count), 1);
	assert_int_equal(count, 2);
	close(got[0]);
	close(got[1]);
}

static void most(void **state)
{
	int sent[IPC_FDS_MAX + 1] = { 0 }, got[IPC_FDS_MAX];
	size_t count = IPC_FDS_MAX;
	char data[8];

	(void)state;
	assert_int_equal(ipc_fds_send(pair[0], "x", 1, sent, IPC_FDS_MAX), 1);
	assert_int_equal(ipc_fds_receive(pair[1], data, sizeof data, got, &count), 1);
	assert_int_equal(count, IPC_FDS_MAX);
	for (size_t i = 0; i < count; i++)
		close(got[i]);
	assert_fails(ipc_fds_send(pair[0], "x", 1, sent, IPC_FDS_MAX + 1), EINVAL);
	assert_fails(ipc_fds_send(pair[0], "", 0, sent, 1), EINVAL);
}

/* The kernel could not hand over all of them (MSG_CTRUNC): then we keep none. */
static void no_room(void **state)
{
	int sent[8] = { 0 }, got[8], now = count_fds();
	struct rlimit limit, low;
	size_t count = 8;
	char data[8];

	(void)state;
	assert_int_equal(ipc_fds_send(pair[0], "x", 1, sent, 8), 1);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	low.rlim_cur = open("/", O_RDONLY) + 3;
	close(low.rlim_cur - 3);
	setrlimit(RLIMIT_NOFILE, &low);
	assert_fails(ipc_fds_receive(pair[1], data, sizeof data, got, &count), EPROTO);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(count_fds(), now);
}

static void credentials_beside(void **state)
{
	int sent[2] = { 0, 1 }, got[2], on = 1;
	size_t count = 2;
	char data[8];

	(void)state;
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	assert_int_equal(ipc_fds_send(pair[0], "x", 1, sent, 2), 1);
	assert_int_equal(ipc_fds_receive(pair[1], data, sizeof data, got, &count), 1);
	assert_int_equal(count, 2);
	close(got[0]);
	close(got[1]);
}

static void packets(void **state)
{
	int sent[1] = { 0 }, got[1], now;
	size_t count = 1;
	char data[4];

	(void)state;
	reopen(SOCK_SEQPACKET);
	now = count_fds();
	assert_int_equal(ipc_fds_send(pair[0], "12345", 5, sent, 1), 5);
	assert_fails(ipc_fds_receive(pair[1], data, 4, got, &count), EMSGSIZE);
	assert_int_equal(count_fds(), now);
	count = 1;
	assert_int_equal(ipc_fds_send(pair[0], "1234", 4, sent, 1), 4);
	assert_int_equal(ipc_fds_receive(pair[1], data, 4, got, &count), 4);
	assert_int_equal(count, 1);
	close(got[0]);
}

/* Descriptors stay where the sender put them: with the first byte of their message. */
static void boundaries(void **state)
{
	int sent[1] = { 0 }, got[4];
	size_t count = 0;
	char data[16];

	(void)state;
	assert_int_equal(ipc_fds_send(pair[0], "aa", 2, NULL, 0), 2);
	assert_int_equal(ipc_fds_send(pair[0], "bb", 2, sent, 1), 2);
	assert_int_equal(ipc_fds_send(pair[0], "cc", 2, sent, 1), 2);
	assert_int_equal(ipc_fds_receive(pair[1], data, 2, got, &count), 2);
	count = 4;
	assert_int_equal(ipc_fds_receive(pair[1], data, 1, got, &count), 1);
	assert_int_equal(count, 1);
	close(got[0]);
	count = 0;
	assert_int_equal(ipc_fds_receive(pair[1], data, 1, got, &count), 1);
	count = 4;
	assert_int_equal(ipc_fds_receive(pair[1], data, sizeof data, got, &count), 2);
	assert_int_equal(count, 1);
	close(got[0]);
}

static void short_and_broken(void **state)
{
	size_t size = 16 << 20, count = 1;
	char *data = calloc(1, size);
	int sent[1] = { 0 }, got[1];
	ssize_t n = ipc_fds_send(pair[0], data, size, sent, 1);

	(void)state;
	assert_true(n > 0 && (size_t)n < size);
	assert_fails(ipc_fds_send(pair[0], data, size, sent, 1), EAGAIN);
	assert_true(ipc_fds_receive(pair[1], data, size, got, &count) > 0);
	assert_int_equal(count, 1);
	close(got[0]);
	sent[0] = -1;
	assert_fails(ipc_fds_send(pair[0], data, 1, sent, 1), EBADF);
	close(pair[1]);
	assert_fails(ipc_fds_send(pair[0], data, 1, NULL, 0), EPIPE); /* and no SIGPIPE */
	pair[1] = -1;
	free(data);
}

static void nothing_there(void **state)
{
	size_t count = 0;
	char data[1];

	(void)state;
	assert_fails(ipc_fds_receive(pair[1], data, 1, NULL, &count), EAGAIN);
	assert_fails(ipc_fds_receive(-1, data, 1, NULL, &count), EBADF);
}

static void empty_packet(void **state)
{
	int fd = open("/", O_RDONLY | O_CLOEXEC), got = -1;
	size_t count = 1;
	char data[1];

	(void)state;
	reopen(SOCK_SEQPACKET);
	assert_int_equal(ipc_fds_send(pair[0], "", 0, &fd, 1), 0);
	assert_int_equal(ipc_fds_receive(pair[1], data, 1, &got, &count), 0);
	assert_int_equal(count, 1);
	close(fd);
	close(got);
}

static void described(void **state)
{
	int fd = open("/proc", O_RDONLY | O_CLOEXEC);
	struct ipc_description what;

	(void)state;
	ipc_describe(fd, &what);
	assert_string_equal(what.kind, "directory");
	assert_string_equal(what.address, "/proc");
	close(fd);
	ipc_describe(pair[0], &what);
	assert_string_equal(what.kind, "unix-stream");
	assert_int_equal(what.hangup, 0);
	ipc_describe(-1, &what);
	assert_string_equal(what.kind, "");
}

#define FDS(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FDS(passes), FDS(none), FDS(uninvited), FDS(most), FDS(no_room),
		FDS(credentials_beside), FDS(packets), FDS(boundaries), FDS(short_and_broken),
		FDS(nothing_there), FDS(empty_packet), FDS(described),
	};

	return cmocka_run_group_tests_name("fds", tests, NULL, NULL);
}
