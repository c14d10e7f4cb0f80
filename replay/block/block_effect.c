// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_effect.h"

#include "replay/block/block_zone.h"

static void grow_zone(struct hs_hotplug *hotplug, struct hs_zone *zone, uint64_t start, uint64_t altmap)
{
	if (altmap)
		hs_zone_grow(hotplug, zone, start, altmap);
	hs_zone_grow(hotplug, zone, start + altmap, hs_block_pages(hotplug) - altmap);
}

/* The range first (behind MEM_OFFLINE or MEM_CANCEL_ONLINE), then the altmap. */
static void shrink_zone(struct hs_hotplug *hotplug, struct hs_zone *zone, uint64_t start, uint64_t altmap)
{
	hs_zone_shrink(hotplug, zone, start + altmap, hs_block_pages(hotplug) - altmap);
	if (altmap)
		hs_zone_shrink(hotplug, zone, start, altmap);
}

int hs_block_effect_online(struct hs_hotplug *hotplug, struct hs_block *block, struct hs_zone *zone)
{
	uint64_t start = hs_block_start(hotplug, block), pages = hs_block_pages(hotplug);
	int ret = hs_page_ranges_set(&hotplug->online, start, start + pages, zone);

	if (ret)
		return ret;
	grow_zone(hotplug, zone, start, block->altmap);
	hs_block_adjust_present(hotplug, zone, block->group, start, (int64_t)pages);
	zone->managed += pages - block->altmap;
	hs_node_update_states(hs_node_find(hotplug, zone->nid));
	block->zone = zone;
	if (!hotplug->variant.has_block_poison)
		block->nr_hwpoison = 0;		/* the flags went with the old memmap */
	return 0;
}

int hs_block_effect_offline(struct hs_hotplug *hotplug, struct hs_block *block)
{
	uint64_t start = hs_block_start(hotplug, block), pages = hs_block_pages(hotplug);
	uint64_t gone = hotplug->variant.has_managed_minus_offline ?
		hs_page_ranges_count(&hotplug->offline_marked, start, start + pages) : 0;
	struct hs_zone *zone = block->zone;
	int ret = hs_page_ranges_clear(&hotplug->online, start, start + pages);

	if (ret)
		return ret;
	hs_block_adjust_present(hotplug, zone, block->group, start, -(int64_t)pages);
	zone->managed -= pages - block->altmap - gone;
	shrink_zone(hotplug, zone, start, block->altmap);
	hs_node_update_states(hs_node_find(hotplug, zone->nid));
	block->zone = NULL;
	return 0;
}

void hs_block_effect_cancelled_online(struct hs_hotplug *hotplug, const struct hs_block *block, struct hs_zone *zone)
{
	uint64_t start = hs_block_start(hotplug, block);

	grow_zone(hotplug, zone, start, block->altmap);
	shrink_zone(hotplug, zone, start, block->altmap);
}
