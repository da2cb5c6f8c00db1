/* SPDX-License-Identifier: ISC */
/* lines of a log; see logline.h */
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

#include "logline.h"
#include "second.h"

enum { USER = 1 };	/* the facility of programs that name none */

static struct {
	size_t length;
	char text[8192];
} out;

static int how;
static unsigned long lost;	/* lines */
static int reason;		/* errno */
static int within;		/* the last byte that was written does not end a line */
static int torn;		/* the last byte that was lost does not */

void log_how(int flags)
{
	how = flags;
}

unsigned long log_lost(void)
{
	return lost;
}

/* A part that a pipe which polls as writable takes without waiting; a socket is asked not to. */
static ssize_t write_part(const char *text, size_t length)
{
	struct pollfd reader = { .fd = 1, .events = POLLOUT };
	ssize_t n;

	if (!(how & LOG_NEVER_WAITS))
		return write(1, text, length);
	if (poll(&reader, 1, 0) <= 0)
		return errno = EAGAIN, -1;
	if (length > PIPE_BUF)
		length = PIPE_BUF;
	n = send(1, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 && errno == ENOTSOCK ? write(1, text, length) : n;
}

/* Returns how much of it is written, all if there is no error. */
static size_t write_some(const char *text, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = write_part(text + done, length - done);

		if (n >= 0)
			done += n;
		else if (errno == EAGAIN && !(how & LOG_NEVER_WAITS))
			poll(&(struct pollfd){ .fd = 1, .events = POLLOUT }, 1, -1);
		else if (errno != EINTR)
			break;
	}
	if (done)
		within = text[done - 1] != '\n';
	return done;
}

/* The lines of TEXT, one of them perhaps only the end of one, are lost. */
static void lose(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		lost += text[i] == '\n';
	torn = length ? text[length - 1] != '\n' : torn;
}

/* How much of the buffer is the end of a line whose beginning is lost. */
static size_t rest_of_lost(void)
{
	const char *end = torn ? memchr(out.text, '\n', out.length) : NULL;
	size_t length = !torn ? 0 : end ? (size_t)(end + 1 - out.text) : out.length;

	lose(out.text, length);
	return length;
}

/* Returns 0 once it is told how many lines are lost. */
static int tell_lost(void)
{
	char text[160];
	size_t length;

	/* a line that was cut is one of them */
	length = snprintf(text, sizeof text, "%s%s: warning: %lu lines lost: %s\n",
			  within ? "\n" : "", applet_name, lost,
			  reason == EAGAIN ? "nobody read them" : strerror(reason));
	if (write_some(text, length) < length)
		return -1;
	lost = 0;
	return 0;
}

void log_flush(void)
{
	size_t done = rest_of_lost();

	if (!lost || !tell_lost())
		done += write_some(out.text + done, out.length - done);
	if (done < out.length) {
		reason = errno;
		if (!(how & LOG_GOES_ON) && !(how & LOG_NEVER_WAITS && errno == EAGAIN))
			die(EXIT_TEMPORARY, "unable to write to stdout:");
		lose(out.text + done, out.length - done);
	}
	out.length = 0;
}

/* --- a limit for each user ----------------------------------------------------------------- */

static struct seconds writers;

static int say_more(long long now)
{
	struct writer *writer;

	while ((writer = second_over(&writers, now))) {
		char text[96], whose[SECOND_TEXT];

		if (writer->more) {
			snprintf(text, sizeof text, "%s: warning: %u more lines%s\n", applet_name,
				 writer->more, second_whose(&writers, writer, whose));
			log_plain(text);
		}
		writer->lines = 0;
	}
	return second_wait(&writers, now);
}

int log_limits_tick(void)
{
	return writers.first ? say_more(now_ms()) : -1;
}

int log_allowed(uid_t uid, unsigned per_second)
{
	struct writer *writer;

	if (!per_second)
		return 1;
	log_limits_tick();
	writer = second_find(&writers, uid);
	if (!writer->lines) {
		second_begin(&writers, writer, uid, now_ms());
		return 1;
	}
	if (writer->lines < per_second)
		return ++writer->lines;
	writer->more++;
	return 0;
}

void log_finish(void)
{
	say_more(LLONG_MAX);
	log_flush();
	if (lost)
		log_flush();
	if (lost)
		warning("%lu lines lost", lost);
}

/* --- messages on a stream ------------------------------------------------------------------ */

enum { MOST_OCTETS = 99999999 };

static enum frame read_count(struct framing *framing, char byte)
{
	if (byte == ' ') {
		framing->left = framing->count;
		framing->count = 0;
		return FRAME_NONE;
	}
	framing->count = framing->count * 10 + (unsigned)(byte - '0');
	return byte < '0' || byte > '9' || framing->count > MOST_OCTETS ? FRAME_BROKEN : FRAME_NONE;
}

enum frame log_frame(struct framing *framing, int octets, char byte)
{
	int ends = !byte || byte == '\n', begins = !framing->in_line;

	if (framing->left)
		return --framing->left ? FRAME_BYTE : FRAME_LAST;
	if (octets && (framing->count || (begins && byte >= '1' && byte <= '9')))
		return read_count(framing, byte);
	framing->in_line = !ends;
	/* some add a newline that they do not count */
	if (ends)
		return octets && begins ? FRAME_NONE : FRAME_END;
	return FRAME_BYTE;
}

/* --- bytes --------------------------------------------------------------------------------- */

void log_byte(char byte)
{
	if (out.length == sizeof out.text)
		log_flush();
	out.text[out.length++] = byte;
}

void log_plain(const char *text)
{
	while (*text)
		log_byte(*text++);
}

void log_escaped(const char *text, size_t length)
{
	static const char hex[] = "0123456789abcdef";
	size_t step;

	for (const char *end = text + length; text < end; text += step) {
		/* what looks like an escape in the log is one */
		int strange = (ipc_is_control(text, end - text, &step) && *text != '\t') ||
			      *text == '\\';

		for (size_t i = 0; i < step; i++) {
			unsigned char byte = text[i];

			if (!strange) {
				log_byte(byte);
				continue;
			}
			log_plain("\\x");
			log_byte(hex[byte >> 4]);
			log_byte(hex[byte & 15]);
		}
	}
}

size_t log_priority(const char *text, size_t length, int kernel)
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
	snprintf(digits, sizeof digits, "%.*s", (int)(end - text - 1), text + 1);
	if (ipc_number(digits, 10, UINT_MAX, &n))
		return 0;
	facility = n % 1024 / 8;
	if (!facility && !kernel)
		facility = USER;
	log_plain(facility < sizeof facilities / sizeof *facilities && *facilities[facility]
		  ? facilities[facility] : "unknown");
	log_byte('.');
	log_plain(levels[n % 8]);
	log_plain(": ");
	return end + 1 - text;
}
