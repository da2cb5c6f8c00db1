/* SPDX-License-Identifier: ISC */
/* libFuzzer: a peer that says anything, in any pieces, with descriptors anywhere */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ends.h"
#include "ipc.h"

/* After the byte of options the input is pieces: u8 length, u8 descriptors, bytes. */
static int feed(int peer, struct ipc_messages *m, const uint8_t *data, size_t size)
{
	static const int fds[256];	/* all 0 */
	struct ipc_message message;

	while (size > 2) {
		size_t length = data[0] < size - 2 ? data[0] : size - 2, count = data[1] % 16;

		data += 2;
		size -= 2;
		if (length && ipc_fds_send(peer, data, length, fds, count) < 0)
			return 0;
		data += length;
		size -= length;
		if (ipc_messages_dispatch(m))
			return 0;
		while (ipc_message_receive(m, &message)) {
			if (message.count > 8 || message.length > 65536)
				abort();
			if (message.count && length & 1) {
				close(message.fds[0]);
				message.fds[0] = -1;
			}
			ipc_message_send(m, message.data, message.length, message.fds + 1,
					 message.count ? message.count - 1 : 0);
			if (ipc_messages_dispatch(m))
				return 0;
		}
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_messages_how how = { .max_length = 65536, .max_queue = 4096, .max_fds = 8 };
	struct ipc_messages *m;
	int ends[2];

	if (!size || socketpair(AF_UNIX, (data[0] & 8 ? SOCK_SEQPACKET : SOCK_STREAM) |
				SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
		return 0;
	how.flags = data[0] & 7;
	m = ipc_messages_open(ends[0], &how);
	feed(ends[1], m, data + 1, size - 1);
	ipc_messages_close(m);
	close_ends(ends);
	return 0;
}
