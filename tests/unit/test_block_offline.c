// SPDX-License-Identifier: GPL-2.0-only
/* Cases 28-39 of the block model: taking a block offline. */
#include "tests/unit/block_fixture.h"

struct offline_case {
	int number;
	const char *what;
	uint64_t block;
	struct hs_block_world world;
	int result;
	enum hs_block_check check;
	const char *sequence[4];	/* by variant */
};

#define ALL(text) { text, text, text, text }
static const struct offline_case cases[] = {
	{ 28, "success", 33, { 0 }, 0, HS_CHECK_NONE, { "Gf Of", "Gf Of F", "Gf Of F", "Gf Of" } },
	{ 29, "two zones", 0, { 0 }, -EINVAL, HS_CHECK_NO_ZONE, ALL("") },
	{ 31, "slab page", 33, { .isolate_error = -EBUSY }, -EBUSY, HS_CHECK_ISOLATE, ALL("") },
	{ 32, "signal", 33, { .has_signal = true }, -EINTR, HS_CHECK_SIGNAL, ALL("Gf Cf") },
	{ 33, "vetoed", 33, { .veto[HS_MEM_GOING_OFFLINE] = -EPERM }, -EPERM, HS_CHECK_VETO, ALL("Gf! Cf") },
	{ 34, "offline-marked page in use", 33, { .has_busy_offline_page = true }, -EBUSY, HS_CHECK_UNMOVABLE,
	  ALL("Gf Cf") },
	{ 35, "hugetlb", 33, { .dissolve_error = -ENOMEM }, -ENOMEM, HS_CHECK_HUGETLB, ALL("Gf Cf") },
	{ 36, "1000 failed migrations", 33, { .failed_migrations = 1000 }, 0, HS_CHECK_NONE,
	  { "Gf Of", "Gf Of F", "Gf Of F", "Gf Of" } },
};

static void run_case(const struct offline_case *one, int variant)
{
	struct hs_block_outcome outcome;
	struct hs_hotplug hotplug;
	struct hs_zone before, *normal;
	struct hs_block *block;
	int ret;

	f0_init(&hotplug, f0_variants[variant]);
	normal = f0_zone(&hotplug, 0, HS_ZONE_NORMAL);
	before = *normal;
	block = f0_block(&hotplug, one->block);
	ret = hs_block_device_offline(&hotplug, block, &one->world, NULL, &outcome);
	if (ret != one->result || outcome.check != one->check)
		fail_msg("case %d (%s) on %s gave %d: %s", one->number, one->what, f0_variants[variant], ret,
			 hs_block_check_text(outcome.check));
	f0_assert_sequence(&outcome, one->sequence[variant]);
	assert_int_equal(block->status, ret ? HS_BLOCK_ONLINE : HS_BLOCK_OFFLINE);
	if (ret) {
		assert_memory_equal(&before, normal, sizeof(before));
		assert_int_equal(block->zone != NULL, one->block != 0);
	} else {
		assert_null(block->zone);
		assert_int_equal(normal->present, before.present - 32768);
		assert_int_equal(normal->present_early, before.present_early - 32768);
		assert_int_equal(normal->managed, before.managed - 32768);
	}
	hs_hotplug_deinit(&hotplug);
}

static void test_offline(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int variant = 0; variant < 4; variant++)
			run_case(&cases[i], variant);
}

