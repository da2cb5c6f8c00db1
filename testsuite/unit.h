/* SPDX-License-Identifier: ISC */
/* what the unit tests share: a directory for each test, and proof that nothing is left behind */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_directory, leave_directory)

static inline int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = -2; /* . and .. */

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static inline int count_fds(void)
{
	return count_entries("/proc/self/fd");
}

static inline int enter_directory(void **state)
{
	char *path = strdup("/tmp/unit.XXXXXX");

	*state = path;
	return mkdtemp(path) && !chmod(path, 0755) ? chdir(path) : -1;
}

static inline int leave_directory(void **state)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
	free(*state);
	return chdir("/") || system(command);
}

#define assert_fails(expression, error) do { \
	errno = 0; \
	assert_int_equal(expression, -1); \
	assert_int_equal(errno, error); \
} while (0)

#endif
