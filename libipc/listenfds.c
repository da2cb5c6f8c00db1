/* SPDX-License-Identifier: ISC */
/* descriptors that we were given, by whatever convention we are told about them */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "internal.h"

enum { FIRST = 3, READER = 6, WRITER = 7 };

/* newer than the headers of some libcs */
enum { PIDFD_OPEN = 434, PIDFS_MAGIC = 0x50494446 };

/* What is being read. */
struct reading {
	char *const *envp;
	struct ipc_listen_source *source;
	struct ipc_listen_fd *fds;
	int max;
	int count;
	const char *variable;	/* that a problem is in */
};

struct span {
	const char *at, *end;
};

static const char *find(char *const *envp, const char *name, size_t length)
{
	for (; *envp; envp++)
		if (!strncmp(*envp, name, length) && (*envp)[length] == '=')
			return *envp + length + 1;
	return NULL;
}

static const char *value(struct reading *reading, const char *name)
{
	const char *text = find(reading->envp, name, strlen(name));

	if (text)
		reading->variable = name;
	return text;
}

static int wrong(struct reading *reading, int error, const char *what, struct span item)
{
	char *problem = reading->source->problem;
	size_t size = sizeof reading->source->problem;
	int length = item.end - item.at > IPC_NAME_MAX ? IPC_NAME_MAX : item.end - item.at;
	const char *in = reading->variable ? reading->variable : "";

	ipc_format(problem, size, "%s%s%s%s%.*s", in, *in ? ": " : "", what, length ? ": " : "",
		   length, length ? item.at : "");
	return errno = error, -1;
}

static struct span whole(const char *text)
{
	return (struct span){ text, text + strlen(text) };
}

/* Cut *ITEM off the front of REST, up to one of SEPARATORS. Returns whether there was one. */
static int cut(struct span *rest, const char *separators, struct span *item)
{
	*item = (struct span){ rest->at, rest->at };
	while (item->end < rest->end && !strchr(separators, *item->end))
		item->end++;
	rest->at = item->end;
	if (rest->at == rest->end)
		return 0;
	rest->at++;
	return 1;
}

static int number(struct span item, int *number)
{
	long long n = 0;

	if (item.at == item.end)
		return -1;
	for (; item.at < item.end; item.at++) {
		if (*item.at < '0' || *item.at > '9')
			return -1;
		n = n * 10 + (*item.at - '0');
		if (n > INT_MAX)
			return -1;
	}
	*number = n;
	return 0;
}

static int add_number(struct reading *reading, int fd, struct span name, struct span item)
{
	static const char unknown[] = "unknown";
	size_t length = name.end - name.at;

	if (fcntl(fd, F_GETFD) < 0)
		return wrong(reading, EBADF, "this descriptor is not open", item);
	for (int i = 0; i < reading->count; i++)
		if (reading->fds[i].fd == fd)
			return wrong(reading, EINVAL, "this descriptor is there twice", item);
	if (reading->count == reading->max)
		return wrong(reading, E2BIG, "too many descriptors", (struct span){ 0 });
	if (length > IPC_NAME_MAX)
		return wrong(reading, EINVAL, "a name is too long", name);
	if (!length) {
		name.at = unknown;
		length = sizeof unknown - 1;
	}
	for (size_t i = 0; i < length; i++)
		if (name.at[i] < ' ' || name.at[i] == 127)
			return wrong(reading, EINVAL, "a control character in a name", name);
	reading->fds[reading->count].fd = fd;
	memcpy(reading->fds[reading->count].name, name.at, length);
	reading->fds[reading->count++].name[length] = 0;
	return 0;
}

static int add(struct reading *reading, struct span text, struct span name)
{
	int fd;

	if (text.at == text.end)
		return wrong(reading, EINVAL, "a stray separator or an empty list", text);
	if (number(text, &fd))
		return wrong(reading, EINVAL, "not the number of a descriptor", text);
	return add_number(reading, fd, name, text);
}

