// SPDX-License-Identifier: GPL-2.0-only
/* Cases 1-13 of the block model: words, files, the two ways to ask for a state. */
#include "tests/unit/block_fixture.h"

static int write_state(struct hs_hotplug *hotplug, uint64_t id, const char *text, struct hs_block_outcome *outcome)
{
	return hs_block_write_state(hotplug, f0_block(hotplug, id), text, strlen(text), &f0_free_world, NULL, outcome);
}

static int write_online(struct hs_hotplug *hotplug, uint64_t id, const char *text, struct hs_block_outcome *outcome)
{
	return hs_block_write_online(hotplug, f0_block(hotplug, id), text, strlen(text), &f0_free_world, NULL,
				     outcome);
}

/* One write to one file of a fresh fixture with blocks 64 (offline) and 33 (online). */
struct write_case {
	int number;
	const char *variant;	/* NULL: all */
	uint64_t block;
	const char *file, *text;
	int result;
	bool is_online;		/* afterwards */
	int zone;		/* afterwards, -1 none */
};

static const struct write_case write_cases[] = {
	{ 1, NULL, 33, "state", "offline ", -EINVAL, true, HS_ZONE_NORMAL },
	{ 1, NULL, 33, "state", "OFFLINE", -EINVAL, true, HS_ZONE_NORMAL },
	{ 1, NULL, 33, "state", "", -EINVAL, true, HS_ZONE_NORMAL },
	{ 1, NULL, 33, "state", "offline\n\n", -EINVAL, true, HS_ZONE_NORMAL },
	{ 2, NULL, 64, "state", "offline", -EINVAL, false, -1 },
	{ 2, NULL, 64, "online", "0", 0, false, -1 },
	{ 3, NULL, 33, "state", "online", -EINVAL, true, HS_ZONE_NORMAL },
	{ 3, NULL, 33, "online", "1", 0, true, HS_ZONE_NORMAL },
	{ 4, NULL, 64, "online", "online_movable", 0, true, HS_ZONE_NORMAL },
	{ 4, NULL, 33, "online", "offline", 0, false, -1 },
	{ 5, "7.2", 64, "online", "enable", 0, true, HS_ZONE_NORMAL },
	{ 5, "7.2", 33, "online", "Disable", 0, false, -1 },
	{ 5, "6.1", 64, "online", "enable", -EINVAL, false, -1 },
	{ 5, "6.12", 64, "online", "enable", -EINVAL, false, -1 },
	{ 5, "6.18", 64, "online", "enable", -EINVAL, false, -1 },
	{ 6, NULL, 64, "online", "2", -EINVAL, false, -1 },
	{ 6, NULL, 64, "online", "o", -EINVAL, false, -1 },
	{ 6, NULL, 64, "online", "", -EINVAL, false, -1 },
};

static void run_write_case(const struct write_case *one, const char *variant)
{
	struct hs_block_outcome outcome;
	struct hs_hotplug hotplug;
	const struct hs_block *block;
	int ret;

	f0_init(&hotplug, variant);
	f0_add(&hotplug, 64, 0, 0, NULL);
	ret = strcmp(one->file, "state") ? write_online(&hotplug, one->block, one->text, &outcome) :
		write_state(&hotplug, one->block, one->text, &outcome);
	block = f0_block(&hotplug, one->block);
	if (ret != one->result || (block->status == HS_BLOCK_ONLINE) != one->is_online)
		fail_msg("case %d on %s: '%s' to %s gave %d", one->number, variant, one->text, one->file, ret);
	assert_int_equal(block->zone ? (int)block->zone->index : -1, one->zone);
	if (ret || outcome.check == HS_CHECK_ALREADY)
		assert_int_equal(outcome.nr_notified, 0);
	hs_hotplug_deinit(&hotplug);
}

static void test_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(write_cases) / sizeof(write_cases[0]); i++)
		f0_for_each_variant(variant)
			if (!write_cases[i].variant || !strcmp(write_cases[i].variant, variant))
				run_write_case(&write_cases[i], variant);
}

/* T7 */
static void test_auto_online_words(void **state)
{
	(void)state;
	assert_int_equal(hs_block_parse_online_type("online_kernel\n", 14), HS_ONLINE_KERNEL);
	assert_string_equal(hs_block_online_type_name(HS_ONLINE_KERNEL), "online_kernel");
	assert_int_equal(hs_block_parse_online_type("auto", 4), -EINVAL);
}

/* T8 */
static void test_numbers(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = { { F0_BLOCK_BYTES, "8000000" }, { 2ull << 30, "80000000" } };
	char text[HS_BLOCK_TEXT];
	struct hs_hotplug hotplug;

	(void)state;
	f0_init(&hotplug, "6.1");
	assert_string_equal(hs_block_phys_index(f0_add(&hotplug, 64, 0, 0, NULL), text), "00000040");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(hs_hotplug_set_block_bytes(&hotplug, sizes[i].bytes), 0);
		assert_string_equal(hs_block_size_text(&hotplug, text), sizes[i].text);
	}
	hs_hotplug_deinit(&hotplug);
}

