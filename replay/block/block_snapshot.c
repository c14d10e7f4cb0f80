// SPDX-License-Identifier: GPL-2.0-only
/* A snapshot's rows are kept until its end: blocks come before the zones and nodes they belong to. */
#include <errno.h>
#include <string.h>

#include "replay/block/block_group.h"
#include "replay/block/block_model.h"
#include "replay/block/block_zone.h"

#define MAX_BLOCK_BYTES (64ull << 30)
#define MAX_GROUPS 65536
#define MAX_PFN (1ull << 52)	/* behind the last page of 64 bits of addresses, with pages of 4 KiB */

void hs_staging_deinit(struct hs_staging *staging)
{
	hs_vec_deinit(&staging->blocks);
	hs_vec_deinit(&staging->zones);
	hs_vec_deinit(&staging->groups);
	hs_vec_deinit(&staging->nodes);
	hs_vec_deinit(&staging->resources);
}

static bool stage_block(struct hs_model *model, const struct hs_snap_block *row)
{
	int status = hs_block_status_find(&row->state);
	struct hs_staged_block block = {
		.id = row->block, .zone = hs_block_zone_of_text(&row->valid_zones), .nid = row->node,
		.mgid = row->is_deep ? row->group : HS_NO_GROUP, .is_deep = row->is_deep,
		.online_type = row->online_type < HS_NR_ONLINE_TYPES ? (enum hs_online_type)row->online_type : HS_OFFLINE,
		.altmap = row->altmap_pages, .nr_hwpoison = row->nr_hwpoison, .nr_early = row->is_deep ? row->nr_early : 0,
	};

	if (status < 0) {
		hs_block_problem(model, row->row.time, "block %u has the unknown state '%.*s'", row->block,
				 (int)(row->state.length < 40 ? row->state.length : 40), (const char *)row->state.data);
		return true;
	}
	block.status = (enum hs_block_status)status;
	if (row->nr_pages)
		model->staging.block_pages = row->nr_pages;
	return hs_vec_push(&model->staging.blocks, block);
}

static bool stage_zone(struct hs_model *model, const struct hs_snap_zone *row)
{
	struct hs_staged_zone zone = {
		.nid = row->node, .index = hs_zone_find(row->zone.data, row->zone.length), .is_deep = row->is_deep,
		.start = row->start_pfn, .spanned = row->spanned, .present = row->present, .managed = row->managed,
		.cma = row->cma, .present_early = row->is_deep ? row->present_early : row->present,
	};

	return zone.index < 0 || hs_vec_push(&model->staging.zones, zone);
}

static bool stage_group(struct hs_model *model, const struct hs_snap_group *row)
{
	struct hs_staged_group group = {
		row->group, row->node, row->is_dynamic != 0, row->pages, row->present_kernel, row->present_movable,
	};

	return hs_vec_push(&model->staging.groups, group);
}

void hs_block_stage(struct hs_model *model, const struct hs_event *event)
{
	bool done = true;

	switch (event->kind) {
	case HS_KIND_snap_block: done = stage_block(model, event->snap_block); break;
	case HS_KIND_snap_zone: done = stage_zone(model, event->snap_zone); break;
	case HS_KIND_snap_group: done = stage_group(model, event->snap_group); break;
	case HS_KIND_snap_node: done = hs_vec_push(&model->staging.nodes, *event->snap_node); break;
	case HS_KIND_snap_resource: done = hs_vec_push(&model->staging.resources, *event->snap_resource); break;
	default: break;
	}
	if (!done)
		hs_block_problem(model, event->row->time, "out of memory: a row of the snapshot is lost");
}

static void take_nodes(struct hs_model *model, uint64_t time)
{
	struct hs_staging *staging = &model->staging;

	hs_vec_for_each(row, &staging->nodes) {
		struct hs_node *node = hs_node_add(&model->hotplug, row->node);

		if (!node)
			hs_block_problem(model, time, "node %d cannot be", row->node);
		else {
			node->is_online = row->is_online;
			node->has_cpu = row->has_cpu;
		}
	}
	hs_vec_for_each(row, &staging->zones) {
		struct hs_node *node = hs_node_add(&model->hotplug, row->nid);
		struct hs_zone *zone;

		if (!node) {
			hs_block_problem(model, time, "node %d of a zone cannot be", row->nid);
			continue;
		}
		if (row->present > row->spanned || row->managed > row->present || row->present_early > row->present ||
		    row->cma > row->present || row->start > MAX_PFN || row->spanned > MAX_PFN) {
			hs_block_problem(model, time, "zone %d:%s has more pages present than spanned, more managed, "
					 "early or CMA than present, or no such pages can be", row->nid, hs_zone_name((enum hs_zone_index)row->index));
			continue;
		}
		node->is_online |= !staging->nodes.count;
		zone = &node->zones[row->index];
		zone->start = row->start;
		zone->spanned = row->spanned;
		zone->present = row->present;
		zone->managed = row->managed;
		zone->cma = row->cma;
		zone->present_early = row->present_early;
		model->knows_early &= row->is_deep;
		hs_node_update_span(node);
		hs_node_update_counts(node);
	}
}

