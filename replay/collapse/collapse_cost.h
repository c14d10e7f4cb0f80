/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_COST_H
#define HS_COLLAPSE_COST_H
/* What scans and collapses cost in time where no recording tells: linear, with prices that a policy can set. */
#include "replay/policy.h"

struct hs_collapse_prices {
	uint64_t pte_ns;	/* a page table entry looked at */
	uint64_t attempt_ns;	/* an attempt as such: locks, flush, interrupts */
	uint64_t copy_page_ns;	/* a page copied */
	uint64_t zero_page_ns;	/* a page zero-filled */
};

static inline struct hs_collapse_prices hs_collapse_prices_of(const struct hs_policy *policy)
{
	return (struct hs_collapse_prices){
		.pte_ns = hs_policy_number(policy, "collapse.cost_pte_ns"),
		.attempt_ns = hs_policy_number(policy, "collapse.cost_attempt_ns"),
		.copy_page_ns = hs_policy_number(policy, "collapse.cost_copy_page_ns"),
		.zero_page_ns = hs_policy_number(policy, "collapse.cost_zero_page_ns"),
	};
}

/* mmap_lock held for writing by one attempt that reached the detached page table. */
static inline uint64_t hs_collapse_lock_ns(const struct hs_collapse_prices *prices, unsigned int copied,
					   unsigned int zeroed)
{
	return prices->attempt_ns + copied * prices->copy_page_ns + zeroed * prices->zero_page_ns;
}

#endif
