// SPDX-License-Identifier: GPL-2.0-only
/* memory_subsys_online and memory_block_online in drivers/base/memory.c, online_pages in mm/memory_hotplug.c. */
#include <errno.h>
#include <string.h>

#include "replay/block/block_outcome.h"

/* node_states_check_changes_online: the transition that memory_notify carries until 6.16. */
static void add_status_change(const struct hs_hotplug *hotplug, const struct hs_zone *zone, struct hs_notice *notice)
{
	const struct hs_node *node = hs_node_find(hotplug, zone->nid);

	if (!hotplug->variant.has_status_change_nid)
		return;
	if (!node->has_memory)
		notice->nid = node->nid;
	if (zone->index <= HS_ZONE_NORMAL && !node->has_normal_memory)
		notice->nid_normal = node->nid;
}

static int notify(const struct hs_hotplug *hotplug, const struct hs_block *block, const struct hs_block_world *world,
		  enum hs_block_action action, struct hs_block_outcome *outcome)
{
	struct hs_notice notice = hs_block_notice(hotplug, block, action);

	if (action == HS_MEM_GOING_ONLINE || action == HS_MEM_ONLINE || action == HS_MEM_CANCEL_ONLINE)
		add_status_change(hotplug, outcome->zone, &notice);
	return hs_block_notify(hotplug, world, &notice, outcome);
}

/* online_pages: 0 or errno; the order of its notifications, and what is undone. */
static int online_pages(const struct hs_hotplug *hotplug, const struct hs_block *block,
			const struct hs_block_world *world, struct hs_block_outcome *outcome)
{
	const struct hs_block_geometry *geometry = &hotplug->geometry;
	const struct hs_node *node = hs_node_find(hotplug, outcome->zone->nid);
	bool is_first = hotplug->variant.has_node_chain && !node->has_memory;
	uint64_t start = hs_block_start(hotplug, block) + block->altmap;
	int ret = 0;

	if (block->altmap >= hs_block_pages(hotplug) || start % geometry->pageblock_pages) {
		outcome->check = HS_CHECK_ALIGNMENT;
		return -EINVAL;
	}
	outcome->has_entered_zone = true;
	if (is_first)
		ret = notify(hotplug, block, world, HS_NODE_ADDING_FIRST_MEMORY, outcome);
	outcome->check = ret ? HS_CHECK_NODE_VETO : HS_CHECK_VETO;
	if (!ret)
		ret = notify(hotplug, block, world, HS_MEM_GOING_ONLINE, outcome);
	if (ret) {
		notify(hotplug, block, world, HS_MEM_CANCEL_ONLINE, outcome);
		if (is_first)
			notify(hotplug, block, world, HS_NODE_CANCEL_ADDING_FIRST_MEMORY, outcome);
		return ret;
	}
	if (is_first)
		notify(hotplug, block, world, HS_NODE_ADDED_FIRST_MEMORY, outcome);
	notify(hotplug, block, world, HS_MEM_ONLINE, outcome);
	outcome->check = HS_CHECK_NONE;
	return 0;
}

static void choose_zone(const struct hs_hotplug *hotplug, const struct hs_block *block,
			struct hs_block_outcome *outcome)
{
	struct hs_node *node = hs_node_find(hotplug, block->nid);
	struct hs_zone_request request = {
		.type = block->online_type == HS_OFFLINE ? HS_ONLINE : block->online_type, .node = node,
		.group = block->group, .pfn = hs_block_start(hotplug, block), .nr = hs_block_pages(hotplug),
	};

	hs_zone_choose(hotplug, &request, &outcome->choice);
	outcome->zone = &node->zones[outcome->choice.zone->index];
}

/* memory_block_online */
static int online_block(const struct hs_hotplug *hotplug, const struct hs_block *block,
			const struct hs_block_world *world, struct hs_block_outcome *outcome)
{
	bool has_prepare = hotplug->variant.has_prepare_finish;
	int ret;

	if (hotplug->variant.has_block_poison && block->nr_hwpoison) {
		outcome->check = HS_CHECK_POISON;
		return -EHWPOISON;
	}
	choose_zone(hotplug, block, outcome);
	if (has_prepare) {
		ret = notify(hotplug, block, world, HS_MEM_PREPARE_ONLINE, outcome);
		if (ret) {
			outcome->check = HS_CHECK_PREPARE_VETO;
			return ret;
		}
	}
	ret = block->altmap ? world->memmap_error : 0;
	if (ret)
		outcome->check = HS_CHECK_MEMMAP;
	else
		ret = online_pages(hotplug, block, world, outcome);
	if (ret && has_prepare)
		notify(hotplug, block, world, HS_MEM_FINISH_OFFLINE, outcome);
	return ret;
}

void hs_block_decide_online(const struct hs_hotplug *hotplug, const struct hs_block *block,
			    const struct hs_block_world *world, struct hs_block_outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	if (block->status == HS_BLOCK_ONLINE) {
		outcome->check = HS_CHECK_IN_STATE;
	} else if (block->status != HS_BLOCK_OFFLINE) {
		outcome->check = HS_CHECK_STATE;
		outcome->result = -EINVAL;
	} else if (!hs_node_find(hotplug, block->nid)) {
		outcome->check = HS_CHECK_NODE;
		outcome->result = -EINVAL;
	} else {
		outcome->result = online_block(hotplug, block, world, outcome);
	}
	outcome->has_uevent = !outcome->result;
}
