/* SPDX-License-Identifier: ISC */
/* what ps, pgrep and pidof see: the name and the words of the link that runs, as after an exec */
#include <sys/prctl.h>

#include "applet.h"

/* Where the kernel reads our command line. Its place and size stay what they were: only a
 * privileged process could say otherwise, and the environment begins right behind it. */
static char *area;
static size_t area_size;
static char **at_start;

void title_init(char **argv)
{
	char *end = argv[0], *copy;
	int count = 0;

	while (argv[count] && argv[count] == end) {
		end += strlen(end) + 1;
		count++;
	}
	/* whoever has taken a word from argv may keep it, so from now on they are somewhere else */
	copy = malloc(end - argv[0]);
	if (!copy)
		return;
	area = argv[0];
	area_size = end - area;
	memcpy(copy, area, area_size);
	for (int i = 0; i < count; i++)
		argv[i] = copy + (argv[i] - area);
	at_start = argv;
}

void title_show(char **argv)
{
	static const char more[] = "...";
	size_t used = 0;

	prctl(PR_SET_NAME, argv[0]);
	if (!area || argv == at_start)
		return;
	memset(area, 0, area_size);
	for (; *argv && used < area_size; argv++) {
		size_t length = strlen(*argv) + 1, room = area_size - used;

		memcpy(area + used, *argv, length < room ? length : room);
		used += length;
	}
	/* too long for it: a server makes a longer line than it was given */
	if ((*argv || used > area_size) && area_size >= sizeof more)
		memcpy(area + area_size - sizeof more, more, sizeof more);
	area[area_size - 1] = 0;
}
