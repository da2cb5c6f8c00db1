/* SPDX-License-Identifier: ISC */
/* options, operands and their values; every mistake is one line and exit 100 */
#include <limits.h>

#include "applet.h"

enum { MOST_LONGS = 32, HELP = 256 };

void usage(const char *format, ...)
{
	/* a server that reads a link's options for it is not what has this help */
	int by_name = applet_find(applet_name) == applet_now;
	const char *name = by_name ? applet_name : applet_help() + strlen("usage: ");
	char see[HELP];
	va_list args;

	snprintf(see, sizeof see, "see %.*s --help", (int)strcspn(name, " \n"), name);
	va_start(args, format);
	vdie(EXIT_USAGE, see, format, args);
}

/* The generator writes runs of spaces as one character, the number of them. */
_Noreturn void print_help(void)
{
	for (const char *at = applet_help(); *at; at++)
		if (*at < '\n')
			printf("%*s", *at, "");
		else
			putchar(*at);
	flush_output();
	exit(0);
}

/* What getopt_long(3) says of WORD, as a message of ours. */
static _Noreturn void refuse(int letter, const char *word)
{
	char name[] = { '-', optopt, 0 };
	int is_long = !strncmp(word, "--", 2);

	if (letter == '?')
		usage("unknown option %s", is_long ? word : name);
	usage("option %s needs a value", is_long ? word : name);
}

int option(int argc, char **argv, const char *shorts, const struct option *longs)
{
	struct option all[MOST_LONGS + 2] = { { "help", no_argument, NULL, HELP } };
	const char *word = argv[optind ? optind : 1];
	char spec[192];
	int letter;

	/* stop at the first word that is not an option, and tell a missing value from the rest */
	snprintf(spec, sizeof spec, "+:%s", shorts);
	for (int i = 0; longs && longs[i].name && i < MOST_LONGS; i++)
		all[i + 1] = longs[i];
	letter = getopt_long(argc, argv, spec, all, NULL);
	if (letter == '?' || letter == ':')
		refuse(letter, word);
	if (letter == HELP)
		print_help();
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

int number_option(const char *what)
{
	return number(what, optarg, INT_MAX);
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

void set_variable(const char *name, const char *value)
{
	if (value ? setenv(name, value, 1) : unsetenv(name))
		die(EXIT_TEMPORARY, "unable to change the environment:");
}

void set_number(const char *name, long long value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", value);
	set_variable(name, text);
}
