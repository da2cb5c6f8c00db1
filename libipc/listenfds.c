/* SPDX-License-Identifier: ISC */
/* descriptors that we were given, by whatever convention we are told about them */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "internal.h"
#include "kernel.h"

enum { FIRST = 3, READER = 6, WRITER = 7 };

/* newer than the headers of some libcs */
enum { PIDFS_MAGIC = 0x50494446 };

struct span {
	const char *at, *end;
};

/* What is being read. */
struct reading {
	char *const *envp;
	struct ipc_listen_source *source;
	struct ipc_listen_fd *fds;
	int max;
	int count;
	const char *variable;	/* that a problem is in, or NULL */
	struct span item;	/* of its value, that a problem is with */
};

static struct span whole(const char *text)
{
	return (struct span){ text, text + strlen(text) };
}

/* Make the value of the variable NAME the item. Returns it, NULL if it is not set. */
static const char *value(struct reading *reading, const char *name)
{
	size_t length = strlen(name);

	for (char *const *envp = reading->envp; *envp; envp++) {
		if (strncmp(*envp, name, length) || (*envp)[length] != '=')
			continue;
		reading->variable = name;
		reading->item = whole(*envp + length + 1);
		return reading->item.at;
	}
	return NULL;
}

static int wrong(struct reading *reading, int error, const char *what)
{
	struct span item = reading->item;
	int length = item.end - item.at > IPC_NAME_MAX ? IPC_NAME_MAX : item.end - item.at;
	const char *in = reading->variable ? reading->variable : "";

	snprintf(reading->source->problem, sizeof reading->source->problem, "%s%s%s%s%.*s", in,
		 *in ? ": " : "", what, length ? ": " : "", length, length ? item.at : "");
	return errno = error, -1;
}

/* Make what is in REST up to one of SEPARATORS the item and cut it off. Returns whether there was a
 * separator. */
static int cut(struct reading *reading, struct span *rest, const char *separators)
{
	struct span *item = &reading->item;

	*item = (struct span){ rest->at, rest->at };
	while (item->end < rest->end && !strchr(separators, *item->end))
		item->end++;
	rest->at = item->end;
	if (rest->at == rest->end)
		return 0;
	rest->at++;
	return 1;
}

/* The number that the item is, -1 if it is none. */
static int number(const struct reading *reading)
{
	long long n = 0;
	const char *at = reading->item.at;

	if (at == reading->item.end)
		return -1;
	for (; at < reading->item.end; at++) {
		if (*at < '0' || *at > '9')
			return -1;
		n = n * 10 + (*at - '0');
		if (n > INT_MAX)
			return -1;
	}
	return n;
}

static const char too_many[] = "too many descriptors";

/* The number of descriptors that the item is. */
static int number_of_fds(struct reading *reading)
{
	int count = number(reading);

	if (count < 0)
		return wrong(reading, EINVAL, "not a number");
	if (count > reading->max)
		return wrong(reading, E2BIG, too_many);
	return count;
}

/* Add the descriptor that the item is the number of. */
static int add(struct reading *reading, struct span name)
{
	struct ipc_listen_fd *to = &reading->fds[reading->count];
	size_t length = name.end - name.at;
	int fd = number(reading);

	if (reading->item.at == reading->item.end)
		return wrong(reading, EINVAL, "a stray separator or an empty list");
	if (fd < 0)
		return wrong(reading, EINVAL, "not the number of a descriptor");
	if (fcntl(fd, F_GETFD) < 0)
		return wrong(reading, EBADF, "this descriptor is not open");
	for (int i = 0; i < reading->count; i++)
		if (reading->fds[i].fd == fd)
			return wrong(reading, EINVAL, "this descriptor is there twice");
	if (reading->count == reading->max) {
		reading->item = (struct span){ 0 };
		return wrong(reading, E2BIG, too_many);
	}
	reading->item = name;
	if (length > IPC_NAME_MAX)
		return wrong(reading, EINVAL, "a name is too long");
	for (size_t i = 0; i < length; i++)
		if (name.at[i] < ' ' || name.at[i] == 127)
			return wrong(reading, EINVAL, "a control character in a name");
	to->fd = fd;
	snprintf(to->name, sizeof to->name, "%.*s", length ? (int)length : INT_MAX,
		 length ? name.at : "unknown");
	reading->count++;
	return 0;
}

/* --- the formats ------------------------------------------------------------------------ */

static int has_name(const struct reading *reading, struct span name)
{
	size_t length = name.end - name.at;

	for (int i = 0; i < reading->count; i++)
		if (!strncmp(reading->fds[i].name, name.at, length) &&
		    !reading->fds[i].name[length])
			return 1;
	return 0;
}

/* What an item is. */
enum {
	NAMED = 1,	/* "name=3", not "3"; an address as a name may have a '=' in it */
	UNIQUE = 2,	/* no name is there twice, as an address of TCP and UDP may be */
	ENDED = 4	/* it has its end, also the last one */
};

