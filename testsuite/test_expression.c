/* SPDX-License-Identifier: ISC */
/* expressions, compared with those of the host's libc */
#include <regex.h>

#include "text.h"
#include "unit.h"

static int matches(const char *expression, const char *text)
{
	struct ipc_expression *e = ipc_expression_compile(expression);
	int result;

	if (!e)
		return -1;
	result = ipc_expression_match(e, text);
	/* a second time gives the same: no state is left */
	assert_int_equal(ipc_expression_match(e, text), result);
	ipc_expression_free(e);
	return result;
}

static int matches_here_and_there(const char *expression, const char *text)
{
	regex_t host;
	int result, there;

	assert_int_equal(regcomp(&host, expression, REG_EXTENDED | REG_NOSUB), 0);
	there = !regexec(&host, text, 0, NULL, 0);
	regfree(&host);
	result = matches(expression, text);
	if (result != there)
		fail_msg("\"%s\" on \"%s\": %d, not %d", expression, text, result, there);
	return result;
}

static void test_agrees_with_libc(void **state)
{
	static const char *const expressions[] = {
		"", "a", "^a", "a$", "^$", "^mine$", "a|b", "^(a|b)$", "a*b", "a+b", "a?b",
		"()", "a||b",
		"(a|)b", "^a{2}$", "^a{2,}$", "^a{2,3}$", "^(ab){0,2}$", "^a{0}b$", "^(a*)*$",
		"^(a|b)*c$", "[abc]", "^[^abc]$", "[]a]", "^[^]a]$", "[a-c]x", "[a-]x", "[-a]x",
		"^[[:alpha:]]+$", "^[[:digit:][:space:]]*$", "[[:xdigit:]]{2}", "^[[=a=]b]$",
		"^[[.-.]-9]$", "a.c", "\\.", "\\^\\$", "^web\\.", "^web\\.[a-z]+$",
		"^(one|two|three)$",
		"(^|/)a($|/)", "a^b", "a$b", "^a|b$", "((((a))))", "x{1,3}y{2}", "^.*$", "}", "]",
		"(a|ab)(c|bcd)(d*)", "^([a-z]+-)?[0-9]{1,4}$",
		"\\w", "^\\w+$", "\\W", "^\\S*$", "\\s", "^\\s", "\\<a", "b\\>", "\\bb", "\\b", "\\B",
		"a\\B", "^\\B$", "\\<\\w{3}\\>", "(\\<|-)1", "^a{,3}$", "x{,1}y", "[\\w]", "\\<", "\\>$",
	};
	static const char *const texts[] = {
		"", "a", "b", "ab", "aa", "aaa", "aaaa", "abab", "ababab", "abc", "cab",
		"mine", "minex",
		"web.x", "web.9", "webx", "a.c", "^$", "]", "-", "[", "a/b", "x/a/y", "ax",
		"-x", "5", "10",
		"deadbeef", " 1 2", "xxyy", "xy", "one", "three!", "\x80\xff", "abcd",
		"web-12", "}", "=",
		"a\nb", "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
		for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
			matches_here_and_there(expressions[i], texts[j]);
}

static void test_agrees_with_libc_on_anything(void **state)
{
	static const char alphabet[] = "abab.*+?|()[]^${}1,-\\wWsSbB<>";
	char expression[12], text[10];
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		regex_t host;
		int length = rand_r(&seed) % 10;

		for (int k = 0; k < length; k++)
			expression[k] = alphabet[rand_r(&seed) % (sizeof alphabet - 1)];
		expression[length] = 0;
		if (matches(expression, "") < 0)
			continue;
		if (regcomp(&host, expression, REG_EXTENDED | REG_NOSUB))
			fail_msg("taken: %s", expression);
		regfree(&host);
		for (int j = 0; j < 4; j++) {
			length = rand_r(&seed) % 8;
			for (int k = 0; k < length; k++)
				text[k] = "aab1,- _"[rand_r(&seed) % 8];
			text[length] = 0;
			matches_here_and_there(expression, text);
		}
	}
}

static void test_mistakes(void **state)
{
	static const char *const mistakes[] = {
		"(", ")", "a(", "a)", "[", "[a", "[^", "[]", "*", "+a", "?", "{", "a{",
		"a{1", "a{1,", "a{2,1}",
		"a{,}", "a{,256}", "a{256}", "a{x}", "|*", "(*a)", "^*", "$+", "\\", "\\d", "\\n",
		"\\1", "\\`", "\\'", "\\b*", "\\<+", "[b-a]",
		"[[:nothing:]]", "[[:alpha:]", "[[.ab.]]", "[[=", "[[:xdigit",
	};

	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		errno = 0;
		if (ipc_expression_compile(mistakes[i]))
			fail_msg("taken: %s", mistakes[i]);
		assert_int_equal(errno, EINVAL);
	}
}

static void test_bounds(void **state)
{
	char deep[200], text[256], full[8200];

	(void)state;
	assert_null(ipc_expression_compile("((a{255}){255}){255}"));
	assert_int_equal(errno, E2BIG);
	/* no room for the last set, wherever that is noticed */
	for (int n = 8180; n < 8195; n++) {
		memset(full, 'a', n);
		strcpy(full + n, "[^a]");
		ipc_expression_free(ipc_expression_compile(full));
	}
	assert_null(ipc_expression_compile(full));
	assert_int_equal(errno, E2BIG);
	memset(deep, '(', 100);
	memset(deep + 100, ')', 99);
	deep[199] = 0;
	assert_null(ipc_expression_compile(deep));
	/* what takes a backtracking matcher for ever */
	memset(text, 'a', 255);
	text[255] = 0;
	assert_int_equal(matches("^(a|a)*(a|a)*(aa|a)*b$", text), 0);
	assert_int_equal(matches("^(a?){40}a{40}", text), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_agrees_with_libc), TEST(test_agrees_with_libc_on_anything),
		TEST(test_mistakes), TEST(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
