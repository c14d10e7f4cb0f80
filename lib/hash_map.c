// SPDX-License-Identifier: GPL-2.0-only
#include "lib/hash_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t home_of(const struct hs_hash_map *map, uint64_t key)
{
	key ^= key >> 32;
	key *= 0x9e3779b97f4a7c15ull;
	key ^= key >> 29;
	return (size_t)key & (map->capacity - 1);
}

/* The slot of key, or the free slot where it would go. The map has at least one free slot. */
static size_t find_slot(const struct hs_hash_map *map, uint64_t key)
{
	size_t at = home_of(map, key);

	while (map->used[at] && map->slots[at].key != key)
		at = (at + 1) & (map->capacity - 1);
	return at;
}

static int grow(struct hs_hash_map *map)
{
	struct hs_hash_map bigger = { .capacity = map->capacity ? map->capacity * 2 : 16, .count = map->count };

	bigger.slots = malloc(bigger.capacity * sizeof(*bigger.slots));
	bigger.used = calloc(bigger.capacity, 1);
	if (!bigger.slots || !bigger.used) {
		free(bigger.slots);
		free(bigger.used);
		return -ENOMEM;
	}
	for (size_t i = 0; i < map->capacity; i++) {
		if (!map->used[i])
			continue;
		size_t at = find_slot(&bigger, map->slots[i].key);

		bigger.slots[at] = map->slots[i];
		bigger.used[at] = 1;
	}
	hs_hash_map_deinit(map);
	*map = bigger;
	return 0;
}

void hs_hash_map_deinit(struct hs_hash_map *map)
{
	free(map->slots);
	free(map->used);
	memset(map, 0, sizeof(*map));
}

void hs_hash_map_clear(struct hs_hash_map *map)
{
	if (map->used)
		memset(map->used, 0, map->capacity);
	map->count = 0;
}

uint64_t *hs_hash_map_get(const struct hs_hash_map *map, uint64_t key)
{
	size_t at;

	if (!map->count)
		return NULL;
	at = find_slot(map, key);
	return map->used[at] ? &map->slots[at].value : NULL;
}

int hs_hash_map_put(struct hs_hash_map *map, uint64_t key, uint64_t value)
{
	size_t at;

	if ((map->count + 1) * 4 > map->capacity * 3 && grow(map))
		return -ENOMEM;
	at = find_slot(map, key);
	map->count += !map->used[at];
	map->used[at] = 1;
	map->slots[at] = (struct hs_hash_slot){ .key = key, .value = value };
	return 0;
}

/* Moves later entries of the same run back, so that no lookup stops at the new hole. */
static void close_hole(struct hs_hash_map *map, size_t hole)
{
	size_t mask = map->capacity - 1, at = hole;

	for (;;) {
		at = (at + 1) & mask;
		if (!map->used[at])
			break;
		if (((at - home_of(map, map->slots[at].key)) & mask) < ((at - hole) & mask))
			continue;
		map->slots[hole] = map->slots[at];
		hole = at;
	}
	map->used[hole] = 0;
}

bool hs_hash_map_remove(struct hs_hash_map *map, uint64_t key, uint64_t *value)
{
	size_t at;

	if (!map->count)
		return false;
	at = find_slot(map, key);
	if (!map->used[at])
		return false;
	if (value)
		*value = map->slots[at].value;
	close_hole(map, at);
	map->count--;
	return true;
}

struct hs_hash_slot *hs_hash_map_next(const struct hs_hash_map *map, size_t *at)
{
	for (; *at < map->capacity; ++*at)
		if (map->used[*at])
			return &map->slots[(*at)++];
	return NULL;
}
