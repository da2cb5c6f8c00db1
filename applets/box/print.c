/* SPDX-License-Identifier: ISC */
/* text for standard output that stdio alone does not make */
#include "applet.h"

void flush_output(void)
{
	if (fflush(stdout) || ferror(stdout))
		die(EXIT_TEMPORARY, "unable to write to stdout:");
}

void print_plain(const char *text, size_t length)
{
	size_t step;

	for (; length; text += step, length -= step) {
		int control = ipc_is_control(text, length, &step);

		printf("%.*s", control ? 1 : (int)step, control ? "?" : text);
	}
}

void print_json(const char *before, const char *text)
{
	fputs(before, stdout);
	if (!text) {
		fputs("null", stdout);
		return;
	}
	for (putchar('"'); *text; text++) {
		unsigned char byte = *text;

		printf(byte < ' ' || byte >= 127 || byte == '"' || byte == '\\' ? "\\u%04x" : "%c",
		       byte);
	}
	putchar('"');
}
