// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const zone_names[HS_NR_ZONES] = { "DMA", "DMA32", "Normal", "Movable", "Device" };

const char *hs_zone_name(enum hs_zone_index index)
{
	return zone_names[index];
}

int hs_zone_find(const char *name, size_t length)
{
	for (int i = 0; i < HS_NR_ZONES; i++)
		if (strlen(zone_names[i]) == length && !memcmp(zone_names[i], name, length))
			return i;
	return -1;
}

void hs_hotplug_init(struct hs_hotplug *hotplug, const struct hs_block_variant *variant)
{
	memset(hotplug, 0, sizeof(*hotplug));
	hotplug->variant = *variant;
	hotplug->geometry = (struct hs_block_geometry){
		.page_bytes = 4096, .struct_page_bytes = 64, .pmd_bytes = 2 << 20,
		.section_pages = 32768, .pageblock_pages = 512, .subsection_pages = 512, .sections_per_block = 1,
	};
	hotplug->settings = (struct hs_block_settings){
		.auto_movable_ratio = 301, .auto_movable_numa_aware = true, .enable_soft_offline = true,
		.has_hotremove = true,
	};
	hotplug->end_pfn = 1ull << 40;
}

void hs_hotplug_deinit(struct hs_hotplug *hotplug)
{
	for (struct hs_block *block = hotplug->oldest, *newer; block; block = newer) {
		newer = block->newer;
		free(block);
	}
	hs_hash_map_deinit(&hotplug->by_id);
	hs_vec_for_each(group, &hotplug->groups)
		free(*group);
	hs_vec_deinit(&hotplug->groups);
	hs_vec_deinit(&hotplug->touched);
	hs_vec_deinit(&hotplug->dynamic_groups);
	for (int32_t nid = 0; nid < hotplug->nr_nodes; nid++)
		free(hotplug->nodes[nid]);
	hs_page_ranges_deinit(&hotplug->online);
	hs_page_ranges_deinit(&hotplug->early);
	hs_page_ranges_deinit(&hotplug->ram);
	hs_page_ranges_deinit(&hotplug->offline_marked);
	hs_notifier_chain_deinit(&hotplug->memory_chain);
	hs_notifier_chain_deinit(&hotplug->node_chain);
}

int hs_hotplug_set_block_bytes(struct hs_hotplug *hotplug, uint64_t bytes)
{
	uint64_t section_bytes = hotplug->geometry.section_pages * hotplug->geometry.page_bytes;

	if (!bytes || (bytes & (bytes - 1)) || bytes < section_bytes)
		return -EINVAL;
	hotplug->geometry.sections_per_block = bytes / section_bytes;
	return 0;
}

struct hs_node *hs_node_add(struct hs_hotplug *hotplug, int32_t nid)
{
	struct hs_node *node;

	if (nid < 0 || nid >= HS_MAX_NODES)
		return NULL;
	if (hotplug->nodes[nid])
		return hotplug->nodes[nid];
	node = calloc(1, sizeof(*node));
	if (!node)
		return NULL;
	node->nid = nid;
	node->is_possible = true;
	for (int i = 0; i < HS_NR_ZONES; i++) {
		node->zones[i].index = (enum hs_zone_index)i;
		node->zones[i].nid = nid;
	}
	hotplug->nodes[nid] = node;
	if (nid >= hotplug->nr_nodes)
		hotplug->nr_nodes = nid + 1;
	return node;
}

struct hs_node *hs_node_find(const struct hs_hotplug *hotplug, int32_t nid)
{
	return nid >= 0 && nid < hotplug->nr_nodes ? hotplug->nodes[nid] : NULL;
}

void hs_node_update_span(struct hs_node *node)
{
	uint64_t start = UINT64_MAX, end = 0;

	for (int i = 0; i < HS_NR_ZONES; i++) {
		const struct hs_zone *zone = &node->zones[i];

		if (!zone->spanned)
			continue;
		start = zone->start < start ? zone->start : start;
		end = hs_zone_end(zone) > end ? hs_zone_end(zone) : end;
	}
	node->start = end ? start : 0;
	node->spanned = end - node->start;
}

void hs_node_update_counts(struct hs_node *node)
{
	node->present = 0;
	for (int i = 0; i < HS_NR_ZONES; i++)
		node->present += node->zones[i].present;
	hs_node_update_states(node);
}

void hs_node_update_states(struct hs_node *node)
{
	node->has_memory = node->present != 0;
	node->has_normal_memory = false;
	for (int i = 0; i <= HS_ZONE_NORMAL; i++)
		node->has_normal_memory |= node->zones[i].present != 0;
}

bool hs_zone_intersects(const struct hs_zone *zone, uint64_t pfn, uint64_t nr)
{
	return zone->spanned && pfn < hs_zone_end(zone) && pfn + nr > zone->start;
}

static struct hs_block *block_of(struct hs_range_node *node)
{
	return node ? hs_container_of(node, struct hs_block, node) : NULL;
}

struct hs_block *hs_block_find(const struct hs_hotplug *hotplug, uint64_t id)
{
	const uint64_t *block = hs_hash_map_get(&hotplug->by_id, id);

	return block ? (struct hs_block *)(uintptr_t)*block : NULL;
}

