/* SPDX-License-Identifier: ISC */
/* channels: the handshake byte by byte, questions with late answers, helpers */
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "ipc/channel.h"
#include "unit.h"

static int pair[2], before;

static int open_pair(void **state)
{
	(void)state;
	before = count_fds();
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return count_fds() != before;
}

static const struct ipc_channel_how client = { .before = "before", .after = "after" };
static const struct ipc_channel_how server = { .before = "before", .after = "after",
					       .server = 1 };

static void client_handshake(void **state)
{
	struct ipc_channel *c = ipc_channel_open(pair[0], &client);
	int ends[2], type;
	struct ipc_message message;
	char text[64];
	size_t none = 0;

	(void)state;
	assert_non_null(c);
	assert_int_equal(ipc_fds_receive(pair[1], text, sizeof text, NULL, &none), 12);
	assert_memory_equal(text, "\0\0\0\6\0\0before", 12);
	assert_null(ipc_channel_side(c));
	assert_fails(ipc_channel_ask(c, "x", 1, &message, 0), ENOTCONN);
	assert_fails(ipc_channel_wait(c, 1), ETIMEDOUT);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(ipc_fds_send(pair[1], "\0\0\0\5\0\1after", 11, ends, 1), 11);
	close(ends[0]);
	assert_int_equal(ipc_channel_wait(c, 30000), 0);
	/* the side channel is what the server sent */
	assert_int_equal(write(ends[1], "\0\0\0\1\0\0!", 7), 7);
	assert_int_equal(ipc_messages_wait(ipc_channel_side(c), &message, 30000), 0);
	assert_int_equal(*message.data, '!');
	type = fcntl(ipc_messages_fd(ipc_channel_side(c)), F_GETFD);
	assert_int_equal(type, FD_CLOEXEC);
	close(ends[1]);
	ipc_channel_close(c);
}

static void server_handshake(void **state)
{
	struct ipc_channel *c = ipc_channel_open(pair[0], &server);
	char text[64];
	int fd;
	size_t count = 1;

	(void)state;
	assert_int_equal(ipc_channel_dispatch(c), 0);
	assert_null(ipc_channel_side(c));
	for (int i = 0; i < 12; i++) {
		assert_int_equal(write(pair[1], &"\0\0\0\6\0\0before"[i], 1), 1);
		assert_int_equal(ipc_channel_dispatch(c), 0);
	}
	assert_non_null(ipc_channel_side(c));
	assert_int_equal(ipc_fds_receive(pair[1], text, sizeof text, &fd, &count), 11);
	assert_memory_equal(text, "\0\0\0\5\0\1after", 11);
	assert_int_equal(count, 1);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(ipc_message_send(ipc_channel_side(c), "!", 1, NULL, 0), 0);
	assert_int_equal(read(fd, text, sizeof text), 7);
	close(fd);
	ipc_channel_close(c);
}

static void strangers(void **state)
{
	static const struct {
		const char *bytes;
		size_t length, fds;
		int fd, server;
	} wrong[] = {
		{ "\0\0\0\5\0\1aftex", 11, 1, 3, 0 },	/* another line */
		{ "\0\0\0\4\0\1afte", 10, 1, 3, 0 },
		{ "\0\0\0\5\0\0after", 11, 0, 3, 0 },	/* no side channel */
		{ "\0\0\0\5\0\2after", 11, 2, 3, 0 },	/* two */
		{ "\0\0\0\5\0\1after", 11, 1, 0, 0 },	/* not a socket */
		{ "\0\0\0\6\0\0befora", 12, 0, 3, 1 },
		{ "\0\0\0\6\0\1before", 12, 1, 3, 1 },
		{ "\0\0\0\7\0\0before ", 13, 0, 3, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct ipc_channel *c = ipc_channel_open(pair[0], wrong[i].server ? &server
										  : &client);
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		int fds[2] = { wrong[i].fd ? pair[1] : null, pair[1] };

		assert_int_equal(ipc_fds_send(pair[1], wrong[i].bytes, wrong[i].length, fds,
					      wrong[i].fds), wrong[i].length);
		close(null);
		assert_fails(ipc_channel_wait(c, 30000), EPROTO);
		assert_null(ipc_channel_side(c));
		ipc_channel_close(c);
		close_pair(NULL);
		open_pair(NULL);
	}
}

static void questions(void **state)
{
	struct ipc_channel *c = ipc_channel_open(pair[0], &client);
	struct ipc_channel *s = ipc_channel_open(pair[1], &server);
	struct ipc_message message;

	(void)state;
	assert_int_equal(ipc_channel_wait(s, 30000), 0);
	assert_int_equal(ipc_channel_wait(c, 30000), 0);
	/* the first question is answered too late */
	assert_fails(ipc_channel_ask(c, "one", 3, &message, 10), ETIMEDOUT);
	assert_int_equal(ipc_messages_wait(ipc_channel_main(s), &message, 30000), 0);
	assert_memory_equal(message.data, "one", 3);
	assert_int_equal(ipc_message_send(ipc_channel_main(s), "1", 1, NULL, 0), 0);
	assert_int_equal(ipc_message_send(ipc_channel_side(s), "!", 1, NULL, 0), 0);
	assert_int_equal(ipc_message_send(ipc_channel_main(s), "2", 1, NULL, 0), 0);
	assert_int_equal(ipc_channel_ask(c, "two", 3, &message, 30000), 0);
	assert_int_equal(*message.data, '2');
	assert_int_equal(ipc_messages_wait(ipc_channel_side(c), &message, 30000), 0);
	assert_int_equal(*message.data, '!');
	ipc_channel_close(s);
	shutdown(pair[1], SHUT_RDWR);
	assert_int_equal(ipc_channel_ask(c, "three", 5, &message, 30000), -1);
	assert_int_equal(errno, EPIPE);
	ipc_channel_close(c);
}

static void helper(void **state)
{
	char *cat[] = { "cat", NULL }, *none[] = { "/nowhere/none", NULL }, text[8];
	int fd, status;
	pid_t pid;

	(void)state;
	fd = ipc_spawn(cat, &pid);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(fd, "hello", 5), 5);
	assert_int_equal(read(fd, text, sizeof text), 5);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* an emulator's vfork(2) is a fork(2): there the parent does not hear of the child's exec */
	if (posix_spawn(&pid, none[0], NULL, NULL, none, environ))
		assert_fails(ipc_spawn(none, &pid), ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(client_handshake, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(server_handshake, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(strangers, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(questions, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(helper, open_pair, close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
