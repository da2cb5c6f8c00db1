/* SPDX-License-Identifier: ISC */
/* mkdtemp(3) and mkostemp(3): that nothing of the name is there is what makes it safe, and chance
 * only what makes it quick */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined CONFIG_SMALL_LIBC && !defined __GLIBC__

enum { LETTERS = 6, ATTEMPTS = 100 };

static int make_directory(const char *name, int flags)
{
	(void)flags;
	return mkdir(name, 0700);
}

static int make_file(const char *name, int flags)
{
	return open(name, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
}

/* Replace the six X at the end of NAME by letters for which MAKE succeeds, if there are any. */
static int make_some(char *name, int (*make)(const char *name, int flags), int flags)
{
	char *letters = name + strlen(name) - LETTERS;
	struct timespec now;
	int made = -1, attempts = ATTEMPTS;

	do {
		uint64_t number;

		clock_gettime(CLOCK_MONOTONIC, &now);
		number = now.tv_nsec + 1000003ull * getpid();
		for (int i = 0; i < LETTERS; i++, number /= 26)
			letters[i] = 'a' + number % 26;
		made = make(name, flags);
	} while (made < 0 && errno == EEXIST && --attempts);
	if (made < 0)
		memset(letters, 'X', LETTERS);
	return made;
}

char *mkdtemp(char *name)
{
	return make_some(name, make_directory, 0) ? NULL : name;
}

int mkostemp(char *name, int flags)
{
	return make_some(name, make_file, flags);
}

#endif