/* T30: one page of the block is no RAM. */
static void test_holes(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_block_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		assert_int_equal(hs_page_ranges_clear(&hotplug.ram, 33 * 32768 + 7, 33 * 32768 + 8), 0);
		assert_int_equal(hs_block_device_offline(&hotplug, f0_block(&hotplug, 33), &f0_free_world, NULL,
							 &outcome), -EINVAL);
		assert_int_equal(outcome.check, HS_CHECK_HOLES);
		assert_int_equal(outcome.nr_notified, 0);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T33: arm64's guard of boot memory is a callback like any other. */
static void test_boot_memory_guard(void **state)
{
	static const struct hs_notify_answer guard = {
		HS_MEM_GOING_OFFLINE, 0, F0_BOOT_BLOCKS * F0_PAGES, HS_NOTIFY_BAD,
	};

	(void)state;
	f0_for_each_variant(variant) {
		struct hs_block_outcome outcome;
		struct hs_hotplug hotplug;
		struct hs_block *block;

		f0_init(&hotplug, variant);
		assert_int_equal(hs_notifier_register(&hotplug.memory_chain, "prevent_bootmem_remove_nb", 0, &guard, 1), 0);
		assert_int_equal(hs_block_device_offline(&hotplug, f0_block(&hotplug, 33), &f0_free_world, NULL,
							 &outcome), -EPERM);
		f0_assert_sequence(&outcome, "Gf! Cf");
		block = f0_add(&hotplug, 64, 0, 0, NULL);
		f0_online(&hotplug, block, HS_ONLINE);
		f0_offline(&hotplug, block);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T37, T38: the last block of node 1 hosts its own memmap; the test for the last memory does not count that. */
static void test_last_block(void **state)
{
	static const char *const done[] = { "Gf Of", "Gf Of F", "Nrem Gf Nremoved Of F", "Nrem Gf Nremoved Of" };
	static const char *const vetoed[] = { "Gf Of", "Gf Of F", "Nrem! Cf Ncancel", "Nrem! Cf Ncancel" };
	static const struct hs_block_world veto = { .veto[HS_NODE_REMOVING_LAST_MEMORY] = -EBUSY };

	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		for (int has_veto = 0; has_veto < 2; has_veto++) {
			struct hs_block_outcome outcome;
			struct hs_hotplug hotplug;
			struct hs_block *block;
			struct hs_node *node;
			int ret;

			f0_init(&hotplug, f0_variants[variant]);
			block = f0_add(&hotplug, 64, 1, 512, NULL);
			f0_online(&hotplug, block, HS_ONLINE);
			node = hs_node_find(&hotplug, 1);
			ret = hs_block_device_offline(&hotplug, block, has_veto ? &veto : &f0_free_world, NULL, &outcome);
			f0_assert_sequence(&outcome, has_veto ? vetoed[variant] : done[variant]);
			assert_int_equal(ret, has_veto && hotplug.variant.has_node_chain ? -EBUSY : 0);
			assert_int_equal(node->present, ret ? 32768 : 0);
			assert_int_equal(node->has_memory, ret != 0);
			if (variant < 2)
				assert_int_equal(outcome.notified[0].notice.nid, 1);
			hs_hotplug_deinit(&hotplug);
		}
	}
}

/* T39 */
static void test_only_movable_block(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_hotplug hotplug;
		struct hs_block *block;

		f0_init(&hotplug, variant);
		block = f0_add(&hotplug, 70, 0, 0, NULL);
		assert_int_equal(f0_online(&hotplug, block, HS_ONLINE_MOVABLE), HS_ZONE_MOVABLE);
		assert_int_equal(hs_node_find(&hotplug, 0)->spanned, 71 * 32768 - 1);
		f0_offline(&hotplug, block);
		f0_assert_span(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE), 0, 0);
		assert_int_equal(hs_node_find(&hotplug, 0)->spanned, 2097151);
		hs_hotplug_deinit(&hotplug);
	}
}

/* Pages a driver had taken out before: 6.1 takes them off managed a second time. */
static void test_offline_marked_pages(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_hotplug hotplug;
		struct hs_zone *normal;
		uint64_t managed;

		f0_init(&hotplug, variant);
		normal = f0_zone(&hotplug, 0, HS_ZONE_NORMAL);
		managed = normal->managed;
		assert_int_equal(hs_page_ranges_set(&hotplug.offline_marked, 33 * 32768, 33 * 32768 + 512, "balloon"), 0);
		f0_offline(&hotplug, f0_block(&hotplug, 33));
		assert_int_equal(normal->managed, managed - (strcmp(variant, "6.1") ? 32768 - 512 : 32768));
		hs_hotplug_deinit(&hotplug);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offline), cmocka_unit_test(test_holes), cmocka_unit_test(test_boot_memory_guard),
		cmocka_unit_test(test_last_block), cmocka_unit_test(test_only_movable_block),
		cmocka_unit_test(test_offline_marked_pages),
	};

	return cmocka_run_group_tests_name("block_offline", tests, NULL, NULL);
}
