/* SPDX-License-Identifier: ISC */
/* what a terminal would act on, in ASCII and in UTF-8 */
#include <stdio.h>

#include "unit.h"
#include "text.h"

static void shows(const char *text, const char *plain)
{
	char copy[64];

	snprintf(copy, sizeof copy, "%s", text);
	copy[ipc_make_plain(copy, strlen(copy))] = 0;
	assert_string_equal(copy, plain);
}

static void what_acts_on_a_terminal_is_not_shown(void **state)
{
	(void)state;
	shows("", "");
	shows("a\tb\n\x1b[m\x7f", "a?b??[m?");
	shows("\x80" "a\x9b[m\x9f\xa0\xff", "?a?[m?\xa0\xff");
	shows("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "???\xc2\xa0");
}

static void other_characters_stay(void **state)
{
	(void)state;
	shows("\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80");
	shows("\xef\xbf\xbf\xed\x9f\xbf\xf4\x8f\xbf\xbf", "\xef\xbf\xbf\xed\x9f\xbf\xf4\x8f\xbf\xbf");
}

static void what_is_no_utf8_hides_nothing(void **state)
{
	(void)state;
	shows("\xc3", "\xc3");
	shows("\xe2\x82", "\xe2?");
	shows("\xe0\x82\x9b", "\xe0??");	/* longer than it needs to be */
	shows("\xc0\x9b\xc1\x9b", "\xc0?\xc1?");
	shows("\xed\xa0\x80", "\xed\xa0?");	/* a surrogate */
	shows("\xf4\x90\x80\x80\xf5\x80", "\xf4???\xf5?");
	shows("\xf0\x8f\x9b\x9b", "\xf0???");
	shows("\xe2\x82\x1b", "\xe2??");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_acts_on_a_terminal_is_not_shown), TEST(other_characters_stay),
		TEST(what_is_no_utf8_hides_nothing)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
