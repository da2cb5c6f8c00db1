/* SPDX-License-Identifier: ISC */
/* characters that act on a terminal, in text that somebody else chose */
#include "internal.h"

/* The length of a character of UTF-8 of several bytes, 1 if TEXT does not begin with one. */
static size_t utf8_length(const unsigned char *text, size_t length)
{
	unsigned char first = *text, least = 0x80, most = 0xbf;
	size_t n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (first < 0xc2 || first > 0xf4 || length < n)
		return 1;
	/* neither longer than it needs to be, nor a surrogate, nor over U+10FFFF */
	if (first == 0xe0)
		least = 0xa0;
	if (first == 0xed)
		most = 0x9f;
	if (first == 0xf0)
		least = 0x90;
	if (first == 0xf4)
		most = 0x8f;
	if (text[1] < least || text[1] > most)
		return 1;
	for (size_t i = 2; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

int ipc_is_control(const char *text, size_t length, size_t *step)
{
	const unsigned char *bytes = (const unsigned char *)text;

	*step = utf8_length(bytes, length);
	if (*step == 2)
		return *bytes == 0xc2 && bytes[1] < 0xa0;
	return *step == 1 && (*bytes < ' ' || (*bytes >= 0x7f && *bytes < 0xa0));
}

size_t ipc_make_plain(char *text, size_t length)
{
	size_t from = 0, to = 0, step;

	for (; from < length; from += step) {
		int control = ipc_is_control(text + from, length - from, &step);

		memmove(text + to, control ? "?" : text + from, control ? 1 : step);
		to += control ? 1 : step;
	}
	return to;
}
