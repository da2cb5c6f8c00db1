/* SPDX-License-Identifier: ISC */
/* the sockets of a systemd unit; see unit.h */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "bind.h"
#include "unit.h"

enum { MOST_TEXT = 65536, MOST_VALUE = 4096 };

/* --- what can be said ------------------------------------------------------------------- */

/* where an option applies */
enum { ON_LOCAL = 1, ON_TCP = 2, ON_UDP = 4, ON_INET = ON_TCP | ON_UDP, ON_ALL = ON_INET | ON_LOCAL };

enum value { BOOLEAN, NUMBER, BYTES };

static const struct key {
	char name[18], option[12];
	unsigned char value, on;
} keys[] = {
	{ "Broadcast", "broadcast", BOOLEAN, ON_UDP },
	{ "DeferAcceptSec", "deferaccept", NUMBER, ON_TCP },
	{ "FreeBind", "freebind", BOOLEAN, ON_INET },
	{ "KeepAlive", "keepalive", BOOLEAN, ON_TCP },
	{ "NoDelay", "nodelay", BOOLEAN, ON_TCP },
	{ "PassCredentials", "passcred", BOOLEAN, ON_LOCAL },
	{ "PassSecurity", "passsec", BOOLEAN, ON_LOCAL },
	{ "Priority", "priority", NUMBER, ON_ALL },
	{ "ReceiveBuffer", "rcvbuf", BYTES, ON_ALL },
	{ "ReusePort", "reuseport", BOOLEAN, ON_INET },
	{ "SendBuffer", "sndbuf", BYTES, ON_ALL },
	{ "Transparent", "transparent", BOOLEAN, ON_INET },
};

enum { KEYS = sizeof keys / sizeof *keys };

/* what a text is kept of; those from ACCEPT on say yes or no */
enum { MODE, DIRECTORY_MODE, USER, GROUP, NAME, BACKLOG, V6ONLY, LINKS, ACCEPT, REMOVE, FLUSH, TEXTS };

static const char texts[TEXTS][19] = {
	"SocketMode", "DirectoryMode", "SocketUser", "SocketGroup", "FileDescriptorName", "Backlog",
	"BindIPv6Only", "Symlinks", "Accept", "RemoveOnStop", "FlushPending"
};

/* Beginnings of the names of what concerns only how systemd starts a service. */
static const char others[][13] = {
	"Service", "TimeoutSec", "TriggerLimit", "PollLimit"
};

static const struct listen {
	char name[17];
	unsigned char kind, type;
} listens[] = {
	{ "Stream", SOCKET_UNIX, SOCK_STREAM },
	{ "Datagram", SOCKET_UNIX, SOCK_DGRAM },
	{ "SequentialPacket", SOCKET_UNIX, SOCK_SEQPACKET },
	{ "FIFO", SOCKET_FIFO, 0 },
};

static struct unit {
	const char *file;
	const char *base;	/* its name without directories */
	const char *suffix;	/* the end of that, ".socket" */
	struct opening *openings;
	int count, max;
	const char *texts[TEXTS];	/* NULL: not said */
	int lines[TEXTS];	/* where they are said */
	int values[KEYS];
	int line;
	int sections;		/* [Socket] */
	char ignored[512];	/* names, with ", " before each */
} unit;

/* --- values ----------------------------------------------------------------------------- */

static _Noreturn void wrong(const char *what, const char *text)
{
	usage("%s, line %d: %s: %s", unit.file, unit.line, what, text);
}

/* What a mistake in a text that was kept is called: the file, the line and its name. */
static const char *place(int which)
{
	static char text[MOST_VALUE + 64];

	snprintf(text, sizeof text, "%s, line %d: %s", unit.file, unit.lines[which], texts[which]);
	return text;
}

static void ignore(const char *name)
{
	size_t length = strlen(unit.ignored), size = strlen(name);

	for (const char *at = unit.ignored; (at = strstr(at, ", ")); at += 2)
		if (!strncmp(at + 2, name, size) && (!at[2 + size] || at[2 + size] == ','))
			return;
	snprintf(unit.ignored + length, sizeof unit.ignored - length, ", %s", name);
}

static int truth(const char *text)
{
	static const char words[][6] = {
		"0", "no", "n", "false", "f", "off", "1", "yes", "y", "true", "t", "on"
	};

	for (int i = 0; i < 12; i++)
		if (!strcasecmp(words[i], text))
			return i > 5;
	wrong("neither yes nor no", text);
}

