/* SPDX-License-Identifier: ISC */
/* keep HOLDER NAME: a number that outlives us
 *
 * It is in a file without a name, which a holder of descriptors keeps under NAME. Each start adds 1
 * and prints it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ipc.h>
#include <ipc/holder.h>

enum { PATIENCE = 10000 };	/* ms */

static int trouble(const char *what)
{
	fprintf(stderr, "keep: %s: %s\n", what, strerror(errno));
	return 111;
}

/* Returns the descriptor that is held under NAME, or -1. */
static int retrieve(struct ipc_holder *holder, const char *name)
{
	struct ipc_holder_reply reply;
	int fd;

	if (ipc_holder_ask(holder, IPC_HOLDER_RETRIEVE, name, -1, NULL) ||
	    ipc_holder_wait(holder, &reply, PATIENCE))
		return -1;
	if (reply.error)
		return errno = reply.error, -1;
	fd = reply.entries[0].fd;
	reply.entries[0].fd = -1;	/* ours now */
	return fd;
}

/* Have FD held under NAME until somebody deletes it. */
static int store(struct ipc_holder *holder, const char *name, int fd)
{
	struct ipc_instant never = ipc_instant_in(-1);
	struct ipc_holder_reply reply;

	if (ipc_holder_ask(holder, IPC_HOLDER_STORE, name, fd, &never) ||
	    ipc_holder_wait(holder, &reply, PATIENCE))
		return -1;
	return reply.error ? (errno = reply.error, -1) : 0;
}

int main(int argc, char **argv)
{
	int sock = argc == 3 ? ipc_connect(argv[1], NULL) : -1, fd;
	struct ipc_holder *holder = sock < 0 ? NULL : ipc_holder_open(sock);
	unsigned number = 0;

	if (!holder)
		return argc == 3 ? trouble(argv[1]) : 100;
	fd = retrieve(holder, argv[2]);
	if (fd < 0 && errno == ENOENT) {
		FILE *file = tmpfile();

		if (!file || store(holder, argv[2], fd = fileno(file)))
			return trouble(argv[2]);
	}
	if (fd < 0)
		return trouble(argv[2]);
	(void)!pread(fd, &number, sizeof number, 0);
	number++;
	if (pwrite(fd, &number, sizeof number, 0) != sizeof number)
		return trouble(argv[2]);
	printf("%u\n", number);
	ipc_holder_close(holder);
	return 0;
}
