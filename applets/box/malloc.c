/* SPDX-License-Identifier: ISC */
/* malloc(3) for a program of one thread, in a tenth of the space. Blocks are powers of two that
 * stay what they are, large ones mappings of their own. What is before a block says what it is,
 * sealed with a secret: a block that was written before its beginning, freed twice or never
 * allocated ends the program. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#if defined CONFIG_SMALL_MALLOC && !defined __GLIBC__

enum { SMALLEST = 5, LARGEST = 15, SUPPLY = 1 << 17 };
enum state { USED = 1, UNUSED = 2 };

struct block {
	_Alignas(16) uintptr_t seal;
	size_t size;			/* with this head: 1 << n, or over 1 << LARGEST if mapped */
	struct block *next[];		/* of those that are not used */
};

static struct block *unused[LARGEST + 1];
static char *supply;
static size_t supply_left;
static uintptr_t secret;

static uintptr_t seal(const struct block *block, enum state state)
{
	return ((uintptr_t)block + state) ^ secret ^ block->size * 0x9e3779b9u;
}

static void check(const struct block *block, enum state state)
{
	if (block->seal != seal(block, state))
		__builtin_trap();
}

static void *map(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static struct block *new_block(size_t size)
{
	void *at = supply;

	if (size > 1 << LARGEST)
		return map(size);
	if (size > supply_left) {
		at = map(SUPPLY);
		if (!at)
			return NULL;
		supply_left = SUPPLY;
	}
	supply = (char *)at + size;
	supply_left -= size;
	return at;
}

static void start(void)
{
	const char *random = (const char *)getauxval(AT_RANDOM);

	secret = (uintptr_t)&random;
	if (random)
		memcpy(&secret, random + 8, sizeof secret);	/* the libc has the first 8 */
}

static struct block *allocate(size_t size)
{
	struct block *block = NULL;
	int n = SMALLEST;

	if (!secret)
		start();
	if (size > PTRDIFF_MAX - sizeof *block)
		return errno = ENOMEM, NULL;
	size += sizeof *block;
	while (n <= LARGEST && size > (size_t)1 << n)
		n++;
	if (n <= LARGEST) {
		size = (size_t)1 << n;
		block = unused[n];
	}
	if (block) {
		check(block, UNUSED);
		unused[n] = block->next[0];
	} else {
		block = new_block(size);
		if (!block)
			return NULL;
		block->size = size;
	}
	block->seal = seal(block, USED);
	return block;
}

static void release(struct block *block)
{
	int n = __builtin_ctzl(block->size);

	if (block->size > 1 << LARGEST) {
		munmap(block, block->size);
		return;
	}
	block->seal = seal(block, UNUSED);
	block->next[0] = unused[n];
	unused[n] = block;
}

static struct block *used_block(void *data)
{
	struct block *block = (struct block *)data - 1;

	check(block, USED);
	return block;
}

static struct block *move(struct block *block, size_t size)
{
	size_t room = block->size - sizeof *block;
	struct block *to;

	if (room >= size && block->size <= 1 << LARGEST)
		return block;
	if (room >= 1 << LARGEST && size >= 1 << LARGEST && size <= PTRDIFF_MAX - sizeof *block) {
		size += sizeof *block;
		to = mremap(block, block->size, size, MREMAP_MAYMOVE);
		if (to == MAP_FAILED)
			return NULL;
		to->size = size;
		to->seal = seal(to, USED);
		return to;
	}
	to = allocate(size);
	if (to) {
		memcpy(to + 1, block + 1, room < size ? room : size);
		release(block);
	}
	return to;
}

void *malloc(size_t size)
{
	struct block *block = allocate(size);

	return block ? block + 1 : NULL;
}

void free(void *data)
{
	if (data)
		release(used_block(data));
}

void *calloc(size_t count, size_t size)
{
	struct block *block;

	if (__builtin_mul_overflow(count, size, &size))
		return errno = ENOMEM, NULL;
	block = allocate(size);
	if (!block)
		return NULL;
	/* a mapping is zero, and most of it may never be touched */
	if (block->size <= 1 << LARGEST)
		memset(block + 1, 0, size);
	return block + 1;
}

void *realloc(void *data, size_t size)
{
	struct block *block = data ? move(used_block(data), size) : allocate(size);

	return block ? block + 1 : NULL;
}

#endif
