/* SPDX-License-Identifier: ISC */
/* the box's short versions of functions of the C library, beside those of the host */
#include "unit.h"

#undef __GLIBC__
#define CONFIG_SMALL_LIBC
#define environ small_environ
#define getenv small_getenv
#define setenv small_setenv
#define unsetenv small_unsetenv
#define clearenv small_clearenv
#define mkdtemp small_mkdtemp
#define mkostemp small_mkostemp
char **small_environ;
#include "../applets/box/environment.c"
#include "../applets/box/temporary.c"

static void variables(void **state)
{
	char a[] = "A=1", ab[] = "AB=2", again[] = "A=3", none[] = "NONE";
	char *first[] = { none, a, ab, again, NULL };
	static const char *held[3];	/* or these would be leaks */

	(void)state;
	environ = first;
	assert_string_equal(getenv("A"), "1");
	assert_string_equal(getenv("AB"), "2");
	assert_null(getenv("NONE"));
	assert_null(getenv("B"));
	assert_int_equal(setenv("A", "kept", 0), 0);
	assert_string_equal(getenv("A"), "1");
	assert_int_equal(setenv("B", "", 0), 0);
	assert_ptr_not_equal(environ, first);
	assert_null(first[4]);
	held[0] = getenv("B");
	assert_string_equal(held[0], "");
	assert_int_equal(setenv("B", "b=c", 1), 0);
	held[1] = getenv("B");
	assert_string_equal(held[1], "b=c");
	assert_int_equal(setenv("C", "more", 1), 0);
	assert_string_equal(environ[5], "C=more");
	assert_null(environ[6]);
	assert_int_equal(unsetenv("A"), 0);
	assert_null(getenv("A"));
	assert_string_equal(getenv("AB"), "2");
	assert_int_equal(unsetenv("B"), 0);
	assert_int_equal(unsetenv("B"), 0);
	assert_string_equal(held[1], "b=c");
	assert_string_equal(environ[2], "C=more");
	assert_null(environ[3]);
	assert_fails(setenv("", "x", 1), EINVAL);
	assert_fails(setenv("A=", "x", 1), EINVAL);
	assert_fails(unsetenv("A=1"), EINVAL);
	held[2] = getenv("C");
	assert_int_equal(clearenv(), 0);
	assert_null(environ[0]);
	assert_int_equal(setenv("A", "4", 1), 0);
	assert_string_equal(environ[0], "A=4");
	assert_null(environ[1]);
}

static void temporary_names(void **state)
{
	char file[] = "file:XXXXXX", other[] = "file:XXXXXX", dir[] = "dir:XXXXXX",
	     bad[] = "none/XXXXXX";
	struct stat st;
	int fd;

	(void)state;
	fd = mkostemp(file, O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_false(fstat(fd, &st));
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_memory_equal(file, "file:", 5);
	assert_string_not_equal(file, other);
	fd = mkostemp(other, 0);
	assert_true(fd >= 0);
	close(fd);
	assert_string_not_equal(file, other);
	assert_ptr_equal(mkdtemp(dir), dir);
	assert_false(stat(dir, &st));
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(count_entries("."), 3);
	errno = 0;
	assert_null(mkdtemp(bad));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(bad, "none/XXXXXX");
}

static const char *const words[] = {
	"", "a", "b", "ab", "abc", "abcabc", "aab", "\xff" "a", "a=b=c", "  x y ", "/usr//bin/"
};

enum { WORDS = sizeof words / sizeof *words };

struct results {
	const void *found[4 * WORDS];
	size_t lengths[5 * WORDS];
	int order[3 * WORDS];
};

/* what the host's functions say, before their names are ours */
#define RESULTS(name) \
static void name(const char *text, struct results *r) \
{ \
	*r = (struct results){ 0 }; \
	for (size_t i = 0; i < WORDS; i++) { \
		const char *word = words[i]; \
		int c = *word, order[] = { strcmp(text, word), strncmp(text, word, 2), \
					   strncmp(text, word, 100) }; \
		const void *found[] = { strchr(text, c), strrchr(text, c), strchrnul(text, c), \
					memchr(text, c, strlen(text)) }; \
		size_t lengths[] = { strlen(word), strnlen(word, 2), strnlen(word, 100), \
				     strspn(text, word), strcspn(text, word) }; \
		memcpy(r->found + 4 * i, found, sizeof found); \
		memcpy(r->lengths + 5 * i, lengths, sizeof lengths); \
		for (size_t k = 0; k < 3; k++) \
			r->order[3 * i + k] = (order[k] > 0) - (order[k] < 0); \
	} \
} \
static char *name##_split(char *list, char *to, const char *set) \
{ \
	char *copy = strdup(list), *at = copy, *part; \
	while ((part = strsep(&at, set))) \
		to = stpcpy(stpcpy(to, part), "|"); \
	free(copy); \
	return to; \
}

RESULTS(host)

#define strlen small_strlen
#define strnlen small_strnlen
#define memchr small_memchr
#define strchrnul small_strchrnul
#define strchr small_strchr
#define strrchr small_strrchr
#define strspn small_strspn
#define strcspn small_strcspn
#define strncmp small_strncmp
#define strcmp small_strcmp
#define stpcpy small_stpcpy
#define strdup small_strdup
#define strsep small_strsep
#pragma GCC diagnostic ignored "-Wmissing-declarations"
#include "../applets/box/strings.c"

RESULTS(small)

static void strings(void **state)
{
	static struct results theirs, ours;
	char list[] = ",a,,b;c,", one[32], other[32];

	(void)state;
	for (size_t i = 0; i < WORDS; i++) {
		host(words[i], &theirs);
		small(words[i], &ours);
		assert_memory_equal(&ours, &theirs, sizeof ours);
	}
	assert_ptr_equal(small_split(list, one, ",;") - one, host_split(list, other, ",;") - other);
	assert_string_equal(one, other);
	assert_string_equal(one, "|a||b|c||");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables),
		TEST(temporary_names),
		cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
