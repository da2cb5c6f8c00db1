/* SPDX-License-Identifier: ISC */
/* both halves of the holder's protocol, against each other and against raw bytes */
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "ipc/holder.h"
#include "text.h"
#include "unit.h"

struct world {
	struct ipc_holder_table *table;
	struct ipc_holder_session *session;
	struct ipc_holder *client;
	int here, there;	/* ends of the connection: the client's, the holder's */
	const char *denied;	/* a name that nobody may store */
	int fulls;		/* stores for which there was no room */
};

static int may(void *data, enum ipc_holder_request what, const char *name)
{
	const struct world *w = data;

	return what != IPC_HOLDER_STORE || !w->denied || strcmp(name, w->denied);
}

static void connect_with(struct world *w, const struct ipc_peer *peer,
			 const struct ipc_holder_rights *rights)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	w->here = pair[0];
	w->there = pair[1];
	w->session = ipc_holder_session_open(w->table, w->there, peer, rights);
	w->client = ipc_holder_open(w->here);
	assert_non_null(w->session);
	assert_non_null(w->client);
}

static void connect_to(struct world *w, unsigned flags)
{
	struct ipc_holder_rights rights = { .flags = flags, .may = may, .data = w };
	struct ipc_peer peer = { .pid = 7, .uid = 8, .gid = 9 };

	connect_with(w, &peer, &rights);
}

static void hang_up(struct world *w)
{
	ipc_holder_close(w->client);
	close(w->here);
	ipc_holder_session_close(w->session);
	close(w->there);
}

static void open_world(struct world *w, unsigned max)
{
	*w = (struct world){ .table = ipc_holder_table_open(max) };
	assert_non_null(w->table);
	connect_to(w, -1);
}

static void close_world(struct world *w)
{
	hang_up(w);
	ipc_holder_table_close(w->table);
}

/* The next reply, both halves taking turns. */
static struct ipc_holder_reply next(struct world *w)
{
	struct ipc_holder_reply reply;
	int got;

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(ipc_holder_session_dispatch(w->session), 0);
		assert_int_equal(ipc_holder_dispatch(w->client), 0);
		got = ipc_holder_receive(w->client, &reply);
		assert_true(got >= 0);
		if (got)
			return reply;
	}
	fail_msg("no reply");
	return reply;
}

static int ask(struct world *w, enum ipc_holder_request request, const char *name, int fd)
{
	struct ipc_instant never = ipc_instant_in(-1);

	assert_int_equal(ipc_holder_ask(w->client, request, name, fd, &never), 0);
	return next(w).error;
}

static void test_instants(void **state)
{
	struct ipc_instant soon = ipc_instant_in(1500), now = ipc_instant_in(0), again;
	char text[IPC_INSTANT_TEXT];

	(void)state;
	assert_true(ipc_instant_compare(&now, &soon) < 0);
	assert_true(ipc_instant_seconds(&now) - time(NULL) <= 1);
	assert_false(ipc_instant_forever(&soon));
	now = ipc_instant_in(-1);
	assert_true(ipc_instant_forever(&now));
	ipc_instant_text(&soon, text);
	assert_int_equal(strlen(text), 25);
	assert_int_equal(ipc_instant_parse(text, &again), 0);
	assert_int_equal(ipc_instant_compare(&soon, &again), 0);
	soon = (struct ipc_instant){ 0x400000006553f125, 5 };
	assert_string_equal(ipc_instant_text(&soon, text), "@400000006553f12500000005");
	assert_int_equal(ipc_instant_seconds(&soon), 1700000000);
	assert_int_equal(ipc_instant_parse("@400000006553F12500000005", &again), 0);
	assert_int_equal(ipc_instant_parse("@400000006553f1250000000", &again), -1);
	assert_int_equal(ipc_instant_parse("@400000006553f1250000000g", &again), -1);
	assert_int_equal(ipc_instant_parse("", &again), -1);
}

