/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BITMAP512_H
#define HS_BITMAP512_H
/* One bit per 4 KiB page of a 2 MiB range. Bit ranges are half open: [from, to), 0 <= from <= to <= 512. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { HS_BITMAP512_BITS = 512, HS_BITMAP512_WORDS = 8 };

struct hs_bitmap512 {
	uint64_t word[HS_BITMAP512_WORDS];
};

static inline bool hs_bitmap512_test(const struct hs_bitmap512 *map, unsigned int bit)
{
	return map->word[bit / 64] >> (bit % 64) & 1;
}

static inline void hs_bitmap512_set(struct hs_bitmap512 *map, unsigned int bit)
{
	map->word[bit / 64] |= 1ull << (bit % 64);
}

static inline void hs_bitmap512_clear(struct hs_bitmap512 *map, unsigned int bit)
{
	map->word[bit / 64] &= ~(1ull << (bit % 64));
}

static inline unsigned int hs_bitmap512_count(const struct hs_bitmap512 *map)
{
	unsigned int count = 0;

	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		count += (unsigned int)__builtin_popcountll(map->word[i]);
	return count;
}

/* The bits of word `i` that lie in [from, to). */
static inline uint64_t hs_bitmap512_mask(int i, unsigned int from, unsigned int to)
{
	unsigned int base = (unsigned int)i * 64;
	uint64_t low = from <= base ? ~0ull : from >= base + 64 ? 0 : ~0ull << (from - base);
	uint64_t high = to >= base + 64 ? ~0ull : to <= base ? 0 : (1ull << (to - base)) - 1;

	return low & high;
}

static inline unsigned int hs_bitmap512_count_in(const struct hs_bitmap512 *map, unsigned int from, unsigned int to)
{
	unsigned int count = 0;

	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		count += (unsigned int)__builtin_popcountll(map->word[i] & hs_bitmap512_mask(i, from, to));
	return count;
}

static inline void hs_bitmap512_set_in(struct hs_bitmap512 *map, unsigned int from, unsigned int to)
{
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		map->word[i] |= hs_bitmap512_mask(i, from, to);
}

static inline void hs_bitmap512_clear_in(struct hs_bitmap512 *map, unsigned int from, unsigned int to)
{
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		map->word[i] &= ~hs_bitmap512_mask(i, from, to);
}

static inline bool hs_bitmap512_is_empty(const struct hs_bitmap512 *map)
{
	uint64_t any = 0;

	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		any |= map->word[i];
	return any == 0;
}

#endif
