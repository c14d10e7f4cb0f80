// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_check.h"

#include <errno.h>

#include "replay/block/block_zone.h"

#define broken(err, ...) hs_error_set(err, -EINVAL, __VA_ARGS__)

static int check_block(const struct hs_hotplug *hotplug, const struct hs_block *block, struct hs_error *err)
{
	unsigned long long id = hs_block_id(block);

	if (block->status == HS_BLOCK_OFFLINE && block->zone)
		return broken(err, "block %llu is offline and has a zone", id);
	if (block->status == HS_BLOCK_ONLINE && !block->zone &&
	    !hs_block_is_early(hotplug, hs_block_start(hotplug, block)))
		return broken(err, "block %llu was hotplugged, is online and has no zone", id);
	if (block->altmap >= hs_block_pages(hotplug))
		return broken(err, "block %llu is all altmap", id);
	return 0;
}

static int check_blocks(const struct hs_hotplug *hotplug, struct hs_error *err)
{
	size_t registered = 0, going = 0, offline = 0;
	uint64_t poisoned = 0;

	for (const struct hs_block *block = hotplug->oldest; block; block = block->newer) {
		int ret = check_block(hotplug, block, err);

		if (ret)
			return ret;
		if (hs_block_find(hotplug, hs_block_id(block)) != block)
			return broken(err, "block %llu is not found by its id", (unsigned long long)hs_block_id(block));
		registered++;
		going += block->status == HS_BLOCK_GOING_OFFLINE;
		offline += block->status == HS_BLOCK_OFFLINE;
		poisoned += block->nr_hwpoison;
	}
	if (registered != hotplug->blocks.count || registered != hotplug->by_id.count ||
	    !hs_range_tree_is_valid(&hotplug->blocks))
		return broken(err, "%zu blocks are registered, %zu mapped", registered, hotplug->blocks.count);
	if (offline != hotplug->nr_offline)
		return broken(err, "%zu blocks are offline, counted %llu", offline,
			      (unsigned long long)hotplug->nr_offline);
	if (going > 1)
		return broken(err, "%zu blocks are going offline at once", going);
	if (poisoned > hotplug->nr_poisoned)
		return broken(err, "blocks count %llu poisoned pages, the host %llu", (unsigned long long)poisoned,
			      (unsigned long long)hotplug->nr_poisoned);
	return 0;
}

static int check_group(const struct hs_hotplug *hotplug, const struct hs_block_group *group, struct hs_error *err)
{
	uint64_t members = 0, present = 0;

	for (const struct hs_block *block = group->first; block; block = block->group_next) {
		members++;
		if (block->status != HS_BLOCK_OFFLINE)
			present += hs_block_pages(hotplug);
		if (block->group != group)
			return broken(err, "block %llu is on the list of another group", (unsigned long long)hs_block_id(block));
	}
	if (members != group->nr_blocks || present != group->present_kernel + group->present_movable)
		return broken(err, "group %d: %llu members with %llu pages, counted %llu with %llu", group->mgid,
			      (unsigned long long)members, (unsigned long long)present,
			      (unsigned long long)group->nr_blocks,
			      (unsigned long long)(group->present_kernel + group->present_movable));
	return 0;
}

static int check_zone(const struct hs_zone *zone, struct hs_error *err)
{
	if (zone->present_early > zone->present || zone->managed > zone->present || zone->present > zone->spanned)
		return broken(err, "zone %d:%s: early %llu, managed %llu, present %llu, spanned %llu", zone->nid,
			      hs_zone_name(zone->index), (unsigned long long)zone->present_early,
			      (unsigned long long)zone->managed, (unsigned long long)zone->present,
			      (unsigned long long)zone->spanned);
	return 0;
}

static int check_node(const struct hs_node *node, struct hs_error *err)
{
	uint64_t normal = 0, present = 0;

	for (int i = 0; i < HS_NR_ZONES; i++) {
		int ret = check_zone(&node->zones[i], err);

		if (ret)
			return ret;
		present += node->zones[i].present;
		normal += i <= HS_ZONE_NORMAL ? node->zones[i].present : 0;
	}
	if (node->present != present || node->has_memory != (present != 0) ||
	    node->has_normal_memory != (normal != 0))
		return broken(err, "node %d: present %llu, its zones %llu, N_MEMORY %d, N_NORMAL_MEMORY %d", node->nid,
			      (unsigned long long)node->present, (unsigned long long)present, node->has_memory,
			      node->has_normal_memory);
	return 0;
}

static int check_online_ranges(const struct hs_hotplug *hotplug, struct hs_error *err)
{
	if (!hs_page_ranges_is_valid(&hotplug->online) || !hs_page_ranges_is_valid(&hotplug->early) ||
	    !hs_page_ranges_is_valid(&hotplug->ram))
		return broken(err, "ranges of pages are not in order");
	hs_range_for_each(node, &hotplug->online.tree) {
		const struct hs_page_range *range = hs_container_of(node, struct hs_page_range, node);
		const struct hs_zone *zone = range->tag;

		if (node->start < zone->start || node->end > hs_zone_end(zone))
			return broken(err, "online pages [%llu, %llu) lie outside the span of %d:%s",
				      (unsigned long long)node->start, (unsigned long long)node->end, zone->nid,
				      hs_zone_name(zone->index));
	}
	return 0;
}

int hs_hotplug_check(const struct hs_hotplug *hotplug, struct hs_error *err)
{
	int ret = check_blocks(hotplug, err);

	hs_vec_for_each(group, &hotplug->groups)
		if (!ret && *group)
			ret = check_group(hotplug, *group, err);
	for (int32_t nid = 0; !ret && nid < hotplug->nr_nodes; nid++)
		if (hotplug->nodes[nid])
			ret = check_node(hotplug->nodes[nid], err);
	return ret ? ret : check_online_ranges(hotplug, err);
}
