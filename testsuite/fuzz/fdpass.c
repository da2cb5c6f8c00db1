/* SPDX-License-Identifier: ISC */
/* libFuzzer: the names of a message; what is accepted must be what we would have sent */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"
#include "ipc/named.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fds[IPC_FDS_MAX + 1];
	struct ipc_named named[16];
	struct ipc_message message = { .fds = fds };
	char text[4096], *body;
	int count;

	if (!size)
		return 0;
	/* memory of exactly its size, so that a read past the end shows */
	body = malloc(size - 1);
	memcpy(body, data + 1, size - 1);
	message.count = data[0];
	message.data = body;
	message.length = size - 1;
	count = ipc_named_parse(&message, named, 16);
	if (count >= 0 && size < sizeof text &&
	    (count != data[0] || ipc_named_format(text, sizeof text, named, count) !=
	     (ssize_t)message.length || memcmp(text, body, message.length)))
		abort();
	free(body);
	return 0;
}
