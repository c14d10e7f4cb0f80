// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/page_ranges.h"

#include <errno.h>
#include <stdlib.h>

static struct hs_page_range *range_of(const struct hs_range_node *node)
{
	return node ? hs_container_of(node, struct hs_page_range, node) : NULL;
}

void hs_page_ranges_deinit(struct hs_page_ranges *ranges)
{
	struct hs_range_node *node;

	while ((node = hs_range_tree_last(&ranges->tree))) {
		hs_range_tree_erase(&ranges->tree, node);
		free(range_of(node));
	}
}

/* Takes [start, end) out of the tree; *spare becomes the upper half if one range has to be split. */
static void cut_range(struct hs_page_ranges *ranges, uint64_t start, uint64_t end, struct hs_page_range **spare)
{
	struct hs_range_node *node, *next;

	for (node = hs_range_tree_overlap(&ranges->tree, start, end); node; node = next) {
		uint64_t old_end = node->end;

		next = hs_range_node_next_overlap(node, start, end);
		if (node->start < start) {
			hs_range_tree_resize(&ranges->tree, node, node->start, start);
			if (old_end > end) {
				(*spare)->node.start = end;
				(*spare)->node.end = old_end;
				(*spare)->tag = range_of(node)->tag;
				hs_range_tree_insert(&ranges->tree, &(*spare)->node);
				*spare = NULL;
			}
		} else if (old_end > end) {
			hs_range_tree_resize(&ranges->tree, node, end, old_end);
		} else {
			hs_range_tree_erase(&ranges->tree, node);
			free(range_of(node));
		}
	}
}

/* Joins a range with the neighbours that touch it and have its tag. */
static void join_neighbours(struct hs_page_ranges *ranges, struct hs_page_range *range)
{
	struct hs_page_range *prev = range_of(hs_range_node_prev(&range->node));
	struct hs_page_range *next = range_of(hs_range_node_next(&range->node));

	if (next && next->tag == range->tag && next->node.start == range->node.end) {
		uint64_t end = next->node.end;

		hs_range_tree_erase(&ranges->tree, &next->node);
		free(next);
		hs_range_tree_resize(&ranges->tree, &range->node, range->node.start, end);
	}
	if (prev && prev->tag == range->tag && prev->node.end == range->node.start) {
		uint64_t end = range->node.end;

		hs_range_tree_erase(&ranges->tree, &range->node);
		free(range);
		hs_range_tree_resize(&ranges->tree, &prev->node, prev->node.start, end);
	}
}

int hs_page_ranges_set(struct hs_page_ranges *ranges, uint64_t start, uint64_t end, const void *tag)
{
	struct hs_page_range *range = calloc(1, sizeof(*range));
	struct hs_page_range *spare = calloc(1, sizeof(*spare));

	if (!range || !spare) {
		free(range);
		free(spare);
		return -ENOMEM;
	}
	cut_range(ranges, start, end, &spare);
	range->node.start = start;
	range->node.end = end;
	range->tag = tag;
	hs_range_tree_insert(&ranges->tree, &range->node);
	join_neighbours(ranges, range);
	free(spare);
	return 0;
}

int hs_page_ranges_clear(struct hs_page_ranges *ranges, uint64_t start, uint64_t end)
{
	struct hs_page_range *spare = calloc(1, sizeof(*spare));

	if (!spare)
		return -ENOMEM;
	cut_range(ranges, start, end, &spare);
	free(spare);
	return 0;
}

const struct hs_page_range *hs_page_ranges_at(const struct hs_page_ranges *ranges, uint64_t pfn)
{
	return range_of(hs_range_tree_overlap(&ranges->tree, pfn, pfn + 1));
}

const void *hs_page_ranges_tag(const struct hs_page_ranges *ranges, uint64_t pfn)
{
	const struct hs_page_range *range = hs_page_ranges_at(ranges, pfn);

	return range ? range->tag : NULL;
}

uint64_t hs_page_ranges_count(const struct hs_page_ranges *ranges, uint64_t start, uint64_t end)
{
	uint64_t pages = 0;

	hs_range_for_each_overlap(node, &ranges->tree, start, end)
		pages += (node->end < end ? node->end : end) - (node->start > start ? node->start : start);
	return pages;
}

bool hs_page_ranges_first(const struct hs_page_ranges *ranges, uint64_t start, uint64_t end, uint64_t step,
			  const void *tag, uint64_t *pfn)
{
	hs_range_for_each_overlap(node, &ranges->tree, start, end) {
		uint64_t at = start;

		if (range_of(node)->tag != tag)
			continue;
		if (node->start > start)
			at += (node->start - start + step - 1) / step * step;
		if (at < node->end && at < end) {
			*pfn = at;
			return true;
		}
	}
	return false;
}

/* Highest range that begins below end. */
static const struct hs_range_node *last_below(const struct hs_page_ranges *ranges, uint64_t end)
{
	const struct hs_range_node *above = hs_range_tree_at_or_above(&ranges->tree, end);

	return above ? hs_range_node_prev(above) : hs_range_tree_last(&ranges->tree);
}

bool hs_page_ranges_last(const struct hs_page_ranges *ranges, uint64_t start, uint64_t end, uint64_t step,
			 const void *tag, uint64_t *pfn)
{
	for (const struct hs_range_node *node = last_below(ranges, end); node && node->end > start;
	     node = hs_range_node_prev(node)) {
		uint64_t at = end - 1;

		if (range_of(node)->tag != tag)
			continue;
		if (node->end < end) {
			uint64_t down = (end - node->end + step - 1) / step * step;

			if (down > at)
				continue;
			at -= down;
		}
		if (at >= node->start && at >= start) {
			*pfn = at;
			return true;
		}
	}
	return false;
}

bool hs_page_ranges_is_valid(const struct hs_page_ranges *ranges)
{
	const struct hs_page_range *prev = NULL;

	if (!hs_range_tree_is_valid(&ranges->tree))
		return false;
	hs_range_for_each(node, &ranges->tree) {
		const struct hs_page_range *range = range_of(node);

		if (prev && (prev->node.end > node->start ||
			     (prev->node.end == node->start && prev->tag == range->tag)))
			return false;
		prev = range;
	}
	return true;
}
