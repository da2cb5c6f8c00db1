/* SPDX-License-Identifier: ISC */
/* connections of a listening socket; see connections.h */

#include "applet.h"
#include "connections.h"

/* What a line of the table must say. */
struct wanted {
	const char *path;	/* of a local socket, or NULL */
	unsigned port;
};

/* The column NUMBER of a line, from 0; "" if there are fewer. */
static const char *column(const char *line, int number)
{
	line += strspn(line, " ");
	for (; number > 0; number--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return line;
}

static int starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* "Num: RefCount Protocol Flags Type St Inode Path": the listener itself is in state 1 */
static int local_line(const char *line, const struct wanted *wanted)
{
	const char *state = column(line, 5);

	return (starts(state, "02 ") || starts(state, "03 ")) &&
	       !strcmp(column(line, 7), wanted->path);
}

/* "sl: address:port address:port st": established, being made, or half closed by the client */
static int inet_line(const char *line, const struct wanted *wanted)
{
	const char *state = column(line, 3), *port = strchr(column(line, 1), ':');
	char hex[8];

	snprintf(hex, sizeof hex, ":%04x ", wanted->port);
	for (char *digit = hex; *digit; digit++)
		if (*digit >= 'a')
			*digit -= 'a' - 'A';
	return port && starts(port, hex) &&
	       (starts(state, "01 ") || starts(state, "03 ") || starts(state, "08 "));
}

static int is_wanted(void *data, char *line)
{
	const struct wanted *wanted = data;

	return wanted->path ? local_line(line, wanted) : inet_line(line, wanted);
}

/* Is there such a line in FILE? */
static int search(const char *file, struct wanted *wanted)
{
	int found = proc_lines(file, is_wanted, wanted);

	return found < 0 ? errno != ENOENT : found;
}

int has_connections(int fd)
{
	struct wanted wanted = { 0 };
	char name[112];
	const char *colon;
	int family = ipc_socket_name(fd, name);

	if (family == AF_UNIX) {
		wanted.path = name;
		return search("/proc/net/unix", &wanted);
	}
	colon = strrchr(name, ':');
	/* we cannot tell */
	if (!colon || ipc_number(colon + 1, 10, 65535, &wanted.port))
		return 1;
	return search("/proc/net/tcp", &wanted) || search("/proc/net/tcp6", &wanted);
}
