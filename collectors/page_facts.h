/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PAGE_FACTS_H
#define HS_PAGE_FACTS_H
/* What the probe read of the pages behind a page table (enum hs_page_fact in bpf/event.h), as bitmaps. */
#include <stdbool.h>

#include "bpf/event.h"
#include "lib/bitmap512.h"

enum { HS_PAGE_NODES = 7 };	/* nodes 1 … 7 have a bitmap */

struct hs_page_planes {
	struct hs_bitmap512 not_anon, shared, off_lru, locked, pinned, lazyfree, referenced, swap_cache, large,
			    same_folio, repeated;
	struct hs_bitmap512 node[HS_PAGE_NODES];
	unsigned int nr_nodes;		/* leading elements of node that are not empty */
};

/* False: of some page not all is known, and nothing may be said of them. */
bool hs_page_facts_fold(const struct hs_record_ptes *record, struct hs_page_planes *planes);

struct hs_cache_planes {
	struct hs_bitmap512 present, swap, large, off_lru, locked, pinned;
	struct hs_bitmap512 node[HS_PAGE_NODES];
	unsigned int nr_nodes;
	unsigned int huge;		/* first entry of a folio of 512 pages, HS_BITMAP512_BITS: none */
	bool huge_at_start;		/* it begins with the range, not somewhere before */
};

/* The page cache of a range; false: not all of it is known. */
bool hs_cache_facts_fold(const struct hs_record_cache *record, struct hs_cache_planes *planes);

#endif
