/* SPDX-License-Identifier: ISC */
/* the box's malloc, beside that of the host */
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "unit.h"

#undef __GLIBC__
#define CONFIG_SMALL_MALLOC
#define malloc small_malloc
#define calloc small_calloc
#define realloc small_realloc
#define free small_free
#include "../applets/box/malloc.c"

static unsigned random_state = 1;

static unsigned random_number(void)
{
	random_state = random_state * 1103515245 + 12345;
	return random_state >> 8;
}

/* mostly small, sometimes a mapping */
static size_t random_size(void)
{
	return random_number() % (random_number() % 16 ? 2000 : 200000);
}

static void assert_filled(const unsigned char *data, size_t size, unsigned char with)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(data[i], with);
}

static void blocks_do_not_touch(void **state)
{
	enum { SLOTS = 200 };
	static struct { unsigned char *data, with; size_t size; } slots[SLOTS], *s;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t size = random_size();

		s = &slots[random_number() % SLOTS];
		assert_filled(s->data, s->size, s->with);
		if (i % 3 == 0) {
			s->data = realloc(s->data, size);
			assert_filled(s->data, size < s->size ? size : s->size, s->with);
		} else if (i % 3 == 1) {
			free(s->data);
			s->data = calloc(size, 1);
			assert_filled(s->data, size, 0);
		} else {
			free(s->data);
			s->data = malloc(size);
		}
		assert_non_null(s->data);
		assert_int_equal((uintptr_t)s->data % 16, 0);
		s->size = size;
		s->with = i;
		memset(s->data, s->with, size);
	}
	for (s = slots; s < slots + SLOTS; s++)
		free(s->data);
}

static void memory_is_used_again(void **state)
{
	void *first = malloc(1000);

	(void)state;
	free(first);
	for (int i = 0; i < 10; i++) {
		void *data = malloc(600 + i);

		assert_ptr_equal(data, first);
		free(data);
	}
	for (int i = 0; i < 1000; i++) {
		void *large = malloc(1 << 30);

		assert_non_null(large);
		free(large);
	}
}

static void too_much(void **state)
{
	void *small = malloc(10), *large = malloc(100000);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t size = (size_t[]){ SIZE_MAX, PTRDIFF_MAX, SIZE_MAX / 4 }[i];

		errno = 0;
		assert_null(malloc(size));
		assert_int_equal(errno, ENOMEM);
		assert_null(realloc(small, size));
		assert_null(realloc(large, size));
	}
	assert_null(calloc(SIZE_MAX / 2, 3));
	assert_int_equal(errno, ENOMEM);
	free(small);
	free(large);
	free(NULL);
}

static void free_twice(char *data)
{
	free(data);
	free(data);
}

static void write_before(char *data)
{
	data[-1] ^= 1;
	free(data);
}

static void write_past(char *data)
{
	char *next = malloc(48);

	memset(data, 'x', next - data);
	free(next);
}

static void realloc_freed(char *data)
{
	free(data);
	data = realloc(data, 3000);
}

static void free_inside(char *data)
{
	free(data + 16);
}

/* a list of unused blocks that was written to leads nowhere */
static void use_freed(char *data)
{
	free(data);
	*(char **)data = data + 16;
	assert_non_null(malloc(48));
	malloc(48);
}

static void misuse_ends_the_program(void **state)
{
	void (*const misuses[])(char *) = {
		free_twice, write_before, write_past, realloc_freed, free_inside, use_freed
	};

	(void)state;
	for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			signal(SIGILL, SIG_DFL);
			signal(SIGTRAP, SIG_DFL);
			memset(unused, 0, sizeof unused);
			misuses[i](malloc(48));
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_do_not_touch),
		cmocka_unit_test(memory_is_used_again),
		cmocka_unit_test(too_much),
		cmocka_unit_test(misuse_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
