/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_HMM_MIRROR_H
#define HS_HMM_MIRROR_H
/*
 * A device page table kept in step by an interval notifier, as Documentation/mm/hmm.rst asks of drivers and
 * amdgpu's SVM does: one interval with its own range of addresses.
 */
#include <stdbool.h>
#include <stdint.h>

#include "replay/notifier/mmu_notifier.h"

struct hs_hmm_mirror {
	struct hs_mmu_interval interval;	/* to be inserted */
	bool refuses_to_sleep;			/* a callback that would have to sleep: for sections that do not let it */
	/* Entries of [start, end) are dropped here; or NULL. */
	void (*zap)(void *context, uint64_t start, uint64_t end);
	void *context;
};

void hs_hmm_mirror_init(struct hs_hmm_mirror *hmm);

/* mmu_interval_read_begin: false where it would sleep. */
bool hs_hmm_fault_begin(const struct hs_mmu_subscriptions *subs, const struct hs_hmm_mirror *hmm, uint64_t *seq);
/* mmu_interval_read_retry under the driver's lock. NULL: map; else the reason to try again (static). */
const char *hs_hmm_must_retry(const struct hs_hmm_mirror *hmm, uint64_t seq);

#endif
