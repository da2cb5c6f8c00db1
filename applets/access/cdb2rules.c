/* cdb2rules: make a directory of access rules from a compiled file
 *
 * SPDX-License-Identifier: ISC

config CDB2RULES
	bool "ipccdb2rules"
	default y
	help
	  usage: ipccdb2rules DIR CDB

	  Write the rules of the file CDB into the new directory DIR, one file for each thing, as
	  they were before ipcrules2cdb. DIR must not exist. It appears when it is complete; if
	  anything in CDB cannot be a file in such a directory, nothing is left behind.
*/
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "applet.h"
#include "rules.h"

enum { VALUE_MAX = 4095, PATH_SIZE = 1024, NOREPLACE = 1 /* RENAME_NOREPLACE */ };

static char temporary[4096];	/* the directory that is not yet in its place, or "" */
static int top = -1;		/* the same, open */

/* What has been made in it, the last first: what to remove if something goes wrong. */
static struct made {
	struct made *before;
	char path[];
} *made;

static void clean(void)
{
	if (!*temporary)
		return;
	for (; made; made = made->before)
		if (unlinkat(top, made->path, 0))
			unlinkat(top, made->path, AT_REMOVEDIR);
	rmdir(temporary);
}

static void note(const char *path)
{
	size_t size = strlen(path) + 1;
	struct made *one = malloc(sizeof *one + size);

	if (!one)
		die(EXIT_TEMPORARY, "unable to write %s:", path);
	memcpy(one->path, path, size);
	one->before = made;
	made = one;
}

/* --- one rule ---------------------------------------------------------------------------- */

static void make_directory(const char *path)
{
	note(path);
	if (mkdirat(top, path, 0755) && errno != EEXIST)
		die(EXIT_TEMPORARY, "unable to mkdir %s:", path);
}

static void write_file(const char *key, const char *name, const char *text, size_t length)
{
	char path[PATH_SIZE];
	int fd;

	snprintf(path, sizeof path, "%s/%s", key, name);
	note(path);
	fd = openat(top, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || ipc_write_all(fd, text, length) || close(fd))
		die(EXIT_TEMPORARY, "unable to write %s:", path);
}

/* The file that gives VALUE when it is read: one line in which NUL stands for a newline. */
static void write_value(const char *key, const char *name, const char *value)
{
	char text[VALUE_MAX + 1];
	size_t length = strlen(value);

	if (length > VALUE_MAX || (length && strchr(" \t\r", value[length - 1])))
		die(EXIT_USAGE, "rule %s: no file can hold the value of %s", key, name + 4);
	for (size_t i = 0; i < length; i++)
		text[i] = value[i] == '\n' ? 0 : value[i];
	text[length++] = '\n';
	write_file(key, name, text, length);
}

static void write_variable(const char *key, const char *change)
{
	const char *value = strchr(change, '=');
	size_t length = value ? (size_t)(value - change) : strlen(change);
	char name[4 + 256];

	if (length >= 256 || *change == '.' || memchr(change, '/', length))
		die(EXIT_USAGE, "rule %s: no file can have the name of the variable %s", key, change);
	snprintf(name, sizeof name, "env/%.*s", (int)length, change);
	if (value)
		write_value(key, name, value + 1);
	else
		write_file(key, name, "", 0);
}

/* Two names with a slash between them, of which none leads elsewhere. */
static void check_key(const char *key)
{
	const char *name = strchr(key, '/');

	if (!name || name == key || !name[1] || *key == '.' || name[1] == '.' ||
	    strchr(name + 1, '/'))
		die(EXIT_USAGE, "not the key of a rule: %s", key);
}

static int write_rule(void *data, const struct ipc_verdict *rule)
{
	const char *key = rule->rule;
	char path[PATH_SIZE];

	(void)data;
	check_key(key);
	snprintf(path, sizeof path, "%.*s", (int)strcspn(key, "/"), key);
	make_directory(path);
	make_directory(key);
	write_file(key, rule->decision == IPC_RULES_ALLOW ? "allow" : "deny", "", 0);
	if (rule->message)
		write_file(key, "message", rule->message, rule->message_length);
	snprintf(path, sizeof path, "%s/env", key);
	if (rule->env_length)
		make_directory(path);
	for (size_t i = 0; i < rule->env_length; i += strlen(rule->env + i) + 1)
		write_variable(key, rule->env + i);
	if (rule->exec)
		write_file(key, "exec", rule->exec, rule->exec_length);
	return 0;
}

/* --- all of them ------------------------------------------------------------------------- */

/* A new directory beside PATH, open. */
static void open_temporary(const char *path)
{
	char name[sizeof temporary];
	mode_t mask = umask(0);

	umask(mask);
	if ((size_t)snprintf(name, sizeof name, "%s:XXXXXX", path) >= sizeof name)
		usage("the name is too long: %s", path);
	if (!mkdtemp(name))
		die(EXIT_TEMPORARY, "unable to mkdir %s:", name);
	memcpy(temporary, name, sizeof name);
	before_death = clean;
	top = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || fchmod(top, 0755 & ~mask))
		die(EXIT_TEMPORARY, "unable to open %s:", name);
}

/* rename(2) that does not replace an empty directory, where the kernel and file system can */
static int rename_new(const char *from, const char *to)
{
	if (!syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NOREPLACE))
		return 0;
	return errno == ENOSYS || errno == EINVAL ? rename(from, to) : -1;
}

TOOL(cdb2rules, "s6-accessrules-fs-from-cdb")
{
	struct ipc_verdict place;
	struct ipc_rules *rules;
	struct stat st;
	size_t length;

	option(argc, argv, "", NULL);
	argv = operands(argc, argv, 2);
	for (length = strlen(argv[0]); length > 1 && argv[0][length - 1] == '/';)
		argv[0][--length] = 0;
	if (!lstat(argv[0], &st)) {
		errno = EEXIST;
		die(EXIT_TEMPORARY, "unable to mkdir %s:", argv[0]);
	}
	rules = ipc_rules_open(argv[1], IPC_RULES_CDB);
	if (!rules)
		die(errno == EINVAL ? EXIT_USAGE : EXIT_TEMPORARY, "unable to read %s:", argv[1]);
	open_temporary(argv[0]);
	if (ipc_rules_walk(rules, write_rule, NULL, &place))
		die(EXIT_USAGE, "unable to read the rule %s in %s:", place.rule, argv[1]);
	ipc_rules_close(rules);
	if (rename_new(temporary, argv[0]))
		die(EXIT_TEMPORARY, "unable to mkdir %s:", argv[0]);
	*temporary = 0;
	return 0;
}
