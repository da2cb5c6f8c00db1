/* SPDX-License-Identifier: ISC */
/* closing what a stranger may have a hand in
 *
 * close(2) can take as long as he likes: he may have sent a socket that lingers, or a file of a file
 * system that he serves himself. It is enough that such a descriptor lies unread in a connection.
 * So a process that others wait for lets helpers do it, which share its table of descriptors: the
 * number is free as soon as one of them begins. They are started when they are first needed, are no
 * children that waitpid(2) or SIGCHLD tell of, and end with us. */
#ifndef CLOSER_H
#define CLOSER_H

/* Close a descriptor that came from somebody else. Does not wait, unless there is no helper to be
 * had; then at most a moment for one that lingers. */
void close_foreign(int fd);

/* Close a connection that nobody else has, whatever lies unread in it. The other end sees it at
 * once. PACKETS: it keeps messages apart, so that there may be empty ones. */
void close_client(int fd, int packets);

/* Close a connection that another process has been given, and may have done with already: in that
 * case it takes a moment, at most, if something in it lingers. Uses SIGALRM. */
void close_shared(int fd);

/* The same for one with which all others seem to have done: whatever lies unread in it. */
void close_left(int fd, int packets);

/* Before the end, or an exec: what the helpers have open, and that is all that we have, is open no
 * longer. LISTENER is closed in any case. -1: there is none. */
void closers_end(int listener);

#endif
