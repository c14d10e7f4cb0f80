// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/scan_rules.h"

#include <string.h>

enum hs_collapse_result hs_scan_pmd_result(const struct hs_collapse_rules *rules, enum hs_pmd_state pmd)
{
	switch (pmd) {
	case HS_PMD_TABLE:
		return HS_SCAN_SUCCEED;
	case HS_PMD_HUGE:
		return HS_SCAN_PMD_MAPPED;
	case HS_PMD_MIGRATION:
		return rules->pmd_migration_mapped ? HS_SCAN_PMD_MAPPED : HS_SCAN_PMD_NULL;
	case HS_PMD_NONE:
		return rules->no_pte_table_code ? HS_SCAN_NO_PTE_TABLE : HS_SCAN_PMD_NONE;
	default:
		return rules->no_pte_table_code ? HS_SCAN_NO_PTE_TABLE : HS_SCAN_PMD_NULL;
	}
}

bool hs_scan_is_multi_order(const struct hs_scan_request *request)
{
	return request->rules->sub_pmd_orders && request->is_khugepaged &&
	       request->orders != 1u << hs_thp_pmd_order(request->tunables);
}

unsigned int hs_scan_none_limit(const struct hs_scan_request *request)
{
	if (hs_scan_is_multi_order(request))
		return request->tunables->nr - 1;
	if (request->rules->uffd_rule && (request->vma_flags & HS_THP_VMA_UFFD))
		return 0;
	return request->is_khugepaged ? (unsigned int)request->tunables->max_ptes_none : HS_NO_LIMIT;
}

struct hs_bitmap512 hs_scan_shared(const struct hs_collapse_rules *rules, const struct hs_pte_map *ptes)
{
	static const enum hs_pte_plane plane[] = {
		[HS_SHARED_COUNT] = HS_PTE_SHARED_PAGE, [HS_SHARED_PAGE] = HS_PTE_SHARED_PAGE,
		[HS_SHARED_LIKELY] = HS_PTE_SHARED_LIKELY, [HS_SHARED_MAYBE] = HS_PTE_SHARED_MAYBE,
	};

	return ptes->plane[plane[rules->shared_rule]];
}

struct hs_bitmap512 hs_scan_pinned(const struct hs_collapse_rules *rules, const struct hs_pte_map *ptes)
{
	struct hs_bitmap512 pinned = ptes->plane[HS_PTE_EXTRA_REF];

	if (rules->shared_rule == HS_SHARED_COUNT) {
		pinned = hs_bitmap512_or(&pinned, &ptes->plane[HS_PTE_SWAP_CACHE]);
		pinned = hs_bitmap512_or(&pinned, &ptes->plane[HS_PTE_SHARED_PAGE]);
	}
	return pinned;
}

struct hs_bitmap512 hs_scan_referenced(const struct hs_collapse_rules *rules, const struct hs_pte_map *ptes)
{
	if (!rules->folio_young)
		return ptes->plane[HS_PTE_YOUNG];
	return hs_bitmap512_or(&ptes->plane[HS_PTE_YOUNG], &ptes->plane[HS_PTE_FOLIO_YOUNG]);
}

struct hs_bitmap512 hs_scan_empty(const struct hs_collapse_rules *rules, const struct hs_pte_map *ptes)
{
	if (!rules->zero_is_none)
		return ptes->plane[HS_PTE_NONE];
	return hs_bitmap512_or(&ptes->plane[HS_PTE_NONE], &ptes->plane[HS_PTE_ZERO]);
}

struct hs_bitmap512 hs_scan_lazyfree(const struct hs_scan_request *request)
{
	const struct hs_pte_map *ptes = request->range.ptes;
	struct hs_bitmap512 nothing = { { 0 } };

	if (!request->rules->lazyfree_rule || !request->is_khugepaged || (request->vma_flags & HS_THP_VMA_DROPPABLE))
		return nothing;
	return hs_bitmap512_and_not(&ptes->plane[HS_PTE_LAZYFREE], &ptes->plane[HS_PTE_DIRTY]);
}

struct hs_bitmap512 hs_scan_far(const struct hs_pte_nodes *nodes, const struct hs_bitmap512 *present,
				unsigned int nr)
{
	struct hs_bitmap512 far = { { 0 } };
	unsigned int seen = 0;

	if (!nodes)
		return far;
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int node = nodes->node[i];

		if (!hs_bitmap512_test(present, i))
			continue;
		if (!(seen & 1u << node) && (seen & nodes->too_far[node])) {
			hs_bitmap512_set(&far, i);
			break;
		}
		seen |= 1u << node;
	}
	return far;
}

