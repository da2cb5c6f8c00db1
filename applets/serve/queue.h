/* SPDX-License-Identifier: ISC */
/* queues of entries of a table, each of which knows its neighbours by their indices; 0 is nobody */
#ifndef QUEUE_H
#define QUEUE_H

#include <stddef.h>

struct link {
	unsigned next, previous;
};

/* Zero is empty. */
struct queue {
	unsigned first, last;
};

/* Where the links of a TABLE are: that of entry 0, and so many bytes from one to the next. */
#define LINKS(table, member) &(table)->member, sizeof *(table)

/* Put this entry, which is in no queue, behind the others; cut it out of its queue. */
void queue_put(struct queue *queue, struct link *links, size_t step, unsigned index);
void queue_cut(struct queue *queue, struct link *links, size_t step, unsigned index);

#endif
