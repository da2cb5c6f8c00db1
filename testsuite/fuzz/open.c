/* SPDX-License-Identifier: ISC */
/* libFuzzer: requests and answers of the broker, and its patterns */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "ipc/open.h"

static void match(const char *text, size_t size)
{
	char *patterns = strndup(text, size);
	size_t half = strlen(patterns), prefix = 0;
	const char *name = half < size ? text + half + 1 : "";

	if (ipc_open_match(patterns, name, &prefix) && *name == '/' &&
	    (!prefix || prefix > strlen(name) || name[prefix - 1] != '/'))
		abort();
	if (prefix && prefix < strlen(name)) {
		int fd = ipc_open_beneath(name, &prefix, 1, O_PATH, 0);

		if (fd >= 0)
			close(fd);
	}
	free(patterns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_message message = { .data = (const char *)data, .length = size };
	struct ipc_open_request request;
	char text[IPC_OPEN_TEXT_SIZE];
	char *copy;
	int fd;

	if (!ipc_open_parse(&message, &request) && strlen(request.name) + 5 != size)
		abort();
	message.count = size && *data & 1;
	message.fds = &(int){ message.count ? open("/dev/null", O_RDONLY) : -1 };
	fd = ipc_open_receive(&message, text);
	if ((fd >= 0) != (message.count && message.fds[0] < 0))
		abort();
	close(fd >= 0 ? fd : message.fds[0]);
	copy = malloc(size + 1);
	memcpy(copy, data, size);
	copy[size] = 0;
	match(copy, size);
	free(copy);
	return 0;
}
