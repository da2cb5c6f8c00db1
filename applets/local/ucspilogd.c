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
#include "logline.h"

enum { STAMP = 25 };	/* "@" and a TAI64N label */

static struct {
	char **variables;
	const char *undefined;
} how;

/* The beginning of a line: LENGTH bytes of TEXT, all or the most that we keep. */
static void put_line(const char *text, size_t length)
{
	size_t done = 0;

	if (length > STAMP && *text == '@' && memchr(text, ' ', length) == text + STAMP)
		done = STAMP + 1;
	log_escaped(text, done);
	for (char **variable = how.variables; *variable; variable++) {
		const char *value = getenv(*variable);

		if (!value)
			value = how.undefined;
		log_escaped(value, strlen(value));
		log_plain(": ");
	}
	done += log_priority(text + done, length - done);
	log_escaped(text + done, length - done);
}

static size_t read_some(char *text, size_t size)
{
	ssize_t n;

	log_flush();
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
			(within ? log_escaped : put_line)(text + from, end - from);
			log_byte('\n');
			within = 0;
		}
		length -= from;
		memmove(text, text + from, length);
		if (length == sizeof text || within) {
			(within ? log_escaped : put_line)(text, length);
			within = 1;
			length = 0;
		}
	}
	if (length)
		put_line(text, length);
	if (length || within)
		log_byte('\n');
	log_flush();
}

TOOL(ucspilogd, "ucspilogd")
{
	int letter;

	how.undefined = "<undefined>";
	while ((letter = option(argc, argv, "D:", NULL)) != -1)
		how.undefined = optarg;
	how.variables = operands(argc, argv, 0);
	filter();
	return 0;
}
