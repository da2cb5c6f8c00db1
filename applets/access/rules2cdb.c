/* rules2cdb: compile a directory of access rules into one file
 *
 * SPDX-License-Identifier: ISC

config RULES2CDB
	bool "ipcrules2cdb"
	default y
	help
	  usage: ipcrules2cdb [-m MODE] CDB DIR

	  Write the rules of the directory DIR to the file CDB, for ipcaccess -x. The file is
	  replaced at once when the new one is complete; if anything in DIR is wrong, the old one
	  stays. Names that begin with a dot are left out, and so are rules with neither allow nor
	  deny. The env of a rule may have 4096 bytes, and so may its exec, its message 1024. An
	  expression for ipcfdholderd in it must be one. What can match nobody is a warning each, as
	  with ipcaccess --check.

	  -m MODE      permissions of the file, octal, not masked
	  --mode=MODE  the same; without it they are 0644 without the bits of the umask
*/
#include <fcntl.h>
#include <sys/stat.h>

#include "applet.h"
#include "cdb.h"
#include "holder_rule.h"
#include "review.h"
#include "rules.h"

static char temporary[4096];	/* the file that is not yet in its place, or "" */

static void clean(void)
{
	if (*temporary)
		unlink(temporary);
}

static int add(void *cdb, const struct ipc_verdict *rule)
{
	struct ipc_edits env = { (char *)rule->env, rule->env_length, rule->env_length };
	const char *value, *name = NULL;

	if (ENABLED(CONFIG_FDHOLDERD))
		name = ipc_holder_mistake(&env, &value);
	if (name)
		die(EXIT_USAGE, "rule %s: invalid %s value: %s:", rule->rule, name, value);
	return ipc_cdb_add_rule(cdb, rule);
}

/* Is it the rule that is no directory, or env in it? */
static const char *no_directory(const char *path, const char *rule)
{
	char full[4096];
	struct stat st;

	snprintf(full, sizeof full, "%s/%s", path, rule);
	return !stat(full, &st) && S_ISDIR(st.st_mode) ? "/env" : "";
}

static void compile(const char *path, struct ipc_cdb *cdb)
{
	struct ipc_rules *rules = ipc_rules_open(path, IPC_RULES_DIRECTORY);
	struct ipc_verdict place;

	if (!rules)
		die(EXIT_TEMPORARY, "unable to open the rules in %s:", path);
	if (!ipc_rules_walk(rules, add, cdb, &place)) {
		review_rules(rules, path, IPC_RULES_DIRECTORY, REVIEW_WARN);
		ipc_rules_close(rules);
		return;
	}
	if (errno == ENOTDIR && *place.rule)
		die(EXIT_USAGE, "%s/%s%s is not a directory", path, place.rule,
		    no_directory(path, place.rule));
	if (errno == E2BIG)
		die(EXIT_USAGE, "%s/%s: env, exec or message is too big", path, place.rule);
	die(errno == EINVAL ? EXIT_USAGE : EXIT_TEMPORARY, "unable to read %s%s%s:", path,
	    *place.rule ? "/" : "", place.rule);
}

/* An open file beside PATH. */
static int open_temporary(const char *path)
{
	char name[sizeof temporary];
	int fd;

	if ((size_t)snprintf(name, sizeof name, "%s:XXXXXX", path) >= sizeof name)
		usage("the name is too long: %s", path);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		die(EXIT_TEMPORARY, "unable to create %s:", name);
	memcpy(temporary, name, sizeof name);
	before_death = clean;
	return fd;
}

static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0644 & ~mask;
}

TOOL(rules2cdb, "s6-accessrules-cdb-from-fs")
{
	static const struct option longs[] = { { "mode", required_argument, NULL, 'm' }, { 0 } };
	struct ipc_cdb *cdb = ipc_cdb_new();
	mode_t mode = default_mode();
	int fd;

	while (option(argc, argv, "m:", longs) != -1)
		mode = octal("-m", optarg) & 07777;
	argv = operands(argc, argv, 2);
	if (!cdb)
		die(EXIT_TEMPORARY, "unable to compile:");
	compile(argv[1], cdb);
	fd = open_temporary(argv[0]);
	if (ipc_cdb_write(cdb, fd) || fchmod(fd, mode) || fsync(fd))
		die(EXIT_TEMPORARY, "unable to write %s:", temporary);
	if (rename(temporary, argv[0]))
		die(EXIT_TEMPORARY, "unable to rename %s to %s:", temporary, argv[0]);
	*temporary = 0;
	ipc_cdb_free(cdb);
	close(fd);
	return 0;
}
