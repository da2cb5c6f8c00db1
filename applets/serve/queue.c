/* SPDX-License-Identifier: ISC */
/* queues of entries of a table; see queue.h */
#include "queue.h"

static struct link *at(struct link *links, size_t step, unsigned index)
{
	return (struct link *)((char *)links + index * step);
}

void queue_put(struct queue *queue, struct link *links, size_t step, unsigned index)
{
	*at(links, step, index) = (struct link){ .previous = queue->last };
	*(queue->last ? &at(links, step, queue->last)->next : &queue->first) = index;
	queue->last = index;
}

void queue_cut(struct queue *queue, struct link *links, size_t step, unsigned index)
{
	struct link link = *at(links, step, index);

	*(link.previous ? &at(links, step, link.previous)->next : &queue->first) = link.next;
	*(link.next ? &at(links, step, link.next)->previous : &queue->last) = link.previous;
}
