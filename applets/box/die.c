/* SPDX-License-Identifier: ISC */
/* messages: one line each, in one write(2), with the name of the applet in front */
#include <stdarg.h>
#include <time.h>

#include "applet.h"

void (*before_death)(void);

/* A peer or a file chose some of these bytes: nothing in them may look like another line. */
static void plain(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
}

static void line(const char *name, const char *level, const char *format, va_list args)
{
	int error = errno;
	char text[2048];
	size_t size = sizeof text - 1, length;

	length = ipc_format(text, size, "%s: %s: ", name, level);
	if (length < size)
		length += ipc_vformat(text + length, size - length, format, args);
	if (length < size && text[length - 1] == ':')
		length += ipc_format(text + length, size - length, " %s", strerror(error));
	if (length >= size)
		length = size - 1;
	plain(text, length);
	text[length++] = '\n';
	if (write(2, text, length) < 0) { /* nobody is left to tell */ }
	errno = error;
}

void die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(applet_name, "fatal", format, args);
	if (before_death)
		before_death();
	exit(code);
}

void warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(applet_name, "warning", format, args);
	va_end(args);
}

void info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(applet_name, "info", format, args);
	va_end(args);
}

void say(const char *name, const char *level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(name, level, format, args);
	va_end(args);
}

long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
