/* SPDX-License-Identifier: ISC */
/* options that only set a member of a struct, as a table says */
#include <limits.h>

#include "applet.h"

enum { MOST = 32 };

static void set(const struct setting *setting, void *member)
{
	char what[] = { '-', setting->letter, 0 };

	if (setting->kind == SET_TEXT)
		*(const char **)member = optarg;
	else
		*(unsigned *)member = setting->kind == SET_FLAG ? (unsigned)setting->letter
			: number(what, optarg, setting->kind == SET_INT ? INT_MAX : UINT_MAX);
}

int set_options(int argc, char **argv, const struct setting *table, void *to)
{
	char shorts[2 * MOST + 1], *end = shorts;
	const struct setting *s;
	int letter;

	for (s = table; s->letter; s++) {
		*end++ = s->letter;
		if (s->kind > SET_NOT_FLAG)
			*end++ = ':';
	}
	*end = 0;
	while ((letter = option(argc, argv, shorts, NULL)) != -1) {
		for (s = table; s->letter != letter; s++)
			;
		if (s->kind == SET_NOT || s->kind == SET_NOT_FLAG)
			break;
		set(s, (char *)to + s->offset);
	}
	return letter;
}