/* "8M"; with BYTES alone a suffix counts */
static int value_number(const char *text, enum value kind)
{
	static const char suffixes[] = "KMG";
	char number_text[16];
	size_t length = strlen(text);
	const char *suffix = kind == BYTES && length ? strchr(suffixes, text[length - 1]) : NULL;
	unsigned number;
	int shift = 0;

	if (suffix)
		shift = 10 * (int)(suffix - suffixes + 1);
	if ((size_t)snprintf(number_text, sizeof number_text, "%.*s", (int)(length - !!suffix), text) >=
	    sizeof number_text || ipc_number(number_text, 10, INT_MAX >> shift, &number))
		wrong("not a number", text);
	return number << shift;
}

/* The unit's name from FROM on, up to UNTIL or, if that is NULL, to the suffix. */
static int name_part(char *to, size_t size, const char *from, const char *until)
{
	return snprintf(to, size, "%.*s", (int)((until ? until : unit.suffix) - from), from);
}

/* The '@' in front of the instance, NULL if the name has none. */
static const char *instance(void)
{
	const char *at = strchr(unit.base, '@');

	return at && at < unit.suffix ? at : NULL;
}

static int specifier(char letter, char *to, size_t size)
{
	static const char directories[][11] = {
		"t/run", "S/var/lib", "C/var/cache", "L/var/log", "E/etc", "T/tmp", "V/var/tmp", "%%"
	};
	const char *at = instance(), *own = getenv("XDG_RUNTIME_DIR");

	switch (letter) {
	case 'n': return snprintf(to, size, "%s", unit.base);
	case 'N': return name_part(to, size, unit.base, NULL);
	case 'p': return name_part(to, size, unit.base, at);
	case 'i': return name_part(to, size, at ? at + 1 : unit.suffix, NULL);
	}
	if (letter == 't' && geteuid() && own)
		return snprintf(to, size, "%s", own);
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		if (*directories[i] == letter)
			return snprintf(to, size, "%s", directories[i] + 1);
	return -1;
}

/* TEXT with the specifiers replaced, for good. */
static char *expand(char *text)
{
	char *to, *expanded;
	size_t length = 0;

	if (!strchr(text, '%'))
		return text;
	to = expanded = malloc(MOST_VALUE);
	if (!to)
		die(EXIT_TEMPORARY, "unable to read %s:", unit.file);
	for (; *text; text++) {
		int step = 1;

		if (*text != '%')
			to[length] = *text;
		else
			step = *++text ? specifier(*text, to + length, MOST_VALUE - length) : -1;
		if (step < 0)
			wrong("unknown specifier", *text ? text : "%");
		length += step;
		if (length >= MOST_VALUE) {
			to[MOST_VALUE - 1] = 0;
			wrong("too long", expanded);
		}
	}
	to[length] = 0;
	return expanded;
}

/* --- lines ------------------------------------------------------------------------------ */

/* "ListenStream=/run/s"; an empty one takes back all before it */
static void add_listen(const struct listen *listen, char *address)
{
	struct opening *opening = &unit.openings[unit.count];
	int local = *address == '/' || (*address == '@' && address[1] && listen->kind == SOCKET_UNIX);

	if (!*address) {
		memset(unit.openings, 0, unit.count * sizeof *unit.openings);
		unit.count = 0;
		return;
	}
	if (unit.count == unit.max)
		wrong("too many sockets", address);
	if (!local && (listen->kind == SOCKET_FIFO || listen->type == SOCK_SEQPACKET ||
		       !is_inet(address)))
		wrong("not an address", address);
	opening->kind = local ? listen->kind : SOCKET_INET;
	opening->how.type = listen->type;
	opening->address = address;
	unit.count++;
}

static int is_other(const char *name)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!strncmp(name, others[i], strlen(others[i])))
			return 1;
	return 0;
}

/* The links of several lines are one list, each with a blank before it. */
static char *joined(char *before, const char *more)
{
	char *list;

	if (asprintf(&list, "%s %s", before ? before : "", more) < 0)
		die(EXIT_TEMPORARY, "unable to read %s:", unit.file);
	free(before);
	if (strlen(list) > MOST_TEXT)
		wrong("too long", more);
	return list;
}

/* VALUE is what is kept of the text WHICH; an empty one takes back what was said. */
static void keep(int which, char *value)
{
	unit.lines[which] = unit.line;
	if (!*value)
		unit.texts[which] = NULL;
	else if (which == LINKS)
		unit.texts[which] = joined((char *)unit.texts[which], expand(value));
	else if (which >= ACCEPT)
		unit.texts[which] = truth(value) ? "yes" : NULL;
	else
		unit.texts[which] = expand(value);
}

static void setting(const char *name, char *value)
{
	for (size_t i = 0; i < sizeof listens / sizeof *listens; i++)
		if (!strncmp(name, "Listen", 6) && !strcmp(name + 6, listens[i].name)) {
			add_listen(&listens[i], expand(value));
			return;
		}
	for (int i = 0; i < TEXTS; i++)
		if (!strcmp(name, texts[i])) {
			keep(i, value);
			return;
		}
	for (int i = 0; i < KEYS; i++)
		if (!strcmp(name, keys[i].name)) {
			unit.values[i] = !*value ? 0 : keys[i].value == BOOLEAN ? truth(value)
					 : value_number(value, keys[i].value);
			return;
		}
	if (!is_other(name))
		ignore(name);
}

