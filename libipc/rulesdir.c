/* SPDX-License-Identifier: ISC */
/* access rules in a directory. What cannot be read is an error and never "no such rule", so that a
 * rule which denies still denies when its permissions are wrong */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rules.h"

enum { READ = O_RDONLY | O_NONBLOCK | O_CLOEXEC };	/* a FIFO must not stop a server */

/* what getdents64(2) writes */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Not readdir(3): opendir(3) allocates, and a client is judged without. */
int ipc_directory_walk(int dir, int (*visit)(void *, const char *), void *data)
{
	_Alignas(struct entry) char block[2048];
	long length;
	int result = 0;

	while (!result && (length = syscall(SYS_getdents64, dir, block, sizeof block)) != 0) {
		if (length < 0)
			return -1;
		for (long at = 0; !result && at < length;) {
			struct entry *entry = (struct entry *)(block + at);

			at += entry->length;
			if (entry->name[0] != '.')
				result = visit(data, entry->name);
		}
	}
	return result;
}

int ipc_rule_find(int dir, const char *key, struct rule *rule)
{
	struct stat st;
	int fd, allow;

	*rule = (struct rule){ .decision = IPC_RULES_NONE, .dir = -1 };
	fd = openat(dir, key, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	allow = openat(fd, "allow", READ);
	if (allow >= 0) {
		close(allow);
		rule->decision = IPC_RULES_ALLOW;
		rule->dir = fd;
		return 0;
	}
	if (errno == ENOENT && !fstatat(fd, "deny", &st, AT_SYMLINK_NOFOLLOW)) {
		rule->decision = IPC_RULES_DENY;
		rule->dir = fd;
		return 0;
	}
	if (errno != ENOENT)
		return ipc_fail(fd);
	close(fd);
	return 0;
}

/* The first SIZE bytes of a file. Returns how many there are; -1 and ENOENT if there is no file. */
static ssize_t read_file(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, READ);
	size_t length = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	do {
		n = read(fd, text + length, size - length);
		if (n < 0)
			return ipc_fail(fd);
		length += n;
	} while (n && length < size);
	close(fd);
	return length;
}

/* What an env file says: its first line without blanks at the end, in which NUL stands for a
 * newline. The result ends with NUL. */
static void trim(char *text, size_t length)
{
	char *newline = memchr(text, '\n', length);

	if (newline)
		length = newline - text;
	while (length && memchr(" \t\r", text[length - 1], 3))
		length--;
	for (size_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = '\n';
	text[length] = 0;
}

struct variables {
	int dir;
	struct ipc_edits *env;
};

static int add_variable(void *data, const char *name)
{
	struct variables *variables = data;
	char value[RULE_VALUE_MAX + 1];
	ssize_t length;

	if (strchr(name, '='))
		return 0;
	length = read_file(variables->dir, name, value, RULE_VALUE_MAX);
	if (length < 0)
		return errno == ENOENT ? 0 : -1;	/* it has just been removed */
	trim(value, length);
	if (!ipc_edits_add(variables->env, name, length ? value : NULL))
		return 0;
	if (errno == ENOSPC)
		errno = E2BIG;
	return -1;
}

/* A file that may be missing, of at most MAX bytes; TEXT has room for one more. */
static int read_text(int dir, const char *name, char *text, ssize_t max, size_t *length)
{
	ssize_t n = read_file(dir, name, text, max + 1);

	if (n > max)
		return errno = E2BIG, -1;
	*length = n < 0 ? 0 : n;
	return n < 0 && errno != ENOENT ? -1 : 0;
}

int ipc_rule_message(int dir, char *message, size_t *length)
{
	return read_text(dir, "message", message, RULE_MESSAGE_MAX, length);
}

int ipc_rule_read(int dir, struct ipc_edits *env, char *exec, size_t *exec_length)
{
	struct variables variables = { .env = env };

	*exec_length = 0;
	variables.dir = openat(dir, "env", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (variables.dir < 0) {
		if (errno != ENOENT)
			return -1;
	} else {
		if (ipc_directory_walk(variables.dir, add_variable, &variables))
			return ipc_fail(variables.dir);
		close(variables.dir);
	}
	return read_text(dir, "exec", exec, RULE_EXEC_MAX, exec_length);
}
