/* SPDX-License-Identifier: ISC */
/* libFuzzer: what is read of text: addresses, numbers, groups, accounts, what may be shown */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ends.h"
#include "internal.h"

static void addresses(const char *text, size_t size)
{
	struct ipc_address address;
	char back[sizeof address.sun.sun_path + 2];
	union ipc_inet inet;

	if (!ipc_address_set(&address, text)) {
		ipc_address_text(&address, back);
		if (address.dir < 0 && *text != '@' && strcmp(back, text))
			abort();
		ipc_address_clear(&address);
	}
	/* as a peer may be bound: any bytes, of any length */
	size = size < sizeof address.sun.sun_path ? size : sizeof address.sun.sun_path;
	memset(&address, 'x', sizeof address);
	memcpy(address.sun.sun_path, text, size);
	address.sun.sun_family = AF_UNIX;
	address.length = offsetof(struct sockaddr_un, sun_path) + size;
	if (strlen(ipc_address_text(&address, back)) >= sizeof back)
		abort();
	if (ipc_inet_parse(text, &inet) > (int)sizeof inet)
		abort();
}

static void numbers(const char *text)
{
	gid_t groups[16];
	unsigned value;

	if (!ipc_number(text, 10, 1000, &value) && value > 1000)
		abort();
	ipc_number(text, 8, 07777, &value);
	if (ipc_groups_parse(text, groups, 16) > 16)
		abort();
}

/* Nothing that is left acts on a terminal. */
static void shown(const char *text, size_t size)
{
	char *plain = malloc(size + 1);
	size_t length, step;

	memcpy(plain, text, size);
	length = ipc_make_plain(plain, size);
	if (length > size)
		abort();
	for (const char *at = plain, *end = plain + length; at < end; at += step)
		if (ipc_is_control(at, end - at, &step) || !step || step > (size_t)(end - at))
			abort();
	free(plain);
}

static int visit(void *data, const char *name, unsigned id)
{
	(void)id;
	*(size_t *)data += strlen(name);
	return 0;
}

static void accounts(const char *text, size_t size)
{
	int fd = memfd_create("accounts", MFD_CLOEXEC);
	char path[32];
	size_t sum = 0;

	if (fd < 0 || (size && ipc_write_all(fd, text, size)))
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ipc_account_walk(path, visit, &sum);
	if (sum > size)
		abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int none[2] = { -1, -1 };
	char *text;

	if (size < 1)
		return 0;
	/* memory of exactly its size, so that a read past the end shows */
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	switch (data[0] % 4) {
	case 0: addresses(text, size - 1); break;
	case 1: numbers(text); break;
	case 2: shown(text, size - 1); break;
	case 3: accounts(text, size - 1); break;
	}
	free(text);
	close_ends(none);
	return 0;
}
