/* ipcbox: the tools for local services, in one program
 *
 * SPDX-License-Identifier: ISC

config BOX
	bool
	default y
	help
	  usage: ipcbox [--list | --install [-s] DIR | --help | --version | NAME [ARGS...]]

	  One program that is many: called by the name of an applet, usually through a link, it
	  is that applet. Called as ipcbox, its first argument names the applet, with or without
	  the leading "ipc".

	  --list       print every name that it answers to, one a line
	  --install    make a hard link for each of these names in DIR
	  -s           symbolic links instead
	  --version    print the version

	  In a chain of programs the next word is called without an exec if it is one of these
	  names, and executed otherwise. Write it with a slash to have a file executed whatever
	  its name.

	  Exit status:
	  0      done
	  1      the client is refused
	  99     a time limit passed
	  100    wrong usage, environment or configuration
	  111    a system call failed
	  126    the next program is there but cannot be executed
	  127    the next program is not there
*/
#include <fcntl.h>
#include <sys/stat.h>

#include "applet.h"
#include "names.h"

static const char *next_name(const char *name)
{
	return name + strlen(name) + 1;
}

const struct applet *applet_find(const char *name)
{
	const unsigned char *applet = applet_of;

	for (const char *at = names; *at; at = next_name(at), applet++)
		if (!strcmp(at, name))
			return &applets[*applet];
	return NULL;
}

const char *applet_help(void)
{
	return help_text(applet_now - applets);
}

/* NAME as the first argument of the box: any name, or an applet's without "ipc". */
static const struct applet *find_short(const char *name, char *full, size_t size)
{
	const struct applet *applet = NULL;

	if (ipc_format(full, size, "ipc%s", name) < size)
		applet = applet_find(full);
	if (!applet && (applet = applet_find(name)))
		ipc_format(full, size, "%s", name);
	return applet;
}

static int list(void)
{
	for (const char *name = names; *name; name = next_name(name)) {
		print(name);
		print("\n");
	}
	print_end();
	return 0;
}

/* A link NAME in the directory; one that is there already and leads to us is fine. */
static void install_one(int dir, const char *where, const char *name, const char *self, int symbolic)
{
	struct stat there, here;

	if (symbolic ? !symlinkat(self, dir, name)
		     : !linkat(AT_FDCWD, self, dir, name, AT_SYMLINK_FOLLOW))
		return;
	if (errno == EEXIST && !stat(self, &here) && !fstatat(dir, name, &there, 0) &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino)
		return;
	die(EXIT_TEMPORARY, "unable to make the link %s/%s:", where, name);
}

static int install(int argc, char **argv)
{
	char self[4096];
	int symbolic = 0, letter, dir;
	ssize_t length;

	while ((letter = option(argc, argv, "s", NULL)) != -1)
		symbolic = 1;
	argv = operands(argc, argv, 1);
	length = readlink("/proc/self/exe", self, sizeof self - 1);
	if (length < 0)
		die(EXIT_TEMPORARY, "unable to read /proc/self/exe:");
	self[length] = 0;
	dir = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		die(EXIT_TEMPORARY, "unable to open the directory %s:", argv[0]);
	for (const char *name = names; *name; name = next_name(name))
		if (strcmp(name, "ipcbox"))
			install_one(dir, argv[0], name, self, symbolic);
	close(dir);
	return 0;
}

TOOL(box)
{
	char full[64];
	const struct applet *applet;

	(void)argc;
	if (!argv[1])
		usage("no applet named");
	if (!strcmp(argv[1], "--list"))
		return list();
	if (!strcmp(argv[1], "--install"))
		return install(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--version")) {
		print("ipcbox " VERSION "\n");
		print_end();
		return 0;
	}
	option(argc, argv, "", NULL);
	applet = find_short(argv[1], full, sizeof full);
	if (!applet)
		usage("no applet named %s", argv[1]);
	argv[1] = full;
	chain_next(argv + 1);
}

int main(int argc, char **argv)
{
	char *base = argc ? strrchr(argv[0], '/') : NULL;

	if (!argc)
		return EXIT_USAGE;
	if (base)
		argv[0] = base + 1;
	/* a copy of the box under a name of its own is still the box */
	if (!applet_find(argv[0]))
		argv[0] = "ipcbox";
	chain_next(argv);
}
