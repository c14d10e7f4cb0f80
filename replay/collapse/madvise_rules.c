// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/madvise_rules.h"

#include <errno.h>

#include "replay/collapse/eligibility.h"

enum hs_madvise_next hs_madvise_after(const struct hs_collapse_rules *rules, enum hs_collapse_result result)
{
	switch (result) {
	case HS_SCAN_SUCCEED:
	case HS_SCAN_PMD_MAPPED:
		return HS_MADVISE_RANGE_DONE;
	case HS_SCAN_PMD_NULL:
	case HS_SCAN_NO_PTE_TABLE:
	case HS_SCAN_PTE_NON_PRESENT:
	case HS_SCAN_PTE_UFFD_WP:
	case HS_SCAN_LACK_REFERENCED_PAGE:
	case HS_SCAN_PAGE_NULL:
	case HS_SCAN_PAGE_COUNT:
	case HS_SCAN_PAGE_LOCK:
	case HS_SCAN_PAGE_COMPOUND:
	case HS_SCAN_PAGE_LRU:
	case HS_SCAN_DEL_PAGE_LRU:
		return HS_MADVISE_GO_ON;
	case HS_SCAN_PAGE_RO:
		return rules->writable_rule == HS_WRITABLE_OFF ? HS_MADVISE_STOP : HS_MADVISE_GO_ON;
	default:
		return HS_MADVISE_STOP;
	}
}

int hs_madvise_errno(const struct hs_collapse_rules *rules, enum hs_collapse_result last_fail)
{
	switch (last_fail) {
	case HS_SCAN_ALLOC_HUGE_PAGE_FAIL:
		return -ENOMEM;
	case HS_SCAN_CGROUP_CHARGE_FAIL:
		return -EBUSY;
	case HS_SCAN_EXCEED_NONE_PTE:
		return rules->madvise_none_busy ? -EBUSY : -EINVAL;
	case HS_SCAN_PAGE_COUNT:
	case HS_SCAN_PAGE_LOCK:
	case HS_SCAN_PAGE_LRU:
	case HS_SCAN_DEL_PAGE_LRU:
		return -EAGAIN;
	case HS_SCAN_PAGE_FILLED:
		return rules->file_collapse_event ? -EAGAIN : -EINVAL;
	case HS_SCAN_PAGE_HAS_PRIVATE:
	case HS_SCAN_PAGE_DIRTY_OR_WRITEBACK:
		return rules->dirty_code ? -EAGAIN : -EINVAL;
	default:
		return -EINVAL;
	}
}

/* A call under way. */
struct call {
	const struct hs_collapse_rules *rules;
	const struct hs_collapse_tunables *tunables;
	uint32_t mm;
	const struct hs_collapse_world_ops *ops;
	void *world;
	struct hs_thp_vma vma;
	uint64_t end;		/* of the last range */
	bool is_locked;
};

/* Behind a dropped lock the mapping is looked up anew; it may have become shorter. */
static enum hs_collapse_result relock(struct call *call, uint64_t address, uint64_t bytes)
{
	const struct hs_attempt_request request = {
		.scan = { .rules = call->rules, .tunables = call->tunables },
		.mm = call->mm, .address = address, .order = hs_thp_pmd_order(call->tunables),
	};
	enum hs_collapse_result result;

	call->ops->lock(call->world, call->mm, HS_THP_READ_LOCK);
	call->is_locked = true;
	result = hs_collapse_revalidate(&request, call->ops, call->world, &call->vma);
	/* Nothing is expected of a mapping of a file. */
	if (result == HS_SCAN_PAGE_ANON && !hs_thp_is_anon(&call->vma))
		result = HS_SCAN_SUCCEED;
	if (result == HS_SCAN_SUCCEED && hs_thp_last(&call->vma, bytes) < call->end)
		call->end = hs_thp_last(&call->vma, bytes);
	return result;
}

