/* SPDX-License-Identifier: ISC */
/* giving descriptors to the next program; see handover.h */
#include <fcntl.h>

#include "handover.h"

enum { FIRST = 3, READER = 6, WRITER = 7, MOVES_MAX = IPC_LISTEN_FDS_MAX + 1 };

enum what { NUMBERS, NAMES, ADDRESSES };

/* How a program is told by each convention. Most have a list in a variable. */
static const struct told {
	char word[8];
	const char *variable;
	char item[6];		/* for snprintf(3), with a name and a number */
	char between, what;
} conventions[IPC_FDS_CONVENTIONS] = {
	[IPC_FDS_LISTEN] = { "listen", "LISTEN_FDNAMES", "%s", ':', NAMES },
	[IPC_FDS_MAP] = { "map", "LISTEN_FD_MAP", "%s=%d", ',', NAMES },
	[IPC_FDS_EINHORN] = { "einhorn", "EINHORN_FDS", "%s%d", ' ', NUMBERS },
	[IPC_FDS_STARTER] = { "starter", "SERVER_STARTER_PORT", "%s=%d", ';', ADDRESSES },
	[IPC_FDS_UPSTART] = { "upstart", "UPSTART_FDS", "%s%d", ' ', NUMBERS },
	[IPC_FDS_NGINX] = { "nginx", "NGINX", "%s%d;", 0, NUMBERS },
	[IPC_FDS_FPM] = { "fpm", "FPM_SOCKETS", "%s=%d", ',', ADDRESSES },
	[IPC_FDS_UCSPI] = { .word = "ucspi" },
	[IPC_FDS_INETD] = { .word = "inetd" },
	[IPC_FDS_EACH] = { .word = "each" },
};

enum ipc_convention convention(const char *what, const char *word)
{
	for (int i = 0; i < IPC_FDS_CONVENTIONS; i++)
		if (!strcmp(conventions[i].word, word))
			return i;
	usage("%s: unknown convention %s", what, word);
}

int take_handed(struct ipc_listen_source *source, struct handed *fds, int max,
		const struct ipc_listen_fd **as_found)
{
	extern char **environ;
	struct ipc_listen_fd *found = calloc(max + 1, sizeof *found);
	int count;

	if (!found)
		die(EXIT_TEMPORARY, "unable to make room for %d descriptors:", max);
	count = ipc_listen_fds_find(environ, source, found, max);
	if (count < 0)
		die(EXIT_USAGE, "%s", source->problem);
	for (int i = 0; i < count; i++)
		fds[i] = (struct handed){ .fd = found[i].fd, .name = found[i].name };
	if (as_found)
		*as_found = found;
	return count;
}

int split_names(char *list, const char **names, int count)
{
	int n = 0;
	char *name;

	while ((name = strsep(&list, ":"))) {
		if (n < count && *name)
			names[n] = name;
		n++;
	}
	return n;
}

/* --- numbers ---------------------------------------------------------------------------- */

static int is_connection(int fd)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof peer;

	return !is_listener(fd) && !getpeername(fd, (struct sockaddr *)&peer, &length);
}

/* What must be where. Returns how many places are fixed, 0 if each descriptor stays. */
static int plan(enum ipc_convention to, const struct handed *fds, int count, struct placing *places)
{
	switch (to) {
	case IPC_FDS_LISTEN:
		for (int i = 0; i < count; i++)
			places[i] = (struct placing){ fds[i].fd, FIRST + i };
		return count;
	case IPC_FDS_UCSPI:
		places[0] = (struct placing){ fds[0].fd, READER };
		places[1] = (struct placing){ fds[count - 1].fd, WRITER };
		return 2;
	case IPC_FDS_INETD:
		places[0] = (struct placing){ fds[0].fd, 0 };
		places[1] = (struct placing){ fds[0].fd, 1 };
		return 1 + is_connection(fds[0].fd);
	default:
		return 0;
	}
}

static int is_ours(int fd, const struct handed *fds, int count)
{
	while (--count >= 0 && fds[count].fd != fd)
		;
	return count >= 0;
}

