/* SPDX-License-Identifier: ISC */
/* signals as a new program expects them */
#include <signal.h>
#include <sys/syscall.h>

#include "applet.h"

void default_signals(void)
{
	/* larger than the kernel's struct sigaction, in which zero means the default. The libc
	 * keeps some numbers for itself and would not reset what somebody else ignored there. */
	static const long zero[8];

	for (int i = 1; i < _NSIG; i++)
		syscall(SYS_rt_sigaction, i, zero, NULL, (size_t)_NSIG / 8);
}
