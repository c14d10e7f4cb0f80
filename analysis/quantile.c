// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/quantile.h"

#include <errno.h>
#include <math.h>

/* Bins 0–255: the value itself. Octave o (2^o to 2^(o+1) − 1, o = 8 … 63): 128 bins from 256 + 128 (o − 8) on. */
enum { NR_SMALL = 256, SMALL_BITS = 8, BINS_PER_OCTAVE = 128,
	NR_BINS = NR_SMALL + (64 - SMALL_BITS) * BINS_PER_OCTAVE };

static unsigned int bin_of(uint64_t value)
{
	unsigned int octave;

	if (value < NR_SMALL)
		return (unsigned int)value;
	octave = 63 - (unsigned int)__builtin_clzll(value);
	return NR_SMALL + (octave - SMALL_BITS) * BINS_PER_OCTAVE +
	       (unsigned int)(value >> (octave - 7)) % BINS_PER_OCTAVE;
}

/* The middle of a bin. */
static uint64_t value_of(unsigned int bin)
{
	unsigned int octave, step;

	if (bin < NR_SMALL)
		return bin;
	octave = (bin - NR_SMALL) / BINS_PER_OCTAVE + SMALL_BITS;
	step = (bin - NR_SMALL) % BINS_PER_OCTAVE + BINS_PER_OCTAVE;
	return ((uint64_t)step << (octave - 7)) + (1ull << (octave - 8));
}

void hs_quantiles_deinit(struct hs_quantiles *set)
{
	hs_vec_deinit(&set->samples);
	free(set->bins);
	*set = (struct hs_quantiles){ 0 };
}

static int turn_into_bins(struct hs_quantiles *set)
{
	set->bins = calloc(NR_BINS, sizeof(*set->bins));
	if (!set->bins)
		return -ENOMEM;
	hs_vec_for_each(sample, &set->samples)
		set->bins[bin_of(*sample)]++;
	hs_vec_deinit(&set->samples);
	return 0;
}

int hs_quantiles_add(struct hs_quantiles *set, uint64_t value)
{
	if (!set->bins && set->count >= HS_QUANTILE_EXACT && turn_into_bins(set))
		return -ENOMEM;
	if (set->bins)
		set->bins[bin_of(value)]++;
	else if (!hs_vec_push(&set->samples, value))
		return -ENOMEM;
	if (!set->count || value < set->min)
		set->min = value;
	if (value > set->max)
		set->max = value;
	set->count++;
	return 0;
}

static int compare_values(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static uint64_t clamp(const struct hs_quantiles *set, uint64_t value)
{
	return value < set->min ? set->min : value > set->max ? set->max : value;
}

uint64_t hs_quantiles_at(struct hs_quantiles *set, double share)
{
	uint64_t rank, seen = 0;

	if (!set->count)
		return 0;
	/* The small step back keeps 0.9 * 10 from becoming 9.000…1. */
	rank = (uint64_t)ceil(share * (double)set->count - 1e-9);
	rank = rank < 1 ? 1 : rank > set->count ? set->count : rank;
	if (!set->bins) {
		qsort(set->samples.items, set->samples.count, sizeof(uint64_t), compare_values);
		return set->samples.items[rank - 1];
	}
	for (unsigned int bin = 0; bin < NR_BINS && rank > 1 && rank < set->count; bin++)
		if ((seen += set->bins[bin]) >= rank)
			return clamp(set, value_of(bin));
	return rank == 1 ? set->min : set->max;
}

bool hs_quantiles_is_exact(const struct hs_quantiles *set)
{
	return !set->bins;
}