/* hpage_collapse_find_target_node: most pages, of those the lowest; all with as many are allowed. */
static void find_target(const struct hs_scan_request *request, const struct hs_bitmap512 *present,
			struct hs_scan_outcome *outcome)
{
	const struct hs_pte_nodes *nodes = request->range.nodes;
	unsigned int load[HS_MAX_NODES] = { 0 };
	unsigned int most = 0;

	outcome->allowed_nodes = 1;
	if (!nodes)
		return;
	for (unsigned int i = 0; i < outcome->index; i++) {
		if (hs_bitmap512_test(present, i))
			load[nodes->node[i]]++;
	}
	for (unsigned int node = 0; node < nodes->nr_nodes; node++) {
		if (load[node] > most) {
			most = load[node];
			outcome->target_node = node;
			outcome->allowed_nodes = 0;
		}
		if (load[node] == most)
			outcome->allowed_nodes |= 1u << node;
	}
}

static void add_absent_checks(struct hs_pte_walk *walk, const struct hs_scan_request *request,
			      const struct hs_bitmap512 *empty)
{
	const struct hs_collapse_rules *rules = request->rules;
	const struct hs_bitmap512 *swap = &walk->ptes->plane[HS_PTE_SWAP];
	struct hs_bitmap512 wp = hs_bitmap512_and(swap, &walk->ptes->plane[HS_PTE_UFFD_WP]);

	hs_pte_walk_add(walk, empty, hs_scan_none_limit(request), HS_SCAN_EXCEED_NONE_PTE);
	if (!rules->swaps_in) {
		hs_pte_walk_add(walk, swap, 0, HS_SCAN_PTE_NON_PRESENT);
		return;
	}
	hs_pte_walk_add(walk, swap,
			request->is_khugepaged ? (unsigned int)request->tunables->max_ptes_swap : HS_NO_LIMIT,
			HS_SCAN_EXCEED_SWAP_PTE);
	if (rules->uffd_markers)
		wp = hs_bitmap512_or(&wp, &walk->ptes->plane[HS_PTE_UFFD_MARKER]);
	hs_pte_walk_add(walk, &wp, 0, HS_SCAN_PTE_UFFD_WP);
}

static void add_on_present(struct hs_pte_walk *walk, const struct hs_bitmap512 *present,
			   const struct hs_bitmap512 *bits, unsigned int limit, enum hs_collapse_result result,
			   bool has_page)
{
	struct hs_bitmap512 both = hs_bitmap512_and(present, bits);

	hs_pte_walk_add(walk, &both, limit, result)->has_page = has_page;
}

/* The tests of a present page, in the order of the kernel's loop body. */
static void add_page_checks(struct hs_pte_walk *walk, const struct hs_scan_request *request,
			    const struct hs_bitmap512 *present)
{
	const struct hs_collapse_rules *rules = request->rules;
	const struct hs_bitmap512 *plane = walk->ptes->plane;
	const struct hs_bitmap512 lazyfree = hs_scan_lazyfree(request);
	const struct hs_bitmap512 shared = hs_scan_shared(rules, walk->ptes);
	const struct hs_bitmap512 pinned = hs_scan_pinned(rules, walk->ptes);
	const struct hs_bitmap512 far = hs_scan_far(request->node_reclaim ? request->range.nodes : NULL,
						     present, request->tunables->nr);
	/* 6.1 remembers the page behind the shared test, later kernels before all tests of the page. */
	const bool early = !rules->late_anon;
	const unsigned int shared_limit = request->is_khugepaged ? (unsigned int)request->tunables->max_ptes_shared :
								   HS_NO_LIMIT;

	if (rules->writable_rule == HS_WRITABLE_EACH)
		add_on_present(walk, present, &plane[HS_PTE_READ_ONLY], 0, HS_SCAN_PAGE_RO, false);
	if (rules->uffd_rule)
		add_on_present(walk, present, &plane[HS_PTE_UFFD_WP], 0, HS_SCAN_PTE_UFFD_WP, false);
	add_on_present(walk, present, &plane[HS_PTE_NO_PAGE], 0, HS_SCAN_PAGE_NULL, false);
	if (rules->shared_rule == HS_SHARED_COUNT) {
		hs_pte_walk_add(walk, &plane[HS_PTE_COMPOUND], 0, HS_SCAN_FAIL)->assertion = HS_THP_COMPOUND_PAGE;
	} else {
		add_on_present(walk, present, &lazyfree, 0, HS_SCAN_PAGE_LAZYFREE, early);
		if (!rules->late_anon)
			add_on_present(walk, present, &plane[HS_PTE_NOT_ANON], 0, HS_SCAN_PAGE_ANON, early);
		add_on_present(walk, present, &shared, shared_limit, HS_SCAN_EXCEED_SHARED_PTE, early);
		add_on_present(walk, present, &far, 0, HS_SCAN_SCAN_ABORT, true);
	}
	add_on_present(walk, present, &plane[HS_PTE_OFF_LRU], 0, HS_SCAN_PAGE_LRU, true);
	add_on_present(walk, present, &plane[HS_PTE_LOCKED], 0, HS_SCAN_PAGE_LOCK, true);
	if (rules->late_anon)
		add_on_present(walk, present, &plane[HS_PTE_NOT_ANON], 0, HS_SCAN_PAGE_ANON, true);
	add_on_present(walk, present, &pinned, 0, HS_SCAN_PAGE_COUNT, true);
}

