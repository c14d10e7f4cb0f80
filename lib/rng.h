/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RNG_H
#define HS_RNG_H
/* A seeded generator (splitmix64): same seed, same numbers, on every machine. Not for secrets. */
#include <stdint.h>

struct hs_rng {
	uint64_t state;
};

static inline uint64_t hs_rng_next(struct hs_rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* A number in [0, bound); bound > 0. The bias is below bound / 2^64. */
static inline uint64_t hs_rng_below(struct hs_rng *rng, uint64_t bound)
{
	return (uint64_t)(((unsigned __int128)hs_rng_next(rng) * bound) >> 64);
}

#endif
