/* SPDX-License-Identifier: ISC */
/* lines of a log on standard output, in which nothing that others chose acts on a terminal or looks
 * like another line */
#ifndef LOGLINE_H
#define LOGLINE_H

#include <stddef.h>

/* Write what is buffered, which is not more than a few kilobytes. Dies if it cannot. */
void log_flush(void);

void log_byte(char byte);
void log_plain(const char *text);

/* Control characters other than tab become \xHH. */
void log_escaped(const char *text, size_t length);

/* The priority "<N>" at the beginning of TEXT, by name: "facility.level: ". Returns its length. */
size_t log_priority(const char *text, size_t length);

#endif
