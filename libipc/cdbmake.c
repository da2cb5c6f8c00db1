/* SPDX-License-Identifier: ISC */
/* constant databases: writing. The file is made in memory and written at once */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cdb.h"

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

/* Room for a record, behind its two lengths. */
static unsigned char *extend_record(struct ipc_cdb *cdb, size_t key_length, size_t length)
{
	unsigned char *room = extend(cdb, 8 + key_length + length);

	if (!room)
		return NULL;
	put32(room, key_length);
	put32(room + 4, length);
	return room + 8;
}

int ipc_cdb_add(struct ipc_cdb *cdb, const void *key, size_t key_length, const void *data,
		size_t length)
{
	unsigned char *room;

	if (key_length > CDB_SIZE_MAX || length > CDB_SIZE_MAX)
		return errno = EFBIG, -1;
	room = extend_record(cdb, key_length, length);
	if (!room)
		return -1;
	memcpy(room, key, key_length);
	if (length)
		memcpy(room + key_length, data, length);
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

/* Append the tables. Returns the length of the whole file, 0 if there is no room. */
static size_t finish(struct ipc_cdb *cdb)
{
	unsigned slots[256] = { 0 };
	size_t end = cdb->length, at, table = end, count = 0;

	for (at = CDB_HEADER; at < end; at += record_length(cdb->data + at), count++)
		slots[ipc_cdb_hash(cdb->data + at + 8, ipc_get32(cdb->data + at)) % 256] += 2;
	if (!extend(cdb, count * 16))
		return 0;
	for (int i = 0; i < 256; i++) {
		put32(cdb->data + 8 * i, table);
		put32(cdb->data + 8 * i + 4, slots[i]);
		table += 8 * (size_t)slots[i];
	}
	for (at = CDB_HEADER; at < end; at += record_length(cdb->data + at))
		insert(cdb, at);
	cdb->length = end;
	return table;
}

int ipc_cdb_write(struct ipc_cdb *cdb, int fd)
{
	size_t length = finish(cdb);

	return length ? ipc_write_all(fd, cdb->data, length) : -1;
}

int ipc_cdb_take(struct ipc_cdb *from, struct cdb *to)
{
	to->size = finish(from);
	if (!to->size)
		return -1;
	to->data = from->data;
	from->data = NULL;
	from->length = from->size = 0;
	return 0;
}

static unsigned char *put_part(unsigned char *to, const char *bytes, size_t length)
{
	*to++ = length >> 8;
	*to++ = length;
	if (length)
		memcpy(to, bytes, length);
	return to + length;
}

int ipc_cdb_put_rule(struct ipc_cdb *cdb, const struct ipc_verdict *rule)
{
	int allow = rule->decision == IPC_RULES_ALLOW;
	size_t length = allow ? 5 + rule->env_length + rule->exec_length
			      : rule->message ? 3 + rule->message_length : 1;
	size_t key_length = strlen(rule->rule);
	unsigned char *to = extend_record(cdb, key_length, length);

	if (!to)
		return -1;
	memcpy(to, rule->rule, key_length);
	to += key_length;
	*to++ = allow ? 'A' : 'D';
	if (!allow && rule->message)
		put_part(to, rule->message, rule->message_length);
	else if (allow)
		put_part(put_part(to, rule->env, rule->env_length), rule->exec, rule->exec_length);
	return 0;
}

int ipc_cdb_add_rule(struct ipc_cdb *cdb, const struct ipc_verdict *rule)
{
	if (rule->decision == IPC_RULES_NONE)
		return errno = EINVAL, -1;
	if (rule->env_length > IPC_RECORD_MAX || rule->exec_length > IPC_RECORD_MAX)
		return errno = E2BIG, -1;
	return ipc_cdb_put_rule(cdb, rule);
}
