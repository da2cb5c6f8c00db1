/* SPDX-License-Identifier: ISC */
/* formatted text: the same as libc's snprintf(3), for the conversions that there are */
#include <limits.h>

#include "unit.h"

#define same(...) do { \
	char ours[256], libcs[256]; \
	size_t length = ipc_format(ours, sizeof ours, __VA_ARGS__); \
	assert_int_equal(length, snprintf(libcs, sizeof libcs, __VA_ARGS__)); \
	assert_string_equal(ours, libcs); \
} while (0)

static void conversions(void **state)
{
	(void)state;
	same("plain %% text");
	same("%s|%10s|%-10s|%.3s|%-8.2s|", "abcde", "abcde", "abcde", "abcde", "abcde");
	same("%c|%3c|%-3c|", 'x', 'y', 'z');
	same("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
	same("%u %o %x", UINT_MAX, UINT_MAX, UINT_MAX);
	same("%ld %ld %lld", LONG_MIN, LONG_MAX, LLONG_MIN);
	same("%lu %llu %llo %llx", ULONG_MAX, ULLONG_MAX, ULLONG_MAX, ULLONG_MAX);
	same("%zu", (size_t)-1);
	same("%05u|%5u|%-5u|%02x|%2d", 42u, 42u, 42u, 7u, 12345);
	same("%05d|%-5d|%5d|%02d", -42, -42, -42, -1);
	same("%.*s|%*d|", 2, "abc", 6, 1);
	same("%s", "");
}

static void bounds(void **state)
{
	char text[8] = "untouch", one[3] = { 1, 1, 1 };
	char *unterminated = malloc(3);

	(void)state;
	assert_int_equal(ipc_format(NULL, 0, "%d", 12345), 5);
	assert_int_equal(ipc_format(text, 0, "%s", "x"), 1);
	assert_string_equal(text, "untouch");
	assert_int_equal(ipc_format(text, sizeof text, "%s", "1234567"), 7);
	assert_string_equal(text, "1234567");
	assert_int_equal(ipc_format(text, sizeof text, "%s%s", "12345678", "90"), 10);
	assert_string_equal(text, "1234567");
	assert_int_equal(ipc_format(one, 1, "abc"), 3);
	assert_memory_equal(one, "\0\1\1", 3);
	memcpy(unterminated, "abc", 3);
	assert_int_equal(ipc_format(text, sizeof text, "%.3s", unterminated), 3);
	assert_string_equal(text, "abc");
	free(unterminated);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(conversions), cmocka_unit_test(bounds) };

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
