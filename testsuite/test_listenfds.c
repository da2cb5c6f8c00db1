/* SPDX-License-Identifier: ISC */
/* descriptors that we were given, by every convention */
#include "unit.h"

#include <sys/socket.h>

static int find(char *const *envp, unsigned conventions, struct ipc_listen_fd *fds, int max)
{
	struct ipc_listen_source source = { .conventions = conventions, .any_process = 1 };

	return ipc_listen_fds_find(envp, &source, fds, max);
}

static void opens(int first, int count)
{
	int null = open("/dev/null", O_RDWR);

	assert_true(null >= 0);
	for (int fd = first; fd < first + count; fd++)
		assert_int_equal(dup2(null, fd), fd);
	if (null < first || null >= first + count)
		close(null);
}

static void closes(int first, int count)
{
	while (--count >= 0)
		close(first + count);
}

static void every_format_gives_numbers_and_names(void **state)
{
	static const struct {
		char *env[4];
		int fds[3];
		const char *name;	/* of the first */
	} cases[] = {
		{ { "LISTEN_FDS=1" }, { 3 }, "unknown" },
		{ { "LISTEN_FDS=1", "LISTEN_FDNAMES=a" }, { 3 }, "a" },
		{ { "LISTEN_FDS=1", "LISTEN_FDNAMES=" }, { 3 }, "unknown" },
		{ { "LISTEN_FD_MAP=a=21,b=20" }, { 21, 20 }, "a" },
		{ { "EINHORN_FDS=20 22" }, { 20, 22 }, "unknown" },
		{ { "EINHORN_FD_COUNT=1", "EINHORN_FD_0=22" }, { 22 }, "unknown" },
		{ { "SERVER_STARTER_PORT=[::1]:80=20;/a=b=21" }, { 20, 21 }, "[::1]:80" },
		{ { "UPSTART_FDS=20" }, { 20 }, "unknown" },
		{ { "NGINX=20;21:" }, { 20, 21 }, "unknown" },
		{ { "FPM_SOCKETS=/run/x=20" }, { 20 }, "/run/x" },
	};
	struct ipc_listen_fd fds[8];

	(void)state;
	opens(20, 3);
	if (fcntl(3, F_GETFD) < 0)
		opens(3, 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int count = find(cases[i].env, 0, fds, 8);

		assert_int_equal(count, 1 + !!cases[i].fds[1]);
		for (int k = 0; k < count; k++)
			assert_int_equal(fds[k].fd, cases[i].fds[k]);
		assert_string_equal(fds[0].name, cases[i].name);
	}
	closes(20, 3);
}

