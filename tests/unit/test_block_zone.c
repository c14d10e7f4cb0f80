// SPDX-License-Identifier: GPL-2.0-only
/* Cases 40-64 of the block model: the worked examples E1-E22 of zone selection, and policies at runtime. */
#include "tests/unit/block_fixture.h"

/* Node 0 with `kernel` early pages in NORMAL from pfn 1048576 on, node 1 with `second`; auto-movable. */
static void init_auto(struct hs_hotplug *hotplug, uint64_t kernel, uint64_t second)
{
	f0_init_empty(hotplug, "6.12");
	hotplug->settings.online_policy = HS_AUTO_MOVABLE;
	if (kernel)
		f0_boot_memory(hotplug, 0, HS_ZONE_NORMAL, 1048576, 1048576 + kernel);
	if (second)
		f0_boot_memory(hotplug, 1, HS_ZONE_NORMAL, 1048576 + (kernel + 32767) / 32768 * 32768,
			       1048576 + (kernel + 32767) / 32768 * 32768 + second);
}

/* Adds and onlines nr blocks from *id on; "M" and "K" into text. */
static void online_blocks(struct hs_hotplug *hotplug, uint64_t *id, unsigned int nr, int32_t nid, int mgid,
			  char *text)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct hs_block *block = f0_add(hotplug, (*id)++, nid, 0, hs_block_group_find(hotplug, mgid));

		text[i] = f0_online(hotplug, block, HS_ONLINE) == HS_ZONE_MOVABLE ? 'M' : 'K';
	}
	text[nr] = 0;
}

static void assert_all(const char *text, char letter, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		assert_int_equal(text[i], letter);
}

