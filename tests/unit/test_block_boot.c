// SPDX-License-Identifier: GPL-2.0-only
/* Cases 84-92 of the block model: block size, boot population, poison. */
#include "replay/block/block_advice.h"
#include "replay/block/block_poison.h"
#include "tests/unit/block_fixture.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* T84, T85 */
static void test_advice(void **state)
{
	struct hs_hotplug hotplug;

	(void)state;
	hs_hotplug_init(&hotplug, hs_block_variant_find("7.2"));
	assert_int_equal(hs_block_advise_size(&hotplug, 0), -EINVAL);
	assert_int_equal(hs_block_advise_size(&hotplug, 3 * MIB), -EINVAL);
	assert_int_equal(hs_block_advise_size(&hotplug, GIB), 0);
	assert_int_equal(hs_block_advise_size(&hotplug, 256 * MIB), 0);
	assert_int_equal(hs_block_advise_size(&hotplug, 512 * MIB), 0);
	assert_int_equal(hs_block_advised_size(&hotplug), 256 * MIB);
	assert_int_equal(hs_block_advise_size(&hotplug, 128 * MIB), -EBUSY);
	assert_int_equal(hs_block_advise_size(&hotplug, 3 * MIB), -EINVAL);

	hs_hotplug_init(&hotplug, hs_block_variant_find("6.18"));
	assert_int_equal(hs_block_advised_size(&hotplug), 0);
	assert_int_equal(hs_block_advise_size(&hotplug, 256 * MIB), -EBUSY);
	hs_hotplug_init(&hotplug, hs_block_variant_find("6.12"));
	assert_int_equal(hs_block_advise_size(&hotplug, 256 * MIB), -ENODEV);
}

