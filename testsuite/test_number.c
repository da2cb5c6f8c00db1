/* SPDX-License-Identifier: ISC */
/* numbers and lists of groups in text */
#include <limits.h>

#include "text.h"
#include "unit.h"

static void numbers(void **state)
{
	unsigned value;

	(void)state;
	assert_int_equal(ipc_number("0", 10, 0, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(ipc_number("0042", 10, 42, &value), 0);
	assert_int_equal(value, 42);
	assert_int_equal(ipc_number("4294967295", 10, UINT_MAX, &value), 0);
	assert_int_equal(value, UINT_MAX);
	assert_int_equal(ipc_number("0755", 8, UINT_MAX, &value), 0);
	assert_int_equal(value, 0755);
}

static void no_numbers(void **state)
{
	static const char *const wrong[] = { "", " 1", "1 ", "+1", "-1", "0x10", "12a", "a", "1.0",
					     "99999999999999999999999x", "\n" };
	unsigned value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_fails(ipc_number(wrong[i], 10, UINT_MAX, &value), EINVAL);
	assert_fails(ipc_number("8", 8, UINT_MAX, &value), EINVAL);
	assert_fails(ipc_number("43", 10, 42, &value), ERANGE);
	assert_fails(ipc_number("4294967296", 10, UINT_MAX, &value), ERANGE);
	assert_fails(ipc_number("18446744073709551616", 10, UINT_MAX, &value), ERANGE);
	assert_fails(ipc_number("99999999999999999999999999", 10, UINT_MAX, &value), ERANGE);
	assert_int_equal(value, 7);
}

static void groups(void **state)
{
	gid_t gids[4];

	(void)state;
	assert_int_equal(ipc_groups_parse("", gids, 4), 0);
	assert_int_equal(ipc_groups_parse("", NULL, 0), 0);
	assert_int_equal(ipc_groups_parse("7", gids, 4), 1);
	assert_int_equal(gids[0], 7);
	assert_int_equal(ipc_groups_parse("5:6;7,\t\r\n 4294967295", gids, 4), 4);
	assert_int_equal(gids[0], 5);
	assert_int_equal(gids[1], 6);
	assert_int_equal(gids[2], 7);
	assert_int_equal(gids[3], UINT_MAX);
	assert_int_equal(ipc_groups_parse("1,2,", gids, 4), 2);
}

static void no_groups(void **state)
{
	gid_t gids[2];

	(void)state;
	assert_fails(ipc_groups_parse("1,2,x", gids, 2), EINVAL);
	assert_fails(ipc_groups_parse("8,9x", gids, 2), EINVAL);
	assert_fails(ipc_groups_parse(",1", gids, 2), EINVAL);
	assert_fails(ipc_groups_parse("-1", gids, 2), EINVAL);
	assert_fails(ipc_groups_parse("4294967296", gids, 2), ERANGE);
	assert_fails(ipc_groups_parse("1,2,3", gids, 2), ERANGE);
	assert_fails(ipc_groups_parse("1", NULL, 0), ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(no_numbers),
		cmocka_unit_test(groups), cmocka_unit_test(no_groups),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
