// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void sum_node(const struct hs_node *node, uint64_t *movable, uint64_t *kernel)
{
	for (int i = 0; i < HS_NR_ZONES; i++) {
		const struct hs_zone *zone = &node->zones[i];

		if (i == HS_ZONE_MOVABLE) {
			*movable += zone->present;
		} else {
			*movable += zone->cma;
			*kernel += zone->present - zone->cma;
		}
	}
}

void hs_block_sums(const struct hs_hotplug *hotplug, const struct hs_node *node, uint64_t *movable, uint64_t *kernel)
{
	*movable = *kernel = 0;
	if (node)
		sum_node(node, movable, kernel);
	for (int32_t nid = 0; !node && nid < hotplug->nr_nodes; nid++)
		if (hotplug->nodes[nid])
			sum_node(hotplug->nodes[nid], movable, kernel);
}

double hs_block_ratio(const struct hs_hotplug *hotplug, const struct hs_node *node, uint64_t *kernel_pages)
{
	uint64_t movable, kernel;

	hs_block_sums(hotplug, node, &movable, &kernel);
	if (kernel_pages)
		*kernel_pages = kernel;
	return kernel ? (double)movable / (double)kernel : 0;
}

void hs_block_metrics_deinit(struct hs_block_metrics *metrics)
{
	hs_vec_deinit(&metrics->waits);
}

void hs_block_metrics_wait(struct hs_block_metrics *metrics, uint64_t wait_ns)
{
	metrics->nr_waits++;
	metrics->wait_ns += wait_ns;
	metrics->max_wait_ns = wait_ns > metrics->max_wait_ns ? wait_ns : metrics->max_wait_ns;
	if (metrics->waits.count < HS_MAX_WAITS && !hs_vec_push(&metrics->waits, wait_ns))
		return;		/* quantiles are of those that were kept */
}

static int compare_waits(const void *a, const void *b)
{
	return (*(const uint64_t *)a > *(const uint64_t *)b) - (*(const uint64_t *)a < *(const uint64_t *)b);
}

static void summarize_waits(const struct hs_block_metrics *metrics,
			    void (*add)(void *context, const char *name, double value), void *context)
{
	size_t nr = metrics->waits.count;
	uint64_t *sorted = nr ? malloc(nr * sizeof(*sorted)) : NULL;

	add(context, "add_to_online_mean_s",
	    metrics->nr_waits ? (double)metrics->wait_ns / 1e9 / (double)metrics->nr_waits : 0);
	add(context, "add_to_online_max_s", (double)metrics->max_wait_ns / 1e9);
	if (!sorted)
		return;
	memcpy(sorted, metrics->waits.items, nr * sizeof(*sorted));
	qsort(sorted, nr, sizeof(*sorted), compare_waits);
	add(context, "add_to_online_p50_s", (double)sorted[(nr - 1) / 2] / 1e9);
	add(context, "add_to_online_p95_s", (double)sorted[(nr - 1) * 95 / 100] / 1e9);
	free(sorted);
}

/* Of each node with memory, as it is at the end. */
static void summarize_nodes(const struct hs_hotplug *hotplug,
			    void (*add)(void *context, const char *name, double value), void *context)
{
	uint64_t kernel;

	for (int32_t nid = 0; nid < hotplug->nr_nodes; nid++) {
		const struct hs_node *node = hotplug->nodes[nid];
		char name[64];
		double ratio;

		if (!node || !node->present)
			continue;
		ratio = hs_block_ratio(hotplug, node, &kernel);
		snprintf(name, sizeof(name), "node%d_movable_kernel_ratio", nid);
		add(context, name, ratio);
		snprintf(name, sizeof(name), "node%d_kernel_bytes", nid);
		add(context, name, (double)(kernel * hotplug->geometry.page_bytes));
	}
}

/* A block is a device, and so is a node. */
static uint64_t count_devices(const struct hs_hotplug *hotplug)
{
	uint64_t nr = hotplug->blocks.count;

	for (int32_t nid = 0; nid < hotplug->nr_nodes; nid++)
		nr += hotplug->nodes[nid] && hotplug->nodes[nid]->is_online;
	return nr;
}

void hs_block_metrics_tick(struct hs_block_metrics *metrics, const struct hs_hotplug *hotplug, uint64_t now)
{
	uint64_t passed = metrics->has_begun && now > metrics->last_time ? now - metrics->last_time : 0, kernel;

	metrics->total_ns += passed;
	metrics->ratio_ns += metrics->ratio * (double)passed;
	metrics->online_block_ns += (double)metrics->nr_online_now * (double)passed;
	metrics->above_3_ns += metrics->ratio > 3 ? passed : 0;
	metrics->above_4_ns += metrics->ratio > 4 ? passed : 0;
	metrics->ratio = hs_block_ratio(hotplug, NULL, &kernel);
	metrics->nr_online_now = hotplug->blocks.count - hotplug->nr_offline;
	if (hotplug->blocks.count > metrics->max_blocks)
		metrics->max_blocks = hotplug->blocks.count;
	metrics->offline_pages = hotplug->nr_offline * hs_block_pages(hotplug);
	if (!metrics->has_begun || kernel < metrics->min_kernel_pages)
		metrics->min_kernel_pages = kernel;
	if (metrics->ratio > metrics->max_ratio)
		metrics->max_ratio = metrics->ratio;
	if (metrics->offline_pages > metrics->max_offline_pages)
		metrics->max_offline_pages = metrics->offline_pages;
	metrics->has_begun = true;
	metrics->last_time = now;
}