/* --- the formats ------------------------------------------------------------------------ */

/* "3 4": numbers with one separator between two */
static int read_list(struct reading *reading, const char *text)
{
	struct span rest = whole(text), item;
	int more;

	do {
		more = cut(&rest, " ", &item);
		if (add(reading, item, (struct span){ 0 }))
			return -1;
	} while (more);
	return reading->count;
}

/* "3;4;" or "3:4:": each number has its end */
static int read_nginx(struct reading *reading)
{
	const char *text = value(reading, "NGINX");
	struct span rest, item;

	if (!text)
		return 0;
	rest = whole(text);
	do {
		if (!cut(&rest, ";:", &item))
			return wrong(reading, EINVAL, "an end is missing", item);
		if (add(reading, item, (struct span){ 0 }))
			return -1;
	} while (rest.at < rest.end);
	return reading->count;
}

static int has_name(const struct reading *reading, struct span name)
{
	size_t length = name.end - name.at;

	for (int i = 0; i < reading->count; i++)
		if (!strncmp(reading->fds[i].name, name.at, length) &&
		    !reading->fds[i].name[length])
			return 1;
	return 0;
}

/* "name=3,name=4", or "address=3;address=4": addresses may have a '=' in them, and TCP and UDP may
 * have the same one */
static int read_map(struct reading *reading, const char *variable, const char *separator,
		    int unique)
{
	const char *text = value(reading, variable);
	struct span rest, item, name;
	int more;

	if (!text)
		return 0;
	rest = whole(text);
	do {
		more = cut(&rest, separator, &item);
		name = item;
		while (name.end > name.at && *name.end != '=')
			name.end--;
		if (item.at == item.end)
			return wrong(reading, EINVAL, "a stray separator or an empty list", item);
		if (name.at == name.end)
			return wrong(reading, EINVAL, "not NAME=NUMBER", item);
		if (unique && name.end - name.at <= IPC_NAME_MAX && has_name(reading, name))
			return wrong(reading, EINVAL, "this name is there twice", name);
		item.at = name.end + 1;
		if (add(reading, item, name))
			return -1;
	} while (more);
	return reading->count;
}

/* LISTEN_PIDFDID tells us from a process that had our number before. */
static int is_us(struct reading *reading)
{
	const char *pid = value(reading, "LISTEN_PID"), *id = value(reading, "LISTEN_PIDFDID");
	char ours[24];
	int n;

	if (!pid || number(whole(pid), &n) || n != getpid())
		return 0;
	return !id || ipc_listen_pidfdid(ours) || !strcmp(id, ours);
}

static int read_listen(struct reading *reading)
{
	const char *names, *text = value(reading, "LISTEN_FDS");
	struct span rest = { 0 }, name = { 0 };
	char digits[12];
	int count, more = 1;

	if (!text || (!reading->source->any_process && !is_us(reading)))
		return 0;
	reading->variable = "LISTEN_FDS";
	if (number(whole(text), &count))
		return wrong(reading, EINVAL, "not a number", whole(text));
	if (count > reading->max)
		return wrong(reading, E2BIG, "too many descriptors", whole(text));
	names = value(reading, "LISTEN_FDNAMES");
	if (names)
		rest = whole(names);
	for (int i = 0; i < count; i++) {
		if (names && !more)
			return wrong(reading, EINVAL, "fewer names than descriptors", whole(names));
		if (names)
			more = cut(&rest, ":", &name);
		ipc_format(digits, sizeof digits, "%d", FIRST + i);
		if (add_number(reading, FIRST + i, name, whole(digits)))
			return -1;
	}
	if (names && count && more)
		return wrong(reading, EINVAL, "more names than descriptors", whole(names));
	return count;
}

