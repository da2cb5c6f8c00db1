/* SPDX-License-Identifier: ISC */
/* the clients of a holder, and who of them gets a place when there are too many
 *
 * Root and the holder's own user have places in reserve and no limit of their own. Anybody else
 * has at most so many, and waits for one. Who is idle gives way to who waits. */
#include <fcntl.h>
#include <sys/socket.h>

#include "closer.h"
#include "fdholderd.h"

enum { IDLE = 1000, ACCEPT_PAUSE = 100 };

static unsigned reserve(const struct holder *holder)
{
	return (holder->max_guests + 7) / 8;
}

/* How many have a place, or wait for one; of user UID, or of all if UID is -1. */
static unsigned tally(const struct holder *holder, int serving, uid_t uid)
{
	unsigned count = 0;

	for (unsigned i = 0; i < holder->count; i++) {
		const struct guest *guest = holder->guests[i];

		if (!guest->ended && !guest->session == !serving &&
		    (uid == (uid_t)-1 || guest->peer.uid == uid))
			count++;
	}
	return count;
}

static void end(struct guest *guest)
{
	ipc_holder_session_close(guest->session);
	guest->session = NULL;
	guest->ended = 1;
}

void guests_sweep(struct holder *holder)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < holder->count; i++) {
		struct guest *guest = holder->guests[i];

		if (!guest->ended) {
			holder->guests[kept++] = guest;
			continue;
		}
		close_client(guest->fd, 0);
		grants_clear(&guest->grants);
		free(guest);
		/* this may have been what was lacking */
		if (holder->accept_after)
			holder->accept_after = 1;
	}
	holder->count = kept;
}

int guests_busy(const struct holder *holder)
{
	for (unsigned i = 0; i < holder->count; i++)
		if (holder->guests[i]->session &&
		    ipc_holder_session_busy(holder->guests[i]->session))
			return 1;
	return 0;
}

int guests_others(void *data, int *fds, int max)
{
	const struct holder *holder = ((struct grants *)data)->holder;
	int count = 0;

	fds[count++] = 0;
	for (unsigned i = 0; i < holder->count && count < max; i++) {
		const struct guest *guest = holder->guests[i];

		if (!guest->ended &&
		    (!guest->session || !ipc_holder_session_busy(guest->session)))
			fds[count++] = guest->fd;
	}
	return count;
}

int guests_waiting(const struct holder *holder)
{
	return tally(holder, 0, -1);
}

int guests_full(const struct holder *holder)
{
	return holder->count == holder->room;
}

/* Make one idle guest give way: of user UID, or of anybody but the privileged. */
static int dismiss_idle(struct holder *holder, uid_t uid)
{
	struct guest *oldest = NULL;
	long long before = now_ms() - IDLE;

	for (unsigned i = 0; i < holder->count; i++) {
		struct guest *guest = holder->guests[i];

		if (!guest->session || ipc_holder_session_busy(guest->session) ||
		    guest->since > before || (oldest && guest->since >= oldest->since))
			continue;
		if (uid == (uid_t)-1 ? !is_privileged(&guest->peer) : guest->peer.uid == uid)
			oldest = guest;
	}
	if (!oldest)
		return 0;
	if (holder->verbosity >= 2)
		info("an idle client of uid %u gives way", oldest->peer.uid);
	end(oldest);
	return 1;
}

/* Is there a place for PEER now, perhaps one that somebody idle has given up? */
static int find_place(struct holder *holder, const struct ipc_peer *peer)
{
	unsigned places = holder->max_guests;

	if (!is_privileged(peer)) {
		places -= reserve(holder);
		if (tally(holder, 1, peer->uid) >= holder->user_guests &&
		    !dismiss_idle(holder, peer->uid)) {
			tell_lack(holder, LACK_USER_PLACES, peer->uid);
			return 0;
		}
	}
	if (tally(holder, 1, -1) < places || dismiss_idle(holder, -1))
		return 1;
	tell_lack(holder, LACK_PLACES, peer->uid);
	return 0;
}

static void serve(struct holder *holder, struct guest *guest)
{
	guest->session = ipc_holder_session_open(holder->table, guest->fd, &guest->peer,
						 &guest->grants.rights);
	if (!guest->session)
		guest->ended = 1;
	if (guest->fresh && holder->timeout)
		guest->deadline = now_ms() + holder->timeout;
}

void guests_admit(struct holder *holder)
{
	for (unsigned i = 0; i < holder->count; i++) {
		struct guest *guest = holder->guests[i];

		if (!guest->ended && !guest->session && find_place(holder, &guest->peer))
			serve(holder, guest);
	}
}

/* Takes FD in any case. */
int guest_add(struct holder *holder, int fd)
{
	struct guest *guest = calloc(1, sizeof *guest);
	unsigned waiting;

	if (!guest || ipc_peer(fd, &guest->peer)) {
		if (holder->verbosity)
			say_refused(-1, applet_name, "warning", "unable to getpeereid:");
		goto refuse;
	}
	waiting = tally(holder, 0, guest->peer.uid);
	if (!is_privileged(&guest->peer) &&
	    (waiting >= holder->user_guests ||
	     holder->count + reserve(holder) >= holder->room)) {
		tell_lack(holder, waiting >= holder->user_guests ? LACK_USER_PLACES : LACK_PLACES,
			  guest->peer.uid);
		goto refuse;
	}
	if (grants_get(holder, fd, &guest->peer, &guest->grants))
		goto refuse;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	guest->fd = fd;
	guest->since = now_ms();
	guest->fresh = 1;
	holder->guests[holder->count++] = guest;
	return 0;
refuse:
	free(guest);
	close_client(fd, 0);
	return -1;
}

void guest_adopt(struct holder *holder, int fd)
{
	/* what it did before is not known, and it may go on doing nothing */
	if (!guest_add(holder, fd))
		holder->guests[holder->count - 1]->fresh = 0;
}

void guests_accept(struct holder *holder)
{
	int fd;

	if (guests_full(holder))
		return;
	fd = ipc_accept(0, NULL, NULL);
	if (fd >= 0) {
		holder->accept_after = 0;
		guest_add(holder, fd);
		guests_admit(holder);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	if (errno == EINVAL || errno == ENOTSOCK || errno == EBADF || errno == EOPNOTSUPP)
		die(EXIT_TEMPORARY, "unable to accept:");
	/* out of descriptors or memory: what is held matters more than who comes */
	if (holder->verbosity && !holder->accept_after)
		warning("unable to accept, will try again:");
	holder->accept_after = now_ms() + ACCEPT_PAUSE;
}

void guests_serve(struct holder *holder, struct guest *guest)
{
	long long now = now_ms();

	if (ipc_holder_session_dispatch(guest->session)) {
		end(guest);
		return;
	}
	guest->since = now;
	if (!ipc_holder_session_busy(guest->session)) {
		guest->fresh = 0;
		guest->deadline = 0;
	} else if (!guest->deadline && holder->timeout) {
		guest->deadline = now + holder->timeout;
	}
}

void guests_expire(struct holder *holder)
{
	long long now = now_ms();

	for (unsigned i = 0; i < holder->count; i++) {
		struct guest *guest = holder->guests[i];

		if (guest->ended || !guest->deadline || now < guest->deadline)
			continue;
		if (guest->fresh || ipc_holder_session_busy(guest->session))
			end(guest);
		else
			guest->deadline = 0;
	}
}
