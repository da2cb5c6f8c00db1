/* SPDX-License-Identifier: ISC */
/* starting programs that begin clean, whatever the server has open, blocked or raised */
#ifndef SPAWN_H
#define SPAWN_H

#include <sys/resource.h>

#include "applet.h"

struct spawn {
	char **argv;
	char **envp;
	int in, out;		/* become descriptors 0 and 1 */
	int keep;		/* a close-on-exec descriptor that is handed on; -1: none */
	int group;		/* lead a process group of its own */
	const struct prepared *changes;	/* to be performed before argv, so many */
	int changes_count;
	const struct rlimit *files;	/* RLIMIT_NOFILE, NULL: as ours */
	int *pidfd;		/* NULL: none wanted */
};

/* See to it that 0, 1 and 2 are open. The other descriptors that we were given go to the programs
 * that we start if HAND_ON is set, else they are close-on-exec from now on.
 * Call it once, first. Returns a close-on-exec descriptor, see open_nothing. */
int spawn_init(int hand_on);

/* SIZE bytes, zero, for as long as we live, which the programs that we start do not get: a fork
 * makes each page that was written since the last one cost a fault and a copy. Returns NULL and
 * errno if there is no memory. */
void *spawn_memory(size_t size);

/* Start argv: an outside program by a vfork; an applet, or changes before a program, by fork and
 * call. The child has an empty signal mask. Returns its number; -1 and errno if the program cannot
 * be started, those of execve(2) included.
 *
 * With changes it is not a vfork: the child may become another user's process, which that user could
 * stop while we stand still and share our memory with it. Nor is it one where clone(2) or what the
 * child needs for it is missing, as in an emulator or behind a filter of system calls. Then a
 * failure of execve(2) is the child's to report. */
pid_t spawn(const struct spawn *spawn);

/* May errno of a failed spawn be gone later? */
int spawn_may_recover(int error);

/* Can this kernel open pidfds (5.3) and wait for them (5.4)? */
int spawn_has_pidfds(void);

/* Has the process of PIDFD ended? Then reap it, close PIDFD and tell how, as waitpid(2) does. */
int spawn_ended(int pidfd, int *status);

#endif