static void take_resources(struct hs_model *model)
{
	struct hs_hotplug *hotplug = &model->hotplug;
	uint64_t page = hotplug->geometry.page_bytes;

	hs_vec_for_each(row, &model->staging.resources) {
		uint64_t start = (row->start + page - 1) / page, end = row->end / page;

		if (start >= end)
			continue;	/* all zeros: the reader of /proc/iomem had no privilege */
		hotplug->knows_ram = true;
		hs_page_ranges_set(&hotplug->ram, start, end, "System RAM");
	}
}

/* Groups keep their ids: gaps are filled with groups that are taken away again. */
static void take_groups(struct hs_model *model, uint64_t time)
{
	struct hs_hotplug *hotplug = &model->hotplug;

	hs_vec_for_each(row, &model->staging.groups) {
		struct hs_block_group *group = NULL;

		while (row->mgid < MAX_GROUPS && hs_block_group_next(hotplug) < row->mgid)
			if (hs_block_group_register(hotplug, false, row->nid, 1) < 0)
				break;
		if (hs_block_group_next(hotplug) == row->mgid)
			group = hs_block_group_find(hotplug, hs_block_group_register(hotplug, row->is_dynamic, row->nid,
											 row->pages));
		if (!group) {
			hs_block_problem(model, time, "group %d of the snapshot cannot be", row->mgid);
			continue;
		}
		group->present_kernel = row->kernel;
		group->present_movable = row->movable;
	}
}

static bool is_staged_group(const struct hs_staging *staging, int32_t mgid)
{
	hs_vec_for_each(row, &staging->groups)
		if (row->mgid == mgid)
			return true;
	return false;
}

static void drop_gap_groups(struct hs_model *model)
{
	struct hs_hotplug *hotplug = &model->hotplug;

	for (size_t mgid = 0; mgid < hotplug->groups.count; mgid++)
		if (hotplug->groups.items[mgid] && !is_staged_group(&model->staging, (int32_t)mgid))
			hs_block_group_unregister(hotplug, (int64_t)mgid);
}

/* Online pages of a recorded block: in its zone, or in those whose spans it meets. */
static void place_pages(struct hs_model *model, const struct hs_zone *only, uint64_t start, uint64_t end)
{
	struct hs_hotplug *hotplug = &model->hotplug;

	for (int32_t nid = 0; nid < hotplug->nr_nodes; nid++) {
		for (int i = 0; hotplug->nodes[nid] && i < HS_NR_ZONES; i++) {
			struct hs_zone *zone = &hotplug->nodes[nid]->zones[i];
			uint64_t from = zone->start > start ? zone->start : start;
			uint64_t to = hs_zone_end(zone) < end ? hs_zone_end(zone) : end;

			if (from < to && (only ? only == zone : i != HS_ZONE_DEVICE))
				hs_page_ranges_set(&hotplug->online, from, to, zone);
		}
	}
}

/* Where nobody looked a block is taken for early, unless a group, its state or its zone's early count says no. */
static bool is_early(const struct hs_staged_block *row, const struct hs_zone *zone)
{
	if (row->nr_early)
		return row->nr_early > 1;
	return row->mgid == HS_NO_GROUP && row->status != HS_BLOCK_OFFLINE && (!zone || zone->present_early > 0);
}

static void fill_block(struct hs_hotplug *hotplug, struct hs_block *block, const struct hs_staged_block *row,
		       struct hs_zone *zone)
{
	hs_block_set_status(hotplug, block, row->status);
	block->is_device_offline = row->status == HS_BLOCK_OFFLINE;
	block->status_before = row->status;
	block->online_type = row->online_type;
	block->nr_hwpoison = row->nr_hwpoison;
	hotplug->nr_poisoned += row->nr_hwpoison;
	block->zone = row->status == HS_BLOCK_ONLINE ? zone : NULL;
}

