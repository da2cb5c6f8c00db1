/* SPDX-License-Identifier: ISC */
/* access rules: the order of the keys, both formats, and every way in which a set can be wrong */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cdb.h"
#include "rules.h"
#include "unit.h"

enum { SELF = -1, OTHER = 4000001 };	/* our own effective id; an id without a name */

static char top[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/test_rules.XXXXXX");
	return !mkdtemp(top) || chdir(top);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *path, const void *data, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ipc_write_all(fd, data, length), 0);
	close(fd);
}

static void make_path(const char *path)
{
	char text[512];

	snprintf(text, sizeof text, "%s", path);
	for (char *at = text; (at = strchr(at + 1, '/'));) {
		*at = 0;
		assert_true(!mkdir(text, 0755) || errno == EEXIST);
		*at = '/';
	}
}

/* "+uid/0" allows and "-uid/0" denies; each allowing rule sets KEY to its key */
static void make_rules(const char *rules)
{
	char text[512], *save, path[600];

	nftw("r", remove_one, 8, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(mkdir("r", 0755), 0);
	snprintf(text, sizeof text, "%s", rules);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		snprintf(path, sizeof path, "r/%s/%s", word + 1, *word == '+' ? "allow" : "deny");
		make_path(path);
		write_file(path, "", 0);
		snprintf(path, sizeof path, "r/%s/env/KEY", word + 1);
		make_path(path);
		write_file(path, word + 1, strlen(word + 1));
	}
}

static int add(void *cdb, const struct ipc_verdict *rule)
{
	return ipc_cdb_add_rule(cdb, rule);
}

