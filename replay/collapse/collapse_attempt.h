/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_ATTEMPT_H
#define HS_COLLAPSE_ATTEMPT_H
/*
 * One attempt to collapse, step by step: collapse_huge_page in mm/khugepaged.c, with
 * hugepage_vma_revalidate and __collapse_huge_page_swapin.
 */
#include "replay/collapse/collapse_world.h"
#include "replay/collapse/isolate_rules.h"

/* What to try. The scan request's range is the one that the scan read. */
struct hs_attempt_request {
	struct hs_scan_request scan;
	uint32_t mm;
	uint64_t address;	/* of the range */
	unsigned int from;	/* first entry of the candidate */
	unsigned int order;
	unsigned int unmapped;	/* swap entries that the scan saw */
};

struct hs_attempt_outcome {
	enum hs_collapse_result result;
	enum hs_thp_step step;			/* that refused; NONE on success */
	enum hs_thp_assertion assertion;
	bool is_allocated, is_charged;
	bool is_detached;			/* the page table was detached: one flush, one notifier range */
	bool has_isolate;			/* isolate holds */
	bool has_swapin;
	unsigned int swapped_in;		/* pages */
	struct hs_isolate_outcome isolate;
	unsigned int copied, zeroed;		/* pages; 0 unless it succeeded */
};

/*
 * Runs the steps; the mapping is locked for reading before and unlocked behind. On success
 * ops->collapsed was called.
 */
void hs_collapse_attempt(const struct hs_attempt_request *request, const struct hs_collapse_world_ops *ops,
			 void *world, struct hs_attempt_outcome *outcome);

/* hugepage_vma_revalidate; *vma is filled on success. */
enum hs_collapse_result hs_collapse_revalidate(const struct hs_attempt_request *request,
					       const struct hs_collapse_world_ops *ops, void *world,
					       struct hs_thp_vma *vma);

#endif
