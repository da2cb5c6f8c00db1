/* SPDX-License-Identifier: ISC */
/* shell patterns: compared with the C library's on everything that both know */
#include <fnmatch.h>

#include "text.h"
#include "unit.h"

static int match(const char *pattern, const char *text)
{
	return ipc_pattern_match(pattern, strlen(pattern), text);
}

static void as_fnmatch(void **state)
{
	static const char *const patterns[] = {
		"", "*", "a", "?", "a*", "*a", "*a*b*", "a?c", "*/*", "/var/*", "/var/*/x", "[abc]",
		"[a-c]x", "[!a]b", "[^a]b", "[]]", "[!]]", "[]-a]", "[a-]", "\\*", "a\\?c", "[\\]]",
		"*.service", ".*", "*/.*", "?a", "[.]a", "a/*", "a/?b", "[/]", "a[/]b", "a*/b*c",
		"[[:digit:]]*", "x[[:alpha:]_-]y", "[[:upper:][:digit:]]", "[[:xdigit:]]", "**",
		"[[:alnum:]]", "[[:lower:]]", "[[:space:]]", "[[:blank:]]", "[[:punct:]]", "[[:print:]]",
		"[[:graph:]]", "[[:cntrl:]]", "[![:space:]]", "[![:print:]x]", "[[:digit:][:punct:]]",
		"a**b", "*aaaa*aaaa*aaab", "restart", "**/x", "[z-a]", "[!z-a]"
	};
	static const char *const texts[] = {
		"", "a", "b", "ab", "abc", "a/c", "/", "/var/log", "/var/.x", "/var/a/x",
		"/var/../x",
		"..", ".", ".a", "a/.b", "a/b", "]", "-", "[", "\\", "*", "a?c", "nginx.service",
		"é", "5", "5a", "xqy", "x_y", "x-y", "Q", "f", "g", "restart",
		"aaaaaaaaaaaaaaaaaaaaaaaa", " ", "\t", "\v", "\r", "\1", "\177", "~", "@", "`", "{", "0", "9", ":",
		"ax/bxc", "ax/b/c", "^b", "!b", "bb", "cx", "dx", "/x", "b/x", "z", "-x", "a-"
	};

	(void)state;
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
		for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
			if (match(patterns[i], texts[j]) !=
			    !fnmatch(patterns[i], texts[j], FNM_PATHNAME | FNM_PERIOD))
				fail_msg("%s against %s: %d", patterns[i], texts[j],
					 match(patterns[i], texts[j]));
}

static void broken_ones_match_nothing(void **state)
{
	static const char *const broken[] = { "[", "[a", "[a-", "[\\", "[!", "[]", "[[:digit:]",
		"[[:nonsense:]]", "x[", "*[", "[[:" };

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		for (const char *text = "[a-\\!]5x:"; *text; text++)
			assert_false(match(broken[i], text));
}

static void length_counts(void **state)
{
	(void)state;
	assert_true(ipc_pattern_match("abc", 2, "ab"));
	assert_false(ipc_pattern_match("abc", 2, "abc"));
	assert_false(ipc_pattern_match("[ab]", 3, "a"));
	assert_true(ipc_pattern_match("a\\b", 2, "a\\"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(as_fnmatch), TEST(broken_ones_match_nothing), TEST(length_counts)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
