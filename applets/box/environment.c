/* SPDX-License-Identifier: ISC */
/* getenv(3) and its kin in a third of the space. A value that was replaced stays in memory:
 * whoever has asked for it may still hold it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"

#if defined CONFIG_SMALL_LIBC && !defined __GLIBC__

extern char **environ;

/* Where NAME is, or else the end of the list. */
static char **find(const char *name)
{
	size_t length = strlen(name);
	char **at = environ;

	while (*at && (strncmp(*at, name, length) || (*at)[length] != '='))
		at++;
	return at;
}

char *getenv(const char *name)
{
	char *variable = *find(name);

	return variable ? strchr(variable, '=') + 1 : NULL;
}

static int bad_name(const char *name)
{
	if (*name && !strchr(name, '='))
		return 0;
	errno = EINVAL;
	return 1;
}

/* One more place at END of the list; the first time in a list of our own. Returns it, or NULL. */
static char **grow(char **end)
{
	static char **ours;
	size_t count = end - environ;
	char **list = realloc(environ == ours ? ours : NULL, (count + 2) * sizeof *list);

	if (!list)
		return NULL;
	if (environ != ours)
		memcpy(list, environ, count * sizeof *list);
	list[count + 1] = NULL;
	environ = ours = list;
	return list + count;
}

int setenv(const char *name, const char *value, int overwrite)
{
	char **at = find(name), *variable;
	size_t size;

	if (bad_name(name))
		return -1;
	if (*at && !overwrite)
		return 0;
	size = strlen(name) + strlen(value) + 2;
	variable = malloc(size);
	if (!variable)
		return -1;
	ipc_format(variable, size, "%s=%s", name, value);
	if (!*at && !(at = grow(at))) {
		free(variable);
		return -1;
	}
	*at = variable;
	return 0;
}

int unsetenv(const char *name)
{
	char **at;

	if (bad_name(name))
		return -1;
	while (*(at = find(name)))
		for (; *at; at++)
			*at = at[1];
	return 0;
}

int clearenv(void)
{
	environ[0] = NULL;
	return 0;
}

#endif
