/* SPDX-License-Identifier: ISC */
/* both halves of the sudo protocol, against each other and against plain reads and writes */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "ipc/sudo.h"
#include "unit.h"

static char *const arguments[] = { "x", "y z", NULL };
static char *const variables[] = { "A=1", "B=two", NULL };

static const char request[] =
	"\0\0\0\x2f\0\3" "s6-sudo a v1.0\n" "\0\0\0\2" "\0\0\0\2" "\0\0\0\6" "\0\0\0\x0a"
	"x\0y z\0" "A=1\0B=two";

static void pair(int *ends)
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

	assert_int_equal(socketpair(AF_UNIX, type, 0, ends), 0);
}

static struct ipc_sudo_command command(unsigned flags)
{
	return (struct ipc_sudo_command){ .argv = arguments, .envp = variables, .fds = { 0, 1, 2 },
					  .flags = flags };
}

static void takes(struct ipc_sudo *sudo, enum ipc_sudo_state state)
{
	for (int i = 0; i < 4 && ipc_sudo_state(sudo) != state; i++)
		assert_int_equal(ipc_sudo_dispatch(sudo), 0);
	assert_int_equal(ipc_sudo_state(sudo), state);
}

/* A server that was written before there was an extension. */
static void client_of_a_plain_server(void **state)
{
	struct ipc_sudo_command what = command(0);
	int ends[2], fds[3], before = count_fds();
	size_t count = 3;
	struct ipc_sudo *sudo;
	char got[100];

	(void)state;
	pair(ends);
	sudo = ipc_sudo_open(ends[0], &what);
	takes(sudo, IPC_SUDO_GREETING);
	assert_int_equal(ipc_sudo_events(sudo), POLLIN);
	assert_int_equal(write(ends[1], "s6-sudo b v1.0\n", 15), 15);
	assert_int_equal(ipc_sudo_dispatch(sudo), 0);
	assert_int_equal(ipc_sudo_events(sudo), POLLOUT);
	takes(sudo, IPC_SUDO_STARTING);
	assert_int_equal(ipc_fds_receive(ends[1], got, sizeof got, fds, &count), sizeof request);
	assert_memory_equal(got, request, sizeof request);
	assert_int_equal(count, 3);
	assert_int_equal(write(ends[1], "\0\0\0\3\0", 5), 5);
	takes(sudo, IPC_SUDO_ENDED);
	assert_int_equal(ipc_sudo_status(sudo), 3 << 8);
	assert_int_equal(ipc_sudo_extended(sudo), 0);
	assert_fails(ipc_sudo_signal(sudo, SIGTERM), EOPNOTSUPP);
	ipc_sudo_close(sudo);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(count_fds(), before);
}

static void client_reports(const char *answer, size_t length, int error, unsigned flags)
{
	struct ipc_sudo_command what = command(flags);
	int ends[2], failed = 0;
	struct ipc_sudo *sudo;

	pair(ends);
	sudo = ipc_sudo_open(ends[0], &what);
	assert_int_equal(write(ends[1], answer, length), length);
	shutdown(ends[1], SHUT_WR);
	for (int i = 0; i < 8 && !failed; i++)
		failed = ipc_sudo_dispatch(sudo);
	assert_int_equal(failed, error ? -1 : 0);
	if (error)
		assert_int_equal(errno, error);
	ipc_sudo_close(sudo);
	close(ends[0]);
	close(ends[1]);
}

static void client_errors(void **state)
{
	int before = count_fds();

	(void)state;
	client_reports("", 0, EPIPE, 0);
	client_reports("s6-sudo b", 9, EPROTO, 0);
	client_reports("s6-sudo c v1.0\n", 15, EPROTONOSUPPORT, 0);
	client_reports("s6-sudo b v1.0\n", 15, EPIPE, 0);
	client_reports("s6-sudo b v1.0\n\0", 16, EPIPE, 0);
	client_reports("s6-sudo b v1.0\n\0\0\0", 18, EPROTO, 0);
	client_reports("s6-sudo b v1.0\n\xc8", 16, 0, 0);
	client_reports("s6-sudo b v1.0\n\0", 16, EOPNOTSUPP, IPC_SUDO_TERMINAL);
	assert_int_equal(count_fds(), before);
}

