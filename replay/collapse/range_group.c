// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/range_group.h"

#include <stdlib.h>
#include <string.h>

void hs_range_groups_deinit(struct hs_range_groups *groups)
{
	hs_vec_for_each(group, &groups->all)
		free(*group);
	hs_vec_deinit(&groups->all);
	hs_hash_map_deinit(&groups->by_task);
}

struct hs_range_group *hs_range_groups_find(const struct hs_range_groups *groups, uint32_t task)
{
	const uint64_t *index = hs_hash_map_get(&groups->by_task, task);

	return index ? groups->all.items[*index] : NULL;
}

struct hs_range_group *hs_range_groups_get(struct hs_range_groups *groups, uint32_t task)
{
	struct hs_range_group *group = hs_range_groups_find(groups, task);

	if (group)
		return group;
	group = calloc(1, sizeof(*group));
	if (!group || !hs_vec_push(&groups->all, group)) {
		free(group);
		return NULL;
	}
	group->task = task;
	if (hs_hash_map_put(&groups->by_task, task, groups->all.count - 1)) {
		groups->all.count--;
		free(group);
		return NULL;
	}
	group->allocated = group->swapped = HS_NR_COLLAPSE_RESULTS;
	return group;
}

void hs_range_group_clear(struct hs_range_group *group)
{
	const uint32_t task = group->task;

	/* The bitmaps are only read where has_ptes is set; the tally is of more than one range. */
	memset(group, 0, offsetof(struct hs_range_group, ptes));
	group->task = task;
	group->allocated = group->swapped = HS_NR_COLLAPSE_RESULTS;
	group->has_cache = false;
}

static void take_bitmap(struct hs_pte_map *ptes, enum hs_pte_plane plane, const struct hs_bytes *bytes)
{
	if (bytes->length == sizeof(ptes->plane[plane]))
		memcpy(&ptes->plane[plane], bytes->data, bytes->length);
}

static void take_pages(struct hs_pte_map *ptes, const struct hs_collapse_ptes *event)
{
	take_bitmap(ptes, HS_PTE_NO_PAGE, &event->no_page);
	take_bitmap(ptes, HS_PTE_NOT_ANON, &event->not_anon);
	take_bitmap(ptes, HS_PTE_SHARED_PAGE, &event->shared);
	take_bitmap(ptes, HS_PTE_SHARED_LIKELY, &event->shared);
	take_bitmap(ptes, HS_PTE_SHARED_MAYBE, &event->shared);
	take_bitmap(ptes, HS_PTE_OFF_LRU, &event->off_lru);
	take_bitmap(ptes, HS_PTE_LOCKED, &event->locked);
	take_bitmap(ptes, HS_PTE_EXTRA_REF, &event->pinned);
	take_bitmap(ptes, HS_PTE_SWAP_CACHE, &event->swap_cache);
	take_bitmap(ptes, HS_PTE_LAZYFREE, &event->lazyfree);
	take_bitmap(ptes, HS_PTE_NOT_SWAP_BACKED, &event->lazyfree);
	take_bitmap(ptes, HS_PTE_FOLIO_YOUNG, &event->referenced);
	take_bitmap(ptes, HS_PTE_LARGE, &event->large);
	take_bitmap(ptes, HS_PTE_COMPOUND, &event->large);
	take_bitmap(ptes, HS_PTE_SAME_FOLIO, &event->same_folio);
	take_bitmap(ptes, HS_PTE_REPEATED, &event->repeated);
}

void hs_range_group_take_ptes(struct hs_pte_map *ptes, const struct hs_collapse_ptes *event)
{
	struct hs_bitmap512 *plane = ptes->plane;

	memset(ptes, 0, sizeof(*ptes));
	take_bitmap(ptes, HS_PTE_NONE, &event->none);
	take_bitmap(ptes, HS_PTE_SWAP, &event->swap);
	take_bitmap(ptes, HS_PTE_ZERO, &event->zero);
	take_bitmap(ptes, HS_PTE_YOUNG, &event->young);
	take_bitmap(ptes, HS_PTE_DIRTY, &event->dirty);
	take_bitmap(ptes, HS_PTE_UFFD_WP, &event->uffd_wp);
	take_bitmap(ptes, HS_PTE_UFFD_MARKER, &event->marker);
	take_bitmap(ptes, HS_PTE_SWAP_ERROR, &event->poisoned);
	plane[HS_PTE_UFFD_MARKER] = hs_bitmap512_and(&plane[HS_PTE_UFFD_MARKER], &plane[HS_PTE_UFFD_WP]);
	plane[HS_PTE_UFFD_WP] = hs_bitmap512_and_not(&plane[HS_PTE_UFFD_WP], &plane[HS_PTE_UFFD_MARKER]);
	take_bitmap(ptes, HS_PTE_READ_ONLY, &event->writable);
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		plane[HS_PTE_READ_ONLY].word[i] = ~plane[HS_PTE_READ_ONLY].word[i];
	if (event->has_pages)
		take_pages(ptes, event);
}

/* Bitmaps of node 1, node 2, …; false: all pages are on node 0. */
static bool take_nodes(struct hs_pte_nodes *nodes, const struct hs_bytes *bytes)
{
	const unsigned int count = (unsigned int)(bytes->length / sizeof(struct hs_bitmap512));
	struct hs_bitmap512 pages;

	if (!count || count >= HS_MAX_NODES)
		return false;
	memset(nodes, 0, sizeof(*nodes));
	nodes->nr_nodes = (uint8_t)(count + 1);
	for (unsigned int node = 0; node < count; node++) {
		memcpy(&pages, bytes->data + node * sizeof(pages), sizeof(pages));
		for (unsigned int i = 0; i < HS_BITMAP512_BITS; i++)
			if (hs_bitmap512_test(&pages, i))
				nodes->node[i] = (uint8_t)(node + 1);
	}
	return true;
}

