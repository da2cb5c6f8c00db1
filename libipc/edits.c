/* SPDX-License-Identifier: ISC */
/* lists of changes to an environment */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"

int ipc_edits_add(struct ipc_edits *edits, const char *name, const char *value)
{
	size_t name_length = strlen(name), value_length = value ? strlen(value) + 1 : 0;
	char *to = edits->text + edits->length;

	if (!name_length || strchr(name, '='))
		return errno = EINVAL, -1;
	if (value_length >= edits->size - edits->length ||
	    name_length >= edits->size - edits->length - value_length)
		return errno = ENOSPC, -1;
	memcpy(to, name, name_length);
	to += name_length;
	if (value) {
		*to++ = '=';
		memcpy(to, value, value_length);
		to += value_length - 1;
	}
	*to++ = 0;
	edits->length = to - edits->text;
	return 0;
}

int ipc_edits_append(struct ipc_edits *edits, const char *text, size_t length)
{
	if (length && text[length - 1])
		return errno = EINVAL, -1;
	for (size_t i = 0; i < length; i += strlen(text + i) + 1)
		if (!text[i] || text[i] == '=')
			return errno = EINVAL, -1;
	if (length > edits->size - edits->length)
		return errno = ENOSPC, -1;
	if (length)
		memcpy(edits->text + edits->length, text, length);
	edits->length += length;
	return 0;
}

/* If the change or variable ONE is of the same name as OTHER, the length of that name. */
static size_t same_name(const char *one, const char *other)
{
	size_t i = 0;

	while (one[i] && one[i] != '=' && one[i] == other[i])
		i++;
	return (!one[i] || one[i] == '=') && (!other[i] || other[i] == '=') ? i : 0;
}

int ipc_edits_find(const struct ipc_edits *edits, const char *name, const char **value)
{
	int what = IPC_EDIT_NONE;

	for (size_t i = 0; i < edits->length; i += strlen(edits->text + i) + 1) {
		size_t length = same_name(edits->text + i, name);

		if (!length)
			continue;
		what = edits->text[i + length] ? IPC_EDIT_SET : IPC_EDIT_UNSET;
		*value = edits->text + i + length + 1;
	}
	return what;
}

int ipc_edits_apply(const struct ipc_edits *edits)
{
	for (size_t i = 0; i < edits->length; i += strlen(edits->text + i) + 1) {
		char *change = edits->text + i, *value = strchr(change, '=');
		int failed;

		if (!value) {
			unsetenv(change);
			continue;
		}
		*value = 0;
		failed = setenv(change, value + 1, 1);
		*value = '=';
		if (failed)
			return -1;
	}
	return 0;
}

/* The place among COUNT where a variable of that name stands, or COUNT. */
static int find(char **envp, int count, const char *change)
{
	int i = 0;

	while (i < count && !same_name(envp[i], change))
		i++;
	return i;
}

int ipc_edits_merge(const struct ipc_edits *lists, int lists_count, char *const *base,
		    char **envp, int max)
{
	int count = 0;

	if (max < 1)
		return errno = ENOSPC, -1;
	for (; *base; base++) {
		if (count + 1 >= max)
			return errno = ENOSPC, -1;
		envp[count++] = *base;
	}
	for (int l = 0; l < lists_count; l++) {
		for (size_t i = 0; i < lists[l].length; i += strlen(lists[l].text + i) + 1) {
			char *change = lists[l].text + i;
			int at = find(envp, count, change);

			if (!strchr(change, '=')) {
				if (at < count)
					envp[at] = envp[--count];
				continue;
			}
			if (at == count && ++count >= max)
				return errno = ENOSPC, -1;
			envp[at] = change;
		}
	}
	envp[count] = NULL;
	return count;
}
