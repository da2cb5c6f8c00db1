/* SPDX-License-Identifier: ISC */
/* sorting a few things; qsort(3), made for many, is ten times this size */
#include "applet.h"

static void swap(char *a, char *b, size_t size)
{
	while (size--) {
		char c = a[size];

		a[size] = b[size];
		b[size] = c;
	}
}

/* a shell sort */
void sort(void *things, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	char *first = things;

	for (size_t gap = count / 2; gap; gap /= 2)
		for (size_t i = gap; i < count; i++)
			for (size_t at = i; at >= gap; at -= gap) {
				char *before = first + (at - gap) * size;

				if (compare(before, before + gap * size) <= 0)
					break;
				swap(before, before + gap * size, size);
			}
}