/* Move what is at the numbers that we need to numbers that nobody needs, and say where it is. */
static void clear_way(const struct placing *places, int n, const struct handed *fds, int count)
{
	char text[MOVES_MAX * 24];
	size_t length = 0;
	int above = FIRST;

	for (int i = 0; i < n; i++)
		above = places[i].to >= above ? places[i].to + 1 : above;
	for (int i = 0; i < n; i++) {
		int to = places[i].to, flags = fcntl(to, F_GETFD), at;

		if (flags < 0 || flags & FD_CLOEXEC || is_ours(to, fds, count))
			continue;
		at = fcntl(to, F_DUPFD, above);
		if (at < 0)
			die(EXIT_TEMPORARY, "unable to move descriptor %d:", to);
		length += snprintf(text + length, sizeof text - length, "%s%d=%d",
				   length ? "," : "", to, at);
	}
	set_variable("IPCMOVED", length ? text : NULL);
}

/* A program without 0, 1 and 2 would soon write its messages into what it opens first. */
static void fill_standard(const struct handed *fds, int count)
{
	for (int fd = 0; fd <= 2; fd++) {
		int nothing;

		if (!is_ours(fd, fds, count) || fcntl(fd, F_GETFD) >= 0)
			continue;
		nothing = open_nothing(O_CLOEXEC);
		if (nothing < 0)
			die(EXIT_TEMPORARY, "unable to open /dev/null:");
		copy_fd(nothing, fd);
		if (nothing != fd)
			close(nothing);
	}
}

/* --- names ------------------------------------------------------------------------------ */

enum { VARIABLE_SIZE = IPC_NAME_MAX + sizeof "_FD" };

static const char never_in_map[] = ",= ";

const char unknown[] = "unknown";

/* NAME with '_' for what must not be in it. */
static const char *clean(char *text, const char *name, const char *never)
{
	char *at = text;

	for (; *name && at - text < IPC_NAME_MAX; name++)
		*at++ = *name < ' ' || *name == 127 || strchr(never, *name) ? '_' : *name;
	*at = 0;
	return text;
}

