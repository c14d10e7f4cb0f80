// SPDX-License-Identifier: GPL-2.0-only
/* Cases 14-27 of the block model: bringing a block online. */
#include "tests/unit/block_fixture.h"

/* Chain of the fixture: a(100) b(10) c(0) d(0, later). */
struct chain_answer {
	const char *name;
	struct hs_notify_answer answer;
};

static void register_chain(struct hs_hotplug *hotplug, const struct chain_answer *special)
{
	static const struct {
		const char *name;
		int priority;
	} members[] = { { "c", 0 }, { "a", 100 }, { "d", 0 }, { "b", 10 } };

	for (int i = 0; i < 4; i++) {
		bool is_special = special && !strcmp(special->name, members[i].name);

		assert_int_equal(hs_notifier_register(&hotplug->memory_chain, members[i].name, members[i].priority,
						      is_special ? &special->answer : NULL, is_special), 0);
	}
}

/* One online of one block of a fixture; sequences by variant: 6.1, 6.12, 6.18, 7.2. */
struct online_case {
	int number;
	const char *what;
	uint64_t block;
	int32_t nid;
	uint64_t altmap;
	uint64_t nr_hwpoison;
	enum hs_online_type type;
	struct hs_block_world world;
	int result[4];
	const char *sequence[4];
	int zone;			/* -1: none */
};

#define SAME(x) { x, x, x, x }
static const struct online_case online_cases[] = {
	{ 14, "plain", 64, 0, 0, 0, HS_OFFLINE, { 0 }, SAME(0), { "Gn On", "P Gn On", "P Gn On", "Gn On" },
	  HS_ZONE_NORMAL },
	{ 15, "first memory of node 1", 64, 1, 0, 0, HS_ONLINE, { 0 }, SAME(0),
	  { "Gn On", "P Gn On", "P Nadd Gn Nadded On", "Nadd Gn Nadded On" }, HS_ZONE_NORMAL },
	{ 16, "first memory of node 1, movable", 64, 1, 0, 0, HS_ONLINE_MOVABLE, { 0 }, SAME(0),
	  { "Gn On", "P Gn On", "P Nadd Gn Nadded On", "Nadd Gn Nadded On" }, HS_ZONE_MOVABLE },
	{ 17, "Gn vetoed", 64, 0, 0, 0, HS_ONLINE, { .veto[HS_MEM_GOING_ONLINE] = -ENOMEM }, SAME(-ENOMEM),
	  { "Gn! Cn", "P Gn! Cn F", "P Gn! Cn F", "Gn! Cn" }, -1 },
	{ 20, "P vetoed", 64, 0, 0, 0, HS_ONLINE, { .veto[HS_MEM_PREPARE_ONLINE] = -EBUSY }, { 0, -EBUSY, -EBUSY, 0 },
	  { "Gn On", "P!", "P!", "Gn On" }, HS_ZONE_NORMAL },
	{ 21, "node veto", 64, 1, 0, 0, HS_ONLINE, { .veto[HS_NODE_ADDING_FIRST_MEMORY] = -ENOMEM },
	  { 0, 0, -ENOMEM, -ENOMEM }, { "Gn On", "P Gn On", "P Nadd! Cn Ncancel F", "Nadd! Cn Ncancel" },
	  HS_ZONE_NORMAL },
	{ 22, "altmap", 80, 0, 512, 0, HS_ONLINE, { 0 }, SAME(0), { "Gn On", "P Gn On", "P Gn On", "Gn On" },
	  HS_ZONE_NORMAL },
	{ 23, "altmap, Gn vetoed", 80, 0, 512, 0, HS_ONLINE, { .veto[HS_MEM_GOING_ONLINE] = -ENOMEM },
	  SAME(-ENOMEM), { "Gn! Cn", "P Gn! Cn F", "P Gn! Cn F", "Gn! Cn" }, -1 },
	{ 23, "memmap init fails", 80, 0, 512, 0, HS_ONLINE, { .memmap_error = -ENOMEM }, SAME(-ENOMEM),
	  { "", "P F", "P F", "" }, -1 },
	{ 24, "poisoned", 64, 0, 0, 1, HS_ONLINE_MOVABLE, { 0 }, { 0, -EHWPOISON, -EHWPOISON, -EHWPOISON },
	  { "Gn On", "", "", "" }, HS_ZONE_MOVABLE },
};

