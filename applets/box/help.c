/* SPDX-License-Identifier: ISC */
/* the help texts: packed in the program by pack.awk, which has the format; unpacked if needed */
#include "applet.h"
#include "help.h"

const char *help_text(size_t number)
{
	static char texts[HELP_SIZE];
	const unsigned char *from = packed;
	char *to = texts;

	while (from < packed + sizeof packed) {
		int first = *from++, length = (first >> 4 & 7) + 3, distance;

		if (first < 128) {
			*to++ = first;
			continue;
		}
		distance = ((first & 15) << 8 | *from++) + 1;
		if (length == 10) {
			length = (*from & 15) + 4;
			distance += (*from++ & 0xf0) << 8;
		}
		for (; length; length--, to++)
			*to = to[-distance];
	}
	for (to = texts; number; number--)
		to += strlen(to) + 1;
	return to;
}
