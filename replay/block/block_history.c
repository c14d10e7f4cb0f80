// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_history.h"

#include <stdio.h>

void hs_block_history_deinit(struct hs_block_history *history)
{
	hs_hash_map_deinit(&history->looks);
	hs_vec_deinit(&history->periods);
	hs_vec_deinit(&history->nodes);
	hs_vec_deinit(&history->unplugs);
}

/* --- one block ------------------------------------------------------------------------------------- */

/* A value of `looks`: the look in the low byte, bit 8 for a whole block, the open period from bit 16 on. */
static enum hs_block_look look_of(uint64_t value)
{
	return (enum hs_block_look)(value & 0xff);
}

static bool was_whole(uint64_t value)
{
	return value >> 8 & 1;
}

static uint64_t look_at(const struct hs_hotplug *hotplug, uint64_t id)
{
	const struct hs_block *block = hs_block_find(hotplug, id);
	uint64_t pages = hs_block_pages(hotplug);
	bool is_whole;

	if (!block)
		return HS_LOOK_GONE;
	if (block->status == HS_BLOCK_OFFLINE)
		return HS_LOOK_OFFLINE;
	if (!block->zone)
		return HS_LOOK_SEVERAL;
	is_whole = !hotplug->knows_ram || hs_page_ranges_count(&hotplug->ram, id * pages, (id + 1) * pages) == pages;
	return (uint64_t)block->zone->index | (uint64_t)is_whole << 8;
}

static void close_period(struct hs_block_history *history, uint64_t value, uint64_t now)
{
	if (value >> 16)
		history->periods.items[(value >> 16) - 1].end = now;
}

/* Value with the number of the new period in it. */
static uint64_t open_period(struct hs_block_history *history, uint64_t id, uint64_t value, uint64_t now)
{
	struct hs_block_period period = { id, now, 0, look_of(value) };

	if (history->periods.count >= HS_MAX_PERIODS || !hs_vec_push(&history->periods, period)) {
		history->nr_cut++;
		return value;
	}
	return value | (uint64_t)history->periods.count << 16;
}

static void look_again(struct hs_block_history *history, const struct hs_hotplug *hotplug, uint64_t id, uint64_t now)
{
	const uint64_t *known = hs_hash_map_get(&history->looks, id);
	uint64_t old = known ? *known : HS_LOOK_GONE, value = look_at(hotplug, id);

	if ((old & 0x1ff) == value)
		return;
	close_period(history, old, now);
	if (known) {
		history->nr_of_look[look_of(old)]--;
		history->nr_whole -= was_whole(old);
	}
	if (look_of(value) == HS_LOOK_GONE) {
		hs_hash_map_remove(&history->looks, id, NULL);
		return;
	}
	history->nr_of_look[look_of(value)]++;
	history->nr_whole += was_whole(value);
	hs_hash_map_put(&history->looks, id, open_period(history, id, value, now));
}

/* --- samples --------------------------------------------------------------------------------------- */

/* Keeps every second one of what there is. */
static void thin_out(struct hs_block_history *history)
{
	size_t kept = 0;
	int32_t last_nid = -1;
	bool keeps = false;

	for (size_t i = 0; i < history->nodes.count; i++) {
		/* All nodes of one time stay together. */
		if (history->nodes.items[i].nid <= last_nid)
			keeps = !keeps;
		last_nid = history->nodes.items[i].nid;
		if (keeps)
			history->nodes.items[kept++] = history->nodes.items[i];
	}
	history->nodes.count = kept;
	kept = 0;
	for (size_t i = 0; i < history->unplugs.count; i += 2)
		history->unplugs.items[kept++] = history->unplugs.items[i];
	history->unplugs.count = kept;
	history->stride *= 2;
}

static void sample(struct hs_block_history *history, const struct hs_hotplug *hotplug, uint64_t now)
{
	uint64_t bytes = hs_block_bytes(hotplug), nr_offline = history->nr_of_look[HS_LOOK_OFFLINE];
	struct hs_unplug_sample unplug = { .time = now };

	history->stride = history->stride ? history->stride : 1;
	if (history->nr_ticks++ % history->stride)
		return;
	if (history->nodes.count >= HS_MAX_SAMPLES)
		thin_out(history);
	for (int32_t nid = 0; nid < hotplug->nr_nodes; nid++) {
		struct hs_node_sample node = { .time = now, .nid = nid };

		if (!hotplug->nodes[nid])
			continue;
		hs_block_sums(hotplug, hotplug->nodes[nid], &node.movable, &node.kernel);
		if ((node.movable || node.kernel) && !hs_vec_push(&history->nodes, node))
			return;
	}
	unplug.bytes.lower = nr_offline * bytes;
	unplug.bytes.expected = (nr_offline + history->nr_of_look[HS_ZONE_MOVABLE]) * bytes;
	unplug.bytes.upper = (nr_offline + history->nr_whole) * bytes;
	if (!hs_vec_push(&history->unplugs, unplug))
		history->nr_cut++;
}

void hs_block_history_tick(struct hs_block_history *history, struct hs_hotplug *hotplug, uint64_t now)
{
	history->last_time = now;
	if (!hotplug->touched.count)
		return;
	hs_vec_for_each(id, &hotplug->touched)
		look_again(history, hotplug, *id, now);
	hs_vec_clear(&hotplug->touched);
	if (hotplug->blocks.count > history->nr_max)
		history->nr_max = hotplug->blocks.count;
	sample(history, hotplug, now);
}

/* --- showing --------------------------------------------------------------------------------------- */

static const char *look_name(enum hs_block_look look)
{
	if (look < (enum hs_block_look)HS_NR_ZONES)
		return hs_zone_name((enum hs_zone_index)look);
	return look == HS_LOOK_OFFLINE ? "offline" : "several zones";
}

void hs_block_history_show(const struct hs_block_history *history, const struct hs_hotplug *hotplug,
			   hs_history_sink *add, void *context)
{
	double page = (double)hotplug->geometry.page_bytes, bytes = (double)hs_block_bytes(hotplug);
	char label[32];

	hs_vec_for_each(period, &history->periods)
		add(context, &(struct hs_history_row){
			"blocks", look_name(period->look), period->start,
			{ (double)(period->end ? period->end : history->last_time), (double)period->id, bytes, period->look },
		});
	hs_vec_for_each(node, &history->nodes) {
		snprintf(label, sizeof(label), "node %d", node->nid);
		add(context, &(struct hs_history_row){
			"nodes", label, node->time,
			{ (double)node->movable * page, (double)node->kernel * page, node->nid,
			  node->kernel ? (double)node->movable / (double)node->kernel : 0 },
		});
	}
	hs_vec_for_each(unplug, &history->unplugs)
		add(context, &(struct hs_history_row){
			"unplug", "", unplug->time,
			{ (double)unplug->bytes.lower, (double)unplug->bytes.expected, (double)unplug->bytes.upper, 0 },
		});
}