static char *strip(char *text)
{
	size_t length;

	text += strspn(text, " \t\r");
	for (length = strlen(text); length && strchr(" \t\r", text[length - 1]); length--)
		;
	text[length] = 0;
	return text;
}

static int is_continued(const char *text)
{
	int escaped = 0;

	for (; *text; text++)
		escaped = *text == '\\' && !escaped;
	return escaped;
}

/* The next line of *TEXT, with those that continue it, less comments; NULL at the end. Joins them in
 * place. */
static char *next_line(char **text)
{
	char *line = NULL, *end = NULL, *part;

	while ((part = strsep(text, "\n"))) {
		size_t length;

		unit.line++;
		part += strspn(part, " \t\r");
		if (*part == '#' || *part == ';' || (!*part && !line))
			continue;
		if (!line)
			line = end = part;
		length = strlen(part);
		memmove(end, part, length + 1);
		/* a blank is in front of it, no backslash */
		if (!is_continued(end))
			break;
		end += length;
		end[-1] = ' ';
	}
	return line;
}

static void parse(char *text)
{
	int ours = 0;
	char *line;

	while ((line = next_line(&text))) {
		char *equals;

		line = strip(line);
		if (*line == '[') {
			if (line[strlen(line) - 1] != ']')
				wrong("not a section", line);
			ours = !strcmp(line, "[Socket]");
			unit.sections += ours;
			continue;
		}
		if (!ours)
			continue;
		equals = strchr(line, '=');
		if (!equals)
			wrong("no '='", line);
		*equals = 0;
		line = strip(line);
		if (!*line)
			wrong("no name before '='", strip(equals + 1));
		setting(line, strip(equals + 1));
	}
}

/* --- files ------------------------------------------------------------------------------ */

