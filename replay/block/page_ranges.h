/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PAGE_RANGES_H
#define HS_PAGE_RANGES_H
/*
 * Half-open ranges [start, end) of page frames, each with a tag: which zone online memory is in, which
 * memory is early, which resource claims it. Ranges never overlap; neighbours with one tag are one range.
 * Every operation costs O(log n + ranges touched). Owns its nodes; tags are borrowed and compared by
 * address.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/range_tree.h"

struct hs_page_range {
	struct hs_range_node node;	/* [start, end) in page frames */
	const void *tag;
};

/* All zero is a valid empty set. */
struct hs_page_ranges {
	struct hs_range_tree tree;
};

void hs_page_ranges_deinit(struct hs_page_ranges *ranges);

/* Gives [start, end) the tag, whatever was there. 0 or -ENOMEM (nothing changed). start < end. */
int hs_page_ranges_set(struct hs_page_ranges *ranges, uint64_t start, uint64_t end, const void *tag);
/* Takes [start, end) out. 0 or -ENOMEM (nothing changed). */
int hs_page_ranges_clear(struct hs_page_ranges *ranges, uint64_t start, uint64_t end);

/* The range that contains pfn, or NULL. */
const struct hs_page_range *hs_page_ranges_at(const struct hs_page_ranges *ranges, uint64_t pfn);
/* Tag at pfn, or NULL. */
const void *hs_page_ranges_tag(const struct hs_page_ranges *ranges, uint64_t pfn);
/* Pages of [start, end) that are in the set. */
uint64_t hs_page_ranges_count(const struct hs_page_ranges *ranges, uint64_t start, uint64_t end);

/*
 * Lowest pfn of start, start + step, … below end with that tag; highest of end - 1, end - 1 - step, … from
 * start on. False: none.
 */
bool hs_page_ranges_first(const struct hs_page_ranges *ranges, uint64_t start, uint64_t end, uint64_t step,
			  const void *tag, uint64_t *pfn);
bool hs_page_ranges_last(const struct hs_page_ranges *ranges, uint64_t start, uint64_t end, uint64_t step,
			 const void *tag, uint64_t *pfn);

/* Order, no overlap, no two neighbours that should be one. */
bool hs_page_ranges_is_valid(const struct hs_page_ranges *ranges);

#endif
