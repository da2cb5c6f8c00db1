/* SPDX-License-Identifier: ISC */
/* constant databases: writing. The file is made in memory and written at once */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

struct ipc_cdb {
	unsigned char *data;
	size_t length, size;
};

static void put32(unsigned char *to, unsigned value)
{
	for (int i = 0; i < 4; i++)
		to[i] = value >> 8 * i;
}

/* Room for LENGTH more bytes, which are zero. Returns where it begins. */
static unsigned char *extend(struct ipc_cdb *cdb, size_t length)
{
	unsigned char *room = cdb->data;

	if (length > CDB_SIZE_MAX - cdb->length)
		return errno = EFBIG, NULL;
	if (length > cdb->size - cdb->length) {
		size_t size = 2 * (cdb->length + length);

		room = realloc(cdb->data, size);
		if (!room)
			return NULL;
		cdb->data = room;
		cdb->size = size;
	}
	room += cdb->length;
	memset(room, 0, length);
	cdb->length += length;
	return room;
}

struct ipc_cdb *ipc_cdb_new(void)
{
	struct ipc_cdb *cdb = calloc(1, sizeof *cdb);

	if (cdb && !extend(cdb, CDB_HEADER)) {
		free(cdb);
		return NULL;
	}
	return cdb;
}

void ipc_cdb_free(struct ipc_cdb *cdb)
{
	if (cdb)
		free(cdb->data);
	free(cdb);
}

int ipc_cdb_add(struct ipc_cdb *cdb, const void *key, size_t key_length, const void *data,
		size_t length)
{
	unsigned char *room;

	if (key_length > CDB_SIZE_MAX || length > CDB_SIZE_MAX)
		return errno = EFBIG, -1;
	room = extend(cdb, 8 + key_length + length);
	if (!room)
		return -1;
	put32(room, key_length);
	put32(room + 4, length);
	memcpy(room + 8, key, key_length);
	if (length)
		memcpy(room + 8 + key_length, data, length);
	return 0;
}

static size_t record_length(const unsigned char *at)
{
	return (size_t)8 + ipc_get32(at) + ipc_get32(at + 4);
}

/* Put the record at AT into its table, behind those with the same place. */
static void insert(struct ipc_cdb *cdb, size_t at)
{
	unsigned hash = ipc_cdb_hash(cdb->data + at + 8, ipc_get32(cdb->data + at));
	unsigned char *entry = cdb->data + hash % 256 * 8;
	unsigned slots = ipc_get32(entry + 4), i = (hash >> 8) % slots;
	unsigned char *table = cdb->data + ipc_get32(entry);

	while (ipc_get32(table + 8 * i + 4))
		i = (i + 1) % slots;
	put32(table + 8 * i, hash);
	put32(table + 8 * i + 4, at);
}

int ipc_cdb_write(struct ipc_cdb *cdb, int fd)
{
	unsigned slots[256] = { 0 };
	size_t end = cdb->length, at, table = end, count = 0;

	for (at = CDB_HEADER; at < end; at += record_length(cdb->data + at), count++)
		slots[ipc_cdb_hash(cdb->data + at + 8, ipc_get32(cdb->data + at)) % 256] += 2;
	if (!extend(cdb, count * 16))
		return -1;
	for (int i = 0; i < 256; i++) {
		put32(cdb->data + 8 * i, table);
		put32(cdb->data + 8 * i + 4, slots[i]);
		table += 8 * (size_t)slots[i];
	}
	for (at = CDB_HEADER; at < end; at += record_length(cdb->data + at))
		insert(cdb, at);
	at = cdb->length;
	cdb->length = end;
	return ipc_write_all(fd, cdb->data, at);
}

int ipc_cdb_add_rule(struct ipc_cdb *cdb, const struct ipc_verdict *rule)
{
	unsigned char record[5 + 2 * IPC_RECORD_MAX] = { 'D' }, *to = record + 1;

	if (rule->decision == IPC_RULES_NONE)
		return errno = EINVAL, -1;
	if (rule->decision == IPC_RULES_ALLOW) {
		if (rule->env_length > IPC_RECORD_MAX || rule->exec_length > IPC_RECORD_MAX)
			return errno = E2BIG, -1;
		record[0] = 'A';
		*to++ = rule->env_length >> 8;
		*to++ = rule->env_length;
		if (rule->env_length)
			memcpy(to, rule->env, rule->env_length);
		to += rule->env_length;
		*to++ = rule->exec_length >> 8;
		*to++ = rule->exec_length;
		if (rule->exec_length)
			memcpy(to, rule->exec, rule->exec_length);
		to += rule->exec_length;
	}
	return ipc_cdb_add(cdb, rule->rule, strlen(rule->rule), record, to - record);
}
