// SPDX-License-Identifier: GPL-2.0-only
/*
 * What-if: how memory goes. Which block goes offline where the record took one, and what becomes of a removal when
 * blocks of the device are still online under the policy. Removals are of whole devices: what the kernel refuses
 * for one block it refuses for all (try_remove_memory).
 */
#include <errno.h>

#include "replay/block/block_group.h"
#include "replay/block/block_memory.h"
#include "replay/block/block_whatif.h"

/* --- blocks ----------------------------------------------------------------------------------------- */

static void remember(struct hs_model *model, struct hs_hash_map *map, uint64_t id, uint64_t value)
{
	if (hs_hash_map_put(map, id, value))
		hs_block_problem(model, model->now, "out of memory: an unplug is not replayed");
}

static bool is_movable(const struct hs_block *block)
{
	return block->zone && block->zone->index == HS_ZONE_MOVABLE;
}

/* The recorded outcome of an offline holds where the block is in the same kind of zone as it was there. */
static enum hs_basis offline_world(struct hs_model *model, const struct hs_wish *wish, const struct hs_block *block,
				   struct hs_block_world *world)
{
	bool was_movable = wish->zone == HS_ZONE_MOVABLE;

	*world = wish->world;
	if (wish->ret < 0 && !world->veto[HS_MEM_GOING_OFFLINE] && !world->veto[HS_NODE_REMOVING_LAST_MEMORY])
		world->isolate_error = (int)wish->ret;
	if (wish->zone < 0 || is_movable(block) == was_movable)
		return wish->zone < 0 ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
	model->whatif->nr_assumed++;
	if (is_movable(block))
		world->isolate_error = 0;
	else if (hs_whatif_is(model, "block.kernel_offline", "fails"))
		world->isolate_error = -EBUSY;
	return HS_BASIS_ASSUMED;
}

/* 0, or why the block stays. */
static int offline_in(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
		      struct hs_block *block, const struct hs_block_world *world, enum hs_basis basis)
{
	struct hs_block_outcome outcome;

	hs_block_device_offline(&model->hotplug, block, world, NULL, &outcome);
	hs_whatif_emit_outcome(model, sink, wish, true, block, &outcome, basis);
	if (outcome.result) {
		remember(model, &model->whatif->refused, hs_block_id(block), (uint64_t)-outcome.result);
	} else {
		hs_hash_map_remove(&model->whatif->refused, hs_block_id(block), NULL);
		remember(model, &model->whatif->taken, hs_block_id(block), wish->task);
	}
	return outcome.result;
}

static int offline_this(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			struct hs_block *block, bool is_recorded)
{
	struct hs_block_world world;
	enum hs_basis basis = offline_world(model, wish, block, &world);

	return offline_in(model, sink, wish, block, &world, is_recorded ? basis : HS_BASIS_ASSUMED);
}

/* --- the policy's order ----------------------------------------------------------------------------- */

/* Block by block, whichever the policy likes best; else what the record took, devices as a whole. */
static bool is_by_block(const struct hs_model *model)
{
	return !hs_whatif_is(model, "block.unplug_order", "recorded") && !hs_whatif_is(model, "block.unplug_order", "acpi");
}

/* Is a the better one to unplug, by the policy's order? Both are online. A strict order. */
static bool is_better(const struct hs_model *model, const struct hs_block *a, const struct hs_block *b)
{
	if (hs_whatif_is(model, "block.unplug_order", "lowest") || hs_whatif_is(model, "block.unplug_order", "dlpar"))
		return hs_block_id(a) < hs_block_id(b);
	if (!hs_whatif_is(model, "block.unplug_order", "highest") && is_movable(a) != is_movable(b))
		return is_movable(a);
	return hs_block_id(a) > hs_block_id(b);
}

/*
 * The block to unplug where the record unplugged one of this group (NULL: of none): of the same group, hotplugged and
 * online, the best one behind `last` (NULL: of all). NULL: there is none.
 */
static struct hs_block *choose_to_unplug(const struct hs_model *model, const struct hs_block_group *group,
					 const struct hs_block *last)
{
	struct hs_block *best = NULL;

	for (struct hs_block *block = model->hotplug.oldest; block; block = block->newer)
		if (block->status == HS_BLOCK_ONLINE && block->group == group &&
		    !hs_block_is_early(&model->hotplug, hs_block_start(&model->hotplug, block)) &&
		    (!last || is_better(model, last, block)) && (!best || is_better(model, block, best)))
			best = block;
	return best;
}

/* virtio-mem and pseries DLPAR go on to the next block; others take what they get. */
static bool goes_on(const struct hs_model *model)
{
	return hs_whatif_is(model, "block.unplug_order", "virtio-mem") ||
	       hs_whatif_is(model, "block.unplug_order", "dlpar");
}

/* virtio_mem_bbm_unplug_request, virtio_mem_sbm_unplug_request: what is offline goes first, from the top. */
static struct hs_block *choose_offline(const struct hs_model *model, const struct hs_block_group *group)
{
	struct hs_block *best = NULL;

