/* SPDX-License-Identifier: ISC */
/* text for standard output, in blocks; stdio would do the same for 3 KB */
#include <stdarg.h>

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

void print_format(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	ipc_vformat(text, sizeof text, format, args);
	va_end(args);
	print(text);
}

void print_json(const char *before, const char *text)
{
	print(before);
	if (!text) {
		print("null");
		return;
	}
	for (print("\""); *text; text++) {
		unsigned char byte = *text;

		print_format(byte < ' ' || byte >= 127 || byte == '"' || byte == '\\' ? "\\u%04x"
			     : "%c", byte);
	}
	print("\"");
}
