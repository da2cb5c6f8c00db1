/* SPDX-License-Identifier: ISC */
/* fuzz: the contents of the files of one rule in a directory, and what a cdb makes of them:
 * clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ilibipc testsuite/fuzz/rules.c
 * libipc/(all).c */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdb.h"
#include "ipc.h"
#include "rules.h"

static char top[] = "/tmp/fuzz_rules.XXXXXX";

static void leave(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", top);
	if (system(command)) { }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	if (!mkdtemp(top) || chdir(top) || mkdir("r", 0755) || mkdir("r/uid", 0755) ||
	    mkdir("r/uid/default", 0755) || mkdir("r/uid/default/env", 0755))
		abort();
	atexit(leave);
	return 0;
}

static void put(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || ipc_write_all(fd, data, size))
		abort();
	close(fd);
}

static int add(void *cdb, const struct ipc_verdict *rule)
{
	return ipc_cdb_add_rule(cdb, rule);
}

/* Ask, and copy the changes to ENV. */
static int ask(const char *path, int format, struct ipc_edits *env, struct ipc_verdict *verdict)
{
	struct ipc_rules *rules = ipc_rules_open(path, format);
	struct ipc_peer peer = { .uid = 77, .gid = 77 };
	int failed = ipc_rules_check(rules, &peer, NULL, 0, verdict);

	env->length = 0;
	if (!failed && ipc_edits_append(env, verdict->env, verdict->env_length))
		abort();
	ipc_rules_close(rules);
	return failed;
}

/* The first two bytes say what is there and where the first file ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char one_text[70000], two_text[70000];
	struct ipc_edits one = { .text = one_text, .size = sizeof one_text };
	struct ipc_edits two = { .text = two_text, .size = sizeof two_text };
	struct ipc_verdict verdict, place;
	struct ipc_rules *rules;
	struct ipc_cdb *cdb;
	size_t cut;
	int fd;

	if (size < 2)
		return 0;
	cut = 2 + data[1] < (int)size ? 2 + data[1] : size;
	unlink("r/uid/default/allow");
	unlink("r/uid/default/deny");
	put(data[0] & 1 ? "r/uid/default/allow" : "r/uid/default/deny", data, 0);
	put("r/uid/default/env/A", data + 2, cut - 2);
	put("r/uid/default/env/B", data + cut, size - cut);
	put("r/uid/default/exec", data + cut, data[0] & 2 ? size - cut : 0);
	if (ask("r", IPC_RULES_DIRECTORY, &one, &verdict))
		return 0;
	rules = ipc_rules_open("r", IPC_RULES_DIRECTORY);
	cdb = ipc_cdb_new();
	fd = open("c", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (!ipc_rules_walk(rules, add, cdb, &place) && !ipc_cdb_write(cdb, fd) &&
	    (ask("c", IPC_RULES_CDB, &two, &verdict) || one.length != two.length ||
	     memcmp(one_text, two_text, one.length)))
		abort();
	close(fd);
	ipc_cdb_free(cdb);
	ipc_rules_close(rules);
	return 0;
}
