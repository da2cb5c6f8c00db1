/* SPDX-License-Identifier: ISC */
/* noop: the handler of the benchmarks. Without an argument it ends at once; "noop byte" writes a
 * byte first; "noop wait" then waits for a byte or the end of the connection. */
#include <unistd.h>

int main(int argc, char **argv)
{
	char c = 'x';

	if (argc > 1 && write(1, &c, 1) != 1)
		return 1;
	if (argc > 1 && argv[1][0] == 'w' && read(0, &c, 1) < 0)
		return 1;
	return 0;
}
