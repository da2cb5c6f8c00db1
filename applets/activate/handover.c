/* SPDX-License-Identifier: ISC */
/* giving descriptors to the next program; see handover.h */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "handover.h"
#include "sockets.h"

enum { FIRST = 3, READER = 6, WRITER = 7, MOVES_MAX = IPC_LISTEN_FDS_MAX + 1 };

static const char *const words[IPC_FDS_CONVENTIONS] = {
	[IPC_FDS_LISTEN] = "listen", [IPC_FDS_MAP] = "map", [IPC_FDS_EINHORN] = "einhorn",
	[IPC_FDS_STARTER] = "starter", [IPC_FDS_UPSTART] = "upstart", [IPC_FDS_NGINX] = "nginx",
	[IPC_FDS_FPM] = "fpm", [IPC_FDS_UCSPI] = "ucspi", [IPC_FDS_INETD] = "inetd",
	[IPC_FDS_EACH] = "each",
};

enum ipc_convention convention(const char *what, const char *word)
{
	for (int i = 0; i < IPC_FDS_CONVENTIONS; i++)
		if (!strcmp(words[i], word))
			return i;
	usage("%s: unknown convention %s", what, word);
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

struct move {
	int index;	/* of the descriptor */
	int to;
};

static int is_connection(int fd)
{
	int listens = 0;
	struct sockaddr_storage peer;
	socklen_t length = sizeof listens, peer_length = sizeof peer;

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) && !listens &&
	       !getpeername(fd, (struct sockaddr *)&peer, &peer_length);
}

static int plan(enum ipc_convention to, const struct handed *fds, int count, struct move *moves)
{
	int n = 0;

	switch (to) {
	case IPC_FDS_LISTEN:
		for (; n < count; n++)
			moves[n] = (struct move){ n, FIRST + n };
		break;
	case IPC_FDS_UCSPI:
		moves[n++] = (struct move){ 0, READER };
		moves[n++] = (struct move){ count - 1, WRITER };
		break;
	case IPC_FDS_INETD:
		moves[n++] = (struct move){ 0, 0 };
		if (is_connection(fds[0].fd))
			moves[n++] = (struct move){ 0, 1 };
		break;
	default:
		break;
	}
	return n;
}

static int is_ours(int fd, const struct handed *fds, int count)
{
	while (--count >= 0 && fds[count].fd != fd)
		;
	return count >= 0;
}

/* Free the number of a descriptor that has a copy elsewhere. A program without 0, 1 and 2 would
 * soon write its messages into what it opens first. */
static void vacate(int fd)
{
	int nothing;

	if (fd > 2) {
		close(fd);
		return;
	}
	nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nothing < 0)
		die(EXIT_TEMPORARY, "unable to open /dev/null:");
	copy_fd(nothing, fd);
	close(nothing);
}

/* Move what is at the numbers that we need to numbers that nobody needs, and say where it is. */
static void clear_way(const struct move *moves, int n, int above, const struct handed *fds,
		      int count)
{
	static const char variable[] = "IPCMOVED";
	char text[MOVES_MAX * 24];
	size_t length = 0;

	unsetenv(variable);
	for (int i = 0; i < n; i++) {
		int flags = fcntl(moves[i].to, F_GETFD), at;

		if (flags < 0 || flags & FD_CLOEXEC || is_ours(moves[i].to, fds, count))
			continue;
		at = fcntl(moves[i].to, F_DUPFD, above);
		if (at < 0)
			die(EXIT_TEMPORARY, "unable to move descriptor %d:", moves[i].to);
		length += ipc_format(text + length, sizeof text - length, "%s%d=%d",
				     length ? "," : "", moves[i].to, at);
	}
	if (length && setenv(variable, text, 1))
		die(EXIT_TEMPORARY, "unable to change the environment:");
}

