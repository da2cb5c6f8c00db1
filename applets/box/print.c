/* SPDX-License-Identifier: ISC */
/* text for standard output, in blocks; stdio would do the same for 3 KB */
#include "applet.h"

static char block[1024];
static size_t used;

void print_end(void)
{
	size_t length = used;

	used = 0;
	if (ipc_write_all(1, block, length))
		die(EXIT_TEMPORARY, "unable to write to stdout:");
}

void print(const char *text)
{
	for (; *text; text++) {
		if (used == sizeof block)
			print_end();
		block[used++] = *text;
	}
}