static void broken_formats_fail(void **state)
{
	static const struct {
		char *env[3];
		int error;
	} cases[] = {
		{ { "LISTEN_FDS=x" }, EINVAL },
		{ { "LISTEN_FDS=-1" }, EINVAL },
		{ { "LISTEN_FDS=9" }, E2BIG },
		{ { "LISTEN_FDS=99999999999999999999999" }, EINVAL },
		{ { "LISTEN_FDS=1", "LISTEN_FDNAMES=a:b" }, EINVAL },
		{ { "LISTEN_FDS=1", "LISTEN_FDNAMES=\001" }, EINVAL },
		{ { "LISTEN_FD_MAP=" }, EINVAL },
		{ { "LISTEN_FD_MAP=a" }, EINVAL },
		{ { "LISTEN_FD_MAP=a=" }, EINVAL },
		{ { "LISTEN_FD_MAP==20" }, EINVAL },
		{ { "LISTEN_FD_MAP=a=20," }, EINVAL },
		{ { "LISTEN_FD_MAP=a=20,,b=21" }, EINVAL },
		{ { "LISTEN_FD_MAP=a=20,a=21" }, EINVAL },
		{ { "LISTEN_FD_MAP=a=20,b=20" }, EINVAL },
		{ { "LISTEN_FD_MAP=a=999" }, EBADF },
		{ { "EINHORN_FD_COUNT=1" }, EINVAL },
		{ { "EINHORN_FD_COUNT=9" }, E2BIG },
		{ { "UPSTART_FDS= 20" }, EINVAL },
		{ { "NGINX=20" }, EINVAL },
		{ { "NGINX=;" }, EINVAL },
	};
	struct ipc_listen_fd fds[8];

	(void)state;
	opens(20, 3);
	if (fcntl(3, F_GETFD) < 0)
		opens(3, 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_fails(find(cases[i].env, 0, fds, 8), cases[i].error);
	closes(20, 3);
}

static void no_more_than_asked_for(void **state)
{
	char *env[] = { "LISTEN_FD_MAP=a=20,b=21,c=22", NULL };
	struct ipc_listen_fd fds[3];

	(void)state;
	opens(20, 3);
	assert_fails(find(env, 0, fds, 2), E2BIG);
	assert_int_equal(find(env, 0, fds, 3), 3);
	closes(20, 3);
}

static void long_names_fail(void **state)
{
	char text[400] = "LISTEN_FD_MAP=", *env[] = { text, NULL };
	struct ipc_listen_fd fds[3];
	size_t head = strlen(text);

	(void)state;
	opens(20, 1);
	memset(text + head, 'x', 255);
	strcpy(text + head + 255, "=20");
	assert_int_equal(find(env, 0, fds, 3), 1);
	assert_int_equal(strlen(fds[0].name), 255);
	memset(text + head, 'x', 256);
	strcpy(text + head + 256, "=20");
	assert_fails(find(env, 0, fds, 3), EINVAL);
	closes(20, 1);
}

static void each_is_only_found_when_asked_for(void **state)
{
	char *env[] = { "UDP_FD=20", "X=1", "_FD=3", "lower_FD=77", NULL };
	struct ipc_listen_fd fds[3];

	(void)state;
	opens(20, 1);
	assert_int_equal(find(env, 0, fds, 3), 0);
	assert_int_equal(find(env, 1u << IPC_FDS_EACH, fds, 3), 1);
	assert_string_equal(fds[0].name, "udp");
	closes(20, 1);
}

static void listen_fds_are_for_one_process(void **state)
{
	struct ipc_listen_source source = { 0 };
	struct ipc_listen_fd fds[3];
	char pid[32], id[24], pidfdid[48];
	char *env[] = { "LISTEN_FDS=1", pid, pidfdid, NULL };

	(void)state;
	if (fcntl(3, F_GETFD) < 0)
		opens(3, 1);
	snprintf(pid, sizeof pid, "LISTEN_PID=%d", getpid());
	strcpy(pidfdid, "X=1");
	assert_int_equal(ipc_listen_fds_find(env, &source, fds, 3), 1);
	assert_int_equal(source.found, IPC_FDS_LISTEN);
	if (!ipc_listen_pidfdid(id)) {
		snprintf(pidfdid, sizeof pidfdid, "LISTEN_PIDFDID=%s", id);
		assert_int_equal(ipc_listen_fds_find(env, &source, fds, 3), 1);
		strcpy(pidfdid, "LISTEN_PIDFDID=1");
		assert_int_equal(ipc_listen_fds_find(env, &source, fds, 3), 0);
	}
	snprintf(pid, sizeof pid, "LISTEN_PID=%d", getpid() + 1);
	assert_int_equal(ipc_listen_fds_find(env, &source, fds, 3), 0);
}

static void a_daemon_takes_them_once(void **state)
{
	struct ipc_listen_fd fds[3];

	(void)state;
	opens(20, 2);
	setenv("LISTEN_FD_MAP", "a=20,b=21", 1);
	assert_int_equal(ipc_listen_fds(fds, 3), 2);
	assert_int_equal(fcntl(20, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(21, F_GETFD), FD_CLOEXEC);
	assert_null(getenv("LISTEN_FD_MAP"));
	assert_int_equal(ipc_listen_fds(fds, 3), 0);
	closes(20, 2);
}

static void a_problem_leaves_the_environment(void **state)
{
	struct ipc_listen_fd fds[3];

	(void)state;
	setenv("NGINX", "20;", 1);
	assert_fails(ipc_listen_fds(fds, 3), EBADF);
	assert_string_equal(getenv("NGINX"), "20;");
	unsetenv("NGINX");
}

static void numbers_alone(void **state)
{
	struct ipc_listen_fd fds[3];
	char *none[] = { NULL }, *proto[] = { "PROTO=IPC", NULL };
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	dup2(pair[0], 6);
	dup2(pair[0], 7);
	assert_int_equal(find(none, 1u << IPC_FDS_UCSPI | 1u << IPC_FDS_MAP, fds, 3), 0);
	assert_int_equal(find(proto, 1u << IPC_FDS_UCSPI | 1u << IPC_FDS_MAP, fds, 3), 1);
	assert_int_equal(find(none, 1u << IPC_FDS_UCSPI, fds, 3), 1);
	assert_int_equal(fds[0].fd, 6);
	assert_string_equal(fds[0].name, "connection");
	dup2(pair[1], 7);
	assert_int_equal(find(none, 1u << IPC_FDS_UCSPI, fds, 3), 2);
	assert_string_equal(fds[1].name, "writer");
	closes(6, 2);
	assert_int_equal(find(none, 1u << IPC_FDS_UCSPI, fds, 3), 0);
	closes(pair[0], 1);
	closes(pair[1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_format_gives_numbers_and_names),
		TEST(broken_formats_fail),
		TEST(no_more_than_asked_for),
		TEST(long_names_fail),
		TEST(each_is_only_found_when_asked_for),
		TEST(listen_fds_are_for_one_process),
		TEST(a_daemon_takes_them_once),
		TEST(a_problem_leaves_the_environment),
		TEST(numbers_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