static void compile(const char *path)
{
	struct ipc_rules *rules = ipc_rules_open("r", IPC_RULES_DIRECTORY);
	struct ipc_cdb *cdb = ipc_cdb_new();
	struct ipc_verdict place;
	int fd = open("new", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_equal(ipc_rules_walk(rules, add, cdb, &place), 0);
	assert_int_equal(ipc_cdb_write(cdb, fd), 0);
	close(fd);
	assert_int_equal(rename("new", path), 0);
	ipc_cdb_free(cdb);
	ipc_rules_close(rules);
}

struct question {
	const char *rules;
	uid_t uid;
	gid_t groups[4];	/* the first is the primary one */
	int count;		/* of the others */
	const char *answer;	/* "+rule", "-rule", or "" */
};

static const struct question questions[] = {
	{ "", OTHER, { OTHER }, 0, "" },
	{ "+uid/default", OTHER, { OTHER }, 0, "+uid/default" },
	{ "+uid/4000001 -uid/default", OTHER, { OTHER }, 0, "+uid/4000001" },
	{ "-uid/4000001 +uid/default", OTHER, { OTHER }, 0, "-uid/4000001" },
	{ "+uid/400000 +uid/40000010", OTHER, { OTHER }, 0, "" },
	{ "+uid/self -user/root -uid/default", SELF, { OTHER }, 0, "+uid/self" },
	{ "+uid/self -uid/4000001", OTHER, { OTHER }, 0, "-uid/4000001" },
	{ "+gid/self -group/root -uid/default", OTHER, { SELF }, 0, "+gid/self" },
	{ "-gid/4000001 +uid/default", OTHER, { OTHER }, 0, "-gid/4000001" },
	{ "-gid/5 +uid/default", OTHER, { OTHER, 5 }, 1, "+uid/default" },
	{ "+gid/default", OTHER, { OTHER }, 0, "" },
	{ "+uid/4000001 -gid/4000001", OTHER, { OTHER }, 0, "+uid/4000001" },
	/* names of users */
	{ "+user/daemon -uid/default", 1, { OTHER }, 0, "+user/daemon" },
	{ "+user/daemon -uid/default", OTHER, { 1 }, 0, "-uid/default" },
	{ "-uid/1 +user/daemon", 1, { 1 }, 0, "-uid/1" },
	{ "+user/daemon -gid/1", 1, { 1 }, 0, "+user/daemon" },
	{ "+user/1", 1, { 1 }, 0, "" },
	/* groups */
	{ "+group/4000001", OTHER, { OTHER }, 0, "+group/4000001" },
	{ "+group/5", OTHER, { OTHER, 4, 5 }, 2, "+group/5" },
	{ "+group/tty", OTHER, { OTHER, 4, 5 }, 2, "+group/tty" },
	{ "+group/tty", OTHER, { 5 }, 0, "+group/tty" },
	{ "+group/tty", OTHER, { OTHER, 4 }, 1, "" },
	{ "-gid/4000001 +group/tty", OTHER, { OTHER, 5 }, 1, "-gid/4000001" },
	{ "+group/tty -uid/default", OTHER, { OTHER, 5 }, 1, "+group/tty" },
	/* a denial weighs more, wherever it stands */
	{ "+group/tty -group/adm", OTHER, { OTHER, 5, 4 }, 2, "-group/adm" },
	{ "+group/tty -group/adm", OTHER, { OTHER, 4, 5 }, 2, "-group/adm" },
	{ "+group/4000001 -group/5", OTHER, { OTHER, 5 }, 1, "-group/5" },
	{ "+group/4 +group/5 -group/adm", OTHER, { OTHER, 4, 5 }, 2, "-group/adm" },
	/* the primary group first, then the least, a number before a name */
	{ "+group/4 +group/5 +group/4000001", OTHER, { OTHER, 5, 4 }, 2, "+group/4000001" },
	{ "+group/4 +group/5", OTHER, { OTHER, 5, 4 }, 2, "+group/4" },
	{ "+group/adm +group/5", OTHER, { OTHER, 5, 4 }, 2, "+group/adm" },
	{ "+group/adm +group/4", OTHER, { OTHER, 5, 4 }, 2, "+group/4" },
	{ "+group/tty +group/4", OTHER, { 5, 4 }, 1, "+group/tty" },
	/* an id is not unmapped if every id is mapped */
	{ "+uid/unmapped", OTHER, { OTHER }, 0, "" },
};

/* The same about clients of whom somebody says more. */
static const struct {
	struct question q;
	const char *cgroup, *label;
} placed[] = {
	/* the longest rule for a cgroup, by whole components */
	{ { "+cgroup/:a:b", OTHER, { OTHER }, 0, "+cgroup/:a:b" }, "/a/b", "" },
	{ { "+cgroup/:a:b -cgroup/:a", OTHER, { OTHER }, 0, "+cgroup/:a:b" }, "/a/b/c", "" },
	{ { "-cgroup/:a:b:c +cgroup/:a:b", OTHER, { OTHER }, 0, "-cgroup/:a:b:c" }, "/a/b/c", "" },
	{ { "+cgroup/:a:b", OTHER, { OTHER }, 0, "" }, "/a/bc", "" },
	{ { "+cgroup/:a:b", OTHER, { OTHER }, 0, "" }, "/a", "" },
	{ { "+cgroup/: -uid/default", OTHER, { OTHER }, 0, "+cgroup/:" }, "/a/bc", "" },
	{ { "+cgroup/: -uid/default", OTHER, { OTHER }, 0, "+cgroup/:" }, "/", "" },
	{ { "+cgroup/a +cgroup/:a: +cgroup/::a +uid/default", OTHER, { OTHER }, 0, "+uid/default" },
	  "/a", "" },
	/* what is in a cgroup that somebody has given such a name is not in another one */
	{ { "+cgroup/:a:b:c", OTHER, { OTHER }, 0, "" }, "/a/b:c", "" },
	{ { "+cgroup/:a:b +cgroup/:a:b:c:d -cgroup/:a", OTHER, { OTHER }, 0, "-cgroup/:a" },
	  "/a/b:c/d", "" },
	{ { "+cgroup/:a +cgroup/:", OTHER, { OTHER }, 0, "+cgroup/:" }, "/:a", "" },
	{ { "+cgroup/:..:a", OTHER, { OTHER }, 0, "+cgroup/:..:a" }, "/../a", "" },
	/* what our cgroup namespace leaves out is below nothing that it has, nor is what is above its parent */
	{ { "+cgroup/: -uid/default", OTHER, { OTHER }, 0, "-uid/default" }, "/../a", "" },
	{ { "+cgroup/: +cgroup/:.. -uid/default", OTHER, { OTHER }, 0, "-uid/default" }, "/../../a", "" },
	{ { "+cgroup/: +cgroup/:..", OTHER, { OTHER }, 0, "+cgroup/:.." }, "/../a", "" },
	{ { "+cgroup/: -uid/default", OTHER, { OTHER }, 0, "+cgroup/:" }, "/..a", "" },
	/* what comes before and after */
	{ { "-cgroup/:a +group/4 +gid/5", OTHER, { OTHER, 4 }, 1, "+group/4" }, "/a", "" },
	{ { "-cgroup/:a +label/x +uid/default", OTHER, { OTHER }, 0, "-cgroup/:a" }, "/a", "x" },
	{ { "-cgroup/:a +label/x -uid/default", OTHER, { OTHER }, 0, "+label/x" }, "/b", "x" },
	/* labels */
	{ { "+label/u:r:t_t:s0", OTHER, { OTHER }, 0, "+label/u:r:t_t:s0" }, "/", "u:r:t_t:s0" },
	{ { "+label/:usr:bin:a", OTHER, { OTHER }, 0, "+label/:usr:bin:a" }, "/", "/usr/bin/a" },
	{ { "+label/a", OTHER, { OTHER }, 0, "" }, "/", "a/b" },
	{ { "+label/a -uid/default", OTHER, { OTHER }, 0, "-uid/default" }, "/", "" },
	{ { "+label/a -uid/default", OTHER, { OTHER }, 0, "-uid/default" }, "/", ".." },
};

static void ask_more(struct ipc_rules *rules, const struct question *q, const char *cgroup,
		     const char *label, struct ipc_verdict *verdict)
{
	struct ipc_peer peer = {
		.uid = q->uid == (uid_t)SELF ? geteuid() : q->uid,
		.gid = q->groups[0] == (gid_t)SELF ? getegid() : q->groups[0],
	};
	struct ipc_known known = { .groups = q->groups + 1, .count = q->count, .cgroup = cgroup,
				   .label = label };

	assert_int_equal(ipc_rules_check_known(rules, &peer, &known, verdict), 0);
}

static void ask(struct ipc_rules *rules, const struct question *q, struct ipc_verdict *verdict)
{
	ask_more(rules, q, NULL, NULL, verdict);
}

static void expect(const struct question *q, const struct ipc_verdict *verdict)
{
	char answer[300], env[300];

	snprintf(answer, sizeof answer, "%s%s", verdict->decision == IPC_RULES_ALLOW ? "+" :
		 verdict->decision == IPC_RULES_DENY ? "-" : "", verdict->rule);
	if (strcmp(answer, q->answer))
		fail_msg("[%s]: %s instead of %s", q->rules, answer, q->answer);
	snprintf(env, sizeof env, "KEY=%s", verdict->rule);
	if (verdict->decision != IPC_RULES_ALLOW) {
		assert_int_equal(verdict->env_length, 0);
		return;
	}
	assert_int_equal(verdict->env_length, strlen(env) + 1);
	assert_string_equal(verdict->env, env);
}

static void both_formats_give_the_same_answer(void **state)
{
	struct ipc_verdict verdict;

	(void)state;
	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		for (int format = IPC_RULES_DIRECTORY; format <= IPC_RULES_CDB; format++) {
			struct ipc_rules *rules;

			make_rules(questions[i].rules);
			compile("c");
			rules = ipc_rules_open(format == IPC_RULES_CDB ? "c" : "r", format);
			assert_non_null(rules);
			ask(rules, &questions[i], &verdict);
			expect(&questions[i], &verdict);
			ipc_rules_close(rules);
		}
	}
}

