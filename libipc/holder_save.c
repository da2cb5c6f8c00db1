/* SPDX-License-Identifier: ISC */
/* a table through an exec: what it holds goes into a memfd, the descriptors stay open */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holder_table.h"

enum { MAGIC = 0x69706368, HEAD = 8 };	/* magic and count; then, for each, its number and entry */

void ipc_holder_table_inherit(struct ipc_holder_table *table, int inherit)
{
	for (unsigned i = 0; i < table->count; i++)
		fcntl(table->heap[i]->entry.fd, F_SETFD, inherit ? 0 : FD_CLOEXEC);
}

int ipc_holder_table_save(struct ipc_holder_table *table)
{
	unsigned char *data, *to;
	int fd, failed;

	ipc_table_settle(table);
	data = malloc(HEAD + (size_t)table->count * (4 + ENTRY_ROOM));
	if (!data)
		return -1;
	to = ipc_put_u32(ipc_put_u32(data, MAGIC), table->count);
	for (unsigned i = 0; i < table->count; i++) {
		struct ipc_holder_entry entry = table->heap[i]->entry;

		entry.kind = entry.address = "";
		to = ipc_put_entry(ipc_put_u32(to, entry.fd), LONG_ENTRY, &entry);
	}
	fd = memfd_create("holder", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	failed = fd < 0 || ipc_write_all(fd, data, to - data) ||
		 fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	free(data);
	return failed ? ipc_fail(fd) : fd;
}

static int restore_all(struct ipc_holder_table *table, struct ipc_cursor *from, unsigned count)
{
	struct ipc_holder_entry entry;
	struct ipc_held *held;

	while (count--) {
		int fd = ipc_get_u32(from);

		ipc_get_entry(from, LONG_ENTRY, &entry);
		if (from->bad)
			return errno = EINVAL, -1;
		entry.fd = fd;
		if (fcntl(fd, F_SETFD, FD_CLOEXEC))
			return -1;
		held = ipc_held_new(table, &entry);
		if (!held)
			return -1;
		ipc_table_put(table, held);
	}
	return ipc_get_end(from) ? 0 : (errno = EINVAL, -1);
}

struct ipc_holder_table *ipc_holder_table_restore(int fd, unsigned max)
{
	struct ipc_holder_table *table = NULL;
	struct ipc_cursor from;
	struct stat st;
	unsigned count;
	void *data;

	if (fstat(fd, &st))
		return NULL;
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return NULL;
	from = (struct ipc_cursor){ data, st.st_size, 0 };
	errno = EINVAL;
	if (ipc_get_u32(&from) == MAGIC) {
		count = ipc_get_u32(&from);
		/* what is held stays held, whatever the limit is now */
		if (count <= from.left)
			table = ipc_holder_table_open(count > max ? count : max);
		if (table && restore_all(table, &from, count)) {
			ipc_holder_table_close(table);
			table = NULL;
		}
	}
	munmap(data, st.st_size);
	return table;
}
