// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/range_scan.h"

#include <string.h>

#include "replay/collapse/eligibility.h"

enum { LOWEST_ORDER = 2 };

enum hs_candidate_next hs_candidate_after(enum hs_collapse_result result)
{
	switch (result) {
	case HS_SCAN_SUCCEED:
	case HS_SCAN_PTE_MAPPED_HUGEPAGE:
		return HS_CANDIDATE_NEXT_OFFSET;
	case HS_SCAN_ALLOC_HUGE_PAGE_FAIL:
	case HS_SCAN_LACK_REFERENCED_PAGE:
	case HS_SCAN_EXCEED_NONE_PTE:
	case HS_SCAN_EXCEED_SWAP_PTE:
	case HS_SCAN_EXCEED_SHARED_PTE:
	case HS_SCAN_PAGE_LOCK:
	case HS_SCAN_PAGE_COUNT:
	case HS_SCAN_PAGE_NULL:
	case HS_SCAN_DEL_PAGE_LRU:
	case HS_SCAN_PTE_NON_PRESENT:
	case HS_SCAN_PTE_UFFD_WP:
	case HS_SCAN_PAGE_LAZYFREE:
		return HS_CANDIDATE_LOWER_ORDER;
	default:
		return HS_CANDIDATE_STOP;
	}
}

bool hs_candidate_step(struct hs_candidate *candidate, enum hs_candidate_next next, uint16_t orders,
		       unsigned int pmd_order)
{
	if (next == HS_CANDIDATE_STOP)
		return false;
	if (next == HS_CANDIDATE_LOWER_ORDER && candidate->order > LOWEST_ORDER &&
	    (orders & ((1u << candidate->order) - 1))) {
		candidate->order--;
		return true;
	}
	candidate->from += 1u << candidate->order;
	if (candidate->from >= 1u << pmd_order)
		return false;
	candidate->order = (unsigned int)__builtin_ctz(candidate->from);
	return true;
}

bool hs_candidate_is_full_enough(const struct hs_scan_request *scan, unsigned int order, unsigned int occupied)
{
	const unsigned int block = 1u << order;
	/* Userfaultfd is left to the isolate step: ask for the limit of a plain mapping. */
	struct hs_scan_request plain = *scan;
	unsigned int limit;

	plain.vma_flags &= ~(uint32_t)HS_THP_VMA_UFFD;
	limit = hs_isolate_none_limit(&plain, order);
	return limit >= block || occupied >= block - limit;
}

/* Everything of one scan. */
struct scan {
	struct hs_attempt_request request;
	const struct hs_collapse_world_ops *ops;
	void *world;
	struct hs_range_scan_outcome *outcome;
};

static enum hs_collapse_result attempt(struct scan *scan, struct hs_candidate candidate)
{
	struct hs_range_scan_outcome *outcome = scan->outcome;

	scan->request.from = candidate.from;
	scan->request.order = candidate.order;
	hs_collapse_attempt(&scan->request, scan->ops, scan->world, &outcome->last);
	outcome->nr_attempts++;
	outcome->assertion = outcome->last.assertion;
	if (scan->ops->attempted)
		scan->ops->attempted(scan->world, &scan->request, &outcome->last);
	if (outcome->last.result == HS_SCAN_SUCCEED)
		outcome->pages_collapsed += 1u << candidate.order;
	return outcome->last.result;
}

/* mthp_collapse: PMD first, then smaller blocks where it cannot be. */
static enum hs_collapse_result walk_candidates(struct scan *scan)
{
	const struct hs_scan_request *request = &scan->request.scan;
	const unsigned int pmd_order = hs_thp_pmd_order(request->tunables);
	/* Attempts change the range: keep what the scan saw. */
	const struct hs_bitmap512 occupied = hs_pte_present(request->range.ptes, true);
	struct hs_candidate candidate = { 0, pmd_order };
	enum hs_collapse_result last = HS_SCAN_FAIL;
	enum hs_candidate_next next;
	bool alloc_failed = false;

	do {
		unsigned int count = hs_bitmap512_count_in(&occupied, candidate.from,
							   candidate.from + (1u << candidate.order));

		if (candidate.order == pmd_order)
			count += scan->request.unmapped;
		next = HS_CANDIDATE_LOWER_ORDER;
		if ((request->orders & 1u << candidate.order) &&
		    hs_candidate_is_full_enough(request, candidate.order, count)) {
			enum hs_collapse_result result = attempt(scan, candidate);

			next = hs_candidate_after(result);
			alloc_failed |= result == HS_SCAN_ALLOC_HUGE_PAGE_FAIL;
			if (result != HS_SCAN_PTE_MAPPED_HUGEPAGE)
				last = result;
		}
	} while (hs_candidate_step(&candidate, next, request->orders, pmd_order));
	if (scan->outcome->pages_collapsed)
		return HS_SCAN_SUCCEED;
	return alloc_failed ? HS_SCAN_ALLOC_HUGE_PAGE_FAIL : last;
}

void hs_range_scan(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
		   bool is_khugepaged, uint32_t mm, const struct hs_thp_vma *vma, uint64_t address,
		   const struct hs_collapse_world_ops *ops, void *world, struct hs_range_scan_outcome *outcome)
{
	struct scan scan = {
		.request = { .scan = { .rules = rules, .tunables = tunables, .vma_flags = vma->flags,
				       .is_khugepaged = is_khugepaged },
			     .mm = mm, .address = address },
		.ops = ops, .world = world, .outcome = outcome,
	};
	struct hs_scan_request *request = &scan.request.scan;

	memset(outcome, 0, sizeof(*outcome));
	request->orders = hs_thp_collapse_orders(rules, tunables, vma,
						 is_khugepaged ? HS_THP_FOR_DAEMON : HS_THP_FOR_MADVISE);
	ops->read_range(world, mm, address, &request->range);
	request->node_reclaim = request->range.nodes != NULL;
	hs_scan_decide(request, &outcome->scan);
	outcome->result = outcome->scan.result;
	outcome->assertion = outcome->scan.assertion;
	outcome->progress = outcome->scan.progress;
	if (ops->scanned)
		ops->scanned(world, mm, address, &outcome->scan);
	if (outcome->scan.is_attempt) {
		outcome->is_lock_dropped = true;
		scan.request.unmapped = outcome->scan.unmapped;
		outcome->result = rules->sub_pmd_orders ? walk_candidates(&scan) :
				  attempt(&scan, (struct hs_candidate){ 0, hs_thp_pmd_order(tunables) });
	}
	if (ops->range_done)
		ops->range_done(world, mm, address, is_khugepaged, outcome);
}
