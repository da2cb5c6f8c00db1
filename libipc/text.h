/* SPDX-License-Identifier: ISC */
/* text that the library reads and writes, for its own files and for the box; not installed */
#ifndef IPC_TEXT_H
#define IPC_TEXT_H

#include <stddef.h>
#include <sys/types.h>

/* --- numbers ---------------------------------------------------------------------------- */

/* TEXT as a number: digits of BASE and nothing else, at most MAX.
 * Errors: EINVAL (not a number), ERANGE (over MAX). */
int ipc_number(const char *text, unsigned base, unsigned max, unsigned *value);

/* TEXT as numbers of groups with any of ",:; \t\r\n" between them; may be empty. Returns how
 * many. Errors: EINVAL (anything else in it), ERANGE (over 32 bits, or more than MAX). */
int ipc_groups_parse(const char *text, gid_t *groups, int max);

/* --- what others chose --------------------------------------------------------------------- */

/* Does TEXT, of LENGTH bytes and at least one, begin with a control character: below ' ', DEL, U+0080
 * to U+009F in UTF-8, or a byte 0x80 to 0x9f that is no part of a character of UTF-8? *STEP is the
 * number of bytes of the character, 1 for what is no UTF-8. */
int ipc_is_control(const char *text, size_t length, size_t *step);

/* Replace each control character in the LENGTH bytes of TEXT by '?'. Returns how many bytes are
 * left. */
size_t ipc_make_plain(char *text, size_t length);

/* --- instants --------------------------------------------------------------------------- */

struct ipc_instant;

enum { IPC_INSTANT_TEXT = 26 };	/* '@', 24 hexadecimal digits, NUL */

/* '@' and 24 digits, in TEXT of at least IPC_INSTANT_TEXT bytes. Returns TEXT. */
char *ipc_instant_text(const struct ipc_instant *instant, char *text);

/* The same back; digits of either case, nothing behind them. Errors: EINVAL. */
int ipc_instant_parse(const char *text, struct ipc_instant *instant);

/* --- patterns --------------------------------------------------------------------------- */

/* Does TEXT match the shell pattern of LENGTH bytes? As fnmatch(3) with FNM_PATHNAME and
 * FNM_PERIOD, on bytes: '*', '?' and [sets] match no '/', and no '.' at the beginning of a
 * component; so they never match "..". Sets know ranges, '!' and the classes of POSIX, for ASCII. A
 * pattern that is not well formed matches nothing. Takes time in proportion to both lengths
 * multiplied, at worst. Returns 1 or 0. */
int ipc_pattern_match(const char *pattern, size_t length, const char *text);

/* --- expressions ------------------------------------------------------------------------ */

/* Extended regular expressions as POSIX has them in the C locale, on bytes, that tell whether there
 * is a match anywhere. What POSIX leaves undefined is a mistake, but for what the common libcs
 * know: an empty expression, group or alternative matches nothing at any place; {,M} is {0,M}; \w is
 * a letter, a digit or '_', the bytes of words, and \s is of [:space:]; \W and \S are all others;
 * \< and \> match where a word begins and ends, \b where one does either, \B where none does. */
struct ipc_expression;

/* Errors: EINVAL (a mistake, or groups more than 64 deep), E2BIG (over 8192 steps, into which
 * repetitions are unfolded), ENOMEM. */
struct ipc_expression *ipc_expression_compile(const char *text);

void ipc_expression_free(struct ipc_expression *expression);

/* 1 or 0. Takes time in proportion to the product of both lengths at most. Does not allocate; works
 * in memory of the expression, so threads must take turns. */
int ipc_expression_match(struct ipc_expression *expression, const char *text);

#endif
