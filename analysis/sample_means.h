/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SAMPLE_MEANS_H
#define HS_SAMPLE_MEANS_H
/*
 * Means and peaks over time of numbers that models show now and then (hs_model_ops.sample, sample_mms). A value
 * counts for the whole span that it closes; where nothing was said of an mm, its value was 0.
 */
#include "analysis/tally.h"
#include "lib/hash_map.h"
#include "lib/vec.h"

/* Borrowed, and live as long as the means. */
struct hs_sample_number {
	const char *model, *name;
};

struct hs_sample_mean {
	uint32_t policy, mm;		/* mm 0: of the run */
	unsigned int number;		/* place in numbers */
	double sum;			/* value times ns */
	double peak;
};

struct hs_sample_means {
	HS_VEC(struct hs_sample_number) numbers;
	HS_VEC(struct hs_sample_mean) list;
	struct hs_hash_map index;
};

void hs_sample_means_deinit(struct hs_sample_means *means);

/* 0 or -ENOMEM. */
int hs_sample_means_add(struct hs_sample_means *means, uint32_t policy, uint32_t mm,
			const struct hs_sample_number *number, uint64_t span_ns, double value);

/* Adds "model.mean_NAME" and "model.peak_NAME" of the run, and the means of mms, over total_ns of samples. */
void hs_sample_means_tell(const struct hs_sample_means *means, uint64_t total_ns, struct hs_tally *tally);

#endif
