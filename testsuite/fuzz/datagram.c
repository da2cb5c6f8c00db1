/* SPDX-License-Identifier: ISC */
/* libFuzzer: datagrams with descriptors, of which some are welcome, and what dgramd's program reads */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ends.h"
#include "ipc.h"

static void receive(int fd, size_t max, size_t sent, size_t length)
{
	char text[64];
	int fds[8];
	struct ipc_datagram got = { .data = text, .size = sizeof text, .fds = fds, .max_fds = max };

	if (ipc_datagram_receive(fd, &got) != 1 || got.length != length ||
	    got.count + got.refused != sent || (got.count && got.count > max) || !got.known)
		abort();
	while (got.count)
		close(fds[--got.count]);
}

static void read_packet(int fd)
{
	struct ipc_edits facts;
	const char *message;
	char buffer[4096];
	volatile char sum = 0;
	ssize_t n = ipc_delivery_next(fd, buffer, sizeof buffer, &facts, &message);

	for (ssize_t i = 0; i < n; i++)
		sum += message[i];
	if (n < 0)
		return;
	if (message + n > buffer + sizeof buffer || (facts.length && facts.text[facts.length - 1]))
		abort();
	ipc_edits_find(&facts, "A", &message);
}

/* u8 descriptors, u8 welcome, then the bytes */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int zeros[256];
	int ends[2];

	if (size < 3 || size > 4000 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return 0;
	ipc_datagram_credentials(ends[0]);
	if (ipc_fds_send(ends[1], data + 2, size - 2, zeros, data[0] % 32) > 0)
		receive(ends[0], data[1] % 9, data[0] % 32, size - 2);
	if (ipc_fds_send(ends[1], data + 2, size - 2, zeros, data[0] % 2) > 0)
		read_packet(ends[0]);
	close_ends(ends);
	return 0;
}