void hs_block_metrics_outcome(struct hs_block_metrics *metrics, const struct hs_hotplug *hotplug, bool is_offline,
			      const struct hs_block_outcome *outcome)
{
	if (!outcome->result) {
		metrics->nr_online += !is_offline;
		metrics->nr_offline += is_offline;
		return;
	}
	metrics->nr_failed[outcome->check]++;
	if (is_offline && outcome->result < 0)
		metrics->failed_offline_pages += hs_block_pages(hotplug);
}

void hs_block_unpluggable(const struct hs_hotplug *hotplug, struct hs_unpluggable *out)
{
	uint64_t bytes = hs_block_bytes(hotplug), pages = hs_block_pages(hotplug);

	*out = (struct hs_unpluggable){ 0 };
	for (const struct hs_block *block = hotplug->oldest; block; block = block->newer) {
		uint64_t start = hs_block_start(hotplug, block);
		bool is_offline = block->status == HS_BLOCK_OFFLINE;
		bool is_whole = !hotplug->knows_ram || hs_page_ranges_count(&hotplug->ram, start, start + pages) == pages;

		out->lower += is_offline ? bytes : 0;
		out->expected += is_offline || (block->zone && block->zone->index == HS_ZONE_MOVABLE) ? bytes : 0;
		out->upper += is_offline || (block->zone && is_whole) ? bytes : 0;
	}
}

/* Pages of memmap that online and offline blocks keep in themselves, and in kernel memory. */
static void count_memmap(const struct hs_hotplug *hotplug, uint64_t *own, uint64_t *kernel, uint64_t *wasted)
{
	const struct hs_block_geometry *geometry = &hotplug->geometry;
	uint64_t needed = hs_block_pages(hotplug) * geometry->struct_page_bytes;

	for (const struct hs_block *block = hotplug->oldest; block; block = block->newer) {
		*own += block->altmap * geometry->page_bytes;
		*kernel += block->altmap ? 0 : needed;
		*wasted += block->altmap ? block->altmap * geometry->page_bytes - needed : 0;
	}
}

static void summarize_failures(const struct hs_block_metrics *metrics, const struct hs_hotplug *hotplug,
			       void (*add)(void *context, const char *name, double value), void *context)
{
	for (int check = 0; check < HS_NR_BLOCK_CHECKS; check++) {
		char name[120];

		if (!metrics->nr_failed[check])
			continue;
		snprintf(name, sizeof(name), "failed: %s", hs_block_check_text((enum hs_block_check)check));
		add(context, name, (double)metrics->nr_failed[check]);
	}
	add(context, "failed_offline_bytes", (double)(metrics->failed_offline_pages * hotplug->geometry.page_bytes));
}

void hs_block_metrics_summarize(const struct hs_block_metrics *metrics, const struct hs_hotplug *hotplug,
				void (*add)(void *context, const char *name, double value), void *context)
{
	uint64_t own = 0, kernel = 0, wasted = 0, page = hotplug->geometry.page_bytes;
	struct hs_unpluggable unpluggable;

	hs_block_unpluggable(hotplug, &unpluggable);
	count_memmap(hotplug, &own, &kernel, &wasted);
	add(context, "movable_kernel_ratio", metrics->ratio);
	add(context, "movable_kernel_ratio_max", metrics->max_ratio);
	add(context, "movable_kernel_ratio_mean",
	    metrics->total_ns ? metrics->ratio_ns / (double)metrics->total_ns : metrics->ratio);
	add(context, "above_3_1_s", (double)metrics->above_3_ns / 1e9);
	add(context, "above_4_1_s", (double)metrics->above_4_ns / 1e9);
	add(context, "min_kernel_bytes", (double)(metrics->min_kernel_pages * page));
	add(context, "unpluggable_bytes", (double)unpluggable.expected);
	add(context, "unpluggable_bytes_upper", (double)unpluggable.upper);
	add(context, "unpluggable_bytes_lower", (double)unpluggable.lower);
	add(context, "blocks", (double)hotplug->blocks.count);
	add(context, "blocks_max", (double)metrics->max_blocks);
	add(context, "sysfs_devices", (double)count_devices(hotplug));
	add(context, "online_block_s", metrics->online_block_ns / 1e9);
	add(context, "block_bytes", (double)hs_block_bytes(hotplug));
	add(context, "onlines", (double)metrics->nr_online);
	add(context, "offlines", (double)metrics->nr_offline);
	summarize_failures(metrics, hotplug, add, context);
	add(context, "rejected_adds", (double)metrics->nr_rejected_adds);
	add(context, "lost_bytes", (double)metrics->lost_bytes);
	add(context, "offline_bytes_max", (double)(metrics->max_offline_pages * page));
	add(context, "memmap_self_hosted_bytes", (double)own);
	add(context, "memmap_in_kernel_bytes", (double)kernel);
	add(context, "memmap_wasted_bytes", (double)wasted);
	summarize_waits(metrics, add, context);
	summarize_nodes(hotplug, add, context);
}
