/* SPDX-License-Identifier: ISC */
/* requests to run a command: their format, the environment they give and the arguments allowed */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sudo_wire.h"

enum { MAX_STRINGS = 131072, MAX_BODY = 1 << 28 };

/* The bytes that the strings of LIST take; counts them. */
static size_t measure(char *const *list, unsigned *count)
{
	size_t length = 0;

	for (*count = 0; list && list[*count]; ++*count)
		length += strlen(list[*count]) + 1;
	return length;
}

static char *put_strings(char *to, char *const *list)
{
	for (; list && *list; list++)
		to = stpcpy(to, *list) + 1;
	return to;
}

char *ipc_sudo_encode(const struct ipc_sudo_command *command, int extended, size_t *length)
{
	unsigned argc, envc;
	size_t args = measure(command->argv, &argc), env = measure(command->envp, &envc);
	size_t header = extended ? SUDO_HEADER_EXTENDED : SUDO_HEADER;
	char *message, *to;

	if (args > MAX_BODY || env > MAX_BODY || header + args + env > MAX_BODY ||
	    argc > MAX_STRINGS || envc > MAX_STRINGS)
		return errno = E2BIG, NULL;
	*length = SUDO_FRAME + header + args + env;
	message = malloc(*length);
	if (!message)
		return NULL;
	to = ipc_put_be32(message, header + args + env);
	*to++ = 0;
	*to++ = 3;
	memcpy(to, extended ? SUDO_CLIENT_EXTENDED : SUDO_CLIENT, SUDO_BANNER);
	to = ipc_put_be32(ipc_put_be32(to + SUDO_BANNER, argc), envc);
	to = ipc_put_be32(ipc_put_be32(to, args), env);
	if (extended)
		to = ipc_put_be32(to, command->flags);
	put_strings(put_strings(to, command->argv), command->envp);
	return message;
}

/* Are there COUNT strings that end, in LENGTH bytes? With NAMED, is each "NAME=VALUE"? */
static int check_strings(const char *block, size_t length, unsigned count, int named)
{
	while (count--) {
		const char *end = memchr(block, 0, length);

		if (!end)
			return named ? ERANGE : EINVAL;
		if (named && !memchr(block, '=', end - block))
			return EILSEQ;
		length -= end + 1 - block;
		block = end + 1;
	}
	return 0;
}

int ipc_sudo_decode(const char *data, size_t length, struct ipc_sudo_request *request)
{
	int extended = length >= SUDO_BANNER && !memcmp(data, SUDO_CLIENT_EXTENDED, SUDO_BANNER);
	size_t header = extended ? SUDO_HEADER_EXTENDED : SUDO_HEADER, args, env;

	if (length < header)
		return errno = EBADMSG, -1;
	if (!extended && memcmp(data, SUDO_CLIENT, SUDO_BANNER))
		return errno = EPROTONOSUPPORT, -1;
	args = ipc_get_be32(data + SUDO_BANNER + 8);
	env = ipc_get_be32(data + SUDO_BANNER + 12);
	if (args > length - header || env != length - header - args)
		return errno = EOVERFLOW, -1;
	request->extended = extended;
	request->flags = extended ? ipc_get_be32(data + SUDO_HEADER) : 0;
	request->argc = ipc_get_be32(data + SUDO_BANNER);
	request->envc = ipc_get_be32(data + SUDO_BANNER + 4);
	request->args = data + header;
	request->env = data + header + args;
	if (request->argc > MAX_STRINGS || request->envc > MAX_STRINGS)
		return errno = E2BIG, -1;
	errno = check_strings(request->args, args, request->argc, 0);
	if (!errno)
		errno = check_strings(request->env, env, request->envc, 1);
	return errno ? -1 : 0;
}

void ipc_sudo_arguments(const struct ipc_sudo_request *request, char **argv)
{
	const char *at = request->args;

	for (unsigned i = 0; i < request->argc; i++, at += strlen(at) + 1)
		*argv++ = (char *)at;
	*argv = NULL;
}

/* --- environment ------------------------------------------------------------------------ */

