/* SPDX-License-Identifier: ISC */
/* libFuzzer: a client that says anything to a holder, a holder that says anything to a client, and
 * any notification and expression */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc.h"
#include "ipc/holder.h"
#include "text.h"

enum { FIRST = 100, MAX = 16, QUOTA = 14 };	/* libFuzzer itself has fewer than FIRST open */

static int may(void *data, enum ipc_holder_request what, const char *name)
{
	(void)data;
	return what == IPC_HOLDER_RETRIEVE || *name != 'x';
}

/* A message: u8 length, u8 descriptors, bytes; sent whole. Returns what it took. */
static size_t send_one(int sock, const uint8_t *data, size_t size)
{
	static const int fds[4];	/* all 0 */
	size_t length = data[0] < size - 2 ? data[0] : size - 2, count = data[1] % 4;
	unsigned char message[6 + 256] = { 0, 0, 0, length, 0, count };

	memcpy(message + 6, data + 2, length);
	ipc_fds_send(sock, message, 6 + length, fds, count);
	return 2 + length;
}

static void fuzz_holder(const int *pair, const uint8_t *data, size_t size)
{
	struct ipc_holder_table *table = ipc_holder_table_open(MAX);
	struct ipc_holder_rights rights = { .flags = data[0], .may = may,
					    .quota = QUOTA, .kept = 1 };
	struct ipc_peer peer = { 1, 2, 3 };
	struct ipc_holder_session *session = ipc_holder_session_open(table, pair[1], &peer, &rights);
	struct ipc_instant next;
	char sink[65536];
	int fds[IPC_FDS_MAX];

	data++;
	size--;
	while (size > 2) {
		size_t took = send_one(pair[0], data, size), count = IPC_FDS_MAX;

		data += took;
		size -= took;
		if (ipc_holder_session_dispatch(session))
			break;
		ipc_holder_table_sweep(table, &next);
		if (ipc_holder_table_count(table) > QUOTA)
			abort();
		while (recv(pair[0], sink, 1, MSG_PEEK | MSG_DONTWAIT) > 0 &&
		       ipc_fds_receive(pair[0], sink, sizeof sink, fds, &count) >= 0) {
			while (count)
				close(fds[--count]);
			count = IPC_FDS_MAX;
		}
	}
	ipc_holder_session_close(session);
	ipc_holder_table_close(table);
}

static void fuzz_client(const int *pair, const uint8_t *data, size_t size)
{
	static const unsigned char requests[] = "DRL?lftd";
	struct ipc_holder *client = ipc_holder_open(pair[0]);
	struct ipc_holder_reply reply;

	while (size > 3) {
		int request = requests[data[0] % 8];
		size_t took;

		ipc_holder_ask(client, request, strchr("DRf", request) ? "name" : NULL, -1, NULL);
		took = 1 + send_one(pair[1], data + 1, size - 1);
		data += took;
		size -= took;
		if (ipc_holder_dispatch(client))
			break;
		while (ipc_holder_receive(client, &reply) > 0)
			for (unsigned i = 0; i < reply.count; i++)
				if (reply.entries[i].name && strlen(reply.entries[i].name) > 255)
					abort();
	}
	ipc_holder_close(client);
}

static void fuzz_text(const uint8_t *data, size_t size)
{
	struct ipc_holder_table *table = ipc_holder_table_open(MAX);
	struct ipc_holder_rights rights = { .may = may };
	struct ipc_peer peer = { 1, 2, 3 };
	struct ipc_instant instant;
	struct ipc_expression *e;
	char text[256];
	int fds[] = { 0, 0 };

	ipc_holder_notify(table, (const char *)data, size, fds, 2, &peer, &rights);
	size = size < sizeof text ? size : sizeof text - 1;
	memcpy(text, data, size);
	text[size] = 0;
	ipc_instant_parse(text, &instant);
	e = ipc_expression_compile(text);
	if (e)
		ipc_expression_match(e, text);
	ipc_expression_free(e);
	ipc_holder_table_close(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2], fd;

	if (size < 2)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		abort();
	switch (data[0] % 3) {
	case 0: fuzz_holder(pair, data + 1, size - 1); break;
	case 1: fuzz_client(pair, data + 1, size - 1); break;
	case 2: fuzz_text(data + 1, size - 1); break;
	}
	close(pair[0]);
	close(pair[1]);
	/* nothing is left open: the next number is as low as ever */
	fd = fcntl(0, F_DUPFD, 3);
	if (fd > FIRST)
		abort();
	close(fd);
	return 0;
}