/* A second recorded block inside one of the model's (a larger block size): what differs is lost. */
static void merge_block(struct hs_hotplug *hotplug, struct hs_block *block, const struct hs_staged_block *row,
			const struct hs_zone *zone)
{
	if (block->zone != zone)
		block->zone = NULL;
	block->nr_hwpoison += row->nr_hwpoison;
	hotplug->nr_poisoned += row->nr_hwpoison;
	if (row->status == HS_BLOCK_OFFLINE || block->status != HS_BLOCK_OFFLINE)
		return;
	hs_block_set_status(hotplug, block, HS_BLOCK_ONLINE);
	block->is_device_offline = false;
}

static void take_block(struct hs_model *model, const struct hs_staged_block *row, uint64_t time)
{
	struct hs_hotplug *hotplug = &model->hotplug;
	uint64_t pages = model->recorded_block_pages, start = row->id * pages;
	struct hs_node *node = hs_node_find(hotplug, row->nid);
	struct hs_zone *zone = node && row->zone >= 0 ? &node->zones[row->zone] : NULL;
	bool is_recut = pages != hs_block_pages(hotplug);

	if (row->status != HS_BLOCK_OFFLINE)
		place_pages(model, zone, start, start + pages);
	if (is_early(row, zone))
		hs_page_ranges_set(&hotplug->early, start, start + pages, &hotplug->early);
	for (uint64_t id = hs_pfn_to_block(hotplug, start); id <= hs_pfn_to_block(hotplug, start + pages - 1); id++) {
		struct hs_block *block = hs_block_find(hotplug, id);

		if (block && is_recut) {
			merge_block(hotplug, block, row, zone);
			continue;
		}
		if (hs_block_create(hotplug, id, false, row->nid, is_recut || row->altmap >= pages ? 0 : row->altmap,
				    hs_block_group_find(hotplug, row->mgid), &block))
			hs_block_problem(model, time, "block %llu is twice in the snapshot", (unsigned long long)row->id);
		else
			fill_block(hotplug, block, row, zone);
	}
}

/* A later snapshot of the same recording only confirms what is known. */
static void compare_snapshot(struct hs_model *model, uint64_t time)
{
	hs_vec_for_each(row, &model->staging.blocks) {
		const struct hs_block *block = hs_block_find(&model->hotplug, row->id);

		if (!block)
			hs_block_problem(model, time, "block %llu is in the snapshot and was never added",
					 (unsigned long long)row->id);
		else if (block->status != row->status && row->status != HS_BLOCK_GOING_OFFLINE)
			hs_block_problem(model, time, "block %llu is %s in the snapshot, %s by the events",
					 (unsigned long long)row->id, row->status ? "offline" : "online",
					 block->status ? "offline" : "online");
	}
}

static void clear_staging(struct hs_staging *staging)
{
	hs_vec_clear(&staging->blocks);
	hs_vec_clear(&staging->zones);
	hs_vec_clear(&staging->groups);
	hs_vec_clear(&staging->nodes);
	hs_vec_clear(&staging->resources);
}

static void set_geometry(struct hs_model *model, uint64_t time)
{
	struct hs_hotplug *hotplug = &model->hotplug;
	uint64_t bytes = model->header->block_bytes ? model->header->block_bytes :
		model->staging.block_pages * hotplug->geometry.page_bytes;

	if (model->header->page_bytes && model->header->page_bytes != hotplug->geometry.page_bytes)
		hs_block_problem(model, time, "pages of %llu bytes: the rules here are those of 4096",
				 (unsigned long long)model->header->page_bytes);
	if (bytes && (bytes > MAX_BLOCK_BYTES || hs_hotplug_set_block_bytes(hotplug, bytes)))
		hs_block_problem(model, time, "a memory block cannot have %llu bytes", (unsigned long long)bytes);
	model->recorded_block_pages = hs_block_pages(hotplug);
	bytes = hs_policy_number(model->policy, "block.block_bytes");
	if (model->mode == HS_MODE_WHATIF && bytes)
		hs_hotplug_set_block_bytes(hotplug, bytes);	/* checked at creation */
}

void hs_block_take_snapshot(struct hs_model *model, uint64_t time)
{
	struct hs_staging *staging = &model->staging;

	if (!staging->blocks.count)
		return;
	if (model->has_state) {
		if (model->mode == HS_MODE_VALIDATE)
			compare_snapshot(model, time);
		clear_staging(staging);
		return;
	}
	model->has_state = true;
	model->knows_early = staging->zones.count != 0;
	set_geometry(model, time);
	take_nodes(model, time);
	take_resources(model);
	take_groups(model, time);
	drop_gap_groups(model);
	model->knows_groups = staging->groups.count || staging->blocks.items[0].is_deep;
	hs_vec_for_each(row, &staging->blocks)
		take_block(model, row, time);
	clear_staging(staging);
	hs_block_tick(model, time);
}
