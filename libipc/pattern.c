/* SPDX-License-Identifier: ISC */
/* shell patterns over bytes. fnmatch(3) brings 18 KB into a static binary of musl, tables of wide
 * characters above all, and knows no "**". */
#include <string.h>

#include "internal.h"

static int in_range(unsigned char byte, unsigned char first, unsigned char last)
{
	return byte >= first && byte <= last;
}

const char *ipc_class(const char **at)
{
	/* the first and the last of each range */
	static const char classes[] =
		"alpha:]AZaz\0digit:]09\0alnum:]09AZaz\0upper:]AZ\0lower:]az\0xdigit:]09AFaf\0"
		"space:]\t\r  \0blank:]\t\t  \0punct:]!/:@[`{~\0print:] ~\0graph:]!~\0"
		"cntrl:]\1\37\177\177\0";

	for (const char *c = classes; *c; c += strlen(c) + 1) {
		size_t length = strcspn(c, "]") + 1;

		if (strncmp(*at, c, length))
			continue;
		*at += length;
		return c + length;
	}
	return NULL;
}

/* CLASS is what follows "[:", up to ":]". */
static int in_class(unsigned char byte, const char *class)
{
	const char *range = ipc_class(&class);

	for (; range && *range; range += 2)
		if (in_range(byte, range[0], range[1]))
			return 1;
	return 0;
}

/* The ":]" that ends a class, NULL if AT does not begin one. */
static const char *class_end(const char *at, const char *end)
{
	if (end - at < 4 || at[0] != '[' || at[1] != ':')
		return NULL;
	for (at += 2; end - at > 1; at++)
		if (at[0] == ':' && at[1] == ']')
			return at;
	return NULL;
}

/* AT is behind a '['. Returns what is behind the ']' that ends the set, NULL if nothing does. */
static const char *set(const char *at, const char *end, unsigned char byte, int *matches)
{
	int negated = at < end && (*at == '!' || *at == '^'), found = 0;

	at += negated;
	for (const char *first = at; at < end && (*at != ']' || at == first);) {
		const char *close = class_end(at, end);

		if (close) {
			found |= in_class(byte, at + 2);
			at = close + 2;
			continue;
		}
		if (*at == '\\' && ++at == end)
			return NULL;
		if (end - at > 2 && at[1] == '-' && at[2] != ']') {
			found |= in_range(byte, at[0], at[2]);
			at += 3;
		} else {
			found |= byte == (unsigned char)*at++;
		}
	}
	if (at == end)
		return NULL;
	*matches = found != negated;
	return at + 1;
}

/* Match one byte, which is not the end, with what stands at *AT; moves *AT behind that. */
static int one(const char **at, const char *end, unsigned char byte, int hidden)
{
	const char *from = (*at)++;
	int matches = 0;

	if (*from == '?')
		return byte != '/' && !hidden;
	if (*from == '[') {
		*at = set(*at, end, byte, &matches);
		return *at && matches && byte != '/' && !hidden;
	}
	if (*from == '\\' && *at < end)
		from = (*at)++;
	return byte == (unsigned char)*from;
}

int ipc_pattern_match(const char *pattern, size_t length, const char *text)
{
	const char *end = pattern + length, *at = pattern, *start = text;
	const char *star = NULL, *star_text = NULL;

	/* A '*' stays within its component, so it is enough to try the last one again. */
	for (;;) {
		int hidden = *text == '.' && (text == start || text[-1] == '/');

		if (at < end && *at == '*') {
			if (hidden)
				return 0;
			star = ++at;
			star_text = text;
			continue;
		}
		if (at == end && !*text)
			return 1;
		if (at < end && *text && one(&at, end, *text, hidden)) {
			text++;
			continue;
		}
		if (!star || !*star_text || *star_text == '/')
			return 0;
		at = star;
		text = ++star_text;
	}
}

size_t ipc_word(const char **text)
{
	size_t length = 0;

	*text += strspn(*text, " \t\n");
	while ((*text)[length] && !strchr(" \t\n", (*text)[length]))
		length += (*text)[length] == '\\' && (*text)[length + 1] ? 2 : 1;
	return length;
}
