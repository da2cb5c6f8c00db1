/* SPDX-License-Identifier: ISC */
/* messages: one line each, in one write(2), with the name of the applet in front */
#include <time.h>

#include "record.h"

void (*before_death)(void);

const char *connection_name;

/* Is WORD one of $IPCBOX_LOG, which have commas between them? */
static int is_among(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words, *end; at; at = *end ? end + 1 : NULL) {
		end = strchrnul(at, ',');
		if ((size_t)(end - at) == length && !memcmp(at, word, length))
			return 1;
	}
	return 0;
}

/* of log_words */
enum { JSON = 1, LOGFMT = 2, ID = 4 };

static int log_words(void)
{
	const char *words = ENABLED(CONFIG_LOG_JSON) ? getenv("IPCBOX_LOG") : NULL;

	return is_among(words, "json") * JSON | is_among(words, "logfmt") * LOGFMT |
	       is_among(words, "id") * ID;
}

int log_has_ids(void)
{
	return log_words() != 0;
}

/* Does the message end with a colon? One that is all text of somebody, as that does. */
static int wants_error(const char *format, const char *text)
{
	const char *last = strcmp(format, "%s") ? format : text;

	return *last && last[strlen(last) - 1] == ':';
}

/* For people. */
static void write_line(const struct message *message)
{
	char line[2048], id[64] = "";
	size_t size = sizeof line - 1, length;

	if (message->connection)
		snprintf(id, sizeof id, "conn %s: ", message->connection);
	length = snprintf(line, size, "%s: %s: %s%s%s%s", message->name, message->level, id,
			  message->text, message->usage ? "; " : message->error ? " " : "",
			  message->usage ? message->usage :
			  message->error ? strerror(message->error) : "");
	if (length >= size)
		length = size - 1;
	/* a peer or a file chose some of it: nothing there may look like another line */
	length = ipc_make_plain(line, length);
	line[length++] = '\n';
	if (write(2, line, length) < 0) { /* nobody is left to tell */ }
}

static void message(const char *name, const char *level, const char *usage, const char *format,
		    va_list args)
{
	int error = errno, words = log_words();
	char text[2048];
	struct message message = { .name = name, .level = level, .text = text, .usage = usage };
	va_list copy;

	va_copy(copy, args);
	vsnprintf(text, sizeof text, format, copy);
	va_end(copy);
	if (!usage && wants_error(format, text))
		message.error = error;
	if (words)
		message.connection = connection_name ? connection_name : getenv("IPCCONNID");
	if (ENABLED(CONFIG_LOG_JSON) && words & (JSON | LOGFMT))
		record_write(&message, !(words & JSON), format, args);
	else
		write_line(&message);
	errno = error;
}

void vdie(int code, const char *usage, const char *format, va_list args)
{
	message(applet_name, "fatal", usage, format, args);
	if (before_death)
		before_death();
	exit(code);
}

void die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdie(code, NULL, format, args);
}

void warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(applet_name, "warning", NULL, format, args);
	va_end(args);
}

void info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(applet_name, "info", NULL, format, args);
	va_end(args);
}

void say(const char *name, const char *level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(name, level, NULL, format, args);
	va_end(args);
}

void vsay(const char *name, const char *level, const char *format, va_list args)
{
	message(name, level, NULL, format, args);
}

long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}
