/* SPDX-License-Identifier: ISC */
/* addresses of the internet: as the libc reads and writes them */
#include <arpa/inet.h>

#include "unit.h"

static const char *const hosts[] = {
	"127.0.0.1", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3",
	"01.2.3.4", "1.2.3.04", "1.2.3.00", "1.2.3.a", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..2.3", "-1.2.3.4",
	"", "1", "1.2.3.1000", "1.2.3.4294967297",
	"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "1:2:3:4::5:6:7:8", "::1::", ":::", ":", ":1", "1:",
	"1:2:", "1:::2", "1::2::3", "12345::", "00001::", "0001::", "fFfF::AbCd", "g::", "::g", "1::%1",
	"::1.2.3.4", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5::1.2.3.4",
	"1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "::1.2.3.256", "::1.2.3.04", "::ffff:1.2.3.4.5", "1:2.3.4.5",
	"1:0:0:2:0:0:0:3", "1:0:0:2:3:0:0:4", "1:0:2:0:3:0:4:0", "0:0:1::", "::1:0:0", "fe80::1:2", "@::", "`::",
};

static void same_as_libc(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		char text[80], bytes[16];
		union ipc_inet inet;

		snprintf(text, sizeof text, "%s:80", hosts[i]);
		assert_int_equal(ipc_inet_parse(text, &inet) == sizeof inet.v4,
				 inet_pton(AF_INET, hosts[i], bytes));
		if (inet.any.sa_family == AF_INET)
			assert_memory_equal(&inet.v4.sin_addr, bytes, 4);
		snprintf(text, sizeof text, "[%s]:80", hosts[i]);
		assert_int_equal(ipc_inet_parse(text, &inet) == sizeof inet.v6,
				 inet_pton(AF_INET6, hosts[i], bytes));
		if (inet.any.sa_family == AF_INET6)
			assert_memory_equal(&inet.v6.sin6_addr, bytes, 16);
	}
}

static void ports(void **state)
{
	static const char *const wrong[] = {
		"", "80", ":80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:8x", "1.2.3.4:-1",
		"1.2.3.4 :80", "1.2.3.4]:80", "[1.2.3.4]:80", "::1:80", "[::1:80", "[::1]80", "[::1]",
		"[::1]:", "[::1]]:80", "[[::1]]:80", "[]:80", "[", "[:", "[::", "[1", "localhost:80",
	};
	union ipc_inet inet;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_fails(ipc_inet_parse(wrong[i], &inet), EINVAL);
	assert_int_equal(ipc_inet_parse("1.2.3.4:65535", &inet), sizeof inet.v4);
	assert_int_equal(ntohs(inet.v4.sin_port), 65535);
	assert_int_equal(ipc_inet_parse("[::1]:7", &inet), sizeof inet.v6);
	assert_int_equal(ntohs(inet.v6.sin6_port), 7);
}

/* Addresses that need not be this machine's, by IP_FREEBIND. */
static void names(void **state)
{
	enum { FREEBIND = 15 };
	int on = 1, checked = 0;

	(void)state;
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		char text[80], name[109], plain[INET6_ADDRSTRLEN];
		union ipc_inet inet;
		int fd, length;

		snprintf(text, sizeof text, strchr(hosts[i], ':') ? "[%s]:0" : "%s:0", hosts[i]);
		length = ipc_inet_parse(text, &inet);
		if (length < 0)
			continue;
		fd = socket(inet.any.sa_family, SOCK_DGRAM, 0);
		setsockopt(fd, IPPROTO_IP, FREEBIND, &on, sizeof on);
		if (fd >= 0 && !bind(fd, &inet.any, length)) {
			socklen_t size = sizeof inet;

			checked++;
			getsockname(fd, &inet.any, &size);
			assert_int_equal(ipc_socket_name(fd, name), inet.any.sa_family);
			if (inet.any.sa_family == AF_INET) {
				inet_ntop(AF_INET, &inet.v4.sin_addr, plain, sizeof plain);
				snprintf(text, sizeof text, "%s:%u", plain, ntohs(inet.v4.sin_port));
			} else {
				inet_ntop(AF_INET6, &inet.v6.sin6_addr, plain, sizeof plain);
				snprintf(text, sizeof text, "[%s]:%u", plain, ntohs(inet.v6.sin6_port));
			}
			if (!strchr(plain, ':') || !strchr(plain, '.'))
				assert_string_equal(name, text);
		}
		close(fd);
	}
	assert_true(checked > 1);
}

static void others(void **state)
{
	struct ipc_listen how = { .type = SOCK_STREAM };
	char name[109];
	int fd = ipc_listen("@ipc-test-inet", &how);

	(void)state;
	assert_int_equal(ipc_socket_name(fd, name), AF_UNIX);
	assert_string_equal(name, "@ipc-test-inet");
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(ipc_socket_name(fd, name), AF_UNIX);
	assert_string_equal(name, "");
	close(fd);
	fd = socket(AF_NETLINK, SOCK_RAW, 0);
	assert_int_equal(ipc_socket_name(fd, name), AF_NETLINK);
	assert_string_equal(name, "");
	close(fd);
	assert_fails(ipc_socket_name(fd, name), EBADF);
	fd = open("/dev/null", O_RDONLY);
	assert_fails(ipc_socket_name(fd, name), ENOTSOCK);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(same_as_libc), TEST(ports), TEST(names), TEST(others),
	};

	return cmocka_run_group_tests_name("inet", tests, NULL, NULL);
}
