/* SPDX-License-Identifier: ISC */
/* a table of silent clients, in two queues: of all, in the order in which their time is up, and of each
 * user, so that who floods us drives out his own */
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "closer.h"
#include "queue.h"
#include "serve.h"
#include "silent.h"

enum queue_of { OF_ALL, OF_USER };

struct silent {
	int fd;
	struct ipc_peer peer;
	unsigned user;
	long long due;
	struct link in[2];	/* in[OF_ALL].next also in the free list */
};

struct user {
	uid_t uid;
	unsigned count;		/* 0: the place is free */
	struct queue queue;
};

unsigned long silent_gone;

/* Index 0 is nobody. What has never been used costs no memory. */
static struct silent *clients;
static struct user *users;
static struct queue all;
static unsigned size, most, count, fresh = 1, unused, users_used;
static int set = -1;

int silent_init(unsigned room, unsigned share)
{
	struct epoll_event event = { .events = EPOLLIN };

	size = room;
	most = share;
	clients = spawn_memory((room + (size_t)1) * sizeof *clients);
	users = spawn_memory((room + (size_t)1) * sizeof *users);
	set = epoll_create1(EPOLL_CLOEXEC);
	if (!clients || !users || set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, 0, &event))
		die(EXIT_TEMPORARY, "unable to watch %u silent clients:", room);
	return set;
}

unsigned silent_count(void)
{
	return count;
}

int has_spoken(int fd)
{
	int unread;

	return !ioctl(fd, FIONREAD, &unread) && unread > 0;
}

/* --- the queues ---------------------------------------------------------------------------- */

static struct queue *queue(unsigned number, enum queue_of of)
{
	return of == OF_ALL ? &all : &users[clients[number].user].queue;
}

static void put(unsigned number, enum queue_of of)
{
	queue_put(queue(number, of), LINKS(clients, in[of]), number);
}

static void cut(unsigned number, enum queue_of of)
{
	queue_cut(queue(number, of), LINKS(clients, in[of]), number);
}

static void wait_from(unsigned number, long long now)
{
	clients[number].due = now + settings.silence;
	put(number, OF_ALL);
}

/* --- who comes and goes -------------------------------------------------------------------- */

static int remove_client(unsigned number)
{
	int fd = clients[number].fd;

	cut(number, OF_ALL);
	cut(number, OF_USER);
	users[clients[number].user].count--;
	while (users_used && !users[users_used - 1].count)
		users_used--;
	clients[number].in[OF_ALL].next = unused;
	unused = number;
	count--;
	clients[number].fd = -1;
	return fd;
}

static void hang_up(unsigned number)
{
	int fd = remove_client(number);

	/* by hand: it may take a moment until it is closed */
	epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
	close_client(fd, settings.packets);
}

/* WHY: NULL, if he went by himself. */
static void let_go(unsigned number, const char *why)
{
	struct ipc_peer peer = clients[number].peer;

	hang_up(number);
	silent_gone++;
	if (!why || !settings.verbosity)
		return;
	if (settings.no_lookup)
		say_refused(-1, applet_name, "info", "deny ?:?: %s", why);
	else
		say_refused(peer.uid, applet_name, "info", "deny %u:%u: %s", peer.uid, peer.gid, why);
}

int silent_hear(unsigned number, unsigned events, struct ipc_address *address)
{
	int fd = clients[number].fd;

	if (fd < 0)
		return -1;
	/* A packet may be empty. By hand, again: who gets the connection from us keeps it open. */
	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) && !has_spoken(fd)) ||
	    epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL)) {
		let_go(number, NULL);
		return -1;
	}
	remove_client(number);
	*address = (struct ipc_address){ .length = sizeof address->sun, .dir = -1 };
	if (getpeername(fd, (struct sockaddr *)&address->sun, &address->length))
		address->length = 0;
	return fd;
}

/* The place of UID, which may be a new one, and in *GREEDIEST that of the user who has most. They are
 * looked through: they can be many only as long as each has few. */
static unsigned find_user(uid_t uid, unsigned *greediest)
{
	unsigned found = users_used, place = users_used;

	*greediest = 0;
	for (unsigned i = 0; i < users_used; i++) {
		if (!users[i].count)
			place = i;
		else if (users[i].uid == uid)
			found = i;
		if (users[i].count > users[*greediest].count)
			*greediest = i;
	}
	return found < users_used ? found : place;
}

static unsigned make_room(uid_t uid)
{
	unsigned greediest, user = find_user(uid, &greediest);
	int own = users[user].count && users[user].count >= most;

	if (own || count == size) {
		let_go(users[own ? user : greediest].queue.first, "too many are silent");
		user = find_user(uid, &greediest);
	}
	if (user == users_used)
		users_used++;
	return user;
}

int silent_add(int fd, const struct ipc_peer *peer)
{
	unsigned user = make_room(peer->uid), number = unused ? unused : fresh;
	struct silent *client = &clients[number];

	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &(struct epoll_event){
		      .events = EPOLLIN | EPOLLRDHUP, .data.u32 = number }))
		return -1;
	if (unused)
		unused = client->in[OF_ALL].next;
	else
		fresh++;
	client->fd = fd;
	client->peer = *peer;
	client->user = user;
	users[user].uid = peer->uid;
	users[user].count++;
	put(number, OF_USER);
	wait_from(number, now_ms());
	count++;
	return 0;
}

int silent_tick(long long now)
{
	unsigned number;

	while ((number = all.first) && clients[number].due <= now) {
		if (!has_spoken(clients[number].fd)) {
			let_go(number, "it sent nothing");
		} else {
			/* it is we who let him wait */
			cut(number, OF_ALL);
			wait_from(number, now);
		}
	}
	return number ? clients[number].due - now : -1;
}

void silent_end(void)
{
	while (all.first)
		hang_up(all.first);
}
