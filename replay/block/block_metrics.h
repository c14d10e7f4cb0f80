/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_METRICS_H
#define HS_BLOCK_METRICS_H
/* Numbers about a history of hotplug: what a run is summed up in. Times in ns of the trace's clock. */
#include "replay/block/block_outcome.h"

struct hs_block_metrics {
	bool has_begun;
	uint64_t last_time;
	uint64_t total_ns, above_3_ns, above_4_ns;	/* MOVABLE : KERNEL */
	double ratio_ns;			/* integral of the ratio */
	double ratio, max_ratio;
	uint64_t min_kernel_pages;
	uint64_t offline_pages, max_offline_pages;	/* added and not online */
	uint64_t nr_online, nr_offline;			/* that succeeded */
	uint64_t nr_failed[HS_NR_BLOCK_CHECKS];
	uint64_t failed_offline_pages;
	uint64_t nr_rejected_adds, lost_bytes;		/* by the block size */
	uint64_t nr_waits, wait_ns, max_wait_ns;	/* from add to online */
	HS_VEC(uint64_t) waits;				/* the first HS_MAX_WAITS of them */
	uint64_t nr_online_now, max_blocks;
	double online_block_ns;				/* integral of the blocks online */
};
enum { HS_MAX_WAITS = 1 << 16 };

void hs_block_metrics_deinit(struct hs_block_metrics *metrics);
/* A block came online so long after it was added. */
void hs_block_metrics_wait(struct hs_block_metrics *metrics, uint64_t wait_ns);


/* Time passes: what held until now is counted up to `now`, then the state is looked at again. */
void hs_block_metrics_tick(struct hs_block_metrics *metrics, const struct hs_hotplug *hotplug, uint64_t now);
void hs_block_metrics_outcome(struct hs_block_metrics *metrics, const struct hs_hotplug *hotplug, bool is_offline,
			      const struct hs_block_outcome *outcome);

/* Present pages of a node (NULL: all): MOVABLE with CMA, and kernel zones without. */
void hs_block_sums(const struct hs_hotplug *hotplug, const struct hs_node *node, uint64_t *movable, uint64_t *kernel);
/* MOVABLE present pages with CMA, over kernel present pages without. node NULL: all. */
double hs_block_ratio(const struct hs_hotplug *hotplug, const struct hs_node *node, uint64_t *kernel_pages);

/* What could be unplugged now, in bytes. */
struct hs_unpluggable {
	uint64_t upper;		/* online blocks of one zone and without holes, and offline ones */
	uint64_t expected;	/* MOVABLE and offline */
	uint64_t lower;		/* offline */
};
void hs_block_unpluggable(const struct hs_hotplug *hotplug, struct hs_unpluggable *out);

void hs_block_metrics_summarize(const struct hs_block_metrics *metrics, const struct hs_hotplug *hotplug,
				void (*add)(void *context, const char *name, double value), void *context);

#endif
