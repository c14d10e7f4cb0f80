/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_QUANTILE_H
#define HS_QUANTILE_H
/*
 * Quantiles of u64 samples in bounded memory. Up to HS_QUANTILE_EXACT samples they are kept as they are
 * and the answers are exact. Beyond that they are counted in bins: values below 256 have a bin each, every
 * octave above is cut into 128 bins of equal width, and an answer is the middle of its bin, so that it is
 * off by at most 1/256 of itself (0.4 %); the smallest and the largest stay exact. The order of the samples
 * never matters: same samples, same answer.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/vec.h"

enum { HS_QUANTILE_EXACT = 4096 };

/* All zero is a valid empty set. */
struct hs_quantiles {
	HS_VEC(uint64_t) samples;	/* while exact */
	uint64_t *bins;			/* NULL while exact */
	uint64_t count;
	uint64_t min, max;		/* always exact */
};

void hs_quantiles_deinit(struct hs_quantiles *set);

/* 0, or -ENOMEM: the sample is not counted. */
int hs_quantiles_add(struct hs_quantiles *set, uint64_t value);

/*
 * The smallest sample that at least share (0 to 1) of all samples do not exceed ("nearest rank"); 0 when
 * empty. Sorts the samples in place.
 */
uint64_t hs_quantiles_at(struct hs_quantiles *set, double share);

bool hs_quantiles_is_exact(const struct hs_quantiles *set);

#endif
