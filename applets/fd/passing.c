/* SPDX-License-Identifier: ISC */
/* numbers for descriptors that came, and where fdsend(1) and fdrecv(1) meet */
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "passing.h"

static void (*before)(void);

static void fail_plainly(void)
{
	if (before)
		before();
	exit(1);
}

void plain_begin(void)
{
	before = before_death;
	if (!strncmp(applet_name, "fd", 2))
		before_death = fail_plainly;
}

void plain_end(void)
{
	before_death = before;
}

_Noreturn void plain_answer(int letter)
{
	if (letter == 'h')
		print_help();
	printf("%s from ipcbox " VERSION "\n", applet_name);
	flush_output();
	exit(0);
}

unsigned fd_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > INT_MAX ? INT_MAX
									    : limit.rlim_cur - 1;
}

void sockspec(char *name, const char *spec, int abstract, int make)
{
	char user[sizeof "/user/4294967295"] = "";
	size_t length;

	if (abstract || *spec == '/') {
		length = snprintf(name, SOCKSPEC_SIZE, "%s%s", abstract ? "@" : "", spec);
	} else {
		if (!*spec || strchr(spec, '/'))
			usage("neither a path from / nor a name: %s", spec);
		if (getuid())
			snprintf(user, sizeof user, "/user/%u", getuid());
		length = snprintf(name, SOCKSPEC_SIZE, "/run%s/fdsend", user);
		if (make && mkdir(name, 0700) && errno != EEXIST)
			die(EXIT_TEMPORARY, "unable to make the directory %s:", name);
		length += snprintf(name + length, SOCKSPEC_SIZE - length, "/%s", spec);
	}
	if (length >= SOCKSPEC_SIZE)
		usage("the name is too long: %s", spec);
}