static int stays(const struct handed *fds, int index, const struct move *moves, int n)
{
	int there = 0, elsewhere = 0;

	for (int i = 0; i < n; i++)
		if (moves[i].index == index)
			*(moves[i].to == fds[index].fd ? &there : &elsewhere) = 1;
	return there && !elsewhere;
}

static void make_moves(const struct move *moves, int n, const struct handed *fds, int count)
{
	int copies[IPC_LISTEN_FDS_MAX], above = FIRST;

	for (int i = 0; i < n; i++)
		above = moves[i].to >= above ? moves[i].to + 1 : above;
	clear_way(moves, n, above, fds, count);
	for (int i = 0; i < count; i++) {
		copies[i] = -1;
		if (stays(fds, i, moves, n))
			continue;
		copies[i] = fcntl(fds[i].fd, F_DUPFD_CLOEXEC, above);
		if (copies[i] < 0)
			die(EXIT_TEMPORARY, "unable to move descriptor %d:", fds[i].fd);
	}
	for (int i = 0; i < count; i++)
		if (copies[i] >= 0)
			vacate(fds[i].fd);
	for (int i = 0; i < n; i++) {
		int from = copies[moves[i].index];

		copy_fd(from < 0 ? moves[i].to : from, moves[i].to);
	}
	for (int i = 0; i < count; i++)
		if (copies[i] >= 0)
			close(copies[i]);
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
	ipc_format(text, VARIABLE_SIZE, "%s_FD", name);
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
				die(EXIT_USAGE, "%s: two descriptors have the name %s", words[to],
				    fds[i].name);
}

static void check_addresses(enum ipc_convention to, const struct handed *fds, int count)
{
	for (int i = 0; i < count; i++)
		if (fds[i].address && strchr(fds[i].address, to == IPC_FDS_FPM ? ',' : ';'))
			die(EXIT_USAGE, "%s: an address has a separator in it: %s", words[to],
			    fds[i].address);
}

void hand_over_check(enum ipc_convention to, const struct handed *fds, int count)
{
	for (int i = 0; i < count; i++)
		if (strlen(fds[i].name) > IPC_NAME_MAX)
			die(EXIT_USAGE, "a name is too long: %s", fds[i].name);
	if (to == IPC_FDS_MAP || to == IPC_FDS_EACH)
		check_unique(to, fds, count);
	if (to == IPC_FDS_FPM || to == IPC_FDS_STARTER)
		check_addresses(to, fds, count);
	if ((to == IPC_FDS_INETD && count > 1) || (to == IPC_FDS_UCSPI && count > 2))
		die(EXIT_USAGE, "%s has no place for %d descriptors", words[to], count);
}

/* --- environment ------------------------------------------------------------------------ */

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		die(EXIT_TEMPORARY, "unable to change the environment:");
}

static void set_number(const char *name, long number)
{
	char text[24];

	ipc_format(text, sizeof text, "%ld", number);
	set(name, text);
}

/* A value that grows. */
struct text {
	char *text;
	size_t size, length;
};

