/* SPDX-License-Identifier: ISC */
/* libFuzzer: a message to the log, and the line that is made of it */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../applets/box/applet.h"

static char line[65536];
static size_t length;

static int take(int fd, const void *data, size_t size)
{
	if (fd != 1 || length + size > sizeof line)
		abort();
	memcpy(line + length, data, size);
	length += size;
	return 0;
}

#define ipc_write_all take
#include "../../applets/log/logline.c"
#undef ipc_write_all
#include "../../applets/box/second.c"

const char *applet_name = "fuzz";

_Noreturn void die(int code, const char *format, ...)
{
	(void)code, (void)format;
	abort();
}

void warning(const char *format, ...)
{
	(void)format;
}

long long now_ms(void)
{
	return 0;
}

/* The first byte says whether the sender may be the kernel. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int kernel;
	size_t step, i;
	char *text;

	if (size < 1 || size > sizeof line / 5)
		return 0;
	/* memory of exactly its size, so that a read past the end shows */
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	kernel = data[0] & 1;
	length = 0;
	i = log_priority(text, size - 1, kernel);
	if (i > size - 1)
		abort();
	log_escaped(text + i, size - 1 - i);
	log_flush();
	if (!kernel && i && length > 5 && !memcmp(line, "kern.", 5))
		abort();
	/* one line, and nothing that acts on a terminal */
	for (size_t at = 0; at < length; at += step)
		if (ipc_is_control(line + at, length - at, &step) && line[at] != '\t')
			abort();
	free(text);
	return 0;
}
