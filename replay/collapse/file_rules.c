// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/file_rules.h"

/* Large folios: which of them end the walk, and with which code. */
static void add_large_checks(struct hs_pte_walk *walk, const struct hs_file_request *request)
{
	const struct hs_cache_map *cache = request->cache;
	struct hs_bitmap512 huge = { { 0 } }, other = cache->large;

	if (cache->has_huge) {
		hs_bitmap512_clear(&other, cache->huge_at);
		/* Up to 6.18 one that does not begin with the range is as good as none. */
		if (cache->huge_is_at_start || request->rules->dirty_code)
			hs_bitmap512_set(&huge, cache->huge_at);
		else
			hs_bitmap512_set(&other, cache->huge_at);
	}
	hs_pte_walk_add(walk, &huge, 0, HS_SCAN_PTE_MAPPED_HUGEPAGE);
	if (!request->rules->compound_files)
		hs_pte_walk_add(walk, &other, 0, HS_SCAN_PAGE_COMPOUND);
}

void hs_file_scan_decide(const struct hs_file_request *request, struct hs_file_outcome *outcome)
{
	const struct hs_cache_map *cache = request->cache;
	const struct hs_collapse_tunables *tunables = request->tunables;
	const struct hs_bitmap512 far = hs_scan_far(request->nodes, &cache->present, tunables->nr);
	struct hs_pte_walk walk = { .to = tunables->nr };
	const struct hs_pte_check *stopped;
	unsigned int visited;

	hs_pte_walk_add(&walk, &cache->swap, request->is_khugepaged ? (unsigned int)tunables->max_ptes_swap :
									HS_NO_LIMIT, HS_SCAN_EXCEED_SWAP_PTE);
	add_large_checks(&walk, request);
	hs_pte_walk_add(&walk, &far, 0, HS_SCAN_SCAN_ABORT);
	hs_pte_walk_add(&walk, &cache->off_lru, 0, HS_SCAN_PAGE_LRU);
	hs_pte_walk_add(&walk, &cache->pinned, 0, HS_SCAN_PAGE_COUNT);
	stopped = hs_pte_walk_run(&walk, &outcome->index);
	visited = stopped ? outcome->index + 1 : outcome->index;
	outcome->swap = hs_bitmap512_count_in(&cache->swap, 0, visited);
	outcome->present = hs_bitmap512_count_in(&cache->present, 0, outcome->index);
	outcome->result = stopped ? stopped->result : HS_SCAN_SUCCEED;
	if (!stopped && request->is_khugepaged && outcome->present < tunables->nr - tunables->max_ptes_none)
		outcome->result = HS_SCAN_EXCEED_NONE_PTE;
}

static enum hs_collapse_result collapse_result(const struct hs_file_collapse_request *request, unsigned int holes)
{
	if (!request->is_shmem)
		return HS_SCAN_SUCCEED;
	/* Nothing is left of the range: it was truncated, as far as the kernel can tell. */
	if (holes == request->tunables->nr)
		return HS_SCAN_TRUNCATED;
	/* Since the kernel whose MADV_COLLAPSE knows of it, missing pages are left to who waits for them. */
	if (holes && request->is_missing_armed && request->rules->madvise_none_busy)
		return HS_SCAN_EXCEED_NONE_PTE;
	return HS_SCAN_SUCCEED;
}

void hs_file_collapse_decide(const struct hs_file_collapse_request *request,
			     struct hs_file_collapse_outcome *outcome)
{
	const unsigned int nr = request->tunables->nr;
	const struct hs_cache_map *cache = request->cache;
	const unsigned int present = hs_bitmap512_count_in(&cache->present, 0, nr);
	/* In the cache of a file these are shadows of pages that were evicted. */
	const unsigned int swap = request->is_shmem ? hs_bitmap512_count_in(&cache->swap, 0, nr) : 0;

	*outcome = (struct hs_file_collapse_outcome){ .result = collapse_result(request, nr - present - swap) };
	if (outcome->result != HS_SCAN_SUCCEED)
		return;
	outcome->swapped_in = swap;
	outcome->copied = present + swap;
	outcome->filled = nr - outcome->copied;
}

enum hs_collapse_result hs_file_dirty_result(const struct hs_collapse_rules *rules)
{
	return rules->dirty_code ? HS_SCAN_PAGE_DIRTY_OR_WRITEBACK : HS_SCAN_FAIL;
}
