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
	if (what[1] == 'a')
		octal(what, optarg);
	if (what[1] != 'u' && !is_group)
		return service->value(what);
	ipc_format(ids[is_group], sizeof *ids, "%u",
		   is_group ? group_number(what, optarg) : user_number(what, optarg));
	return ids[is_group];
}

/* The options of one link. */
static void link_options(int argc, char **argv, const struct service *service, const char *own)
{
	static char words[MOST_WORDS + 1][4];
	char all[128];
	int letter;

	ipc_format(all, sizeof all, "%s%s%s", service->binds, service->drops, service->serves);
	optind = 0;
	while ((letter = option(argc, argv, all, NULL)) != -1) {
		const char *at = strchr(own, letter), *level = strchr(service->levels, letter);
		char *text = words[count];

		if (!at)
			continue;
		if (level)
			ipc_format(text, sizeof *words, "-v%d", (int)(level - service->levels));
		else
			ipc_format(text, sizeof *words, letter == 'U' ? "-%cz" : "-%c", letter);
		word(text);
		if (at[1] == ':')
			word(value(service, text));
	}
}

char **service_line(int argc, char **argv, const struct service *service)
{
	/* messages of the links appear under the family of names that the caller used */
	int s6 = !strncmp(applet_name, "s6-", 3);
	unsigned before;

	line = malloc((MOST_WORDS + argc) * sizeof *line);
	if (!line)
		die(EXIT_TEMPORARY, "unable to build the command:");
	count = 0;
	word(s6 ? "s6-ipcserver-socketbinder" : "ipcsocketbinder");
	link_options(argc, argv, service, service->binds);
	word("--");
	word(argv[optind]);
	word(s6 ? "s6-applyuidgid" : "ipcapplyuidgid");
	before = count;
	link_options(argc, argv, service, service->drops);
	if (count == before)
		count--;	/* nothing to drop */
	else
		word("--");
	word(service->names[s6]);
	link_options(argc, argv, service, service->serves);
	if (service->runs) {
		word("--");
		for (int i = optind + 1; i < argc; i++)
			line[count++] = argv[i];
	}
	line[count] = NULL;
	return line;
}
