/* SPDX-License-Identifier: ISC */
/* addresses of the internet in numbers; inet_pton(3) is twice the size */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* The number at *TEXT, -1 if none is there; moves behind it. */
static int part(const char **text, int base, int max)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit, *from = *text;
	int value = 0;

	/* the bit that makes a letter small makes no other byte from '0' on a digit */
	while (**text >= '0' && (digit = strchr(digits, **text | 32)) && digit - digits < base) {
		value = value * base + (digit - digits);
		if (value > max || *text - from > 3 || (base == 10 && *from == '0' && *text > from))
			return -1;
		++*text;
	}
	return *text == from ? -1 : value;
}

static int parse_v4(const char **text, unsigned char *to)
{
	for (int i = 0; i < 4; i++) {
		int value = i && *(*text)++ != '.' ? -1 : part(text, 10, 255);

		if (value < 0)
			return -1;
		to[i] = value;
	}
	return 0;
}

/* Up to the ']'. */
static int parse_v6(const char **text, unsigned char *to)
{
	int at = 0, gap = -1, value;

	if (**text == ':' && *++*text != ':')
		return -1;
	do {
		if (**text == ':' && gap < 0) {
			gap = at;
			if (*++*text == ']')
				break;
		}
		if (at <= 12 && (*text)[strspn(*text, "0123456789")] == '.') {
			if (parse_v4(text, to + at))
				return -1;
			at += 4;
			break;
		}
		value = part(text, 16, 0xffff);
		if (value < 0 || at == 16)
			return -1;
		to[at++] = value >> 8;
		to[at++] = value;
	} while (**text == ':' && ++*text);
	if (gap < 0 ? at != 16 : at == 16)
		return -1;
	if (gap >= 0) {
		memmove(to + 16 - (at - gap), to + gap, at - gap);
		memset(to + gap, 0, 16 - at);
	}
	return *(*text)++ == ']' ? 0 : -1;
}

int ipc_inet_parse(const char *text, union ipc_inet *to)
{
	int six = *text == '[';
	unsigned port;

	text += six;
	memset(to, 0, sizeof *to);
	if ((six ? parse_v6(&text, to->v6.sin6_addr.s6_addr)
		 : parse_v4(&text, (unsigned char *)&to->v4.sin_addr)) ||
	    *text != ':' || ipc_number(text + 1, 10, 65535, &port))
		return errno = EINVAL, -1;
	to->any.sa_family = six ? AF_INET6 : AF_INET;
	to->v4.sin_port = htons(port);	/* it has the same place in v6 */
	return six ? sizeof to->v6 : sizeof to->v4;
}

int ipc_inet_listen(const union ipc_inet *address, int length, int type)
{
	int fd = socket(address->any.sa_family, type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (type & SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (address->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, &address->any, length) || (type & SOCK_STREAM && listen(fd, INT_MAX)))
		return ipc_fail(fd);
	return fd;
}

/* The longest run of at least two zeros, of the eight groups. */
static int longest_zeros(const unsigned short *groups, int *length)
{
	int at = -1;

	*length = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !groups[i + n])
			n++;
		if (n > *length) {
			*length = n;
			at = i;
		}
	}
	return at;
}

static void format_v6(const struct sockaddr_in6 *v6, char *text)
{
	unsigned short groups[8];
	size_t length = 1;
	int zeros, run;

	memcpy(groups, &v6->sin6_addr, sizeof groups);
	zeros = longest_zeros(groups, &run);
	*text = '[';
	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			i += run - 1;
			length += snprintf(text + length, 3, "::");
			continue;
		}
		length += snprintf(text + length, 6, i && text[length - 1] != ':' ? ":%x" : "%x",
				   ntohs(groups[i]));
	}
	snprintf(text + length, sizeof "]:65535", "]:%u", ntohs(v6->sin6_port));
}

int ipc_socket_name(int fd, char *text)
{
	union {
		struct sockaddr_un local;
		union ipc_inet inet;
	} name = { .local.sun_family = AF_UNSPEC };
	socklen_t length = sizeof name;
	const unsigned char *byte = (const unsigned char *)&name.inet.v4.sin_addr;

	*text = 0;
	if (getsockname(fd, &name.inet.any, &length))
		return -1;
	switch (name.inet.any.sa_family) {
	case AF_UNIX:
		ipc_address_text(&(struct ipc_address){ .sun = name.local, .length = length },
				 text);
		break;
	case AF_INET:
		snprintf(text, sizeof "255.255.255.255:65535", "%u.%u.%u.%u:%u", byte[0], byte[1],
			 byte[2], byte[3], ntohs(name.inet.v4.sin_port));
		break;
	case AF_INET6: format_v6(&name.inet.v6, text); break;
	}
	return name.inet.any.sa_family;
}
