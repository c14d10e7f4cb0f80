// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_boot.h"

#include <errno.h>

#include "replay/block/block_zone.h"

static uint64_t first_block(const struct hs_hotplug *hotplug, const struct hs_boot_region *region)
{
	return hs_pfn_to_block(hotplug, region->start);
}

static uint64_t last_block(const struct hs_hotplug *hotplug, const struct hs_boot_region *region)
{
	return hs_pfn_to_block(hotplug, region->end - 1);
}

int hs_block_boot_create(struct hs_hotplug *hotplug, const struct hs_boot_region *regions, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		for (uint64_t id = first_block(hotplug, &regions[i]); id <= last_block(hotplug, &regions[i]); id++) {
			int ret = hs_block_create(hotplug, id, true, HS_NO_NODE, 0, NULL, NULL);

			if (ret && ret != -EEXIST)
				return ret;
		}
	return 0;
}

void hs_block_add_nid_early(struct hs_hotplug *hotplug, struct hs_block *block, int32_t nid)
{
	struct hs_node *node = hs_node_find(hotplug, nid);
	const struct hs_zone *zone;

	if (block->nid == nid)
		return;
	zone = block->nid == HS_NO_NODE ? hs_zone_for_early_block(hotplug, hs_block_id(block), nid) : NULL;
	block->zone = zone && node ? &node->zones[zone->index] : NULL;
	block->nid = nid;
}

static void add_region(struct hs_hotplug *hotplug, const struct hs_boot_region *region)
{
	struct hs_block *block = hs_block_at_or_above(hotplug, first_block(hotplug, region));

	for (; block && hs_block_id(block) <= last_block(hotplug, region); block = hs_block_next(block))
		hs_block_add_nid_early(hotplug, block, region->nid);
}

void hs_block_boot_add_nids(struct hs_hotplug *hotplug, const struct hs_boot_region *regions, size_t nr)
{
	if (hotplug->variant.has_early_node_registration) {
		for (size_t i = 0; i < nr; i++)
			add_region(hotplug, &regions[i]);
		return;
	}
	for (int32_t nid = 0; nid < hotplug->nr_nodes; nid++)
		for (size_t i = 0; i < nr; i++)
			if (regions[i].nid == nid)
				add_region(hotplug, &regions[i]);
}
