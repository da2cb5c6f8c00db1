/* SPDX-License-Identifier: ISC */
/* safe binding: what is there is judged rightly, and a failure leaves nothing */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "unit.h"

static int listen_as(const char *name, int type, unsigned flags)
{
	return ipc_listen(name, &(struct ipc_listen){ .type = type, .flags = flags });
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	return st.st_mode & 07777;
}

/* Everything that went before must have left DIRECTORY's entries and our descriptors alone. */
static int entries, fds;

static void remember(void)
{
	entries = count_entries(".");
	fds = count_fds();
}

static void assert_nothing_left(void)
{
	assert_int_equal(count_entries("."), entries);
	assert_int_equal(count_fds(), fds);
}

static void simple(void **state)
{
	int fd = listen_as("s", 0, 0), value, client;
	socklen_t length = sizeof value;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length);
	assert_int_equal(value, SOCK_STREAM);
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length);
	assert_int_equal(value, 1);
	assert_int_equal(count_entries("."), 1); /* no lock file */
	client = ipc_connect("s", NULL);
	assert_true(client >= 0);
	close(client);
	close(fd);
	fd = listen_as("blocking", SOCK_SEQPACKET, IPC_LISTEN_BLOCKING);
	assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	fd = ipc_listen("bound", &(struct ipc_listen){ .backlog = -1 });
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length);
	assert_int_equal(value, 0);
	close(fd);
}

static void modes(void **state)
{
	struct ipc_listen how = { .mode = 0640, .flags = IPC_LISTEN_MODE };
	mode_t mask = umask(027);
	int fd;

	(void)state;
	close(listen_as("default", 0, 0));
	assert_int_equal(mode_of("default"), 0777);
	close(ipc_listen("s", &how));
	assert_int_equal(mode_of("s"), 0640);
	how.mode = 0;
	fd = ipc_listen("none", &how);
	assert_int_equal(mode_of("none"), 0);
	how.flags |= IPC_LISTEN_TAKEOVER;
	how.mode = 07604; /* only permission bits count */
	close(ipc_listen("none", &how));
	assert_int_equal(mode_of("none"), 0604);
	close(fd);
	assert_int_equal(umask(mask), 027);
}

