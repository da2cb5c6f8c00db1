/* SPDX-License-Identifier: ISC */
/* /etc/passwd and /etc/group, read directly: getpwnam(3) and getgrnam(3) bring 18 KB into a static
 * binary of musl and ask a daemon, which a small static program neither has nor trusts */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Lines of a file, a block at a time, however long they are. */
struct lines {
	int fd;
	int error;		/* of read(2); what was read so far is not all there is */
	size_t from, to;
	char block[1024];
};

static int lines_open(struct lines *lines, const char *path)
{
	lines->from = lines->to = 0;
	lines->error = 0;
	lines->fd = open(path, O_RDONLY | O_CLOEXEC);
	return lines->fd;
}

/* The next byte, or -1 at the end of the file and after an error. */
static int next_byte(struct lines *lines)
{
	if (lines->from == lines->to) {
		ssize_t n = read(lines->fd, lines->block, sizeof lines->block);

		if (n < 0)
			lines->error = errno;
		if (n <= 0)
			return -1;
		lines->from = 0;
		lines->to = n;
	}
	return (unsigned char)lines->block[lines->from++];
}

/* Close the file. Returns -1 and errno if it could not be read to the end. */
static int lines_close(struct lines *lines)
{
	close(lines->fd);
	return lines->error ? errno = lines->error, -1 : 0;
}

/* One field of a line: its text if that fits, else "". Returns the byte that ended it. */
static int field(struct lines *lines, const char *ends, char *text, size_t size)
{
	size_t n = 0;
	int byte;

	while ((byte = next_byte(lines)) >= 0 && (!byte || !strchr(ends, byte))) {
		if (!byte)
			n = size; /* no field that we know has a NUL */
		if (n < size)
			text[n] = byte;
		n++;
	}
	text[n < size ? n : 0] = 0;
	return byte;
}

static int skip_line(struct lines *lines, int byte)
{
	while (byte >= 0 && byte != '\n')
		byte = next_byte(lines);
	return byte;
}

/* name:x:number, the beginning of a line of both files. Returns the byte that ended it, '\n' if
 * the line is no account; -1 at the end of the file. */
static int account(struct lines *lines, char *name, size_t size, unsigned *id)
{
	char text[16];
	int byte = field(lines, ":\n", name, size);

	if (byte == ':')
		byte = field(lines, ":\n", text, sizeof text);
	if (byte == ':')
		byte = field(lines, ":\n", text, sizeof text);
	if (byte == ':' && (!*name || ipc_number(text, 10, UINT_MAX, id)))
		return skip_line(lines, byte);
	return byte;
}

enum { NAME_SIZE = 256 };

int ipc_account_walk(const char *path, int (*visit)(void *, const char *, unsigned), void *data)
{
	struct lines lines;
	char name[NAME_SIZE];
	unsigned id;
	int byte, found = 0;

	if (lines_open(&lines, path) < 0)
		return -1;
	while (!found && (byte = account(&lines, name, sizeof name, &id)) >= 0) {
		if (byte != ':')
			continue;
		found = visit(data, name, id);
		skip_line(&lines, byte);
	}
	return lines_close(&lines) && !found ? -1 : found;
}

/* The first user called NAME or, if that is NULL, numbered WANTED. */
static int find_user(const char *name, uid_t wanted, struct ipc_user *user)
{
	struct lines lines;
	char text[NAME_SIZE];
	unsigned uid, gid;
	int byte, found = 0;

	if (lines_open(&lines, "/etc/passwd") < 0)
		return -1;
	while (!found && (byte = account(&lines, text, sizeof text, &uid)) >= 0) {
		if (byte != ':')
			continue;
		found = name ? !strcmp(name, text) : uid == wanted;
		byte = field(&lines, ":\n", text, sizeof text);
		found = found && !ipc_number(text, 10, UINT_MAX, &gid);
		skip_line(&lines, byte);
	}
	if (lines_close(&lines) && !found)
		return -1;
	if (!found)
		return errno = ENOENT, -1;
	*user = (struct ipc_user){ .uid = uid, .gid = gid };
	return 0;
}

int ipc_user_find(const char *name, struct ipc_user *user)
{
	return find_user(name, 0, user);
}

int ipc_user_find_uid(uid_t uid, struct ipc_user *user)
{
	return find_user(NULL, uid, user);
}

struct wanted {
	const char *name;
	gid_t *gid;
};

static int is_wanted(void *data, const char *name, unsigned id)
{
	const struct wanted *wanted = data;

	if (strcmp(name, wanted->name))
		return 0;
	*wanted->gid = id;
	return 1;
}

int ipc_group_find(const char *name, gid_t *gid)
{
	struct wanted wanted = { .name = name, .gid = gid };
	int found = ipc_account_walk("/etc/group", is_wanted, &wanted);

	return found ? found < 0 ? -1 : 0 : (errno = ENOENT, -1);
}

int ipc_user_groups(const char *name, gid_t *groups, int max)
{
	struct lines lines;
	char text[NAME_SIZE];
	unsigned gid;
	int byte, count = 0, member;

	if (lines_open(&lines, "/etc/group") < 0)
		return -1;
	while ((byte = account(&lines, text, sizeof text, &gid)) >= 0) {
		for (member = 0; byte == ':' || byte == ',';) {
			byte = field(&lines, ",\n", text, sizeof text);
			member |= *text && !strcmp(name, text);
		}
		if (member && count < max)
			groups[count] = gid;
		count += member;
	}
	if (lines_close(&lines))
		return -1;
	if (count > max)
		return errno = ERANGE, -1;
	return count;
}
