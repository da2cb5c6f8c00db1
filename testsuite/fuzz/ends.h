/* SPDX-License-Identifier: ISC */
/* the end of a run: what it leaves open adds up */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST = 100 };	/* libFuzzer itself has fewer open */

/* Close the pair. The lowest number that is free then shows whether others were left open. */
static void close_ends(const int *ends)
{
	int lowest;

	close(ends[0]);
	close(ends[1]);
	lowest = fcntl(0, F_DUPFD_CLOEXEC, 3);
	if (lowest >= FIRST)
		abort();
	close(lowest);
}