static void test_bytes(void **state)
{
	static const unsigned char store[] = { 0, 0, 0, 0x12, 0, 1, 'S', 0x40, 0, 0, 0, 0x65, 0x53,
		0xf1, 0x25, 0, 0, 0, 5, 3, 'f', 'o', 'o', 0 };
	static const unsigned char retrieve[] = { 0, 0, 0, 7, 0, 0, 'R', 0, 3, 'f', 'o', 'o', 0 };
	struct ipc_instant limit = { 0x400000006553f125, 5 };
	unsigned char got[64];
	struct world w;
	int fds[1];
	size_t count = 1;

	(void)state;
	open_world(&w, 1);
	ipc_holder_ask(w.client, IPC_HOLDER_STORE, "foo", 0, &limit);
	assert_int_equal(ipc_fds_receive(w.there, got, sizeof got, fds, &count), sizeof store);
	assert_memory_equal(got, store, sizeof store);
	assert_int_equal(count, 1);
	close(fds[0]);
	ipc_holder_ask(w.client, IPC_HOLDER_RETRIEVE, "foo", -1, NULL);
	assert_int_equal(read(w.there, got, sizeof got), sizeof retrieve);
	assert_memory_equal(got, retrieve, sizeof retrieve);
	close_world(&w);
}

static void test_each_request(void **state)
{
	struct ipc_holder_reply reply;
	struct world w;
	int pipes[2];
	char byte;

	(void)state;
	open_world(&w, 2);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "a", pipes[0]), 0);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "a", 0), EBUSY);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "b", 0), 0);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "c", 0), ENFILE);
	assert_int_equal(ask(&w, IPC_HOLDER_DELETE, "b", -1), 0);
	assert_int_equal(ask(&w, IPC_HOLDER_DELETE, "b", -1), ENOENT);
	w.denied = "b";
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "b", 0), EPERM);
	assert_int_equal(ask(&w, IPC_HOLDER_DELETE, "b", -1), EPERM);
	ipc_holder_ask(w.client, IPC_HOLDER_RETRIEVE, "a", -1, NULL);
	reply = next(&w);
	assert_int_equal(reply.count, 1);
	assert_int_equal(read(reply.entries[0].fd, &byte, 1), 1);
	assert_int_equal(fcntl(reply.entries[0].fd, F_GETFD), FD_CLOEXEC);
	ipc_holder_ask(w.client, IPC_HOLDER_LIST, NULL, -1, NULL);
	reply = next(&w);
	assert_int_equal(reply.count, 1);
	assert_string_equal(reply.entries[0].name, "a");
	ipc_holder_ask(w.client, IPC_HOLDER_LONG_LIST, NULL, -1, NULL);
	assert_int_equal(next(&w).more, 1);
	reply = next(&w);
	assert_int_equal(reply.count, 1);
	assert_string_equal(reply.entries[0].kind, "fifo");
	assert_int_equal(reply.entries[0].owner.uid, 8);
	assert_int_equal(reply.entries[0].fd, -1);
	close(pipes[0]);
	close(pipes[1]);
	close_world(&w);
}

static void test_rights(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 2);
	hang_up(&w);
	connect_to(&w, 0);
	assert_int_equal(ask(&w, IPC_HOLDER_LIST, NULL, -1), EPERM);
	assert_int_equal(ask(&w, IPC_HOLDER_LONG_LIST, NULL, -1), EPERM);
	assert_int_equal(ask(&w, IPC_HOLDER_GETDUMP, NULL, -1), EPERM);
	assert_int_equal(ask(&w, IPC_HOLDER_TAKEOVER, NULL, -1), EPERM);
	assert_int_equal(ipc_holder_announce(w.client, 1), 0);
	assert_int_equal(next(&w).error, EPERM);
	close_world(&w);
}