enum { CACHED = IPC_RULES_DIRECTORY | IPC_RULES_CACHED };

/* The second question fills the memory, which takes two descriptors, and the third uses it. */
static void memory_gives_the_same_answer(void **state)
{
	struct ipc_verdict verdict;

	(void)state;
	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		int before = count_fds();
		struct ipc_rules *rules;

		make_rules(questions[i].rules);
		rules = ipc_rules_open("r", CACHED);
		for (int n = 0; n < 3; n++) {
			ask(rules, &questions[i], &verdict);
			expect(&questions[i], &verdict);
			assert_int_equal(count_fds() - before, n ? 2 : 0);
		}
		ipc_rules_close(rules);
		assert_int_equal(count_fds(), before);
	}
}

static void cgroups_and_labels_decide_in_every_format(void **state)
{
	static const int formats[] = { IPC_RULES_DIRECTORY, IPC_RULES_CDB, CACHED };
	struct ipc_verdict verdict;

	(void)state;
	for (size_t i = 0; i < sizeof placed / sizeof placed[0]; i++) {
		for (int f = 0; f < 3; f++) {
			const struct question *q = &placed[i].q;
			struct ipc_rules *rules;

			make_rules(q->rules);
			compile("c");
			rules = ipc_rules_open(formats[f] == IPC_RULES_CDB ? "c" : "r", formats[f]);
			for (int n = 0; n < 3; n++) {
				ask_more(rules, q, placed[i].cgroup, placed[i].label, &verdict);
				expect(q, &verdict);
			}
			ipc_rules_close(rules);
		}
	}
}

/* All that a set says about somebody, as text. */
static void say(struct ipc_rules *rules, char *text)
{
	struct ipc_peer peer = { .uid = OTHER, .gid = OTHER };
	struct ipc_verdict verdict;
	int error = ipc_rules_check(rules, &peer, NULL, 0, &verdict) ? errno : 0;
	size_t length;

	if (error)
		verdict.env_length = verdict.exec_length = 0;
	length = sprintf(text, "%s, %d, %s, ", strerror(error), verdict.decision, verdict.rule);
	for (size_t i = 0; i < verdict.env_length; i++)
		text[length++] = verdict.env[i] ? verdict.env[i] : '|';
	sprintf(text + length, ", %.*s", (int)verdict.exec_length,
		verdict.exec ? verdict.exec : "");
}

enum { SAID_MAX = 70000 };

/* Compare what is said from memory, or is said because memory is no good any more, and live. */
static void expect_live(struct ipc_rules *rules, const char *change)
{
	static char said[SAID_MAX], live[SAID_MAX];
	struct ipc_rules *fresh = ipc_rules_open("r", IPC_RULES_DIRECTORY);

	say(rules, said);
	say(fresh, live);
	ipc_rules_close(fresh);
	if (strcmp(said, live))
		fail_msg("%s: [%s] instead of [%s]", change, said, live);
}

static struct ipc_rules *open_warm(void)
{
	static char said[SAID_MAX];
	struct ipc_rules *rules = ipc_rules_open("r", CACHED);