/* "x@instance.socket" is the file "x@.socket", if it is not there itself. */
static int open_template(const char *file)
{
	const char *at = instance();
	char path[MOST_VALUE];

	if (!at || snprintf(path, sizeof path, "%.*s%s", (int)(at + 1 - file), file, unit.suffix) >=
			   (int)sizeof path)
		return errno = ENOENT, -1;
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The lines end with a newline, whatever editor made them. */
static void plain_lines(char *text)
{
	static const char mark[] = "\xef\xbb\xbf";
	char *to = text;

	if (!strncmp(text, mark, sizeof mark - 1))
		text += sizeof mark - 1;
	for (; *text; text++)
		if (*text != '\r')
			*to++ = *text;
		else if (text[1] != '\n')
			*to++ = '\n';
	*to = 0;
}

static char *load(const char *file)
{
	char *text = malloc(MOST_TEXT);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n = -1;

	if (fd < 0 && errno == ENOENT)
		fd = open_template(file);
	while (text && fd >= 0 && length < MOST_TEXT &&
	       (n = read(fd, text + length, MOST_TEXT - length)) > 0)
		length += n;
	if (n < 0)
		die(EXIT_TEMPORARY, "unable to read %s:", file);
	close(fd);
	if (length == MOST_TEXT)
		usage("%s is too long for a unit", file);
	text[length] = 0;
	if (strlen(text) != length)
		usage("%s is not text", file);
	plain_lines(text);
	return text;
}

/* --- what it means ---------------------------------------------------------------------- */

static unsigned said_mode(int which, unsigned otherwise)
{
	return unit.texts[which] ? octal(place(which), unit.texts[which]) & 07777 : otherwise;
}

/* A user without a group comes with the first group of its account. */
static void set_owner(struct opening *opening)
{
	struct ipc_listen *how = &opening->how;
	const char *user = unit.texts[USER], *group = unit.texts[GROUP];
	struct ipc_user account;

	if (!user && !group)
		return;
	how->flags |= IPC_LISTEN_OWNER;
	how->uid = how->gid = -1;
	if (user)
		how->uid = user_number(place(USER), user);
	if (user && !ipc_user_find_uid(how->uid, &account))
		how->gid = account.gid;
	if (group)
		how->gid = group_number(place(GROUP), group);
}

static void set_file(struct opening *opening)
{
	opening->how.flags |= IPC_LISTEN_MODE;
	opening->how.mode = said_mode(MODE, 0666);
	opening->directories = said_mode(DIRECTORY_MODE, 0755) | 010000;
	opening->links = unit.texts[LINKS];
	set_owner(opening);
}

static void add_option(struct opening *opening, const char *name, int value)
{
	char word[32];

	snprintf(word, sizeof word, "%s=%d", name, value);
	socket_option(opening, word);
}

static void add_options(struct opening *opening)
{
	const char *address = opening->address, *v6only = unit.texts[V6ONLY];
	int is_v6 = *address == '[' || !address[strspn(address, "0123456789")];
	int on = opening->kind == SOCKET_UNIX ? ON_LOCAL
		 : opening->how.type == SOCK_STREAM ? ON_TCP : ON_UDP;

	if (opening->kind == SOCKET_FIFO)
		return;
	for (int i = 0; i < KEYS; i++)
		if (unit.values[i] && keys[i].on & on)
			add_option(opening, keys[i].option, unit.values[i]);
	if (opening->kind == SOCKET_INET && is_v6 && v6only && strcmp(v6only, "default"))
		add_option(opening, "v6only", !strcmp(v6only, "ipv6-only"));
}

static void complete(struct opening *opening)
{
	const char *backlog = unit.texts[BACKLOG];

	opening->name = unit.texts[NAME] ? unit.texts[NAME] : unit.base;
	if (*opening->address == '/')
		set_file(opening);
	if (backlog) {
		unsigned most = number(place(BACKLOG), backlog, UINT_MAX);

		opening->how.backlog = most > INT_MAX ? INT_MAX : most ? most : 1;
	}
	add_options(opening);
}

static void check_links(void)
{
	const char *list = unit.texts[LINKS];
	int files = 0;

	unit.line = unit.lines[LINKS];
	for (int i = 0; i < unit.count; i++)
		files += *unit.openings[i].address == '/';
	if (list && files != 1)
		usage("%s is for a unit with one file, this one has %d", place(LINKS), files);
	for (; list && *(list += strspn(list, " \t")); list += strcspn(list, " \t"))
		if (*list != '/' || strcspn(list, " \t") >= MOST_VALUE)
			wrong("not a path from / on", list);
}

static void check_texts(void)
{
	static const char v6only[][10] = { "default", "both", "ipv6-only" };
	const char *text = unit.texts[V6ONLY];

	if (text && strcmp(text, v6only[0]) && strcmp(text, v6only[1]) && strcmp(text, v6only[2]))
		usage("%s is none of default, both and ipv6-only: %s", place(V6ONLY), text);
	if (unit.texts[NAME] && strlen(unit.texts[NAME]) > IPC_NAME_MAX)
		usage("%s is over %d bytes: %s", place(NAME), IPC_NAME_MAX, unit.texts[NAME]);
	check_links();
}

int unit_read(const char *file, struct opening *openings, int max, int *accepts)
{
	const char *slash = strrchr(file, '/'), *dot;
	char *text;

	unit = (struct unit){ .file = file, .base = slash ? slash + 1 : file,
			      .openings = openings, .max = max };
	dot = strrchr(unit.base, '.');
	unit.suffix = dot ? dot : unit.base + strlen(unit.base);
	text = load(file);
	if (instance() && instance() + 1 == unit.suffix)
		usage("%s is a template: say which instance, as %.*sNAME%s", file,
		      (int)(unit.suffix - file), file, unit.suffix);
	parse(text);
	if (!unit.sections)
		usage("no section [Socket] in %s", file);
	if (unit.texts[REMOVE])
		ignore(texts[REMOVE]);
	if (unit.texts[FLUSH])
		ignore(texts[FLUSH]);
	if (*unit.ignored)
		warning("%s: not understood and ignored: %s", file, unit.ignored + 2);
	if (!unit.count)
		usage("no socket in %s", file);
	check_texts();
	for (int i = 0; i < unit.count; i++)
		complete(&openings[i]);
	*accepts |= unit.texts[ACCEPT] != NULL;
	return unit.count;
}

/* --- links ------------------------------------------------------------------------------ */

/* One that is there is right if it leads there, and replaced if it leads nowhere. */
static int make_link(const char *target, const char *path)
{
	char there[MOST_VALUE];
	struct stat st;
	ssize_t length;

	make_directories(path, 0755);
	if (!symlink(target, path))
		return 0;
	length = errno == EEXIST ? readlink(path, there, sizeof there) : -1;
	if (length < 0)
		return errno = EEXIST, -1;
	if ((size_t)length == strlen(target) && !memcmp(there, target, length))
		return 0;
	if (!stat(path, &st) || errno != ENOENT)
		return errno = EEXIST, -1;
	return unlink(path) || symlink(target, path) ? -1 : 0;
}

void unit_link(const struct opening *opening)
{
	char path[MOST_VALUE];
	const char *at = opening->links;
	int length;

	for (; at && *(at += strspn(at, " \t")); at += length) {
		length = strcspn(at, " \t");
		snprintf(path, sizeof path, "%.*s", length, at);
		if (make_link(opening->address, path))
			warning("unable to make the link %s:", path);
	}
}
