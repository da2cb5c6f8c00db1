/* SPDX-License-Identifier: ISC */
/* the help texts: packed in the program by host/pack.c, which has the format; unpacked if needed */
#include "applet.h"
#include "chances.h"
#include "help.h"

const char *help_text(size_t number)
{
	static char texts[HELP_SIZE];
	const unsigned char *from = packed;
	unsigned low = 0, high = 0, value = 0;
	size_t start = 0;

	if (model_start())
		die(EXIT_TEMPORARY, "unable to unpack the help:");
	for (size_t i = 0; i < sizeof texts; i++) {
		model_character(texts, i);
		while (model->bits < 128) {
			unsigned middle;
			int bit;

			for (; !((low ^ high) >> 24); low <<= 8, high = high << 8 | 255)
				value = value << 8 | *from++;
			middle = low + (high - low) / ONE * model_predict();
			bit = value <= middle;
			if (bit)
				high = middle;
			else
				low = middle + 1;
			model_learn(bit);
		}
		texts[i] = model->bits & 127;
		if (texts[i])
			continue;
		if (!number--)
			break;
		start = i + 1;
	}
	return texts + start;
}
