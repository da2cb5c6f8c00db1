/* SPDX-License-Identifier: ISC */
/* fuzz: any bytes as a cdb of rules: clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE
 * -Ilibipc testsuite/fuzz/cdb.c libipc/(all).c */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc.h"
#include "rules.h"

static unsigned sum;	/* so that every byte of an answer is read */

static int visit(void *data, const struct ipc_verdict *verdict)
{
	(void)data;
	for (size_t i = 0; i < verdict->env_length; i++)
		sum += verdict->env[i];
	for (size_t i = 0; i < verdict->exec_length; i++)
		sum += verdict->exec[i];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const gid_t groups[] = { 0, 4, 5, 65534 };
	static const uid_t uids[] = { 0, 1, 5, 1000, 65534 };
	static const struct ipc_known known = { groups, 4, "/a/b/c:d/e", "f/g" };
	char path[32];
	struct ipc_verdict verdict;
	struct ipc_rules *rules;
	int fd = memfd_create("cdb", MFD_CLOEXEC);

	if (fd < 0 || ipc_write_all(fd, data, size))
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	rules = ipc_rules_open(path, IPC_RULES_CDB);
	if (rules) {
		for (size_t i = 0; i < sizeof uids / sizeof uids[0]; i++) {
			struct ipc_peer peer = { .uid = uids[i], .gid = 50 };

			if (!ipc_rules_check_known(rules, &peer, &known, &verdict))
				visit(NULL, &verdict);
		}
		ipc_rules_walk(rules, visit, NULL, &verdict);
		ipc_rules_close(rules);
	}
	close(fd);
	return 0;
}