/* A client that was written before: it reads with read(2), and must not see that anything else
 * came. */
static void server_of_a_plain_client(void **state)
{
	int ends[2], before = count_fds();
	struct ipc_sudo_server *server;
	struct ipc_sudo_request asked;
	char *argv[3], got[64];

	(void)state;
	pair(ends);
	server = ipc_sudo_server_open(ends[0], 0);
	assert_non_null(server);
	assert_int_equal(read(ends[1], got, sizeof got), 15);
	assert_memory_equal(got, "s6-sudo b v1.0\n", 15);
	assert_int_equal(ipc_sudo_server_dispatch(server, &asked), 0);
	assert_int_equal(ipc_fds_send(ends[1], request, 7, (int[]){ 0, 1, 2 }, 3), 7);
	for (size_t i = 7; i < sizeof request; i++) {
		assert_int_equal(ipc_sudo_server_dispatch(server, &asked), 0);
		assert_int_equal(write(ends[1], request + i, 1), 1);
	}
	assert_int_equal(ipc_sudo_server_dispatch(server, &asked), 1);
	assert_int_equal(asked.argc, 2);
	assert_int_equal(asked.envc, 2);
	assert_int_equal(asked.extended, 0);
	assert_int_equal(asked.flags, 0);
	ipc_sudo_arguments(&asked, argv);
	assert_string_equal(argv[0], "x");
	assert_string_equal(argv[1], "y z");
	assert_null(argv[2]);
	assert_int_equal(fcntl(asked.fds[2], F_GETFD), FD_CLOEXEC);
	assert_int_equal(ipc_sudo_server_started(server, 0, -1), 0);
	assert_int_equal(count_fds(), before + 2);
	assert_int_equal(read(ends[1], got, sizeof got), 1);
	/* what it says now means nothing, and that it says no more is not a hang-up */
	assert_int_equal(write(ends[1], "\x0f", 1), 1);
	assert_int_equal(ipc_sudo_server_signal(server), 0);
	shutdown(ends[1], SHUT_WR);
	assert_int_equal(ipc_sudo_server_signal(server), 0);
	assert_int_equal(ipc_sudo_server_ended(server, 9), 0);
	assert_int_equal(read(ends[1], got, sizeof got), 4);
	assert_memory_equal(got, "\0\0\0\x09", 4);
	close(ends[1]);
	assert_fails(ipc_sudo_server_signal(server), EPIPE);
	ipc_sudo_server_close(server);
	close(ends[0]);
	assert_int_equal(count_fds(), before);
}

static void extension(void **state)
{
	static const char passed[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH,
		SIGTSTP, SIGCONT };
	struct ipc_sudo_command what = command(IPC_SUDO_TERMINAL);
	int ends[2], terminal, before = count_fds();
	struct ipc_sudo_server *server;
	struct ipc_sudo_request asked;
	struct ipc_sudo *sudo;

	(void)state;
	pair(ends);
	server = ipc_sudo_server_open(ends[0], 0);
	sudo = ipc_sudo_open(ends[1], &what);
	takes(sudo, IPC_SUDO_STARTING);
	assert_int_equal(ipc_sudo_extended(sudo), 1);
	assert_fails(ipc_sudo_signal(sudo, SIGTERM), EOPNOTSUPP);
	assert_int_equal(ipc_sudo_server_dispatch(server, &asked), 1);
	assert_int_equal(asked.extended, 1);
	assert_int_equal(asked.flags, IPC_SUDO_TERMINAL);
	assert_memory_equal(asked.args, "x\0y z", 6);
	terminal = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ipc_sudo_server_started(server, 0, terminal), 0);
	close(terminal);
	takes(sudo, IPC_SUDO_RUNNING);
	assert_int_equal(write(ipc_sudo_terminal(sudo), "x", 1), 1);
	assert_int_equal(ipc_sudo_server_events(server), POLLIN);
	for (int i = 1; i < 65; i++)
		assert_int_equal(ipc_sudo_signal(sudo, i), 0);
	for (int i = 1; i < 65; i++) {
		int signal = ipc_sudo_server_signal(server);

		assert_int_equal(signal, memchr(passed, i, sizeof passed) ? i : 0);
	}
	assert_int_equal(ipc_sudo_server_signal(server), 0);
	assert_int_equal(ipc_sudo_server_ended(server, 200 << 8), 0);
	takes(sudo, IPC_SUDO_ENDED);
	assert_int_equal(ipc_sudo_status(sudo), 200 << 8);
	ipc_sudo_close(sudo);
	ipc_sudo_server_close(server);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(count_fds(), before);
}