static void test_dumps(void **state)
{
	enum { COUNT = 600 };
	struct ipc_holder_entry *entries = calloc(COUNT, sizeof *entries);
	char (*names)[16] = calloc(COUNT, sizeof *names);
	struct ipc_holder_reply reply;
	struct world w;
	unsigned total = 0;

	(void)state;
	open_world(&w, COUNT);
	for (int i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof *names, "%d", i);
		entries[i].name = names[i];
		entries[i].limit = ipc_instant_in(-1);
	}
	assert_int_equal(ipc_holder_announce(w.client, COUNT + 1), 0);
	assert_int_equal(next(&w).error, ENFILE);
	assert_int_equal(ipc_holder_announce(w.client, COUNT), 0);
	assert_int_equal(next(&w).total, 3);
	assert_int_equal(ipc_holder_load(w.client, entries, 253), 0);
	assert_int_equal(next(&w).error, EAGAIN);
	assert_int_equal(ipc_holder_table_count(w.table), 0);
	assert_int_equal(ipc_holder_load(w.client, entries + 253, COUNT - 253), 0);
	assert_int_equal(next(&w).error, EAGAIN);
	assert_int_equal(next(&w).error, 0);
	assert_int_equal(ipc_holder_table_count(w.table), COUNT);

	/* a dump is what was there when it was asked for */
	ipc_holder_ask(w.client, IPC_HOLDER_GETDUMP, NULL, -1, NULL);
	reply = next(&w);
	assert_int_equal(reply.total, COUNT);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(ipc_holder_table_remove(w.table, names[i]), 0);
	while (reply.more) {
		reply = next(&w);
		for (unsigned i = 0; i < reply.count; i++, total++)
			assert_true(fcntl(reply.entries[i].fd, F_GETFD) >= 0);
	}
	assert_int_equal(total, COUNT);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "again", 0), 0);
	close_world(&w);
	free(entries);
	free(names);
}

static int see(void *data, const struct ipc_holder_entry *entry)
{
	strcat(data, entry->name);
	return 0;
}

static void add(struct ipc_holder_table *table, const char *name, int ms, unsigned flags, int fd)
{
	struct ipc_holder_entry entry = { name, fd, ipc_instant_in(ms), .flags = flags };

	assert_int_equal(ipc_holder_table_add(table, &entry), 0);
}

static void test_expiry_and_hangup(void **state)
{
	struct ipc_holder_table *table = ipc_holder_table_open(8);
	struct pollfd poller = { .events = POLLIN };
	struct ipc_instant when;
	char names[20] = "";
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	add(table, "c", 100000, 0, 0);
	add(table, "a", 0, 0, 0);
	add(table, "b", -1, IPC_HOLDER_WATCHED, pair[0]);
	add(table, "d", -1, 0, pair[0]);
	assert_int_equal(ipc_holder_table_sweep(table, &when), 1);
	assert_int_equal(ipc_holder_table_count(table), 3);
	close(pair[1]);
	poller.fd = ipc_holder_table_fd(table);
	assert_int_equal(poll(&poller, 1, 30000), 1);
	assert_int_equal(ipc_holder_table_sweep(table, &when), 1);
	ipc_holder_table_walk(table, see, names);
	assert_string_equal(names, "cd");
	assert_int_equal(ipc_holder_table_remove(table, "c"), 0);
	assert_int_equal(ipc_holder_table_remove(table, "c"), -1);
	ipc_holder_table_close(table);
	close(pair[0]);
}

static void test_many_equal_instants(void **state)
{
	struct ipc_holder_table *table = ipc_holder_table_open(1000);
	struct ipc_holder_entry entry = { .fd = 0, .limit = ipc_instant_in(1000000) };
	struct ipc_instant when;
	unsigned seed = 1, count;
	char name[16];

	(void)state;
	entry.name = name;
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "%d", rand_r(&seed) % 900);
		entry.limit.nanoseconds = rand_r(&seed) % 3;
		if (ipc_holder_table_add(table, &entry))
			assert_int_equal(ipc_holder_table_remove(table, name), 0);
	}
	for (int i = 0; i < 900; i++) {
		count = ipc_holder_table_count(table);
		snprintf(name, sizeof name, "%d", i);
		if (!ipc_holder_table_remove(table, name))
			assert_int_equal(ipc_holder_table_count(table), count - 1);
	}
	assert_int_equal(ipc_holder_table_sweep(table, &when), 0);
	ipc_holder_table_close(table);
}

static void test_save_and_restore(void **state)
{
	struct ipc_holder_table *table = ipc_holder_table_open(4), *again;
	char names[20] = "";
	int fd, keep = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	add(table, "x", -1, 0, keep);
	add(table, "y", 5000, IPC_HOLDER_WATCHED, keep);
	fd = ipc_holder_table_save(table);
	assert_true(fd >= 0);
	ipc_holder_table_inherit(table, 1);
	ipc_holder_table_inherit(table, 0);
	/* in this process, the descriptors now have two owners: the second closes nothing open */
	again = ipc_holder_table_restore(fd, 1);
	assert_non_null(again);
	ipc_holder_table_walk(again, see, names);
	assert_string_equal(names, "yx");
	ipc_holder_table_close(table);
	ipc_holder_table_close(again);
	assert_null(ipc_holder_table_restore(keep, 1));
	close(fd);
	close(keep);
}

