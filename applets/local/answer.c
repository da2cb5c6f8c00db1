/* SPDX-License-Identifier: ISC */
/* does a server say anything; see answer.h */
#include <poll.h>

#include "answer.h"
#include "applet.h"

int await_answer(int fd, int limit)
{
	struct pollfd server = { .fd = fd, .events = POLLIN | POLLRDHUP };
	long long end = now_ms() + limit, left;
	char byte;
	ssize_t n;

	do {
		left = end - now_ms();
		n = poll(&server, 1, left > 0 ? left : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -1;
	n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	/* a packet may be empty */
	return n > 0 || (n < 0 && errno == EAGAIN) ||
	       (!n && !(server.revents & (POLLRDHUP | POLLHUP)));
}
