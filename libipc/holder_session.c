/* SPDX-License-Identifier: ISC */
/* one client of a holder: its requests, checked and answered in order
 *
 * A request is only looked at when all answers before it are out. So a client that does not read
 * is not read from, and what it can make us keep is one answer. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "holder_table.h"

enum {
	CHUNK = IPC_FDS_MAX,		/* entries in one message */
	DATA_MAX = 1 + CHUNK * ENTRY_ROOM,	/* of a message that we take */
	TURNS = 16,			/* requests in one dispatch */
	SENT = 256			/* behind all errors that can be answered */
};

/* A list or dump that is being sent: what was there when it was asked for. */
struct sending {
	struct ipc_held **held;
	unsigned count, next;
	int form, with_fds;
};

/* A dump that is being loaded. None of it is in the table before all of it has come. */
struct loading {
	struct ipc_held **held;
	unsigned count, total;
};

struct ipc_holder_session {
	struct ipc_holder_table *table;
	struct ipc_messages *messages;
	struct ipc_peer peer;
	struct ipc_holder_rights rights;
	struct sending sending;
	struct loading loading;
	int leaving;		/* something is retrieved and deleted, perhaps not yet arrived */
	int lost;		/* and known not to arrive */
	unsigned turn;		/* the last in which this was asked, and the answer */
	int delivered;
};

struct ipc_holder_session *ipc_holder_session_open(struct ipc_holder_table *table, int fd,
						   const struct ipc_peer *peer,
						   const struct ipc_holder_rights *rights)
{
	int loads = rights->flags & IPC_HOLDER_MAY_SETDUMP;
	/* the longest answer that is not in chunks is a list of all names */
	struct ipc_messages_how how = {
		.max_length = loads ? DATA_MAX : ENTRY_ROOM,
		.max_queue = DATA_MAX + (size_t)table->max * (IPC_HOLDER_NAME_MAX + 1),
		.max_fds = loads ? IPC_FDS_MAX : 1,
		.discard = table->discard,
	};
	struct ipc_holder_session *session = malloc(sizeof *session);

	if (!session)
		return NULL;
	*session = (struct ipc_holder_session){ .table = table, .peer = *peer, .rights = *rights };
	session->messages = ipc_messages_open(fd, &how);
	if (session->messages)
		return session;
	free(session);
	return NULL;
}

static void sending_end(struct ipc_holder_session *session)
{
	struct sending *sending = &session->sending;

	for (; sending->next < sending->count; sending->next++)
		ipc_held_release(session->table, sending->held[sending->next]);
	free(sending->held);
	*sending = (struct sending){ .held = NULL };
}

static void loading_end(struct ipc_holder_session *session)
{
	struct loading *loading = &session->loading;

	for (unsigned i = 0; i < loading->count; i++)
		ipc_held_release(session->table, loading->held[i]);
	session->table->reserved -= loading->total - loading->count;
	ipc_table_discharge(session->table, session->peer.uid, loading->total - loading->count);
	free(loading->held);
	*loading = (struct loading){ .held = NULL };
}

static int unsent(const struct ipc_holder_session *session)
{
	return ipc_messages_events(session->messages) & POLLOUT;
}

/* 1: the client has read all that it was sent; 0: not yet; -1: it never will. */
static int delivery(struct ipc_holder_session *session)
{
	struct pollfd client = { .fd = ipc_messages_fd(session->messages) };
	int unread = 1;

	if (session->lost)
		return -1;
	/* in this order: what a peer had not read when it closed is gone from the count, but then
	 * the error is there already, the only one of such a socket */
	ioctl(client.fd, TIOCOUTQ, &unread);
	poll(&client, 1, 0);
	session->lost = (client.revents & POLLERR) != 0;
	if (session->lost)
		return -1;
	if (unread || unsent(session))
		return 0;
	session->leaving = 0;
	return 1;
}

void ipc_holder_session_close(struct ipc_holder_session *session)
{
	if (!session)
		return;
	session->lost |= delivery(session) <= 0;
	ipc_table_settle(session->table);
	/* once it has taken over, it stays: nobody comes to us any more */
	if (session->table->successor == session && !session->table->gone)
		session->table->successor = NULL;
	sending_end(session);
	loading_end(session);
	ipc_messages_close(session->messages);
	free(session);
}