/* T86, T87 */
static void test_probe_size(void **state)
{
	static const struct {
		const char *variant;
		uint64_t end, advice, forced;
		bool is_bare_metal;
		uint64_t bytes;
		bool is_frozen;
	} cases[] = {
		{ "7.2", 63 * GIB, 256 * MIB, 0, false, 128 * MIB, false },
		{ "7.2", 64 * GIB, 0, 0, false, 2 * GIB, true },
		{ "6.1", 64 * GIB, 0, 0, false, 2 * GIB, false },
		{ "7.2", 100 * GIB + 512 * MIB, 0, 0, false, 512 * MIB, true },
		{ "7.2", 100 * GIB + 512 * MIB, 0, 0, true, 2 * GIB, true },
		{ "7.2", 100 * GIB + 512 * MIB, GIB, 0, true, 512 * MIB, true },
		{ "6.12", 100 * GIB + 512 * MIB, 0, 0, true, 2 * GIB, false },
		{ "7.2", 128 * GIB, 64 * MIB, 0, true, 128 * MIB, true },
		{ "7.2", 128 * GIB, 64 * GIB, 0, true, 2 * GIB, true },
		{ "7.2", 128 * GIB, 256 * MIB, GIB, true, GIB, false },
		{ "6.1", 100 * GIB + MIB, 0, 0, false, 128 * MIB, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hs_block_probe probe = { cases[i].forced, cases[i].end, cases[i].is_bare_metal };
		struct hs_hotplug hotplug;

		hs_hotplug_init(&hotplug, hs_block_variant_find(cases[i].variant));
		if (cases[i].advice)
			assert_int_equal(hs_block_advise_size(&hotplug, cases[i].advice), 0);
		assert_int_equal(hs_block_probe_size(&hotplug, &probe), cases[i].bytes);
		assert_int_equal(hotplug.is_advice_frozen, cases[i].is_frozen);
	}
}

/* T88, and the limits of a forced size. */
static void test_size_limits(void **state)
{
	struct hs_hotplug hotplug;
	uint64_t bytes = 0;

	(void)state;
	hs_hotplug_init(&hotplug, hs_block_variant_find("6.1"));
	assert_int_equal(hs_hotplug_set_block_bytes(&hotplug, 96 * MIB), -EINVAL);
	assert_int_equal(hs_hotplug_set_block_bytes(&hotplug, 64 * MIB), -EINVAL);
	assert_int_equal(hs_hotplug_set_block_bytes(&hotplug, 192 * MIB), -EINVAL);
	assert_int_equal(hs_hotplug_set_block_bytes(&hotplug, 256 * MIB), 0);
	assert_int_equal(hs_block_force_size(&hotplug, 26, &bytes), -EINVAL);
	assert_int_equal(hs_block_force_size(&hotplug, 37, &bytes), -EINVAL);
	assert_int_equal(hs_block_force_size(&hotplug, 36, &bytes), 0);
	assert_int_equal(bytes, 64 * GIB);
}

/* T89, with the regions in an order in which the variants differ about the last node. */
static void test_block_of_two_nodes(void **state)
{
	static const struct hs_boot_region ascending[] = { { 1048576, 1064960, 0 }, { 1064960, 1081344, 1 } };
	static const struct hs_boot_region swapped[] = { { 1048576, 1064960, 1 }, { 1064960, 1081344, 0 } };

	(void)state;
	for (int is_swapped = 0; is_swapped < 2; is_swapped++)
		f0_for_each_variant(variant) {
			const struct hs_boot_region *regions = is_swapped ? swapped : ascending;
			struct hs_block_outcome outcome;
			struct hs_hotplug hotplug;
			struct hs_block *block;

			f0_init_empty(&hotplug, variant);
			for (int i = 0; i < 2; i++)
				f0_boot_memory(&hotplug, regions[i].nid, HS_ZONE_NORMAL, regions[i].start, regions[i].end);
			assert_int_equal(hs_block_boot_create(&hotplug, regions, 2), 0);
			hs_block_boot_add_nids(&hotplug, regions, 2);
			assert_int_equal(hotplug.blocks.count, 1);
			block = f0_block(&hotplug, 32);
			assert_null(block->zone);
			assert_int_equal(block->nid, is_swapped && !strcmp(variant, "7.2") ? 0 : 1);
			assert_string_equal(hs_block_valid_zones(&hotplug, block), "none");
			assert_int_equal(hs_block_device_offline(&hotplug, block, &f0_free_world, NULL, &outcome), -EINVAL);
			hs_hotplug_deinit(&hotplug);
		}
}

/* T90, T91: pfn 1081344 is in block 33 (online); block 64 is offline, 70 does not exist. */
static void test_poison_files(void **state)
{
	static const struct {
		int number;
		const char *variant;	/* NULL: all */
		bool is_hard, is_switched_off;
		const char *text;
		struct hs_poison_world world;
		int result;
		enum hs_block_check check;
		uint64_t nr_poisoned;
	} cases[] = {
		{ 90, NULL, false, false, "0x108000000", { .lacks_capability = true }, -EPERM, HS_CHECK_PERMISSION, 0 },
		{ 90, NULL, false, false, "zz", { .lacks_capability = true }, -EPERM, HS_CHECK_PERMISSION, 0 },
		{ 90, NULL, false, false, "zz", { 0 }, -EINVAL, HS_CHECK_PARSE, 0 },
		{ 90, NULL, false, false, "0x100000000000000000", { 0 }, -EINVAL, HS_CHECK_PARSE, 0 },
		{ 90, NULL, false, false, "0x230000000", { .is_invalid = true }, -ENXIO, HS_CHECK_PFN, 0 },
		{ 90, NULL, false, false, "0x200000000", { 0 }, -EIO, HS_CHECK_PAGE_OFFLINE, 0 },
		{ 90, "6.12", false, true, "0x108000000", { 0 }, -EOPNOTSUPP, HS_CHECK_SWITCHED_OFF, 0 },
		{ 90, "6.1", false, true, "0x108000000", { 0 }, 0, HS_CHECK_NONE, 1 },
		{ 90, NULL, false, false, "0x108000000", { .is_poisoned = true }, 0, HS_CHECK_POISONED, 0 },
		{ 90, NULL, false, false, "0x108000000", { .is_filtered = true }, -EOPNOTSUPP, HS_CHECK_FILTERED, 0 },
		{ 90, NULL, false, false, "0x108000000", { .take_error = -EBUSY }, -EBUSY, HS_CHECK_PAGE_BUSY, 0 },
		{ 90, NULL, false, false, "0x108000000", { 0 }, 0, HS_CHECK_NONE, 1 },
		{ 91, NULL, true, false, "0x108000000", { .is_filtered = true }, 0, HS_CHECK_FILTERED, 0 },
		{ 91, NULL, true, false, "0x108000000", { .is_poisoned = true }, -EHWPOISON, HS_CHECK_POISONED, 0 },
		{ 91, NULL, true, false, "0x200000000", { 0 }, -ENXIO, HS_CHECK_PFN, 0 },
		{ 91, NULL, true, false, "0x108000000", { .take_error = -EBUSY }, -EBUSY, HS_CHECK_PAGE_BUSY, 0 },
		{ 91, NULL, true, false, "0x108000000", { 0 }, 0, HS_CHECK_NONE, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		f0_for_each_variant(variant) {
			struct hs_poison_outcome outcome;
			struct hs_hotplug hotplug;
			int ret;

			if (cases[i].variant && strcmp(cases[i].variant, variant))
				continue;
			f0_init(&hotplug, variant);
			hotplug.settings.enable_soft_offline = !cases[i].is_switched_off;
			f0_add(&hotplug, 64, 0, 0, NULL);
			ret = (cases[i].is_hard ? hs_block_write_hard_offline : hs_block_write_soft_offline)
				(&hotplug, cases[i].text, strlen(cases[i].text), &cases[i].world, &outcome);
			if (ret != cases[i].result || outcome.check != cases[i].check)
				fail_msg("case %d, row %zu on %s: %d", cases[i].number, i, variant, ret);
			assert_int_equal(hotplug.nr_poisoned, cases[i].nr_poisoned);
			assert_int_equal(f0_block(&hotplug, 33)->nr_hwpoison, cases[i].nr_poisoned);
			hs_hotplug_deinit(&hotplug);
		}
}

/* T92; healing never takes a counter below zero. */
static void test_poison_counts(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_memory_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		f0_add(&hotplug, 64, 0, 0, NULL);
		for (uint64_t i = 0; i < 5; i++)
			hs_block_poison_page(&hotplug, i < 3 ? 64 * 32768 + i : 33 * 32768 + i);
		assert_int_equal(f0_block(&hotplug, 64)->nr_hwpoison, 3);
		assert_int_equal(hs_block_remove_memory(&hotplug, 64 * F0_BLOCK_BYTES, F0_BLOCK_BYTES, NULL, &outcome), 0);
		assert_int_equal(hotplug.nr_poisoned, 2);
		for (int i = 0; i < 4; i++)
			hs_block_unpoison_page(&hotplug, 33 * 32768);
		assert_int_equal(hotplug.nr_poisoned, 0);
		assert_int_equal(f0_block(&hotplug, 33)->nr_hwpoison, 0);
		hs_hotplug_deinit(&hotplug);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_advice), cmocka_unit_test(test_probe_size), cmocka_unit_test(test_size_limits),
		cmocka_unit_test(test_block_of_two_nodes), cmocka_unit_test(test_poison_files),
		cmocka_unit_test(test_poison_counts),
	};

	return cmocka_run_group_tests_name("block_boot", tests, NULL, NULL);
}