static void owners(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct ipc_listen how = { .flags = IPC_LISTEN_OWNER | IPC_LISTEN_MODE, .mode = 0600,
				  .uid = 1000, .gid = -1 };
	struct stat st;

	(void)state;
	if (geteuid())
		skip();
	for (int i = 0; i < 3; i++) {
		how.type = types[i];
		close(ipc_listen("s", &how)); /* the second replaces the first, which is dead */
		assert_int_equal(lstat("s", &st), 0);
		assert_int_equal(st.st_uid, 1000);
		assert_int_equal(st.st_gid, getegid());
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(count_entries("."), 1);
	}
	how.gid = 7;
	how.uid = -1;
	close(ipc_listen("group", &how));
	assert_int_equal(lstat("group", &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 7);
}

static void other_files(void **state)
{
	static const unsigned flags[] = { 0, IPC_LISTEN_TAKEOVER };
	struct stat before, after;

	(void)state;
	close(open("file", O_CREAT | O_WRONLY, 0600));
	mkdir("directory", 0700);
	assert_int_equal(symlink("file", "link"), 0);
	mkfifo("fifo", 0600);
	assert_int_equal(lstat("file", &before), 0);
	remember();
	for (int i = 0; i < 2; i++) {
		assert_fails(listen_as("file", 0, flags[i]), ENOTSOCK);
		assert_fails(listen_as("directory", 0, flags[i]), ENOTSOCK);
		assert_fails(listen_as("link", 0, flags[i]), ENOTSOCK);
		assert_fails(listen_as("fifo", 0, flags[i]), ENOTSOCK);
	}
	assert_nothing_left();
	assert_int_equal(lstat("file", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void live_servers(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct stat before, after;

	(void)state;
	for (int listening = 0; listening < 2; listening++) {
		for (int i = 0; i < 3; i++) {
			struct ipc_listen how = { .type = types[i], .backlog = listening - 1 };
			int fd = ipc_listen("s", &how);

			assert_true(fd >= 0);
			assert_int_equal(lstat("s", &before), 0);
			remember();
			for (int j = 0; j < 3; j++)
				assert_fails(listen_as("s", types[j], 0), EADDRINUSE);
			assert_fails(listen_as("s", 0, IPC_LISTEN_EXCLUSIVE), EADDRINUSE);
			assert_nothing_left();
			assert_int_equal(lstat("s", &after), 0);
			assert_int_equal(before.st_ino, after.st_ino);
			/* and the server has noticed nothing */
			assert_fails(recv(fd, &(char){ 0 }, 1, MSG_DONTWAIT),
				     types[i] == SOCK_DGRAM ? EAGAIN : types[i] == SOCK_STREAM ?
				     EINVAL : ENOTCONN);
			close(fd);
		}
	}
}

/* A datagram server that talks to one peer alone is alive for everybody. */
static void connected_datagrams(void **state)
{
	int one = listen_as("one", SOCK_DGRAM, 0), other = listen_as("other", SOCK_DGRAM, 0), fd;

	(void)state;
	fd = ipc_connect("other", &(struct ipc_connect){ .type = SOCK_DGRAM, .bind = "mine" });
	assert_true(fd >= 0);
	assert_fails(listen_as("mine", SOCK_DGRAM, 0), EADDRINUSE);
	close(fd);
	close(one);
	close(other);
}

static void dead_servers(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct stat before, after;

	(void)state;
	for (int i = 0; i < 9; i++) {
		close(listen_as("s", types[i / 3], 0));
		assert_int_equal(lstat("s", &before), 0);
		remember();
		assert_fails(listen_as("s", 0, IPC_LISTEN_EXCLUSIVE), EADDRINUSE);
		close(listen_as("s", types[i % 3], 0));
		assert_nothing_left();
		assert_int_equal(lstat("s", &after), 0);
		assert_true(before.st_ino != after.st_ino ||
			    before.st_ctim.tv_nsec != after.st_ctim.tv_nsec);
	}
}

static void takes_over(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

	(void)state;
	for (int i = 0; i < 3; i++) {
		int old = listen_as("s", types[i], 0), new, client, accepted;
		char byte = 'x';

		new = listen_as("s", types[i], IPC_LISTEN_TAKEOVER);
		assert_true(new >= 0);
		assert_int_equal(count_entries("."), 1);
		client = ipc_connect("s", &(struct ipc_connect){ .type = types[i] });
		assert_true(client >= 0);
		if (types[i] == SOCK_DGRAM) {
			assert_int_equal(send(client, &byte, 1, 0), 1);
			assert_int_equal(recv(new, &byte, 1, 0), 1);
			assert_fails(recv(old, &byte, 1, 0), EAGAIN);
		} else {
			assert_fails(ipc_accept(old, NULL, NULL), EAGAIN);
			accepted = ipc_accept(new, NULL, NULL);
			assert_true(accepted >= 0);
			close(accepted);
		}
		close(client);
		close(old);
		close(new);
	}
	/* somebody else's left-overs are not ours to delete */
	for (int fd = 3; fd < 20; fd++) {
		char name[32];

		snprintf(name, sizeof name, ".ipc-%d-%d-0", getpid(), fd);
		close(open(name, O_CREAT, 0600));
	}
	remember();
	close(listen_as("s", 0, IPC_LISTEN_TAKEOVER));
	assert_nothing_left();
}

static atomic_int done, failures, successes;

static void *hammer(void *data)
{
	(void)data;
	while (!done) {
		int fd = ipc_connect("s", NULL);

		fd < 0 ? failures++ : successes++;
		close(fd);
	}
	return NULL;
}

static void no_gap(void **state)
{
	int fd = listen_as("s", 0, 0), next;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, hammer, NULL);
	for (int i = 0; i < 300; i++) {
		next = listen_as("s", 0, IPC_LISTEN_TAKEOVER);
		assert_true(next >= 0);
		/* one connect may have found the old socket before; the next has not */
		for (int target = successes + 2; successes < target && !failures;)
			usleep(100);
		close(fd);
		fd = next;
	}
	done = 1;
	pthread_join(thread, NULL);
	assert_int_equal(failures, 0);
	assert_true(successes >= 300);
	assert_int_equal(count_entries("."), 1);
	close(fd);
}

static void long_names(void **state)
{
	static const char *const flags[] = { "free", "dead", "alive", "taken over" };
	char path[800] = "", base[108];
	int old = -1, fd;

	(void)state;
	for (int i = 0; i < 3; i++) {
		memset(path + strlen(path), 'd', 220);
		assert_int_equal(mkdir(path, 0755), 0);
		strcat(path, "/");
	}
	strcat(path, "s");
	memset(base, 'b', 107); /* short enough, but not behind /proc/self/fd/N/ */
	base[107] = 0;
	for (int i = 0; i < 2; i++) {
		const char *name = i ? base : path;

		for (size_t j = 0; j < sizeof flags / sizeof *flags; j++) {
			fd = listen_as(name, 0, j == 3 ? IPC_LISTEN_TAKEOVER : 0);
			if (j == 2) {
				assert_int_equal(errno, EADDRINUSE);
				assert_int_equal(fd, -1);
				continue;
			}
			if (fd < 0)
				fail_msg("%s: %s", flags[j], strerror(errno));
			close(ipc_connect(name, NULL));
			if (j == 1)
				old = fd;
			else
				close(fd);
		}
		close(old);
		assert_int_equal(ipc_connect(name, NULL), -1);
	}
	remember();
	base[106] = '/';
	assert_fails(listen_as(base, 0, 0), EISDIR);
	path[0] = 'e';
	assert_fails(listen_as(path, 0, 0), ENOENT);
	memset(path, 'b', 300);
	path[300] = 0;
	assert_int_equal(listen_as(path, 0, 0), -1);
	assert_nothing_left();
}

static void abstract(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof name, "@unit-%d", getpid());
	remember();
	fd = listen_as(name, 0, 0);
	assert_true(fd >= 0);
	assert_fails(listen_as(name, 0, 0), EADDRINUSE);
	assert_fails(listen_as(name, 0, IPC_LISTEN_TAKEOVER), EADDRINUSE);
	close(ipc_connect(name, NULL));
	close(fd);
	close(listen_as(name, 0, 0));
	assert_fails(listen_as("@", 0, 0), EINVAL);
	assert_nothing_left();
	fd = listen_as("./@file", 0, 0);
	assert_int_equal(mode_of("@file"), 0777);
	close(fd);
}

static void failures_leave_nothing(void **state)
{
	struct ipc_listen how = { .flags = IPC_LISTEN_OWNER, .uid = 1, .gid = 1 };
	int old;

	(void)state;
	old = listen_as("old", 0, 0);
	assert_int_equal(mkdir("readonly", 0755), 0);
	remember();
	assert_fails(listen_as("", 0, 0), EINVAL);
	assert_fails(listen_as("missing/s", 0, 0), ENOENT);
	assert_fails(listen_as("old/s", 0, 0), ENOTDIR);
	assert_fails(listen_as("readonly/", 0, 0), EISDIR);
	assert_int_equal(listen_as("s", 99, 0), -1);
	assert_nothing_left();
	if (!geteuid()) { /* a chown that is refused comes after the bind */
		assert_int_equal(chmod(".", 0777), 0);
		assert_int_equal(seteuid(65534), 0);
		for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
			how.type = type;
			how.flags = IPC_LISTEN_OWNER;
			assert_fails(ipc_listen("s", &how), EPERM);
			how.flags |= IPC_LISTEN_TAKEOVER;
			assert_fails(ipc_listen("old", &how), EPERM);
		}
		assert_fails(listen_as("readonly/s", 0, 0), EACCES);
		assert_int_equal(seteuid(0), 0);
	}
	assert_nothing_left();
	assert_int_equal(mode_of("old"), 0777);
	close(old);
}

/* A link counts as what it leads to, and what is replaced is the link. */
static void links(void **state)
{
	int live = listen_as("live", 0, 0);
	struct stat st;

	(void)state;
	close(listen_as("dead", 0, 0));
	close(open("file", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(symlink("live", "to-live") | symlink("dead", "to-dead") |
			 symlink("file", "to-file") | symlink("nothing", "to-nothing") |
			 symlink("to-itself", "to-itself"), 0);
	remember();
	assert_fails(listen_as("to-live", 0, 0), EADDRINUSE);
	assert_fails(listen_as("to-file", 0, IPC_LISTEN_TAKEOVER), ENOTSOCK);
	assert_fails(listen_as("to-dead", 0, IPC_LISTEN_EXCLUSIVE), EADDRINUSE);
	close(listen_as("to-dead", 0, 0));
	close(listen_as("to-nothing", 0, 0));
	close(listen_as("to-itself", 0, 0));
	close(listen_as("to-live", 0, IPC_LISTEN_TAKEOVER));
	assert_int_equal(mode_of("to-dead"), mode_of("dead"));
	assert_int_equal(mode_of("to-nothing"), mode_of("to-itself"));
	assert_int_equal(mode_of("to-live"), mode_of("live"));
	assert_int_equal(lstat("to-file", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_nothing_left();
	close(live);
}

/* In a root without /proc short names work as ever, and a live socket is not taken for dead. */
static void without_proc(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	pid = fork();
	if (!pid) {
		int fd, fine = !chroot(".") && !chdir("/") && access("/proc", F_OK);

		close(listen_as("/s", 0, 0));
		fd = listen_as("/s", 0, 0);
		fine = fine && fd >= 0 && ipc_connect("/s", NULL) >= 0;
		fine = fine && listen_as("/s", 0, 0) < 0 && errno == EADDRINUSE;
		fine = fine && listen_as("/s", 0, IPC_LISTEN_TAKEOVER) < 0 && errno == ENOENT;
		fine = fine && ipc_connect("/s", NULL) >= 0 && count_entries("/") == 1;
		_exit(!fine);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Whoever holds the directory's lock delays a binder and cannot stop it. */
static void locked(void **state)
{
	int lock = open(".", O_RDONLY | O_DIRECTORY), fd;

	(void)state;
	assert_int_equal(flock(lock, LOCK_EX), 0);
	fd = listen_as("s", 0, 0);
	assert_true(fd >= 0);
	close(fd);
	close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(simple), TEST(modes), TEST(owners), TEST(other_files), TEST(live_servers),
		TEST(connected_datagrams), TEST(dead_servers), TEST(takes_over), TEST(no_gap),
		TEST(long_names), TEST(abstract), TEST(failures_leave_nothing), TEST(without_proc), TEST(locked),
		TEST(links),
	};

	return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
