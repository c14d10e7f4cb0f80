// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/fault_rules.h"

#include "replay/collapse/scan_rules.h"

enum { LOWEST_ORDER = 2 };

const char *hs_fault_outcome_name(enum hs_fault_outcome_kind kind)
{
	static const char *const names[] = {
		"small", "fallback", "oom", "retry", "error", "userfaultfd", "huge_zero", "huge",
	};

	return names[kind];
}

static bool end_with(struct hs_fault_outcome *outcome, enum hs_fault_outcome_kind kind, const char *reason)
{
	outcome->kind = kind;
	outcome->reason = reason;
	return false;
}

static bool fall_back(struct hs_fault_outcome *outcome, const char *reason)
{
	outcome->counts_fallback = true;
	return end_with(outcome, HS_FAULT_FALLBACK, reason);
}

static bool is_eligible(const struct hs_fault_request *request)
{
	const struct hs_collapse_tunables *tunables = request->tunables;

	/* v2010: fault-time mode is the first `enabled`, with the VMA's flag alone. */
	if (request->rules->daemon_mode)
		return hs_thp_is_anon(request->vma) &&
		       (tunables->enabled == HS_THP_ALWAYS || (tunables->enabled == HS_THP_MADVISE &&
							       (request->vma->flags & HS_THP_VMA_HUGEPAGE)));
	return hs_thp_vma_allowed(request->rules, tunables, request->vma, request->mm_state, HS_THP_FOR_FAULT) ==
	       HS_THP_ALLOWED;
}

static bool has_range(const struct hs_fault_request *request)
{
	const uint64_t bytes = (uint64_t)request->tunables->nr << HS_COLLAPSE_PAGE_SHIFT;
	const uint64_t at = request->address & ~(bytes - 1);

	return at >= request->vma->start && at + bytes <= request->vma->end;
}

/* Up to and with the registration, which stays whatever comes behind it. */
static bool prepare(const struct hs_fault_request *request, struct hs_fault_outcome *outcome)
{
	if (!request->pmd_is_none)
		return end_with(outcome, HS_FAULT_SMALL, "a page table exists");
	if (!is_eligible(request))
		return end_with(outcome, HS_FAULT_SMALL, "the mapping is not eligible");
	if (!has_range(request))
		return end_with(outcome, HS_FAULT_FALLBACK, "no aligned range inside the mapping");
	if (request->anon_vma_fails)
		return end_with(outcome, HS_FAULT_OOM, "no anon_vma");
	if (request->slot_fails && request->rules->daemon_mode && !request->is_registered)
		return end_with(outcome, HS_FAULT_OOM, "no slot for the daemon");
	outcome->registers = !request->slot_fails && hs_thp_is_on(request->rules, request->tunables);
	return true;
}

/* Under the page table's lock, before either kind of page is mapped. */
static bool may_map(const struct hs_fault_request *request, struct hs_fault_outcome *outcome)
{
	if (request->raced)
		return end_with(outcome, HS_FAULT_RETRY, "the PMD was filled meanwhile");
	if (request->is_dying)
		return end_with(outcome, HS_FAULT_ERROR, "the address space is torn down");
	if (request->vma->flags & HS_THP_VMA_UFFD_MISSING)
		return end_with(outcome, HS_FAULT_USERFAULTFD, "userfaultfd wants missing pages");
	return true;
}

static bool map_zero_page(const struct hs_fault_request *request, struct hs_fault_outcome *outcome)
{
	if (request->table_fails)
		return end_with(outcome, HS_FAULT_OOM, "no page table");
	if (request->zero_page_fails)
		return fall_back(outcome, "no huge zero page");
	if (!may_map(request, outcome))
		return false;
	return end_with(outcome, HS_FAULT_HUGE_ZERO, "read fault and use_zero_page");
}

static bool allocate(const struct hs_fault_request *request, struct hs_fault_outcome *outcome)
{
	if (request->alloc_fails)
		return fall_back(outcome, "no huge page");
	if (request->charge_fails) {
		outcome->counts_charge = true;
		return fall_back(outcome, "memory cgroup limit");
	}
	if (request->table_fails)
		return end_with(outcome, HS_FAULT_OOM, "no page table");
	return may_map(request, outcome);
}

void hs_fault_decide(const struct hs_fault_request *request, struct hs_fault_outcome *outcome)
{
	*outcome = (struct hs_fault_outcome){ 0 };
	if (!prepare(request, outcome))
		return;
	if (!request->is_write && !request->rules->daemon_mode && request->tunables->use_zero_page) {
		map_zero_page(request, outcome);
		return;
	}
	if (!allocate(request, outcome))
		return;
	outcome->is_queued = request->rules->underused_split;
	end_with(outcome, HS_FAULT_HUGE, "all tests passed");
}

enum hs_fault_effort hs_fault_effort(const struct hs_collapse_tunables *tunables, uint32_t vma_flags)
{
	const bool advised = vma_flags & HS_THP_VMA_HUGEPAGE;

	switch (tunables->defrag) {
	case HS_THP_DEFRAG_ALWAYS:
		return advised ? HS_FAULT_EFFORT_DIRECT_RETRY : HS_FAULT_EFFORT_DIRECT;
	case HS_THP_DEFRAG_DEFER:
		return HS_FAULT_EFFORT_BACKGROUND;
	case HS_THP_DEFRAG_DEFER_MADVISE:
		return advised ? HS_FAULT_EFFORT_DIRECT : HS_FAULT_EFFORT_BACKGROUND;
	case HS_THP_DEFRAG_MADVISE:
		return advised ? HS_FAULT_EFFORT_DIRECT : HS_FAULT_EFFORT_NONE;
	default:
		return HS_FAULT_EFFORT_NONE;
	}
}

enum hs_zero_write hs_fault_zero_write(const struct hs_collapse_rules *rules, bool alloc_fails)
{
	return rules->zero_write_allocates && !alloc_fails ? HS_ZERO_WRITE_HUGE : HS_ZERO_WRITE_SPLIT;
}

unsigned int hs_fault_small_order(const struct hs_fault_request *request, const struct hs_bitmap512 *empty)
{
	const uint16_t orders = hs_thp_fault_orders(request->rules, request->tunables, request->vma, request->mm_state);

	if (!request->rules->anon_orders || (request->vma->flags & HS_THP_VMA_UFFD))
		return 0;
	for (unsigned int order = hs_thp_pmd_order(request->tunables) - 1; order >= LOWEST_ORDER; order--) {
		const uint64_t bytes = 1ull << (order + HS_COLLAPSE_PAGE_SHIFT);
		const uint64_t at = request->address & ~(bytes - 1);
		const unsigned int from = (unsigned int)(at >> HS_COLLAPSE_PAGE_SHIFT) & (request->tunables->nr - 1);

		if ((orders & 1u << order) && at >= request->vma->start && at + bytes <= request->vma->end &&
		    hs_bitmap512_count_in(empty, from, from + (1u << order)) == 1u << order)
			return order;
	}
	return 0;
}

bool hs_fault_is_underused(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
			   unsigned int zero_filled)
{
	return rules->underused_split && tunables->shrink_underused &&
	       tunables->max_ptes_none != tunables->nr - 1 && zero_filled > tunables->max_ptes_none;
}