/* "3 4", "3;4;", "name=3,name=4", "address=3;address=4" */
static int read_items(struct reading *reading, const char *variable, const char *separators,
		      int form)
{
	struct span rest, name = { 0 };
	int more;

	if (!value(reading, variable))
		return 0;
	rest = reading->item;
	do {
		more = cut(reading, &rest, separators);
		if (form & ENDED && !more)
			return wrong(reading, EINVAL, "an end is missing");
		if (form & NAMED && reading->item.at < reading->item.end) {
			name = reading->item;
			while (name.end > name.at && *name.end != '=')
				name.end--;
			if (name.at == name.end)
				return wrong(reading, EINVAL, "not NAME=NUMBER");
			if (form & UNIQUE && has_name(reading, name)) {
				reading->item = name;
				return wrong(reading, EINVAL, "this name is there twice");
			}
			reading->item.at = name.end + 1;
		}
		if (add(reading, name))
			return -1;
		if (form & ENDED)
			more = rest.at < rest.end;
	} while (more);
	return reading->count;
}

/* LISTEN_PIDFDID tells us from a process that had our number before. */
static int is_us(struct reading *reading)
{
	const char *id;
	char ours[24];

	if (!value(reading, "LISTEN_PID") || number(reading) != getpid())
		return 0;
	id = value(reading, "LISTEN_PIDFDID");
	return !id || ipc_listen_pidfdid(ours) || !strcmp(id, ours);
}

static int read_listen(struct reading *reading)
{
	struct span names, rest, name = { 0 };
	const char *named;
	char digits[12];
	int count, more = 1;

	if (!reading->source->any_process && !is_us(reading))
		return 0;
	if (!value(reading, "LISTEN_FDS"))
		return 0;
	count = number_of_fds(reading);
	named = value(reading, "LISTEN_FDNAMES");
	rest = names = reading->item;
	for (int i = 0; i < count; i++) {
		if (named) {
			if (!more) {
				reading->item = names;
				return wrong(reading, EINVAL, "fewer names than descriptors");
			}
			more = cut(reading, &rest, ":");
			name = reading->item;
		}
		snprintf(digits, sizeof digits, "%d", FIRST + i);
		reading->item = whole(digits);
		if (add(reading, name))
			return -1;
	}
	reading->item = names;
	if (named && count > 0 && more)
		return wrong(reading, EINVAL, "more names than descriptors");
	return count;
}

static int read_einhorn(struct reading *reading)
{
	char variable[32];
	int count;

	if (!value(reading, "EINHORN_FD_COUNT"))
		return read_items(reading, "EINHORN_FDS", " ", 0);
	count = number_of_fds(reading);
	for (int i = 0; i < count; i++) {
		snprintf(variable, sizeof variable, "EINHORN_FD_%d", i);
		if (!value(reading, variable)) {
			reading->variable = variable;
			reading->item = (struct span){ 0 };
			return wrong(reading, EINVAL, "not set");
		}
		if (add(reading, (struct span){ 0 }))
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
		reading->item = whole(*entry + length + 1);
		for (size_t i = 0; i < length - ENDING; i++)
			name[i] = variable[i] >= 'A' && variable[i] <= 'Z' ? variable[i] | 32
									    : variable[i];
		if (add(reading, (struct span){ name, name + length - ENDING }))
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

static int add_fixed(struct reading *reading, const char *number, const char *name)
{
	reading->variable = NULL;
	reading->item = whole(number);
	return add(reading, whole(name)) ? -1 : reading->count;
}

static int read_ucspi(struct reading *reading, int asked)
{
	if (asked ? fcntl(READER, F_GETFD) < 0 || fcntl(WRITER, F_GETFD) < 0
		  : !value(reading, "PROTO") || !is_socket(READER) || !is_socket(WRITER))
		return 0;
	if (same_file(READER, WRITER))
		return add_fixed(reading, "6", "connection");
	return add_fixed(reading, "6", "reader") < 0 ? -1 : add_fixed(reading, "7", "writer");
}

static int read_inetd(struct reading *reading, int asked)
{
	if (asked ? fcntl(0, F_GETFD) < 0 : !is_socket(0))
		return 0;
	return add_fixed(reading, "0", "");
}

static int read_convention(struct reading *reading, enum ipc_convention convention, int asked)
{
	const char *map = reading->source->variable;

	switch (convention) {
	case IPC_FDS_LISTEN: return read_listen(reading);
	case IPC_FDS_MAP:
		return read_items(reading, map ? map : "LISTEN_FD_MAP", ",", NAMED | UNIQUE);
	case IPC_FDS_EINHORN: return read_einhorn(reading);
	case IPC_FDS_STARTER: return read_items(reading, "SERVER_STARTER_PORT", ";", NAMED);
	case IPC_FDS_UPSTART: return read_items(reading, "UPSTART_FDS", " ", 0);
	case IPC_FDS_NGINX: return read_items(reading, "NGINX", ";:", ENDED);
	case IPC_FDS_FPM: return read_items(reading, "FPM_SOCKETS", ",", NAMED);
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
		size_t length = snprintf(variable, sizeof variable, "%s%s", fds[i].name,
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
		snprintf(variable, sizeof variable, "EINHORN_FD_%d", i);
		unsetenv(variable);
		snprintf(variable, sizeof variable, "EINHORN_FD_FAMILY_%d", i);
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
	int fd = syscall(SYS_pidfd_open, getpid(), 0);
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
	snprintf(text, 21, "%llu", (unsigned long long)st.st_ino);
	return 0;
}
