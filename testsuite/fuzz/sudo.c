/* SPDX-License-Identifier: ISC */
/* libFuzzer: requests, and what is made of them, by peers that say anything */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ends.h"
#include "ipc.h"
#include "ipc/sudo.h"

static void decode(const uint8_t *data, size_t size)
{
	char *base[] = { "A=", "BB=", "PATH=/bin", "C=1", NULL }, *envp[5], **argv;
	struct ipc_sudo_request request;

	if (ipc_sudo_decode((const char *)data, size, &request))
		return;
	argv = malloc((request.argc + 1) * sizeof *argv);
	ipc_sudo_arguments(&request, argv);
	ipc_sudo_allowed("a* [b-c] | \\x ** ...", argv);
	if (request.argc)
		ipc_sudo_allowed(argv[0], argv + 1);
	if (ipc_sudo_environment(&request, base, envp) || strcmp(envp[2], base[2]))
		abort();
	for (size_t length = 0, i = 0; i < request.argc; i++)
		if ((length += strlen(argv[i]) + 1) > size)
			abort();
	free(argv);
}

static void serve(int end, int peer, const uint8_t *data, size_t size)
{
	struct ipc_sudo_server *server = ipc_sudo_server_open(end, 65536);
	struct ipc_sudo_request request;

	if (ipc_fds_send(peer, data, size, (int[]){ 0, 0, 0 }, 3) > 0 &&
	    ipc_sudo_server_dispatch(server, &request) == 1) {
		ipc_sudo_server_started(server, 0, -1);
		while (ipc_sudo_server_signal(server) > 0)
			;
		ipc_sudo_server_ended(server, 0);
	}
	ipc_sudo_server_close(server);
}

static void ask(int end, int peer, const uint8_t *data, size_t size)
{
	static char *const argv[] = { "x", NULL };
	struct ipc_sudo_command command = { .argv = argv, .flags = data[0] & 1 };
	struct ipc_sudo *sudo = ipc_sudo_open(end, &command);

	ipc_fds_send(peer, data + 1, size - 1, (int[]){ 0, 0 }, data[0] / 2 % 3);
	for (int i = 0; i < 6 && !ipc_sudo_dispatch(sudo); i++)
		ipc_sudo_signal(sudo, 1);
	ipc_sudo_close(sudo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];

	if (size < 3)
		return 0;
	if (data[0] % 3 == 0) {
		decode(data + 1, size - 1);
		return 0;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
		return 0;
	(data[0] % 3 == 1 ? serve : ask)(ends[0], ends[1], data + 1, size - 1);
	close_ends(ends);
	return 0;
}
