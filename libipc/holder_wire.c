/* SPDX-License-Identifier: ISC */
/* the bytes of the holder's protocol; whatever comes in is read through a cursor with bounds */
#include <errno.h>
#include <string.h>

#include "holder_wire.h"

static const unsigned char *get(struct ipc_cursor *from, size_t length)
{
	static const unsigned char zeros[INSTANT_SIZE];
	const unsigned char *at = from->at;

	if (from->bad || length > from->left) {
		from->bad = 1;
		return length <= sizeof zeros ? zeros : NULL;
	}
	from->at += length;
	from->left -= length;
	return at;
}

unsigned ipc_get_byte(struct ipc_cursor *from)
{
	return *get(from, 1);
}

unsigned ipc_get_u32(struct ipc_cursor *from)
{
	const unsigned char *b = get(from, 4);

	return (unsigned)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

const char *ipc_get_name(struct ipc_cursor *from)
{
	size_t length = ipc_get_byte(from);
	const char *name = (const char *)get(from, length + 1);

	if (from->bad || strnlen(name, length + 1) != length) {
		from->bad = 1;
		return NULL;
	}
	return name;
}

int ipc_get_end(const struct ipc_cursor *from)
{
	return !from->bad && !from->left;
}

static struct ipc_instant get_instant(struct ipc_cursor *from)
{
	unsigned long long high = ipc_get_u32(from), low = ipc_get_u32(from);

	return (struct ipc_instant){ high << 32 | low, ipc_get_u32(from) };
}

void ipc_get_entry(struct ipc_cursor *from, int form, struct ipc_holder_entry *entry)
{
	*entry = (struct ipc_holder_entry){ .fd = -1 };
	entry->limit = get_instant(from);
	entry->name = ipc_get_name(from);
	if (!entry->name || !*entry->name)
		from->bad = 1;
	if (form == SHORT_ENTRY)
		return;
	entry->stored = get_instant(from);
	entry->owner.uid = ipc_get_u32(from);
	entry->owner.gid = ipc_get_u32(from);
	entry->owner.pid = ipc_get_u32(from);
	entry->flags = ipc_get_byte(from);
	entry->kind = ipc_get_name(from);
	entry->address = ipc_get_name(from);
}

unsigned char *ipc_put_u32(unsigned char *to, unsigned value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*to++ = value >> shift;
	return to;
}

unsigned char *ipc_put_name(unsigned char *to, const char *name)
{
	size_t length = strnlen(name, IPC_HOLDER_NAME_MAX);

	*to++ = length;
	memcpy(to, name, length);
	to[length] = 0;
	return to + length + 1;
}

unsigned char *ipc_put_instant(unsigned char *to, const struct ipc_instant *instant)
{
	to = ipc_put_u32(to, instant->label >> 32);
	to = ipc_put_u32(to, instant->label);
	return ipc_put_u32(to, instant->nanoseconds);
}

unsigned char *ipc_put_entry(unsigned char *to, int form, const struct ipc_holder_entry *entry)
{
	to = ipc_put_instant(to, &entry->limit);
	to = ipc_put_name(to, entry->name);
	if (form == SHORT_ENTRY)
		return to;
	to = ipc_put_instant(to, &entry->stored);
	to = ipc_put_u32(to, entry->owner.uid);
	to = ipc_put_u32(to, entry->owner.gid);
	to = ipc_put_u32(to, entry->owner.pid);
	*to++ = entry->flags;
	to = ipc_put_name(to, entry->kind);
	return ipc_put_name(to, entry->address);
}

int ipc_holder_check_name(const char *name)
{
	size_t length = strnlen(name, IPC_HOLDER_NAME_MAX + 1);

	if (length && length <= IPC_HOLDER_NAME_MAX)
		return 0;
	return errno = length ? ENAMETOOLONG : EINVAL, -1;
}
