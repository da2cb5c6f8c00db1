/* SPDX-License-Identifier: ISC */
/* what the kernel tells in /proc */
#include <fcntl.h>

#include "applet.h"

ssize_t proc_text(pid_t pid, const char *file, char *text, size_t size)
{
	char path[48];
	ssize_t length = -1;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, text, size - 1);
		close(fd);
	}
	text[length < 0 ? 0 : length] = 0;
	return length;
}

/* Field 22 of stat. The second ends with the last ')' and may hold anything. */
void proc_start(pid_t pid, char *text, size_t size)
{
	char stat[1024], *at;

	proc_text(pid, "stat", stat, sizeof stat);
	at = strrchr(stat, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	snprintf(text, size, "%.*s", at ? (int)strcspn(at + 1, " ") : 0, at ? at + 1 : "");
}

int proc_lines(const char *file, int (*visit)(void *data, char *line), void *data)
{
	char text[4096], *end, *line;
	int fd = open(file, O_RDONLY | O_CLOEXEC), found = 0;
	size_t have = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	while (!found && (got = read(fd, text + have, sizeof text - have)) > 0) {
		have += got;
		for (line = text; !found && (end = memchr(line, '\n', text + have - line));
		     line = end + 1) {
			*end = 0;
			found = visit(data, line);
		}
		have = text + have - line;
		memmove(text, line, have);
		/* no line is that long */
		if (have == sizeof text)
			have = 0;
	}
	close(fd);
	return found;
}
