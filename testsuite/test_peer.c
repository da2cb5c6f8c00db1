/* SPDX-License-Identifier: ISC */
/* who is at the other end */
#include <grp.h>
#include <poll.h>
#include <sys/wait.h>

#include "unit.h"

static int listen_here(void)
{
	struct ipc_listen how = { 0 };
	int fd = ipc_listen("s", &how);

	assert_true(fd >= 0);
	return fd;
}

/* Connect in a child that RUN has changed; it lives until our end is closed. */
static pid_t connect_child(void (*run)(void))
{
	pid_t pid = fork();
	char byte;
	int fd;

	if (pid)
		return pid;
	if (run)
		run();
	fd = ipc_connect("s", NULL);
	_exit(fd < 0 || read(fd, &byte, 1) != 0);
}

static int accept_one(int listener, struct ipc_peer *peer, struct ipc_address *address)
{
	poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 30000);
	return ipc_accept(listener, peer, address);
}

static void reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void who(void **state)
{
	int before = count_fds(), listener = listen_here(), fd;
	pid_t pid = connect_child(NULL);
	struct ipc_address address;
	struct ipc_peer peer, again;
	char text[109];

	(void)state;
	fd = accept_one(listener, &peer, &address);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(peer.pid, pid);
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.gid, getegid());
	assert_string_equal(ipc_address_text(&address, text), "");
	assert_int_equal(ipc_peer(fd, &again), 0);
	assert_memory_equal(&peer, &again, sizeof peer);
	close(fd);
	reap(pid);
	assert_fails(ipc_accept(listener, &peer, NULL), EAGAIN);
	close(listener);
	assert_int_equal(count_fds(), before);
	assert_fails(ipc_peer(-1, &peer), EBADF);
	assert_fails(ipc_accept(-1, NULL, NULL), EBADF);
}

static void bound_peer(const char *name, const char *shown)
{
	int listener = listen_here(), client, fd;
	struct ipc_address address;
	char text[109];

	client = ipc_connect("s", &(struct ipc_connect){ .bind = name });
	assert_true(client >= 0);
	fd = accept_one(listener, NULL, &address);
	assert_string_equal(ipc_address_text(&address, text), shown);
	close(fd);
	close(client);
	close(listener);
}

static void names(void **state)
{
	char longest[109];

	(void)state;
	bound_peer("client", "client");
	bound_peer("@unit-peer", "@unit-peer");
	memset(longest, 'x', sizeof longest);
	longest[107] = 0;
	bound_peer(longest, longest);
}

static void as_other(void)
{
	gid_t groups[] = { 700, 5, 60000 };

	if (setgroups(3, groups) || setresgid(1001, 1001, 1001) || setresuid(1000, 1000, 1000))
		_exit(2);
}

static void without_groups(void)
{
	if (setgroups(0, NULL))
		_exit(2);
}

/* Old kernels do not, and an emulator tells some of them at best. */
static int kernel_tells_groups(void)
{
	gid_t groups[] = { 700, 5, 60000 }, got[3];
	socklen_t length = sizeof got;
	int status, pair[2];
	pid_t pid = fork();

	if (!pid)
		_exit(setgroups(3, groups) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
		      getsockopt(pair[0], SOL_SOCKET, SO_PEERGROUPS, got, &length) ||
		      length != sizeof got);
	return waitpid(pid, &status, 0) == pid && !status;
}

static void groups(void **state)
{
	int listener, fd, seen = 0;
	struct ipc_peer peer;
	gid_t gids[4];
	pid_t pid;

	(void)state;
	if (geteuid() || !kernel_tells_groups())
		skip();
	listener = listen_here();
	pid = connect_child(as_other);
	fd = accept_one(listener, &peer, NULL);
	assert_int_equal(peer.uid, 1000);
	assert_int_equal(peer.gid, 1001);
	assert_int_equal(ipc_peer_groups(fd, gids, 4), 3);
	for (int i = 0; i < 3; i++)
		seen |= gids[i] == 5 ? 1 : gids[i] == 700 ? 2 : gids[i] == 60000 ? 4 : 8;
	assert_int_equal(seen, 7);
	assert_int_equal(ipc_peer_groups(fd, gids, 3), 3);
	assert_fails(ipc_peer_groups(fd, gids, 2), ERANGE);
	assert_fails(ipc_peer_groups(fd, NULL, 0), ERANGE);
	close(fd);
	reap(pid);
	pid = connect_child(without_groups);
	fd = accept_one(listener, &peer, NULL);
	assert_int_equal(ipc_peer_groups(fd, gids, 0), 0);
	close(fd);
	reap(pid);
	close(listener);
}

/* What counts is who connected: not who holds the descriptor later. */
static void afterwards(void **state)
{
	int listener, fd;
	struct ipc_peer peer;
	pid_t pid;

	(void)state;
	if (geteuid())
		skip();
	listener = listen_here();
	pid = fork();
	if (!pid) {
		fd = ipc_connect("s", NULL);
		as_other();
		_exit(fd < 0 || read(fd, &(char){ 0 }, 1) != 0);
	}
	fd = accept_one(listener, &peer, NULL);
	assert_int_equal(peer.uid, 0);
	close(fd);
	reap(pid);
	close(listener);
}

static void process(void **state)
{
	int listener = listen_here(), fd, pidfd;
	pid_t pid = connect_child(NULL);

	(void)state;
	fd = accept_one(listener, NULL, NULL);
	pidfd = ipc_peer_pidfd(fd);
	if (pidfd < 0) {
		assert_int_equal(errno, ENOPROTOOPT);
	} else {
		assert_int_equal(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
		assert_int_equal(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 0), 0);
	}
	close(fd);
	reap(pid);
	if (pidfd >= 0) {
		assert_int_equal(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 0), 1);
		close(pidfd);
	}
	close(listener);
	assert_int_equal(ipc_peer_pidfd(-1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who), TEST(names), TEST(groups), TEST(afterwards), TEST(process),
	};

	return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
