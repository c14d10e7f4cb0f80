// SPDX-License-Identifier: GPL-2.0-only
/* Properties of the block model on random histories, and its speed at half a million blocks. */
#include <stdlib.h>
#include <time.h>

#include "lib/rng.h"
#include "replay/block/block_check.h"
#include "replay/block/block_poison.h"
#include "tests/unit/block_fixture.h"

enum { NR_STEPS = 3000, FIRST = 64, NR_IDS = 96 };

static uint64_t the_seed(void)
{
	const char *text = getenv("SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20260;

	printf("seed %llu\n", (unsigned long long)seed);
	return seed;
}

static struct hs_block_world random_world(struct hs_rng *rng)
{
	struct hs_block_world world = { 0 };

	switch (hs_rng_below(rng, 12)) {
	case 0: world.veto[HS_MEM_GOING_ONLINE] = -ENOMEM; break;
	case 1: world.veto[HS_MEM_GOING_OFFLINE] = -EBUSY; break;
	case 2: world.isolate_error = -EBUSY; break;
	case 3: world.has_signal = true; break;
	case 4: world.veto[HS_NODE_ADDING_FIRST_MEMORY] = -ENOMEM; break;
	case 5: world.veto[HS_MEM_PREPARE_ONLINE] = -EBUSY; break;
	case 6: world.memmap_error = -ENOMEM; break;
	default: break;
	}
	return world;
}

/* The grammar of notifications: each GOING is followed by exactly one end before anything else of its chain. */
static void check_grammar(const struct hs_block_outcome *outcome)
{
	enum hs_block_action open = HS_NR_BLOCK_ACTIONS;

	for (unsigned int i = 0; i < outcome->nr_notified; i++) {
		enum hs_block_action action = outcome->notified[i].notice.action;

		if (action == HS_MEM_GOING_ONLINE || action == HS_MEM_GOING_OFFLINE) {
			assert_int_equal(open, HS_NR_BLOCK_ACTIONS);
			open = action;
		} else if (action == HS_MEM_ONLINE || action == HS_MEM_CANCEL_ONLINE) {
			assert_true(open == HS_MEM_GOING_ONLINE || outcome->check == HS_CHECK_NODE_VETO);
			open = HS_NR_BLOCK_ACTIONS;
		} else if (action == HS_MEM_OFFLINE || action == HS_MEM_CANCEL_OFFLINE) {
			assert_true(open == HS_MEM_GOING_OFFLINE || outcome->check == HS_CHECK_NODE_VETO);
			open = HS_NR_BLOCK_ACTIONS;
		}
	}
	assert_int_equal(open, HS_NR_BLOCK_ACTIONS);
}

static void check_choice(const struct hs_hotplug *hotplug, const struct hs_block_outcome *outcome,
			 enum hs_online_type type)
{
	const struct hs_ratio_test *last = outcome->choice.tests;

	if (outcome->result || outcome->check != HS_CHECK_NONE)
		return;
	if (outcome->choice.nr_tests)
		last += outcome->choice.nr_tests - 1;
	if (type == HS_ONLINE_MOVABLE)
		assert_int_equal(outcome->zone->index, HS_ZONE_MOVABLE);
	if (type == HS_ONLINE_KERNEL)
		assert_int_not_equal(outcome->zone->index, HS_ZONE_MOVABLE);
	if (outcome->choice.why == HS_ZONE_AUTO_MOVABLE) {
		assert_int_not_equal(hotplug->settings.auto_movable_ratio, 0);
		assert_int_equal(last->result, HS_RATIO_FITS);
		assert_true(last->kernel_early > 0 && last->movable <= last->limit);
	}
}

static void step_online(struct hs_hotplug *hotplug, struct hs_rng *rng, struct hs_block *block)
{
	struct hs_block_world world = random_world(rng);
	enum hs_online_type type = (enum hs_online_type)hs_rng_below(rng, HS_NR_ONLINE_TYPES);
	struct hs_block_outcome outcome, again;
	bool was_offline = block->status == HS_BLOCK_OFFLINE;

	block->online_type = type;
	hs_block_decide_online(hotplug, block, &world, &again);
	assert_true(hs_block_device_online(hotplug, block, &world, NULL, &outcome) <= 1);
	if (was_offline) {
		assert_int_equal(outcome.result, again.result);	/* asking changes nothing */
		assert_int_equal(outcome.nr_notified, again.nr_notified);
		assert_int_equal(block->online_type, HS_OFFLINE);
		check_grammar(&outcome);
		check_choice(hotplug, &outcome, type);
	}
}

/* A failed offline changes nothing. */
static void step_offline(struct hs_hotplug *hotplug, struct hs_rng *rng, struct hs_block *block)
{
	struct hs_block_world world = random_world(rng);
	struct hs_block_outcome outcome;
	struct hs_node before[2];
	struct hs_block old = *block;
	int ret;

	for (int32_t nid = 0; nid < 2; nid++)
		before[nid] = *hs_node_find(hotplug, nid);
	ret = hs_block_device_offline(hotplug, block, &world, NULL, &outcome);
	check_grammar(&outcome);
	if (!ret)
		return;
	for (int32_t nid = 0; nid < 2; nid++)
		assert_memory_equal(&before[nid], hs_node_find(hotplug, nid), sizeof(before[nid]));
	assert_memory_equal(&old, block, sizeof(old));
}

static void step_memory(struct hs_hotplug *hotplug, struct hs_rng *rng, uint64_t id)
{
	uint64_t size = (1 + hs_rng_below(rng, 4)) * F0_BLOCK_BYTES, count = hotplug->blocks.count;
	struct hs_add_request request = {
		.start = id * F0_BLOCK_BYTES, .size = size, .nid = (int32_t)hs_rng_below(rng, 3), .name = "System RAM",
		.flags = (uint32_t)hs_rng_below(rng, 8),
	};
	struct hs_memory_outcome outcome;

	if (hs_rng_below(rng, 2)) {
		if (hs_block_add_memory(hotplug, &request, NULL, &outcome))
			assert_int_equal(hotplug->blocks.count, count);
		else
			assert_int_equal(hotplug->blocks.count, count + size / F0_BLOCK_BYTES);
	} else if (hs_rng_below(rng, 2)) {
		if (hs_block_remove_memory(hotplug, request.start, size, NULL, &outcome))
			assert_int_equal(hotplug->blocks.count, count);
	} else {
		hs_block_offline_and_remove(hotplug, request.start, size, NULL, NULL, &outcome);
	}
}

static void step_settings(struct hs_hotplug *hotplug, struct hs_rng *rng)
{
	static const uint32_t ratios[] = { 0, 1, 100, 301, 400, 0x7fffffff, 0x80000000, 0xffffffff };

	hotplug->settings.auto_movable_ratio = ratios[hs_rng_below(rng, 8)];
	hotplug->settings.auto_movable_numa_aware = hs_rng_below(rng, 2);
	hotplug->settings.online_policy = (enum hs_online_policy)hs_rng_below(rng, HS_NR_ONLINE_POLICIES);
	hotplug->settings.auto_online = (enum hs_online_type)hs_rng_below(rng, HS_NR_ONLINE_TYPES);
	hotplug->settings.memmap_mode = (enum hs_memmap_mode)hs_rng_below(rng, 3);
}

/* MOVABLE with NUMA awareness implies MOVABLE without; MOVABLE at a ratio implies it at any higher one. */
static void check_monotony(struct hs_hotplug *hotplug, struct hs_rng *rng)
{
	struct hs_block_settings saved = hotplug->settings;
	struct hs_zone_request request = {
		.type = HS_ONLINE, .node = hs_node_find(hotplug, (int32_t)hs_rng_below(rng, 2)),
		.pfn = (FIRST + hs_rng_below(rng, NR_IDS)) * F0_PAGES, .nr = F0_PAGES,
	};
	struct hs_zone_choice low, high;

	hotplug->settings.online_policy = HS_AUTO_MOVABLE;
	hotplug->settings.auto_movable_numa_aware = true;
	hotplug->settings.auto_movable_ratio = (uint32_t)hs_rng_below(rng, 500);
	hs_zone_choose(hotplug, &request, &low);
	if (hs_rng_below(rng, 2))
		hotplug->settings.auto_movable_numa_aware = false;
	hotplug->settings.auto_movable_ratio += (uint32_t)hs_rng_below(rng, 1000);
	hs_zone_choose(hotplug, &request, &high);
	if (low.why == HS_ZONE_AUTO_MOVABLE)
		assert_int_equal(high.why, HS_ZONE_AUTO_MOVABLE);
	hotplug->settings = saved;
}

static void one_step(struct hs_hotplug *hotplug, struct hs_rng *rng)
{
	uint64_t id = hs_rng_below(rng, 4) ? FIRST + hs_rng_below(rng, NR_IDS) : hs_rng_below(rng, F0_BOOT_BLOCKS);
	struct hs_block *block = hs_block_find(hotplug, id);
	uint64_t what = hs_rng_below(rng, 16);

	if (what < 5 && block)
		step_online(hotplug, rng, block);
	else if (what < 9 && block)
		step_offline(hotplug, rng, block);
	else if (what < 12 && id >= FIRST)
		step_memory(hotplug, rng, id);
	else if (what == 12)
		hs_block_group_register(hotplug, hs_rng_below(rng, 2), (int32_t)hs_rng_below(rng, 2),
					F0_PAGES << hs_rng_below(rng, 5));
	else if (what == 13)
		hs_block_group_unregister(hotplug, (int64_t)hs_rng_below(rng, 6));
	else if (what == 14)
		step_settings(hotplug, rng);
	else if (block)
		hs_block_poison_page(hotplug, id * F0_PAGES);
	check_monotony(hotplug, rng);
}

static void test_random_histories(void **state)
{
	struct hs_rng rng = { the_seed() };

	(void)state;
	f0_for_each_variant(variant) {
		struct hs_hotplug hotplug;
		struct hs_error err = { 0 };

		f0_init(&hotplug, variant);
		for (int step = 0; step < NR_STEPS; step++) {
			one_step(&hotplug, &rng);
			if (hs_hotplug_check(&hotplug, &err))
				fail_msg("%s, step %d: %s", variant, step, err.text);
		}
		hs_hotplug_deinit(&hotplug);
	}
}

/* A static group that only plain onlines touch, with nothing between them, ends in one zone. */
static void test_static_group_in_one_zone(void **state)
{
	struct hs_rng rng = { the_seed() };

	(void)state;
	for (int round = 0; round < 200; round++) {
		uint64_t nr = 1 + hs_rng_below(&rng, 60), id = 100;
		struct hs_block_group *group;
		struct hs_hotplug hotplug;
		enum hs_zone_index first = HS_NR_ZONES;

		f0_init(&hotplug, "7.2");
		hotplug.settings.online_policy = HS_AUTO_MOVABLE;
		hotplug.settings.auto_movable_ratio = (uint32_t)hs_rng_below(&rng, 400);
		group = hs_block_group_find(&hotplug, hs_block_group_register(&hotplug, false, 0, nr * F0_PAGES));
		for (uint64_t i = 0; i < nr; i++) {
			enum hs_zone_index zone = f0_online(&hotplug, f0_add(&hotplug, id++, 0, 0, group), HS_ONLINE);

			first = i ? first : zone;
			assert_int_equal(zone, first);
		}
		hs_hotplug_deinit(&hotplug);
	}
}

static void shuffle(uint64_t *ids, size_t nr, struct hs_rng *rng)
{
	for (size_t i = nr; i > 1; i--) {
		size_t other = hs_rng_below(rng, i);
		uint64_t id = ids[i - 1];

		ids[i - 1] = ids[other];
		ids[other] = id;
	}
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* 64 TiB in blocks of 128 MiB: registered in order, onlined and offlined in random order, removed. */
static void test_scale(void **state)
{
	enum { NR = 1 << 19 };
	struct hs_rng rng = { the_seed() };
	struct hs_hotplug hotplug;
	struct hs_memory_outcome outcome;
	struct timespec start;
	uint64_t *ids = malloc(NR * sizeof(*ids));

	(void)state;
	assert_non_null(ids);
	for (uint64_t i = 0; i < NR; i++)
		ids[i] = FIRST + i;
	f0_init(&hotplug, "6.12");
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(hs_block_add_memory(&hotplug, &(struct hs_add_request){
		.start = FIRST * F0_BLOCK_BYTES, .size = NR * F0_BLOCK_BYTES, .name = "System RAM" }, NULL, &outcome), 0);
	printf("| registered %.2f s\n", seconds_since(&start));
	shuffle(ids, NR, &rng);
	for (size_t i = 0; i < NR; i++)
		f0_online(&hotplug, f0_block(&hotplug, ids[i]), i % 3 ? HS_ONLINE_MOVABLE : HS_ONLINE_KERNEL);
	printf("| onlined in random order %.2f s\n", seconds_since(&start));
	shuffle(ids, NR, &rng);
	for (size_t i = 0; i < NR; i++)
		f0_offline(&hotplug, f0_block(&hotplug, ids[i]));
	printf("| offlined in random order %.2f s\n", seconds_since(&start));
	f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE), 0, 0);
	f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_NORMAL), 1048576, 2097152);
	assert_int_equal(hs_block_remove_memory(&hotplug, FIRST * F0_BLOCK_BYTES, NR * F0_BLOCK_BYTES, NULL, &outcome), 0);
	printf("| removed %.2f s (%d blocks)\n", seconds_since(&start), NR);
	assert_int_equal(hotplug.blocks.count, F0_BOOT_BLOCKS);
	hs_hotplug_deinit(&hotplug);
	free(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_histories), cmocka_unit_test(test_static_group_in_one_zone),
		cmocka_unit_test(test_scale),
	};

	return cmocka_run_group_tests_name("block_properties", tests, NULL, NULL);
}
