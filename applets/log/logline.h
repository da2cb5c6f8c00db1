/* SPDX-License-Identifier: ISC */
/* lines of a log on standard output, in which nothing that others chose acts on a terminal or looks
 * like another line */
#ifndef LOGLINE_H
#define LOGLINE_H

#include <stddef.h>
#include <sys/types.h>

enum {
	LOG_GOES_ON = 1,	/* a write that fails does not end us */
	LOG_NEVER_WAITS = 2	/* nor does a reader who does not read stop us */
};

/* How to write, a sum of these; without it log_flush dies if it cannot write. */
void log_how(int flags);

/* Write what is buffered, which is not more than a few kilobytes. Lines that cannot be written are
 * counted; when there are writes again a line says how many, and why. */
void log_flush(void);

/* How many lines are lost of which nobody has been told yet. If there are any, call log_flush from
 * time to time. */
unsigned long log_lost(void);

/* May a user write one more line in this second, of PER_SECOND? Lines over that are counted, and a
 * line says how many when the second is over; see log_limits_tick. 0: there is no limit. */
int log_allowed(uid_t uid, unsigned per_second);

/* Say which seconds are over. Returns ms until the next one is, -1 if there is none. */
int log_limits_tick(void);

/* Before the end: say what was left out, write all, and warn of what is lost for good. */
void log_finish(void);

/* Where a message on a stream ends: at a newline or a NUL or, if OCTETS are counted (RFC 6587) and it
 * begins with a digit, after as many bytes as the number in front says. Zero is a good beginning. */
struct framing {
	unsigned left;		/* of the message */
	unsigned count;		/* the number so far */
	int in_line;
};

enum frame {
	FRAME_NONE,		/* the byte is not part of a message */
	FRAME_BYTE,		/* it is, */
	FRAME_LAST,		/* and the last one */
	FRAME_END,		/* it is not, and the message has ended */
	FRAME_BROKEN		/* that was no number; nobody knows where the next message begins */
};

enum frame log_frame(struct framing *framing, int octets, char byte);

void log_byte(char byte);
void log_plain(const char *text);

/* Each byte of a control character other than tab, those of ipc_is_control, becomes \xHH, and so does a
 * backslash. */
void log_escaped(const char *text, size_t length);

/* The priority "<N>" at the beginning of TEXT, by name: "facility.level: ". Returns its length. The
 * facility of the kernel is that of a user unless the sender may speak for the KERNEL. */
size_t log_priority(const char *text, size_t length, int kernel);

#endif