static void big_request(void **state)
{
	enum { COUNT = 100, EACH = 20000 };
	char *argv[COUNT + 1], *back[COUNT + 1];
	struct ipc_sudo_command what = { .argv = argv, .fds = { 0, 1, 2 } };
	int ends[2], came = 0;
	struct ipc_sudo_server *server;
	struct ipc_sudo_request asked;
	struct ipc_sudo *sudo;

	(void)state;
	pair(ends);
	for (int i = 0; i < COUNT; i++) {
		argv[i] = malloc(EACH + 1);
		memset(argv[i], 'a' + i % 26, EACH);
		argv[i][EACH] = 0;
	}
	argv[COUNT] = NULL;
	server = ipc_sudo_server_open(ends[0], 4 << 20);
	sudo = ipc_sudo_open(ends[1], &what);
	for (int i = 0; i < 1000 && !came; i++) {
		assert_int_equal(ipc_sudo_dispatch(sudo), 0);
		came = ipc_sudo_server_dispatch(server, &asked);
	}
	assert_int_equal(came, 1);
	assert_int_equal(asked.argc, COUNT);
	ipc_sudo_arguments(&asked, back);
	for (int i = 0; i < COUNT; i++) {
		assert_string_equal(argv[i], back[i]);
		free(argv[i]);
	}
	ipc_sudo_close(sudo);
	ipc_sudo_server_close(server);
	close(ends[0]);
	close(ends[1]);
}

/* A client that dies at every byte, with any number of descriptors. */
static void truncated_requests(void **state)
{
	int before = count_fds();

	(void)state;
	for (size_t length = 1; length < sizeof request; length++) {
		int ends[2], came = 0;
		struct ipc_sudo_server *server;
		struct ipc_sudo_request asked;

		pair(ends);
		server = ipc_sudo_server_open(ends[0], 0);
		assert_int_equal(ipc_fds_send(ends[1], request, length, (int[]){ 0, 1, 2, 0, 1 },
					      length % 6), length);
		close(ends[1]);
		for (int i = 0; i < 8 && !came; i++)
			came = ipc_sudo_server_dispatch(server, &asked);
		assert_int_equal(came, -1);
		ipc_sudo_server_close(server);
		close(ends[0]);
		assert_int_equal(count_fds(), before);
	}
}

static void two_descriptors(void **state)
{
	int ends[2], came = 0, before = count_fds();
	struct ipc_sudo_server *server;
	struct ipc_sudo_request asked;
	char bytes[sizeof request];

	(void)state;
	memcpy(bytes, request, sizeof bytes);
	bytes[5] = 2;
	pair(ends);
	server = ipc_sudo_server_open(ends[0], 0);
	ipc_fds_send(ends[1], bytes, sizeof bytes, (int[]){ 0, 1 }, 2);
	for (int i = 0; i < 8 && !came; i++)
		came = ipc_sudo_server_dispatch(server, &asked);
	assert_int_equal(came, -1);
	assert_int_equal(errno, EBADF);
	ipc_sudo_server_close(server);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(count_fds(), before);
}

/* One field of the request changed. The copy is as long as the message: reads beyond it show. */
static void decodes_to(size_t at, char byte, size_t length, int error)
{
	struct ipc_sudo_request asked;
	char *bytes = malloc(length);
	int failed;

	memcpy(bytes, request + 6, length);
	if (at < length)
		bytes[at] = byte;
	failed = ipc_sudo_decode(bytes, length, &asked);
	assert_int_equal(failed, error ? -1 : 0);
	if (error)
		assert_int_equal(errno, error);
	free(bytes);
}