static void variable_name(char *text, const char *name)
{
	snprintf(text, VARIABLE_SIZE, "%s_FD", name);
	for (; *text; text++) {
		if (*text >= 'a' && *text <= 'z')
			*text &= ~32;
		else if (!((*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9')))
			*text = '_';
	}
}

static const char *written_name(enum ipc_convention to, char *text, const char *name)
{
	if (to == IPC_FDS_MAP)
		return clean(text, name, never_in_map);
	variable_name(text, name);
	return text;
}

static void check_unique(enum ipc_convention to, const struct handed *fds, int count)
{
	char one[VARIABLE_SIZE], two[VARIABLE_SIZE];

	for (int i = 0; i < count; i++)
		for (int k = 0; k < i; k++)
			if (!strcmp(written_name(to, one, fds[i].name),
				    written_name(to, two, fds[k].name)))
				die(EXIT_USAGE, "%s: two descriptors have the name %s",
				    conventions[to].word, fds[i].name);
}

static void check_addresses(enum ipc_convention to, const struct handed *fds, int count)
{
	for (int i = 0; i < count; i++)
		if (fds[i].address && strchr(fds[i].address, conventions[to].between))
			die(EXIT_USAGE, "%s: an address has a separator in it: %s",
			    conventions[to].word, fds[i].address);
}

void hand_over_check(enum ipc_convention to, const struct handed *fds, int count)
{
	for (int i = 0; i < count; i++)
		if (strlen(fds[i].name) > IPC_NAME_MAX)
			die(EXIT_USAGE, "a name is too long: %s", fds[i].name);
	if (to == IPC_FDS_MAP || to == IPC_FDS_EACH)
		check_unique(to, fds, count);
	if (conventions[to].what == ADDRESSES)
		check_addresses(to, fds, count);
	if ((to == IPC_FDS_INETD && count > 1) || (to == IPC_FDS_UCSPI && count > 2))
		die(EXIT_USAGE, "%s has no place for %d descriptors", conventions[to].word, count);
}

/* --- environment ------------------------------------------------------------------------ */

/* What stands for a descriptor in a list, perhaps in MEMORY of IPC_NAME_MAX + 1 bytes. */
static const char *item_name(const struct told *told, const struct handed *handed, char *memory)
{
	switch (told->what) {
	case NAMES: return clean(memory, handed->name, told->between == ':' ? ":" : never_in_map);
	case ADDRESSES:
		if (handed->address)
			return handed->address;
		return ipc_socket_name(handed->fd, memory) >= 0 && *memory ? memory : handed->name;
	default: return "";
	}
}

static void export_list(const struct told *told, const char *variable, const struct handed *fds,
			int count)
{
	char memory[IPC_NAME_MAX + 1], *text;
	size_t size = 1, length = 0;

	for (int i = 0; i < count; i++)
		size += IPC_NAME_MAX + sizeof "=1234567890," +
			(fds[i].address ? strlen(fds[i].address) : 0);
	text = calloc(1, size);
	if (!text)
		die(EXIT_TEMPORARY, "unable to change the environment:");
	for (int i = 0; i < count; i++) {
		if (i && told->between)
			text[length++] = told->between;
		length += snprintf(text + length, size - length, told->item,
				   item_name(told, &fds[i], memory), fds[i].fd);
	}
	set_variable(variable ? variable : told->variable, text);
	free(text);
}

/* Has one of them a name? */
static int are_named(const struct handed *fds, int count)
{
	while (--count >= 0 && !strcmp(fds[count].name, unknown))
		;
	return count >= 0;
}

static void export_listen(const struct handed *fds, int count)
{
	char id[24];

	set_number("LISTEN_FDS", count);
	set_number("LISTEN_PID", getpid());
	set_variable("LISTEN_PIDFDID", ipc_listen_pidfdid(id) ? NULL : id);
	if (!are_named(fds, count))
		set_variable("LISTEN_FDNAMES", NULL);
}

static void export_einhorn(const struct handed *fds, int count)
{
	char variable[40];

	set_number("EINHORN_FD_COUNT", count);
	for (int i = 0; i < count; i++) {
		int family = -1;
		socklen_t length = sizeof family;

		getsockopt(fds[i].fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
		snprintf(variable, sizeof variable, "EINHORN_FD_%d", i);
		set_number(variable, fds[i].fd);
		snprintf(variable, sizeof variable, "EINHORN_FD_FAMILY_%d", i);
		if (family == AF_UNIX || family == AF_INET || family == AF_INET6)
			set_variable(variable, family == AF_UNIX ? "AF_UNIX" :
					       family == AF_INET ? "AF_INET" : "AF_INET6");
	}
}

static void export_each(const struct handed *fds, int count)
{
	char variable[VARIABLE_SIZE];

	for (int i = 0; i < count; i++) {
		variable_name(variable, fds[i].name);
		set_number(variable, fds[i].fd);
	}
}

void hand_over(enum ipc_convention to, const char *variable, const struct handed *fds, int count)
{
	struct placing places[MOVES_MAX];
	int n = plan(to, fds, count, places);

	for (int i = 0; !n && i < count; i++)
		copy_fd(fds[i].fd, fds[i].fd);
	if (conventions[to].variable)
		export_list(&conventions[to], to == IPC_FDS_MAP ? variable : NULL, fds, count);
	switch (to) {
	case IPC_FDS_LISTEN: export_listen(fds, count); break;
	case IPC_FDS_EINHORN: export_einhorn(fds, count); break;
	case IPC_FDS_STARTER: set_number("SERVER_STARTER_GENERATION", 1); break;
	case IPC_FDS_UPSTART: set_variable("UPSTART_EVENTS", "socket"); break;
	case IPC_FDS_EACH: export_each(fds, count); break;
	default: break;
	}
	if (!n)
		return;
	clear_way(places, n, fds, count);
	place_fds(places, n);
	fill_standard(fds, count);
}
