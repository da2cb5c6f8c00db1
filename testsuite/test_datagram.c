/* SPDX-License-Identifier: ISC */
/* datagrams: whole, with their senders, and without what was not asked for */
#include "unit.h"

static int server, client;

static int open_pair(void **state)
{
	struct ipc_listen how = { .type = SOCK_DGRAM, .flags = IPC_LISTEN_CREDENTIALS };
	struct ipc_connect to = { .type = SOCK_DGRAM, .bind = "./c" };

	if (enter_directory(state))
		return -1;
	server = ipc_listen("./s", &how);
	client = ipc_connect("./s", &to);
	return server < 0 || client < 0;
}

static int close_pair(void **state)
{
	close(server);
	close(client);
	return leave_directory(state);
}

static void one(void **state)
{
	char text[8], name[120];
	struct ipc_datagram got = { .data = text, .size = sizeof text };

	(void)state;
	assert_fails(ipc_datagram_receive(server, &got), EAGAIN);
	send(client, "hello", 5, 0);
	assert_int_equal(ipc_datagram_receive(server, &got), 1);
	assert_int_equal(got.length, 5);
	assert_memory_equal(text, "hello", 5);
	assert_true(got.known);
	assert_int_equal(got.sender.pid, getpid());
	assert_int_equal(got.sender.uid, getuid());
	assert_int_equal(got.sender.gid, getgid());
	assert_string_equal(ipc_address_text(&got.from, name), "./c");
	assert_fails(ipc_datagram_receive(-1, &got), EBADF);
}

static void empty_and_long(void **state)
{
	char text[8];
	struct ipc_datagram got = { .data = text, .size = sizeof text };

	(void)state;
	send(client, "", 0, 0);
	send(client, "12345678", 8, 0);
	send(client, "123456789", 9, 0);
	assert_int_equal(ipc_datagram_receive(server, &got), 1);
	assert_int_equal(got.length, 0);
	assert_true(got.known);
	assert_int_equal(ipc_datagram_receive(server, &got), 1);
	assert_int_equal(got.length, 8);
	assert_int_equal(ipc_datagram_receive(server, &got), 1);
	assert_int_equal(got.length, 9);
	assert_memory_equal(text, "12345678", 8);
}

static void descriptors(void **state)
{
	char text[8];
	int fds[2] = { -1, -1 }, zeros[IPC_FDS_MAX] = { 0 }, before = count_fds();
	struct ipc_datagram got = { .data = text, .size = sizeof text, .fds = fds, .max_fds = 2 };

	(void)state;
	for (size_t n = 0; n <= IPC_FDS_MAX; n += n < 4 ? 1 : 83) {
		assert_int_equal(ipc_fds_send(client, "x", 1, zeros, n), 1);
		assert_int_equal(ipc_datagram_receive(server, &got), 1);
		assert_int_equal(got.length, 1);
		assert_true(got.known);
		assert_int_equal(got.count, n <= 2 ? n : 0);
		assert_int_equal(got.refused, n <= 2 ? 0 : n);
		for (size_t i = 0; i < got.count; i++) {
			assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
			close(fds[i]);
		}
	}
	got.max_fds = 0;
	assert_int_equal(ipc_fds_send(client, "x", 1, zeros, 1), 1);
	assert_int_equal(ipc_datagram_receive(server, &got), 1);
	assert_int_equal(got.refused, 1);
	assert_int_equal(count_fds(), before);
}

