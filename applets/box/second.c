/* SPDX-License-Identifier: ISC */
/* who has written in this second of his; see second.h */
#include "second.h"

enum { TRIES = 8, SECOND = 1000 };	/* places where one may be; ms */

struct writer *second_find(struct seconds *seconds, uid_t uid)
{
	unsigned home = uid * 2654435769u >> 8;
	struct writer *place = &seconds->writers[SECOND_PLACES];

	for (int i = TRIES; i-- > 0;) {
		struct writer *writer = &seconds->writers[(home + i) % SECOND_PLACES];

		if (writer->lines && writer->uid == uid)
			return writer;
		if (!writer->lines)
			place = writer;
	}
	return place;
}

void second_begin(struct seconds *seconds, struct writer *writer, uid_t uid, long long now)
{
	*writer = (struct writer){ .uid = uid, .lines = 1, .due = now + SECOND };
	*(seconds->first ? &seconds->last->next : &seconds->first) = writer;
	seconds->last = writer;
}

struct writer *second_over(struct seconds *seconds, long long now)
{
	struct writer *writer = seconds->first;

	if (!writer || writer->due > now)
		return NULL;
	seconds->first = writer->next;
	return writer;
}

int second_wait(const struct seconds *seconds, long long now)
{
	return seconds->first ? seconds->first->due - now : -1;
}

int second_is_known(const struct seconds *seconds, const struct writer *writer)
{
	return writer != &seconds->writers[SECOND_PLACES] && writer->uid != (uid_t)-1;
}

const char *second_whose(const struct seconds *seconds, const struct writer *writer, char *text)
{
	*text = 0;
	if (writer == &seconds->writers[SECOND_PLACES])
		snprintf(text, SECOND_TEXT, " of other users");
	else if (second_is_known(seconds, writer))
		snprintf(text, SECOND_TEXT, " of uid %u", writer->uid);
	return text;
}
