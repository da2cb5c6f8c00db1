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
#include <ftw.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "applet.h"

enum { VALUE_MAX = 4095, NOREPLACE = 1 /* RENAME_NOREPLACE */ };

static char temporary[4096];	/* the directory that is not yet in its place, or "" */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)ftw;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

static void clean(void)
{
	if (*temporary)
		nftw(temporary, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* --- one rule ---------------------------------------------------------------------------- */

static void make_directory(int dir, const char *name)
{
	if (mkdirat(dir, name, 0755) && errno != EEXIST)
		die(EXIT_TEMPORARY, "unable to mkdir %s:", name);
}

static int enter(int dir, const char *name)
{
	int fd;

	make_directory(dir, name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		die(EXIT_TEMPORARY, "unable to open %s:", name);
	return fd;
}

static void write_file(int dir, const char *name, const char *text, size_t length)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 || ipc_write_all(fd, text, length) || close(fd))
		die(EXIT_TEMPORARY, "unable to write %s:", name);
}

/* The file that gives VALUE when it is read: one line in which NUL stands for a newline. */
static void write_value(int dir, const char *key, const char *name, const char *value)
{
	char text[VALUE_MAX + 1];
	size_t length = strlen(value);

	if (length > VALUE_MAX || (length && strchr(" \t\r", value[length - 1])))
		die(EXIT_USAGE, "rule %s: no file can hold the value of %s", key, name);
	for (size_t i = 0; i < length; i++)
		text[i] = value[i] == '\n' ? 0 : value[i];
	text[length++] = '\n';
	write_file(dir, name, text, length);
}

static void write_variable(int dir, const char *key, const char *change)
{
	const char *value = strchr(change, '=');
	size_t length = value ? (size_t)(value - change) : strlen(change);
	char name[256];

	if (length >= sizeof name || *change == '.' || memchr(change, '/', length))
		die(EXIT_USAGE, "rule %s: no file can have the name of the variable %s", key, change);
	ipc_format(name, sizeof name, "%.*s", (int)length, change);
	if (value)
		write_value(dir, key, name, value + 1);
	else
		write_file(dir, name, "", 0);
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
	int top = *(int *)data, dir, env;
	char family[sizeof rule->rule];

	check_key(rule->rule);
	ipc_format(family, sizeof family, "%.*s", (int)strcspn(rule->rule, "/"), rule->rule);
	make_directory(top, family);
	dir = enter(top, rule->rule);
	write_file(dir, rule->decision == IPC_RULES_ALLOW ? "allow" : "deny", "", 0);
	if (rule->env_length) {
		env = enter(dir, "env");
		for (size_t i = 0; i < rule->env_length; i += strlen(rule->env + i) + 1)
			write_variable(env, rule->rule, rule->env + i);
		close(env);
	}
	if (rule->exec)
		write_file(dir, "exec", rule->exec, rule->exec_length);
	close(dir);
	return 0;
}

/* --- all of them ------------------------------------------------------------------------- */

/* A new directory beside PATH, open. */
static int open_temporary(const char *path)
{
	char name[sizeof temporary];
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (ipc_format(name, sizeof name, "%s:XXXXXX", path) >= sizeof name)
		usage("the name is too long: %s", path);
	if (!mkdtemp(name))
		die(EXIT_TEMPORARY, "unable to mkdir %s:", name);
	memcpy(temporary, name, sizeof name);
	atexit(clean);
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755 & ~mask))
		die(EXIT_TEMPORARY, "unable to open %s:", name);
	return fd;
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
	int dir;

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
	dir = open_temporary(argv[0]);
	if (ipc_rules_walk(rules, write_rule, &dir, &place))
		die(EXIT_USAGE, "unable to read the rule %s in %s:", place.rule, argv[1]);
	ipc_rules_close(rules);
	close(dir);
	if (rename_new(temporary, argv[0]))
		die(EXIT_TEMPORARY, "unable to mkdir %s:", argv[0]);
	*temporary = 0;
	return 0;
}
