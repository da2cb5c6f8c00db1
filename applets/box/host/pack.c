/* SPDX-License-Identifier: ISC */
/* Packs the help texts of the applets that are configured, for help.c to unpack. It runs on the
 * machine that builds.
 *
 *	pack autoconf.h helps.txt >help.h
 *
 * Each text ends with NUL. A character is 7 bits, the highest first. The bits are one number in
 * binary fractions: each halves, by chances.h, the range that those before it have left: a 1
 * takes the lower part.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chances.h"

enum { LINE = 1024, MOST = 1 << 20 };

static char set[65536], text[MOST];
static size_t length;

static void fail(const char *what, const char *which)
{
	fprintf(stderr, "pack: %s: %s\n", what, which);
	exit(1);
}

static FILE *input(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		fail("cannot read", path);
	return file;
}

static void add(const char *line)
{
	for (const char *c = line; *c; c++)
		if (*c & 128)
			fail("not ASCII", line);
	if (length + strlen(line) >= sizeof text)
		fail("too much text at", line);
	strcpy(text + length, line);
	length += strlen(line);
}

/* The options that are set, a line each. */
static void read_options(const char *path)
{
	FILE *file = input(path);
	char line[LINE], name[LINE];
	size_t used = 1;

	set[0] = '\n';
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "#define %1000s", name) == 1)
			used += snprintf(set + used, sizeof set - used, "%s\n", name);
	if (used >= sizeof set)
		fail("too many options", path);
	fclose(file);
}

static int is_set(const char *name)
{
	char line[LINE + 2];

	snprintf(line, sizeof line, "\n%s\n", name);
	return !!strstr(set, line);
}

/* What follows "config NAME" is its help; the first paragraph of that is the usage. */
static void read_texts(const char *path)
{
	FILE *file = input(path);
	char line[LINE], name[LINE];
	int on = 0, wanted = 0, long_help = is_set("CONFIG_LONG_HELP");

	while (fgets(line, sizeof line, file)) {
		if (sscanf(line, "config %1000s", name) == 1) {
			length += on;
			wanted = on = is_set(name);
			continue;
		}
		if (*line == '\n' && !long_help)
			wanted = 0;
		if (wanted)
			add(line);
	}
	length += on;
	fclose(file);
}

static void byte(unsigned value)
{
	static int bytes;

	printf("%u,%s", value, ++bytes % 20 ? "" : "\n");
}

static void pack(void)
{
	unsigned low = 0, high = ~0u;

	if (model_start())
		fail("no memory", "2 MB");
	for (size_t i = 0; i < length; i++) {
		model_character(text, i);
		for (int at = 6; at >= 0; at--) {
			int bit = text[i] >> at & 1;
			unsigned middle = low + (high - low) / ONE * model_predict();

			if (bit)
				high = middle;
			else
				low = middle + 1;
			model_learn(bit);
			for (; !((low ^ high) >> 24); low <<= 8, high = high << 8 | 255)
				byte(low >> 24);
		}
	}
	/* a number between the two; help.c reads four bytes at first */
	byte((low >> 24) + 1);
	for (int i = 0; i < 3; i++)
		byte(0);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		fail("usage", "pack autoconf.h helps.txt >help.h");
	read_options(argv[1]);
	read_texts(argv[2]);
	printf("/* made by pack.c */\nenum { HELP_SIZE = %zu };\n"
	       "static const unsigned char packed[] = {\n", length ? length : 1);
	pack();
	printf("};\n");
	return fflush(stdout) || ferror(stdout);
}