int ipc_holder_session_fd(const struct ipc_holder_session *session)
{
	return ipc_messages_fd(session->messages);
}

static int is_waiting(const struct ipc_holder_session *session)
{
	return session->table->successor && session->table->successor != session;
}

static int is_leaving(const struct ipc_holder_session *session)
{
	return session->leaving && session->table->leaving;
}

short ipc_holder_session_events(const struct ipc_holder_session *session)
{
	if (is_waiting(session))
		return 0;
	return unsent(session) || session->sending.held ? POLLOUT : POLLIN;
}

int ipc_holder_session_busy(const struct ipc_holder_session *session)
{
	return session->sending.held || session->loading.total || is_leaving(session) ||
	       session->table->successor == session || ipc_messages_busy(session->messages);
}

int ipc_session_delivered(struct ipc_holder_session *session, unsigned turn)
{
	if (session->turn != turn)
		session->delivered = delivery(session);
	session->turn = turn;
	return session->delivered;
}

/* --- answers -------------------------------------------------------------------------------- */

/* The answer that is only an error, unless it is SENT already or -1. */
static int answer(struct ipc_holder_session *session, int error)
{
	unsigned char status = error == EDQUOT ? IPC_HOLDER_OVER_QUOTA : error;

	if (error < 0 || error == SENT)
		return error < 0 ? -1 : 0;
	return ipc_message_send(session->messages, &status, 1, NULL, 0);
}

/* The next part of a list or dump, if the way is free. */
static int send_chunk(struct ipc_holder_session *session)
{
	struct sending *sending = &session->sending;
	unsigned left = sending->count - sending->next, count = left < CHUNK ? left : CHUNK;
	unsigned char *data = malloc(CHUNK * ENTRY_ROOM), *to = data;
	struct ipc_held **held = sending->held + sending->next;
	struct ipc_description about;
	int fds[CHUNK], failed;

	if (!data)
		return -1;
	for (unsigned i = 0; i < count; i++) {
		struct ipc_holder_entry entry = held[i]->entry;

		if (sending->form == LONG_ENTRY) {
			ipc_describe(entry.fd, &about);
			entry.kind = about.kind;
			entry.address = about.address;
			entry.flags |= about.hangup ? IPC_HOLDER_HANGUP : 0;
		}
		to = ipc_put_entry(to, sending->form, &entry);
		fds[i] = entry.fd;
	}
	failed = ipc_message_send(session->messages, data, to - data, fds,
				  sending->with_fds ? count : 0);
	free(data);
	if (failed)
		return -1;
	for (unsigned i = 0; i < count; i++)
		ipc_held_release(session->table, held[i]);
	sending->next += count;
	if (sending->next == sending->count)
		sending_end(session);
	return 0;
}

/* Begin to send what is there now, or the family of BASE. */
static int send_all(struct ipc_holder_session *session, const char *base, int form, int with_fds)
{
	struct ipc_holder_table *table = session->table;
	struct sending *sending = &session->sending;
	unsigned char head[9] = { 0 };
	int others[IPC_FDS_MAX], nothers = 0;

	ipc_table_settle(table);
	*sending = (struct sending){ .form = form, .with_fds = with_fds };
	sending->held = malloc((table->count + 1) * sizeof *sending->held);
	if (!sending->held)
		return ENOMEM;
	for (unsigned i = 0; i < table->count; i++) {
		struct ipc_held *held = table->heap[i];

		if (held->leaving || (base && !ipc_holder_in_family(held->name, base)))
			continue;
		held->references++;
		sending->held[sending->count++] = held;
	}
	ipc_put_u32(ipc_put_u32(head + 1, (sending->count + CHUNK - 1) / CHUNK), sending->count);
	if (table->successor == session && session->rights.others)
		nothers = session->rights.others(session->rights.data, others, IPC_FDS_MAX);
	if (ipc_message_send(session->messages, head, sizeof head, others, nothers))
		return -1;
	if (!sending->count)
		sending_end(session);
	return SENT;
}

/* --- requests: what to answer, SENT if that is done, or -1 if it cannot be ---------------- */

