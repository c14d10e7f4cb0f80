// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/sample_means.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 128 };

void hs_sample_means_deinit(struct hs_sample_means *means)
{
	hs_vec_deinit(&means->numbers);
	hs_vec_deinit(&means->list);
	hs_hash_map_deinit(&means->index);
}

/* There are a handful. UINT32_MAX: out of memory. */
static unsigned int place_of(struct hs_sample_means *means, const struct hs_sample_number *number)
{
	for (size_t i = 0; i < means->numbers.count; i++)
		if (strcmp(means->numbers.items[i].name, number->name) == 0 &&
		    strcmp(means->numbers.items[i].model, number->model) == 0)
			return (unsigned int)i;
	return hs_vec_push(&means->numbers, *number) ? (unsigned int)means->numbers.count - 1 : UINT32_MAX;
}

static struct hs_sample_mean *get(struct hs_sample_means *means, uint32_t policy, uint32_t mm, unsigned int number)
{
	const uint64_t key = (uint64_t)mm << 32 | policy << 8 | number;
	const uint64_t *at = hs_hash_map_get(&means->index, key);

	if (at)
		return &means->list.items[*at];
	if (!hs_vec_push(&means->list, (struct hs_sample_mean){ .policy = policy, .mm = mm, .number = number }))
		return NULL;
	if (hs_hash_map_put(&means->index, key, means->list.count - 1)) {
		means->list.count--;
		return NULL;
	}
	return &means->list.items[means->list.count - 1];
}

int hs_sample_means_add(struct hs_sample_means *means, uint32_t policy, uint32_t mm,
			const struct hs_sample_number *number, uint64_t span_ns, double value)
{
	const unsigned int place = place_of(means, number);
	struct hs_sample_mean *mean = place < UINT8_MAX ? get(means, policy, mm, place) : NULL;

	if (!mean)
		return -ENOMEM;
	mean->sum += value * (double)span_ns;
	mean->peak = value > mean->peak ? value : mean->peak;
	return 0;
}

void hs_sample_means_tell(const struct hs_sample_means *means, uint64_t total_ns, struct hs_tally *tally)
{
	char mean_name[NAME_BYTES], peak_name[NAME_BYTES];

	hs_vec_for_each(mean, &means->list) {
		const struct hs_sample_number *number = &means->numbers.items[mean->number];
		const double value = total_ns ? mean->sum / (double)total_ns : 0;

		snprintf(mean_name, sizeof(mean_name), "mean_%s", number->name);
		snprintf(peak_name, sizeof(peak_name), "peak_%s", number->name);
		if (mean->mm) {
			hs_tally_add_mm_summary(tally, mean->policy, number->model, mean->mm, mean_name, value);
			continue;
		}
		hs_tally_add_summary(tally, mean->policy, number->model, mean_name, value);
		hs_tally_add_summary(tally, mean->policy, number->model, peak_name, mean->peak);
	}
}
