/* SPDX-License-Identifier: ISC */
/* telling a supervisor, in the way of sd_notify(3), and understanding what is told */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

static int send_notice(const char *name, const char *message, struct msghdr *msg)
{
	struct iovec iov = { .iov_base = (void *)message, .iov_len = strlen(message) };
	struct ipc_address address;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ipc_address_set(&address, name))
		return ipc_fail(fd);
	msg->msg_name = &address.sun;
	msg->msg_namelen = address.length;
	msg->msg_iov = &iov;
	msg->msg_iovlen = 1;
	if (ipc_control_send(fd, msg, 0) < 0) {
		ipc_address_clear(&address);
		return ipc_fail(fd);
	}
	ipc_address_clear(&address);
	close(fd);
	return 0;
}

int ipc_notify(const char *name, const char *message)
{
	struct msghdr msg = { 0 };

	return send_notice(name, message, &msg);
}

int ipc_notify_for(const char *name, pid_t pid, const char *message)
{
	struct ucred ucred = { .pid = pid, .uid = getuid(), .gid = getgid() };
	union ipc_control control;
	struct msghdr msg = { .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(sizeof ucred) };

	memset(&control, 0, CMSG_SPACE(sizeof ucred));
	*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_CREDENTIALS, .cmsg_len = CMSG_LEN(sizeof ucred) };
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &ucred, sizeof ucred);
	if (!send_notice(name, message, &msg))
		return 0;
	return errno == EPERM ? ipc_notify(name, message) : -1;
}

int ipc_notify_barrier(const char *name, int timeout)
{
	union ipc_control control;
	struct msghdr msg = { 0 };
	struct pollfd poller = { 0 };
	long long end = ipc_now() + timeout, left = -1;
	int ends[2], n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -1;
	ipc_control_put(&msg, &control, &ends[1], 1);
	n = send_notice(name, "BARRIER=1", &msg);
	ipc_fail(ends[1]);
	if (n)
		return ipc_fail(ends[0]);
	/* it hangs up when all have closed their copy of the other end */
	poller.fd = ends[0];
	do {
		if (timeout >= 0)
			left = end > ipc_now() ? end - ipc_now() : 0;
		n = poll(&poller, 1, left);
	} while (n < 0 && errno == EINTR);
	if (!n)
		errno = ETIMEDOUT;
	ipc_fail(ends[0]);
	return n > 0 ? 0 : -1;
}

/* The digits of TEXT, LENGTH bytes, as a number; too large is the largest. -1: not a number. */
static long long digits(const char *text, size_t length)
{
	enum { MOST_DIGITS = 18 };
	long long value = 0;

	if (!length || length > 64)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		if (i < MOST_DIGITS)
			value = value * 10 + text[i] - '0';
		else
			value = 999999999999999999;
	}
	return value;
}

/* Is the line NAME=VALUE? Then *VALUE is the number in it. */
static int is_number(const char *line, size_t length, const char *name, long long *value)
{
	size_t n = strlen(name);

	if (length <= n || memcmp(line, name, n) || line[n] != '=')
		return 0;
	*value = digits(line + n + 1, length - n - 1);
	return *value >= 0;
}

static void parse_line(const char *line, size_t length, struct ipc_notice *notice)
{
	static const struct {
		const char name[10];
		unsigned char what;
	} flags[] = {
		{ "READY", IPC_NOTICE_READY }, { "RELOADING", IPC_NOTICE_RELOADING },
		{ "STOPPING", IPC_NOTICE_STOPPING }, { "WATCHDOG", IPC_NOTICE_WATCHDOG },
		{ "BARRIER", IPC_NOTICE_BARRIER },
	};
	long long value;

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (is_number(line, length, flags[i].name, &value) && value == 1)
			notice->what |= flags[i].what;
	if (is_number(line, length, "MAINPID", &value) && value > 0 && value <= 0x7fffffff) {
		notice->what |= IPC_NOTICE_MAINPID;
		notice->mainpid = value;
	}
	if (is_number(line, length, "EXTEND_TIMEOUT_USEC", &value)) {
		notice->what |= IPC_NOTICE_EXTEND;
		notice->extend = value / 1000 + (value % 1000 > 0);
	}
	if (length >= 7 && !memcmp(line, "STATUS=", 7)) {
		notice->what |= IPC_NOTICE_STATUS;
		notice->status = line + 7;
		notice->status_length = length - 7;
	}
}

void ipc_notice_parse(const char *text, size_t length, struct ipc_notice *notice)
{
	*notice = (struct ipc_notice){ 0 };
	while (length) {
		const char *end = memchr(text, '\n', length);
		size_t line = end ? (size_t)(end - text) : length;

		parse_line(text, line, notice);
		line += end != NULL;
		text += line;
		length -= line;
	}
}
