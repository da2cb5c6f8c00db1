/* SPDX-License-Identifier: ISC */
/* opening for others: the messages of the broker, its patterns, and files that links cannot move */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "ipc/open.h"
#include "internal.h"
#include "kernel.h"

/* newer than the headers of some libcs */
enum { RESOLVE_NO_MAGICLINKS = 2, RESOLVE_BENEATH = 8 };

struct resolution {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
};

enum { REQUEST = 'O', REQUEST_HEAD = 5, ANSWER_HEAD = 4, RACES = 16 };

/* --- messages --- */

/* An absolute path without empty components, "." and "..": what a pattern sees is then what
 * the kernel walks. Other names, such as "tcp:127.0.0.1:80", are not paths. */
static int is_plain(const char *path)
{
	while (*path == '/') {
		size_t length = strcspn(++path, "/");

		if (!length || (*path == '.' && (length == 1 || (length == 2 && path[1] == '.'))))
			return 0;
		path += length;
	}
	return !*path;
}

int ipc_open_send(struct ipc_messages *messages, const char *name, unsigned how)
{
	size_t length = strlen(name);
	char data[REQUEST_HEAD + IPC_OPEN_NAME_MAX];

	if (!length)
		return errno = EINVAL, -1;
	if (length > IPC_OPEN_NAME_MAX)
		return errno = ENAMETOOLONG, -1;
	data[0] = REQUEST;
	ipc_put_be32(data + 1, how);
	memcpy(data + REQUEST_HEAD, name, length);
	return ipc_message_send(messages, data, REQUEST_HEAD + length, NULL, 0);
}

int ipc_open_parse(const struct ipc_message *message, struct ipc_open_request *request)
{
	size_t length = message->length - REQUEST_HEAD;

	if (message->length <= REQUEST_HEAD || message->count || *message->data != REQUEST)
		return errno = EPROTO, -1;
	if (length > IPC_OPEN_NAME_MAX)
		return errno = ENAMETOOLONG, -1;
	request->how = ipc_get_be32(message->data + 1);
	memcpy(request->name, message->data + REQUEST_HEAD, length);
	request->name[length] = 0;
	if (request->how & ~(IPC_OPEN_LAST * 2U - 1) || strlen(request->name) != length ||
	    (*request->name == '/' && !is_plain(request->name)))
		return errno = EINVAL, -1;
	return 0;
}

int ipc_open_answer(struct ipc_messages *messages, int fd, int error, const char *text)
{
	char data[ANSWER_HEAD + IPC_OPEN_TEXT_SIZE - 1];
	size_t length = strnlen(text, IPC_OPEN_TEXT_SIZE - 1);

	if ((fd < 0) != (error > 0))
		return errno = EINVAL, -1;
	ipc_put_be32(data, error);
	memcpy(data + ANSWER_HEAD, text, length);
	return ipc_message_send(messages, data, ANSWER_HEAD + length, &fd, fd >= 0);
}

int ipc_open_receive(struct ipc_message *message, char *text)
{
	size_t length = message->length - ANSWER_HEAD;
	unsigned error;
	int fd;

	*text = 0;
	if (message->length < ANSWER_HEAD || length >= IPC_OPEN_TEXT_SIZE)
		return errno = EPROTO, -1;
	error = ipc_get_be32(message->data);
	if (error > INT_MAX || message->count != !error)
		return errno = EPROTO, -1;
	memcpy(text, message->data + ANSWER_HEAD, length);
	text[ipc_make_plain(text, length)] = 0;
	if (error)
		return errno = error, -1;
	fd = message->fds[0];
	message->fds[0] = -1;
	return fd;
}

/* --- patterns --- */

/* How many slashes of PATTERN belong to its fixed prefix: those up to the component ".", which is
 * removed, or else those before the first wildcard. */
static int fixed_slashes(char *pattern)
{
	char *mark = pattern, *end = pattern;
	int slashes = 0;

	while (*mark && strncmp(mark, "/./", 3))
		mark++;
	while (!*mark && *end && !strchr("*?[", *end))
		end += *end == '\\' && end[1] ? 2 : 1;
	if (*mark) {
		end = mark + 1;
		memmove(mark, mark + 2, strlen(mark + 2) + 1);
	}
	while (end > pattern)
		slashes += *--end == '/';
	return slashes;
}

