/* SPDX-License-Identifier: ISC */
/* the table of held descriptors: by name in a hash, by expiry in a heap */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "holder_table.h"

enum { MOST_BUCKETS = 1 << 16, EVENTS = 32 };

struct ipc_holder_table *ipc_holder_table_open(unsigned max)
{
	struct ipc_holder_table *table;
	unsigned buckets = 16;

	while (buckets < max && buckets < MOST_BUCKETS)
		buckets *= 2;
	table = calloc(1, sizeof *table + max * sizeof *table->heap);
	if (!table)
		return NULL;
	table->max = max;
	table->mask = buckets - 1;
	/* names are chosen by clients; without randomness the hash is slower for them, not wrong */
	if (getrandom(&table->seed, sizeof table->seed, GRND_NONBLOCK) < 0)
		table->seed = max;
	table->buckets = calloc(buckets, sizeof *table->buckets);
	table->watcher = epoll_create1(EPOLL_CLOEXEC);
	if (table->buckets && table->watcher >= 0)
		return table;
	ipc_fail(table->watcher);
	free(table->buckets);
	free(table);
	return NULL;
}

void ipc_holder_table_close(struct ipc_holder_table *table)
{
	if (!table)
		return;
	while (table->count)
		ipc_table_drop(table, table->heap[table->count - 1]);
	close(table->watcher);
	free(table->buckets);
	free(table);
}

/* --- the heap --------------------------------------------------------------------------- */

static int sooner(const struct ipc_held *one, const struct ipc_held *other)
{
	return ipc_instant_compare(&one->entry.limit, &other->entry.limit) < 0;
}

static void put(struct ipc_holder_table *table, unsigned place, struct ipc_held *held)
{
	table->heap[place] = held;
	held->place = place;
}

static void rise(struct ipc_holder_table *table, unsigned place, struct ipc_held *held)
{
	for (; place && sooner(held, table->heap[(place - 1) / 2]); place = (place - 1) / 2)
		put(table, place, table->heap[(place - 1) / 2]);
	put(table, place, held);
}

static void sink(struct ipc_holder_table *table, unsigned place, struct ipc_held *held)
{
	for (;;) {
		unsigned child = 2 * place + 1;

		if (child + 1 < table->count && sooner(table->heap[child + 1], table->heap[child]))
			child++;
		if (child >= table->count || !sooner(table->heap[child], held))
			break;
		put(table, place, table->heap[child]);
		place = child;
	}
	rise(table, place, held);
}

/* --- the hash --------------------------------------------------------------------------- */

static struct ipc_held **bucket(struct ipc_holder_table *table, const char *name)
{
	unsigned hash = table->seed;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return &table->buckets[(hash ^ hash >> 16) & table->mask];
}

struct ipc_held *ipc_table_find(struct ipc_holder_table *table, const char *name)
{
	struct ipc_held *held;

	ipc_table_settle(table);
	held = *bucket(table, name);
	while (held && strcmp(held->name, name))
		held = held->next;
	if (!held)
		errno = ENOENT;
	return held;
}

int ipc_holder_in_family(const char *name, const char *base)
{
	size_t length = strlen(base);

	if (strncmp(name, base, length))
		return 0;
	name += length;
	return !*name || (*name == ':' && name[1] && !name[1 + strspn(name + 1, "0123456789")]);
}

/* --- adding and removing ------------------------------------------------------------------ */

static struct ipc_share **share(struct ipc_holder_table *table, uid_t uid)
{
	struct ipc_share **at = &table->shares[uid % SHARE_CHAINS];

	while (*at && (*at)->uid != uid)
		at = &(*at)->next;
	return at;
}

int ipc_table_charge(struct ipc_holder_table *table, uid_t uid, unsigned count)
{
	struct ipc_share **at = share(table, uid);

	if (!*at && !(*at = calloc(1, sizeof **at)))
		return -1;
	(*at)->uid = uid;
	(*at)->count += count;
	return 0;
}

void ipc_table_discharge(struct ipc_holder_table *table, uid_t uid, unsigned count)
{
	struct ipc_share **at = share(table, uid), *mine = *at;

	if (!mine || (mine->count -= count))
		return;
	*at = mine->next;
	free(mine);
}

static int fits(unsigned count, unsigned used, unsigned max)
{
	return used <= max && count <= max - used;
}

static int lacks(struct ipc_holder_table *table, unsigned count, uid_t uid,
		 const struct ipc_holder_rights *rights)
{
	const struct ipc_share *mine = *share(table, uid);
	unsigned kept = rights ? rights->kept : 0;

	if (rights && rights->quota && !fits(count, mine ? mine->count : 0, rights->quota))
		return EDQUOT;
	return fits(count, table->open + table->reserved, kept < table->max ? table->max - kept : 0)
	       ? 0 : ENFILE;
}

int ipc_table_room(struct ipc_holder_table *table, unsigned count, uid_t uid,
		   const struct ipc_holder_rights *rights)
{
	int error;

	ipc_table_settle(table);
	error = lacks(table, count, uid, rights);
	if (!error)
		return 0;
	if (rights && rights->full)
		rights->full(rights->data, error);
	return errno = error, -1;
}

struct ipc_held *ipc_held_new(struct ipc_holder_table *table, const struct ipc_holder_entry *entry)
{
	size_t size = strlen(entry->name) + 1;
	struct ipc_held *held = malloc(sizeof *held + size);

