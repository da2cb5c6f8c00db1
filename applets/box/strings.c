/* SPDX-License-Identifier: ISC */
/* string.h a byte at a time: what the box has are names and lines, for which words at a time are
 * not worth their code */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined CONFIG_SMALL_LIBC && !defined __GLIBC__

/* or else the compiler sees what a loop does and makes it a call of the function that it is in */
#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return end - text;
}

size_t strnlen(const char *text, size_t max)
{
	size_t length = 0;

	while (length < max && text[length])
		length++;
	return length;
}

void *memchr(const void *data, int c, size_t size)
{
	for (const unsigned char *at = data; size--; at++)
		if (*at == (unsigned char)c)
			return (void *)at;
	return NULL;
}

char *strchrnul(const char *text, int c)
{
	while (*text && *text != (char)c)
		text++;
	return (char *)text;
}

char *strchr(const char *text, int c)
{
	text = strchrnul(text, c);
	return *text == (char)c ? (char *)text : NULL;
}

char *strrchr(const char *text, int c)
{
	const char *last = NULL;

	do
		if (*text == (char)c)
			last = text;
	while (*text++);
	return (char *)last;
}

/* how many bytes are in the SET, or how many are not */
static size_t span(const char *text, const char *set, int in)
{
	size_t length = 0;

	while (text[length] && (strchr(set, text[length]) != NULL) == in)
		length++;
	return length;
}

size_t strspn(const char *text, const char *set)
{
	return span(text, set, 1);
}

size_t strcspn(const char *text, const char *set)
{
	return span(text, set, 0);
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (; size; size--, a++, b++)
		if (*a != *b || !*a)
			return *(const unsigned char *)a - *(const unsigned char *)b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, PTRDIFF_MAX);
}

char *stpcpy(char *to, const char *from)
{
	while ((*to = *from++))
		to++;
	return to;
}

char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

char *strsep(char **list, const char *set)
{
	char *first = *list, *end;

	if (!first)
		return NULL;
	end = first + strcspn(first, set);
	*list = *end ? end + 1 : NULL;
	*end = 0;
	return first;
}

#endif