static enum hs_collapse_result scan_file(struct call *call, uint64_t address)
{
	enum hs_collapse_result result;

	call->ops->lock(call->world, call->mm, HS_THP_UNLOCK);
	call->is_locked = false;
	result = call->ops->scan_file ? call->ops->scan_file(call->world, call->mm, address, false) : HS_SCAN_FAIL;
	/* 7.2 writes a dirty range back and tries once more. */
	if (result == HS_SCAN_PAGE_DIRTY_OR_WRITEBACK && call->ops->scan_file)
		result = call->ops->scan_file(call->world, call->mm, address, false);
	if (result != HS_SCAN_PTE_MAPPED_HUGEPAGE)
		return result;
	return call->ops->map_cached ? call->ops->map_cached(call->world, call->mm, address) : HS_SCAN_SUCCEED;
}

static enum hs_collapse_result scan_range(struct call *call, uint64_t address)
{
	struct hs_range_scan_outcome outcome;

	if (!hs_thp_is_anon(&call->vma))
		return scan_file(call, address);
	hs_range_scan(call->rules, call->tunables, false, call->mm, &call->vma, address, call->ops, call->world,
		      &outcome);
	call->is_locked = !outcome.is_lock_dropped;
	return outcome.result;
}

static int collapse_ranges(struct call *call, uint64_t first, struct hs_madvise_outcome *outcome)
{
	const uint64_t bytes = (uint64_t)call->tunables->nr << HS_COLLAPSE_PAGE_SHIFT;
	enum hs_madvise_next next = HS_MADVISE_RANGE_DONE;

	for (uint64_t at = first; at < call->end && next != HS_MADVISE_STOP; at += bytes) {
		enum hs_collapse_result result = HS_SCAN_SUCCEED;

		if (!call->is_locked)
			result = relock(call, at, bytes);
		if (result != HS_SCAN_SUCCEED) {
			outcome->last_fail = result;
			break;
		}
		if (at >= call->end)
			break;
		result = scan_range(call, at);
		outcome->nr_scanned++;
		next = hs_madvise_after(call->rules, result);
		if (next == HS_MADVISE_RANGE_DONE)
			outcome->nr_done++;
		else
			outcome->last_fail = result;
	}
	if (call->is_locked)
		call->ops->lock(call->world, call->mm, HS_THP_UNLOCK);
	if (outcome->nr_done == (call->end - first) / bytes)
		return 0;
	return hs_madvise_errno(call->rules, outcome->last_fail);
}

void hs_madvise_collapse(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
			 uint32_t mm, uint64_t start, uint64_t end, const struct hs_collapse_world_ops *ops,
			 void *world, struct hs_madvise_outcome *outcome)
{
	const uint64_t bytes = (uint64_t)tunables->nr << HS_COLLAPSE_PAGE_SHIFT;
	const struct hs_thp_vma span = { .start = start, .end = end };
	struct call call = { .rules = rules, .tunables = tunables, .mm = mm, .ops = ops, .world = world,
			     .end = hs_thp_last(&span, bytes), .is_locked = true };

	*outcome = (struct hs_madvise_outcome){ .ret = -EINVAL, .last_fail = HS_SCAN_FAIL };
	if (!rules->swaps_in || !ops->find_vma(world, mm, start, &call.vma) || call.vma.start > start ||
	    hs_thp_vma_allowed(rules, tunables, &call.vma, ops->mm_state(world, mm), HS_THP_FOR_MADVISE))
		return;
	/* Up to 6.18 a span inside one range ends with its start behind its end, and fails. */
	if (hs_thp_first(&span, bytes) >= call.end) {
		if (rules->madvise_empty_ok || hs_thp_first(&span, bytes) == call.end)
			outcome->ret = 0;
		return;
	}
	ops->lock(world, mm, HS_THP_READ_LOCK);
	outcome->ret = collapse_ranges(&call, hs_thp_first(&span, bytes), outcome);
}
