/* SPDX-License-Identifier: ISC */
/* sd_notify(3)'s way to store descriptors: FDSTORE=1, FDNAME=, FDPOLL=0 and FDSTOREREMOVE=1 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "holder_table.h"

enum {
	FAMILY_MAX = 10000,	/* descriptors under one name */
	SUFFIX = 8		/* room for ":N" */
};

enum { KCMP_SAME_FILE = 0 };	/* KCMP_FILE of <linux/kcmp.h>, which musl's headers lack */

struct notification {
	int store, remove, watch;
	char name[IPC_HOLDER_NAME_MAX - SUFFIX + 1];
};

/* A line of TEXT that is KEY: its value and the LENGTH of it. */
static const char *value_of(const char *line, size_t *length, const char *key)
{
	size_t n = strlen(key);

	if (*length < n || memcmp(line, key, n))
		return NULL;
	*length -= n;
	return line + n;
}

static int set_name(struct notification *to, const char *name, size_t length)
{
	if (!length || length >= sizeof to->name)
		return errno = EINVAL, -1;
	for (size_t i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == ':')
			return errno = EINVAL, -1;
	memcpy(to->name, name, length);
	to->name[length] = 0;
	return 0;
}

static int parse(struct notification *to, const char *text, size_t length)
{
	const char *end = text + length;

	*to = (struct notification){ .watch = 1, .name = "stored" };
	while (text < end) {
		const char *stop = memchr(text, '\n', end - text), *value;
		size_t n = (stop ? stop : end) - text;

		if (n == 9 && !memcmp(text, "FDSTORE=1", n))
			to->store = 1;
		if (n == 15 && !memcmp(text, "FDSTOREREMOVE=1", n))
			to->remove = 1;
		if (n == 8 && !memcmp(text, "FDPOLL=0", n))
			to->watch = 0;
		value = value_of(text, &n, "FDNAME=");
		if (value && set_name(to, value, n))
			return -1;
		text = stop ? stop + 1 : end;
	}
	return 0;
}

static int same_file(int one, int other)
{
	struct stat first, second;
	long differ;

	if (fstat(one, &first) || fstat(other, &second) || first.st_dev != second.st_dev ||
	    first.st_ino != second.st_ino || first.st_rdev != second.st_rdev ||
	    fcntl(one, F_GETFL) != fcntl(other, F_GETFL))
		return 0;
	differ = syscall(SYS_kcmp, getpid(), getpid(), KCMP_SAME_FILE, one, other);
	return differ <= 0;	/* without kcmp(2) the same inode has to do */
}

static int add(struct ipc_holder_table *table, struct ipc_holder_entry *entry, const char *base,
	       const struct ipc_holder_rights *rights)
{
	char name[IPC_HOLDER_NAME_MAX + 1];

	for (unsigned i = 0; i < table->count; i++)
		if (ipc_holder_in_family(table->heap[i]->name, base) &&
		    same_file(table->heap[i]->entry.fd, entry->fd))
			return 0;
	snprintf(name, sizeof name, "%s", base);
	for (unsigned i = 1; ipc_table_find(table, name); i++) {
		if (i > FAMILY_MAX)
			return errno = ENFILE, -1;
		snprintf(name, sizeof name, "%s:%u", base, i);
	}
	entry->name = name;
	return ipc_table_add(table, entry, rights) ? -1 : 1;
}

static int remove_family(struct ipc_holder_table *table, const char *base)
{
	int dropped = 0;

	/* dropping moves the last entry to where this one was */
	for (unsigned i = 0; i < table->count; )
		if (ipc_holder_in_family(table->heap[i]->name, base)) {
			ipc_table_drop(table, table->heap[i]);
			dropped++;
			i = 0;
		} else {
			i++;
		}
	return dropped;
}

int ipc_holder_notify(struct ipc_holder_table *table, const char *text, size_t length,
		      const int *fds, size_t count, const struct ipc_peer *peer,
		      const struct ipc_holder_rights *rights)
{
	struct ipc_holder_entry entry = { .owner = *peer };
	struct notification what;
	int done = 0;

	if (parse(&what, text, length))
		return -1;
	if (!what.remove && !what.store)
		return 0;
	if (!rights->may || !rights->may(rights->data, IPC_HOLDER_STORE, what.name))
		return errno = EPERM, -1;
	if (what.remove)
		return remove_family(table, what.name);
	entry.flags = what.watch ? IPC_HOLDER_WATCHED : 0;
	entry.stored = ipc_instant_in(0);
	entry.limit = ipc_instant_in(-1);
	for (size_t i = 0; i < count; i++) {
		int added;

		entry.fd = fds[i];
		added = add(table, &entry, what.name, rights);
		if (added < 0)
			return -1;
		done += added;
	}
	return done;
}
