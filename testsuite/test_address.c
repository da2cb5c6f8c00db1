/* SPDX-License-Identifier: ISC */
/* names of sockets: plain, abstract, long */
#include "unit.h"

enum { HEAD = offsetof(struct sockaddr_un, sun_path) };

static void paths(void **state)
{
	char name[200], text[109];
	struct ipc_address address;

	(void)state;
	assert_int_equal(ipc_address_set(&address, "./@file"), 0);
	assert_int_equal(address.length, HEAD + 8);
	assert_int_equal(address.dir, -1);
	assert_string_equal(ipc_address_text(&address, text), "./@file");
	memset(name, 'x', sizeof name);
	name[107] = 0;
	assert_int_equal(ipc_address_set(&address, name), 0);
	assert_int_equal(address.length, HEAD + 108);
	assert_string_equal(ipc_address_text(&address, text), name);
	name[107] = 'x';
	name[108] = 0; /* one over, and no directory that could take it */
	assert_fails(ipc_address_set(&address, name), ENAMETOOLONG);
	assert_fails(ipc_address_set(&address, ""), EINVAL);
}

static void abstract(void **state)
{
	char name[200] = "@", text[109];
	struct ipc_address address;

	(void)state;
	assert_int_equal(ipc_address_set(&address, "@a"), 0);
	assert_int_equal(address.length, HEAD + 2);
	assert_memory_equal(address.sun.sun_path, "\0a", 2);
	assert_string_equal(ipc_address_text(&address, text), "@a");
	memset(name + 1, 'x', 107);
	assert_int_equal(ipc_address_set(&address, name), 0);
	assert_int_equal(address.length, HEAD + 108);
	assert_string_equal(ipc_address_text(&address, text), name);
	name[108] = 'x';
	assert_fails(ipc_address_set(&address, name), ENAMETOOLONG);
	assert_fails(ipc_address_set(&address, "@"), EINVAL);
}

static void long_paths(void **state)
{
	char name[800] = "", base[128];
	struct ipc_address address;
	struct sockaddr *sa = (struct sockaddr *)&address.sun;
	struct stat st;
	int before, fd;

	(void)state;
	for (int i = 0; i < 3; i++) {
		memset(name + strlen(name), 'd', 200);
		assert_int_equal(mkdir(name, 0755), 0);
		strcat(name, "/");
	}
	before = count_fds();
	strcat(name, "socket");
	assert_int_equal(ipc_address_set(&address, name), 0);
	assert_true(address.dir >= 0);
	assert_int_equal(fcntl(address.dir, F_GETFD), FD_CLOEXEC);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, sa, address.length), 0);
	assert_int_equal(stat(name, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	close(fd);
	errno = ENOTTY;
	ipc_address_clear(&address);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(address.dir, -1);
	ipc_address_clear(&address);
	memset(base, 'b', sizeof base);
	base[108] = 0;
	strcpy(strrchr(name, '/') + 1, base);
	assert_fails(ipc_address_set(&address, name), ENAMETOOLONG);
	strrchr(name, '/')[1] = 0;
	assert_fails(ipc_address_set(&address, name), EISDIR);
	name[0] = 'e';
	strcat(name, "s");
	assert_fails(ipc_address_set(&address, name), ENOENT);
	assert_int_equal(count_fds(), before);
}

static void texts(void **state)
{
	struct ipc_address address = { .dir = -1 };
	char text[109] = "junk", full[109];

	(void)state;
	assert_string_equal(ipc_address_text(&address, text), "");
	address.length = HEAD;
	assert_string_equal(ipc_address_text(&address, text), "");
	address.length = HEAD + 1; /* the empty abstract name */
	assert_string_equal(ipc_address_text(&address, text), "");
	memcpy(address.sun.sun_path, "\0a\0b", 4);
	address.length = HEAD + 4;
	assert_string_equal(ipc_address_text(&address, text), "");
	memcpy(address.sun.sun_path, "path\0behind", 11);
	address.length = HEAD + 11;
	assert_string_equal(ipc_address_text(&address, text), "path");
	memset(address.sun.sun_path, 'x', 108); /* as long as a path can be, without its NUL */
	memset(full, 'x', 108);
	full[108] = 0;
	address.length = HEAD + 108;
	assert_string_equal(ipc_address_text(&address, text), full);
	address.length = HEAD + 109; /* as the kernel counts it */
	assert_string_equal(ipc_address_text(&address, text), full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths), TEST(abstract), TEST(long_paths), TEST(texts),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