/* Where the component after COUNT slashes begins; NULL if there are fewer. */
static const char *after_slashes(const char *path, int count)
{
	while (count-- && path)
		path = (path = strchr(path, '/')) ? path + 1 : NULL;
	return path;
}

/* Does the path match? Then *PREFIX is where what follows the fixed prefix begins. */
static int path_matches(char *pattern, const char *path, size_t *prefix)
{
	int slashes = fixed_slashes(pattern), all = 0;
	size_t length = strlen(pattern);
	const char *rest = after_slashes(path, slashes), *end;
	char top[PATH_MAX];

	if (!slashes || !rest)
		return 0;
	*prefix = rest - path;
	if (length < 3 || strcmp(pattern + length - 3, "/**"))
		return ipc_pattern_match(pattern, length, path);
	for (size_t i = 0; i < length - 2; i++)
		all += pattern[i] == '/';
	end = after_slashes(path, all);
	if (!end || !*end)
		return 0;
	memcpy(top, path, end - 1 - path);
	top[end - 1 - path] = 0;
	return ipc_pattern_match(pattern, length - 3, top);
}

int ipc_open_match(const char *patterns, const char *name, size_t *prefix)
{
	char pattern[PATH_MAX];
	size_t length;

	if (strlen(name) >= sizeof pattern)
		return 0;
	for (; (length = ipc_word(&patterns)); patterns += length) {
		/* a pattern that is too long matches nothing */
		if (length >= sizeof pattern)
			continue;
		memcpy(pattern, patterns, length);
		pattern[length] = 0;
		*prefix = 0;
		if (*name == '/' ? path_matches(pattern, name, prefix)
				 : ipc_pattern_match(pattern, strlen(pattern), name))
			return 1;
	}
	return 0;
}

/* --- files --- */

int ipc_open_walk(int dir, const char *path, int flags, mode_t mode)
{
	char part[NAME_MAX + 1];
	int at = dir, next;

	for (;;) {
		size_t length = strcspn(path, "/");
		int last = !path[length] || !path[length + 1];

		next = -1;
		if (length > NAME_MAX) {
			errno = ENAMETOOLONG;
		} else {
			memcpy(part, path, length);
			part[length] = 0;
			next = last ? openat(at, part, flags | O_NOFOLLOW, mode)
			     : openat(at, part, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
		}
		if (at != dir)
			ipc_fail(at);
		if (next < 0 || last)
			return next;
		at = next;
		path += length + 1;
	}
}

/* PATH below DIR; no link leads out of it. */
static int open_below(int dir, const char *path, int flags, mode_t mode)
{
	struct resolution how = { .flags = flags, .mode = flags & O_CREAT ? mode : 0,
				  .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int tries = RACES, fd;

	/* EAGAIN: something was renamed while the kernel went through ".." of a link */
	do
		fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
	while (fd < 0 && errno == EAGAIN && --tries);
	/* EPERM: so answers a seccomp filter that does not know the call */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return ipc_open_walk(dir, path, flags, mode);
	return fd;
}

/* The smallest prefix over AFTER, or END. */
static size_t next_prefix(const size_t *prefixes, int count, size_t after, size_t end)
{
	for (int i = 0; i < count; i++)
		if (prefixes[i] > after && prefixes[i] < end)
			end = prefixes[i];
	return end;
}

int ipc_open_beneath(const char *path, const size_t *prefixes, int count, int flags, mode_t mode)
{
	enum { INTO = O_PATH | O_DIRECTORY | O_CLOEXEC };
	size_t length = strlen(path), from, to;
	char part[PATH_MAX];
	int dir, fd;

	if (length >= sizeof part)
		return errno = ENAMETOOLONG, -1;
	from = next_prefix(prefixes, count, 0, length);
	if (*path != '/' || !is_plain(path) || from == length || path[from - 1] != '/')
		return errno = EINVAL, -1;
	memcpy(part, path, from);
	part[from] = 0;
	/* where the links of a fixed prefix lead is the affair of whoever wrote the pattern */
	fd = open(part, INTO);
	for (; fd >= 0 && from < length; from = to) {
		to = next_prefix(prefixes, count, from, length);
		memcpy(part, path + from, to - from);
		part[to - from] = 0;
		dir = fd;
		fd = open_below(dir, part, to < length ? INTO : flags | O_CLOEXEC | O_LARGEFILE,
				mode);
		ipc_fail(dir);
	}
	return fd;
}
