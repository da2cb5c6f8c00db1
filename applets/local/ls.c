/* ls: list the local services of this machine
 *
 * SPDX-License-Identifier: ISC

config LS
	bool "ipcls"
	default y
	help
	  usage: ipcls [-j]

	  List the sockets of the machine, or of the container, at which local clients may call:
	  those that listen, and datagram sockets that have a name. "@NAME" is abstract.

	  -j  as a JSON array of objects; bytes above 126 appear as \u00HH

	  Columns:
	  TYPE     stream, seqpacket or dgram
	  USED     clients that wait to be accepted
	  LIMIT    of the backlog
	  MODE     of the file, if it is still that of the socket
	  OWNER    of the file, uid and gid; of the socket, uid, if it has no file
	  PROCESS  the one with the lowest number that has it open
	  PATH     as it was given to bind

	  What is not known is "-", and null in JSON.
*/
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "applet.h"

/* from <linux/netlink.h>, <linux/sock_diag.h> and <linux/unix_diag.h>, which not every libc has */
enum {
	SOCK_DIAG = 4, BY_FAMILY = 20, REQUEST_DUMP = 0x301, MESSAGE_ERROR = 2, MESSAGE_DONE = 3,
	SHOW_NAME = 1, SHOW_VFS = 2, SHOW_PEER = 4, SHOW_RQLEN = 0x10, SHOW_UID = 0x40,
	ATTR_NAME = 0, ATTR_VFS = 1, ATTR_PEER = 2, ATTR_RQLEN = 4, ATTR_UID = 7,
	ESTABLISHED = 1, UNCONNECTED = 7, LISTENING = 10,
	LISTENS = 0x10000	/* a flag in /proc/net/unix */
};

struct header {
	uint32_t length;
	uint16_t type, flags;
	uint32_t seq, pid;
};

struct request {
	struct header header;
	uint8_t family, protocol;
	uint16_t pad;
	uint32_t states, ino, show, cookie[2];
};

struct reply {
	struct header header;
	uint8_t family, type, state, pad;
	uint32_t ino, cookie[2];
};

struct attribute {
	uint16_t length, type;
};

enum { PATH_SIZE = 110 };

static const unsigned NOT_KNOWN = -1;

struct service {
	unsigned ino, file_ino;
	int type, listens, has_peer;
	unsigned used, limit, mode, uid, gid;
	unsigned pid;
	char comm[17];
	char path[PATH_SIZE];
};

struct list {
	struct service *services;
	size_t count;
};

static struct service *add(struct list *list)
{
	size_t n = list->count;

	/* a power of two is full */
	if (!(n & (n - 1))) {
		list->services = realloc(list->services, (n ? 2 * n : 1) * sizeof *list->services);
		if (!list->services)
			die(EXIT_TEMPORARY, "unable to list:");
	}
	list->services[n] = (struct service){ .used = NOT_KNOWN, .limit = NOT_KNOWN,
		.mode = NOT_KNOWN, .uid = NOT_KNOWN, .gid = NOT_KNOWN };
	list->count++;
	return list->services + n;
}

static void set_path(struct service *service, const char *name, size_t length)
{
	if (length >= PATH_SIZE)
		length = PATH_SIZE - 1;
	/* the kernel counts the NUL that ends a path */
	if (length && *name)
		length = strnlen(name, length);
	for (size_t i = 0; i < length; i++)
		service->path[i] = name[i] ? name[i] : '@';
}

/* --- what the kernel says --- */

static void take_attribute(struct service *service, int type, const void *data, size_t length)
{
	uint32_t word[2] = { 0 };

	memcpy(word, data, length < sizeof word ? length : sizeof word);
	if (type == ATTR_NAME)
		set_path(service, data, length);
	else if (type == ATTR_VFS)
		service->file_ino = word[0];
	else if (type == ATTR_PEER)
		service->has_peer = 1;
	else if (type == ATTR_UID)
		service->uid = word[0];
	else if (type == ATTR_RQLEN && service->listens) {
		service->used = word[0];
		service->limit = word[1];
	}
}

static void take_reply(struct list *list, const struct reply *reply)
{
	const char *at = (const char *)(reply + 1), *end = (const char *)reply +
							    reply->header.length;
	struct service *service = add(list);
	struct attribute attribute;
	ptrdiff_t step;

	service->ino = reply->ino;
	service->type = reply->type;
	service->listens = reply->state == LISTENING;
	while ((size_t)(end - at) >= sizeof attribute) {
		memcpy(&attribute, at, sizeof attribute);
		if (attribute.length < sizeof attribute || attribute.length > end - at)
			break;
		take_attribute(service, attribute.type, at + sizeof attribute,
			       attribute.length - sizeof attribute);
		step = (attribute.length + 3) & ~3;
		if (end - at <= step)
			break;
		at += step;
	}
	if (!*service->path || service->has_peer || (!service->listens &&
						     service->type != SOCK_DGRAM))
		list->count--;
}