	for (struct hs_block *block = model->hotplug.oldest; block; block = block->newer)
		if (block->status == HS_BLOCK_OFFLINE && block->group == group &&
		    !hs_block_is_early(&model->hotplug, hs_block_start(&model->hotplug, block)) &&
		    !hs_hash_map_get(&model->whatif->reserved, hs_block_id(block)) &&
		    (!best || hs_block_id(block) > hs_block_id(best)))
			best = block;
	return best;
}

static void reserve(struct hs_model *model, uint64_t recorded_id, const struct hs_block *block)
{
	remember(model, &model->whatif->instead, recorded_id, hs_block_id(block));
	remember(model, &model->whatif->reserved, hs_block_id(block), 1);
}

static void offline_instead(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			    uint64_t recorded_id, const struct hs_block_group *group)
{
	struct hs_block *block = hs_whatif_is(model, "block.unplug_order", "virtio-mem") ?
				 choose_offline(model, group) : NULL;
	int ret;

	if (block) {
		reserve(model, recorded_id, block);
		return;
	}
	block = choose_to_unplug(model, group, NULL);
	ret = block ? -EBUSY : 0;
	while (block && ret) {
		ret = offline_this(model, sink, wish, block, hs_block_id(block) == recorded_id);
		if (!ret)
			reserve(model, recorded_id, block);
		block = ret && goes_on(model) ? choose_to_unplug(model, group, block) : NULL;
	}
}

void hs_whatif_offline(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
		       struct hs_block *recorded)
{
	if (is_by_block(model))
		offline_instead(model, sink, wish, hs_block_id(recorded), recorded->group);
	else if (!recorded->is_device_offline)
		offline_this(model, sink, wish, recorded, true);
}

void hs_whatif_offline_gone(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			    uint64_t recorded_id)
{
	const uint64_t *group = hs_hash_map_get(&model->whatif->gone, recorded_id);

	if (group && is_by_block(model) && !hs_block_find(&model->hotplug, recorded_id))
		offline_instead(model, sink, wish, recorded_id,
				*group ? hs_block_group_find(&model->hotplug, (int64_t)*group - 1) : NULL);
}

/* --- removal ---------------------------------------------------------------------------------------- */

/* A block that comes back one day is another one. */
static void forget(struct hs_whatif *whatif, uint64_t id)
{
	hs_hash_map_remove(&whatif->wanted, id, NULL);
	hs_hash_map_remove(&whatif->reserved, id, NULL);
	hs_hash_map_remove(&whatif->taken, id, NULL);
	hs_hash_map_remove(&whatif->refused, id, NULL);
}

/* Bytes [start, end); 0 or errno. */
static int remove_range(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			uint64_t start, uint64_t end)
{
	struct hs_memory_outcome outcome;
	uint64_t bytes = hs_block_bytes(&model->hotplug);

	hs_block_remove_memory(&model->hotplug, start, end - start, NULL, &outcome);
	for (uint64_t at = start; !outcome.result && at < end; at += bytes)
		forget(model->whatif, at / bytes);
	model->whatif->nr_failed_removals += outcome.result != 0;
	hs_whatif_emit(sink, wish, HS_POINT_BLOCK_REMOVE, start, hs_block_result_name(outcome.result),
		       hs_block_check_text(outcome.check), HS_BASIS_EXACT);
	return outcome.result;
}

/* The block that goes where the record removed one. */
static void remove_block(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			 uint64_t recorded_id)
{
	const uint64_t bytes = hs_block_bytes(&model->hotplug);
	const struct hs_block *block;
	uint64_t id = recorded_id, group;

	hs_hash_map_remove(&model->whatif->instead, recorded_id, &id);
	block = hs_block_find(&model->hotplug, id);
	if (!block)
		return;
	group = block->group ? (uint64_t)block->group->mgid + 1 : 0;
	if (!remove_range(model, sink, wish, id * bytes, (id + 1) * bytes) && id != recorded_id)
		remember(model, &model->whatif->gone, id, group);
}

/* The blocks that a removal is about. */
struct device {
	uint64_t first, end;	/* ids of those that lie inside its range */
	bool is_cut;		/* a block is there of which only a part is the device's */
	bool is_empty;		/* no block is */
};

static struct device device_of(const struct hs_model *model, const struct hs_wish *wish)
{
	const struct hs_hotplug *hotplug = &model->hotplug;
	const uint64_t pages = hs_block_pages(hotplug), low = wish->start / pages, high = (wish->end - 1) / pages;
	struct device device = { .first = (wish->start + pages - 1) / pages, .end = wish->end / pages };
	const struct hs_block *block = hs_block_at_or_above(hotplug, low);

	device.is_empty = !block || hs_block_id(block) > high;
	device.is_cut = (low < device.first && hs_block_find(hotplug, low)) ||
			(high >= device.end && hs_block_find(hotplug, high));
	return device;
}

