/* SPDX-License-Identifier: ISC */
/* framed messages: fragments, queues, limits, descriptors and who sent them */
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "unit.h"

struct pair {
	int fds_before;
	int raw;		/* the peer's end */
	int mine;
	struct ipc_messages *m;
};

static struct pair pair_open_type(int type, const struct ipc_messages_how *how)
{
	struct pair pair = { .fds_before = count_fds() };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
	pair.mine = ends[0];
	pair.raw = ends[1];
	pair.m = ipc_messages_open(pair.mine, how);
	assert_non_null(pair.m);
	return pair;
}

static struct pair pair_open(const struct ipc_messages_how *how)
{
	return pair_open_type(SOCK_STREAM, how);
}

/* Nothing may be left open but what was before. */
static void pair_close(struct pair *pair)
{
	ipc_messages_close(pair->m);
	close(pair->mine);
	close(pair->raw);
	assert_int_equal(count_fds(), pair->fds_before);
}

static void raw_send(struct pair *pair, const void *data, size_t length, int fd, size_t copies)
{
	int fds[IPC_FDS_MAX];

	for (size_t i = 0; i < copies; i++)
		fds[i] = fd;
	assert_int_equal(ipc_fds_send(pair->raw, data, length, fds, copies), length);
}

static void assert_broken(struct pair *pair, int error)
{
	for (int i = 0; i < 1000; i++)
		if (ipc_messages_dispatch(pair->m))
			break;
	assert_fails(ipc_messages_dispatch(pair->m), error);
}

static void byte_by_byte(void **state)
{
	static const char stream[] = "\0\0\0\3\0\1abc\0\0\0\0\0\0\0\0\0\1\0\0z";
	struct pair pair = pair_open(&(struct ipc_messages_how){ .max_fds = 1 });
	struct ipc_message message;
	int got = 0;

	(void)state;
	for (size_t i = 0; i < sizeof stream - 1; i++) {
		/* the descriptor comes with the last byte of its message */
		raw_send(&pair, stream + i, 1, 0, i == 8);
		assert_int_equal(ipc_messages_dispatch(pair.m), 0);
		if (!ipc_message_receive(pair.m, &message))
			continue;
		got++;
		assert_int_equal(i, got == 1 ? 8 : got == 2 ? 14 : 21);
		assert_int_equal(message.length, got == 1 ? 3 : got == 2 ? 0 : 1);
		assert_memory_equal(message.data, got == 1 ? "abc" : "z", message.length);
		assert_int_equal(message.count, got == 1);
		if (got == 1)
			assert_int_equal(fcntl(message.fds[0], F_GETFD), FD_CLOEXEC);
	}
	assert_int_equal(got, 3);
	pair_close(&pair);
}

static void descriptor_with_any_byte(void **state)
{
	(void)state;
	for (size_t at = 0; at < 9; at++) {
		struct pair pair = pair_open(&(struct ipc_messages_how){ .max_fds = 1 });
		static const char stream[] = "\0\0\0\3\0\1abc";
		struct ipc_message message;

		for (size_t i = 0; i < 9; i++)
			raw_send(&pair, stream + i, 1, 0, i == at);
		assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
		assert_int_equal(message.count, 1);
		pair_close(&pair);
	}
}

static void keep_a_descriptor(void **state)
{
	struct pair pair = pair_open(&(struct ipc_messages_how){ .max_fds = 2 });
	struct ipc_message message;
	struct stat is, kept;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), fd;

	(void)state;
	raw_send(&pair, "\0\0\0\0\0\2", 6, null, 2);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	fd = message.fds[1];
	message.fds[1] = -1;
	assert_int_equal(ipc_message_receive(pair.m, &message), 0);
	assert_int_equal(fstat(fd, &kept) || fstat(null, &is), 0);
	assert_int_equal(kept.st_rdev, is.st_rdev);
	close(fd);
	close(null);
	pair_close(&pair);
}

static void undeclared_descriptors(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int fds, error;
	} bad[] = {
		{ "\0\0\0\0\0\0", 6, 1, EPROTO },	/* one too many */
		{ "\0\0\0\1\0\1x", 7, 2, EPROTO },
		{ "\0\0\0", 3, 5, EPROTO },		/* too many before the header is there */
		{ "\0\0\0\1\0\1x", 7, 0, EPROTO },	/* too few */
		{ "\0\0\0\0\0\5", 6, 5, EPROTO },	/* over our limit */
		{ "\0\0\0\0\x40\0", 6, 0, EPROTO },	/* a count that 16 bits would overflow */
		{ "\0\0\0\0\x40\1", 6, 1, EPROTO },
		{ "\x10\0\0\1\0\0", 6, 0, EPROTO },	/* over the protocol's limit */
		{ "\xff\xff\xff\xff\xff\xff", 6, 4, EPROTO },
		{ "\0\1\0\0\0\0", 6, 0, EMSGSIZE },	/* over our limit */
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct pair pair = pair_open(&(struct ipc_messages_how){
			.max_fds = 4, .max_length = 65535 });

		raw_send(&pair, bad[i].bytes, bad[i].length, 0, bad[i].fds);
		assert_broken(&pair, bad[i].error);
		/* what came is closed at once, not when the connection goes */
		assert_int_equal(count_fds(), pair.fds_before + 2);
		pair_close(&pair);
	}
}

