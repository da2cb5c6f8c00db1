/* ucspilogd: a filter for the lines that syslog clients send
 *
 * SPDX-License-Identifier: ISC

config UCSPILOGD
	bool "ipcucspilogd"
	default y
	help
	  usage: ipcucspilogd [-D TEXT] [-n LINES] [-k] [-o] [VARIABLE...]

	  Copy lines from standard input to standard output until its end. In front of each come
	  the values of the VARIABLEs, a colon after each; "<N>" at the beginning of the line
	  becomes the names of the facility and the level, as in "daemon.info: ". A time stamp as
	  of "s6-log t" at the beginning of the line stays in front of all.

	  -D TEXT   for a VARIABLE that is not set; the default is <undefined>
	  -n LINES  copy at most LINES in a second, and then say how many there were more; 0, the
	            default: no limit. This counts one connection; -C of ipcserver limits how many
	            a user has
	  -k        keep going when nobody reads the output: lines are left out, and a line says
	            how many as soon as there is room. Otherwise the client waits
	  -o        octets may be counted (RFC 6587): a message that begins with a digit is a
	            number, a space and so many bytes; if not, it ends with 100

	  A line ends with a newline or a NUL. Control characters other than tab, and
	  backslashes, are written as \xHH, a byte each, with two hexadecimal digits. With PROTO
	  in the environment it is on a connection, and "kern" becomes "user" unless
	  IPCREMOTEEUID is 0. Lines of any length are passed on in a fixed amount
	  of memory. What was read is written before more is waited for.

	      envuidgid log ipcserver -U /run/log.sock ucspilogd IPCREMOTEEUID
*/
#include <limits.h>
#include <poll.h>

#include "applet.h"
#include "logline.h"

enum {
	STAMP = 25,	/* "@" and a TAI64N label */
	AGAIN = 1000	/* ms until the next try to say what is lost */
};

static struct {
	char **variables;
	const char *undefined;
	int kernel;		/* may a line be the kernel's? */
	int octets;
	unsigned per_second;
} how;

static int within;	/* the beginning of this line has been written */
static int leave_out;	/* this line is one too many */

static void put_more(const char *text, size_t length)
{
	if (!leave_out)
		log_escaped(text, length);
}

static void put_end(void)
{
	if (!leave_out)
		log_byte('\n');
}

/* The beginning of a line: LENGTH bytes of TEXT, all or the most that we keep. */
static void put_line(const char *text, size_t length)
{
	size_t done = 0;

	leave_out = !log_allowed(-1, how.per_second);
	if (leave_out)
		return;
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
	done += log_priority(text + done, length - done, how.kernel);
	log_escaped(text + done, length - done);
}

static size_t read_some(char *text, size_t size)
{
	ssize_t n;
	int wait;

	/* what was left out is told when its second is over, if we are not within a line */
	do {
		wait = within ? -1 : log_limits_tick();
		log_flush();
		if (log_lost())
			wait = AGAIN;
	} while (wait >= 0 && !poll(&(struct pollfd){ .events = POLLIN }, 1, wait));
	while ((n = read(0, text, size)) < 0) {
		if (errno == EAGAIN)
			poll(&(struct pollfd){ .events = POLLIN }, 1, -1);
		else if (errno != EINTR)
			die(EXIT_TEMPORARY, "unable to read from stdin:");
	}
	return n;
}

/* How many bytes at the end of TEXT are the beginning of a character of UTF-8. */
static size_t unfinished(const char *text, size_t length)
{
	for (size_t n = 1; n <= 3 && n <= length; n++) {
		unsigned char byte = text[length - n];

		if (byte >= 0xc0)
			return n < (byte < 0xe0 ? 2U : byte < 0xf0 ? 3U : 4U) ? n : 0;
		if (byte < 0x80)
			break;
	}
	return 0;
}

static char line[8192];	/* the beginning of one, or what comes next of a long one */
static size_t have;

static void put_part(size_t length)
{
	(within ? put_more : put_line)(line, length);
	within = 1;
	have -= length;
	memmove(line, line + length, have);
}

static void end_line(void)
{
	put_part(have);
	put_end();
	within = 0;
}

static void take(struct framing *framing, char byte)
{
	enum frame frame = log_frame(framing, how.octets, byte);

	if (frame == FRAME_BYTE || frame == FRAME_LAST) {
		if (have == sizeof line)
			put_part(have - unfinished(line, have));
		line[have++] = byte;
	}
	if (frame == FRAME_LAST || frame == FRAME_END)
		end_line();
	if (frame == FRAME_BROKEN) {
		log_finish();
		die(EXIT_USAGE, "a message comes without its length");
	}
}

static void filter(void)
{
	struct framing framing = { 0 };
	char text[4096];
	size_t got;

	while ((got = read_some(text, sizeof text))) {
		for (size_t i = 0; i < got; i++)
			take(&framing, text[i]);
		if (within)
			put_part(have - unfinished(line, have));
	}
	if (have || within)
		end_line();
	log_finish();
}

/* On a connection only root may be; a filter of other things does not judge them. */
static int may_be_kernel(void)
{
	const char *uid = getenv("IPCREMOTEEUID");

	return !getenv("PROTO") || (uid && !strcmp(uid, "0"));
}

TOOL(ucspilogd, "ucspilogd")
{
	int letter;

	how.undefined = "<undefined>";
	while ((letter = option(argc, argv, "D:n:ko", NULL)) != -1) {
		switch (letter) {
		case 'D': how.undefined = optarg; break;
		case 'n': how.per_second = number("-n", optarg, UINT_MAX); break;
		case 'k': log_how(LOG_NEVER_WAITS); break;
		case 'o': how.octets = 1; break;
		}
	}
	how.variables = operands(argc, argv, 0);
	how.kernel = may_be_kernel();
	ipc_fds_refuse(0);
	filter();
	return 0;
}
