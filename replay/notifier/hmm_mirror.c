// SPDX-License-Identifier: GPL-2.0-only
#include "replay/notifier/hmm_mirror.h"

static bool invalidate(struct hs_mmu_interval *interval, const struct hs_mmu_range *section, uint64_t seq)
{
	struct hs_hmm_mirror *hmm = hs_container_of(interval, struct hs_hmm_mirror, interval);
	uint64_t start = section->start > interval->node.start ? section->start : interval->node.start;
	uint64_t end = section->end < interval->node.end ? section->end : interval->node.end;

	if (hmm->refuses_to_sleep && !section->is_blockable)
		return false;
	hs_mmu_interval_set_seq(interval, seq);
	if (hmm->zap)
		hmm->zap(hmm->context, start, end);
	return true;
}

static const struct hs_mmu_interval_ops ops = { .invalidate = invalidate };

void hs_hmm_mirror_init(struct hs_hmm_mirror *hmm)
{
	*hmm = (struct hs_hmm_mirror){ .interval.ops = &ops };
}

bool hs_hmm_fault_begin(const struct hs_mmu_subscriptions *subs, const struct hs_hmm_mirror *hmm, uint64_t *seq)
{
	return hs_mmu_interval_read_begin(subs, &hmm->interval, seq);
}

const char *hs_hmm_must_retry(const struct hs_hmm_mirror *hmm, uint64_t seq)
{
	return hs_mmu_interval_read_retry(&hmm->interval, seq) ? "a section of the interval has begun since" : NULL;
}