	say(rules, said);
	say(rules, said);
	return rules;
}

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static void the_next_question_knows_of_every_change(void **state)
{
	static const char *const changes[] = {
		"mkdir r/uid/4000001 && : >r/uid/4000001/deny",
		"mkdir -p r/user r/gid/4000001 && : >r/gid/4000001/deny",
		"mv r/uid/default/allow r/uid/default/deny",
		"rm r/uid/default/allow",
		"rm -r r/uid",
		"mv r/uid/default r/uid/1",
		"mv r/uid r/uids",
		"mv other r/uid/4000001",
		"mv r old && cp -r old r && echo new >r/uid/default/env/KEY",
		"mv r old",
		"ln -sfn r2 link && mv r old && mv link r",
		"printf X | dd of=r/uid/default/env/KEY conv=notrunc status=none",
		"echo more >>r/uid/default/exec",
		": >r/uid/default/exec",
		"rm r/uid/default/exec",
		"echo x >r/uid/default/env/MORE",
		"echo x >r/new && mv r/new r/uid/default/env/KEY",
		"rm r/uid/default/env/KEY",
		"mv r/uid/default/env r/uid/default/e",
		"truncate -s 1 r/uid/default/env/KEY",
		/* by another name that it has, or will have */
		"echo y >outside",
		"ln r/uid/default/exec second && echo y >second",
		/* what makes the set unfit to be remembered */
		"ln -s default r/uid/4000001",
		"mkdir r/uid/default/env/DIR",
		": >r/uid/4000001",
		/* through links that nothing watches */
		"ln -s ../../r2/uid/default r/uid/4000001 && echo z >r2/uid/default/env/KEY",
	};
	static char before[SAID_MAX], after[SAID_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		int fds = count_fds();
		struct ipc_rules *rules;

		run("rm -rf old other r2 outside second link r");
		make_rules("+uid/default");
		run("echo run >r/uid/default/exec; cp -r r r2; echo 2 >r2/uid/default/env/KEY;"
		    "echo x >outside; ln outside r/uid/default/env/HARD;"
		    "mkdir other; : >other/deny");
		rules = open_warm();
		say(rules, before);
		assert_int_equal(count_fds() - fds, 2);
		run(changes[i]);
		expect_live(rules, changes[i]);
		say(rules, after);
		if (!strcmp(before, after))
			fail_msg("%s: no change", changes[i]);
		assert_int_equal(count_fds(), fds);
		ipc_rules_close(rules);
	}
	run("rm -rf old other r2 outside second link r");
}

/* The directory may be named through a link that leads elsewhere tomorrow. */
static void a_link_to_another_directory_is_followed_at_once(void **state)
{
	static char said[SAID_MAX];
	struct ipc_rules *rules;

	(void)state;
	make_rules("+uid/default");
	run("rm -rf r2; mv r r2; cp -r r2 r3; echo 3 >r3/uid/default/env/KEY; ln -s r2 r");
	rules = open_warm();
	say(rules, said);
	assert_non_null(strstr(said, "KEY=uid/default"));
	run("ln -s r3 new && mv -T new r");
	say(rules, said);
	assert_non_null(strstr(said, "KEY=3"));
	ipc_rules_close(rules);
	run("rm -r r r2 r3");
}

/* Changes of permission, for somebody whom they concern. */
static void permissions_are_seen_at_once(void **state)
{
	static const char *const paths[] = {
		"r", "r/uid", "r/uid/default", "r/uid/default/allow", "r/uid/default/env",
		"r/uid/default/env/KEY", "r/uid/default/exec",
	};
	static char said[SAID_MAX];
	uid_t uid = geteuid();

	(void)state;
	assert_int_equal(chmod(top, 0755), 0);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		int fds = count_fds();
		struct ipc_rules *rules;

		make_rules("+uid/default");
		write_file("r/uid/default/exec", "x", 1);
		assert_true(uid || !seteuid(OTHER));
		rules = open_warm();
		assert_int_equal(count_fds() - fds, 2);
		assert_int_equal(seteuid(uid), 0);
		assert_int_equal(chmod(paths[i], 0), 0);
		assert_true(uid || !seteuid(OTHER));
		expect_live(rules, paths[i]);
		say(rules, said);
		assert_non_null(strstr(said, "Permission denied"));
		ipc_rules_close(rules);
		/* unreadable from the beginning: never remembered */
		rules = open_warm();
		assert_int_equal(count_fds(), fds);
		expect_live(rules, paths[i]);
		ipc_rules_close(rules);
		assert_int_equal(seteuid(uid), 0);
		assert_int_equal(chmod(paths[i], 0755), 0);
	}
}

static void what_cannot_be_watched_is_not_remembered(void **state)
{
	static const char *const sets[] = {
		"ln -s default r/uid/1",
		"ln -s KEY r/uid/default/env/LINK",
		"mkfifo r/uid/default/env/FIFO",
		": >r/uid/4000001",
		"mkdir r/uid/default/env/DIR",
		"mkdir r/pool && cd r/pool && seq 1000 | xargs mkdir",
		"rm -r r",
	};

	(void)state;
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		int fds = count_fds();
		struct ipc_rules *rules;

		make_rules("+uid/default");
		run(sets[i]);
		rules = open_warm();
		assert_int_equal(count_fds(), fds);
		expect_live(rules, sets[i]);
		ipc_rules_close(rules);
	}
}

