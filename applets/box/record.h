/* SPDX-License-Identifier: ISC */
/* messages for machines: an object of JSON, or a line of logfmt */
#ifndef RECORD_H
#define RECORD_H

#include "applet.h"

struct message {
	const char *name, *level;
	const char *connection;	/* its id; NULL: none */
	const char *text;
	const char *usage;	/* what comes behind the text as the usage; NULL: nothing */
	int error;		/* errno, if the text asks for it; else 0 */
};

/* Write it to descriptor 2: a line of JSON, or of LOGFMT. FORMAT and the arguments are those that made the
 * text: they tell where the values are in it, so that none can look like another one. */
void record_write(const struct message *message, int logfmt, const char *format, va_list args);

#endif
