/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_HISTORY_H
#define HS_BLOCK_HISTORY_H
/*
 * What became of blocks over time, made to be drawn: periods in which a block was in one state, and samples of the
 * nodes' memory and of what could be unplugged. Times in ns of the trace's clock. Bounded: behind the first
 * HS_MAX_PERIODS periods only numbers go on, and samples get sparser.
 */
#include "lib/hash_map.h"
#include "replay/block/block_metrics.h"
#include "replay/model.h"

enum { HS_MAX_PERIODS = 1 << 15, HS_MAX_SAMPLES = 1 << 12 };

/* What a block is shown as: its zone, or one of these. */
enum hs_block_look {
	HS_LOOK_SEVERAL = HS_NR_ZONES,	/* online in several zones or nodes */
	HS_LOOK_OFFLINE, HS_LOOK_GONE, HS_NR_LOOKS
};

struct hs_block_period {
	uint64_t id, start, end;	/* end 0: it lasts */
	enum hs_block_look look;
};

struct hs_node_sample {
	uint64_t time, movable, kernel;	/* pages, see hs_block_sums */
	int32_t nid;
};

struct hs_unplug_sample {
	uint64_t time;
	struct hs_unpluggable bytes;
};

struct hs_block_history {
	struct hs_hash_map looks;	/* block id -> look, whether it is whole, and 1 + index of its open period */
	HS_VEC(struct hs_block_period) periods;
	HS_VEC(struct hs_node_sample) nodes;
	HS_VEC(struct hs_unplug_sample) unplugs;
	uint64_t nr_of_look[HS_NR_LOOKS];
	uint64_t nr_whole;		/* online in one zone and without holes */
	uint64_t nr_max;		/* most blocks at a time */
	uint64_t nr_ticks, stride;	/* every stride-th tick is kept */
	uint64_t nr_cut;		/* periods that were not kept */
	uint64_t last_time;
};

void hs_block_history_deinit(struct hs_block_history *history);

/* Looks at the blocks that changed since the last time (hotplug->touched), and forgets that they did. */
void hs_block_history_tick(struct hs_block_history *history, struct hs_hotplug *hotplug, uint64_t now);

/* Rows of the series "blocks", "nodes" and "unplug"; see hs_model_ops.history. */
void hs_block_history_show(const struct hs_block_history *history, const struct hs_hotplug *hotplug,
			   hs_history_sink *add, void *context);

#endif
