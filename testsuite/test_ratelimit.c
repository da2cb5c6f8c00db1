/* SPDX-License-Identifier: ISC */
/* ratelimit's buckets and table, without a server: time is the test's */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

static long long test_now;

static int test_clock(clockid_t clock, struct timespec *now)
{
	(void)clock;
	now->tv_sec = test_now / 1000000000;
	now->tv_nsec = test_now % 1000000000;
	return 0;
}

#define clock_gettime test_clock
#include "../applets/box/gate.h"
#include "../applets/access/ratelimit.c"
#undef clock_gettime

/* of the frame, only what the gate uses here */
int option(int argc, char **argv, const char *shorts, const struct option *longs)
{
	(void)longs;
	return getopt(argc, argv, shorts);
}

char **operands(int argc, char **argv, int count)
{
	assert_true(argc - optind >= count);
	return argv + optind;
}

unsigned number(const char *what, const char *text, unsigned max)
{
	unsigned value;

	(void)what;
	assert_int_equal(ipc_number(text, 10, max, &value), 0);
	return value;
}

void usage(const char *format, ...)
{
	fail_msg("%s", format);
	abort();
}

void die(int code, const char *format, ...)
{
	fail_msg("%d %s", code, format);
	abort();
}

static int said;

void gate_say_denied(const char *name, const char *level, const struct client *client, pid_t pid,
		     const char *reason)
{
	(void)name, (void)level, (void)client, (void)pid, (void)reason;
	said++;
}

static struct ratelimit *open_limit(const char *rate, const char *burst, const char *users)
{
	char rate_text[16];
	char *argv[] = { "ratelimit", "-r", rate_text, "-b", (char *)burst, "-n", (char *)users,
			 "prog", NULL };
	void *data;
	char **rest;

	snprintf(rate_text, sizeof rate_text, "%s", rate);
	optind = 0;
	test_now = 1000000000000;
	rest = prepare(8, argv, &data);
	assert_string_equal(rest[0], "prog");
	return data;
}

static void close_limit(struct ratelimit *limit)
{
	free(limit->heads);
	free(limit->buckets);
	free((char *)limit->rate);
	free(limit);
}

static int ask(struct ratelimit *limit, uid_t uid)
{
	struct client client = { .proto = "IPC", .peer = { .uid = uid } };
	struct grant grant = { .code = 0 };
	enum judgement judgement = judge(limit, &client, &grant);

	if (judgement == GATE_DENY)
		assert_int_equal(strncmp(grant.reason, "over ", 5), 0);
	report(limit, "ratelimit", &client, judgement, grant.reason, 0);
	return judgement == GATE_ALLOW;
}

static void allows_a_burst_and_then_the_rate(void **state)
{
	struct ratelimit *limit = open_limit("60/m", "3", "4");

	(void)state;
	assert_int_equal(ask(limit, 7) + ask(limit, 7) + ask(limit, 7), 3);
	assert_false(ask(limit, 7));
	test_now += 999999999;
	assert_false(ask(limit, 7));
	test_now += 1;
	assert_true(ask(limit, 7));
	assert_false(ask(limit, 7));
	/* a long rest fills it, and no further */
	test_now += 3600000000000;
	assert_int_equal(ask(limit, 7) + ask(limit, 7) + ask(limit, 7) + ask(limit, 7), 3);
	close_limit(limit);
}

static void users_do_not_share(void **state)
{
	struct ratelimit *limit = open_limit("1/h", "1", "64");

	(void)state;
	for (uid_t uid = 0; uid < 64; uid++)
		assert_true(ask(limit, uid * 256));
	for (uid_t uid = 0; uid < 64; uid++)
		assert_false(ask(limit, uid * 256));
	test_now += 3600000000000;
	assert_true(ask(limit, 256));
	close_limit(limit);
}

static void forgets_who_was_away_longest(void **state)
{
	struct ratelimit *limit = open_limit("1/h", "1", "2");

	(void)state;
	assert_true(ask(limit, 1));
	assert_true(ask(limit, 2));
	assert_false(ask(limit, 1));
	assert_true(ask(limit, 3));	/* 2 is forgotten */
	assert_false(ask(limit, 1));
	assert_true(ask(limit, 2));	/* 3 is */
	assert_false(ask(limit, 1));
	close_limit(limit);
	/* many more users than places, in an order without a pattern */
	limit = open_limit("1/h", "1", "5");
	for (unsigned i = 1, x = 1; i < 10000; i++, x = x * 1103515245 + 12345)
		ask(limit, x >> 16 & 15);
	close_limit(limit);
}

static void logs_one_line_for_an_episode(void **state)
{
	struct ratelimit *limit = open_limit("1/s", "1", "4");

	(void)state;
	said = 0;
	ask(limit, 1);
	assert_int_equal(said, 0);
	for (int i = 0; i < 5; i++)
		ask(limit, 1);
	assert_int_equal(said, 1);
	test_now += 1000000000;
	ask(limit, 1);
	ask(limit, 1);
	assert_int_equal(said, 2);
	limit->verbosity = 2;
	ask(limit, 1);
	ask(limit, 1);
	assert_int_equal(said, 4);
	close_limit(limit);
}

static void does_not_overflow(void **state)
{
	struct ratelimit *limit = open_limit("1/h", "1000000", "4");
	int allowed = 0;

	(void)state;
	test_now = 2000000000000000000;		/* sixty-three years: a time_t may have 32 bits */
	for (int i = 0; i < 1000001; i++)
		allowed += ask(limit, 1);
	assert_int_equal(allowed, 1000000);
	close_limit(limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allows_a_burst_and_then_the_rate),
		cmocka_unit_test(users_do_not_share),
		cmocka_unit_test(forgets_who_was_away_longest),
		cmocka_unit_test(logs_one_line_for_an_episode),
		cmocka_unit_test(does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