enum hs_collapse_result hs_scan_behind_loop(const struct hs_scan_request *request,
					    const struct hs_scan_outcome *outcome)
{
	if (request->rules->writable_rule == HS_WRITABLE_ANY && !outcome->is_writable)
		return HS_SCAN_PAGE_RO;
	if (!request->is_khugepaged)
		return HS_SCAN_SUCCEED;
	if (outcome->referenced == 0 ||
	    (outcome->unmapped && outcome->referenced < request->tunables->nr / 2))
		return HS_SCAN_LACK_REFERENCED_PAGE;
	return HS_SCAN_SUCCEED;
}

static void count_prefix(const struct hs_scan_request *request, const struct hs_bitmap512 *empty,
			 const struct hs_bitmap512 *present, const struct hs_pte_check *stopped,
			 struct hs_scan_outcome *outcome)
{
	const struct hs_pte_map *ptes = request->range.ptes;
	const unsigned int index = outcome->index;
	struct hs_bitmap512 referenced = hs_scan_referenced(request->rules, ptes);
	struct hs_bitmap512 shared = hs_scan_shared(request->rules, ptes);
	struct hs_bitmap512 writable = hs_bitmap512_and_not(present, &ptes->plane[HS_PTE_READ_ONLY]);

	referenced = hs_bitmap512_and(&referenced, present);
	shared = hs_bitmap512_and(&shared, present);
	outcome->visited = stopped ? index + 1 : index;
	outcome->none = hs_bitmap512_count_in(empty, 0, outcome->visited);
	outcome->unmapped = hs_bitmap512_count_in(&ptes->plane[HS_PTE_SWAP], 0, outcome->visited);
	outcome->referenced = request->is_khugepaged ? hs_bitmap512_count_in(&referenced, 0, index) : 0;
	outcome->shared = hs_bitmap512_count_in(&shared, 0, outcome->visited);
	outcome->is_writable = hs_bitmap512_count_in(&writable, 0, index) != 0;
	outcome->has_page = (stopped && stopped->has_page) || hs_bitmap512_count_in(present, 0, index) != 0;
	outcome->progress = request->rules->pte_progress ? outcome->visited : request->tunables->nr;
	find_target(request, present, outcome);
}

void hs_scan_decide(const struct hs_scan_request *request, struct hs_scan_outcome *outcome)
{
	const struct hs_collapse_rules *rules = request->rules;
	struct hs_pte_walk walk = { .ptes = request->range.ptes, .to = request->tunables->nr };
	const struct hs_pte_check *stopped;
	struct hs_bitmap512 empty, present;

	memset(outcome, 0, sizeof(*outcome));
	outcome->result = hs_scan_pmd_result(rules, request->range.pmd);
	if (outcome->result != HS_SCAN_SUCCEED) {
		outcome->progress = rules->pte_progress ? 1 : request->tunables->nr;
		return;
	}
	outcome->has_table = true;
	empty = hs_scan_empty(rules, walk.ptes);
	present = hs_pte_present(walk.ptes, rules->zero_is_none);
	add_absent_checks(&walk, request, &empty);
	add_page_checks(&walk, request, &present);
	stopped = hs_pte_walk_run(&walk, &outcome->index);
	count_prefix(request, &empty, &present, stopped, outcome);
	if (stopped)
		outcome->assertion = stopped->assertion;
	outcome->result = stopped ? stopped->result : hs_scan_behind_loop(request, outcome);
	outcome->is_attempt = !stopped && outcome->result == HS_SCAN_SUCCEED;
}