static void decoding(void **state)
{
	enum { LENGTH = sizeof request - 6, NONE = LENGTH };

	(void)state;
	decodes_to(NONE, 0, LENGTH, 0);
	for (size_t length = 0; length < 31; length++)
		decodes_to(NONE, 0, length, EBADMSG);
	for (size_t length = 31; length < LENGTH; length++)
		decodes_to(NONE, 0, length, EOVERFLOW);
	decodes_to(0, 'S', LENGTH, EPROTONOSUPPORT);
	decodes_to(14, ' ', LENGTH, EPROTONOSUPPORT);
	decodes_to(16, 1, LENGTH, EINVAL);	/* 65538 are not there */
	decodes_to(16, 2, LENGTH, E2BIG);	/* 131074 are too many */
	decodes_to(15, 1, LENGTH, E2BIG);
	decodes_to(19, 1, LENGTH, E2BIG);
	decodes_to(18, 3, LENGTH, EINVAL);
	decodes_to(18, 1, LENGTH, 0);		/* fewer than there are: the rest is ignored */
	decodes_to(22, 3, LENGTH, ERANGE);
	decodes_to(26, 7, LENGTH, EOVERFLOW);
	decodes_to(30, 11, LENGTH, EOVERFLOW);
	decodes_to(23, -1, LENGTH, EOVERFLOW);
	decodes_to(27, -1, LENGTH, EOVERFLOW);
	decodes_to(36, 'x', LENGTH, EINVAL);	/* the last argument does not end */
	decodes_to(LENGTH - 1, 'x', LENGTH, ERANGE);
	decodes_to(38, '-', LENGTH, EILSEQ);
}

static void environment(void **state)
{
	static char theirs[] = "A=first\0B=theirs\0NEW=1\0C=\0C=second\0C=third\0=x\0AA=1\0D=";
	char *base[] = { "PATH=/bin", "A=", "B=ours", "C=", "D=", "E=", "NOVALUE", NULL };
	struct ipc_sudo_request asked = { .envc = 9, .env = theirs };
	char *envp[8];

	(void)state;
	assert_int_equal(ipc_sudo_environment(&asked, base, envp), 0);
	assert_string_equal(envp[0], "PATH=/bin");
	assert_string_equal(envp[1], "A=first");
	assert_string_equal(envp[2], "B=ours");
	assert_string_equal(envp[3], "C=second");
	assert_string_equal(envp[4], "D=");
	assert_string_equal(envp[5], "E=");
	assert_string_equal(envp[6], "NOVALUE");
	assert_null(envp[7]);
	asked.envc = 0;
	assert_int_equal(ipc_sudo_environment(&asked, base + 7, envp), 0);
	assert_null(envp[0]);
}

/* What a chain believes is empty now and then, and not for a client to fill. */
static void facts(void **state)
{
	static char theirs[] = "PROTO=x\0TCPX=1\0IPCREMOTEGROUPS=0\0UID=0\0GID=0\0GIDLIST=0\0"
		"NOTIFY_SOCKET=s\0FDPASS_NAMES=a=1\0LISTEN_FDS=1\0S6_FD_0=0\0UIDX=1\0TC=1";
	char *base[] = { "TCPX=", "IPCREMOTEGROUPS=", "UID=", "GID=", "GIDLIST=", "NOTIFY_SOCKET=",
			 "FDPASS_NAMES=", "LISTEN_FDS=", "S6_FD_0=", "UIDX=", "TC=", "PROTO=TCP",
			 NULL };
	struct ipc_sudo_request asked = { .envc = 12, .env = theirs };
	char *envp[13];

	(void)state;
	assert_int_equal(ipc_sudo_environment(&asked, base, envp), 0);
	for (int i = 0; i < 9; i++)
		assert_string_equal(envp[i], base[i]);
	assert_string_equal(envp[9], "UIDX=1");
	assert_string_equal(envp[10], "TC=1");
	assert_string_equal(envp[11], "PROTO=TCP");
	base[11] = "PROTO=";
	assert_int_equal(ipc_sudo_environment(&asked, base, envp), 0);
	assert_string_equal(envp[0], "TCPX=1");
	assert_string_equal(envp[11], "PROTO=");
}

