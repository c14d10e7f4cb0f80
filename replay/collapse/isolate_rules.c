// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/isolate_rules.h"

#include <string.h>

unsigned int hs_isolate_none_limit(const struct hs_scan_request *scan, unsigned int order)
{
	const struct hs_collapse_tunables *tunables = scan->tunables;

	if (scan->rules->uffd_rule && (scan->vma_flags & HS_THP_VMA_UFFD))
		return 0;
	if (order == hs_thp_pmd_order(tunables))
		return scan->is_khugepaged ? (unsigned int)tunables->max_ptes_none : HS_NO_LIMIT;
	/* Below the PMD order only "all" and "none" are understood; anything else counts as "none". */
	return tunables->max_ptes_none == tunables->nr - 1 ? (1u << order) - 1 : 0;
}

unsigned int hs_isolate_shared_limit(const struct hs_scan_request *scan, unsigned int order)
{
	if (order != hs_thp_pmd_order(scan->tunables))
		return 0;
	return scan->is_khugepaged ? (unsigned int)scan->tunables->max_ptes_shared : HS_NO_LIMIT;
}

static void add_assertion(struct hs_pte_walk *walk, enum hs_pte_plane plane, enum hs_thp_assertion assertion)
{
	hs_pte_walk_add(walk, &walk->ptes->plane[plane], 0, HS_SCAN_FAIL)->assertion = assertion;
}

/* Entries whose folio is at least as large as the candidate: collapsing would gain nothing (7.2). */
static struct hs_bitmap512 large_enough(const struct hs_isolate_request *request)
{
	const uint8_t *order = request->scan.range.folio_order;
	struct hs_bitmap512 large = { { 0 } };

	if (!order || request->order == hs_thp_pmd_order(request->scan.tunables))
		return large;
	for (unsigned int i = request->from; i < request->from + (1u << request->order); i++) {
		if (order[i] >= request->order)
			hs_bitmap512_set(&large, i);
	}
	return large;
}

static void add_present(struct hs_pte_walk *walk, const struct hs_bitmap512 *present,
			const struct hs_bitmap512 *bits, unsigned int limit, enum hs_collapse_result result)
{
	struct hs_bitmap512 both = hs_bitmap512_and(present, bits);

	hs_pte_walk_add(walk, &both, limit, result);
}

/* v2010: entries in this order, asserting where a later kernel refuses. */
static void add_first_checks(struct hs_pte_walk *walk, const struct hs_collapse_rules *rules,
			     const struct hs_bitmap512 *present)
{
	const struct hs_bitmap512 *plane = walk->ptes->plane;
	struct hs_bitmap512 pinned = hs_scan_pinned(rules, walk->ptes);

	add_present(walk, present, &plane[HS_PTE_READ_ONLY], 0, HS_SCAN_PAGE_RO);
	add_present(walk, present, &plane[HS_PTE_NO_PAGE], 0, HS_SCAN_PAGE_NULL);
	add_assertion(walk, HS_PTE_COMPOUND, HS_THP_COMPOUND_PAGE);
	add_assertion(walk, HS_PTE_NOT_ANON, HS_THP_PAGE_NOT_ANON);
	add_assertion(walk, HS_PTE_NOT_SWAP_BACKED, HS_THP_PAGE_NOT_SWAP_BACKED);
	add_present(walk, present, &pinned, 0, HS_SCAN_PAGE_COUNT);
	add_present(walk, present, &plane[HS_PTE_LOCKED], 0, HS_SCAN_PAGE_LOCK);
	add_present(walk, present, &plane[HS_PTE_OFF_LRU], 0, HS_SCAN_DEL_PAGE_LRU);
}

