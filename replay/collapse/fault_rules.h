/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_FAULT_RULES_H
#define HS_FAULT_RULES_H
/*
 * Faults on anonymous memory: create_huge_pmd, do_huge_pmd_anonymous_page and vma_thp_gfp_mask in
 * mm/memory.c and mm/huge_memory.c; write faults on the huge zero page.
 */
#include "replay/collapse/eligibility.h"

struct hs_fault_request {
	const struct hs_collapse_rules *rules;
	const struct hs_collapse_tunables *tunables;
	const struct hs_thp_vma *vma;
	uint64_t address;
	unsigned int mm_state;		/* enum hs_thp_mm_state */
	bool is_write;
	bool pmd_is_none;
	bool anon_vma_fails;		/* no anon_vma can be had: out of memory */
	bool slot_fails;		/* the mm cannot be registered */
	bool is_registered;
	bool zero_page_fails;		/* the huge zero page cannot be had */
	bool alloc_fails, charge_fails, table_fails;	/* huge page, memcg charge, page table */
	bool raced;			/* another thread filled the PMD meanwhile */
	bool is_dying;			/* the address space is being torn down */
};

enum hs_fault_outcome_kind {
	HS_FAULT_SMALL,			/* an ordinary fault follows */
	HS_FAULT_FALLBACK,		/* the same, after a huge page was tried */
	HS_FAULT_OOM, HS_FAULT_RETRY, HS_FAULT_ERROR,
	HS_FAULT_USERFAULTFD,		/* handed to user space */
	HS_FAULT_HUGE_ZERO, HS_FAULT_HUGE,
};
/* "small", "fallback", …; static. */
const char *hs_fault_outcome_name(enum hs_fault_outcome_kind kind);

struct hs_fault_outcome {
	enum hs_fault_outcome_kind kind;
	const char *reason;		/* static: the test that decided */
	bool registers;			/* the mm becomes known to the daemon, whatever else happens */
	bool counts_fallback;		/* thp_fault_fallback */
	bool counts_charge;		/* thp_fault_fallback_charge */
	bool is_queued;			/* on the list of pages that may be underused (6.12 and later) */
};

void hs_fault_decide(const struct hs_fault_request *request, struct hs_fault_outcome *outcome);

/* What an allocation of a huge page in a fault may do. */
enum hs_fault_effort {
	HS_FAULT_EFFORT_NONE,		/* take what is free */
	HS_FAULT_EFFORT_BACKGROUND,	/* and wake kswapd */
	HS_FAULT_EFFORT_DIRECT,		/* reclaim and compact, without retries */
	HS_FAULT_EFFORT_DIRECT_RETRY,
};
enum hs_fault_effort hs_fault_effort(const struct hs_collapse_tunables *tunables, uint32_t vma_flags);

/* A write to the huge zero page. */
enum hs_zero_write { HS_ZERO_WRITE_SPLIT, HS_ZERO_WRITE_HUGE };
enum hs_zero_write hs_fault_zero_write(const struct hs_collapse_rules *rules, bool alloc_fails);

/*
 * After a fallback, 6.12 and later: the largest smaller enabled order whose aligned block around address
 * lies in the mapping and is wholly empty; 0: one page. empty: of the range that holds address.
 */
unsigned int hs_fault_small_order(const struct hs_fault_request *request, const struct hs_bitmap512 *empty);

/* deferred_split_scan: is a huge page with that many zero-filled pages split under pressure? */
bool hs_fault_is_underused(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
			   unsigned int zero_filled);

#endif
