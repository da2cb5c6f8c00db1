/* SPDX-License-Identifier: ISC */
/* users and groups, from files of our own in place of those in /etc */
#include <sys/syscall.h>

#include "unit.h"
#include "../libipc/internal.h"

/* libc's open(2), but the account files are those of the current directory */
int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (!strncmp(path, "/etc/", 5))
		path += 5;
	return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void write_file(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ipc_write_all(fd, text, length), 0);
	close(fd);
}

static void users(void **state)
{
	static const char text[] =
		"root:x:0:0:root:/root:/bin/sh\n"
		"# comment\n"
		"\n"
		"+::::::\n"
		":x:5:5::/:/\n"
		"short:x:6\n"
		"junk:x:7x:7::/:/\n"
		"big:x:4294967296:7::/:/\n"
		"badgid:x:8:-1::/:/\n"
		"max:x:4294967295:4294967294::/:/\n"
		"www-data:*:33:34:a:b:c\n"
		"www-data:*:35:36:twice\n"
		"tail:x:9:10";
	struct ipc_user user = { 1, 1 };
	int before;

	(void)state;
	write_file("passwd", text, sizeof text - 1);
	before = count_fds();
	assert_int_equal(ipc_user_find("root", &user), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(user.gid, 0);
	assert_int_equal(ipc_user_find("www-data", &user), 0);
	assert_int_equal(user.uid, 33);
	assert_int_equal(user.gid, 34);
	assert_int_equal(ipc_user_find("max", &user), 0);
	assert_int_equal(user.uid, 4294967295u);
	assert_int_equal(user.gid, 4294967294u);
	assert_int_equal(ipc_user_find("tail", &user), 0);
	assert_int_equal(user.gid, 10);
	assert_fails(ipc_user_find("", &user), ENOENT);
	assert_fails(ipc_user_find("roo", &user), ENOENT);
	assert_fails(ipc_user_find("rootx", &user), ENOENT);
	assert_fails(ipc_user_find("short", &user), ENOENT);
	assert_fails(ipc_user_find("junk", &user), ENOENT);
	assert_fails(ipc_user_find("big", &user), ENOENT);
	assert_fails(ipc_user_find("badgid", &user), ENOENT);
	assert_fails(ipc_user_find("+", &user), ENOENT);
	assert_fails(ipc_user_find("# comment", &user), ENOENT);
	assert_int_equal(ipc_user_find_uid(33, &user), 0);
	assert_int_equal(user.gid, 34);
	assert_int_equal(ipc_user_find_uid(0, &user), 0);
	assert_int_equal(user.gid, 0);
	assert_fails(ipc_user_find_uid(8, &user), ENOENT);
	assert_fails(ipc_user_find_uid(77, &user), ENOENT);
	assert_int_equal(count_fds(), before);
	unlink("passwd");
	assert_fails(ipc_user_find("root", &user), ENOENT);
}

/* A byte that no editor shows neither ends a name nor begins a line. */
static void nul_bytes(void **state)
{
	static const char text[] = "a\0root:x:1:1::\nroot\0b:x:2:2::\nx:x:3:3:\0root:x:4:4:\nroot:x:0:0:";
	struct ipc_user user;

	(void)state;
	write_file("passwd", text, sizeof text - 1);
	assert_int_equal(ipc_user_find("root", &user), 0);
	assert_int_equal(user.uid, 0);
	assert_fails(ipc_user_find("a", &user), ENOENT);
}

static void groups(void **state)
{
	static const char text[] =
		"root:x:0:\n"
		"adm:x:4:alice,bob\n"
		"dup:x:5:bob,bob\n"
		"junk:x:no:bob\n"
		"bob:x:6:\n"
		"empty:x:7:,,\n"
		"bare:x:8\n"
		"last:x:9:bobby,alice,bob";
	gid_t gid, gids[3];

	(void)state;
	write_file("group", text, sizeof text - 1);
	assert_int_equal(ipc_group_find("adm", &gid), 0);
	assert_int_equal(gid, 4);
	assert_int_equal(ipc_group_find("last", &gid), 0);
	assert_int_equal(gid, 9);
	assert_fails(ipc_group_find("alice", &gid), ENOENT);
	assert_fails(ipc_group_find("junk", &gid), ENOENT);
	assert_fails(ipc_group_find("", &gid), ENOENT);
	assert_int_equal(ipc_user_groups("bob", gids, 3), 3);
	assert_int_equal(gids[0], 4);
	assert_int_equal(gids[1], 5);
	assert_int_equal(gids[2], 9);
	assert_fails(ipc_user_groups("bob", gids, 2), ERANGE);
	assert_int_equal(ipc_user_groups("alice", gids, 3), 2);
	assert_int_equal(ipc_user_groups("nobody", gids, 0), 0);
	assert_int_equal(ipc_user_groups("", gids, 3), 0);
	unlink("group");
	assert_fails(ipc_user_groups("bob", gids, 3), ENOENT);
	assert_fails(ipc_group_find("adm", &gid), ENOENT);
}

/* Longer than the block that is read at once, and a name that is too long to be one. */
static void long_lines(void **state)
{
	char *text = malloc(20000), *at = text;
	gid_t gids[2];

	(void)state;
	at += sprintf(at, "many:x:1:");
	for (int i = 0; i < 1500; i++)
		at += sprintf(at, "u%d,", i);
	at += sprintf(at, "end\n");
	memset(at, 'n', 300);
	at += 300;
	at += sprintf(at, ":x:2:end\nafter:x:3:end\n");
	write_file("group", text, at - text);
	assert_int_equal(ipc_user_groups("end", gids, 2), 2);
	assert_int_equal(gids[0], 1);
	assert_int_equal(gids[1], 3);
	assert_int_equal(ipc_user_groups("u1499", gids, 2), 1);
	free(text);
}

static int third(void *data, const char *name, unsigned id)
{
	int *seen = data;

	if (++*seen < 3)
		return 0;
	assert_string_equal(name, "c");
	assert_int_equal(id, 3);
	return 5;
}

static void walk(void **state)
{
	int seen = 0;

	(void)state;
	write_file("passwd", "a:x:1:\nbad\nb:x:2:\nc:x:3:\nd:x:4:\n", 33);
	assert_int_equal(ipc_account_walk("passwd", third, &seen), 5);
	assert_int_equal(seen, 3);
	assert_fails(ipc_account_walk("missing", third, &seen), ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(users), TEST(nul_bytes), TEST(groups), TEST(long_lines), TEST(walk),
	};

	return cmocka_run_group_tests_name("accounts", tests, NULL, NULL);
}