/* A run of blocks after each other on fresh machines. */
static void test_simple_runs(void **state)
{
	static const struct {
		int number;
		uint64_t kernel, second;
		int32_t nid;
		bool numa_aware;
		uint32_t ratio;
		unsigned int nr_movable;	/* this many MOVABLE, then 4 NORMAL */
	} runs[] = {
		{ 1, 1048576, 0, 0, true, 301, 96 },
		{ 10, 1048576, 0, 1, true, 301, 0 },
		{ 10, 1048576, 0, 1, false, 301, 96 },
		{ 11, 2097152, 262144, 1, true, 301, 24 },
		{ 15, 1048576, 0, 0, true, 100, 32 },
		{ 15, 1048576, 0, 0, true, 400, 128 },
		{ 15, 1048576, 0, 0, true, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct hs_hotplug hotplug;
		uint64_t id = 1000;
		char text[200];

		init_auto(&hotplug, runs[i].kernel, runs[i].second);
		hotplug.settings.auto_movable_ratio = runs[i].ratio;
		hotplug.settings.auto_movable_numa_aware = runs[i].numa_aware;
		online_blocks(&hotplug, &id, runs[i].nr_movable + 4, runs[i].nid, HS_NO_GROUP, text);
		assert_all(text, 'M', 0, runs[i].nr_movable);
		assert_all(text, 'K', runs[i].nr_movable, runs[i].nr_movable + 4);
		hs_hotplug_deinit(&hotplug);
	}
}

static int static_group(struct hs_hotplug *hotplug, uint64_t pages)
{
	int mgid = hs_block_group_register(hotplug, false, 0, pages);

	assert_true(mgid >= 0);
	return mgid;
}

static int dynamic_group(struct hs_hotplug *hotplug, uint64_t pages)
{
	int mgid = hs_block_group_register(hotplug, true, 0, pages);

	assert_true(mgid >= 0);
	return mgid;
}

/* E2-E5 */
static void test_static_groups(void **state)
{
	struct hs_hotplug hotplug;
	uint64_t id = 1000;
	char text[80];

	(void)state;
	init_auto(&hotplug, 524288, 0);
	online_blocks(&hotplug, &id, 8, 0, static_group(&hotplug, 2097152), text);
	assert_all(text, 'K', 0, 8);
	hs_hotplug_deinit(&hotplug);

	init_auto(&hotplug, 524288, 0);
	online_blocks(&hotplug, &id, 32, 0, static_group(&hotplug, 1048576), text);
	assert_all(text, 'M', 0, 32);
	online_blocks(&hotplug, &id, 32, 0, static_group(&hotplug, 1048576), text);
	assert_all(text, 'K', 0, 32);
	online_blocks(&hotplug, &id, 16, 0, static_group(&hotplug, 524288), text);
	assert_all(text, 'M', 0, 16);
	hs_hotplug_deinit(&hotplug);
}

/* E6, E7: kernel memory of a dynamic group earns MOVABLE for itself alone. */
static void test_dynamic_group(void **state)
{
	struct hs_hotplug hotplug;
	struct hs_ratio_test test;
	uint64_t id = 1000;
	char text[80];
	int other;

	(void)state;
	init_auto(&hotplug, 262144, 0);
	online_blocks(&hotplug, &id, 28, 0, dynamic_group(&hotplug, 32768), text);
	assert_string_equal(text + 24, "KMMM");
	assert_all(text, 'M', 0, 24);
	other = dynamic_group(&hotplug, 32768);
	assert_false(hs_zone_can_online_movable(&hotplug, HS_NO_NODE, hs_block_group_find(&hotplug, other), 32768,
						&test));
	assert_int_equal(test.required, 261164);
	assert_int_equal(test.kernel, 980);
	assert_int_equal(test.limit, 2949);
	online_blocks(&hotplug, &id, 8, 0, 0, text);
	assert_string_equal(text, "KMMMKMMM");
	online_blocks(&hotplug, &id, 1, 0, other, text);
	assert_string_equal(text, "K");
	hs_hotplug_deinit(&hotplug);
}

/* E8 */
static void test_two_dynamic_groups(void **state)
{
	struct hs_hotplug hotplug;
	uint64_t id = 1000;
	char text[80];
	int first;

	(void)state;
	init_auto(&hotplug, 262144, 0);
	first = dynamic_group(&hotplug, 32768);
	online_blocks(&hotplug, &id, 12, 0, first, text);
	assert_all(text, 'M', 0, 12);
	online_blocks(&hotplug, &id, 13, 0, dynamic_group(&hotplug, 32768), text);
	assert_all(text, 'M', 0, 12);
	assert_int_equal(text[12], 'K');
	hs_hotplug_deinit(&hotplug);
}

/* E9: all blocks of a unit repeat the answer of its first. */
static void test_units(void **state)
{
	static const char units[] = "MMMKMMMK";
	struct hs_hotplug hotplug;
	uint64_t id = 1000;
	char text[80];

	(void)state;
	init_auto(&hotplug, 262144, 0);
	online_blocks(&hotplug, &id, 64, 0, dynamic_group(&hotplug, 262144), text);
	for (int i = 0; i < 8; i++)
		assert_all(text, units[i], (size_t)i * 8, (size_t)i * 8 + 8);
	hs_hotplug_deinit(&hotplug);
}

/* E12: CMA counts as MOVABLE. */
static void test_cma(void **state)
{
	struct hs_hotplug hotplug;
	struct hs_ratio_test test;
	uint64_t id = 1000;
	char text[80];

	(void)state;
	init_auto(&hotplug, 1048576, 0);
	f0_zone(&hotplug, 0, HS_ZONE_NORMAL)->cma = 262144;
	assert_true(hs_zone_can_online_movable(&hotplug, HS_NO_NODE, NULL, 32768, &test));
	assert_int_equal(test.kernel_early, 786432);
	assert_int_equal(test.movable, 294912);
	assert_int_equal(test.limit, 2367160);
	online_blocks(&hotplug, &id, 66, 0, HS_NO_GROUP, text);
	assert_all(text, 'M', 0, 64);
	assert_all(text, 'K', 64, 66);
	hs_hotplug_deinit(&hotplug);
}

/* E13: the break-even of an 8 GiB machine with a 24 GiB device. */
static void test_break_even(void **state)
{
	static const struct {
		uint64_t kernel;
		char letter;
	} cases[] = { { 2097152, 'M' }, { 2090185, 'M' }, { 2090184, 'K' } };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct hs_hotplug hotplug;
		uint64_t id = 1000;
		char text[8];

		init_auto(&hotplug, cases[i].kernel, 0);
		online_blocks(&hotplug, &id, 2, 0, static_group(&hotplug, 6291456), text);
		assert_all(text, cases[i].letter, 0, 2);
		hs_hotplug_deinit(&hotplug);
	}
}

/* E14: an early block that leaves lowers what the policy stands on. */
static void test_early_block_leaves(void **state)
{
	struct hs_hotplug hotplug;
	struct hs_ratio_test test;
	struct hs_block *early;
	uint64_t id = 1000;
	char text[200];

	(void)state;
	init_auto(&hotplug, 1048576, 0);
	assert_int_equal(hs_block_create(&hotplug, 40, true, 0, 0, NULL, &early), 0);
	early->zone = f0_zone(&hotplug, 0, HS_ZONE_NORMAL);
	online_blocks(&hotplug, &id, 96, 0, HS_NO_GROUP, text);
	f0_offline(&hotplug, early);
	assert_false(hs_zone_can_online_movable(&hotplug, HS_NO_NODE, NULL, 32768, &test));
	assert_int_equal(test.kernel, 1015808);
	assert_int_equal(test.limit, 3057582);
	assert_int_equal(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE)->present, 96 * 32768);
	hs_hotplug_deinit(&hotplug);
}

