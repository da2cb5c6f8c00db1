/* SPDX-License-Identifier: ISC */
/* lines of a log; see logline.h */
#include <limits.h>

#include "applet.h"
#include "logline.h"

static struct {
	size_t length;
	char text[8192];
} out;

void log_flush(void)
{
	if (ipc_write_all(1, out.text, out.length))
		die(EXIT_TEMPORARY, "unable to write to stdout:");
	out.length = 0;
}

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

	for (size_t i = 0; i < length; i++) {
		unsigned char byte = text[i];

		if ((byte >= ' ' && byte != 0x7f) || byte == '\t') {
			log_byte(byte);
			continue;
		}
		log_plain("\\x");
		log_byte(hex[byte >> 4]);
		log_byte(hex[byte & 15]);
	}
}

size_t log_priority(const char *text, size_t length)
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
	log_plain(facility < sizeof facilities / sizeof *facilities && *facilities[facility]
		  ? facilities[facility] : "unknown");
	log_byte('.');
	log_plain(levels[n % 8]);
	log_plain(": ");
	return end + 1 - text;
}
