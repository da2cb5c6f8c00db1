/* SPDX-License-Identifier: ISC */
/* named descriptors: what is a name, what is a message of names, and the answer */
#include <sys/socket.h>

#include "ipc/named.h"
#include "unit.h"

static void names(void **state)
{
	static const char *const good[] = { "a", "log", "a-b_c.d/e:f", "\xc3\xa9", "@" };
	static const char *const bad[] = { "", "a b", "a=b", "a,b", "a\n", "\x7f", "\t" };
	char text[IPC_NAMED_MAX], longest[IPC_NAME_MAX + 2];
	struct ipc_named named = { .fd = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		named.name = good[i];
		assert_int_equal(ipc_named_format(text, sizeof text, &named, 1),
				 strlen(good[i]) + 1);
		assert_string_equal(text, good[i]);
		assert_fails(ipc_named_format(text, strlen(good[i]), &named, 1), ENOSPC);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		named.name = bad[i];
		assert_fails(ipc_named_format(text, sizeof text, &named, 1), EINVAL);
	}
	named.name = longest;
	memset(longest, 'x', sizeof longest);
	longest[IPC_NAME_MAX + 1] = 0;
	assert_fails(ipc_named_format(text, sizeof text, &named, 1), EINVAL);
	longest[IPC_NAME_MAX] = 0;
	assert_int_equal(ipc_named_format(text, sizeof text, &named, 1), IPC_NAME_MAX + 1);
}

static void most(void **state)
{
	struct ipc_named named[IPC_FDS_MAX + 1], back[IPC_FDS_MAX];
	char text[IPC_NAMED_MAX], name[IPC_FDS_MAX + 1][IPC_NAME_MAX + 1];
	struct ipc_message message = { .data = text, .count = IPC_FDS_MAX };
	int fds[IPC_FDS_MAX];

	(void)state;
	for (int i = 0; i <= IPC_FDS_MAX; i++) {
		memset(name[i], 'x', IPC_NAME_MAX);
		name[i][IPC_NAME_MAX] = 0;
		snprintf(name[i], sizeof name[i], "%04d", i);
		name[i][4] = 'x';
		named[i] = (struct ipc_named){ name[i], i };
		fds[i % IPC_FDS_MAX] = i;
	}
	assert_fails(ipc_named_format(text, sizeof text, named, IPC_FDS_MAX + 1), EINVAL);
	assert_int_equal(ipc_named_format(text, sizeof text, named, IPC_FDS_MAX), IPC_NAMED_MAX);
	message.length = IPC_NAMED_MAX;
	message.fds = fds;
	assert_int_equal(ipc_named_parse(&message, back, IPC_FDS_MAX), IPC_FDS_MAX);
	assert_string_equal(back[252].name, name[252]);
	assert_int_equal(back[252].fd, fds[252]);
	assert_fails(ipc_named_parse(&message, back, IPC_FDS_MAX - 1), EPROTO);
	/* the second gets the name of the first */
	named[1].name = named[0].name;
	assert_fails(ipc_named_format(text, sizeof text, named, 2), EINVAL);
}

static void wrong(void **state)
{
	static const struct {
		const char *data;
		size_t length, count;
	} bad[] = {
		{ "a", 1, 1 }, { "a\0b", 3, 2 }, { "a\0", 2, 2 }, { "a\0b\0", 4, 1 },
		{ "a\0a\0", 4, 2 }, { "\0", 1, 1 }, { "", 0, 1 }, { "a\0", 2, 0 },
		{ "a=\0", 3, 1 },
	};
	int fds[2] = { 0, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct ipc_message message = { bad[i].data, bad[i].length, fds, bad[i].count,
					       { 0 }, NULL };
		struct ipc_named named[2];

		assert_fails(ipc_named_parse(&message, named, 2), EPROTO);
	}
}

static void answers(void **state)
{
	int pair[2], before = count_fds();

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_fails(ipc_named_confirm(pair[0], 10), ETIMEDOUT);
	assert_int_equal(write(pair[1], "\x06next", 5), 5);
	assert_int_equal(ipc_named_confirm(pair[0], -1), 0);
	assert_fails(ipc_named_confirm(pair[0], -1), EPROTO);
	assert_int_equal(ipc_named_answer(pair[0], 0), 0);
	assert_fails(ipc_named_confirm(pair[1], 30000), EACCES);
	assert_int_equal(ipc_named_answer(pair[0], 1), 0);
	assert_int_equal(ipc_named_confirm(pair[1], 30000), 0);
	shutdown(pair[0], SHUT_RDWR);
	assert_fails(ipc_named_confirm(pair[1], 30000), EPIPE);
	assert_fails(ipc_named_answer(pair[1], 1), EPIPE);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(most),
		cmocka_unit_test(wrong),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