/* Descriptors that come with the bytes of the next message do not become those of this one. */
static void descriptors_stay_with_their_message(void **state)
{
	struct pair pair = pair_open(&(struct ipc_messages_how){ .max_fds = 4 });
	struct ipc_message message;

	(void)state;
	raw_send(&pair, "\0\0\0\1\0\0a", 7, 0, 0);
	raw_send(&pair, "\0\0\0\1\0\1b", 7, 0, 1);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_int_equal(message.count, 0);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_int_equal(message.count, 1);
	pair_close(&pair);
}

static void most_descriptors(void **state)
{
	struct ipc_messages_how how = { .max_fds = IPC_FDS_MAX };
	struct pair pair = pair_open(&how);
	struct ipc_messages *other = ipc_messages_open(pair.raw, NULL);
	struct ipc_message message;
	int fds[IPC_FDS_MAX + 1] = { 0 };

	(void)state;
	assert_int_equal(ipc_message_send(other, "x", 1, fds, IPC_FDS_MAX), 0);
	assert_int_equal(ipc_message_send(other, "x", 1, fds, IPC_FDS_MAX + 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_int_equal(message.count, IPC_FDS_MAX);
	assert_int_equal(fcntl(message.fds[252], F_GETFD), FD_CLOEXEC);
	ipc_messages_close(other);
	pair_close(&pair);
}

/* A full socket: each message arrives once, whole and in order, and its descriptor is the one
 * that it was sent with although the sender has closed and reused the number. */
static void short_writes(void **state)
{
	enum { COUNT = 60, LENGTH = 20000 };
	struct pair pair = pair_open(&(struct ipc_messages_how){ .max_fds = 1 });
	struct ipc_messages *other = ipc_messages_open(pair.raw, NULL);
	struct ipc_message message;
	char *text = malloc(LENGTH), byte;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		int ends[2];

		memset(text, i, LENGTH);
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		assert_int_equal(write(ends[1], text, 1), 1);
		assert_int_equal(ipc_message_send(other, text, LENGTH + i, ends, 1), 0);
		close(ends[0]);
		close(ends[1]);
		text = realloc(text, LENGTH + i + 1);
		text[LENGTH + i] = i;
	}
	assert_int_equal(ipc_messages_events(other), POLLIN | POLLOUT);
	for (int i = 0; i < COUNT; i++) {
		while (!ipc_message_receive(pair.m, &message)) {
			assert_int_equal(ipc_messages_dispatch(other), 0);
			assert_int_equal(ipc_messages_dispatch(pair.m), 0);
		}
		assert_int_equal(message.length, LENGTH + i);
		assert_int_equal(message.data[0], i);
		assert_int_equal(message.data[LENGTH - 1], i);
		assert_int_equal(message.count, 1);
		assert_int_equal(read(message.fds[0], &byte, 1), 1);
		assert_int_equal(byte, i);
	}
	assert_int_equal(ipc_messages_dispatch(pair.m), 0);
	assert_int_equal(ipc_message_receive(pair.m, &message), 0);
	assert_int_equal(ipc_messages_events(other), POLLIN);
	free(text);
	ipc_messages_close(other);
	pair_close(&pair);
}

static void bounded_queue(void **state)
{
	struct pair pair = pair_open(&(struct ipc_messages_how){ .max_queue = 100000 });
	int fds[] = { 0 }, sent = 0;

	(void)state;
	/* what the socket takes, and not more than 100000 bytes beyond that */
	while (sent < 100000 && !ipc_message_send(pair.m, "12345678", 8, fds, 0))
		sent++;
	assert_int_equal(errno, ENOBUFS);
	assert_in_range(sent, 100, 99999);
	assert_int_equal(ipc_messages_events(pair.m), POLLIN | POLLOUT);
	/* the connection lives */
	assert_int_equal(ipc_messages_dispatch(pair.m), 0);
	pair_close(&pair);
}

static long resident_kb(void)
{
	char text[256] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof text - 1);

	close(fd);
	return n > 0 ? strtol(strchr(text, ' '), NULL, 10) * 4 : -1;
}

