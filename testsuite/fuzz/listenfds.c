/* SPDX-License-Identifier: ISC */
/* libFuzzer: an environment that tells about descriptors; what is found must be open, and once */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"

enum { STRINGS = 16, FDS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_listen_source source = { .any_process = 1 };
	struct ipc_listen_fd fds[FDS];
	char *envp[STRINGS + 1] = { NULL }, *text;
	int count, strings = 0;

	if (size < 2)
		return 0;
	source.conventions = data[0] | (data[1] & 3u) << 8;
	/* memory of exactly its size, so that a read past the end shows */
	text = malloc(size - 1);
	memcpy(text, data + 2, size - 2);
	text[size - 2] = 0;
	for (char *at = text; at < text + size - 1 && strings < STRINGS; at += strlen(at) + 1)
		envp[strings++] = at;
	count = ipc_listen_fds_find(envp, &source, fds, FDS);
	if (count > FDS || (count < 0 && !*source.problem))
		abort();
	for (int i = 0; i < count; i++) {
		if (fcntl(fds[i].fd, F_GETFD) < 0 || strnlen(fds[i].name, sizeof fds[i].name) >
		    IPC_NAME_MAX || !*fds[i].name)
			abort();
		for (int k = 0; k < i; k++)
			if (fds[k].fd == fds[i].fd)
				abort();
	}
	free(text);
	return 0;
}
