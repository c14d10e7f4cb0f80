/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_HASH_MAP_H
#define HS_HASH_MAP_H
/*
 * A map from u64 to u64: open addressing, at most 3/4 full, no tombstones. Iteration order depends on
 * the keys alone, but is not sorted: sort before printing. Key 0 is allowed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hs_hash_slot {
	uint64_t key;
	uint64_t value;
};

struct hs_hash_map {
	struct hs_hash_slot *slots;	/* capacity entries; a slot is in use when its bit in used is set */
	uint8_t *used;			/* one byte per slot: 0 free, 1 in use */
	size_t capacity;		/* 0 or a power of two */
	size_t count;
};

/* All zero is a valid empty map. */
void hs_hash_map_deinit(struct hs_hash_map *map);
void hs_hash_map_clear(struct hs_hash_map *map);

/* Pointer to the value, or NULL. Valid until the next put or remove. */
uint64_t *hs_hash_map_get(const struct hs_hash_map *map, uint64_t key);

/* Inserts or overwrites. 0 or -ENOMEM (map unchanged). */
int hs_hash_map_put(struct hs_hash_map *map, uint64_t key, uint64_t value);

/* True if the key was there; its value goes to *value unless value is NULL. */
bool hs_hash_map_remove(struct hs_hash_map *map, uint64_t key, uint64_t *value);

/* Next used slot from index *at on (start with 0), or NULL; advances *at. */
struct hs_hash_slot *hs_hash_map_next(const struct hs_hash_map *map, size_t *at);

#endif
