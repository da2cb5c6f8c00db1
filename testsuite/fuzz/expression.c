/* SPDX-License-Identifier: ISC */
/* libFuzzer: expressions and shell patterns, and texts that they are asked about */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"
#include "text.h"

static char *copy(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = 0;
	return text;
}

/* An alternative of nothing matches everywhere, and "^" in front of a text that is literal matches that. */
static void match(const char *expression, const char *text)
{
	struct ipc_expression *e = ipc_expression_compile(expression);
	int first;

	if (!e)
		return;
	first = ipc_expression_match(e, text);
	/* it works in memory of its own, which it must leave as it was */
	if ((first != 0 && first != 1) || ipc_expression_match(e, text) != first)
		abort();
	ipc_expression_free(e);
}

static void literal(const char *text)
{
	char *quoted = malloc(2 * strlen(text) + 3), *to = quoted;
	struct ipc_expression *e;

	*to++ = '^';
	for (const char *at = text; *at; at++) {
		if (strchr(".[\\()*+?{|^$", *at))
			*to++ = '\\';
		*to++ = *at;
	}
	*to++ = '$';
	*to = 0;
	e = ipc_expression_compile(quoted);
	if (e && !ipc_expression_match(e, text))
		abort();
	ipc_expression_free(e);
	free(quoted);
}

/* u8 length of the first, then both */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut = size && data[0] < size ? data[0] : size ? size - 1 : 0;
	char *one, *two;

	if (!size)
		return 0;
	one = copy(data + 1, cut);
	two = copy(data + 1 + cut, size - 1 - cut);
	match(one, two);
	if (strlen(two) < 1000)
		literal(two);
	/* no pattern reaches a name that begins with a dot, and none has more than its length */
	if (ipc_pattern_match(one, cut, two) && !strncmp(two, "..", 2) && one[0] != '.' && one[0] != '\\')
		abort();
	free(one);
	free(two);
	return 0;
}
