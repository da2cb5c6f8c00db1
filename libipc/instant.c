/* SPDX-License-Identifier: ISC */
/* moments of the wall clock in TAI64N, the form in which holders exchange them */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ipc/holder.h"
#include "internal.h"

#define EPOCH (1ULL << 62)	/* the label of 1970-01-01 00:00:00 TAI */
#define FOREVER (1ULL << 61)	/* seconds; half of that still counts as for ever */

enum { LEAP_SECONDS = 37, NANOSECONDS = 1000000000 };

struct ipc_instant ipc_instant_in(long long ms)
{
	struct timespec now;
	struct ipc_instant instant;

	clock_gettime(CLOCK_REALTIME, &now);
	instant.label = EPOCH + LEAP_SECONDS + now.tv_sec;
	instant.nanoseconds = now.tv_nsec;
	if (ms < 0) {
		instant.label += FOREVER;
		return instant;
	}
	instant.label += ms / 1000;
	instant.nanoseconds += ms % 1000 * 1000000;
	if (instant.nanoseconds >= NANOSECONDS) {
		instant.nanoseconds -= NANOSECONDS;
		instant.label++;
	}
	return instant;
}

int ipc_instant_compare(const struct ipc_instant *one, const struct ipc_instant *other)
{
	if (one->label != other->label)
		return one->label < other->label ? -1 : 1;
	return (one->nanoseconds > other->nanoseconds) - (one->nanoseconds < other->nanoseconds);
}

long long ipc_instant_seconds(const struct ipc_instant *instant)
{
	return (long long)(instant->label - EPOCH - LEAP_SECONDS);
}

int ipc_instant_forever(const struct ipc_instant *instant)
{
	return instant->label >= ipc_instant_in(0).label + FOREVER / 2;
}

char *ipc_instant_text(const struct ipc_instant *instant, char *text)
{
	snprintf(text, IPC_INSTANT_TEXT, "@%016llx%08x", instant->label, instant->nanoseconds);
	return text;
}

int ipc_instant_parse(const char *text, struct ipc_instant *instant)
{
	unsigned long long label = 0;
	unsigned nanoseconds = 0;

	if (*text != '@' || strlen(text) != IPC_INSTANT_TEXT - 1)
		return errno = EINVAL, -1;
	for (int i = 1; i < IPC_INSTANT_TEXT - 1; i++) {
		unsigned digit = (unsigned)text[i] - '0';

		if (digit > 9) {
			digit = ((unsigned)text[i] | 32) - 'a';
			if (digit > 5)
				return errno = EINVAL, -1;
			digit += 10;
		}
		if (i <= 16)
			label = label << 4 | digit;
		else
			nanoseconds = nanoseconds << 4 | digit;
	}
	*instant = (struct ipc_instant){ label, nanoseconds };
	return 0;
}