static void early(void **state)
{
	char text[8];
	struct ipc_datagram got = { .data = text, .size = sizeof text };
	struct ipc_listen how = { .type = SOCK_DGRAM };
	struct ipc_connect to = { .type = SOCK_DGRAM };
	int fd = ipc_listen("./t", &how), sender = ipc_connect("./t", &to), pidfd, before, after;

	(void)state;
	send(sender, "1", 1, 0);
	assert_int_equal(ipc_datagram_receive(fd, &got), 1);
	assert_false(got.known);
	assert_int_equal(got.sender.uid, (uid_t)-1);
	send(sender, "2", 1, 0);
	assert_int_equal(ipc_datagram_credentials(fd), 0);
	send(sender, "3", 1, 0);
	assert_int_equal(ipc_datagram_receive(fd, &got), 1);
	assert_false(got.known);
	assert_int_equal(ipc_datagram_receive(fd, &got), 1);
	assert_true(got.known);
	assert_int_equal(ipc_datagram_pidfds(fd), 0);
	got.pidfd = &pidfd;
	send(sender, "4", 1, 0);
	assert_int_equal(ipc_datagram_receive(fd, &got), 1);
	assert_int_equal(got.sender.pid, getpid());
	if (pidfd >= 0)		/* since 6.5 */
		assert_int_equal(close(pidfd), 0);
	got.pidfd = NULL;	/* then none is left open */
	before = dup(0);
	close(before);
	send(sender, "5", 1, 0);
	assert_int_equal(ipc_datagram_receive(fd, &got), 1);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
	close(fd);
	close(sender);
	assert_fails(ipc_datagram_credentials(0), ENOTSOCK);
}

static void end_of_connection(void **state)
{
	char text[8];
	struct ipc_datagram got = { .data = text, .size = sizeof text };
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	ipc_datagram_credentials(pair[0]);
	send(pair[1], "", 0, 0);
	send(pair[1], "x", 1, 0);
	close(pair[1]);
	assert_int_equal(ipc_datagram_receive(pair[0], &got), 1);
	assert_int_equal(got.length, 0);
	assert_int_equal(ipc_datagram_receive(pair[0], &got), 1);
	assert_int_equal(got.length, 1);
	assert_int_equal(ipc_datagram_receive(pair[0], &got), 0);
	close(pair[0]);
}

static void deliver(int fd, const char *facts, size_t length, const char *message, size_t said)
{
	char packet[200];
	size_t n = ipc_delivery_header(packet, said, strlen(message));

	assert_int_equal(n, 8);
	memcpy(packet + n, facts, length);
	memcpy(packet + n + length, message, strlen(message));
	send(fd, packet, n + length + strlen(message), 0);
}

static void deliveries(void **state)
{
	char buffer[64];
	struct ipc_edits facts;
	const char *message, *value;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	deliver(pair[1], "A=1\0B\0", 6, "hello", 6);
	assert_int_equal(ipc_delivery_next(pair[0], buffer, sizeof buffer, &facts, &message), 5);
	assert_memory_equal(message, "hello", 5);
	assert_int_equal(ipc_edits_find(&facts, "A", &value), IPC_EDIT_SET);
	assert_string_equal(value, "1");
	assert_int_equal(ipc_edits_find(&facts, "B", &value), IPC_EDIT_UNSET);
	deliver(pair[1], "", 0, "", 0);
	assert_int_equal(ipc_delivery_next(pair[0], buffer, sizeof buffer, &facts, &message), 0);
	deliver(pair[1], "A", 1, "x", 1); /* not terminated */
	assert_fails(ipc_delivery_next(pair[0], buffer, sizeof buffer, &facts, &message), EPROTO);
	deliver(pair[1], "A", 2, "x", 1); /* longer than it says */
	assert_fails(ipc_delivery_next(pair[0], buffer, sizeof buffer, &facts, &message), EPROTO);
	deliver(pair[1], "A", 2, "x", 0xfffffff0);
	assert_fails(ipc_delivery_next(pair[0], buffer, sizeof buffer, &facts, &message), EPROTO);
	send(pair[1], "1234567", 7, 0);
	assert_fails(ipc_delivery_next(pair[0], buffer, sizeof buffer, &facts, &message), EPROTO);
	send(pair[1], (char[65]){ 0 }, 65, 0);
	assert_fails(ipc_delivery_next(pair[0], buffer, sizeof buffer, &facts, &message), EMSGSIZE);
	close(pair[1]);
	assert_fails(ipc_delivery_next(pair[0], buffer, sizeof buffer, &facts, &message), EPIPE);
	close(pair[0]);
}

#define PAIR(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(one), PAIR(empty_and_long), PAIR(descriptors), PAIR(early),
		PAIR(end_of_connection), cmocka_unit_test(deliveries),
	};

	return cmocka_run_group_tests_name("datagram", tests, NULL, NULL);
}
