/* SPDX-License-Identifier: ISC */
/* notifications: what is told, and what is understood */
#include <pthread.h>

#include "unit.h"

static struct ipc_notice parse(const char *text)
{
	struct ipc_notice notice;
	size_t length = strlen(text);
	char *exact = malloc(length); /* so that a byte too far is seen */

	memcpy(exact, text, length);
	ipc_notice_parse(exact, length, &notice);
	notice.status = notice.status ? text + (notice.status - exact) : NULL;
	free(exact);
	return notice;
}

static void flags(void **state)
{
	(void)state;
	assert_int_equal(parse("READY=1").what, IPC_NOTICE_READY);
	assert_int_equal(parse("READY=1\n").what, IPC_NOTICE_READY);
	assert_int_equal(parse("\n\nREADY=1\n\n").what, IPC_NOTICE_READY);
	assert_int_equal(parse("X=y\nRELOADING=1\nSTOPPING=1").what,
			 IPC_NOTICE_RELOADING | IPC_NOTICE_STOPPING);
	assert_int_equal(parse("WATCHDOG=1\nBARRIER=1").what,
			 IPC_NOTICE_WATCHDOG | IPC_NOTICE_BARRIER);
	assert_int_equal(parse("READY=01").what, IPC_NOTICE_READY);
}

static void nothing(void **state)
{
	static const char *const lines[] = {
		"", "\n", "READY", "READY=", "READY=0", "READY=2", "READY=1 ", " READY=1", "ready=1",
		"READY=11", "XREADY=1", "READYX=1", "READ=1", "R", "=1", "=", "WATCHDOG=trigger",
		"MAINPID=", "MAINPID=0", "MAINPID=-1", "MAINPID=2147483648", "MAINPID=1x",
		"MAINPID=99999999999999999999999999", "EXTEND_TIMEOUT_USEC=", "EXTEND_TIMEOUT_USEC=-1",
		"EXTEND_TIMEOUT_USEC=1.5", "STATUS", "STATU=x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		assert_int_equal(parse(lines[i]).what, 0);
}

static void values(void **state)
{
	struct ipc_notice notice = parse("MAINPID=12\nSTATUS=a=b c\nEXTEND_TIMEOUT_USEC=1001");

	(void)state;
	assert_int_equal(notice.what, IPC_NOTICE_MAINPID | IPC_NOTICE_STATUS | IPC_NOTICE_EXTEND);
	assert_int_equal(notice.mainpid, 12);
	assert_int_equal(notice.extend, 2);
	assert_int_equal(notice.status_length, 5);
	assert_memory_equal(notice.status, "a=b c", 5);
	notice = parse("STATUS=first\nSTATUS=\nMAINPID=1\nMAINPID=2147483647\nMAINPID=x");
	assert_int_equal(notice.status_length, 0);
	assert_int_equal(notice.mainpid, 2147483647);
	notice = parse("EXTEND_TIMEOUT_USEC=18446744073709551616");
	assert_true(notice.extend > 1000000000000LL);
}

static int bind_here(const char *name)
{
	struct ipc_listen how = { .type = SOCK_DGRAM, .flags = IPC_LISTEN_CREDENTIALS };
	int fd = ipc_listen(name, &how);

	assert_true(fd >= 0);
	return fd;
}

static void tells(void **state)
{
	char text[100], name[40];
	struct ipc_datagram got = { .data = text, .size = sizeof text };
	int before = count_fds(), fd;

	(void)state;
	snprintf(name, sizeof name, "@notify-%d", (int)getpid());
	for (int i = 0; i < 2; i++) {
		fd = bind_here(i ? name : "./s");
		assert_int_equal(ipc_notify(i ? name : "./s", "READY=1\n"), 0);
		assert_int_equal(ipc_datagram_receive(fd, &got), 1);
		assert_int_equal(got.length, 8);
		assert_memory_equal(text, "READY=1\n", 8);
		assert_int_equal(got.sender.pid, getpid());
		assert_int_equal(ipc_notify_for(i ? name : "./s", getppid(), "X=1"), 0);
		assert_int_equal(ipc_datagram_receive(fd, &got), 1);
		assert_int_equal(got.sender.pid, getuid() ? getpid() : getppid());
		close(fd);
	}
	assert_fails(ipc_notify("./none", "x"), ENOENT);
	assert_fails(ipc_notify("", "x"), EINVAL);
	assert_fails(ipc_notify_for("./none", 1, "x"), ENOENT);
	assert_fails(ipc_notify_barrier("./none", 10), ENOENT);
	assert_int_equal(count_fds(), before);
}

static void *answer(void *data)
{
	char text[100];
	int fd = -1;
	struct ipc_datagram got = { .data = text, .size = sizeof text, .fds = &fd, .max_fds = 1 };

	while (ipc_datagram_receive(*(int *)data, &got) < 0)
		;
	if (got.length != 9 || memcmp(text, "BARRIER=1", 9) || got.count != 1)
		return data;
	close(fd);
	return NULL;
}

static void barrier(void **state)
{
	int fd = bind_here("./s"), before = count_fds();
	pthread_t thread;
	void *failed;
	char text[100];
	struct ipc_datagram got = { .data = text, .size = sizeof text };

	(void)state;
	pthread_create(&thread, NULL, answer, &fd);
	assert_int_equal(ipc_notify_barrier("./s", 10000), 0);
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_fails(ipc_notify_barrier("./s", 20), ETIMEDOUT);
	assert_int_equal(ipc_datagram_receive(fd, &got), 1);
	assert_int_equal(got.refused, 1);
	assert_int_equal(count_fds(), before);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags), cmocka_unit_test(nothing), cmocka_unit_test(values),
		TEST(tells), TEST(barrier),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