/* Both lists of a size at which comparing all with all would take minutes. */
static void big_environment(void **state)
{
	enum { COUNT = 100000 };
	char **base = calloc(COUNT + 1, sizeof *base), **envp = calloc(COUNT + 1, sizeof *envp);
	char *theirs = malloc(COUNT * 16), *at = theirs;
	struct ipc_sudo_request asked = { .envc = COUNT, .env = theirs };

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		base[i] = malloc(16);
		snprintf(base[i], 16, "V%d=", i);
		at += sprintf(at, "V%d=%d", COUNT - 1 - i, i % 10) + 1;
	}
	assert_int_equal(ipc_sudo_environment(&asked, base, envp), 0);
	assert_string_equal(envp[0], "V0=9");
	assert_string_equal(envp[COUNT - 1], "V99999=0");
	for (int i = 0; i < COUNT; i++)
		free(base[i]);
	free(base);
	free(envp);
	free(theirs);
}

static void allowed(void **state)
{
	static const struct {
		int yes;
		const char *patterns;
		char *argv[5];
	} cases[] = {
		{ 1, "restart *", { "restart", "nginx" } },
		{ 0, "restart *", { "restart" } },
		{ 0, "restart *", { "restart", "nginx", "more" } },
		{ 0, "restart *", { "stop", "nginx" } },
		{ 0, "restart *", { "restart", "--root=/x" } },
		{ 0, "restart *", { "restart", "-" } },
		{ 0, "restart *", { "restart", "/etc/x" } },
		{ 0, "restart *", { "restart", "../x" } },
		{ 0, "restart *", { "re\\start", "x" } },
		{ 0, "restart *", { NULL } },
		{ 1, "restart -*", { "restart", "-x" } },
		{ 1, "restart **", { "restart", "-/.." } },
		{ 0, "restart **", { "restart" } },
		{ 1, "a | b *", { "a" } },
		{ 1, "a | b *", { "b", "c" } },
		{ 0, "a | b *", { "a", "c" } },
		{ 0, "a | b *", { "|" } },
		{ 0, "a | b *", { NULL } },
		{ 1, "a |", { NULL } },
		{ 1, "| a", { NULL } },
		{ 1, "", { NULL } },
		{ 1, " \t", { NULL } },
		{ 0, "", { "" } },
		{ 1, "**", { "" } },
		{ 1, "...", { NULL } },
		{ 1, "...", { "any", "-thing", "/at", "all" } },
		{ 1, "status ...", { "status" } },
		{ 1, "status ...", { "status", "-a", "b" } },
		{ 0, "status ...", { "stat" } },
		{ 0, "... x", { "a", "x" } },
		{ 0, "... x", { "x" } },
		{ 1, "... x | y", { "y" } },
		{ 1, "a\\ b c", { "a b", "c" } },
		{ 0, "a\\ b c", { "a", "b", "c" } },
		{ 1, "\\|", { "|" } },
		{ 1, "\\...", { "..." } },
		{ 1, "\\*", { "*" } },
		{ 0, "\\*", { "x" } },
		{ 0, "a\\", { "a" } },
		{ 1, "[ab] x", { "b", "x" } },
		{ 0, "[a b]", { " " } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (ipc_sudo_allowed(cases[i].patterns, cases[i].argv) != cases[i].yes)
			fail_msg("case %zu: %s", i, cases[i].patterns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(client_of_a_plain_server), TEST(client_errors), TEST(server_of_a_plain_client),
		TEST(extension), TEST(big_request), TEST(truncated_requests), TEST(two_descriptors),
		TEST(decoding), TEST(environment), TEST(facts), TEST(big_environment), TEST(allowed)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