/* An env that is larger than what a cdb may hold for others. */
static void a_large_rule_is_remembered_whole(void **state)
{
	char text[4095], path[64];
	int fds = count_fds();
	struct ipc_rules *rules;

	(void)state;
	memset(text, 'x', sizeof text);
	make_rules("+uid/default");
	for (int i = 0; i < 14; i++) {
		snprintf(path, sizeof path, "r/uid/default/env/V%02d", i);
		write_file(path, text, sizeof text);
	}
	write_file("r/uid/default/exec", text, sizeof text);
	rules = open_warm();
	assert_int_equal(count_fds() - fds, 2);
	expect_live(rules, "nothing");
	assert_int_equal(count_fds() - fds, 2);
	ipc_rules_close(rules);
}

static void a_changed_set_is_remembered_again(void **state)
{
	static char said[SAID_MAX];
	int fds = count_fds();
	struct ipc_rules *rules;
	long long start;

	(void)state;
	make_rules("+uid/default");
	start = ipc_now();
	rules = open_warm();
	for (int i = 0; i < 2; i++) {
		write_file("r/uid/default/env/KEY", i ? "two" : "one", 3);
		expect_live(rules, "env");
		assert_true(count_fds() == fds || ipc_now() - start >= 1000);
	}
	for (int i = 0; i < 500 && count_fds() == fds; i++) {
		usleep(20000);
		say(rules, said);
		assert_non_null(strstr(said, "KEY=two"));
	}
	assert_int_equal(count_fds() - fds, 2);
	unlink("r/uid/default/allow");
	expect_live(rules, "allow");
	ipc_rules_close(rules);
}

/* Returns 0 if it is seen that something is mounted over rules; in a process of its own. */
static int mount_over_rules(void)
{
	static char said[SAID_MAX];
	struct ipc_rules *rules = open_warm();
	int fds = count_fds();

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 2;
	ipc_rules_close(rules);
	rules = open_warm();
	if (count_fds() != fds || mount("none", "r/uid", "tmpfs", 0, NULL))
		return 1;
	say(rules, said);
	return !strstr(said, ", 2, ,");
}

static void mounts_are_seen_at_once(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	make_rules("+uid/default");
	pid = fork();
	if (!pid)
		_exit(mount_over_rules());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(status, 0);
}

static void check_error(const char *path, int format, int error, const char *rule)
{
	struct ipc_rules *rules = ipc_rules_open(path, format);
	struct ipc_peer peer = { .uid = OTHER, .gid = OTHER };
	struct ipc_verdict verdict;

	assert_non_null(rules);
	errno = 0;
	assert_int_equal(ipc_rules_check(rules, &peer, NULL, 0, &verdict), -1);
	assert_int_equal(errno, error);
	assert_string_equal(verdict.rule, rule);
	assert_int_equal(verdict.decision, IPC_RULES_DENY);
	assert_null(verdict.exec);
	ipc_rules_close(rules);
}

static void what_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	write_file("file", "", 0);
	check_error("file", IPC_RULES_DIRECTORY, ENOTDIR, "");
	make_rules("+uid/default");
	write_file("r/uid/4000001", "", 0);
	check_error("r", IPC_RULES_DIRECTORY, ENOTDIR, "uid/4000001");
	unlink("r/uid/4000001");
	assert_int_equal(symlink("4000001", "r/uid/4000001"), 0);
	check_error("r", IPC_RULES_DIRECTORY, ELOOP, "uid/4000001");
	unlink("r/uid/4000001");
	write_file("r/gid", "", 0);
	check_error("r", IPC_RULES_DIRECTORY, ENOTDIR, "gid/4000001");
	unlink("r/gid");
	write_file("r/uid/default/exec", "x\0y", 3);
	check_error("r", IPC_RULES_DIRECTORY, EINVAL, "uid/default");
	unlink("r/uid/default/exec");
	mkdir("r/uid/default/exec", 0755);
	check_error("r", IPC_RULES_DIRECTORY, EISDIR, "uid/default");
	rmdir("r/uid/default/exec");
	mkdir("r/uid/default/env/DIR", 0755);
	check_error("r", IPC_RULES_DIRECTORY, EISDIR, "uid/default");
}

static void limits_are_errors_and_cut_nothing(void **state)
{
	char text[8192], path[64];
	struct ipc_rules *rules;
	struct ipc_verdict verdict;

	(void)state;
	memset(text, 'x', sizeof text);
	make_rules("+uid/default");
	write_file("r/uid/default/exec", text, 4096);
	rules = ipc_rules_open("r", IPC_RULES_DIRECTORY);
	assert_int_equal(ipc_rules_find(rules, "uid/default", &verdict), 0);
	assert_int_equal(verdict.exec_length, 4096);
	write_file("r/uid/default/exec", text, 4097);
	check_error("r", IPC_RULES_DIRECTORY, E2BIG, "uid/default");
	unlink("r/uid/default/exec");
	for (int i = 0; i < 14; i++) {
		snprintf(path, sizeof path, "r/uid/default/env/V%02d", i);
		write_file(path, text, 5000);
	}
	assert_int_equal(ipc_rules_find(rules, "uid/default", &verdict), 0);
	/* "KEY=uid/default", and fourteen of "Vnn=" with 4095 bytes */
	assert_int_equal(verdict.env_length, 16 + 14 * 4100);
	write_file("r/uid/default/env/W", text, 4095);
	check_error("r", IPC_RULES_DIRECTORY, E2BIG, "uid/default");
	ipc_rules_close(rules);
}