static void add_folio_checks(struct hs_pte_walk *walk, const struct hs_isolate_request *request,
			     const struct hs_bitmap512 *present)
{
	const struct hs_scan_request *scan = &request->scan;
	const struct hs_bitmap512 *plane = walk->ptes->plane;
	const struct hs_bitmap512 lazyfree = hs_scan_lazyfree(scan);
	const struct hs_bitmap512 shared = hs_scan_shared(scan->rules, walk->ptes);
	const struct hs_bitmap512 pinned = hs_scan_pinned(scan->rules, walk->ptes);
	const struct hs_bitmap512 large = large_enough(request);
	/* A folio is locked, counted and isolated once, at its first entry. */
	const struct hs_bitmap512 first = hs_bitmap512_and_not(present, &plane[HS_PTE_SAME_FOLIO]);
	/* Only large folios are recognised again; a small page is found locked by the step itself. */
	const struct hs_bitmap512 locked = hs_bitmap512_or(&plane[HS_PTE_LOCKED], &plane[HS_PTE_REPEATED]);

	add_present(walk, present, &plane[HS_PTE_UFFD_WP], 0, HS_SCAN_PTE_UFFD_WP);
	add_present(walk, present, &plane[HS_PTE_NO_PAGE], 0, HS_SCAN_PAGE_NULL);
	add_present(walk, present, &plane[HS_PTE_NOT_ANON], 0, HS_SCAN_FAIL);
	walk->checks[walk->nr_checks - 1].assertion = HS_THP_PAGE_NOT_ANON;
	add_present(walk, present, &lazyfree, 0, HS_SCAN_PAGE_LAZYFREE);
	add_present(walk, present, &shared, hs_isolate_shared_limit(scan, request->order), HS_SCAN_EXCEED_SHARED_PTE);
	add_present(walk, present, &large, 0, HS_SCAN_PTE_MAPPED_HUGEPAGE);
	add_present(walk, &first, &locked, 0, HS_SCAN_PAGE_LOCK);
	add_present(walk, &first, &pinned, 0, HS_SCAN_PAGE_COUNT);
	add_present(walk, &first, &plane[HS_PTE_OFF_LRU], 0, HS_SCAN_DEL_PAGE_LRU);
}

static enum hs_collapse_result decide_completed(const struct hs_isolate_request *request,
						const struct hs_isolate_outcome *outcome)
{
	if (request->scan.rules->writable_rule == HS_WRITABLE_ANY && !outcome->is_writable)
		return HS_SCAN_PAGE_RO;
	if (request->scan.is_khugepaged && !outcome->referenced)
		return HS_SCAN_LACK_REFERENCED_PAGE;
	return HS_SCAN_SUCCEED;
}

void hs_isolate_decide(const struct hs_isolate_request *request, struct hs_isolate_outcome *outcome)
{
	const struct hs_collapse_rules *rules = request->scan.rules;
	const struct hs_pte_map *ptes = request->scan.range.ptes;
	const unsigned int to = request->from + (1u << request->order);
	struct hs_pte_walk walk = { .ptes = ptes, .from = request->from, .to = to };
	struct hs_bitmap512 empty = hs_scan_empty(rules, ptes);
	struct hs_bitmap512 present = hs_pte_present(ptes, rules->zero_is_none);
	struct hs_bitmap512 young = hs_scan_referenced(rules, ptes);
	struct hs_bitmap512 writable = hs_bitmap512_and_not(&present, &ptes->plane[HS_PTE_READ_ONLY]);
	const struct hs_pte_check *stopped;
	unsigned int visited;

	memset(outcome, 0, sizeof(*outcome));
	young = hs_bitmap512_and(&young, &present);
	hs_pte_walk_add(&walk, &empty, hs_isolate_none_limit(&request->scan, request->order),
			HS_SCAN_EXCEED_NONE_PTE);
	hs_pte_walk_add(&walk, &ptes->plane[HS_PTE_SWAP], 0, HS_SCAN_PTE_NON_PRESENT);
	if (rules->writable_rule == HS_WRITABLE_EACH)
		add_first_checks(&walk, rules, &present);
	else
		add_folio_checks(&walk, request, &present);
	stopped = hs_pte_walk_run(&walk, &outcome->index);
	visited = stopped ? outcome->index + 1 : to;
	outcome->none = hs_bitmap512_count_in(&empty, request->from, visited);
	outcome->zero = hs_bitmap512_count_in(&ptes->plane[HS_PTE_ZERO], request->from, visited);
	outcome->referenced = request->scan.is_khugepaged ?
			      hs_bitmap512_count_in(&young, request->from, outcome->index) : 0;
	outcome->is_writable = hs_bitmap512_count_in(&writable, request->from, outcome->index) != 0;
	outcome->assertion = stopped ? stopped->assertion : HS_THP_NO_ASSERTION;
	outcome->result = stopped ? stopped->result : decide_completed(request, outcome);
}