static int may(const struct ipc_holder_session *session, enum ipc_holder_request what,
	       const char *name)
{
	return session->rights.may && session->rights.may(session->rights.data, what, name);
}

static int broken(void)
{
	return errno = EPROTO, -1;
}

/* An entry of what came from the client. */
static struct ipc_held *take(struct ipc_holder_session *session, struct ipc_holder_entry *entry,
			     int *fd)
{
	struct ipc_held *held;

	entry->fd = *fd;
	entry->stored = ipc_instant_in(0);
	entry->owner = session->peer;
	held = ipc_held_new(session->table, entry);
	if (held)
		*fd = -1;
	return held;
}

static int room(struct ipc_holder_session *session, unsigned count)
{
	return ipc_table_room(session->table, count, session->peer.uid, &session->rights);
}

/* What the client's new entry takes the place of, needs no room. */
static int is_own(const struct ipc_holder_session *session, const struct ipc_held *old)
{
	return old->entry.owner.uid == session->peer.uid && old->references == 1;
}

static int store(struct ipc_holder_session *session, int replaces, struct ipc_cursor *body,
		 struct ipc_message *message)
{
	struct ipc_holder_entry entry;
	struct ipc_held *held, *old;

	ipc_get_entry(body, SHORT_ENTRY, &entry);
	if (!ipc_get_end(body) || message->count != 1)
		return broken();
	if (!may(session, IPC_HOLDER_STORE, entry.name))
		return EPERM;
	old = ipc_table_find(session->table, entry.name);
	if ((!replaces || !old || !is_own(session, old)) && room(session, 1))
		return errno;
	if (old && !replaces)
		return EBUSY;
	held = take(session, &entry, &message->fds[0]);
	if (!held)
		return errno;
	ipc_table_put(session->table, held);
	return 0;
}

/* Requests that name what they are about. */
static int named(struct ipc_holder_session *session, unsigned what, struct ipc_cursor *body)
{
	int deletes = what == IPC_HOLDER_DELETE;
	int and_delete = what == IPC_HOLDER_RETRIEVE && ipc_get_byte(body);
	const char *name = ipc_get_name(body);
	struct ipc_held *held;

	if (!ipc_get_end(body) || !*name)
		return broken();
	if ((!deletes && !may(session, IPC_HOLDER_RETRIEVE, name)) ||
	    ((deletes || and_delete) && !may(session, IPC_HOLDER_STORE, name)))
		return EPERM;
	if (what == IPC_HOLDER_FAMILY)
		return send_all(session, name, SHORT_ENTRY, 1);
	held = ipc_table_find(session->table, name);
	if (!held || held->leaving)
		return ENOENT;
	if (deletes) {
		ipc_table_drop(session->table, held);
		return 0;
	}
	if (ipc_message_send(session->messages, "", 1, &held->entry.fd, 1))
		return errno == EPIPE ? -1 : errno;
	if (and_delete) {
		held->leaving = session;
		session->leaving = 1;
		session->table->leaving++;
	}
	return SENT;
}

static int list(struct ipc_holder_session *session)
{
	struct ipc_holder_table *table = session->table;
	unsigned char *data;
	char *to;
	unsigned count = 0;
	int failed;

	ipc_table_settle(table);
	data = calloc(table->count + 1, IPC_HOLDER_NAME_MAX + 1);
	if (!data)
		return ENOMEM;
	to = (char *)data + 5;
	for (unsigned i = 0; i < table->count; i++) {
		if (table->heap[i]->leaving)
			continue;
		to = stpcpy(to, table->heap[i]->name) + 1;
		count++;
	}
	ipc_put_u32(data + 1, count);
	failed = ipc_message_send(session->messages, data, to - (char *)data, NULL, 0);
	free(data);
	return failed ? -1 : SENT;
}

