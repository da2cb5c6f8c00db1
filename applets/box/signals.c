/* SPDX-License-Identifier: ISC */
/* signals as a new program expects them */
#include <signal.h>
#include <sys/signalfd.h>
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

int open_signals(const char *list, int only_heard)
{
	struct sigaction action;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (; *list; list++)
		if (!only_heard || (!sigaction(*list, NULL, &action) && action.sa_handler != SIG_IGN))
			sigaddset(&set, *list);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die(EXIT_TEMPORARY, "unable to wait for signals:");
	return fd;
}

int next_signal(int signals)
{
	struct signalfd_siginfo next;

	return read(signals, &next, sizeof next) == sizeof next ? (int)next.ssi_signo : 0;
}
