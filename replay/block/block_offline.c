// SPDX-License-Identifier: GPL-2.0-only
/* memory_subsys_offline and memory_block_offline in drivers/base/memory.c, offline_pages in mm/memory_hotplug.c. */
#include <errno.h>
#include <string.h>

#include "replay/block/block_outcome.h"

/* Pages of the node or zone as the rules see them: the altmap has left the counters before. */
static uint64_t present_without_altmap(const struct hs_zone *zone, const struct hs_block *block)
{
	return zone->present - (zone == block->zone ? block->altmap : 0);
}

/* node_states_check_changes_offline */
static void add_status_change(const struct hs_hotplug *hotplug, const struct hs_block *block,
			      struct hs_notice *notice)
{
	const struct hs_node *node = hs_node_find(hotplug, block->zone->nid);
	uint64_t present = 0;

	if (!hotplug->variant.has_status_change_nid)
		return;
	for (int i = 0; i <= HS_ZONE_NORMAL; i++)
		present += present_without_altmap(&node->zones[i], block);
	if (block->zone->index <= HS_ZONE_NORMAL && notice->nr_pages >= present)
		notice->nid_normal = node->nid;
	present += present_without_altmap(&node->zones[HS_ZONE_MOVABLE], block);
	if (notice->nr_pages >= present)
		notice->nid = node->nid;
}

static int notify(const struct hs_hotplug *hotplug, const struct hs_block *block, const struct hs_block_world *world,
		  enum hs_block_action action, struct hs_block_outcome *outcome)
{
	struct hs_notice notice = hs_block_notice(hotplug, block, action);

	if (!hs_block_action_is_node(action) && action != HS_MEM_FINISH_OFFLINE)
		add_status_change(hotplug, block, &notice);
	return hs_block_notify(hotplug, world, &notice, outcome);
}

/* Checks before anything is isolated; nobody is told when one fails. */
static int check_range(const struct hs_hotplug *hotplug, const struct hs_block *block,
		       struct hs_block_outcome *outcome)
{
	uint64_t start = hs_block_start(hotplug, block) + block->altmap;
	uint64_t end = hs_block_start(hotplug, block) + hs_block_pages(hotplug);

	if (start >= end || start % hotplug->geometry.pageblock_pages) {
		outcome->check = HS_CHECK_ALIGNMENT;
		return -EINVAL;
	}
	if (hotplug->knows_ram && hs_page_ranges_count(&hotplug->ram, start, end) != end - start) {
		outcome->check = HS_CHECK_HOLES;
		return -EINVAL;
	}
	if (hs_page_ranges_tag(&hotplug->online, start) != block->zone ||
	    hs_page_ranges_tag(&hotplug->online, end - 1) != block->zone) {
		outcome->check = HS_CHECK_MULTIZONE;
		return -EINVAL;
	}
	return 0;
}

/* The loop of offline_pages behind MEM_GOING_OFFLINE. Failed migrations and busy free pages only repeat it. */
static int empty_range(const struct hs_block_world *world, struct hs_block_outcome *outcome)
{
	if (world->has_signal) {
		outcome->check = HS_CHECK_SIGNAL;
		return -EINTR;
	}
	if (world->has_busy_offline_page) {
		outcome->check = HS_CHECK_UNMOVABLE;
		return -EBUSY;
	}
	if (world->dissolve_error) {
		outcome->check = HS_CHECK_HUGETLB;
		return world->dissolve_error;
	}
	return 0;
}

static int notify_and_empty(const struct hs_hotplug *hotplug, const struct hs_block *block,
			    const struct hs_block_world *world, bool is_last, struct hs_block_outcome *outcome)
{
	int ret = is_last ? notify(hotplug, block, world, HS_NODE_REMOVING_LAST_MEMORY, outcome) : 0;

	if (ret) {
		outcome->check = HS_CHECK_NODE_VETO;
		return ret;
	}
	ret = notify(hotplug, block, world, HS_MEM_GOING_OFFLINE, outcome);
	if (ret) {
		outcome->check = HS_CHECK_VETO;
		return ret;
	}
	return empty_range(world, outcome);
}

static bool is_last_memory(const struct hs_hotplug *hotplug, const struct hs_block *block)
{
	const struct hs_node *node = hs_node_find(hotplug, block->zone->nid);

	return hotplug->variant.has_node_chain &&
	       hs_block_pages(hotplug) - block->altmap >= node->present - block->altmap;
}

/* offline_pages */
static int offline_pages(const struct hs_hotplug *hotplug, const struct hs_block *block,
			 const struct hs_block_world *world, struct hs_block_outcome *outcome)
{
	bool is_last = is_last_memory(hotplug, block);
	int ret = check_range(hotplug, block, outcome);

	if (ret)
		return ret;
	if (world->isolate_error) {
		outcome->check = HS_CHECK_ISOLATE;
		return world->isolate_error;
	}
	ret = notify_and_empty(hotplug, block, world, is_last, outcome);
	if (ret) {
		notify(hotplug, block, world, HS_MEM_CANCEL_OFFLINE, outcome);
		if (is_last)
			notify(hotplug, block, world, HS_NODE_CANCEL_REMOVING_LAST_MEMORY, outcome);
		return ret;
	}
	if (is_last)
		notify(hotplug, block, world, HS_NODE_REMOVED_LAST_MEMORY, outcome);
	notify(hotplug, block, world, HS_MEM_OFFLINE, outcome);
	return 0;
}

/* memory_block_offline */
static int offline_block(const struct hs_hotplug *hotplug, const struct hs_block *block,
			 const struct hs_block_world *world, struct hs_block_outcome *outcome)
{
	int ret;

	if (!block->zone) {
		outcome->check = HS_CHECK_NO_ZONE;
		return -EINVAL;
	}
	outcome->zone = block->zone;
	ret = offline_pages(hotplug, block, world, outcome);
	if (!ret && hotplug->variant.has_prepare_finish)
		notify(hotplug, block, world, HS_MEM_FINISH_OFFLINE, outcome);
	return ret;
}

void hs_block_decide_offline(const struct hs_hotplug *hotplug, const struct hs_block *block,
			     const struct hs_block_world *world, struct hs_block_outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	if (block->status == HS_BLOCK_OFFLINE) {
		outcome->check = HS_CHECK_IN_STATE;
	} else if (block->status != HS_BLOCK_ONLINE) {
		outcome->check = HS_CHECK_STATE;
		outcome->result = -EINVAL;
	} else {
		outcome->result = offline_block(hotplug, block, world, outcome);
	}
	outcome->has_uevent = !outcome->result;
}
