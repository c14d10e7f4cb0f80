// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/page_facts.h"

#include <string.h>

enum { HIGHEST_ORDER = 9, TABLE_SIZE = 2048 };
#define ENTRY_PRESENT 1ull
#define ENTRY_PFN 0x000ffffffffff000ull

/* Page frames seen so far: open addressing, at most half full. */
struct seen {
	uint64_t frame[TABLE_SIZE];	/* + 1; 0: free */
};

/* True: it was there. */
static bool see(struct seen *seen, uint64_t frame)
{
	unsigned int at = (unsigned int)(frame * 0x9e3779b97f4a7c15ull >> 53) % TABLE_SIZE;

	while (seen->frame[at] && seen->frame[at] != frame + 1)
		at = (at + 1) % TABLE_SIZE;
	if (seen->frame[at])
		return true;
	seen->frame[at] = frame + 1;
	return false;
}

/* Page frames of PROT_NONE entries are stored inverted (L1TF). */
static uint64_t frame_of(uint64_t entry)
{
	return ((entry & ENTRY_PRESENT ? entry : ~entry) & ENTRY_PFN) >> 12;
}

static unsigned int order_of(uint32_t fact)
{
	return fact >> HS_PAGE_ORDER_SHIFT & 15;
}

static void fold_flags(uint32_t fact, unsigned int i, struct hs_page_planes *planes)
{
	const struct {
		struct hs_bitmap512 *plane;
		bool is_set;
	} flags[] = {
		{ &planes->not_anon, !(fact & HS_PAGE_ANON) }, { &planes->shared, fact & HS_PAGE_SHARED },
		{ &planes->off_lru, !(fact & HS_PAGE_LRU) }, { &planes->locked, fact & HS_PAGE_LOCKED },
		{ &planes->lazyfree, fact & HS_PAGE_ANON && !(fact & HS_PAGE_SWAP_BACKED) },
		{ &planes->referenced, fact & HS_PAGE_REFERENCED }, { &planes->swap_cache, fact & HS_PAGE_SWAP_CACHE },
		{ &planes->large, order_of(fact) > 0 },
	};

	for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++)
		if (flags[k].is_set)
			hs_bitmap512_set(flags[k].plane, i);
}

/* mm/khugepaged.c is_refcount_suitable: the swap cache holds one reference for each page of the folio. */
static bool is_pinned(uint32_t fact)
{
	const uint32_t expected = fact & HS_PAGE_SWAP_CACHE ? 1u << order_of(fact) : 0;

	return fact >> HS_PAGE_REFS_SHIFT != expected;
}

static void fold_node(uint32_t fact, unsigned int i, struct hs_page_planes *planes)
{
	const unsigned int node = fact >> HS_PAGE_NODE_SHIFT & HS_PAGE_MAX_NODE;

	if (!node)
		return;
	hs_bitmap512_set(&planes->node[node - 1], i);
	if (node > planes->nr_nodes)
		planes->nr_nodes = node;
}

/* Folios are naturally aligned: the first frame tells them apart. */
static void fold_repetition(struct seen *seen, const struct hs_record_ptes *record, unsigned int i,
			    struct hs_page_planes *planes)
{
	const unsigned int order = order_of(record->pages[i]);
	const uint64_t first = frame_of(record->entries[i]) >> order << order;

	if (see(seen, first))
		hs_bitmap512_set(order ? &planes->same_folio : &planes->repeated, i);
}

bool hs_page_facts_fold(const struct hs_record_ptes *record, struct hs_page_planes *planes)
{
	struct seen seen;

	memset(&seen, 0, sizeof(seen));
	memset(planes, 0, sizeof(*planes));
	if (!record->has_pages)
		return false;
	for (unsigned int i = 0; i < HS_PTES; i++) {
		const uint32_t fact = record->pages[i];

		if (!fact)
			continue;
		if (fact & HS_PAGE_UNCOUNTED || order_of(fact) > HIGHEST_ORDER ||
		    (fact >> HS_PAGE_NODE_SHIFT & HS_PAGE_MAX_NODE) > HS_PAGE_NODES)
			return false;
		fold_flags(fact, i, planes);
		if (is_pinned(fact))
			hs_bitmap512_set(&planes->pinned, i);
		fold_node(fact, i, planes);
		fold_repetition(&seen, record, i, planes);
	}
	return true;
}
