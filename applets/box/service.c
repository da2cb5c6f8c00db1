/* SPDX-License-Identifier: ISC */
/* sorting the options of a service to its links; see service.h */
#include <limits.h>

#include "service.h"

enum { MOST_WORDS = 128 };

static char **line;
static unsigned count;

static void word(const char *text)
{
	if (count == MOST_WORDS)
		usage("too many options");
	line[count++] = (char *)text;
}

static const char *value(const struct service *service, const char *what)
{
	static char ids[2][12];
	int is_group = what[1] == 'g';

	if (what[1] == 'b')
		return number(what, optarg, INT_MAX) ? optarg : "1";
	if (strchr("aP", what[1]))
		octal(what[1] == 'P' ? "-m" : what, optarg);
	if (what[1] != 'u' && !is_group)
		return service->value(what);
	snprintf(ids[is_group], sizeof *ids, "%u",
		 is_group ? group_number(what, optarg) : user_number(what, optarg));
	return ids[is_group];
}

/* The options of one link. */
static void link_options(int argc, char **argv, const struct service *service, const char *own)
{
	static char words[MOST_WORDS + 1][4];
	char all[128];
	int letter;

	snprintf(all, sizeof all, "%s%s%s", service->binds, service->drops, service->serves);
	optind = 0;
	while ((letter = option(argc, argv, all, NULL)) != -1) {
		const char *at = strchr(own, letter), *level = strchr(service->levels, letter);
		char *text = words[count];

		if (!at)
			continue;
		if (level)
			snprintf(text, sizeof *words, "-v%d", (int)(level - service->levels));
		else
			/* the binder's -m is s6's for something else */
			snprintf(text, sizeof *words, letter == 'U' ? "-%cz" : "-%c",
				 letter == 'm' ? 'P' : letter);
		word(text);
		if (at[1] == ':')
			word(value(service, text));
	}
}

/* Where the program begins. It is looked at here, before anything is bound. */
static int program(int argc, char **argv)
{
	int at = optind + 1;

	if (at < argc)
		at += !strcmp(argv[at], "--");
	if (at >= argc)
		usage("too few arguments");
	chain_check(argv[at], 0);
	return at;
}

char **service_line(int argc, char **argv, const struct service *service)
{
	/* messages of the links appear under the family of names that the caller used */
	int s6 = !strncmp(applet_name, "s6-", 3);
	unsigned before;
	int prog;

	line = malloc((MOST_WORDS + argc) * sizeof *line);
	if (!line)
		die(EXIT_TEMPORARY, "unable to build the command:");
	count = 0;
	word(s6 ? "s6-ipcserver-socketbinder" : "ipcsocketbinder");
	link_options(argc, argv, service, service->binds);
	word("--");
	word(argv[optind]);
	prog = service->runs ? program(argc, argv) : argc;
	word(s6 ? "s6-applyuidgid" : "ipcapplyuidgid");
	before = count;
	link_options(argc, argv, service, service->drops);
	if (count == before) {
		count--;	/* nothing to drop */
	} else {
		word("--");
		if (service->runs)
			reach_supervisor();
	}
	word(service->names[s6]);
	link_options(argc, argv, service, service->serves);
	if (service->runs)
		word("--");
	while (prog < argc)
		line[count++] = argv[prog++];
	line[count] = NULL;
	return line;
}