static void check_ranges(const struct hs_hotplug *hotplug, const struct hs_block *block,
			 const struct hs_block_outcome *outcome)
{
	uint64_t start = hs_block_start(hotplug, block);

	for (unsigned int i = 0; i < outcome->nr_notified; i++) {
		const struct hs_notice *notice = &outcome->notified[i].notice;
		bool has_altmap = notice->action == HS_MEM_PREPARE_ONLINE || notice->action == HS_MEM_FINISH_OFFLINE;

		assert_int_equal(notice->start_pfn, start + block->altmap);
		assert_int_equal(notice->nr_pages, F0_PAGES - block->altmap);
		assert_int_equal(notice->altmap_start, has_altmap ? start : 0);
		assert_int_equal(notice->altmap_nr, has_altmap ? block->altmap : 0);
	}
}

static void run_online_case(const struct online_case *one, int variant)
{
	struct hs_uevents uevents = { 0 };
	struct hs_block_outcome outcome;
	struct hs_hotplug hotplug;
	struct hs_zone before;
	struct hs_block *block;
	int ret;

	f0_init(&hotplug, f0_variants[variant]);
	register_chain(&hotplug, NULL);
	block = f0_add(&hotplug, one->block, one->nid, one->altmap, NULL);
	block->nr_hwpoison = one->nr_hwpoison;
	block->online_type = one->type;
	before = *f0_zone(&hotplug, one->nid, HS_ZONE_NORMAL);
	ret = hs_block_device_online(&hotplug, block, &one->world, &uevents, &outcome);
	if (ret != one->result[variant])
		fail_msg("case %d (%s) on %s gave %d", one->number, one->what, f0_variants[variant], ret);
	f0_assert_sequence(&outcome, one->sequence[variant]);
	check_ranges(&hotplug, block, &outcome);
	assert_int_equal(block->online_type, HS_OFFLINE);
	assert_int_equal(uevents.list.count, ret ? 0 : 1);
	assert_int_equal(block->status, ret ? HS_BLOCK_OFFLINE : HS_BLOCK_ONLINE);
	assert_int_equal(block->is_device_offline, ret != 0);
	if (ret) {
		assert_null(block->zone);
		assert_memory_equal(&before, f0_zone(&hotplug, one->nid, HS_ZONE_NORMAL), sizeof(before));
	} else {
		assert_int_equal(block->zone->index, one->zone);
	}
	hs_vec_deinit(&uevents.list);
	hs_hotplug_deinit(&hotplug);
}

static void test_online(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(online_cases) / sizeof(online_cases[0]); i++)
		for (int variant = 0; variant < 4; variant++)
			run_online_case(&online_cases[i], variant);
}

