/* SPDX-License-Identifier: ISC */
/* options, operands and their values; every mistake is one line and exit 100 */
#include <limits.h>
#include <stdarg.h>

#include "applet.h"

extern const char *applet_help;

/* The first paragraph of the help is the usage; here it becomes a part of one line. */
static void usage_line(char *text, size_t size)
{
	size_t n = 0;

	for (const char *from = applet_help; *from && n + 1 < size; from++) {
		if (from[0] == '\n' && (from[1] == '\n' || !from[1]))
			break;
		if ((*from == '\n' || *from == ' ') && n && text[n - 1] == ' ')
			continue;
		text[n++] = *from == '\n' ? ' ' : *from;
	}
	text[n] = 0;
}

void usage(const char *format, ...)
{
	char what[512], how[512];
	va_list args;

	va_start(args, format);
	ipc_vformat(what, sizeof what, format, args);
	va_end(args);
	usage_line(how, sizeof how);
	die(EXIT_USAGE, "%s; %s", what, how);
}

static _Noreturn void help(void)
{
	fputs(applet_help, stdout);
	exit(fflush(stdout) ? EXIT_TEMPORARY : 0);
}

int option(int argc, char **argv, const char *shorts, const struct option *longs)
{
	static const struct option none[] = { { 0 } };
	char spec[80];
	int at = optind ? optind : 1, letter;

	if (at < argc && !strcmp(argv[at], "--help"))
		help();
	/* '+': the options end where PROG begins; ':': the messages are ours */
	ipc_format(spec, sizeof spec, "+:%s", shorts);
	opterr = 0;
	letter = getopt_long(argc, argv, spec, longs ? longs : none, NULL);
	if (letter == ':')
		usage("option -%c needs a value", optopt);
	if (letter == '?' && optopt)
		usage("unknown option -%c", optopt);
	if (letter == '?')
		usage("unknown option %s", argv[optind - 1]);
	return letter;
}

char **operands(int argc, char **argv, int count)
{
	if (argc - optind < count)
		usage(argc == optind ? "arguments are missing" : "too few arguments");
	if (count && !*argv[optind + count - 1])
		usage("an argument is empty");
	return argv + optind;
}

unsigned number(const char *what, const char *text, unsigned max)
{
	unsigned value;

	if (ipc_number(text, 10, max, &value)) {
		if (errno == ERANGE)
			usage("%s is over %u: %s", what, max, text);
		usage("%s is not a number: %s", what, text);
	}
	return value;
}

unsigned octal(const char *what, const char *text)
{
	unsigned value;

	if (ipc_number(text, 8, UINT_MAX, &value))
		usage("%s is not an octal number: %s", what, text);
	return value;
}

uid_t user_number(const char *what, const char *text)
{
	struct ipc_user user;
	unsigned value;

	if (!ipc_number(text, 10, UINT_MAX, &value))
		return value;
	if (ipc_user_find(text, &user))
		usage("%s: unknown user %s", what, text);
	return user.uid;
}

gid_t group_number(const char *what, const char *text)
{
	unsigned value;
	gid_t gid;

	if (!ipc_number(text, 10, UINT_MAX, &value))
		return value;
	if (ipc_group_find(text, &gid))
		usage("%s: unknown group %s", what, text);
	return gid;
}

const char *variable(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		die(EXIT_USAGE, "%s not set", name);
	return value;
}