struct hs_block *hs_block_at_or_above(const struct hs_hotplug *hotplug, uint64_t id)
{
	return block_of(hs_range_tree_at_or_above(&hotplug->blocks, id));
}

struct hs_block *hs_block_next(const struct hs_block *block)
{
	return block_of(hs_range_node_next(&block->node));
}

static void join_group(struct hs_block *block, struct hs_block_group *group)
{
	block->group = group;
	block->group_next = group->first;
	if (group->first)
		group->first->group_prev = block;
	group->first = block;
	group->nr_blocks++;
}

static void leave_group(struct hs_block *block)
{
	struct hs_block_group *group = block->group;

	if (block->group_prev)
		block->group_prev->group_next = block->group_next;
	else
		group->first = block->group_next;
	if (block->group_next)
		block->group_next->group_prev = block->group_prev;
	group->nr_blocks--;
	block->group = NULL;
}

/* What cannot be noted is missing in a picture, and nowhere else. */
static void touch(struct hs_hotplug *hotplug, uint64_t id)
{
	if (hotplug->keeps_touched && !hs_vec_push(&hotplug->touched, id))
		hotplug->keeps_touched = false;
}

int hs_block_create(struct hs_hotplug *hotplug, uint64_t id, bool is_online, int32_t nid, uint64_t altmap,
		    struct hs_block_group *group, struct hs_block **out)
{
	struct hs_block *block;

	if (hs_block_find(hotplug, id))
		return -EEXIST;
	block = calloc(1, sizeof(*block));
	if (!block || hs_hash_map_put(&hotplug->by_id, id, (uintptr_t)block)) {
		free(block);
		return -ENOMEM;
	}
	block->node.start = id;
	block->node.end = id + 1;
	block->status = is_online ? HS_BLOCK_ONLINE : HS_BLOCK_OFFLINE;
	block->is_device_offline = !is_online;
	block->nid = nid;
	block->altmap = altmap;
	hs_range_tree_insert(&hotplug->blocks, &block->node);
	block->older = hotplug->newest;
	if (hotplug->newest)
		hotplug->newest->newer = block;
	else
		hotplug->oldest = block;
	hotplug->newest = block;
	hotplug->nr_offline += !is_online;
	touch(hotplug, id);
	if (group)
		join_group(block, group);
	if (out)
		*out = block;
	return 0;
}

void hs_block_set_status(struct hs_hotplug *hotplug, struct hs_block *block, enum hs_block_status status)
{
	hotplug->nr_offline += (status == HS_BLOCK_OFFLINE) - (block->status == HS_BLOCK_OFFLINE);
	block->status = status;
	touch(hotplug, hs_block_id(block));
}

void hs_block_remove(struct hs_hotplug *hotplug, struct hs_block *block)
{
	hotplug->nr_poisoned -= block->nr_hwpoison < hotplug->nr_poisoned ? block->nr_hwpoison : hotplug->nr_poisoned;
	hotplug->nr_offline -= block->status == HS_BLOCK_OFFLINE;
	touch(hotplug, hs_block_id(block));
	hs_range_tree_erase(&hotplug->blocks, &block->node);
	hs_hash_map_remove(&hotplug->by_id, hs_block_id(block), NULL);
	if (block->older)
		block->older->newer = block->newer;
	else
		hotplug->oldest = block->newer;
	if (block->newer)
		block->newer->older = block->older;
	else
		hotplug->newest = block->older;
	if (block->group)
		leave_group(block);
	free(block);
}

int hs_block_walk(const struct hs_hotplug *hotplug, uint64_t start_bytes, uint64_t size_bytes, hs_block_visit *visit,
		  void *context)
{
	uint64_t last = hs_phys_to_block(hotplug, start_bytes + size_bytes - 1);
	struct hs_block *block, *next;
	int answer = 0;

	if (!size_bytes)
		return 0;
	block = hs_block_at_or_above(hotplug, hs_phys_to_block(hotplug, start_bytes));
	for (; block && hs_block_id(block) <= last && !answer; block = next) {
		next = hs_block_next(block);
		answer = visit(block, context);
	}
	return answer;
}

int hs_block_for_each(const struct hs_hotplug *hotplug, hs_block_visit *visit, void *context)
{
	int answer = 0;

	for (struct hs_block *block = hotplug->oldest, *newer; block && !answer; block = newer) {
		newer = block->newer;
		answer = visit(block, context);
	}
	return answer;
}

bool hs_block_is_early(const struct hs_hotplug *hotplug, uint64_t pfn)
{
	return hs_page_ranges_tag(&hotplug->early, pfn) != NULL;
}

void hs_block_adjust_present(struct hs_hotplug *hotplug, struct hs_zone *zone, struct hs_block_group *group,
			     uint64_t pfn, int64_t pages)
{
	struct hs_node *node = hs_node_find(hotplug, zone->nid);
	uint64_t change = (uint64_t)pages;	/* wraps as the kernel's unsigned counters do */

	if (hs_block_is_early(hotplug, pfn))
		zone->present_early += change;
	zone->present += change;
	node->present += change;
	if (group && zone->index == HS_ZONE_MOVABLE)
		group->present_movable += change;
	else if (group)
		group->present_kernel += change;
}
