// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/block/block_memory.h"

uint64_t hs_block_remove_devices(struct hs_hotplug *hotplug, uint64_t start, uint64_t size,
				 struct hs_uevents *uevents)
{
	uint64_t id = hs_phys_to_block(hotplug, start), end = hs_phys_to_block(hotplug, start + size);
	uint64_t missing = end - id;
	struct hs_block *block, *next;

	if (!hs_block_is_aligned(hotplug, start, size))
		return 0;
	for (block = hs_block_at_or_above(hotplug, id); block && hs_block_id(block) < end; block = next) {
		next = hs_block_next(block);
		missing--;
		hs_uevents_add(uevents, HS_UEVENT_REMOVE, false, hs_block_id(block));
		hs_block_remove(hotplug, block);
	}
	return missing;
}

/* What a walk over the range finds: check_memblock_offlined_cb and the count of altmaps. */
struct survey {
	int32_t nid;			/* of the last block visited */
	uint64_t nr_blocks, nr_altmaps;
	uint64_t online_id;
};

static int survey_block(struct hs_block *block, void *context)
{
	struct survey *survey = context;

	survey->nid = block->nid;
	survey->nr_blocks++;
	survey->nr_altmaps += block->altmap != 0;
	survey->online_id = hs_block_id(block);
	return block->status != HS_BLOCK_OFFLINE ? -EBUSY : 0;
}

/* try_offline_node: what is still there keeps the node. */
static void try_offline_node(struct hs_hotplug *hotplug, int32_t nid, struct hs_uevents *uevents)
{
	struct hs_node *node = hs_node_find(hotplug, nid);

	if (!node || node->spanned || node->has_cpu || !node->is_online)
		return;
	for (const struct hs_block *block = hotplug->oldest; block; block = block->newer)
		if (block->nid == nid)
			return;
	node->is_online = false;
	hs_uevents_add(uevents, HS_UEVENT_REMOVE, true, (uint64_t)nid);
}

static int check_altmaps(const struct hs_hotplug *hotplug, uint64_t size, const struct survey *survey,
			 struct hs_memory_outcome *outcome)
{
	if (!survey->nr_altmaps)
		return 0;
	if (!hotplug->variant.has_altmap) {
		if (hotplug->settings.memmap_mode == HS_MEMMAP_OFF || size == hs_block_bytes(hotplug))
			return 0;
		outcome->check = HS_CHECK_GRANULARITY;
		return -EINVAL;
	}
	if (survey->nr_altmaps == survey->nr_blocks)
		return 0;
	outcome->check = HS_CHECK_MIXED_ALTMAP;
	outcome->has_warned = outcome->has_lost_firmware_entry = true;
	return -EINVAL;
}

/* The range is gone: no resource, no early sections. 0 or -ENOMEM. */
static int forget_range(struct hs_hotplug *hotplug, uint64_t start, uint64_t size)
{
	uint64_t pfn = start / hotplug->geometry.page_bytes, end = (start + size) / hotplug->geometry.page_bytes;
	int ret = hs_page_ranges_clear(&hotplug->ram, pfn, end);

	return ret ? ret : hs_page_ranges_clear(&hotplug->early, pfn, end);
}

static int check_removal(const struct hs_hotplug *hotplug, uint64_t start, uint64_t size, struct survey *survey,
			 struct hs_memory_outcome *outcome)
{
	int ret;

	memset(outcome, 0, sizeof(*outcome));
	if (!size || !hs_block_is_aligned(hotplug, start, size)) {
		outcome->check = HS_CHECK_FATAL;
		return -EINVAL;
	}
	ret = hs_block_walk(hotplug, start, size, survey_block, survey);
	if (!ret)
		return check_altmaps(hotplug, size, survey, outcome);
	outcome->check = HS_CHECK_ONLINE_BLOCK;
	outcome->stopped_at = survey->online_id;
	return ret;
}