static void append(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(struct text *text, const char *format, ...)
{
	va_list args;

	/* cannot be: text_size counts it all */
	if (text->length >= text->size)
		return;
	va_start(args, format);
	text->length += ipc_vformat(text->text + text->length, text->size - text->length, format,
				    args);
	va_end(args);
}

static void export_listen(const struct handed *fds, int count, struct text *names)
{
	char name[IPC_NAME_MAX + 1], id[24];
	int named = 0;

	for (int i = 0; i < count; i++) {
		append(names, "%s%s", i ? ":" : "", clean(name, fds[i].name, ":"));
		named |= strcmp(name, unknown) != 0;
	}
	set_number("LISTEN_FDS", count);
	set_number("LISTEN_PID", getpid());
	if (named)
		set("LISTEN_FDNAMES", names->text);
	else
		unsetenv("LISTEN_FDNAMES");
	if (ipc_listen_pidfdid(id))
		unsetenv("LISTEN_PIDFDID");
	else
		set("LISTEN_PIDFDID", id);
}

static void export_map(const char *variable, const struct handed *fds, int count, struct text *map)
{
	char name[IPC_NAME_MAX + 1];

	for (int i = 0; i < count; i++)
		append(map, "%s%s=%d", i ? "," : "", clean(name, fds[i].name, never_in_map), fds[i].fd);
	set(variable ? variable : "LISTEN_FD_MAP", map->text);
}

static const char *address_of(const struct handed *handed, char *text)
{
	if (handed->address)
		return handed->address;
	return ipc_socket_name(handed->fd, text) >= 0 && *text ? text : handed->name;
}

static void export_addresses(const char *variable, char separator, const struct handed *fds,
			     int count, struct text *map)
{
	char address[ADDRESS_SIZE];

	for (int i = 0; i < count; i++) {
		if (i)
			append(map, "%c", separator);
		append(map, "%s=%d", address_of(&fds[i], address), fds[i].fd);
	}
	set(variable, map->text);
}

static void export_numbers(const char *variable, const char *format, const struct handed *fds,
			   int count, struct text *list)
{
	for (int i = 0; i < count; i++)
		append(list, "%s%d%s", *format == ' ' && i ? " " : "", fds[i].fd,
		       *format == ' ' ? "" : format);
	set(variable, list->text);
}

static void export_einhorn(const struct handed *fds, int count, struct text *list)
{
	char variable[40];

	export_numbers("EINHORN_FDS", " ", fds, count, list);
	set_number("EINHORN_FD_COUNT", count);
	for (int i = 0; i < count; i++) {
		int family = -1;
		socklen_t length = sizeof family;

		getsockopt(fds[i].fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
		ipc_format(variable, sizeof variable, "EINHORN_FD_%d", i);
		set_number(variable, fds[i].fd);
		ipc_format(variable, sizeof variable, "EINHORN_FD_FAMILY_%d", i);
		if (family == AF_UNIX || family == AF_INET || family == AF_INET6)
			set(variable, family == AF_UNIX ? "AF_UNIX" :
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

static size_t text_size(const struct handed *fds, int count)
{
	size_t size = 1;

	for (int i = 0; i < count; i++)
		size += IPC_NAME_MAX + sizeof "=1234567890," +
			(fds[i].address ? strlen(fds[i].address) : 0);
	return size;
}

void hand_over(enum ipc_convention to, const char *variable, const struct handed *fds, int count)
{
	struct move moves[MOVES_MAX];
	struct text text = { .size = text_size(fds, count) };
	int n = plan(to, fds, count, moves);

	text.text = calloc(1, text.size);
	if (!text.text)
		die(EXIT_TEMPORARY, "unable to change the environment:");
	for (int i = 0; !n && i < count; i++)
		copy_fd(fds[i].fd, fds[i].fd);
	switch (to) {
	case IPC_FDS_LISTEN: export_listen(fds, count, &text); break;
	case IPC_FDS_MAP: export_map(variable, fds, count, &text); break;
	case IPC_FDS_EINHORN: export_einhorn(fds, count, &text); break;
	case IPC_FDS_STARTER:
		export_addresses("SERVER_STARTER_PORT", ';', fds, count, &text);
		set("SERVER_STARTER_GENERATION", "1");
		break;
	case IPC_FDS_UPSTART:
		export_numbers("UPSTART_FDS", " ", fds, count, &text);
		set("UPSTART_EVENTS", "socket");
		break;
	case IPC_FDS_NGINX: export_numbers("NGINX", ";", fds, count, &text); break;
	case IPC_FDS_FPM: export_addresses("FPM_SOCKETS", ',', fds, count, &text); break;
	case IPC_FDS_EACH: export_each(fds, count); break;
	default: break;
	}
	free(text.text);
	if (n)
		make_moves(moves, n, fds, count);
}
