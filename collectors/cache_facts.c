// SPDX-License-Identifier: GPL-2.0-only
/* Entries of a page cache (include/linux/xarray.h) as bitmaps. */
#include <string.h>

#include "collectors/page_facts.h"

static bool is_sibling(uint64_t entry)
{
	return (entry & HS_CACHE_TAGS) == HS_CACHE_INTERNAL && entry <= HS_CACHE_LAST_SIBLING;
}

/* Entries that belong to the one at i: it and the siblings behind it. */
static unsigned int span_of(const struct hs_record_cache *record, unsigned int i)
{
	unsigned int end = i + 1;

	while (end < HS_PTES && is_sibling(record->entries[end]))
		end++;
	return end - i;
}

/*
 * mm/khugepaged.c hpage_collapse_scan_file: a folio is referenced by its mappings, by the cache (once for each
 * page) and by its private data.
 */
static bool is_pinned(uint32_t fact)
{
	const uint32_t expected = (1u << (fact >> HS_PAGE_ORDER_SHIFT & 15)) + !!(fact & HS_PAGE_PRIVATE);

	return fact >> HS_PAGE_REFS_SHIFT != expected;
}

static void fold_huge(const struct hs_record_cache *record, unsigned int i, struct hs_cache_planes *planes)
{
	hs_bitmap512_set_in(&planes->present, i, HS_PTES);
	hs_bitmap512_set_in(&planes->large, i, HS_PTES);
	planes->huge = i;
	/* Folios are aligned in the file as in memory. */
	planes->huge_at_start = i == 0 && record->index % HS_PTES == 0;
}

static void fold_folio(uint32_t fact, unsigned int i, unsigned int span, struct hs_cache_planes *planes)
{
	const unsigned int node = fact >> HS_PAGE_NODE_SHIFT & HS_PAGE_MAX_NODE;

	hs_bitmap512_set_in(&planes->present, i, i + span);
	if (fact >> HS_PAGE_ORDER_SHIFT & 15)
		hs_bitmap512_set_in(&planes->large, i, i + span);
	if (!(fact & HS_PAGE_LRU))
		hs_bitmap512_set(&planes->off_lru, i);
	if (fact & HS_PAGE_LOCKED)
		hs_bitmap512_set(&planes->locked, i);
	if (is_pinned(fact))
		hs_bitmap512_set(&planes->pinned, i);
	if (node)
		hs_bitmap512_set_in(&planes->node[node - 1], i, i + span);
	if (node > planes->nr_nodes)
		planes->nr_nodes = node;
}

bool hs_cache_facts_fold(const struct hs_record_cache *record, struct hs_cache_planes *planes)
{
	unsigned int span;

	memset(planes, 0, sizeof(*planes));
	planes->huge = HS_BITMAP512_BITS;
	for (unsigned int i = 0; i < HS_PTES && planes->huge == HS_BITMAP512_BITS; i += span) {
		const uint64_t entry = record->entries[i];
		const uint32_t fact = record->pages[i];

		span = span_of(record, i);
		if (entry & HS_CACHE_VALUE)
			hs_bitmap512_set_in(&planes->swap, i, i + span);
		if (!entry || entry & HS_CACHE_TAGS)
			continue;
		if (!fact || (fact >> HS_PAGE_NODE_SHIFT & HS_PAGE_MAX_NODE) > HS_PAGE_NODES)
			return false;
		if ((fact >> HS_PAGE_ORDER_SHIFT & 15) == 9)
			fold_huge(record, i, planes);
		else
			fold_folio(fact, i, span, planes);
	}
	return record->is_whole;
}
