/* SPDX-License-Identifier: ISC */
/* the process that connected, and none that has its number later */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "process.h"
#include "unit.h"

static int listener, fd;
static struct ipc_peer peer;
static pid_t child;

/* A child connects, and lives until it is told to end. */
static void connect_child(void)
{
	listener = ipc_listen("s", &(struct ipc_listen){ 0 });
	assert_true(listener >= 0);
	child = fork();
	if (!child) {
		if (ipc_connect("s", NULL) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 30000);
	fd = ipc_accept(listener, &peer, NULL);
	assert_true(fd >= 0);
	assert_int_equal(peer.pid, child);
}

static void end_child(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void disconnect(void)
{
	close(fd);
	close(listener);
}

/* What /proc/self/cgroup says, by another reader. Returns 0 if it says nothing. */
static int own_cgroup(char *path)
{
	FILE *file = fopen("/proc/self/cgroup", "r");
	int found = 0, v2 = 0;
	char line[5000];

	while (file && !v2 && fgets(line, sizeof line, file)) {
		if (found && !strcmp(line, "0::/\n"))
			break;
		v2 = sscanf(line, "0::%4095[^\n]", path) == 1;
		found |= v2 || sscanf(line, "%*d:name=systemd:%4095[^\n]", path) == 1;
	}
	if (file)
		fclose(file);
	return found;
}

static void cgroup(void **state)
{
	char path[IPC_CGROUP_MAX], ours[IPC_CGROUP_MAX];
	struct ipc_peer other;

	(void)state;
	connect_child();
	if (!own_cgroup(ours)) {
		end_child();
		disconnect();
		skip();
	}
	assert_int_equal(ipc_peer_cgroup(fd, &peer, path, sizeof path), 0);
	assert_string_equal(path, ours);
	assert_fails(ipc_peer_cgroup(fd, &peer, path, strlen(ours)), ENAMETOOLONG);
	/* not who sends, but who connected */
	other = peer;
	other.pid = getpid();
	assert_fails(ipc_peer_cgroup(fd, &other, path, sizeof path), ESRCH);
	other = peer;
	other.uid++;
	assert_fails(ipc_peer_cgroup(fd, &other, path, sizeof path), ESRCH);
	/* of a server that does not tell the number */
	other = peer;
	other.pid = 0;
	assert_int_equal(ipc_peer_cgroup(fd, &other, path, sizeof path), 0);
	/* /proc still tells of one that has ended, until it is reaped */
	kill(child, SIGKILL);
	waitid(P_PID, child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	assert_fails(ipc_peer_cgroup(fd, &peer, path, sizeof path), ESRCH);
	end_child();
	assert_fails(ipc_peer_cgroup(fd, &peer, path, sizeof path), ESRCH);
	disconnect();
	assert_fails(ipc_peer_cgroup(fd, &peer, path, sizeof path), EBADF);
}

/* It ends while it is asked about. */
static void ended(void **state)
{
	struct ipc_process process;
	struct pollfd end;
	int before = count_fds();

	(void)state;
	connect_child();
	if (ipc_process_open(&process, fd, &peer)) {
		assert_int_equal(errno, ENOSYS);
		end_child();
		disconnect();
		skip();
	}
	assert_int_equal(process.pid, child);
	assert_int_equal(fcntl(process.pidfd, F_GETFD), FD_CLOEXEC);
	assert_true(ipc_process_lives(&process));
	kill(child, SIGKILL);
	end = (struct pollfd){ .fd = process.pidfd, .events = POLLIN };
	assert_int_equal(poll(&end, 1, 30000), 1);
	assert_false(ipc_process_lives(&process));
	close(process.pidfd);
	end_child();
	disconnect();
	assert_int_equal(count_fds(), before);
}

static void label(void **state)
{
	char text[IPC_LABEL_MAX], ours[IPC_LABEL_MAX];
	socklen_t length = sizeof ours - 1;
	struct ipc_peer other;

	(void)state;
	connect_child();
	memset(ours, 0, sizeof ours);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, ours, &length))
		assert_int_equal(errno, ENOPROTOOPT);
	assert_int_equal(ipc_peer_label(fd, &peer, text, sizeof text), 0);
	assert_string_equal(text, ours);
	other = peer;
	other.pid = getpid();
	assert_fails(ipc_peer_label(fd, &other, text, sizeof text), ESRCH);
	end_child();
	/* the socket knows it, not the process */
	assert_int_equal(ipc_peer_label(fd, &peer, text, sizeof text), 0);
	assert_string_equal(text, ours);
	disconnect();
	assert_fails(ipc_peer_label(fd, &peer, text, sizeof text), EBADF);
}

/* --- what the kernel may write ----------------------------------------------------------- */

static const struct {
	const char *text, *path;	/* NULL: there is none */
} files[] = {
	{ "0::/\n", "/" },
	{ "0::/a/b\n", "/a/b" },
	{ "2:cpu:/x\n1:name=systemd:/old\n0::/new\n", "/new" },
	{ "2:cpu:/x\n1:name=systemd:/old\n", "/old" },
	{ "12:name=systemd:/old:x\n2:cpu,cpuacct:/x\n", "/old:x" },
	{ "2:cpu:/x:name=systemd:/mine\n", NULL },
	{ "2:cpu:/x0::/mine\n10::/mine\n", NULL },
	{ "0::relative\n", NULL },
	{ "2:cpu:/x\n", NULL },
	{ "", NULL },
	{ "0::/a", NULL },
};

static void write_file(const char *text)
{
	int file = open("f", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_equal(ipc_write_all(file, text, strlen(text)), 0);
	close(file);
}

/* In a process of its own, whose /proc says so. Returns 2 if that cannot be. */
static int read_fakes(void)
{
	struct ipc_process self = { .pid = getpid() };
	char target[64], path[IPC_CGROUP_MAX], *text = malloc(20000);

	snprintf(target, sizeof target, "/proc/%d/cgroup", (int)self.pid);
	write_file("");
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("f", target, NULL, MS_BIND, NULL))
		return 2;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		int failed;

		write_file(files[i].text);
		failed = ipc_process_cgroup(&self, path, sizeof path);
		if (files[i].path ? failed || strcmp(path, files[i].path)
				  : !failed || errno != ENODATA)
			return fprintf(stderr, "%s: %s\n", files[i].text, path), 1;
	}
	/* lines of the greatest length, many; then one that is longer, and hides another */
	*text = 0;
	for (int i = 9; i > 1; i--)
		sprintf(text + strlen(text), "%d:cpu:/%02000d\n", i, 0);
	strcat(text, "0::/here\n");
	write_file(text);
	if (ipc_process_cgroup(&self, path, sizeof path) || strcmp(path, "/here"))
		return 1;
	sprintf(text, "9:cpu:/%06000d\n0::/here\n", 0);
	write_file(text);
	return ipc_process_cgroup(&self, path, sizeof path) != -1 || errno != ENAMETOOLONG;
}

static void lines(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(read_fakes());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(cgroup), TEST(ended), TEST(label), TEST(lines) };

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
