/* SPDX-License-Identifier: ISC */
/* options, operands and their values; every mistake is one line and exit 100 */
#include <limits.h>
#include <stdarg.h>

#include "applet.h"

/* getopt(3) of a libc brings 5 KB of messages and streams along; these are its variables. */
char *optarg;
int optind;

/* The letters of a word of options that are not read yet. */
static const char *letters = "";

/* The first paragraph of the help is the usage; here it becomes a part of one line. */
static void usage_line(char *text, size_t size)
{
	size_t n = 0;

	for (const char *from = applet_help(); *from && n + 1 < size; from++) {
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
	print(applet_help());
	print_end();
	exit(0);
}

/* The value of an option: what follows its letter, or else the next word. */
static void take_value(const char *rest, char **argv, const char *dashes, const char *name, int length)
{
	optarg = rest ? (char *)rest : argv[optind];
	if (!optarg)
		usage("option %s%.*s needs a value", dashes, length, name);
	if (!rest)
		optind++;
}

int find_long(const char *longs, const char *name, size_t length)
{
	for (; longs && *longs; longs += strlen(longs) + 1)
		if (!strncmp(longs + 1, name, length) && !longs[1 + length])
			return *longs;
	return 0;
}

/* WORD stands behind "--". */
static int long_option(const char *word, char **argv, const char *shorts, const char *longs)
{
	size_t length = strcspn(word, "=");
	const char *value = word[length] ? word + length + 1 : NULL;
	int letter = find_long(longs, word, length), takes = letter && strchr(shorts, letter)[1] == ':';

	if (!letter || (value && !takes))
		usage("unknown option --%s", word);
	if (takes)
		take_value(value, argv, "--", word, length);
	return letter;
}

int option(int argc, char **argv, const char *shorts, const char *longs)
{
	const char *word, *known;
	int letter;

	if (!optind) {
		optind = 1;
		letters = "";
	}
	if (!*letters) {
		word = optind < argc ? argv[optind] : "";
		if (word[0] != '-' || !word[1])
			return -1;
		optind++;
		if (!strcmp(word, "--"))
			return -1;
		if (!strcmp(word, "--help"))
			help();
		if (word[1] == '-')
			return long_option(word + 2, argv, shorts, longs);
		letters = word + 1;
	}
	letter = *letters++;
	known = letter == ':' ? NULL : strchr(shorts, letter);
	if (!known)
		usage("unknown option -%c", letter);
	if (known[1] == ':') {
		take_value(*letters ? letters : NULL, argv, "-", known, 1);
		letters = "";
	}
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

	ipc_format(text, sizeof text, "%lld", value);
	set_variable(name, text);
}