static void take_detached(struct hs_range_group *group, const struct hs_collapse_ptes *event)
{
	group->has_detached = event->pmd == HS_PMD_TABLE && event->has_pages;
	if (group->has_detached)
		hs_range_group_take_ptes(&group->detached, event);
}

void hs_range_group_add_ptes(struct hs_range_group *group, const struct hs_collapse_ptes *event, uint32_t vma_flags)
{
	if (event->moment == 2)
		take_detached(group, event);
	/* The page table at the scan's entry is the best there is. */
	if (group->has_ptes && group->ptes_moment <= event->moment)
		return;
	group->has_ptes = event->pmd == HS_PMD_TABLE;
	group->has_pmd = event->moment == 0 && event->pmd <= HS_PMD_BAD;
	group->origin = event->moment ? HS_COLLAPSE_BY_UNKNOWN :
			event->is_khugepaged ? HS_COLLAPSE_BY_DAEMON : HS_COLLAPSE_BY_MADVISE;
	group->pmd = event->pmd;
	group->ptes_moment = event->moment;
	group->ptes_has_pages = event->has_pages;
	group->address = event->address;
	group->vma_flags = vma_flags;
	group->has_notifiers = event->has_notifiers == 1;
	hs_range_group_take_ptes(&group->ptes, event);
	group->has_nodes = event->has_pages && take_nodes(&group->nodes, &event->nodes);
}

static void take_plane(struct hs_bitmap512 *plane, const struct hs_bytes *bytes)
{
	memset(plane, 0, sizeof(*plane));
	if (bytes->length == sizeof(*plane))
		memcpy(plane, bytes->data, bytes->length);
}

void hs_cache_map_take(struct hs_cache_map *cache, const struct hs_collapse_cache *event)
{
	memset(cache, 0, sizeof(*cache));
	take_plane(&cache->present, &event->present);
	take_plane(&cache->swap, &event->swap);
	take_plane(&cache->large, &event->large);
	take_plane(&cache->off_lru, &event->off_lru);
	take_plane(&cache->pinned, &event->pinned);
	take_plane(&cache->locked, &event->locked);
	cache->has_huge = event->huge < HS_BITMAP512_BITS;
	cache->huge_at = cache->has_huge ? event->huge : 0;
	cache->huge_is_at_start = event->huge_at_start == 1;
}

void hs_range_group_add_cache(struct hs_range_group *group, const struct hs_collapse_cache *event)
{
	group->has_cache = event->is_whole;
	if (!event->is_whole)
		return;
	hs_cache_map_take(&group->cache, event);
	group->has_nodes = take_nodes(&group->nodes, &event->nodes);
}

void hs_range_group_add_swapin(struct hs_range_group *group, const struct hs_collapse_swapin *event,
			       enum hs_collapse_result result)
{
	group->has_swapin = true;
	group->swapped = result;
	group->swapped_in += event->swapped_in;
}

bool hs_range_group_add_isolate(struct hs_range_group *group, const struct hs_group_isolate *isolate)
{
	const bool is_first = !group->has_isolate;

	group->is_broken |= !is_first;
	group->has_isolate = true;
	group->isolate = *isolate;
	return is_first;
}

/* Codes of the steps before the new page is there and charged. */
static bool is_before_allocation(enum hs_collapse_result result)
{
	return result == HS_SCAN_ALLOC_HUGE_PAGE_FAIL;
}

void hs_range_group_add_attempt(struct hs_range_group *group, const struct hs_collapse_huge_page *event,
				enum hs_collapse_result recorded, const struct hs_counter_answer *modelled)
{
	struct hs_attempt_fold *fold = &group->fold;
	const unsigned int pages = 1u << event->order;

	group->nr_attempts++;
	group->nr_allocated += !is_before_allocation(recorded);
	group->nr_isolates += group->has_isolate;
	if (group->has_isolate)
		group->lock_ns += event->row.time - group->isolate.time;
	if (group->has_isolate && recorded == HS_SCAN_SUCCEED && group->isolate.none <= pages) {
		group->zeroed += group->isolate.none;
		group->copied += pages - group->isolate.none;
	}
	group->has_isolate = group->has_detached = false;
	group->allocated = group->swapped = HS_NR_COLLAPSE_RESULTS;
	fold->has_success |= !modelled->is_unknown && modelled->result == HS_SCAN_SUCCEED;
	fold->has_alloc_failure |= modelled->result == HS_SCAN_ALLOC_HUGE_PAGE_FAIL;
	fold->is_unknown |= modelled->is_unknown;
	if (modelled->result != HS_SCAN_PTE_MAPPED_HUGEPAGE)
		fold->last = modelled->result;
	if (modelled->basis > fold->basis)
		fold->basis = modelled->basis;
	fold->reason = modelled->reason;
}

enum hs_collapse_result hs_attempt_fold_result(const struct hs_attempt_fold *fold)
{
	if (fold->has_success)
		return HS_SCAN_SUCCEED;
	return fold->has_alloc_failure ? HS_SCAN_ALLOC_HUGE_PAGE_FAIL : fold->last;
}
