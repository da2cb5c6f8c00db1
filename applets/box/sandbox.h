/* SPDX-License-Identifier: ISC */
/* what a daemon gives up before it meets strangers, for good
 *
 * A daemon that starts no program has a table of system calls beside it, in its own file: those that it
 * makes while it serves, besides those that the frame and the libc make for all. Any other one ends
 * it, with a line that says which. Whatever the daemon would start from then on, by fork or exec, would be
 * under the same filter; so this is not for a server that starts programs. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <sys/syscall.h>

#include "applet.h"

/* An entry of a table, which is one string: the number, or where this architecture has no call of
 * that name the name, which is passed over. */
#define CALL(name) CALL_TEXT(SYS_##name) " "
#define CALL_TEXT(number) CALL_TEXT_1(number)
#define CALL_TEXT_1(text) #text

/* No capability for a program that is executed from now on. Only root can say so, which who becomes
 * another user does before. */
void sandbox_bound(void);

/* That, if we can; no program that is executed from now on has more rights than we have; no file is
 * written, made or removed; and nothing but CALLS and the common ones can be called. Where the kernel has no such thing, or
 * somebody forbids it, this does nothing. */
void sandbox_enter(const char *calls);

#endif
