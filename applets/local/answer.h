/* SPDX-License-Identifier: ISC */
/* does a server say anything */
#ifndef ANSWER_H
#define ANSWER_H

/* Wait at most LIMIT milliseconds for the other end of FD to send something, which stays where it
 * is, or to close. Returns 1 for something, an empty packet included; 0 if it has closed without a
 * byte; -1 if there is neither in time. */
int await_answer(int fd, int limit);

#endif
