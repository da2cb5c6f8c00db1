/* SPDX-License-Identifier: ISC */
/* a ring of clients who wait, so that those behind them who have a place in reserve are seen */
#include "map.h"
#include "spawn.h"
#include "waiting.h"

struct waiter {
	int fd;
	uid_t uid;
};

static struct waiter *ring;
static unsigned size, first, count;
static struct map users;

void waiting_init(unsigned room)
{
	size = room;
	ring = spawn_memory((room + (size_t)1) * sizeof *ring);
	if (!ring)
		die(EXIT_TEMPORARY, "unable to make room for %u clients:", room);
	map_init(&users, room);
}

int waiting_add(int fd, uid_t uid)
{
	unsigned *of_user;

	if (count == size)
		return -1;
	of_user = map_at(&users, uid);
	if (*of_user >= (size + 1) / 2)
		return -1;
	++*of_user;
	ring[(first + count++) % size] = (struct waiter){ fd, uid };
	return 0;
}

int waiting_take(struct ipc_address *address)
{
	const struct waiter *waiter = &ring[first];
	unsigned *of_user;

	if (!count)
		return -1;
	of_user = map_at(&users, waiter->uid);
	if (!--*of_user)
		map_remove(&users, of_user);
	first = (first + 1) % size;
	count--;
	/* asked for again: most have none, and it is not worth its room */
	*address = (struct ipc_address){ .length = sizeof address->sun, .dir = -1 };
	if (getpeername(waiter->fd, (struct sockaddr *)&address->sun, &address->length))
		address->length = 0;
	return waiter->fd;
}

unsigned waiting_count(void)
{
	return count;
}
