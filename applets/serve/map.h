/* SPDX-License-Identifier: ISC */
/* a hash table of numbers with a size that does not change: no scan, no allocation */
#ifndef MAP_H
#define MAP_H

struct map {
	unsigned *keys;
	unsigned *values;	/* 0: the place is free */
	unsigned mask;
};

/* Room for COUNT keys, in the server alone; dies if there is no memory. */
void map_init(struct map *map, unsigned count);

/* The value of KEY, 0 if it has none. Setting it to non-zero makes an entry. */
unsigned *map_at(struct map *map, unsigned key);

/* Remove the entry that map_at returned. */
void map_remove(struct map *map, unsigned *value);

#endif