/* The replies in BYTES, which begin where a header may: 1 if there are more to come, 0 if not, -1 for an
 * error. */
static int take_replies(struct list *list, const void *bytes, size_t n)
{
	const struct header *header = bytes;
	size_t step;

	for (; n >= sizeof *header && header->length >= sizeof *header && header->length <= n;
	     header = (const struct header *)((const char *)header + step)) {
		step = (header->length + 3) & ~3U;
		if (header->type == MESSAGE_DONE)
			return 0;
		if (header->type == MESSAGE_ERROR)
			return -1;
		if (header->length >= sizeof(struct reply))
			take_reply(list, (const struct reply *)header);
		if (step >= n)
			break;
		n -= step;
	}
	return 1;
}

/* Ask by sock_diag(7). Returns -1 if the kernel does not have it. */
static int ask_kernel(struct list *list)
{
	static union { struct header header; char bytes[32768]; } buffer;
	struct request request = {
		.header = { .length = sizeof request, .type = BY_FAMILY, .flags = REQUEST_DUMP },
		.family = AF_UNIX, .show = SHOW_NAME | SHOW_VFS | SHOW_PEER | SHOW_RQLEN | SHOW_UID,
		/* a datagram socket that somebody has connected to counts as established */
		.states = 1 << LISTENING | 1 << UNCONNECTED | 1 << ESTABLISHED
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, SOCK_DIAG), result = 1;
	ssize_t n;

	if (fd < 0)
		return -1;
	if (send(fd, &request, sizeof request, 0) < 0)
		result = -1;
	while (result > 0) {
		n = recv(fd, &buffer, sizeof buffer, 0);
		result = n > 0 ? take_replies(list, &buffer, n) : -1;
	}
	close(fd);
	return result;
}

/* Skip blanks and read a number of hexadecimal or decimal digits. */
static unsigned field(const char **line, unsigned base)
{
	static const char digits[] = "0123456789abcdef";
	unsigned value = 0;
	const char *digit;

	*line += strspn(*line, " ");
	while (**line && (digit = strchr(digits, **line | ' ')) && digit - digits < (int)base) {
		value = value * base + (digit - digits);
		++*line;
	}
	return value;
}

/* "Num: RefCount Protocol Flags Type St Inode Path" */
static int take_line(void *data, char *text)
{
	const char *line = strchr(text, ':');
	struct list *list = data;
	unsigned flags, type, ino;
	struct service *service;

	if (!line++)
		return 0;
	field(&line, 16);
	field(&line, 16);
	flags = field(&line, 16);
	type = field(&line, 16);
	field(&line, 16);
	ino = field(&line, 10);
	if (*line != ' ' || !line[1] || (!(flags & LISTENS) && type != SOCK_DGRAM))
		return 0;
	service = add(list);
	service->ino = ino;
	service->type = type;
	service->listens = type != SOCK_DGRAM;
	set_path(service, line + 1, strlen(line + 1));
	return 0;
}

/* The table that every kernel has. */
static void read_table(struct list *list)
{
	if (proc_lines("/proc/net/unix", take_line, list) < 0)
		die(EXIT_TEMPORARY, "unable to read /proc/net/unix:");
}

/* --- who has it --- */

static int by_ino(const void *one, const void *other)
{
	unsigned a = ((const struct service *)one)->ino, b = ((const struct service *)other)->ino;

	return (a > b) - (a < b);
}

static int by_path(const void *one, const void *other)
{
	int order = strcmp(((const struct service *)one)->path,
			   ((const struct service *)other)->path);

	return order ? order : by_ino(one, other);
}

/* The number that TEXT is, between BEFORE and AFTER; 0 if it is none. */
static unsigned number_in(char *text, const char *before, const char *after)
{
	size_t skip = strlen(before), length = strlen(text), end = strlen(after);
	unsigned value;

	if (length < skip + end || strncmp(text, before, skip) ||
	    strcmp(text + length - end, after))
		return 0;
	text[length - end] = 0;
	return ipc_number(text + skip, 10, UINT_MAX, &value) ? 0 : value;
}

static void look_at_process(struct list *list, unsigned pid)
{
	struct service *service, key = { .ino = 0 };
	struct dirent *entry;
	char name[64];
	ssize_t n;
	DIR *dir;

	snprintf(name, sizeof name, "/proc/%u/fd", pid);
	dir = opendir(name);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, name, sizeof name - 1);
		name[n < 0 ? 0 : n] = 0;
		key.ino = number_in(name, "socket:[", "]");
		service = key.ino ? bsearch(&key, list->services, list->count, sizeof key, by_ino)
				  : NULL;
		if (service && (!service->pid || service->pid > pid))
			service->pid = pid;
	}
	closedir(dir);
}

