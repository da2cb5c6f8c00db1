/* SPDX-License-Identifier: ISC */
/* the one place that runs the next program of a chain: calls an applet or executes a file */
#include "applet.h"
#include "gate.h"

const char *applet_name = "ipcbox";

/* The help of the applet that runs, for opt.c. */
const char *applet_help = "";

static int count(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return argc;
}

/* Run one applet. Returns what is next in the chain; a tool has no next and exits. */
static char **call(const struct applet *applet, char **argv)
{
	int argc = count(argv);

	applet_name = argv[0];
	applet_help = applet->help;
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

int exec_path(const char *file, char **argv, char **envp)
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

_Noreturn void chain_next(char **argv)
{
	extern char **environ;
	const struct applet *applet = NULL;
	int first = 1;

	while (argv[0] && (applet = strchr(argv[0], '/') ? NULL : applet_find(argv[0]))) {
		if (!ENABLED(CONFIG_CHAIN_CALL) && !first)
			break;
		first = 0;
		argv = call(applet, argv);
	}
	if (!argv[0])
		exit(0);
	if (applet)
		execve("/proc/self/exe", argv, environ);
	else
		exec_path(argv[0], argv, environ);
	die(errno == ENOENT ? EXIT_NOTFOUND : EXIT_NOEXEC, "unable to exec %s:", argv[0]);
}