static void env_files_are_read_as_documented(void **state)
{
	static const struct { const char *text; size_t length; const char *change; } cases[] = {
		{ "", 0, "V" },
		{ "\n", 1, "V=" },
		{ " \t\r\n", 4, "V=" },
		{ "a b \t\r\nmore\n", 12, "V=a b" },
		{ "a", 1, "V=a" },
		{ "\0", 1, "V=\n" },
		{ "a\0b\0 \n", 6, "V=a\nb\n" },
	};
	struct ipc_rules *rules = ipc_rules_open("r", IPC_RULES_DIRECTORY);
	struct ipc_verdict verdict;

	(void)state;
	make_rules("+uid/default");
	unlink("r/uid/default/env/KEY");
	write_file("r/uid/default/env/.hidden", "x", 1);
	write_file("r/uid/default/env/A=B", "x", 1);
	assert_int_equal(symlink("nowhere", "r/uid/default/env/GONE"), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		write_file("r/uid/default/env/V", cases[i].text, cases[i].length);
		assert_int_equal(ipc_rules_find(rules, "uid/default", &verdict), 0);
		assert_int_equal(verdict.env_length, strlen(cases[i].change) + 1);
		assert_string_equal(verdict.env, cases[i].change);
	}
	/* nothing blocks on a FIFO, which reads as empty */
	unlink("r/uid/default/env/V");
	mkfifo("r/uid/default/env/V", 0644);
	mkfifo("r/uid/default/exec", 0644);
	assert_int_equal(ipc_rules_find(rules, "uid/default", &verdict), 0);
	assert_string_equal(verdict.env, "V");
	assert_null(verdict.exec);
	ipc_rules_close(rules);
}

static void both_files_mean_allow_and_a_dead_link_denies(void **state)
{
	struct ipc_rules *rules = ipc_rules_open("r", IPC_RULES_DIRECTORY);
	struct ipc_verdict verdict;

	(void)state;
	make_rules("+uid/default -uid/default");
	assert_int_equal(ipc_rules_find(rules, "uid/default", &verdict), 0);
	assert_int_equal(verdict.decision, IPC_RULES_ALLOW);
	make_rules("");
	make_path("r/uid/default/deny");
	assert_int_equal(symlink("nowhere", "r/uid/default/deny"), 0);
	assert_int_equal(ipc_rules_find(rules, "uid/default", &verdict), 0);
	assert_int_equal(verdict.decision, IPC_RULES_DENY);
	ipc_rules_close(rules);
}

static void a_directory_is_consulted_live(void **state)
{
	struct ipc_rules *rules;
	struct ipc_verdict verdict;

	(void)state;
	nftw("r", remove_one, 8, FTW_DEPTH | FTW_PHYS);
	rules = ipc_rules_open("r", IPC_RULES_DIRECTORY);
	ask(rules, &(struct question){ .uid = OTHER, .groups = { OTHER } }, &verdict);
	assert_int_equal(verdict.decision, IPC_RULES_NONE);
	assert_int_equal(ipc_rules_walk(rules, add, NULL, &verdict), -1);
	assert_int_equal(errno, ENOENT);
	make_rules("+uid/default");
	ask(rules, &(struct question){ .uid = OTHER, .groups = { OTHER } }, &verdict);
	assert_int_equal(verdict.decision, IPC_RULES_ALLOW);
	ipc_rules_close(rules);
}

static void a_cdb_is_read_again_when_replaced(void **state)
{
	struct question q = { .uid = OTHER, .groups = { OTHER } };
	struct ipc_rules *rules;
	struct ipc_verdict verdict;

	(void)state;
	make_rules("+uid/default");
	compile("c");
	rules = ipc_rules_open("c", IPC_RULES_CDB);
	ask(rules, &q, &verdict);
	assert_string_equal(verdict.rule, "uid/default");
	make_rules("-gid/4000001 +uid/default");
	compile("c");
	ask(rules, &q, &verdict);
	assert_string_equal(verdict.rule, "gid/4000001");
	/* broken, cut, removed: an error each time, and then good again */
	write_file("c", "junk", 4);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ipc_rules_check(rules, &(struct ipc_peer){ 0 }, NULL, 0, &verdict), -1);
		assert_int_equal(errno, EINVAL);
	}
	unlink("c");
	assert_int_equal(ipc_rules_check(rules, &(struct ipc_peer){ 0 }, NULL, 0, &verdict), -1);
	assert_int_equal(errno, ENOENT);
	compile("c");
	ask(rules, &q, &verdict);
	assert_string_equal(verdict.rule, "gid/4000001");
	ipc_rules_close(rules);
}