/* A header that announces 256 MB costs what has arrived. */
static void bounded_memory(void **state)
{
	enum { CONNECTIONS = 64 };
	struct pair pairs[CONNECTIONS];
	long before = resident_kb();

	(void)state;
	for (int i = 0; i < CONNECTIONS; i++) {
		pairs[i] = pair_open(NULL);
		raw_send(&pairs[i], "\x10\0\0\0\0\0abcd", 10, 0, 0);
		assert_int_equal(ipc_messages_dispatch(pairs[i].m), 0);
	}
	assert_true(resident_kb() - before < 8192);
	for (int i = CONNECTIONS - 1; i >= 0; i--)
		pair_close(&pairs[i]);
}

static void large_message(void **state)
{
	enum { LENGTH = 3000000 };
	struct pair pair = pair_open(NULL);
	struct ipc_messages *other = ipc_messages_open(pair.raw, NULL);
	struct ipc_message message;
	char *text = malloc(LENGTH);

	(void)state;
	for (int i = 0; i < LENGTH; i++)
		text[i] = (unsigned)i * 7919 >> 8;
	assert_int_equal(ipc_message_send(other, text, LENGTH, NULL, 0), 0);
	while (!ipc_message_receive(pair.m, &message)) {
		assert_int_equal(ipc_messages_dispatch(other), 0);
		assert_int_equal(ipc_messages_dispatch(pair.m), 0);
	}
	assert_int_equal(message.length, LENGTH);
	assert_memory_equal(message.data, text, LENGTH);
	free(text);
	ipc_messages_close(other);
	pair_close(&pair);
}

static void stalled_peer(void **state)
{
	struct pair pair = pair_open(&(struct ipc_messages_how){ .max_fds = 1 });
	static const char stream[] = "\0\0\0\3\0\1abc";
	struct ipc_message message;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		raw_send(&pair, stream + i, 1, 0, !i);
		assert_int_equal(ipc_messages_wait(pair.m, &message, 1), -1);
		assert_int_equal(errno, ETIMEDOUT);
	}
	pair_close(&pair);
}

/* What was sent before the peer closed is received, and then comes the end. */
static void end_of_stream(void **state)
{
	struct pair pair = pair_open(NULL);
	struct ipc_message message;

	(void)state;
	raw_send(&pair, "\0\0\0\1\0\0a\0\0\0\1\0\0b", 14, 0, 0);
	shutdown(pair.raw, SHUT_RDWR);
	assert_int_equal(ipc_message_send(pair.m, "x", 1, NULL, 0), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_int_equal(*message.data, 'a');
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_int_equal(*message.data, 'b');
	assert_broken(&pair, EPIPE);
	pair_close(&pair);

	pair = pair_open(NULL);
	raw_send(&pair, "\0\0\0\1\0", 5, 0, 0);
	shutdown(pair.raw, SHUT_WR);
	assert_broken(&pair, EPROTO);
	pair_close(&pair);
}

/* A peer that sends and does not stop is read one message at a time. */
static void back_pressure(void **state)
{
	struct pair pair = pair_open(NULL);
	struct ipc_message message;

	(void)state;
	for (int i = 0; i < 10; i++)
		raw_send(&pair, "\0\0\0\1\0\0a", 7, 0, 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(ipc_messages_dispatch(pair.m), 0);
		assert_int_equal(ipc_messages_events(pair.m), 0);
		assert_int_equal(ipc_message_receive(pair.m, &message), 1);
		assert_int_equal(ipc_message_receive(pair.m, &message), 0);
	}
	assert_int_equal(ipc_messages_events(pair.m), POLLIN);
	pair_close(&pair);
}

static void no_room_for_descriptors(void **state)
{
	struct pair pair = pair_open(&(struct ipc_messages_how){ .max_fds = 8 });
	struct rlimit limit, low;

	(void)state;
	raw_send(&pair, "\0\0\0\0\0\10", 6, 0, 8);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = limit;
	low.rlim_cur = pair.raw + 4;
	setrlimit(RLIMIT_NOFILE, &low);
	assert_int_equal(ipc_messages_dispatch(pair.m), -1);
	assert_int_equal(errno, EMFILE);
	setrlimit(RLIMIT_NOFILE, &limit);
	pair_close(&pair);
}

/* One packet is one message; a packet that is not is refused. */
static void packets(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int fds, error;
	} sent[] = {
		{ "\0\0\0\1\0\1x", 7, 1, 0 },
		{ "\0\0\0\0\0\0", 6, 0, 0 },
		{ "\0\0\0\1\0\0", 6, 0, EPROTO },
		{ "\0\0\0\1\0\0xy", 8, 0, EPROTO },
		{ "\0\0\0", 3, 0, EPROTO },
		{ "\0\0\0\1\0\0x", 7, 1, EPROTO },
		{ "\0\0\0\1\0\1x", 7, 0, EPROTO },
		{ "\0\0\0\x0b\0\0more than 10", 18, 0, EMSGSIZE },
	};
	struct ipc_message message;

	(void)state;
	for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
		struct pair pair = pair_open_type(SOCK_SEQPACKET, &(struct ipc_messages_how){
			.max_fds = 1, .max_length = 10 });

		raw_send(&pair, sent[i].bytes, sent[i].length, 0, sent[i].fds);
		if (sent[i].error)
			assert_broken(&pair, sent[i].error);
		else
			assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
		pair_close(&pair);
	}
}