/* The block that stands for a recorded one; NULL: there is none. */
static struct hs_block *stand_in(const struct hs_model *model, uint64_t recorded_id)
{
	const uint64_t *instead = hs_hash_map_get(&model->whatif->instead, recorded_id);

	return hs_block_find(&model->hotplug, instead ? *instead : recorded_id);
}

/* dlpar_memory_remove_by_count: some of the blocks that were asked for did not go. */
static bool is_too_few(const struct hs_model *model, const struct device *device)
{
	for (uint64_t id = device->first; id < device->end; id++) {
		const struct hs_block *block = stand_in(model, id);

		if (block && !block->is_device_offline)
			return true;
	}
	return false;
}

/* dlpar_memory_remove_by_count: those that went are added again, which brings them online (dlpar_add_lmb). */
static void add_back(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
		     const struct device *device)
{
	static const struct hs_block_world free_world;

	for (uint64_t id = device->first; id < device->end; id++) {
		struct hs_block *block = stand_in(model, id);

		if (block && block->is_device_offline) {
			forget(model->whatif, hs_block_id(block));
			hs_whatif_online_one(model, sink, wish, block, HS_ONLINE, &free_world, HS_BASIS_ASSUMED);
		}
		hs_hash_map_remove(&model->whatif->instead, id, NULL);
	}
	model->whatif->nr_failed_removals++;
	hs_whatif_emit(sink, wish, HS_POINT_BLOCK_REMOVE, wish->start * model->hotplug.geometry.page_bytes, "-EINVAL",
		       hs_block_check_text(HS_CHECK_ONLINE_BLOCK), HS_BASIS_ASSUMED);
}

/*
 * A driver removes block by block what it has taken offline; what is still online here keeps its block. Of DLPAR a
 * removal asks for so many blocks: all or none.
 */
static void remove_blocks(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish)
{
	const struct device device = device_of(model, wish);

	if (hs_whatif_is(model, "block.unplug_order", "dlpar") && is_too_few(model, &device)) {
		add_back(model, sink, wish, &device);
		return;
	}
	for (uint64_t id = device.first; id < device.end; id++)
		remove_block(model, sink, wish, id);
}

/* The same answer as before; a kernel zone gives nothing back unless the policy says that the record's holds. */
static int refusal_of(const struct hs_model *model, const struct hs_block *block)
{
	const uint64_t *refused = hs_hash_map_get(&model->whatif->refused, hs_block_id(block));

	if (refused)
		return -(int)*refused;
	return !is_movable(block) && hs_whatif_is(model, "block.kernel_offline", "fails") ? -EBUSY : 0;
}

/* acpi_scan_try_to_offline, the second pass: the first block that still stays ends it. */
static int offline_rest(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			const struct device *device)
{
	struct hs_block *block = hs_block_at_or_above(&model->hotplug, device->first);
	int ret = 0;

	for (; block && hs_block_id(block) < device->end && !ret; block = hs_block_next(block)) {
		const struct hs_block_world world = { .isolate_error = refusal_of(model, block) };

		if (!block->is_device_offline)
			ret = offline_in(model, sink, wish, block, &world, HS_BASIS_ASSUMED);
	}
	return ret;
}

/* acpi_bus_online: what this task took comes back, by the zone policy. */
static void give_back(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
		      const struct device *device)
{
	static const struct hs_block_world free_world;
	struct hs_block *block = hs_block_at_or_above(&model->hotplug, device->first);

	for (; block && hs_block_id(block) < device->end; block = hs_block_next(block)) {
		const uint64_t *task = hs_hash_map_get(&model->whatif->taken, hs_block_id(block));

		if (block->is_device_offline && task && *task == wish->task)
			hs_whatif_online_one(model, sink, wish, block, HS_ONLINE, &free_world, HS_BASIS_ASSUMED);
	}
}

static void remove_device(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish)
{
	const uint64_t bytes = hs_block_bytes(&model->hotplug);
	const struct device device = device_of(model, wish);
	int ret = 0;

	if (device.is_empty) {
		model->whatif->nr_dropped++;
		return;
	}
	if (device.is_cut) {
		model->whatif->nr_failed_removals++;
		hs_whatif_emit(sink, wish, HS_POINT_BLOCK_REMOVE, wish->start * model->hotplug.geometry.page_bytes, "-EINVAL",
			       hs_block_check_text(HS_CHECK_ALIGNMENT), HS_BASIS_EXACT);
		return;
	}
	if (hs_whatif_is(model, "block.unplug_order", "acpi"))
		ret = offline_rest(model, sink, wish, &device);
	if (remove_range(model, sink, wish, device.first * bytes, device.end * bytes) && ret)
		give_back(model, sink, wish, &device);
}

void hs_whatif_remove(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish)
{
	if (wish->end <= wish->start)
		return;
	if (is_by_block(model))
		remove_blocks(model, sink, wish);
	else
		remove_device(model, sink, wish);
}