int hs_block_decide_remove(const struct hs_hotplug *hotplug, uint64_t start, uint64_t size,
			   struct hs_memory_outcome *outcome)
{
	struct survey survey = { .nid = HS_NO_NODE };

	return outcome->result = check_removal(hotplug, start, size, &survey, outcome);
}

int hs_block_remove_memory(struct hs_hotplug *hotplug, uint64_t start, uint64_t size, struct hs_uevents *uevents,
			   struct hs_memory_outcome *outcome)
{
	struct survey survey = { .nid = HS_NO_NODE };
	int ret = check_removal(hotplug, start, size, &survey, outcome);

	if (!ret)
		ret = forget_range(hotplug, start, size);
	outcome->result = ret;
	if (ret)
		return ret;
	outcome->nr_missing = hs_block_remove_devices(hotplug, start, size, uevents);
	outcome->has_warned = outcome->nr_missing != 0;
	try_offline_node(hotplug, survey.nid, uevents);
	return 0;
}

/* offline_and_remove_memory under way: the type each block had, by its place in the walk. */
struct unplug {
	struct hs_hotplug *hotplug;
	const struct hs_block_worlds *worlds;
	struct hs_uevents *uevents;
	struct hs_memory_outcome *outcome;
	enum hs_online_type *types;
	size_t at;
};

/* try_offline_memory_block: the zone of the first page says how to bring the block back. */
static int offline_one(struct hs_block *block, void *context)
{
	struct unplug *unplug = context;
	const struct hs_zone *zone = hs_page_ranges_tag(&unplug->hotplug->online,
							hs_block_start(unplug->hotplug, block));
	bool was_movable = zone && zone->index == HS_ZONE_MOVABLE;
	struct hs_block_outcome outcome;
	int ret = hs_block_device_offline(unplug->hotplug, block, hs_block_world_of(unplug->worlds, block),
					   unplug->uevents, &outcome);

	if (!ret)
		unplug->types[unplug->at] = was_movable ? HS_ONLINE_MOVABLE : HS_ONLINE_KERNEL;
	unplug->at++;
	if (ret >= 0)
		return 0;
	unplug->outcome->check = outcome.check;
	unplug->outcome->stopped_at = hs_block_id(block);
	return ret;
}

/* try_reonline_memory_block: failure is only logged. */
static int reonline_one(struct hs_block *block, void *context)
{
	struct unplug *unplug = context;
	enum hs_online_type type = unplug->types[unplug->at++];
	struct hs_block_outcome outcome;

	if (type == HS_OFFLINE)
		return 0;
	block->online_type = type;
	hs_block_device_online(unplug->hotplug, block, hs_block_world_of(unplug->worlds, block), unplug->uevents, &outcome);
	return 0;
}

int hs_block_offline_and_remove(struct hs_hotplug *hotplug, uint64_t start, uint64_t size,
				const struct hs_block_worlds *worlds, struct hs_uevents *uevents,
				struct hs_memory_outcome *outcome)
{
	struct unplug unplug = { hotplug, worlds, uevents, outcome, NULL, 0 };
	int ret;

	memset(outcome, 0, sizeof(*outcome));
	if (!size || !hs_block_is_aligned(hotplug, start, size)) {
		outcome->check = HS_CHECK_ALIGNMENT;
		return outcome->result = -EINVAL;
	}
	unplug.types = calloc(size / hs_block_bytes(hotplug), sizeof(*unplug.types));
	if (!unplug.types)
		return outcome->result = -ENOMEM;
	ret = hs_block_walk(hotplug, start, size, offline_one, &unplug);
	if (!ret)
		ret = hs_block_remove_memory(hotplug, start, size, uevents, outcome);
	outcome->result = ret;
	unplug.at = 0;
	if (ret)
		hs_block_walk(hotplug, start, size, reonline_one, &unplug);
	free(unplug.types);
	return ret;
}
