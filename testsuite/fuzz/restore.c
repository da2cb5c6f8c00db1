/* SPDX-License-Identifier: ISC */
/* libFuzzer: the file in which a holder hands its table to itself, through an exec */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc.h"
#include "ipc/holder.h"

enum { FIRST = 200, COUNT = 8 };	/* descriptors that the file may speak of */

static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("restore", MFD_CLOEXEC);

	if (fd < 0 || (size && ipc_write_all(fd, data, size)))
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* The numbers in the file are what the holder had open; here they are whatever the input says, so
 * each is first made one of ours, or one that is not open. */
static void tame(uint8_t *data, size_t size)
{
	for (size_t at = 8; at + 4 <= size; at++)
		if (!data[at] && !data[at + 1] && !data[at + 2])
			data[at + 3] = FIRST + data[at + 3] % COUNT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct ipc_holder_table *table, *again;
	int fd, saved;

	if (size > 65536)
		return free(copy), 0;
	memcpy(copy, data, size);
	tame(copy, size);
	for (int i = 0; i < COUNT; i++)
		if (dup2(0, FIRST + i) < 0)
			abort();
	fd = file_of(copy, size);
	table = ipc_holder_table_restore(fd, 100);
	if (table) {
		/* what was read is what would be written */
		saved = ipc_holder_table_save(table);
		again = saved < 0 ? NULL : ipc_holder_table_restore(saved, 100);
		/* unless an entry that was replaced had the descriptor of another */
		if (saved < 0 || (again && ipc_holder_table_count(again) != ipc_holder_table_count(table)))
			abort();
		if (again)
			ipc_holder_table_close(again);
		close(saved);
		ipc_holder_table_close(table);
	}
	close(fd);
	free(copy);
	return 0;
}
