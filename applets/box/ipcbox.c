/* ipcbox: the tools for local services, in one program
 *
 * SPDX-License-Identifier: ISC

config BOX
	bool
	default y
	help
	  usage: ipcbox [--list [-l] | --install [-s] DIR | --help | --version | NAME [ARGS...]]

	  One program that is many: called by the name of an applet, usually through a link, it
	  is that applet. Called as ipcbox, its first argument names the applet, with or without
	  the leading "ipc". Alone it prints the applets and what they are for.

	  --list       print every name that it answers to, one a line
	  -l           print the applets and what they are for
	  --install    make a hard link for each of these names in DIR, to the ipcbox that is in
	               DIR or, if there is none, to this one; ipcbox is one of the names
	  -s           symbolic links instead, relative ones, so that DIR may be part of an image
	  --version    print the version

	  In a chain of programs the next word is called without an exec if it is one of these
	  names, and executed otherwise. Write it with a slash to have a file executed whatever
	  its name.

	  Environment:
	  IPCBOX_LOG  json or logfmt: all messages are for machines; id: those about a connection
	              have its id

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
#include <limits.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "applet.h"
#include "names.h"

/* names and helps stand one behind the other */
static const char *next_text(const char *text)
{
	return text + strlen(text) + 1;
}

const struct applet *applet_find(const char *name)
{
	const unsigned char *applet = applet_of;

	for (const char *at = names; *at; at = next_text(at), applet++)
		if (!strcmp(at, name))
			return &applets[*applet];
	return NULL;
}

/* The text of the applet, of texts in the order of the table. */
static const char *text_of(const struct applet *applet, const char *text)
{
	for (const struct applet *at = applets; at != applet; at++)
		text = next_text(text);
	return text;
}

const char *applet_help(void)
{
	return text_of(applet_now, helps);
}

/* NAME as the first argument of the box: any name, or an applet's without "ipc". */
static const struct applet *find_short(const char *name, char *full, size_t size)
{
	const struct applet *applet = NULL;

	if ((size_t)snprintf(full, size, "ipc%s", name) < size)
		applet = applet_find(full);
	if (!applet && (applet = applet_find(name)))
		snprintf(full, size, "%s", name);
	return applet;
}

/* Every name, or with PURPOSE each applet by its first one. */
static int list(int purpose)
{
	const unsigned char *applet = applet_of;

	for (const char *name = names; *name; name = next_text(name), applet++)
		if (!purpose)
			puts(name);
		else if (!strncmp(name, "ipc", 3))
			printf("%-25s%s\n", name,
			       ENABLED(CONFIG_LONG_HELP) ? text_of(&applets[*applet], purposes) : "");
	flush_output();
	return 0;
}

/* The way from the directory FROM to the file TO, both without links, "." and "..". */
static void relative(char *text, size_t size, const char *from, const char *to)
{
	size_t common = 0, length = 0;

	for (size_t i = 0; to[i] == from[i] || (to[i] == '/' && !from[i]); i++) {
		if (to[i] == '/')
			common = i + 1;
		if (!from[i])
			break;
	}
	for (const char *at = from[common - 1] ? from + common : ""; *at && length + 3 < size; at++) {
		at += strcspn(at, "/");
		length += snprintf(text + length, size - length, "../");
		if (!*at)
			break;
	}
	if (length + snprintf(text + length, size - length, "%s", to + common) >= size)
		die(EXIT_TEMPORARY, "the way from %s to %s is too long", from, to);
}

/* This program as seen from the directory. The kernel tells by which path it was executed; that
 * needs no /proc. */
static void find_self(char *text, size_t size, const char *where)
{
	const char *executed = (const char *)getauxval(AT_EXECFN);
	char *self = executed ? realpath(executed, NULL) : NULL;
	char *from = realpath(where, NULL);

	if (!self)
		die(EXIT_TEMPORARY, "unable to find this program, put a copy into %s:", where);
	if (!from)
		die(EXIT_TEMPORARY, "unable to find the directory %s:", where);
	relative(text, size, from, self);
	free(self);
	free(from);
}

/* A link NAME to SELF in the directory; one that is there already and leads to it is fine. */
static void install_one(int dir, const char *where, const char *name, const char *self, int symbolic)
{
	struct stat there, here;

	if (symbolic ? !symlinkat(self, dir, name) : !linkat(dir, self, dir, name, AT_SYMLINK_FOLLOW))
		return;
	if (errno == EEXIST && !fstatat(dir, self, &here, 0) && !fstatat(dir, name, &there, 0) &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino)
		return;
	die(EXIT_TEMPORARY, "unable to make the link %s/%s:", where, name);
}

static int install(int argc, char **argv)
{
	char self[PATH_MAX] = "ipcbox";
	int symbolic = 0, letter, dir;
	struct stat st;

	while ((letter = option(argc, argv, "s", NULL)) != -1)
		symbolic = 1;
	argv = operands(argc, argv, 1);
	dir = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		die(EXIT_TEMPORARY, "unable to open the directory %s:", argv[0]);
	if (fstatat(dir, self, &st, 0) || !S_ISREG(st.st_mode))
		find_self(self, sizeof self, argv[0]);
	for (const char *name = names; *name; name = next_text(name))
		install_one(dir, argv[0], name, self, symbolic);
	close(dir);
	return 0;
}

TOOL(box)
{
	char full[64];
	const struct applet *applet;

	if (!argv[1])
		return list(1);
	if (!strcmp(argv[1], "--list"))
		return list(option(argc - 1, argv + 1, "l", NULL) == 'l');
	if (!strcmp(argv[1], "--install"))
		return install(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--version")) {
		puts("ipcbox " VERSION);
		flush_output();
		return 0;
	}
	option(argc, argv, "", NULL);
	applet = find_short(argv[1], full, sizeof full);
	if (!applet)
		usage("no applet named %s", argv[1]);
	argv[1] = full;
	chain_next(argv + 1);
}

/* What is constant once the start has put its pointers right, the table of applets among it, cannot
 * be written from here on. A loader does that for a dynamic program; musl leaves it to a static one.
 */
static int seal(struct dl_phdr_info *info, size_t size, void *unused)
{
	uintptr_t page = sysconf(_SC_PAGESIZE), begin, end;

	(void)size;
	(void)unused;
	for (const ElfW(Phdr) *p = info->dlpi_phdr; p < info->dlpi_phdr + info->dlpi_phnum; p++) {
		if (p->p_type != PT_GNU_RELRO)
			continue;
		begin = (info->dlpi_addr + p->p_vaddr) & -page;
		end = (info->dlpi_addr + p->p_vaddr + p->p_memsz) & -page;
		mprotect((void *)begin, end - begin, PROT_READ);
	}
	return 1;	/* the program is the first */
}

int main(int argc, char **argv)
{
	char *base;

	dl_iterate_phdr(seal, NULL);
	if (!argc)
		return EXIT_USAGE;
	title_init(argv);
	base = strrchr(argv[0], '/');
	if (base)
		argv[0] = base + 1;
	/* a copy of the box under a name of its own is still the box */
	if (!applet_find(argv[0]))
		argv[0] = "ipcbox";
	chain_next(argv);
}
