/* SPDX-License-Identifier: ISC */
/* numbers in text: digits and nothing else */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "text.h"

/* Digits from *TEXT on, at least one; leaves *TEXT behind them. */
static int digits(const char **text, unsigned base, unsigned max, unsigned *value)
{
	unsigned long long sum = 0;
	const char *from = *text;

	for (; (unsigned)**text - '0' < base; ++*text)
		if (sum <= max)
			sum = sum * base + (**text - '0');
	if (*text == from)
		return errno = EINVAL, -1;
	if (sum > max)
		return errno = ERANGE, -1;
	*value = sum;
	return 0;
}

int ipc_number(const char *text, unsigned base, unsigned max, unsigned *value)
{
	const char *end = text;
	unsigned result;
	int failed = digits(&end, base, max, &result);

	if (*end || end == text)
		return errno = EINVAL, -1;
	if (!failed)
		*value = result;
	return failed;
}

int ipc_groups_parse(const char *text, gid_t *groups, int max)
{
	static const char between[] = ",:; \t\r\n";
	int count = 0;
	unsigned gid;

	while (*text) {
		if (digits(&text, 10, UINT_MAX, &gid))
			return -1;
		if (*text && !strspn(text, between))
			return errno = EINVAL, -1;
		text += strspn(text, between);
		if (count == max)
			return errno = ERANGE, -1;
		groups[count++] = gid;
	}
	return count;
}
