/* SPDX-License-Identifier: ISC */
/* constant databases: reading. The file is kept in memory, because one that is truncated under a
 * mapping would end the server with a signal */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdb.h"

unsigned ipc_cdb_hash(const unsigned char *key, size_t length)
{
	unsigned hash = 5381;

	while (length--)
		hash = hash * 33 ^ *key++;
	return hash;
}

/* Split the record at AT, which must end before LIMIT. Returns the end of it, 0 if it is broken. */
static size_t record(const struct cdb *cdb, size_t at, size_t limit, const unsigned char **key,
		     size_t *key_length, const unsigned char **data, size_t *length)
{
	if (at < CDB_HEADER || at > limit || limit - at < 8)
		return 0;
	*key_length = ipc_get32(cdb->data + at);
	*length = ipc_get32(cdb->data + at + 4);
	at += 8;
	if (*key_length > limit - at || *length > limit - at - *key_length)
		return 0;
	*key = cdb->data + at;
	*data = *key + *key_length;
	return at + *key_length + *length;
}

int ipc_cdb_next(const struct cdb *cdb, size_t *at, const unsigned char **key, size_t *key_length,
		 const unsigned char **data, size_t *length)
{
	size_t end;

	if (*at >= cdb->end)
		return 0;
	end = record(cdb, *at, cdb->end, key, key_length, data, length);
	if (!end)
		return errno = EINVAL, -1;
	*at = end;
	return 1;
}

int ipc_cdb_find(const struct cdb *cdb, const void *key, size_t key_length,
		 const unsigned char **data, size_t *length)
{
	unsigned hash = ipc_cdb_hash(key, key_length);
	const unsigned char *entry = cdb->data + hash % 256 * 8, *found;
	size_t table = ipc_get32(entry), slots = ipc_get32(entry + 4), found_length;

	for (size_t i = 0; i < slots; i++) {
		const unsigned char *slot = cdb->data + table + ((hash >> 8) + i) % slots * 8;
		size_t at = ipc_get32(slot + 4);

		if (!at)
			return 0;
		if (ipc_get32(slot) != hash)
			continue;
		if (!record(cdb, at, cdb->size, &found, &found_length, data, length))
			return errno = EINVAL, -1;
		if (found_length == key_length && !memcmp(found, key, key_length))
			return 1;
	}
	return 0;
}

const char ipc_families[IPC_FAMILIES][8] = { "user", "group", "cgroup", "label" };

static int is_of(const unsigned char *key, size_t length, const char *family)
{
	size_t n = strlen(family);

	return length > n + 1 && !memcmp(key, family, n) && key[n] == '/';
}

/* Check what lookups rely on: every table and every record is inside the file. */
static int check(struct cdb *cdb)
{
	const unsigned char *key, *data;
	size_t key_length, length, at = CDB_HEADER;
	int more;

	cdb->end = cdb->size;
	cdb->has = 0;
	for (int i = 0; i < 256; i++) {
		size_t table = ipc_get32(cdb->data + i * 8);
		size_t slots = ipc_get32(cdb->data + i * 8 + 4);

		if (!slots)
			continue;
		if (table < CDB_HEADER || table > cdb->size || slots > (cdb->size - table) / 8)
			return errno = EINVAL, -1;
		if (table < cdb->end)
			cdb->end = table;
	}
	while ((more = ipc_cdb_next(cdb, &at, &key, &key_length, &data, &length)) > 0)
		for (int i = 0; i < IPC_FAMILIES; i++)
			cdb->has |= is_of(key, key_length, ipc_families[i]) << i;
	return more;
}

static int read_all(int fd, unsigned char *to, size_t length)
{
	while (length) {
		ssize_t n = read(fd, to, length);

		if (n < 0)
			return -1;
		if (!n)
			return errno = EINVAL, -1;
		to += n;
		length -= n;
	}
	return 0;
}

static int load(struct cdb *cdb, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	cdb->data = NULL;
	if (fd < 0 || fstat(fd, &cdb->from))
		return ipc_fail(fd);
	if (!S_ISREG(cdb->from.st_mode) || cdb->from.st_size < CDB_HEADER)
		return errno = EINVAL, ipc_fail(fd);
	if (cdb->from.st_size > CDB_SIZE_MAX)
		return errno = EFBIG, ipc_fail(fd);
	cdb->size = cdb->from.st_size;
	cdb->data = malloc(cdb->size);
	if (!cdb->data || read_all(fd, cdb->data, cdb->size) || check(cdb)) {
		int error = errno;

		free(cdb->data);
		errno = error;
		return ipc_fail(fd);
	}
	close(fd);
	return 0;
}

/* Anybody who may write to the file can set its time of modification back, but not that of change. */
static int same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
	       one->st_size == other->st_size && one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	       one->st_mtim.tv_nsec == other->st_mtim.tv_nsec &&
	       one->st_ctim.tv_sec == other->st_ctim.tv_sec &&
	       one->st_ctim.tv_nsec == other->st_ctim.tv_nsec;
}

int ipc_cdb_refresh(struct cdb *cdb, const char *path)
{
	struct cdb fresh;
	struct stat now;

	if (stat(path, &now))
		return -1;
	if (cdb->data && same(&now, &cdb->from))
		return 0;
	if (load(&fresh, path))
		return -1;
	free(cdb->data);
	*cdb = fresh;
	return 0;
}
