/* SPDX-License-Identifier: ISC */
/* what the applets that pass descriptors share */
#ifndef PASSING_H
#define PASSING_H

#include "applet.h"

/* The highest number that a descriptor can have here. */
unsigned fd_limit(void);

enum { SOCKSPEC_SIZE = 4096 };

/* The address that SPEC of fdsend(1) and fdrecv(1) means, in NAME of SOCKSPEC_SIZE bytes: a path
 * from the root, an abstract name, or a name in the directory of this user. MAKE makes that. */
void sockspec(char *name, const char *spec, int abstract, int make);

/* Called by the bare name, as util-linux has it, every failure of ours is 1, until plain_end(). */
void plain_begin(void);
void plain_end(void);

/* The answer to -V, or to -h; ends us. */
_Noreturn void plain_answer(int letter);

#endif
