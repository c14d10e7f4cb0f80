// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/snapshot_rules.h"

/* Under the settings asked about, or under those of the recording. */
static struct hs_scan_request scan_of(const struct hs_collapse_request *request, bool recorded)
{
	const struct hs_counter_request *counter = &request->counter;

	return (struct hs_scan_request){
		.rules = recorded ? counter->recorded_rules : counter->rules,
		.tunables = recorded ? counter->recorded_tunables : counter->tunables,
		.orders = recorded ? counter->recorded_orders : counter->orders,
		.vma_flags = counter->vma_flags, .is_khugepaged = counter->is_khugepaged,
		.node_reclaim = request->node_reclaim,
		.range = { .pmd = HS_PMD_TABLE, .ptes = &request->ptes, .nodes = request->nodes },
	};
}

/* Accessed bits and a secondary MMU's references may have been added in between; none go away. */
static bool are_references_plausible(const struct hs_counter_request *counter, unsigned int counted)
{
	return counted <= counter->referenced || !counter->is_khugepaged;
}

void hs_snapshot_walk(const struct hs_collapse_request *request, struct hs_scan_outcome *outcome)
{
	const struct hs_scan_request scan = scan_of(request, true);

	hs_scan_decide(&scan, outcome);
}

static bool is_scan_faithful(const struct hs_collapse_request *request)
{
	const struct hs_counter_request *counter = &request->counter;
	struct hs_scan_outcome outcome;

	hs_snapshot_walk(request, &outcome);
	return outcome.none == counter->none && outcome.unmapped == counter->unmapped &&
	       are_references_plausible(counter, outcome.referenced) &&
	       (outcome.index == counter->tunables->nr) == counter->is_completed;
}

static struct hs_isolate_request isolate_of(const struct hs_collapse_request *request, bool recorded)
{
	const struct hs_counter_request *counter = &request->counter;
	const uint64_t range_mask = ((uint64_t)counter->tunables->nr << HS_COLLAPSE_PAGE_SHIFT) - 1;

	return (struct hs_isolate_request){
		.scan = scan_of(request, recorded), .order = counter->order,
		.from = (unsigned int)((request->common.subject & range_mask) >> HS_COLLAPSE_PAGE_SHIFT),
	};
}

static bool is_isolate_faithful(const struct hs_collapse_request *request)
{
	const struct hs_counter_request *counter = &request->counter;
	const struct hs_isolate_request isolate = isolate_of(request, true);
	struct hs_isolate_outcome outcome;

	hs_isolate_decide(&isolate, &outcome);
	return outcome.none == counter->none && are_references_plausible(counter, outcome.referenced) &&
	       (outcome.index == isolate.from + (1u << isolate.order)) == counter->is_completed;
}

static void walk_cache(const struct hs_collapse_request *request, bool recorded, struct hs_file_outcome *outcome)
{
	const struct hs_counter_request *counter = &request->counter;
	const struct hs_file_request file = {
		.rules = recorded ? counter->recorded_rules : counter->rules,
		.tunables = recorded ? counter->recorded_tunables : counter->tunables,
		.cache = request->cache, .nodes = request->node_reclaim ? request->nodes : NULL,
		.is_khugepaged = counter->is_khugepaged,
	};

	hs_file_scan_decide(&file, outcome);
}

static bool is_cache_faithful(const struct hs_collapse_request *request)
{
	struct hs_file_outcome outcome;

	walk_cache(request, true, &outcome);
	return outcome.present == request->present_pages && outcome.swap == request->swap_pages;
}

/* mm/khugepaged.c collapse_file: what a scan that found nothing wrong leads to. */
static void decide_file_collapse(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	const enum hs_collapse_result allocated = request->allocated;
	const bool was_given = allocated == HS_SCAN_SUCCEED || allocated == HS_NR_COLLAPSE_RESULTS;
	/* Where the page table is not replaced on the way, madvise is told to map what was made. */
	const bool is_left = request->counter.rules->pte_mapped_at_once && !request->counter.is_khugepaged;
	const enum hs_collapse_result made = is_left ? HS_SCAN_PTE_MAPPED_HUGEPAGE : HS_SCAN_SUCCEED;

	if (!was_given) {
		answer->result = allocated;
		answer->reason = "the allocator's answer";
	} else if (request->counter.recorded == made && hs_bitmap512_is_empty(&request->cache->locked)) {
		answer->result = made;
		answer->reason = "nothing in the page cache is in the way";
	} else {
		answer->result = request->counter.recorded;
		answer->basis = HS_BASIS_BOUNDED;
		answer->reason = "a step of the collapse, under lock";
	}
}

bool hs_snapshot_file(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	struct hs_file_outcome outcome, before;

	if (!request->cache || !request->counter.rules->file_collapse || !is_cache_faithful(request))
		return false;
	walk_cache(request, false, &outcome);
	walk_cache(request, true, &before);
	*answer = (struct hs_counter_answer){ .result = outcome.result, .basis = HS_BASIS_EXACT,
					      .reason = "walk over the recorded page cache" };
	if (outcome.result != HS_SCAN_SUCCEED)
		return true;
	if (before.result == HS_SCAN_SUCCEED) {
		decide_file_collapse(request, answer);
	} else {
		answer->basis = HS_BASIS_ASSUMED;
		answer->reason = "the scan passes under these settings; the collapse itself is assumed";
	}
	return true;
}

