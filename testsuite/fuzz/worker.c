/* SPDX-License-Identifier: ISC */
/* libFuzzer: what a worker is handed, and what is made of changes to an environment */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ends.h"
#include "ipc.h"

enum { SIZE = 4096 };

static void use(const struct ipc_edits *env)
{
	char *base[] = { "A=1", "B", "PATH=/bin", NULL }, *envp[64], *room = malloc(SIZE);
	struct ipc_edits edits = { .text = room, .size = SIZE };
	const char *value;

	ipc_edits_find(env, "A", &value);
	ipc_edits_merge(env, 1, base, envp, 64);
	/* the same, once it has been looked at: no name twice */
	if (!ipc_edits_append(&edits, env->text, env->length) &&
	    ipc_edits_merge(&edits, 1, base, envp, 64) >= 0)
		for (int i = 0; envp[i]; i++)
			for (int k = 0; k < i; k++)
				if (strcspn(envp[i], "=") == strcspn(envp[k], "=") &&
				    !strncmp(envp[i], envp[k], strcspn(envp[i], "=")))
					abort();
	free(room);
}

/* u8 descriptors, then the packet */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int zeros[256];
	struct ipc_edits env = { .text = malloc(SIZE), .size = SIZE };
	int ends[2], fd;

	if (size < 1 || size > 4000 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return free(env.text), 0;
	if (ipc_fds_send(ends[1], data + 1, size - 1, zeros, data[0] % 4) >= 0) {
		shutdown(ends[1], SHUT_WR);
		fd = ipc_worker_next(ends[0], &env);
		if (fd >= 0 && (data[0] % 4 != 1 || env.length != size - 1))
			abort();
		if (fd >= 0)
			use(&env), close(fd);
	}
	close_ends(ends);
	free(env.text);
	return 0;
}
