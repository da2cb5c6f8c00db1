/* SPDX-License-Identifier: ISC */
/* the one place that runs the next program of a chain: calls an applet or executes a file */
#include "applet.h"
#include "gate.h"

const char *applet_name = "ipcbox";
const struct applet *applet_now;

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

/* Run one applet. Returns what is next in the chain; a tool has no next and exits. */
static char **call(const struct applet *applet, char **argv)
{
	int argc = count(argv);

	applet_name = argv[0];
	applet_now = applet;
	optind = 0;
	switch (applet->kind) {
	case KIND_CHAIN:
		return applet->run.chain(argc, argv);
	case KIND_GATE:
		return gate_link(applet->run.gate, argc, argv);
	case KIND_TOOL:
		break;
	}
	exit(applet->run.tool(argc, argv));
}

static int exec_path(const char *file, char **argv, char **envp)
{
	const char *path = getenv("PATH"), *end;
	int worst = ENOENT;
	char full[4096];

	if (strchr(file, '/'))
		return execve(file, argv, envp);
	if (!path)
		path = "/usr/bin:/bin";
	for (; *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		/* an empty component does not mean the current directory */
		if (end == path || end - path + strlen(file) + 2 > sizeof full)
			continue;
		ipc_format(full, sizeof full, "%.*s/%s", (int)(end - path), path, file);
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

int chain_calls(const char *word)
{
	return ENABLED(CONFIG_CHAIN_CALL) && applet_word(word);
}

int exec_next(char **argv, char **envp)
{
	if (applet_word(argv[0]))
		return execve("/proc/self/exe", argv, envp);
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