bool hs_snapshot_is_stale(const struct hs_collapse_request *request)
{
	const struct hs_counter_request *counter = &request->counter;

	if (request->is_file)
		return request->cache && !is_cache_faithful(request);
	if (!request->has_pages || hs_counter_is_pmd_code(counter->recorded))
		return false;
	return !(counter->phase == HS_COUNTER_ISOLATE ? is_isolate_faithful(request) : is_scan_faithful(request));
}

/* Whether pages of large folios count as shared was told by the recorded kernel's measure alone. */
static enum hs_basis basis_of_pages(const struct hs_collapse_request *request)
{
	const struct hs_counter_request *counter = &request->counter;
	const bool same = counter->rules->shared_rule == counter->recorded_rules->shared_rule;

	return same || hs_bitmap512_is_empty(&request->ptes.plane[HS_PTE_LARGE]) ? HS_BASIS_EXACT : HS_BASIS_ASSUMED;
}

/* The whole walk, pages and all. */
static void walk_pages(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	const struct hs_counter_request *counter = &request->counter;
	const struct hs_scan_request scan = scan_of(request, false), recorded = scan_of(request, true);
	struct hs_scan_outcome outcome, before;

	hs_scan_decide(&scan, &outcome);
	*answer = (struct hs_counter_answer){ .result = outcome.result, .basis = basis_of_pages(request),
					      .reason = "walk over the recorded page table and its pages" };
	if (outcome.index != counter->tunables->nr)
		return;
	/* The kernel's own count is the better one: references of a secondary MMU are in it. */
	if (counter->is_completed && counter->is_khugepaged)
		outcome.referenced = counter->referenced;
	else if (request->has_notifiers && counter->is_khugepaged)
		answer->basis = HS_BASIS_ASSUMED;
	answer->result = hs_scan_behind_loop(&scan, &outcome);
	hs_scan_decide(&recorded, &before);
	if (answer->result == HS_SCAN_SUCCEED && !before.is_attempt && !request->nr_attempts) {
		answer->basis = HS_BASIS_ASSUMED;
		answer->reason = "the scan passes under these settings; the collapse itself is assumed";
	}
}

/* Codes that an entry gives without a look at its page. */
static bool stops_at_entry(enum hs_collapse_result result)
{
	return result == HS_SCAN_EXCEED_NONE_PTE || result == HS_SCAN_EXCEED_SWAP_PTE ||
	       result == HS_SCAN_PTE_NON_PRESENT || result == HS_SCAN_PTE_UFFD_WP || result == HS_SCAN_PAGE_RO;
}

/* The walk where only the entries were recorded. False: it is not the page table that the kernel walked. */
static bool walk_entries(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	const struct hs_counter_request *counter = &request->counter;
	const struct hs_scan_request scan = scan_of(request, false);
	struct hs_scan_outcome outcome;
	bool is_whole;

	hs_scan_decide(&scan, &outcome);
	is_whole = outcome.index == counter->tunables->nr;
	if (counter->is_completed && is_whole &&
	    (outcome.none != counter->none || outcome.unmapped != counter->unmapped))
		return false;
	*answer = (struct hs_counter_answer){ .result = outcome.result, .basis = HS_BASIS_EXACT,
					      .reason = "walk over the recorded page table" };
	if (counter->is_completed) {
		/* Behind the whole walk, accessed bits are a lower bound of what the kernel counted. */
		if (is_whole)
			hs_counter_decide(counter, answer);
	} else if (!stops_at_entry(counter->recorded)) {
		/* Where a page stopped the recorded walk, only the counts tell where. */
		hs_counter_decide(counter, answer);
	} else if (is_whole || outcome.none > counter->none || outcome.unmapped > counter->unmapped) {
		answer->basis = HS_BASIS_ASSUMED;
		answer->reason = "walk over the recorded page table; pages behind the recorded stop assumed good";
	}
	hs_counter_doubt_shared(counter, answer);
	return true;
}

bool hs_snapshot_scan(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	if (!request->has_ptes || hs_counter_is_pmd_code(request->counter.recorded))
		return false;
	if (!request->has_pages)
		return walk_entries(request, answer);
	if (!is_scan_faithful(request))
		return false;
	walk_pages(request, answer);
	return true;
}

bool hs_snapshot_isolate(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	const struct hs_isolate_request isolate = isolate_of(request, false);
	struct hs_isolate_outcome outcome;

	if (!request->has_pages || !request->common.subject || !is_isolate_faithful(request))
		return false;
	hs_isolate_decide(&isolate, &outcome);
	/* Behind the whole walk the kernel's own count of references holds. */
	if (outcome.result == HS_SCAN_LACK_REFERENCED_PAGE && request->counter.referenced)
		outcome.result = HS_SCAN_SUCCEED;
	*answer = (struct hs_counter_answer){ .result = outcome.result, .basis = basis_of_pages(request),
					      .reason = "walk over the detached page table and its pages" };
	return true;
}
