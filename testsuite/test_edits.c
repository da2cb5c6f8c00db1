/* SPDX-License-Identifier: ISC */
/* lists of changes to an environment */
#include "unit.h"

static void adds(void **state)
{
	char text[16];
	struct ipc_edits edits = { .text = text, .size = sizeof text };

	(void)state;
	assert_int_equal(ipc_edits_add(&edits, "A", "1"), 0);
	assert_int_equal(ipc_edits_add(&edits, "B", NULL), 0);
	assert_int_equal(ipc_edits_add(&edits, "C", ""), 0);
	assert_int_equal(edits.length, 9);
	assert_memory_equal(text, "A=1\0B\0C=", 9);
	assert_fails(ipc_edits_add(&edits, "", "1"), EINVAL);
	assert_fails(ipc_edits_add(&edits, "A=", "1"), EINVAL);
	assert_fails(ipc_edits_add(&edits, "LONG", "22"), ENOSPC);
	assert_fails(ipc_edits_add(&edits, "SEVENSS", NULL), ENOSPC);
	assert_int_equal(edits.length, 9);
	assert_int_equal(ipc_edits_add(&edits, "LONG", "1"), 0);
	assert_int_equal(edits.length, 16);
	assert_fails(ipc_edits_add(&edits, "A", NULL), ENOSPC);
	assert_memory_equal(text, "A=1\0B\0C=\0LONG=1", 16);
}

static void empty_list(void **state)
{
	struct ipc_edits edits = { 0 };
	const char *value;

	(void)state;
	assert_fails(ipc_edits_add(&edits, "A", NULL), ENOSPC);
	assert_int_equal(ipc_edits_append(&edits, "", 0), 0);
	assert_fails(ipc_edits_append(&edits, "A", 2), ENOSPC);
	assert_int_equal(ipc_edits_find(&edits, "A", &value), IPC_EDIT_NONE);
	assert_int_equal(ipc_edits_apply(&edits), 0);
}

static void appends(void **state)
{
	char text[8];
	struct ipc_edits edits = { .text = text, .size = sizeof text };

	(void)state;
	assert_fails(ipc_edits_append(&edits, "A=1", 3), EINVAL);
	assert_fails(ipc_edits_append(&edits, "A\0\0", 3), EINVAL);
	assert_fails(ipc_edits_append(&edits, "=1", 3), EINVAL);
	assert_int_equal(edits.length, 0);
	assert_int_equal(ipc_edits_append(&edits, "A=1\0B", 6), 0);
	assert_fails(ipc_edits_append(&edits, "CC", 3), ENOSPC);
	assert_int_equal(ipc_edits_append(&edits, "C", 2), 0);
	assert_memory_equal(text, "A=1\0B\0C", 8);
}

static void finds_the_last(void **state)
{
	static char text[] = "A=1\0AB=2\0A=3\0B=4\0B\0C\0C=5";
	struct ipc_edits edits = { text, sizeof text, sizeof text };
	const char *value;

	(void)state;
	assert_int_equal(ipc_edits_find(&edits, "A", &value), IPC_EDIT_SET);
	assert_string_equal(value, "3");
	assert_int_equal(ipc_edits_find(&edits, "AB", &value), IPC_EDIT_SET);
	assert_string_equal(value, "2");
	assert_int_equal(ipc_edits_find(&edits, "B", &value), IPC_EDIT_UNSET);
	assert_int_equal(ipc_edits_find(&edits, "C", &value), IPC_EDIT_SET);
	assert_string_equal(value, "5");
	assert_int_equal(ipc_edits_find(&edits, "ABC", &value), IPC_EDIT_NONE);
	assert_int_equal(ipc_edits_find(&edits, "", &value), IPC_EDIT_NONE);
}

static void applies(void **state)
{
	char text[] = "EDIT_A=1\0EDIT_B\0EDIT_C=x=y\0EDIT_A=2";
	char before[sizeof text];
	struct ipc_edits edits = { text, sizeof text, sizeof text };

	(void)state;
	memcpy(before, text, sizeof text);
	setenv("EDIT_B", "there", 1);
	assert_int_equal(ipc_edits_apply(&edits), 0);
	assert_string_equal(getenv("EDIT_A"), "2");
	assert_null(getenv("EDIT_B"));
	assert_string_equal(getenv("EDIT_C"), "x=y");
	assert_memory_equal(text, before, sizeof text);
}

static void merges(void **state)
{
	char *base[] = { "A=1", "B=2", "AB=3", NULL };
	char one[] = "B\0C=4\0D", two[] = "B=5\0A=6\0C";
	struct ipc_edits lists[] = { { one, sizeof one, sizeof one }, { two, sizeof two, sizeof two } };
	char *envp[5];

	(void)state;
	assert_int_equal(ipc_edits_merge(lists, 2, base, envp, 5), 3);
	assert_string_equal(envp[0], "A=6");
	assert_string_equal(envp[1], "AB=3");
	assert_string_equal(envp[2], "B=5");
	assert_null(envp[3]);
	assert_int_equal(ipc_edits_merge(lists, 0, base, envp, 4), 3);
	assert_null(envp[3]);
	assert_fails(ipc_edits_merge(lists, 0, base, envp, 3), ENOSPC);
	assert_int_equal(ipc_edits_merge(lists + 1, 1, base + 3, envp, 3), 2);
	assert_fails(ipc_edits_merge(lists + 1, 1, base + 3, envp, 2), ENOSPC);
	assert_int_equal(ipc_edits_merge(lists, 0, base + 3, envp, 1), 0);
	assert_null(envp[0]);
	assert_fails(ipc_edits_merge(lists, 0, base + 3, envp, 0), ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds), cmocka_unit_test(empty_list), cmocka_unit_test(appends),
		cmocka_unit_test(finds_the_last), cmocka_unit_test(applies),
		cmocka_unit_test(merges),
	};

	return cmocka_run_group_tests_name("edits", tests, NULL, NULL);
}