static void look_at_processes(struct list *list)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned pid;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!ipc_number(entry->d_name, 10, INT_MAX, &pid))
			look_at_process(list, pid);
	closedir(dir);
}

/* The file as the process sees it, whatever its root and its directory are; it counts if it is
 * still the one that was bound. */
static void look_at_file(struct service *service)
{
	int absolute = *service->path == '/';
	char path[PATH_SIZE + 40];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%u/%s/%s", service->pid, absolute ? "root" : "cwd",
		 service->path);
	if (stat(path, &st) && (!absolute || stat(service->path, &st)))
		return;
	if (!S_ISSOCK(st.st_mode) || (service->file_ino && service->file_ino != (unsigned)st.st_ino))
		return;
	service->mode = st.st_mode & 07777;
	service->uid = st.st_uid;
	service->gid = st.st_gid;
}

static void look_closer(struct service *service)
{
	if (*service->path != '@')
		look_at_file(service);
	if (service->pid)
		proc_text(service->pid, "comm", service->comm, sizeof service->comm);
	service->comm[strcspn(service->comm, "\n")] = 0;
}

/* --- output --- */

static const char *type_name(int type)
{
	return type == SOCK_STREAM ? "stream" : type == SOCK_DGRAM ? "dgram" : "seqpacket";
}

enum { NUMERAL_SIZE = 12 };

/* What is not known is UNKNOWN. */
static const char *numeral(char *text, const char *format, unsigned value, const char *unknown)
{
	if (value == NOT_KNOWN)
		return unknown;
	snprintf(text, NUMERAL_SIZE, format, value);
	return text;
}

static void plain(char *text)
{
	text[ipc_make_plain(text, strlen(text))] = 0;
}

static void row(struct service *s)
{
	char used[NUMERAL_SIZE], limit[NUMERAL_SIZE], mode[NUMERAL_SIZE], uid[NUMERAL_SIZE];
	char gid[NUMERAL_SIZE], owner[2 * NUMERAL_SIZE], process[40] = "-";

	plain(s->path);
	plain(s->comm);
	snprintf(owner, sizeof owner, "%s%s", numeral(uid, "%u", s->uid, "-"),
		 numeral(gid, ":%u", s->gid, ""));
	if (s->pid)
		snprintf(process, sizeof process, "%u/%s", s->pid, s->comm);
	printf("%-9s %5s %5s %4s %-11s %-23s %s\n", type_name(s->type),
	       numeral(used, "%u", s->used, "-"), numeral(limit, "%u", s->limit, "-"),
	       numeral(mode, "%04o", s->mode, "-"), owner, process, s->path);
}

static void json_number(const char *key, unsigned value)
{
	char text[NUMERAL_SIZE];

	printf(",\"%s\":%s", key, numeral(text, "%u", value, "null"));
}

static void object(struct service *s)
{
	char mode[NUMERAL_SIZE];

	print_json("{\"path\":", s->path);
	print_json(",\"type\":", type_name(s->type));
	json_number("used", s->used);
	json_number("limit", s->limit);
	print_json(",\"mode\":", numeral(mode, "%04o", s->mode, NULL));
	json_number("uid", s->uid);
	json_number("gid", s->gid);
	json_number("pid", s->pid ? s->pid : NOT_KNOWN);
	print_json(",\"process\":", s->pid ? s->comm : NULL);
	putchar('}');
}

TOOL(ls)
{
	struct list list = { .count = 0 };
	int json = 0;

	while (option(argc, argv, "j", NULL) != -1)
		json = 1;
	if (argv[optind])
		usage("unexpected argument %s", argv[optind]);
	if (ask_kernel(&list)) {
		list.count = 0;
		read_table(&list);
	}
	qsort(list.services, list.count, sizeof *list.services, by_ino);
	look_at_processes(&list);
	for (size_t i = 0; i < list.count; i++)
		look_closer(list.services + i);
	qsort(list.services, list.count, sizeof *list.services, by_path);
	fputs(json ? "[" : "TYPE       USED LIMIT MODE OWNER       PROCESS                 PATH\n",
	      stdout);
	for (size_t i = 0; i < list.count; i++) {
		if (json)
			fputs(i ? ",\n" : "\n", stdout);
		(json ? object : row)(list.services + i);
	}
	if (json)
		fputs("\n]\n", stdout);
	flush_output();
	return 0;
}