static const char *zones_at(struct hs_hotplug *hotplug, uint64_t pfn)
{
	return hs_block_zone_list(hotplug, hs_node_find(hotplug, 0), NULL, pfn, 32768);
}

/* E16-E19 */
static void test_contig_outside(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_hotplug hotplug;
		struct hs_block *x, *y;

		f0_init(&hotplug, variant);
		assert_string_equal(zones_at(&hotplug, 2097152), "Normal Movable");
		hotplug.settings.movable_node = true;
		assert_string_equal(zones_at(&hotplug, 2097152), "Movable Normal");
		hotplug.settings.movable_node = false;

		f0_offline(&hotplug, f0_block(&hotplug, 20));
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_DMA32), 4096, 1048576);
		assert_string_equal(zones_at(&hotplug, 655360), "DMA32 Movable");
		assert_int_equal(f0_online(&hotplug, f0_block(&hotplug, 20), HS_ONLINE), HS_ZONE_DMA32);

		x = f0_add(&hotplug, 64, 0, 0, NULL);
		y = f0_add(&hotplug, 65, 0, 0, NULL);
		f0_online(&hotplug, x, HS_ONLINE_MOVABLE);
		assert_int_equal(f0_online(&hotplug, y, HS_ONLINE), HS_ZONE_NORMAL);
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_NORMAL), 1048576, 2162688);
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE), 2097152, 2129920);
		f0_offline(&hotplug, x);
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE), 0, 0);
		assert_string_equal(hs_block_valid_zones(&hotplug, x), "Normal Movable");
		assert_int_equal(f0_online(&hotplug, x, HS_ONLINE), HS_ZONE_NORMAL);
		hs_hotplug_deinit(&hotplug);
	}
}

/* E20, E21 */
static void test_contig_inside_movable(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_block *x, *y, *z;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		x = f0_add(&hotplug, 64, 0, 0, NULL);
		y = f0_add(&hotplug, 65, 0, 0, NULL);
		z = f0_add(&hotplug, 66, 0, 0, NULL);
		f0_online(&hotplug, x, HS_ONLINE_MOVABLE);
		f0_online(&hotplug, z, HS_ONLINE_MOVABLE);
		assert_string_equal(hs_block_valid_zones(&hotplug, y), "Movable Normal");
		assert_int_equal(f0_online(&hotplug, y, HS_ONLINE), HS_ZONE_MOVABLE);
		f0_offline(&hotplug, y);
		assert_int_equal(f0_online(&hotplug, y, HS_ONLINE_KERNEL), HS_ZONE_NORMAL);
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_NORMAL), 1048576, 2162688);
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE), 2097152, 2195456);
		f0_offline(&hotplug, y);

		f0_offline(&hotplug, z);
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE), 2097152, 2129920);
		assert_string_equal(hs_block_valid_zones(&hotplug, y), "Normal Movable");
		f0_offline(&hotplug, x);
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE), 0, 0);
		hs_hotplug_deinit(&hotplug);
	}
}

/* E22 */
static void test_tail_of_dma32(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_hotplug hotplug;
		struct hs_ratio_test before, after;

		f0_init(&hotplug, variant);
		hs_zone_can_online_movable(&hotplug, HS_NO_NODE, NULL, 0, &before);
		f0_offline(&hotplug, f0_block(&hotplug, 31));
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_DMA32), 4096, 1015808);
		assert_string_equal(zones_at(&hotplug, 1015808), "Normal Movable");
		assert_int_equal(f0_online(&hotplug, f0_block(&hotplug, 31), HS_ONLINE), HS_ZONE_NORMAL);
		assert_int_equal(f0_zone(&hotplug, 0, HS_ZONE_NORMAL)->start, 1015808);
		hs_zone_can_online_movable(&hotplug, HS_NO_NODE, NULL, 0, &after);
		assert_int_equal(before.kernel_early, after.kernel_early);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T62-T64 */
