/* SPDX-License-Identifier: ISC */
/* open addressing with at most half of the places in use; removal closes the gap, so that there
 * are no tombstones and a table that once was full is as fast as a new one */
#include "map.h"
#include "spawn.h"

void map_init(struct map *map, unsigned count)
{
	unsigned size = 8;

	while (size < 2 * count)
		size *= 2;
	map->mask = size - 1;
	map->keys = spawn_memory(2 * (size_t)size * sizeof *map->keys);
	if (!map->keys)
		die(EXIT_TEMPORARY, "unable to make a table for %u entries:", count);
	map->values = map->keys + size;
}

static unsigned home(const struct map *map, unsigned key)
{
	return key * 2654435769u >> 7 & map->mask;
}

unsigned *map_at(struct map *map, unsigned key)
{
	unsigned i = home(map, key);

	while (map->values[i] && map->keys[i] != key)
		i = (i + 1) & map->mask;
	map->keys[i] = key;
	return &map->values[i];
}

void map_remove(struct map *map, unsigned *value)
{
	unsigned gap = value - map->values, i = gap;

	for (;;) {
		map->values[gap] = 0;
		do {
			i = (i + 1) & map->mask;
			if (!map->values[i])
				return;
			/* an entry moves into the gap unless its home is between gap and i */
		} while (((i - home(map, map->keys[i])) & map->mask) < ((i - gap) & map->mask));
		map->keys[gap] = map->keys[i];
		map->values[gap] = map->values[i];
		gap = i;
	}
}