static void packets_both_ways(void **state)
{
	struct pair pair = pair_open_type(SOCK_SEQPACKET, &(struct ipc_messages_how){
		.max_fds = 1 });
	struct ipc_messages *other = ipc_messages_open(pair.raw, NULL);
	static char text[50000];
	struct ipc_message message;
	int fds[] = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(ipc_message_send(other, text, 50000 - i, fds, i & 1), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
		assert_int_equal(message.length, 50000 - i);
		assert_int_equal(message.count, i & 1);
		assert_int_equal(ipc_messages_dispatch(other), 0);
	}
	shutdown(pair.raw, SHUT_WR);
	assert_broken(&pair, EPIPE);
	ipc_messages_close(other);
	pair_close(&pair);
}

static void in_child(struct pair *pair, const void *data, size_t length)
{
	pid_t pid = fork();

	if (!pid)
		_exit(write(pair->raw, data, length) != (ssize_t)length);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void senders(void **state)
{
	struct ipc_messages_how how = { .flags = IPC_MESSAGES_CREDENTIALS };
	struct pair pair = pair_open(&how);
	struct ipc_message message;

	(void)state;
	raw_send(&pair, "\0\0\0\1\0\0a", 7, 0, 0);
	in_child(&pair, "\0\0\0\1\0\0b", 7);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_int_equal(message.sender.pid, getpid());
	assert_int_equal(message.sender.uid, getuid());
	assert_int_equal(*message.pidfd, -1);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_int_not_equal(message.sender.pid, getpid());
	/* one message of two senders */
	raw_send(&pair, "\0\0\0\1", 4, 0, 0);
	in_child(&pair, "\0\0c", 3);
	assert_broken(&pair, EPERM);
	pair_close(&pair);

	/* nobody asked, although the socket was told to say it */
	pair = pair_open(NULL);
	assert_int_equal(setsockopt(pair.mine, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)), 0);
	raw_send(&pair, "\0\0\0\1", 4, 0, 0);
	in_child(&pair, "\0\0c", 3);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_int_equal(message.sender.pid, 0);
	pair_close(&pair);

	how.flags = IPC_MESSAGES_SAME_SENDER;
	pair = pair_open(&how);
	raw_send(&pair, "\0\0\0\1\0\0a", 7, 0, 0);
	in_child(&pair, "\0\0\0\1\0\0b", 7);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_broken(&pair, EPERM);
	pair_close(&pair);
}

static void sender_pidfd(void **state)
{
	struct pair pair = pair_open(&(struct ipc_messages_how){ .flags = IPC_MESSAGES_PIDFD });
	struct ipc_message message;
	char path[64], text[1024];
	ssize_t n;
	int fd;

	(void)state;
	raw_send(&pair, "\0\0\0\1\0\0a", 7, 0, 0);
	assert_int_equal(ipc_messages_wait(pair.m, &message, 30000), 0);
	assert_int_equal(message.sender.pid, getpid());
	if (*message.pidfd < 0) {	/* a kernel before 6.5 */
		pair_close(&pair);
		skip();
	}
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", *message.pidfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof text - 1);
	close(fd);
	assert_true(n > 0);
	text[n] = 0;
	assert_int_equal(strtol(strstr(text, "\nPid:") + 5, NULL, 10), getpid());
	pair_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(descriptor_with_any_byte),
		cmocka_unit_test(keep_a_descriptor),
		cmocka_unit_test(undeclared_descriptors),
		cmocka_unit_test(descriptors_stay_with_their_message),
		cmocka_unit_test(most_descriptors),
		cmocka_unit_test(short_writes),
		cmocka_unit_test(bounded_queue),
		cmocka_unit_test(bounded_memory),
		cmocka_unit_test(large_message),
		cmocka_unit_test(stalled_peer),
		cmocka_unit_test(end_of_stream),
		cmocka_unit_test(back_pressure),
		cmocka_unit_test(no_room_for_descriptors),
		cmocka_unit_test(packets),
		cmocka_unit_test(packets_both_ways),
		cmocka_unit_test(senders),
		cmocka_unit_test(sender_pidfd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