/* T14 counters, T22 counters of an altmap block. */
static void test_counters(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_hotplug hotplug;
		struct hs_zone *normal;
		uint64_t managed;

		f0_init(&hotplug, variant);
		normal = f0_zone(&hotplug, 0, HS_ZONE_NORMAL);
		f0_online(&hotplug, f0_add(&hotplug, 64, 0, 0, NULL), HS_ONLINE);
		f0_assert_span(normal, 1048576, 2129920);
		assert_int_equal(normal->present, 1048576 + 32768);
		assert_int_equal(normal->present_early, 1048576);
		managed = normal->managed;
		f0_online(&hotplug, f0_add(&hotplug, 80, 0, 512, NULL), HS_ONLINE);
		assert_int_equal(normal->present, 1048576 + 2 * 32768);
		assert_int_equal(normal->managed, managed + 32256);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T15, T16: where memory_notify carries the node transition; what the node's states become. */
static void test_status_change(void **state)
{
	(void)state;
	for (int variant = 0; variant < 2; variant++) {
		for (int is_movable = 0; is_movable < 2; is_movable++) {
			struct hs_block_outcome outcome;
			struct hs_hotplug hotplug;
			struct hs_block *block;

			f0_init(&hotplug, f0_variants[variant]);
			block = f0_add(&hotplug, 64, 1, 0, NULL);
			block->online_type = is_movable ? HS_ONLINE_MOVABLE : HS_ONLINE_KERNEL;
			assert_int_equal(hs_block_device_online(&hotplug, block, &f0_free_world, NULL, &outcome), 0);
			for (unsigned int i = variant; i < outcome.nr_notified; i++) {
				assert_int_equal(outcome.notified[i].notice.nid, 1);
				assert_int_equal(outcome.notified[i].notice.nid_normal, is_movable ? -1 : 1);
			}
			assert_true(hs_node_find(&hotplug, 1)->has_memory);
			assert_int_equal(hs_node_find(&hotplug, 1)->has_normal_memory, !is_movable);
			hs_hotplug_deinit(&hotplug);
		}
	}
}

static const struct hs_notified *find_notified(const struct hs_block_outcome *outcome, enum hs_block_action action)
{
	for (unsigned int i = 0; i < outcome->nr_notified; i++)
		if (outcome->notified[i].notice.action == action)
			return &outcome->notified[i];
	return NULL;
}

/* T17-T19: who is called when a callback answers a veto, NOTIFY_BAD or NOTIFY_STOP. Order: a b c d. */
static void test_answers(void **state)
{
	static const struct {
		struct chain_answer special;
		int result;
		size_t called_going, called_last;	/* of a chain of four */
		enum hs_block_action last;
	} cases[] = {
		{ { "c", { HS_MEM_GOING_ONLINE, 0, UINT64_MAX, 0x8000 + 1 + ENOMEM } }, -ENOMEM, 3, 4,
		  HS_MEM_CANCEL_ONLINE },
		{ { "c", { HS_MEM_GOING_ONLINE, 0, UINT64_MAX, HS_NOTIFY_BAD } }, -EPERM, 3, 4, HS_MEM_CANCEL_ONLINE },
		{ { "b", { HS_MEM_GOING_ONLINE, 0, UINT64_MAX, HS_NOTIFY_STOP } }, 0, 2, 4, HS_MEM_ONLINE },
		{ { "a", { HS_MEM_ONLINE, 0, UINT64_MAX, HS_NOTIFY_BAD } }, 0, 4, 1, HS_MEM_ONLINE },
		{ { "b", { HS_MEM_GOING_ONLINE, 0, 2097152, HS_NOTIFY_BAD } }, 0, 4, 4, HS_MEM_ONLINE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		f0_for_each_variant(variant) {
			struct hs_block_outcome outcome;
			struct hs_hotplug hotplug;
			struct hs_block *block;

			f0_init(&hotplug, variant);
			register_chain(&hotplug, &cases[i].special);
			block = f0_add(&hotplug, 64, 0, 0, NULL);
			assert_int_equal(hs_block_device_online(&hotplug, block, &f0_free_world, NULL, &outcome),
					 cases[i].result);
			assert_int_equal(find_notified(&outcome, HS_MEM_GOING_ONLINE)->nr_called, cases[i].called_going);
			assert_int_equal(find_notified(&outcome, cases[i].last)->nr_called, cases[i].called_last);
			hs_hotplug_deinit(&hotplug);
		}
}

/* T25: healed, the block comes online. */
static void test_unpoison(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_hotplug hotplug;
		struct hs_block *block;

		f0_init(&hotplug, variant);
		block = f0_add(&hotplug, 64, 0, 0, NULL);
		block->nr_hwpoison = 1;
		block->nr_hwpoison--;
		assert_int_equal(f0_online(&hotplug, block, HS_ONLINE), HS_ZONE_NORMAL);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T26, T27: early blocks that change their zone, and what that does to the policy's counters. */
static void test_early_blocks(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_hotplug hotplug;
		struct hs_ratio_test test;
		uint64_t early, movable;

		f0_init(&hotplug, variant);
		f0_offline(&hotplug, f0_block(&hotplug, 20));
		assert_int_equal(f0_online(&hotplug, f0_block(&hotplug, 20), HS_ONLINE_KERNEL), HS_ZONE_DMA32);
		f0_offline(&hotplug, f0_block(&hotplug, 31));
		assert_int_equal(f0_online(&hotplug, f0_block(&hotplug, 31), HS_ONLINE_KERNEL), HS_ZONE_NORMAL);

		hs_zone_can_online_movable(&hotplug, HS_NO_NODE, NULL, 0, &test);
		early = test.kernel_early;
		movable = test.movable;
		f0_offline(&hotplug, f0_block(&hotplug, 40));
		hs_zone_can_online_movable(&hotplug, HS_NO_NODE, NULL, 0, &test);
		assert_int_equal(test.kernel_early, early - 32768);
		f0_online(&hotplug, f0_block(&hotplug, 40), HS_ONLINE_MOVABLE);
		hs_zone_can_online_movable(&hotplug, HS_NO_NODE, NULL, 0, &test);
		assert_int_equal(test.movable, movable + 32768);
		assert_int_equal(f0_zone(&hotplug, 0, HS_ZONE_MOVABLE)->present_early, 32768);
		hs_hotplug_deinit(&hotplug);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_online), cmocka_unit_test(test_counters), cmocka_unit_test(test_status_change),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_unpoison), cmocka_unit_test(test_early_blocks),
	};

	return cmocka_run_group_tests_name("block_online", tests, NULL, NULL);
}