static void test_takeover(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 4);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "a", 0), 0);
	ipc_holder_ask(w.client, IPC_HOLDER_TAKEOVER, NULL, -1, NULL);
	assert_int_equal(next(&w).more, 1);
	assert_string_equal(next(&w).entries[0].name, "a");
	assert_int_equal(ipc_holder_table_fd(w.table), -1);
	assert_int_equal(ipc_holder_table_gone(w.table), 0);
	hang_up(&w);
	assert_true(ipc_holder_table_fd(w.table) >= 0);
	connect_to(&w, -1);
	ipc_holder_ask(w.client, IPC_HOLDER_TAKEOVER, NULL, -1, NULL);
	next(&w);
	next(&w);
	assert_int_equal(ask(&w, IPC_HOLDER_DONE, NULL, -1), 0);
	assert_int_equal(ipc_holder_table_gone(w.table), 1);
	close_world(&w);
}

static int tell(struct ipc_holder_table *table, const char *text, const int *fds, size_t count)
{
	struct world none = { .denied = "denied" };
	struct ipc_holder_rights rights = { .may = may, .data = &none };
	struct ipc_peer peer = { .uid = 1 };

	return ipc_holder_notify(table, text, strlen(text), fds, count, &peer, &rights);
}

static void test_notify(void **state)
{
	struct ipc_holder_table *table = ipc_holder_table_open(8);
	int fds[2] = { open("/dev/null", O_RDONLY), open("/dev/zero", O_RDONLY) };
	char names[40] = "";

	(void)state;
	assert_int_equal(tell(table, "READY=1", fds, 2), 0);
	assert_int_equal(tell(table, "FDSTORE=1\nFDNAME=n", fds, 2), 2);
	assert_int_equal(tell(table, "FDSTORE=1\nFDNAME=n\n", fds, 2), 0);
	assert_int_equal(tell(table, "FDSTORE=1", fds, 1), 1);
	ipc_holder_table_walk(table, see, names);
	assert_non_null(strstr(names, "n:1"));
	assert_non_null(strstr(names, "stored"));
	assert_int_equal(tell(table, "FDSTOREREMOVE=1\nFDNAME=n", NULL, 0), 2);
	assert_int_equal(tell(table, "FDNAME=denied\nFDSTORE=1", fds, 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(tell(table, "FDNAME=a:b\nFDSTORE=1", fds, 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(tell(table, "FDNAME=\nFDSTORE=1", fds, 1), -1);
	assert_int_equal(tell(table, "", fds, 1), 0);
	assert_int_equal(ipc_holder_table_count(table), 1);
	ipc_holder_table_close(table);
	close(fds[0]);
	close(fds[1]);
}

static void count_full(void *data, int error)
{
	((struct world *)data)->fulls += error == EDQUOT ? 1 : 100;
}

/* A user counts as long as anything of his is open, whatever session keeps it. */
static void test_quota(void **state)
{
	struct ipc_holder_entry entry = { .name = "b", .limit = ipc_instant_in(-1) };
	struct ipc_holder_rights rights = { .flags = -1, .quota = 2, .kept = 5, .may = may,
					    .full = count_full };
	struct ipc_peer peer = { .uid = 8 };
	struct world w, other;

	(void)state;
	open_world(&w, 8);
	hang_up(&w);
	rights.data = &w;
	connect_with(&w, &peer, &rights);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "a", 0), 0);
	ipc_holder_announce(w.client, 2);
	assert_int_equal(next(&w).error, IPC_HOLDER_OVER_QUOTA);
	ipc_holder_announce(w.client, -1);
	assert_int_equal(next(&w).error, IPC_HOLDER_OVER_QUOTA);
	ipc_holder_announce(w.client, 1);
	assert_int_equal(next(&w).error, 0);
	/* announced is as good as stored, for another session too */
	other = w;
	connect_with(&other, &peer, &rights);
	assert_int_equal(ask(&other, IPC_HOLDER_STORE, "c", 0), IPC_HOLDER_OVER_QUOTA);
	ipc_holder_load(w.client, &entry, 1);
	assert_int_equal(next(&w).error, 0);
	/* deleted, but part of a list that is not read: still his */
	ipc_holder_ask(other.client, IPC_HOLDER_LONG_LIST, NULL, -1, NULL);
	while (send(other.there, "", 1, MSG_DONTWAIT) > 0)
		;
	ipc_holder_session_dispatch(other.session);
	assert_int_equal(ask(&w, IPC_HOLDER_DELETE, "a", -1), 0);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "a", 0), IPC_HOLDER_OVER_QUOTA);
	assert_int_equal(ask(&w, IPC_HOLDER_REPLACE, "b", 0), IPC_HOLDER_OVER_QUOTA);
	hang_up(&other);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "a", 0), 0);
	assert_int_equal(ask(&w, IPC_HOLDER_REPLACE, "a", 0), 0);
	assert_int_equal(ask(&w, IPC_HOLDER_REPLACE, "c", 0), IPC_HOLDER_OVER_QUOTA);
	assert_int_equal(w.fulls, 6);
	/* another user has his own, but not what is kept for others: 5 of 8 */
	hang_up(&w);
	peer.uid += 64;
	connect_with(&w, &peer, &rights);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "d", 0), 0);
	assert_int_equal(ask(&w, IPC_HOLDER_STORE, "e", 0), ENFILE);
	assert_int_equal(w.fulls, 106);
	add(w.table, "f", -1, 0, 0);
	close_world(&w);
}