static void write_cdb(const char *data, size_t length)
{
	struct ipc_cdb *cdb = ipc_cdb_new();
	int fd = open("new", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_equal(ipc_cdb_add(cdb, "uid/default", 11, data, length), 0);
	assert_int_equal(ipc_cdb_write(cdb, fd), 0);
	close(fd);
	rename("new", "c");
	ipc_cdb_free(cdb);
}

static void broken_records_are_errors(void **state)
{
	static const struct { const char *data; size_t length; } records[] = {
		{ "", 0 }, { "X", 1 }, { "A", 1 }, { "A\0\0\0", 4 }, { "A\0\0\0\0x", 6 },
		{ "A\0\1\0\0", 5 }, { "A\0\0\0\1", 5 }, { "A\xff\xff\0\0", 5 },
		{ "A\0\1x\0\0", 6 }, { "A\0\1\0\0\0", 6 }, { "A\0\3=x\0\0\0", 8 },
		{ "A\0\0\0\2x\0", 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		write_cdb(records[i].data, records[i].length);
		check_error("c", IPC_RULES_CDB, EINVAL, "uid/default");
	}
}

static void broken_files_are_refused(void **state)
{
	unsigned char data[2400];
	int fd;
	ssize_t length;

	(void)state;
	make_rules("+uid/default -gid/4000001");
	compile("c");
	fd = open("c", O_RDONLY);
	length = read(fd, data, sizeof data);
	close(fd);
	for (ssize_t cut = 0; cut < length; cut += cut < 2040 ? 51 : 1) {
		write_file("d", data, cut);
		assert_null(ipc_rules_open("d", IPC_RULES_CDB));
		assert_int_equal(errno, EINVAL);
	}
	/* the length of the first key */
	data[2048 + 3] = 0xff;
	write_file("d", data, length);
	assert_null(ipc_rules_open("d", IPC_RULES_CDB));
	assert_int_equal(errno, EINVAL);
}

static void the_file_is_byte_for_byte_what_others_write(void **state)
{
	static const struct { const char *key; const char *data; unsigned hash, length; } records[] = {
		{ "uid/77", "A\0\0\0\10echo hi\n", 0x6a7d9d12, 13 },
		{ "uid/1000", "A\0\11BB\0AA=v1\0\0\0", 0x00581753, 14 },
		{ "uid/default", "D", 0x42c2ccd9, 1 },
		{ "ip4/1.2.3.0_24", "A\0\0\0\0", 0x1248e710, 5 },
		{ "gid/50", "D", 0x52e19805, 1 },
	};
	unsigned char data[4096];
	struct ipc_cdb *cdb = ipc_cdb_new();
	int fd = open("c", O_RDWR | O_CREAT | O_TRUNC, 0644);

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(ipc_cdb_hash((const unsigned char *)records[i].key,
					      strlen(records[i].key)), records[i].hash);
		assert_int_equal(ipc_cdb_add(cdb, records[i].key, strlen(records[i].key),
					     records[i].data, records[i].length), 0);
	}
	assert_int_equal(ipc_cdb_write(cdb, fd), 0);
	assert_int_equal(pread(fd, data, sizeof data, 0), 2247);
	assert_int_equal(ipc_get32(data), 2167);
	assert_memory_equal(data + 2048, "\6\0\0\0\15\0\0\0uid/77A\0\0\0\10", 19);
	/* one slot of the table of uid/77: its hash, and the place of its record */
	assert_int_equal(ipc_get32(data + 0x12 * 8 + 4), 2);
	assert_int_equal(ipc_get32(data + ipc_get32(data + 0x12 * 8) + 8 * (0x6a7d9d12 >> 8) % 16),
			 0x6a7d9d12);
	close(fd);
	ipc_cdb_free(cdb);
}

static void many_records_are_all_found(void **state)
{
	struct ipc_cdb *cdb = ipc_cdb_new();
	int fd = open("c", O_RDWR | O_CREAT | O_TRUNC, 0644);
	struct ipc_rules *rules;
	struct ipc_verdict verdict;
	char key[32];

	(void)state;
	for (int i = 0; i < 20000; i++)
		assert_int_equal(ipc_cdb_add(cdb, key, sprintf(key, "uid/%d", i), "D", 1), 0);
	assert_int_equal(ipc_cdb_write(cdb, fd), 0);
	close(fd);
	ipc_cdb_free(cdb);
	rules = ipc_rules_open("c", IPC_RULES_CDB);
	for (int i = 0; i < 20001; i++) {
		sprintf(key, "uid/%d", i);
		assert_int_equal(ipc_rules_find(rules, key, &verdict), 0);
		assert_int_equal(verdict.decision, i < 20000 ? IPC_RULES_DENY : IPC_RULES_NONE);
	}
	ipc_rules_close(rules);
}

static void records_over_the_limit_are_not_written(void **state)
{
	char text[4097] = "V=";
	struct ipc_verdict rule = { .decision = IPC_RULES_ALLOW, .rule = "uid/1", .env = text,
				    .env_length = 4096 };
	struct ipc_cdb *cdb = ipc_cdb_new();

	(void)state;
	assert_int_equal(ipc_cdb_add_rule(cdb, &rule), 0);
	rule.env_length = 4097;
	assert_int_equal(ipc_cdb_add_rule(cdb, &rule), -1);
	assert_int_equal(errno, E2BIG);
	rule = (struct ipc_verdict){ .decision = IPC_RULES_NONE };
	assert_int_equal(ipc_cdb_add_rule(cdb, &rule), -1);
	assert_int_equal(errno, EINVAL);
	ipc_cdb_free(cdb);
}

/* A group may be what shuts the client out. */
static void groups_that_cannot_be_learnt_are_an_error(void **state)
{
	struct ipc_rules *rules = ipc_rules_open("r", IPC_RULES_DIRECTORY);
	struct ipc_peer peer = { .uid = OTHER, .gid = OTHER };
	struct ipc_verdict verdict;
	int pair[2];

	(void)state;
	make_rules("-group/5 +uid/default");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(ipc_rules_check_fd(rules, &peer, pair[0], &verdict), 0);
	assert_int_equal(verdict.decision, IPC_RULES_ALLOW);
	close(pair[0]);
	/* nothing that could have a peer */
	assert_int_equal(ipc_rules_check_fd(rules, &peer, pair[0], &verdict), -1);
	assert_int_equal(errno, EBADF);
	close(pair[1]);
	ipc_rules_close(rules);
}

/* So may a cgroup, or a label. */
static void what_is_not_known_is_an_error_where_a_rule_names_it(void **state)
{
	static const char *const sets[] = { "-cgroup/:a +uid/default", "-label/x +uid/default" };
	struct ipc_peer peer = { .uid = OTHER, .gid = OTHER };
	struct ipc_verdict verdict;

	(void)state;
	for (int i = 0; i < 2; i++) {
		for (int format = IPC_RULES_DIRECTORY; format <= IPC_RULES_CDB; format++) {
			struct ipc_rules *rules;

			make_rules(sets[i]);
			compile("c");
			rules = ipc_rules_open(format == IPC_RULES_CDB ? "c" : "r", format);
			assert_int_equal(ipc_rules_check(rules, &peer, NULL, 0, &verdict), -1);
			assert_int_equal(errno, ENODATA);
			assert_string_equal(verdict.rule, i ? "label" : "cgroup");
			ipc_rules_close(rules);
		}
	}
}

/* A path of any length, of which the rule of a part that could be a file's name is found. */
static void long_paths_do_no_harm(void **state)
{
	struct ipc_peer peer = { .uid = OTHER, .gid = OTHER };
	char path[4096], key[300] = "+cgroup/";
	struct ipc_known known = { .cgroup = path, .label = "" };
	struct ipc_verdict verdict;
	struct ipc_rules *rules;

	(void)state;
	memset(path, 'x', sizeof path);
	path[sizeof path - 1] = 0;
	for (size_t i = 0; i < sizeof path - 2; i += 2)
		path[i] = '/';
	for (int i = 0; i < 127; i++)
		strcat(key, ":x");
	make_rules(key);
	rules = ipc_rules_open("r", IPC_RULES_DIRECTORY);
	assert_int_equal(ipc_rules_check_known(rules, &peer, &known, &verdict), 0);
	assert_int_equal(verdict.decision, IPC_RULES_ALLOW);
	assert_string_equal(verdict.rule, key + 1);
	/* a component alone that is longer than any name */
	memset(path + 1, 'x', 1000);
	assert_int_equal(ipc_rules_check_known(rules, &peer, &known, &verdict), 0);
	assert_int_equal(verdict.decision, IPC_RULES_NONE);
	ipc_rules_close(rules);
}

/* Descriptors are not lost, whatever the answer. */
static void nothing_stays_open(void **state)
{
	int before = dup(0), after;

	(void)state;
	close(before);
	both_formats_give_the_same_answer(state);
	what_cannot_be_read_is_an_error(state);
	limits_are_errors_and_cut_nothing(state);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_formats_give_the_same_answer),
		cmocka_unit_test(memory_gives_the_same_answer),
		cmocka_unit_test(cgroups_and_labels_decide_in_every_format),
		cmocka_unit_test(the_next_question_knows_of_every_change),
		cmocka_unit_test(a_link_to_another_directory_is_followed_at_once),
		cmocka_unit_test(permissions_are_seen_at_once),
		cmocka_unit_test(what_cannot_be_watched_is_not_remembered),
		cmocka_unit_test(a_large_rule_is_remembered_whole),
		cmocka_unit_test(a_changed_set_is_remembered_again),
		cmocka_unit_test(mounts_are_seen_at_once),
		cmocka_unit_test(what_cannot_be_read_is_an_error),
		cmocka_unit_test(limits_are_errors_and_cut_nothing),
		cmocka_unit_test(env_files_are_read_as_documented),
		cmocka_unit_test(both_files_mean_allow_and_a_dead_link_denies),
		cmocka_unit_test(groups_that_cannot_be_learnt_are_an_error),
		cmocka_unit_test(what_is_not_known_is_an_error_where_a_rule_names_it),
		cmocka_unit_test(long_paths_do_no_harm),
		cmocka_unit_test(a_directory_is_consulted_live),
		cmocka_unit_test(a_cdb_is_read_again_when_replaced),
		cmocka_unit_test(broken_records_are_errors),
		cmocka_unit_test(broken_files_are_refused),
		cmocka_unit_test(the_file_is_byte_for_byte_what_others_write),
		cmocka_unit_test(many_records_are_all_found),
		cmocka_unit_test(records_over_the_limit_are_not_written),
		cmocka_unit_test(nothing_stays_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
