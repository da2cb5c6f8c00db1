/* SPDX-License-Identifier: ISC */
/* opening for others: patterns, paths that links would lead astray, requests and answers */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "unit.h"
#include "internal.h"
#include "ipc/open.h"

static void patterns(void **state)
{
	static const struct { const char *patterns, *name; int matches; size_t prefix; } cases[] = {
		{ "/dev/ttyS*", "/dev/ttyS0", 1, 5 },
		{ "/dev/ttyS*", "/dev/ttyS", 1, 5 },
		{ "/dev/ttyS*", "/dev/tty1", 0, 0 },
		{ "/dev/ttyS*", "/dev/ttyS0/x", 0, 0 },
		{ "/dev/*", "/dev/.hidden", 0, 0 },
		{ "/dev/.*", "/dev/.hidden", 1, 5 },
		{ "/dev/*/0", "/dev/pts/0", 1, 5 },
		{ "/dev/?/0", "/dev///0", 0, 0 },
		{ "/dev/[!a]x", "/dev//x", 0, 0 },
		{ "/dev/pts/[0-9]", "/dev/pts/7", 1, 9 },
		{ "/dev/pts/[0-9]", "/dev/pts/17", 0, 0 },
		{ "/dev/null", "/dev/null", 1, 5 },
		{ "/x", "/x", 1, 1 },
		{ "/*", "/x", 1, 1 },
		{ "/*", "/x/y", 0, 0 },
		{ "/**", "/x/.y/z", 1, 1 },
		{ "/srv/**", "/srv/a", 1, 5 },
		{ "/srv/**", "/srv/.a/.b", 1, 5 },
		{ "/srv/**", "/srv", 0, 0 },
		{ "/srv/**", "/srv/", 0, 0 },
		{ "/srv/**", "/srvx/a", 0, 0 },
		{ "/srv/*/b/**", "/srv/a/b/c/d", 1, 5 },
		{ "/srv/*/b/**", "/srv/a/c/b/d", 0, 0 },
		{ "/srv/**/d", "/srv/a/b/d", 0, 0 },
		{ "/srv/**/d", "/srv/a/d", 1, 5 },
		{ "/dev/./serial/by-id/*", "/dev/serial/by-id/x", 1, 5 },
		{ "/./dev/*", "/dev/x", 1, 1 },
		{ "/home/*/./x", "/home/me/x", 1, 9 },
		{ "/a\\ b/*", "/a b/c", 1, 5 },
		{ "/a\\*b/*", "/a*b/c", 1, 5 },
		{ "/a\\*b/*", "/axb/c", 0, 0 },
		{ "  /a\t/b /c\n", "/b", 1, 1 },
		{ "/a /b", "/a /b", 0, 0 },
		{ "", "/a", 0, 0 },
		{ "a*", "/a", 0, 0 },
		{ "*", "/a", 0, 0 },
		{ "tcp:*", "tcp:1", 1, 0 },
		{ "/tcp:*", "tcp:1", 0, 0 },
		{ "tcp:127.0.0.1:80", "tcp:127.0.0.1:80", 1, 0 },
		{ "/a[/]b", "/a/b", 0, 0 },
		{ "/a\n/b", "/a", 1, 1 },
		{ "/a\\", "/a\\", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t prefix = 99;
		int matches = ipc_open_match(cases[i].patterns, cases[i].name, &prefix);

		if (matches != cases[i].matches || (matches && prefix != cases[i].prefix))
			fail_msg("%s %s: %d %zu", cases[i].patterns, cases[i].name, matches, prefix);
	}
}

static void long_patterns(void **state)
{
	static char patterns[9000], name[IPC_OPEN_NAME_MAX + 1];
	size_t prefix;

	(void)state;
	memset(name, 'x', IPC_OPEN_NAME_MAX);
	name[0] = '/';
	memcpy(patterns, name, IPC_OPEN_NAME_MAX);
	assert_int_equal(ipc_open_match(patterns, name, &prefix), 1);
	/* one that is too long does not match and does not hide the next */
	memset(patterns, 'x', 8000);
	strcpy(patterns + 8000, " /y");
	assert_int_equal(ipc_open_match(patterns, name, &prefix), 0);
	assert_int_equal(ipc_open_match(patterns, "/y", &prefix), 1);
}

static void make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* ./d with links of each kind; PATH in it is opened below ./d */
static int open_in(const char *path, int flags)
{
	char full[8192];
	size_t prefix;
	int fd;

	assert_non_null(getcwd(full, 4000));
	strcat(full, "/d/");
	prefix = strlen(full);
	strcat(full, path);
	fd = ipc_open_beneath(full, &prefix, 1, flags, 0600);
	if (fd >= 0) {
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		close(fd);
	}
	return fd < 0 ? -1 : 0;
}

static void make_links(void)
{
	assert_int_equal(mkdir("d", 0700) || mkdir("d/e", 0700) || mkdir("out", 0700), 0);
	make_file("d/f", "in");
	make_file("d/e/f", "in");
	make_file("out/f", "out");
	assert_int_equal(symlink("f", "d/near") || symlink("../f", "d/e/up") ||
			 symlink("../out/f", "d/out") || symlink("e", "d/dir") ||
			 symlink("/etc/passwd", "d/abs") || symlink("../out", "d/outdir") ||
			 symlink("/proc/self/root", "d/root") || symlink("new", "d/dangling"), 0);
}

/* An emulator does not have it, and what goes by it then differs, as ipc.h says. */
static int has_openat2(void)
{
	return syscall(SYS_openat2, AT_FDCWD, ".", NULL, 0) < 0 && errno != ENOSYS;
}

static void beneath(void **state)
{
	int before = count_fds(), fd;

	(void)state;
	if (!has_openat2())
		skip();
	make_links();
	assert_int_equal(open_in("f", O_RDONLY), 0);
	assert_int_equal(open_in("e/f", O_RDWR), 0);
	assert_int_equal(open_in("near", O_RDONLY), 0);
	assert_int_equal(open_in("e/up", O_RDONLY), 0);
	assert_int_equal(open_in("dir/f", O_RDONLY), 0);
	assert_fails(open_in("out", O_RDONLY), EXDEV);
	assert_fails(open_in("abs", O_RDONLY), EXDEV);
	assert_fails(open_in("outdir/f", O_RDONLY), EXDEV);
	assert_fails(open_in("root/etc/passwd", O_RDONLY), EXDEV);
	assert_fails(open_in("none", O_RDONLY), ENOENT);
	assert_int_equal(open_in("made", O_WRONLY | O_CREAT), 0);
	assert_int_equal(access("d/made", F_OK), 0);

	fd = open("d", O_PATH);
	assert_int_equal(close(ipc_open_walk(fd, "f", O_RDONLY, 0)), 0);
	assert_int_equal(close(ipc_open_walk(fd, "e/f", O_RDONLY, 0)), 0);
	assert_int_equal(close(ipc_open_walk(fd, "e/", O_RDONLY | O_DIRECTORY, 0)), 0);
	assert_fails(ipc_open_walk(fd, "near", O_RDONLY, 0), ELOOP);
	assert_fails(ipc_open_walk(fd, "dir/f", O_RDONLY, 0), ENOTDIR);
	assert_fails(ipc_open_walk(fd, "root/etc/passwd", O_RDONLY, 0), ENOTDIR);
	assert_fails(ipc_open_walk(fd, "dangling", O_WRONLY | O_CREAT, 0600), ELOOP);
	assert_fails(access("d/new", F_OK), ENOENT);
	close(fd);
	assert_int_equal(count_fds(), before);
}

static void not_plain(void **state)
{
	static const char *const wrong[] = { "", "/", "..", "../d/f", "e/..", "e/../f", "./f", "e/.",
					     "e//f", "e/", "/f" };
	char name[400];
	size_t prefix = 5, none = 0, middle = 3;

	(void)state;
	make_links();
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_fails(open_in(wrong[i], O_RDONLY), EINVAL);
	assert_fails(ipc_open_beneath("dev/null", &prefix, 1, O_RDONLY, 0), EINVAL);
	assert_fails(ipc_open_beneath("/dev/null", &none, 1, O_RDONLY, 0), EINVAL);
	assert_fails(ipc_open_beneath("/dev/null", &middle, 1, O_RDONLY, 0), EINVAL);
	assert_fails(ipc_open_beneath("/dev/null", &prefix, 0, O_RDONLY, 0), EINVAL);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = 0;
	assert_fails(open_in(name, O_RDONLY), ENAMETOOLONG);
	assert_fails(ipc_open_walk(AT_FDCWD, name, O_RDONLY, 0), ENAMETOOLONG);
}

/* Each prefix holds, whatever the others allow. */
static void several_prefixes(void **state)
{
	char path[4096];
	size_t prefixes[2], top;

	(void)state;
	if (!has_openat2())
		skip();
	make_links();
	assert_non_null(getcwd(path, 4000));
	strcat(path, "/");
	top = strlen(path);
	strcat(path, "d/outdir/f");
	prefixes[0] = top + 9;		/* .../d/outdir/, which is trusted */
	assert_int_equal(close(ipc_open_beneath(path, prefixes, 1, O_RDONLY, 0)), 0);
	prefixes[1] = top + 2;		/* .../d/, which the link leaves */
	assert_fails(ipc_open_beneath(path, prefixes, 2, O_RDONLY, 0), EXDEV);
	prefixes[1] = top;		/* ..., which it does not leave */
	assert_int_equal(close(ipc_open_beneath(path, prefixes, 2, O_RDONLY, 0)), 0);
}

/* Somebody exchanges a directory and a link that leads out, again and again. */
static void renames(void **state)
{
	char path[4096], byte;
	int inside = 0, dir, fd;
	size_t prefix;
	pid_t child;

	(void)state;
	make_links();
	assert_non_null(getcwd(path, 4000));
	strcat(path, "/d/");
	prefix = strlen(path);
	strcat(path, "e/f");
	child = fork();
	if (!child && !prctl(PR_SET_PDEATHSIG, SIGKILL))
		for (;;)
			syscall(SYS_renameat2, AT_FDCWD, "d/e", AT_FDCWD, "d/outdir", 2);
	dir = open("d", O_PATH);
	for (int i = 0; i < 20000; i++) {
		fd = i % 2 ? ipc_open_beneath(path, &prefix, 1, O_RDONLY, 0)
			   : ipc_open_walk(dir, "e/f", O_RDONLY, 0);
		if (fd < 0)
			continue;
		inside++;
		assert_int_equal(read(fd, &byte, 1), 1);
		close(fd);
		assert_int_equal(byte, 'i');
	}
	close(dir);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_true(inside > 0);
}

static void connection(struct ipc_messages *end[2], int sock[2])
{
	static const struct ipc_messages_how one = { .max_fds = 1 };

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	for (int i = 0; i < 2; i++)
		assert_non_null(end[i] = ipc_messages_open(sock[i], &one));
}

static void requests(void **state)
{
	int before = count_fds(), sock[2], fd;
	struct ipc_open_request request;
	char text[IPC_OPEN_TEXT_SIZE], lines[2 * IPC_OPEN_TEXT_SIZE];
	struct ipc_messages *end[2];
	struct ipc_message message;
	static char name[IPC_OPEN_NAME_MAX + 2];

	(void)state;
	connection(end, sock);
	assert_fails(ipc_open_send(end[0], "", 0), EINVAL);
	memset(name, 'n', sizeof name - 1);
	assert_fails(ipc_open_send(end[0], name, 0), ENAMETOOLONG);
	name[IPC_OPEN_NAME_MAX] = 0;
	assert_int_equal(ipc_open_send(end[0], name, IPC_OPEN_READ | IPC_OPEN_LAST), 0);
	assert_int_equal(ipc_messages_wait(end[1], &message, 30000), 0);
	assert_int_equal(ipc_open_parse(&message, &request), 0);
	assert_string_equal(request.name, name);
	assert_int_equal(request.how, IPC_OPEN_READ | IPC_OPEN_LAST);

	fd = open("/dev/null", O_RDONLY);
	memset(lines, 'x', sizeof lines);
	lines[sizeof lines - 1] = 0;
	lines[3] = '\n';
	assert_fails(ipc_open_answer(end[1], fd, EIO, ""), EINVAL);
	assert_fails(ipc_open_answer(end[1], -1, 0, ""), EINVAL);
	assert_int_equal(ipc_open_answer(end[1], fd, 0, ""), 0);
	assert_int_equal(ipc_open_answer(end[1], -1, EBUSY, lines), 0);
	close(fd);
	assert_int_equal(ipc_messages_wait(end[0], &message, 30000), 0);
	fd = ipc_open_receive(&message, text);
	assert_true(fd >= 0);
	assert_string_equal(text, "");
	assert_int_equal(ipc_messages_wait(end[0], &message, 30000), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_fails(ipc_open_receive(&message, text), EBUSY);
	assert_int_equal(strlen(text), IPC_OPEN_TEXT_SIZE - 1);
	assert_int_equal(text[3], '?');
	for (int i = 0; i < 2; i++) {
		ipc_messages_close(end[i]);
		close(sock[i]);
	}
	assert_int_equal(count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(patterns), TEST(long_patterns), TEST(beneath), TEST(not_plain),
		TEST(several_prefixes), TEST(renames), TEST(requests)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
