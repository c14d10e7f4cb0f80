/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RANGE_SCAN_H
#define HS_RANGE_SCAN_H
/*
 * The scan of one anonymous range with the attempts that follow from it: one attempt up to 6.18, the walk
 * over candidate blocks of mthp_collapse in 7.2.
 */
#include "replay/collapse/collapse_attempt.h"

struct hs_range_scan_outcome {
	enum hs_collapse_result result;		/* as the tracepoint mm_khugepaged_scan_pmd gives it */
	enum hs_thp_assertion assertion;	/* not NO_ASSERTION: the machine stops */
	bool is_lock_dropped;			/* a collapse was attempted: the visit ends */
	unsigned int progress;
	unsigned int nr_attempts;
	unsigned int pages_collapsed;		/* pages in blocks that succeeded */
	struct hs_scan_outcome scan;
	struct hs_attempt_outcome last;		/* of the last attempt; all zero if there was none */
};

/* Locked for reading before; behind it too unless is_lock_dropped. */
void hs_range_scan(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
		   bool is_khugepaged, uint32_t mm, const struct hs_thp_vma *vma, uint64_t address,
		   const struct hs_collapse_world_ops *ops, void *world, struct hs_range_scan_outcome *outcome);

/* A candidate block of the walk: entries [from, from + 2^order). */
struct hs_candidate {
	unsigned int from, order;
};

/* What the walk does after an attempt. */
enum hs_candidate_next { HS_CANDIDATE_NEXT_OFFSET, HS_CANDIDATE_LOWER_ORDER, HS_CANDIDATE_STOP };
enum hs_candidate_next hs_candidate_after(enum hs_collapse_result result);

/* Steps to the next candidate; false: the walk is over. orders: those enabled. */
bool hs_candidate_step(struct hs_candidate *candidate, enum hs_candidate_next next, uint16_t orders,
		       unsigned int pmd_order);

/* Is a candidate with that many occupied entries worth an attempt? */
bool hs_candidate_is_full_enough(const struct hs_scan_request *scan, unsigned int order, unsigned int occupied);

#endif
