/* ucspilogd: a filter for the lines that syslog clients send
 *
 * SPDX-License-Identifier: ISC

config UCSPILOGD
	bool "ipcucspilogd"
	default y
	help
	  usage: ipcucspilogd [-D TEXT] [VARIABLE...]

	  Copy lines from standard input to standard output until its end. In front of each come
	  the values of the VARIABLEs, a colon after each; "<N>" at the beginning of the line
	  becomes the names of the facility and the level, as in "daemon.info: ". A time stamp as
	  of "s6-log t" at the beginning of the line stays in front of all.

	  -D TEXT  for a VARIABLE that is not set; the default is <undefined>

	  A line ends with a newline or a NUL. Control characters other than tab are written
	  as \xHH, with two hexadecimal digits. Lines of any length are passed on in a fixed amount
	  of memory. What was read is written before more is waited for.

	      envuidgid log ipcserver -U /run/log.sock ucspilogd IPCREMOTEEUID
*/
#include <limits.h>
#include <poll.h>

#include "applet.h"

enum { STAMP = 25 };	/* "@" and a TAI64N label */

static struct {
	char **variables;
	const char *undefined;
	size_t length;
	char text[8192];
} out;

static void flush(void)
{
	if (ipc_write_all(1, out.text, out.length))
		die(EXIT_TEMPORARY, "unable to write to stdout:");
	out.length = 0;
}

static void put_byte(char byte)
{
	if (out.length == sizeof out.text)
		flush();
	out.text[out.length++] = byte;
}

static void put_plain(const char *text)
{
	while (*text)
		put_byte(*text++);
}

/* What somebody else chose: nothing in it acts on a terminal or looks like another line. */
static void put_escaped(const char *text, size_t length)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = text[i];

		if ((byte >= ' ' && byte != 0x7f) || byte == '\t') {
			put_byte(byte);
			continue;
		}
		put_plain("\\x");
		put_byte(hex[byte >> 4]);
		put_byte(hex[byte & 15]);
	}
}

/* The priority "<N>" at the beginning of TEXT, by name. Returns its length. */
static size_t put_priority(const char *text, size_t length)
{
	static const char facilities[][9] = {
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
		"authpriv", "ftp", "", "", "", "", "local0", "local1", "local2", "local3",
		"local4", "local5", "local6", "local7", "mark"
	};
	static const char levels[][7] = {
		"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"
	};
	const char *end = memchr(text, '>', length);
	char digits[32];
	unsigned n, facility;

	if (!length || *text != '<' || !end || (size_t)(end - text) > sizeof digits)
		return 0;
	ipc_format(digits, sizeof digits, "%.*s", (int)(end - text - 1), text + 1);
	if (ipc_number(digits, 10, UINT_MAX, &n))
		return 0;
	facility = n % 1024 / 8;
	put_plain(facility < sizeof facilities / sizeof *facilities && *facilities[facility]
		  ? facilities[facility] : "unknown");
	put_byte('.');
	put_plain(levels[n % 8]);
	put_plain(": ");
	return end + 1 - text;
}

/* The beginning of a line: LENGTH bytes of TEXT, all or the most that we keep. */
static void put_line(const char *text, size_t length)
{
	size_t done = 0;

	if (length > STAMP && *text == '@' && memchr(text, ' ', length) == text + STAMP)
		done = STAMP + 1;
	put_escaped(text, done);
	for (char **variable = out.variables; *variable; variable++) {
		const char *value = getenv(*variable);

		if (!value)
			value = out.undefined;
		put_escaped(value, strlen(value));
		put_plain(": ");
	}
	done += put_priority(text + done, length - done);
	put_escaped(text + done, length - done);
}

static size_t read_some(char *text, size_t size)
{
	ssize_t n;

	flush();
	while ((n = read(0, text, size)) < 0) {
		if (errno == EAGAIN)
			poll(&(struct pollfd){ .events = POLLIN }, 1, -1);
		else if (errno != EINTR)
			die(EXIT_TEMPORARY, "unable to read from stdin:");
	}
	return n;
}

/* Where the line in TEXT ends, or LENGTH. */
static size_t line_end(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length && text[i] && text[i] != '\n')
		i++;
	return i;
}

static void filter(void)
{
	static char text[8192];
	size_t from, length = 0, got, end;
	int within = 0;	/* the beginning of this line has been written */

	while ((got = read_some(text + length, sizeof text - length))) {
		length += got;
		for (from = 0; (end = from + line_end(text + from, length - from)) < length;
		     from = end + 1) {
			(within ? put_escaped : put_line)(text + from, end - from);
			put_byte('\n');
			within = 0;
		}
		length -= from;
		memmove(text, text + from, length);
		if (length == sizeof text || within) {
			(within ? put_escaped : put_line)(text, length);
			within = 1;
			length = 0;
		}
	}
	if (length)
		put_line(text, length);
	if (length || within)
		put_byte('\n');
	flush();
}

TOOL(ucspilogd, "ucspilogd")
{
	int letter;

	out.undefined = "<undefined>";
	while ((letter = option(argc, argv, "D:", NULL)) != -1)
		out.undefined = optarg;
	out.variables = operands(argc, argv, 0);
	filter();
	return 0;
}