static void test_policy_at_runtime(void **state)
{
	struct hs_hotplug hotplug;
	struct hs_ratio_test before, after;
	struct hs_block *block;
	uint64_t id = 1000;
	char text[8];
	int group;

	(void)state;
	init_auto(&hotplug, 1048576, 0);
	hs_zone_can_online_movable(&hotplug, HS_NO_NODE, NULL, 0, &before);
	block = f0_add(&hotplug, 900, 0, 0, NULL);
	assert_int_equal(f0_online(&hotplug, block, HS_ONLINE_KERNEL), HS_ZONE_NORMAL);
	hs_zone_can_online_movable(&hotplug, HS_NO_NODE, NULL, 0, &after);
	assert_int_equal(before.kernel_early, after.kernel_early);
	online_blocks(&hotplug, &id, 2, 0, HS_NO_GROUP, text);
	assert_string_equal(text, "MM");

	group = static_group(&hotplug, 3 * 32768);
	f0_online(&hotplug, f0_add(&hotplug, 800, 0, 0, hs_block_group_find(&hotplug, group)), HS_ONLINE_KERNEL);
	online_blocks(&hotplug, &id, 2, 0, group, text);
	assert_string_equal(text, "KK");

	hotplug.settings.auto_movable_ratio = 0;
	online_blocks(&hotplug, &id, 1, 0, HS_NO_GROUP, text);
	assert_string_equal(text, "K");
	assert_int_equal(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE)->present, 2 * 32768);
	hs_hotplug_deinit(&hotplug);
}

/* memory_hotplug.c auto_movable_zone_for_pfn() asks the first page of each section; the rest of it says nothing. */
static void test_sections_with_holes(void **state)
{
	enum { UNIT = 4 * 1048576 };
	struct hs_zone_request request = { .type = HS_ONLINE, .pfn = UNIT + 32768, .nr = 32768 };
	struct hs_zone_choice choice;
	struct hs_hotplug hotplug;

	(void)state;
	init_auto(&hotplug, 1048576, 0);
	request.node = hs_node_find(&hotplug, 0);
	request.group = hs_block_group_find(&hotplug, hs_block_group_register(&hotplug, true, 0, 65536));
	f0_boot_memory(&hotplug, 0, HS_ZONE_MOVABLE, UNIT, UNIT + 100);
	f0_boot_memory(&hotplug, 0, HS_ZONE_MOVABLE, UNIT + 200, UNIT + 300);
	f0_boot_memory(&hotplug, 0, HS_ZONE_NORMAL, UNIT + 400, UNIT + 500);
	hs_zone_choose(&hotplug, &request, &choice);
	assert_int_equal(choice.why, HS_ZONE_AUTO_MOVABLE);
	assert_int_equal(choice.tests[0].want, 32768);
	hs_hotplug_deinit(&hotplug);
}

/* memory_hotplug.c remove_pfn_range_from_zone(): zones of devices keep their span, and so does the node. */
static void test_device_zone_keeps_its_span(void **state)
{
	struct hs_hotplug hotplug;
	struct hs_zone *zone;

	(void)state;
	f0_init(&hotplug, "6.12");
	zone = f0_zone(&hotplug, 0, HS_ZONE_DEVICE);
	hs_zone_grow(&hotplug, zone, 4194304, 65536);
	hs_zone_shrink(&hotplug, zone, 4194304, 32768);
	assert_true(zone->start == 4194304 && zone->spanned == 65536);
	assert_int_equal(hs_node_find(&hotplug, 0)->spanned, 4194304 + 65536 - 1);
	hs_hotplug_deinit(&hotplug);
}

/* memory_hotplug.c find_biggest_section_pfn() goes down by 512 pages; here it ends at page 0 instead of wrapping. */
static void test_search_at_the_lowest_pages(void **state)
{
	static const char kind, other;
	struct hs_page_ranges ranges = { 0 };
	uint64_t pfn = 7;

	(void)state;
	assert_int_equal(hs_page_ranges_set(&ranges, 1, 100, &kind), 0);
	assert_int_equal(hs_page_ranges_set(&ranges, 150, 160, &other), 0);
	assert_false(hs_page_ranges_last(&ranges, 1, 300, 512, &kind, &pfn));
	assert_int_equal(pfn, 7);
	assert_true(hs_page_ranges_last(&ranges, 1, 512 + 51, 512, &kind, &pfn));
	assert_int_equal(pfn, 50);
	hs_page_ranges_deinit(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_simple_runs), cmocka_unit_test(test_static_groups),
		cmocka_unit_test(test_dynamic_group), cmocka_unit_test(test_two_dynamic_groups),
		cmocka_unit_test(test_units), cmocka_unit_test(test_cma), cmocka_unit_test(test_break_even),
		cmocka_unit_test(test_early_block_leaves), cmocka_unit_test(test_contig_outside),
		cmocka_unit_test(test_contig_inside_movable), cmocka_unit_test(test_tail_of_dma32),
		cmocka_unit_test(test_policy_at_runtime), cmocka_unit_test(test_sections_with_holes),
		cmocka_unit_test(test_device_zone_keeps_its_span), cmocka_unit_test(test_search_at_the_lowest_pages),
	};

	return cmocka_run_group_tests_name("block_zone", tests, NULL, NULL);
}
