/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_BOOT_H
#define HS_BLOCK_BOOT_H
/*
 * Blocks that are there from the start: memory_dev_init, then the nodes' turn (memory_block_add_nid).
 * Zones, online ranges and early sections must have been set before.
 */
#include "replay/block/block_state.h"

/* Boot memory in a region of a node, in pages. */
struct hs_boot_region {
	uint64_t start, end;
	int32_t nid;
};

/* One ONLINE block for every id with a section in a region, ascending. 0 or -ENOMEM. */
int hs_block_boot_create(struct hs_hotplug *hotplug, const struct hs_boot_region *regions, size_t nr);
/*
 * Gives the blocks their node and zone: by node and then block, or (7.x) by region in address order: the
 * last node of a block that spans several may differ. Regions ascend.
 */
void hs_block_boot_add_nids(struct hs_hotplug *hotplug, const struct hs_boot_region *regions, size_t nr);
/* memory_block_add_nid in early context. */
void hs_block_add_nid_early(struct hs_hotplug *hotplug, struct hs_block *block, int32_t nid);

#endif
