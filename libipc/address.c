/* SPDX-License-Identifier: ISC */
/* names of local sockets: files, abstract names, and paths that are too long for sockaddr_un */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

enum { HEAD = offsetof(struct sockaddr_un, sun_path) };

/* PATH_MAX, for the directory of a path */
enum { DIRECTORY_SIZE = 4096 };

int ipc_open_directory(const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	char directory[DIRECTORY_SIZE];

	*base = slash ? slash + 1 : path;
	if (!**base)
		return errno = *path ? EISDIR : EINVAL, -1;
	if (!slash)
		return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (slash == path)
		return open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if ((size_t)(slash - path) >= sizeof directory)
		return errno = ENAMETOOLONG, -1;
	memcpy(directory, path, slash - path);
	directory[slash - path] = 0;
	return open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void set_path(struct ipc_address *address, size_t length)
{
	address->sun.sun_family = AF_UNIX;
	/* the final NUL counts where there is room for it */
	address->length = HEAD + length + 1;
}

int ipc_address_at(struct ipc_address *address, int dir, const char *base)
{
	size_t size = sizeof address->sun.sun_path;
	size_t length = snprintf(address->sun.sun_path, size, "/proc/self/fd/%d/%s", dir, base);

	if (length >= size)
		return errno = ENAMETOOLONG, -1;
	address->dir = -1;
	set_path(address, length);
	return 0;
}

int ipc_address_set(struct ipc_address *address, const char *name)
{
	size_t length = strlen(name), size = sizeof address->sun.sun_path;
	const char *base;
	int dir;

	*address = (struct ipc_address){ .dir = -1 };
	if (!length)
		return errno = EINVAL, -1;
	if (*name == '@') {
		if (length == 1)
			return errno = EINVAL, -1;
		if (length > size)
			return errno = ENAMETOOLONG, -1;
		memcpy(address->sun.sun_path + 1, name + 1, length - 1);
		set_path(address, length - 1);
		return 0;
	}
	if (length < size) {
		memcpy(address->sun.sun_path, name, length);
		set_path(address, length);
		return 0;
	}
	dir = ipc_open_directory(name, &base);
	if (dir < 0 || ipc_address_at(address, dir, base))
		return ipc_fail(dir);
	address->dir = dir;
	return 0;
}

void ipc_address_clear(struct ipc_address *address)
{
	ipc_fail(address->dir);
	address->dir = -1;
}

char *ipc_address_text(const struct ipc_address *address, char *text)
{
	const char *path = address->sun.sun_path;
	size_t length = address->length > HEAD ? address->length - HEAD : 0;

	*text = 0;
	if (!length)
		return text;
	if (!*path) {
		if (length == 1 || memchr(path + 1, 0, length - 1))
			return text;
		*text = '@';
		memcpy(text + 1, path + 1, length - 1);
		text[length] = 0;
		return text;
	}
	length = strnlen(path, length < sizeof address->sun.sun_path ? length
							     : sizeof address->sun.sun_path);
	memcpy(text, path, length);
	text[length] = 0;
	return text;
}
