// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_block N: N blocks of 128 MiB registered, looked up, walked, onlined, offlined in random order, removed; then
 * N / 128 dynamic groups of 128 blocks each. Prints CPU time: whole steps in s, single operations in ns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/rng.h"
#include "replay/block/block_boot.h"
#include "replay/block/block_device.h"
#include "replay/block/block_group.h"
#include "replay/block/block_memory.h"

enum { FIRST = 64, BLOCK_PAGES = 1 << 15, WALK_BLOCKS = 1024, GROUP_BLOCKS = 128 };
enum { NR_LOOKUPS = 4000000, ROUNDS = 200 };
#define BLOCK_BYTES (128ull << 20)

static const struct hs_block_world free_world;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	fprintf(stderr, "bench_block: %s\n", what);
	exit(1);
}

static void report_s(const char *name, double start)
{
	printf("%s %.3f\n", name, now() - start);
}

static void report_ns(const char *name, double start, double count)
{
	printf("%s %.1f\n", name, (now() - start) / count * 1e9);
}

/* Node 0 with 8 GiB since boot, all of it NORMAL. */
static void boot(struct hs_hotplug *hotplug)
{
	static const struct hs_boot_region region = { 0, (uint64_t)FIRST * BLOCK_PAGES, 0 };
	struct hs_zone *zone;

	hs_hotplug_init(hotplug, hs_block_variant_find("6.12"));
	check(!hs_node_add(hotplug, 0), "no node");
	zone = &hs_node_find(hotplug, 0)->zones[HS_ZONE_NORMAL];
	zone->spanned = zone->present = zone->present_early = zone->managed = region.end - region.start;
	check(hs_page_ranges_set(&hotplug->online, region.start, region.end, zone) ||
	      hs_page_ranges_set(&hotplug->early, region.start, region.end, &hotplug->early), "no memory");
	hs_node_update_counts(hs_node_find(hotplug, 0));
	check(hs_block_boot_create(hotplug, &region, 1), "no boot blocks");
	hs_block_boot_add_nids(hotplug, &region, 1);
}

static void shuffle(uint64_t *ids, size_t nr, struct hs_rng *rng)
{
	for (size_t i = nr; i > 1; i--) {
		const size_t other = hs_rng_below(rng, i);
		const uint64_t id = ids[i - 1];

		ids[i - 1] = ids[other];
		ids[other] = id;
	}
}

static int count_block(struct hs_block *block, void *context)
{
	*(uint64_t *)context += hs_block_id(block) != 0;
	return 0;
}

static int count_group(const struct hs_block_group *group, void *context)
{
	*(uint64_t *)context += group->present_movable + 1;
	return 0;
}

static void time_lookups(struct hs_hotplug *hotplug, uint64_t nr, struct hs_rng *rng)
{
	const uint64_t nr_walks = NR_LOOKUPS / WALK_BLOCKS;
	uint64_t found = 0, visited = 0;
	double start = now();

	for (uint64_t i = 0; i < NR_LOOKUPS; i++)
		found += hs_block_find(hotplug, FIRST + hs_rng_below(rng, nr)) != NULL;
	report_ns("lookup", start, NR_LOOKUPS);
	check(found != NR_LOOKUPS, "a block is missing");
	start = now();
	for (uint64_t i = 0; i < nr_walks; i++)
		hs_block_walk(hotplug, (FIRST + hs_rng_below(rng, nr - WALK_BLOCKS)) * BLOCK_BYTES,
			      WALK_BLOCKS * BLOCK_BYTES, count_block, &visited);
	report_ns("range_walk", start, (double)visited);
	check(visited != nr_walks * WALK_BLOCKS, "a walk missed blocks");
	visited = 0;
	start = now();
	hs_block_for_each(hotplug, count_block, &visited);
	report_ns("whole_walk", start, (double)visited);
}

static void time_states(struct hs_hotplug *hotplug, uint64_t *ids, uint64_t nr, struct hs_rng *rng)
{
	struct hs_block_outcome outcome;
	double start = now();

	for (uint64_t i = 0; i < nr; i++) {
		struct hs_block *block = hs_block_find(hotplug, ids[i]);

		block->online_type = i % 3 ? HS_ONLINE_MOVABLE : HS_ONLINE_KERNEL;
		check(hs_block_device_online(hotplug, block, &free_world, NULL, &outcome), "a block stayed offline");
	}
	report_s("online_s", start);
	shuffle(ids, nr, rng);
	start = now();
	for (uint64_t i = 0; i < nr; i++)
		check(hs_block_device_offline(hotplug, hs_block_find(hotplug, ids[i]), &free_world, NULL, &outcome),
		      "a block stayed online");
	report_s("offline_s", start);
}

/* Each group has its blocks; half of them are on another node, which a walk passes over. */
static void time_groups(uint64_t nr)
{
	const uint64_t nr_groups = nr / GROUP_BLOCKS;
	struct hs_memory_outcome outcome;
	struct hs_hotplug hotplug;
	uint64_t sum = 0;
	double start;

	boot(&hotplug);
	check(!hs_node_add(&hotplug, 1), "no node");
	start = now();
	for (uint64_t i = 0; i < nr_groups; i++) {
		const int mgid = hs_block_group_register(&hotplug, true, (int32_t)(i & 1), BLOCK_PAGES);

		check(mgid < 0 || hs_block_add_memory(&hotplug, &(struct hs_add_request){
			.start = (FIRST + i * GROUP_BLOCKS) * BLOCK_BYTES, .size = GROUP_BLOCKS * BLOCK_BYTES, .nid = mgid,
			.flags = HS_MHP_NID_IS_MGID, .name = "System RAM" }, NULL, &outcome), "no group");
	}
	report_ns("group_add", start, (double)nr);
	start = now();
	for (int round = 0; round < ROUNDS; round++)
		hs_block_group_walk_dynamic(&hotplug, 0, NULL, count_group, &sum);
	report_ns("group_walk", start, (double)nr_groups * ROUNDS);
	check(sum != nr_groups / 2 * ROUNDS, "a walk missed groups");
	hs_hotplug_deinit(&hotplug);
}

int main(int argc, char **argv)
{
	const uint64_t nr = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	struct hs_rng rng = { 1 };
	struct hs_memory_outcome outcome;
	struct hs_hotplug hotplug;
	uint64_t *ids;
	double start;

	if (nr < 2 * WALK_BLOCKS || nr > 1 << 24) {
		fprintf(stderr, "usage: bench_block N (%d to %d)\n", 2 * WALK_BLOCKS, 1 << 24);
		return 2;
	}
	ids = malloc(nr * sizeof(*ids));
	check(!ids, "out of memory");
	for (uint64_t i = 0; i < nr; i++)
		ids[i] = FIRST + i;
	boot(&hotplug);
	start = now();
	check(hs_block_add_memory(&hotplug, &(struct hs_add_request){
		.start = FIRST * BLOCK_BYTES, .size = nr * BLOCK_BYTES, .name = "System RAM" }, NULL, &outcome), "no add");
	report_s("register_s", start);
	time_lookups(&hotplug, nr, &rng);
	shuffle(ids, nr, &rng);
	time_states(&hotplug, ids, nr, &rng);
	start = now();
	check(hs_block_remove_memory(&hotplug, FIRST * BLOCK_BYTES, nr * BLOCK_BYTES, NULL, &outcome), "no removal");
	report_s("remove_s", start);
	hs_hotplug_deinit(&hotplug);
	time_groups(nr);
	free(ids);
	return 0;
}