	if (!held)
		return NULL;
	if (ipc_table_charge(table, entry->owner.uid, 1)) {
		free(held);
		return NULL;
	}
	*held = (struct ipc_held){ .entry = *entry, .references = 1 };
	memcpy(held->name, entry->name, size);
	held->entry.name = held->name;
	held->entry.kind = held->entry.address = NULL;
	if (table->watch_all)
		held->entry.flags |= IPC_HOLDER_WATCHED;
	table->open++;
	return held;
}

void ipc_held_release(struct ipc_holder_table *table, struct ipc_held *held)
{
	if (--held->references)
		return;
	ipc_discard(&held->entry.fd, 1, table->discard);
	ipc_table_discharge(table, held->entry.owner.uid, 1);
	free(held);
	table->open--;
}

void ipc_table_put(struct ipc_holder_table *table, struct ipc_held *held)
{
	struct epoll_event event = { .data.ptr = held };
	struct ipc_held *old = ipc_table_find(table, held->name);
	struct ipc_held **first = bucket(table, held->name);

	if (old)
		ipc_table_drop(table, old);
	held->next = *first;
	*first = held;
	/* what cannot be polled, such as a file, never hangs up */
	if (held->entry.flags & IPC_HOLDER_WATCHED)
		epoll_ctl(table->watcher, EPOLL_CTL_ADD, held->entry.fd, &event);
	rise(table, table->count++, held);
}

void ipc_table_drop(struct ipc_holder_table *table, struct ipc_held *held)
{
	struct ipc_held **at = bucket(table, held->name), *last;

	while (*at != held)
		at = &(*at)->next;
	*at = held->next;
	last = table->heap[--table->count];
	if (last != held)
		sink(table, held->place, last);
	/* others may have the same file open, so closing it would not end the watch */
	if (held->entry.flags & IPC_HOLDER_WATCHED)
		epoll_ctl(table->watcher, EPOLL_CTL_DEL, held->entry.fd, NULL);
	if (held->leaving)
		table->leaving--;
	ipc_held_release(table, held);
}

/* Returns whether an entry was dropped, which moves others, perhaps to where we have been. */
static int settle_once(struct ipc_holder_table *table)
{
	int dropped = 0;

	for (unsigned i = 0; table->leaving && i < table->count;) {
		struct ipc_held *held = table->heap[i];
		int arrived = held->leaving ? ipc_session_delivered(held->leaving, table->turn) : 0;

		if (arrived > 0) {
			ipc_table_drop(table, held);
			dropped = 1;
			continue;
		}
		if (arrived < 0) {
			held->leaving = NULL;
			table->leaving--;
		}
		i++;
	}
	return dropped;
}

void ipc_table_settle(struct ipc_holder_table *table)
{
	table->turn++;
	while (settle_once(table))
		;
}

/* --- for the program that holds ----------------------------------------------------------- */

int ipc_table_add(struct ipc_holder_table *table, const struct ipc_holder_entry *entry,
		  const struct ipc_holder_rights *rights)
{
	struct ipc_holder_entry copy = *entry;
	struct ipc_held *held;

	if (ipc_holder_check_name(entry->name) ||
	    ipc_table_room(table, 1, entry->owner.uid, rights))
		return -1;
	if (ipc_table_find(table, entry->name))
		return errno = EBUSY, -1;
	copy.fd = fcntl(entry->fd, F_DUPFD_CLOEXEC, 0);
	if (copy.fd < 0)
		return -1;
	held = ipc_held_new(table, &copy);
	if (!held)
		return ipc_fail(copy.fd);
	ipc_table_put(table, held);
	return 0;
}

int ipc_holder_table_add(struct ipc_holder_table *table, const struct ipc_holder_entry *entry)
{
	return ipc_table_add(table, entry, NULL);
}

int ipc_holder_table_remove(struct ipc_holder_table *table, const char *name)
{
	struct ipc_held *held = ipc_table_find(table, name);

	if (!held)
		return -1;
	ipc_table_drop(table, held);
	return 0;
}

unsigned ipc_holder_table_count(const struct ipc_holder_table *table)
{
	return table->count;
}

int ipc_holder_table_walk(struct ipc_holder_table *table,
			  int (*visit)(void *data, const struct ipc_holder_entry *entry),
			  void *data)
{
	int result = 0;

	ipc_table_settle(table);
	for (unsigned i = 0; !result && i < table->count; i++)
		result = visit(data, &table->heap[i]->entry);
	return result;
}

int ipc_holder_table_fd(const struct ipc_holder_table *table)
{
	return table->successor ? -1 : table->watcher;
}

void ipc_holder_table_watch(struct ipc_holder_table *table)
{
	table->watch_all = 1;
}

void ipc_holder_table_discard(struct ipc_holder_table *table, void (*discard)(int fd))
{
	table->discard = discard;
}

int ipc_holder_table_gone(const struct ipc_holder_table *table)
{
	return table->gone;
}

int ipc_holder_table_sweep(struct ipc_holder_table *table, struct ipc_instant *next)
{
	struct ipc_instant now = ipc_instant_in(0);
	struct epoll_event events[EVENTS];
	int count;

	ipc_table_settle(table);
	/* a successor was told what there is, and it stays */
	if (table->successor)
		return 0;
	while ((count = epoll_wait(table->watcher, events, EVENTS, 0)) > 0)
		for (int i = 0; i < count; i++)
			ipc_table_drop(table, events[i].data.ptr);
	while (table->count && ipc_instant_compare(&table->heap[0]->entry.limit, &now) <= 0)
		ipc_table_drop(table, table->heap[0]);
	if (table->count)
		*next = table->heap[0]->entry.limit;
	return table->count > 0;
}