/* The client against a holder that says what it likes. */
static void test_wrong_replies(void **state)
{
	static const struct {
		enum ipc_holder_request request;
		const char *reply;
		size_t length;
		int count;
	} all[] = {
		{ IPC_HOLDER_LIST, "", 0, 0 }, { IPC_HOLDER_LIST, "\1x", 2, 0 },
		{ IPC_HOLDER_LIST, "\0\0\0\0\1a", 6, 0 }, { IPC_HOLDER_LIST, "\0\0\0\0\2a", 7, 0 },
		{ IPC_HOLDER_LIST, "\0\377\377\377\377a", 7, 0 },
		{ IPC_HOLDER_LIST, "\0\0\0\0\0", 5, 1 },
		{ IPC_HOLDER_GETDUMP, "\0\0\0\0\1\0\0\0", 8, 0 },
		{ IPC_HOLDER_GETDUMP, "\0\0\0\0\1\0\0\0\0", 9, 0 },
		{ IPC_HOLDER_GETDUMP, "\0\0\0\0\2\0\0\0\1", 9, 0 },
		{ IPC_HOLDER_GETDUMP, "\0\0\0\0\1\0\0\0\1", 9, 1 },
		{ IPC_HOLDER_DELETE, "\0", 1, 1 }, { IPC_HOLDER_DELETE, "\0x", 2, 0 },
		{ IPC_HOLDER_RETRIEVE, "\0", 1, 0 }, { IPC_HOLDER_RETRIEVE, "\0", 1, 2 },
	};
	static const int fds[2];

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const char *name = all[i].request == IPC_HOLDER_DELETE ||
				   all[i].request == IPC_HOLDER_RETRIEVE ? "x" : NULL;
		struct ipc_holder_reply reply;
		struct ipc_messages *raw;
		struct world w;

		open_world(&w, 1);
		ipc_holder_ask(w.client, all[i].request, name, -1, NULL);
		raw = ipc_messages_open(w.there, NULL);
		assert_int_equal(ipc_message_send(raw, all[i].reply, all[i].length, fds,
						  all[i].count), 0);
		assert_int_equal(ipc_holder_wait(w.client, &reply, 30000), -1);
		assert_int_equal(errno, EPROTO);
		ipc_messages_close(raw);
		close_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_instants), TEST(test_bytes), TEST(test_each_request), TEST(test_rights),
		TEST(test_dumps), TEST(test_expiry_and_hangup), TEST(test_many_equal_instants),
		TEST(test_save_and_restore), TEST(test_takeover), TEST(test_notify),
		TEST(test_quota), TEST(test_wrong_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