/* T9, T10: a read may see the transient state; valid_zones then shows the list of an offline block. */
static void test_valid_zones(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_hotplug hotplug;
		struct hs_block *block;

		f0_init(&hotplug, variant);
		f0_add(&hotplug, 64, 0, 0, NULL);
		assert_string_equal(hs_block_valid_zones(&hotplug, f0_block(&hotplug, 0)), "none");
		assert_string_equal(hs_block_valid_zones(&hotplug, f0_block(&hotplug, 33)), "Normal");
		assert_string_equal(hs_block_valid_zones(&hotplug, f0_block(&hotplug, 64)), "Normal Movable");
		assert_string_equal(hs_block_removable(&hotplug), "1");
		hotplug.settings.has_hotremove = false;
		assert_string_equal(hs_block_removable(&hotplug), "0");
		block = f0_block(&hotplug, 33);
		hs_block_set_status(&hotplug, block, HS_BLOCK_GOING_OFFLINE);
		assert_string_equal(hs_block_status_name(block->status), "going-offline");
		assert_string_equal(hs_block_valid_zones(&hotplug, block), "Normal Movable");
		hs_hotplug_deinit(&hotplug);
	}
}

/* T12: the word of a refused write stays and decides a later plain online; T13: an explicit word replaces it. */
static void test_stale_online_type(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_block_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		assert_int_equal(write_state(&hotplug, 33, "online_movable", &outcome), -EINVAL);
		assert_int_equal(f0_block(&hotplug, 33)->online_type, HS_ONLINE_MOVABLE);
		assert_int_equal(write_state(&hotplug, 33, "offline", &outcome), 0);
		assert_int_equal(f0_block(&hotplug, 33)->online_type, HS_ONLINE_MOVABLE);
		assert_int_equal(write_online(&hotplug, 33, "1", &outcome), 0);
		assert_int_equal(f0_block(&hotplug, 33)->zone->index, HS_ZONE_MOVABLE);
		assert_int_equal(f0_block(&hotplug, 33)->online_type, HS_OFFLINE);

		assert_int_equal(write_state(&hotplug, 40, "online_movable", &outcome), -EINVAL);
		assert_int_equal(write_state(&hotplug, 40, "offline", &outcome), 0);
		assert_int_equal(write_state(&hotplug, 40, "online", &outcome), 0);
		assert_int_equal(f0_block(&hotplug, 40)->zone->index, HS_ZONE_NORMAL);
		hs_hotplug_deinit(&hotplug);
	}
}

static void test_kstrto(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
	} cases[] = {
		{ "10\n", 0, 10 }, { "0x1F", 0, 31 }, { "010", 0, 8 }, { "0", 0, 0 }, { "+5", 0, 5 },
		{ "0x", -EINVAL, 0 }, { "08", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 }, { "1\n\n", -EINVAL, 0 }, { "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 }, { "zz", -EINVAL, 0 },
	};
	uint32_t ratio;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		assert_int_equal(hs_block_parse_number(cases[i].text, strlen(cases[i].text), &value), cases[i].result);
		assert_int_equal(value, cases[i].value);
	}
	assert_int_equal(hs_block_parse_ratio("4294967296", 10, &ratio), -ERANGE);
	assert_int_equal(hs_block_parse_ratio("0x64\n", 5, &ratio), 0);
	assert_int_equal(ratio, 100);
}

static void test_memmap_words(void **state)
{
	enum hs_memmap_mode mode = HS_MEMMAP_OFF;

	(void)state;
	assert_int_equal(hs_block_parse_memmap_mode(hs_block_variant_find("6.12"), "FORCE", 5, &mode), 0);
	assert_string_equal(hs_block_memmap_mode_name(mode), "force");
	assert_int_equal(hs_block_parse_memmap_mode(hs_block_variant_find("6.12"), "Force", 5, &mode), 0);
	assert_int_equal(mode, HS_MEMMAP_OFF);
	mode = HS_MEMMAP_ON;
	assert_int_equal(hs_block_parse_memmap_mode(hs_block_variant_find("6.1"), "force", 5, &mode), 0);
	assert_int_equal(mode, HS_MEMMAP_OFF);	/* 6.1: a bool whose first letter f means no */
	assert_int_equal(hs_block_parse_memmap_mode(hs_block_variant_find("6.1"), "1", 1, &mode), 0);
	assert_string_equal(hs_block_memmap_mode_name(mode), "Y");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes), cmocka_unit_test(test_auto_online_words),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_valid_zones),
		cmocka_unit_test(test_stale_online_type), cmocka_unit_test(test_kstrto),
		cmocka_unit_test(test_memmap_words),
	};

	return cmocka_run_group_tests_name("block_sysfs", tests, NULL, NULL);
}