static int announce(struct ipc_holder_session *session, struct ipc_cursor *body)
{
	struct loading *loading = &session->loading;
	unsigned total = ipc_get_u32(body);
	unsigned char reply[5] = { 0 };

	if (!ipc_get_end(body))
		return broken();
	if (!(session->rights.flags & IPC_HOLDER_MAY_SETDUMP))
		return EPERM;
	if (room(session, total))
		return errno;
	if (total) {
		loading->held = calloc(total, sizeof *loading->held);
		if (!loading->held || ipc_table_charge(session->table, session->peer.uid, total)) {
			free(loading->held);
			loading->held = NULL;
			return ENOMEM;
		}
		loading->total = total;
		session->table->reserved += total;
	}
	ipc_put_u32(reply + 1, total / CHUNK + !!(total % CHUNK));
	return ipc_message_send(session->messages, reply, sizeof reply, NULL, 0) ? -1 : SENT;
}

static int data(struct ipc_holder_session *session, struct ipc_cursor *body,
		struct ipc_message *message)
{
	struct loading *loading = &session->loading;
	struct ipc_holder_entry entry;

	if (!message->count || message->count > loading->total - loading->count)
		return broken();
	for (unsigned i = 0; i < message->count; i++) {
		ipc_get_entry(body, SHORT_ENTRY, &entry);
		if (body->bad)
			return broken();
		loading->held[loading->count] = take(session, &entry, &message->fds[i]);
		if (!loading->held[loading->count])
			return -1;
		loading->count++;
		session->table->reserved--;
		ipc_table_discharge(session->table, session->peer.uid, 1);
	}
	if (!ipc_get_end(body))
		return broken();
	if (loading->count < loading->total)
		return EAGAIN;
	/* all of it is here: from now on it is in the table, and nothing can fail */
	for (unsigned i = 0; i < loading->count; i++)
		ipc_table_put(session->table, loading->held[i]);
	loading->count = loading->total = 0;
	loading_end(session);
	return 0;
}

/* Requests without a body. */
static int simple(struct ipc_holder_session *session, unsigned what)
{
	int is_long = what == IPC_HOLDER_LONG_LIST, lists = is_long || what == IPC_HOLDER_LIST;
	int takes_over = what == IPC_HOLDER_TAKEOVER;

	if (what == IPC_HOLDER_DONE && session->table->successor == session) {
		session->table->gone = 1;
		return 0;
	}
	if (!lists && !takes_over && what != IPC_HOLDER_GETDUMP)
		return broken();
	if (!(session->rights.flags & (lists ? IPC_HOLDER_MAY_LIST :
				       takes_over ? IPC_HOLDER_MAY_TAKEOVER : IPC_HOLDER_MAY_GETDUMP)))
		return EPERM;
	if (what == IPC_HOLDER_LIST)
		return list(session);
	if (takes_over)
		session->table->successor = session;
	return send_all(session, NULL, is_long || takes_over ? LONG_ENTRY : SHORT_ENTRY, !lists);
}

static int act(struct ipc_holder_session *session, struct ipc_message *message)
{
	struct ipc_cursor body = { (const unsigned char *)message->data, message->length, 0 };
	unsigned what = ipc_get_byte(&body);
	int loads = session->loading.total != 0;

	if (body.bad || loads != (what == IPC_HOLDER_DATA))
		return broken();
	if (loads)
		return data(session, &body, message);
	if (what == IPC_HOLDER_STORE || what == IPC_HOLDER_REPLACE)
		return store(session, what == IPC_HOLDER_REPLACE, &body, message);
	if (message->count)
		return broken();
	if (what == IPC_HOLDER_DELETE || what == IPC_HOLDER_RETRIEVE || what == IPC_HOLDER_FAMILY)
		return named(session, what, &body);
	if (what == IPC_HOLDER_SETDUMP)
		return announce(session, &body);
	return body.left ? broken() : simple(session, what);
}

int ipc_holder_session_dispatch(struct ipc_holder_session *session)
{
	struct ipc_message message;
	int failed = 0;

	ipc_table_settle(session->table);
	for (int turn = 0; !failed && turn < TURNS && !is_waiting(session); turn++) {
		failed = ipc_messages_dispatch(session->messages);
		session->lost |= failed && ipc_messages_reset(session->messages);
		if (failed || unsent(session))
			break;
		if (session->sending.held) {
			failed = send_chunk(session);
		} else if (ipc_message_receive(session->messages, &message)) {
			failed = answer(session, act(session, &message));
			/* whether it read the answers before is not known any more */
			session->lost |= failed;
		} else {
			break;
		}
	}
	return failed;
}
