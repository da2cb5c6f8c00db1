/* SPDX-License-Identifier: ISC */
/* libFuzzer: what ipcls reads of the kernel: replies of sock_diag(7), lines of /proc/net/unix */
#include <stdarg.h>
#include <stdint.h>

#include "../../applets/local/ls.c"

/* of the frame, only what is linked in */
_Noreturn void die(int code, const char *format, ...)
{
	(void)code, (void)format;
	abort();
}

_Noreturn void usage(const char *format, ...)
{
	(void)format;
	abort();
}

int option(int argc, char **argv, const char *shorts, const struct option *longs)
{
	(void)argc, (void)argv, (void)shorts, (void)longs;
	return -1;
}

void flush_output(void)
{
}

void print_json(const char *before, const char *text)
{
	(void)before, (void)text;
}

ssize_t proc_text(pid_t pid, const char *file, char *text, size_t size)
{
	(void)pid, (void)file, (void)text, (void)size;
	return -1;
}

int proc_lines(const char *file, int (*visit)(void *data, char *line), void *data)
{
	(void)file, (void)visit, (void)data;
	return -1;
}

static void check(struct list *list)
{
	volatile size_t sum = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct service *service = list->services + i;

		if (!*service->path)
			abort();
		plain(service->path);
		sum += strlen(service->path) + strlen(type_name(service->type));
	}
	free(list->services);
}

/* Memory of exactly its size, so that a read past the end shows. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct list list = { .count = 0 };
	char *text, *line, *rest;

	if (size < 2)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	if (data[0] & 1) {
		rest = text;
		while ((line = strsep(&rest, "\n")))
			take_line(&list, line);
	} else {
		take_replies(&list, text, size - 1);
	}
	check(&list);
	free(text);
	return 0;
}