/* A hash table of the variables that a client may fill: slots hold an index into envp plus one. */
struct table {
	char **envp;
	unsigned *slots;
	size_t mask;
};

/* The slot of the variable of that name, or the free one where it would be. */
static unsigned *find(const struct table *table, const char *name, size_t length)
{
	size_t at = 5381;

	for (size_t i = 0; i < length; i++)
		at = at * 33 ^ (unsigned char)name[i];
	for (;; at++) {
		unsigned *slot = table->slots + (at & table->mask);

		if (!*slot)
			return slot;
		if (!strncmp(table->envp[*slot - 1], name, length) &&
		    table->envp[*slot - 1][length] == '=')
			return slot;
	}
}

static int is_empty(const char *variable)
{
	const char *value = strchr(variable, '=');

	return value && !value[1];
}

/* What links and gates of a chain believe is the server's to say: who the client is, whom to
 * become, which descriptors there are. Some of it is empty as a rule, such as the groups of a user
 * who is in none. */
static int is_fact(const char *variable, const char *proto)
{
	static const char names[][15] = { "PROTO=", "UID=", "GID=", "GIDLIST=", "NOTIFY_SOCKET=",
		"IPC", "FDPASS_", "LISTEN_", "S6_FD" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strncmp(variable, names[i], strlen(names[i])))
			return 1;
	return proto && *proto && !strncmp(variable, proto, strlen(proto));
}

static const char *protocol(char *const *base)
{
	while (*base && strncmp(*base, "PROTO=", 6))
		base++;
	return *base ? *base + 6 : NULL;
}

static int make_table(struct table *table, char *const *base)
{
	const char *proto = protocol(base);
	size_t empty = 0;

	for (size_t i = 0; base[i]; i++)
		empty += is_empty(base[i]);
	for (table->mask = 7; table->mask < 2 * empty; table->mask = 2 * table->mask + 1)
		;
	table->slots = calloc(table->mask + 1, sizeof *table->slots);
	if (!table->slots)
		return -1;
	for (size_t i = 0; base[i]; i++) {
		table->envp[i] = base[i];
		table->envp[i + 1] = NULL;
		if (is_empty(base[i]) && !is_fact(base[i], proto))
			*find(table, base[i], strlen(base[i]) - 1) = i + 1;
	}
	return 0;
}

int ipc_sudo_environment(const struct ipc_sudo_request *request, char *const *base, char **envp)
{
	struct table table = { .envp = envp };
	const char *at = request->env;

	*envp = NULL;
	if (make_table(&table, base))
		return -1;
	for (unsigned i = 0; i < request->envc; i++, at += strlen(at) + 1) {
		unsigned *slot = find(&table, at, strchr(at, '=') - at);

		if (*slot && is_empty(envp[*slot - 1]))
			envp[*slot - 1] = (char *)at;
	}
	free(table.slots);
	return 0;
}

/* --- arguments -------------------------------------------------------------------------- */

static int is_word(const char *text, size_t length, const char *what)
{
	return length == strlen(what) && !memcmp(text, what, length);
}

/* An argument that is an option matches only a pattern that is one. */
static int argument_matches(const char *pattern, size_t length, const char *argument)
{
	return is_word(pattern, length, "**") ||
	       ((*argument != '-' || *pattern == '-') &&
		ipc_pattern_match(pattern, length, argument));
}

/* Compare with one alternative; leaves *PATTERNS behind its '|', NULL if it was the last. */
static int alternative_matches(const char **patterns, char *const *argv)
{
	int matches = 1, open = 0;
	size_t length;

	while ((length = ipc_word(patterns))) {
		const char *pattern = *patterns;

		*patterns += length;
		if (is_word(pattern, length, "|"))
			return matches && (open || !*argv);
		if (open || !matches)
			matches = 0;
		else if (is_word(pattern, length, "..."))
			open = 1;
		else
			matches = *argv && argument_matches(pattern, length, *argv++);
	}
	*patterns = NULL;
	return matches && (open || !*argv);
}

int ipc_sudo_allowed(const char *patterns, char *const *argv)
{
	while (patterns)
		if (alternative_matches(&patterns, argv))
			return 1;
	return 0;
}
