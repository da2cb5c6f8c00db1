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

void print_json(const char *key, const char *text)
{
	char piece[8];

	print(key);
	for (print("\""); *text; text++) {
		unsigned char byte = *text;

		ipc_format(piece, sizeof piece, byte < ' ' || byte >= 127 || byte == '"' ||
			   byte == '\\' ? "\\u%04x" : "%c", byte);
		print(piece);
	}
	print("\"");
}
