/* SPDX-License-Identifier: ISC */
/* the one place that runs the next program of a chain: calls an applet or executes a file */
#include "applet.h"
#include "gate.h"

const char *applet_name = "ipcbox";
const struct applet *applet_now;

enum { PATH_SIZE = 4096 };

static const char *next_path;	/* where the next word is looked up; NULL: in PATH */

static int count(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return argc;
}

char **gate_prepare(const struct applet *applet, char **argv, void **data)
{
	const char *name = applet_name;
	const struct applet *before = applet_now;

	applet_name = argv[0];
	applet_now = applet;
	optind = 0;
	argv = applet->run.gate->prepare(count(argv), argv, data);
	applet_name = name;
	applet_now = before;
	return argv;
}

static char **run_change(const struct change *change, int argc, char **argv)
{
	void *data;

	argv = change->prepare(argc, argv, 0, &data);
	change->perform(data);
	return argv;
}

/* Run one applet. Returns what is next in the chain; a tool has no next and exits. */
static char **call(const struct applet *applet, char **argv)
{
	int argc = count(argv);

	applet_name = argv[0];
	applet_now = applet;
	optind = 0;
	next_path = NULL;
	title_show(argv);
	switch (applet->kind) {
	case KIND_CHAIN:
		return applet->run.chain(argc, argv);
	case KIND_CHANGE:
		return run_change(applet->run.change, argc, argv);
	case KIND_GATE:
		return gate_link(applet->run.gate, argc, argv);
	case KIND_TOOL:
		break;
	}
	exit(applet->run.tool(argc, argv));
}

static const char *search_path(void)
{
	const char *path = getenv("PATH");

	return path ? path : "/usr/bin:/bin";
}

void chain_keep_path(void)
{
	next_path = strdup(search_path());
	if (!next_path)
		die(EXIT_TEMPORARY, "unable to change the environment:");
}

/* The next file, in FULL of PATH_SIZE bytes, that FILE may be. Returns 0 at the end of *PATH. */
static int next_place(const char **path, const char *file, char *full)
{
	while (**path) {
		const char *from = *path, *end = strchrnul(from, ':');
		int length = end - from;

		*path = *end ? end + 1 : end;
		/* an empty component does not mean the current directory */
		if (length && length + strlen(file) + 2 <= PATH_SIZE)
			return snprintf(full, PATH_SIZE, "%.*s/%s", length, from, file);
	}
	return 0;
}

/* A frame of its own, which costs a program that has a path nothing. */
static __attribute__((noinline)) int exec_path(const char *file, char **argv, char **envp)
{
	const char *path = next_path ? next_path : search_path();
	int worst = ENOENT;
	char full[PATH_SIZE];

	while (next_place(&path, file, full)) {
		execve(full, argv, envp);
		if (errno == EACCES || errno == EPERM || errno == EISDIR)
			worst = errno;
		else if (errno != ENOENT && errno != ENOTDIR)
			return -1;
	}
	errno = worst;
	return -1;
}

static const struct applet *applet_word(const char *word)
{
	return strchr(word, '/') ? NULL : applet_find(word);
}

static int is_in_path(const char *file)
{
	const char *path = search_path();
	char full[PATH_SIZE];

	while (next_place(&path, file, full))
		if (!access(full, F_OK))
			return 1;
	return 0;
}

void chain_check(const char *word, int warns)
{
	if (*word == '-')
		usage("not a program: %s", word);
	if (!*word || strchr(word, '/') || applet_find(word) || is_in_path(word))
		return;
	if (!strncmp(word, "ipc", 3))
		die(EXIT_NOTFOUND, "there is no program %s", word);
	if (warns)
		warning("no program %s, neither here nor in PATH", word);
}

int chain_calls(const char *word)
{
	return ENABLED(CONFIG_CHAIN_CALL) && applet_word(word);
}

char **chain_prepare(char **argv, struct prepared *prepared)
{
	const struct applet *before = applet_now, *applet;

	if (!argv[0] || !chain_calls(argv[0]))
		return NULL;
	applet = applet_find(argv[0]);
	if (applet->kind != KIND_CHANGE)
		return NULL;
	applet_now = applet;
	optind = 0;
	prepared->change = applet->run.change;
	argv = applet->run.change->prepare(count(argv), argv, 1, &prepared->data);
	applet_now = before;
	return argv;
}

int exec_next(char **argv, char **envp)
{
	if (applet_word(argv[0]))
		return execve("/proc/self/exe", argv, envp);
	if (strchr(argv[0], '/'))
		return execve(argv[0], argv, envp);
	return exec_path(argv[0], argv, envp);
}

_Noreturn void chain_next(char **argv)
{
	extern char **environ;
	const struct applet *applet;
	int first = 1;

	while (argv[0] && (applet = applet_word(argv[0])) && (first || chain_calls(argv[0]))) {
		first = 0;
		argv = call(applet, argv);
	}
	if (!argv[0])
		exit(0);
	exec_next(argv, environ);
	die(errno == ENOENT ? EXIT_NOTFOUND : EXIT_NOEXEC, "unable to exec %s:", argv[0]);
}