static int read_einhorn(struct reading *reading)
{
	const char *text = value(reading, "EINHORN_FD_COUNT");
	char variable[32];
	int count;

	if (!text) {
		text = value(reading, "EINHORN_FDS");
		return text ? read_list(reading, text) : 0;
	}
	if (number(whole(text), &count))
		return wrong(reading, EINVAL, "not a number", whole(text));
	if (count > reading->max)
		return wrong(reading, E2BIG, "too many descriptors", whole(text));
	for (int i = 0; i < count; i++) {
		ipc_format(variable, sizeof variable, "EINHORN_FD_%d", i);
		reading->variable = variable;
		text = value(reading, variable);
		if (!text)
			return wrong(reading, EINVAL, "not set", (struct span){ 0 });
		if (add(reading, whole(text), (struct span){ 0 }))
			return -1;
	}
	return count;
}

static const char each_ending[] = "_FD";

/* UDP_FD=3; the name is "udp" */
static int read_each(struct reading *reading)
{
	enum { ENDING = sizeof each_ending - 1 };
	char variable[IPC_NAME_MAX + sizeof each_ending], name[IPC_NAME_MAX + 1];

	for (char *const *entry = reading->envp; *entry; entry++) {
		size_t length = strspn(*entry, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

		if ((*entry)[length] != '=' || length <= ENDING || length >= sizeof variable ||
		    memcmp(*entry + length - ENDING, each_ending, ENDING))
			continue;
		memcpy(variable, *entry, length);
		variable[length] = 0;
		reading->variable = variable;
		for (size_t i = 0; i < length - ENDING; i++)
			name[i] = variable[i] >= 'A' && variable[i] <= 'Z' ? variable[i] | 32
									    : variable[i];
		if (add(reading, whole(*entry + length + 1),
			(struct span){ name, name + length - ENDING }))
			return -1;
	}
	return reading->count;
}

/* --- conventions that are numbers alone --------------------------------------------------- */

static int same_file(int a, int b)
{
	struct stat one, two;

	return !fstat(a, &one) && !fstat(b, &two) && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
}

static int is_socket(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISSOCK(st.st_mode);
}

static int read_ucspi(struct reading *reading, int asked)
{
	if (asked ? fcntl(READER, F_GETFD) < 0 || fcntl(WRITER, F_GETFD) < 0
		  : !value(reading, "PROTO") || !is_socket(READER) || !is_socket(WRITER))
		return 0;
	reading->variable = NULL;
	if (same_file(READER, WRITER))
		return add_number(reading, READER, whole("connection"), whole("6")) ? -1 : 1;
	if (add_number(reading, READER, whole("reader"), whole("6")) ||
	    add_number(reading, WRITER, whole("writer"), whole("7")))
		return -1;
	return 2;
}

static int read_inetd(struct reading *reading, int asked)
{
	if (asked ? fcntl(0, F_GETFD) < 0 : !is_socket(0))
		return 0;
	reading->variable = NULL;
	return add_number(reading, 0, (struct span){ 0 }, whole("0")) ? -1 : 1;
}

static int read_convention(struct reading *reading, enum ipc_convention convention, int asked)
{
	const char *map = reading->source->variable, *text;

	switch (convention) {
	case IPC_FDS_LISTEN: return read_listen(reading);
	case IPC_FDS_MAP: return read_map(reading, map ? map : "LISTEN_FD_MAP", ",", 1);
	case IPC_FDS_EINHORN: return read_einhorn(reading);
	case IPC_FDS_STARTER: return read_map(reading, "SERVER_STARTER_PORT", ";", 0);
	case IPC_FDS_UPSTART:
		text = value(reading, "UPSTART_FDS");
		return text ? read_list(reading, text) : 0;
	case IPC_FDS_NGINX: return read_nginx(reading);
	case IPC_FDS_FPM: return read_map(reading, "FPM_SOCKETS", ",", 0);
	case IPC_FDS_UCSPI: return read_ucspi(reading, asked);
	case IPC_FDS_INETD: return read_inetd(reading, asked);
	case IPC_FDS_EACH: return read_each(reading);
	default: return 0;
	}
}

int ipc_listen_fds_find(char *const *envp, struct ipc_listen_source *source,
			struct ipc_listen_fd *fds, int max)
{
	struct reading reading = { .envp = envp, .source = source, .fds = fds, .max = max };
	unsigned wanted = source->conventions ? source->conventions : ~(1u << IPC_FDS_EACH);

	*source->problem = 0;
	for (int i = 0; i < IPC_FDS_CONVENTIONS; i++) {
		int count;

		if (!(wanted & 1u << i))
			continue;
		source->found = i;
		count = read_convention(&reading, i, wanted == 1u << i);
		if (count)
			return count;
	}
	return 0;
}

/* --- the environment -------------------------------------------------------------------- */

static void forget_each(const struct ipc_listen_fd *fds, int count)
{
	char variable[IPC_NAME_MAX + sizeof each_ending];

	for (int i = 0; i < count; i++) {
		size_t length = ipc_format(variable, sizeof variable, "%s%s", fds[i].name,
					   each_ending);

		for (size_t n = 0; n < length && n < sizeof variable; n++)
			if (variable[n] >= 'a' && variable[n] <= 'z')
				variable[n] &= ~32;
		unsetenv(variable);
	}
}

static void forget_einhorn(int count)
{
	char variable[40];

	unsetenv("EINHORN_FDS");
	unsetenv("EINHORN_FD_COUNT");
	for (int i = 0; i < count; i++) {
		ipc_format(variable, sizeof variable, "EINHORN_FD_%d", i);
		unsetenv(variable);
		ipc_format(variable, sizeof variable, "EINHORN_FD_FAMILY_%d", i);
		unsetenv(variable);
	}
}

void ipc_listen_fds_forget(const struct ipc_listen_source *source, const struct ipc_listen_fd *fds,
			   int count)
{
	switch (source->found) {
	case IPC_FDS_LISTEN:
		unsetenv("LISTEN_FDS");
		unsetenv("LISTEN_PID");
		unsetenv("LISTEN_PIDFDID");
		unsetenv("LISTEN_FDNAMES");
		break;
	case IPC_FDS_MAP: unsetenv(source->variable ? source->variable : "LISTEN_FD_MAP"); break;
	case IPC_FDS_EINHORN: forget_einhorn(count); break;
	case IPC_FDS_STARTER:
		unsetenv("SERVER_STARTER_PORT");
		unsetenv("SERVER_STARTER_GENERATION");
		break;
	case IPC_FDS_UPSTART:
		unsetenv("UPSTART_FDS");
		unsetenv("UPSTART_EVENTS");
		break;
	case IPC_FDS_NGINX: unsetenv("NGINX"); break;
	case IPC_FDS_FPM: unsetenv("FPM_SOCKETS"); break;
	case IPC_FDS_EACH: forget_each(fds, count); break;
	default: break;
	}
}

int ipc_listen_fds(struct ipc_listen_fd *fds, int max)
{
	extern char **environ;
	struct ipc_listen_source source = { 0 };
	int count = ipc_listen_fds_find(environ, &source, fds, max);

	if (count <= 0)
		return count;
	for (int i = 0; i < count; i++)
		if (fds[i].fd > 2)
			fcntl(fds[i].fd, F_SETFD, FD_CLOEXEC);
	if (source.found == IPC_FDS_UCSPI)
		fcntl(WRITER, F_SETFD, FD_CLOEXEC);
	ipc_listen_fds_forget(&source, fds, count);
	return count;
}

int ipc_listen_pidfdid(char *text)
{
	int fd = syscall(PIDFD_OPEN, getpid(), 0);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstatfs(fd, &fs) || fstat(fd, &st))
		return ipc_fail(fd);
	close(fd);
	/* before, all pidfds were one inode */
	if (fs.f_type != PIDFS_MAGIC)
		return errno = ENOTSUP, -1;
	ipc_format(text, 21, "%llu", (unsigned long long)st.st_ino);
	return 0;
}
