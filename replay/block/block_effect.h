/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_EFFECT_H
#define HS_BLOCK_EFFECT_H
/*
 * What an online or offline does to spans, pages and counters once it is decided. A block is its altmap
 * [S, S + A) and the range [S + A, S + N) that is given to the page allocator.
 */
#include "replay/block/block_state.h"

/* The block's pages are online in the zone: spans, sections, present, managed, node states. 0 or -ENOMEM. */
int hs_block_effect_online(struct hs_hotplug *hotplug, struct hs_block *block, struct hs_zone *zone);

/*
 * The block's pages have left its zone.
 * 0 or -ENOMEM. The block must have a zone.
 */
int hs_block_effect_offline(struct hs_hotplug *hotplug, struct hs_block *block);

/*
 * An online that failed after the range had been moved into the zone: spans grow and shrink again, which
 * leaves a trace where the boundary has holes. online_pages' way out, mhp_deinit_memmap_on_memory.
 */
void hs_block_effect_cancelled_online(struct hs_hotplug *hotplug, const struct hs_block *block,
				      struct hs_zone *zone);

#endif
