// SPDX-License-Identifier: GPL-2.0-only
/* Cases 65-83, 92, 93 and 97 of the block model: ranges of memory and groups. */
#include "tests/unit/block_fixture.h"

#define AT(id) ((id) * F0_BLOCK_BYTES)

static int add(struct hs_hotplug *hotplug, uint64_t start, uint64_t size, int32_t nid, uint32_t flags,
	       struct hs_memory_outcome *outcome)
{
	struct hs_add_request request = { .start = start, .size = size, .nid = nid, .flags = flags, .name = "System RAM" };

	return hs_block_add_memory(hotplug, &request, NULL, outcome);
}

/* Checks before anything is done: T65, T66, T68. */
static void test_refused_adds(void **state)
{
	static const struct {
		int number;
		uint64_t start, size;
		int32_t nid;
		uint32_t flags;
		int result;
		enum hs_block_check check;
		bool has_warned;
	} cases[] = {
		{ 65, 64 * F0_BLOCK_BYTES, 0, 0, 0, -E2BIG, HS_CHECK_RANGE, false },
		{ 65, 1ull << 52, F0_BLOCK_BYTES, 0, 0, -E2BIG, HS_CHECK_RANGE, false },
		{ 65, UINT64_MAX - 4095, F0_BLOCK_BYTES, 0, 0, -E2BIG, HS_CHECK_RANGE, false },
		{ 66, 64 * F0_BLOCK_BYTES + 4096, F0_BLOCK_BYTES, 0, 0, -EINVAL, HS_CHECK_ALIGNMENT, false },
		{ 66, 64 * F0_BLOCK_BYTES, F0_BLOCK_BYTES / 2, 0, 0, -EINVAL, HS_CHECK_ALIGNMENT, false },
		{ 66, 33 * F0_BLOCK_BYTES + 4096, F0_BLOCK_BYTES, 0, 0, -EEXIST, HS_CHECK_CONFLICT, false },
		{ 66, 33 * F0_BLOCK_BYTES, F0_BLOCK_BYTES, 0, 0, -EEXIST, HS_CHECK_CONFLICT, false },
		{ 68, 64 * F0_BLOCK_BYTES, F0_BLOCK_BYTES, 3, HS_MHP_NID_IS_MGID, -EINVAL, HS_CHECK_GROUP, false },
		{ 68, 64 * F0_BLOCK_BYTES, F0_BLOCK_BYTES, 5, 0, -EINVAL, HS_CHECK_NODE, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		f0_for_each_variant(variant) {
			struct hs_memory_outcome outcome;
			struct hs_hotplug hotplug;

			f0_init(&hotplug, variant);
			if (add(&hotplug, cases[i].start, cases[i].size, cases[i].nid, cases[i].flags, &outcome) !=
			    cases[i].result)
				fail_msg("case %d (row %zu): %d", cases[i].number, i, outcome.result);
			assert_int_equal(outcome.check, cases[i].check);
			assert_int_equal(outcome.has_warned, cases[i].has_warned);
			assert_int_equal(hotplug.blocks.count, F0_BOOT_BLOCKS);
			hs_hotplug_deinit(&hotplug);
		}
}

/* T67 */
static void test_driver_managed_names(void **state)
{
	static const struct {
		const char *name;
		int result;
	} cases[] = {
		{ "System RAM(kmem)", -EINVAL }, { "System RAM (kmem", -EINVAL }, { "System RAM", -EINVAL },
		{ "System RAM (virtio_mem)", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hs_add_request request = {
			.start = AT(64), .size = AT(1), .name = cases[i].name, .is_driver_managed = true,
		};
		struct hs_memory_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, "6.1");
		assert_int_equal(hs_block_add_memory(&hotplug, &request, NULL, &outcome), cases[i].result);
		assert_int_equal(hs_page_ranges_count(&hotplug.ram, 64 * 32768, 65 * 32768), cases[i].result ? 0 : 32768);
		hs_hotplug_deinit(&hotplug);
	}
}

static void assert_uevents(const struct hs_uevents *uevents, const char *expected)
{
	static const char *const names[] = { "add", "remove", "online", "offline" };
	char text[400] = "";
	size_t length = 0;

	for (size_t i = 0; i < uevents->list.count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s %s%llu", i ? ", " : "",
					   names[uevents->list.items[i].action],
					   uevents->list.items[i].is_node ? "node" : "",
					   (unsigned long long)uevents->list.items[i].id);
	assert_string_equal(text, expected);
}

/* T69: all or nothing. */
static void test_create_rolls_back(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_create_request request = { .start = AT(64), .size = AT(4), .nid = 0 };
		struct hs_uevents uevents = { 0 };
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		f0_add(&hotplug, 66, 0, 0, NULL);
		assert_int_equal(hs_block_create_devices(&hotplug, &request, &uevents), -EEXIST);
		assert_uevents(&uevents, "add 64, add 65, remove 64, remove 65");
		assert_null(hs_block_find(&hotplug, 65));
		assert_non_null(hs_block_find(&hotplug, 66));
		request.start += 4096;
		assert_int_equal(hs_block_create_devices(&hotplug, &request, &uevents), -EINVAL);
		hs_vec_deinit(&uevents.list);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T70: auto-online stops at the first block that fails; the add still succeeds. */
static void test_auto_online(void **state)
{
	static const struct hs_block_world_of veto = { 65, { .veto[HS_MEM_GOING_ONLINE] = -ENOMEM } };

	(void)state;
	f0_for_each_variant(variant) {
		struct hs_add_request request = {
			.start = AT(64), .size = AT(4), .name = "System RAM", .worlds = { &veto, 1 },
		};
		struct hs_uevents uevents = { 0 };
		struct hs_memory_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		hotplug.settings.auto_online = HS_ONLINE_MOVABLE;
		assert_int_equal(hs_block_add_memory(&hotplug, &request, &uevents, &outcome), 0);
		assert_int_equal(outcome.nr_online, 1);
		assert_int_equal(outcome.online_result, -ENOMEM);
		assert_int_equal(outcome.stopped_at, 65);
		assert_int_equal(f0_block(&hotplug, 64)->zone->index, HS_ZONE_MOVABLE);
		assert_int_equal(f0_block(&hotplug, 66)->status, HS_BLOCK_OFFLINE);
		assert_uevents(&uevents, "add 64, add 65, add 66, add 67, online 64");
		hs_vec_deinit(&uevents.list);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T71, T72, and the other shapes of self-hosted memmap. */
static void test_memmap_on_memory(void **state)
{
	static const struct {
		int number;
		enum hs_memmap_mode mode;
		uint64_t block_bytes, blocks;
		int old_result;			/* 6.1 */
		uint64_t old_altmap, new_altmap;
	} cases[] = {
		{ 71, HS_MEMMAP_OFF, 128ull << 20, 1, -EINVAL, 0, 0 },
		{ 72, HS_MEMMAP_ON, 128ull << 20, 8, -EINVAL, 0, 512 },
		{ 72, HS_MEMMAP_ON, 128ull << 20, 1, 0, 512, 512 },
		{ 72, HS_MEMMAP_ON, 2ull << 30, 1, 0, 8192, 8192 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		f0_for_each_variant(variant) {
			bool is_old = !strcmp(variant, "6.1");
			struct hs_memory_outcome outcome;
			struct hs_hotplug hotplug;

			f0_init_empty(&hotplug, variant);
			f0_boot_memory(&hotplug, 0, HS_ZONE_NORMAL, 1048576, 2097152);
			hotplug.settings.memmap_mode = cases[i].mode;
			assert_int_equal(hs_hotplug_set_block_bytes(&hotplug, cases[i].block_bytes), 0);
			assert_int_equal(add(&hotplug, 16ull << 30, cases[i].blocks * cases[i].block_bytes, 0,
					     HS_MHP_MEMMAP_ON_MEMORY, &outcome), is_old ? cases[i].old_result : 0);
			assert_int_equal(outcome.altmap, is_old ? cases[i].old_altmap : cases[i].new_altmap);
			if (!outcome.result)
				assert_int_equal(hotplug.newest->altmap, outcome.altmap);
			assert_int_equal(hotplug.blocks.count, outcome.result ? 0 : cases[i].blocks);
			hs_hotplug_deinit(&hotplug);
		}
}

/* T73, T74 */
static void test_remove(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_memory_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		assert_int_equal(add(&hotplug, AT(64), AT(4), 0, 0, &outcome), 0);
		f0_online(&hotplug, f0_block(&hotplug, 66), HS_ONLINE);
		assert_int_equal(hs_block_remove_memory(&hotplug, AT(64), AT(4), NULL, &outcome), -EBUSY);
		assert_int_equal(outcome.check, HS_CHECK_ONLINE_BLOCK);
		assert_int_equal(outcome.stopped_at, 66);
		assert_false(outcome.has_lost_firmware_entry);
		assert_int_equal(hotplug.blocks.count, F0_BOOT_BLOCKS + 4);

		f0_offline(&hotplug, f0_block(&hotplug, 66));
		hs_block_remove(&hotplug, f0_block(&hotplug, 65));
		assert_int_equal(hs_block_remove_memory(&hotplug, AT(64), AT(4), NULL, &outcome), 0);
		assert_int_equal(outcome.nr_missing, 1);
		assert_true(outcome.has_warned);
		assert_int_equal(hotplug.blocks.count, F0_BOOT_BLOCKS);
		assert_int_equal(hs_page_ranges_count(&hotplug.ram, 64 * 32768, 68 * 32768), 0);
		assert_int_equal(hs_block_remove_memory(&hotplug, AT(64) + 1, AT(1), NULL, &outcome), -EINVAL);
		assert_int_equal(outcome.check, HS_CHECK_FATAL);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T75, T76 */
static void test_remove_altmaps(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		bool is_old = !strcmp(variant, "6.1");
		struct hs_memory_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		hotplug.settings.memmap_mode = HS_MEMMAP_ON;
		f0_add(&hotplug, 64, 0, 512, NULL);
		f0_add(&hotplug, 65, 0, 512, NULL);
		f0_add(&hotplug, 66, 0, 0, NULL);
		assert_int_equal(hs_block_remove_memory(&hotplug, AT(65), AT(2), NULL, &outcome), -EINVAL);
		assert_int_equal(outcome.check, is_old ? HS_CHECK_GRANULARITY : HS_CHECK_MIXED_ALTMAP);
		assert_int_equal(outcome.has_lost_firmware_entry, !is_old);
		assert_int_equal(outcome.has_warned, !is_old);
		assert_int_equal(hs_block_remove_memory(&hotplug, AT(64), AT(2), NULL, &outcome), is_old ? -EINVAL : 0);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T77, T78: what was taken offline comes back, in a kernel zone or in MOVABLE; what was offline stays so. */
static void test_offline_and_remove(void **state)
{
	static const struct hs_block_world_of busy = { 66, { .isolate_error = -EBUSY } };
	static const struct hs_block_worlds worlds = { &busy, 1 };

	(void)state;
	for (int is_first_offline = 0; is_first_offline < 2; is_first_offline++)
		f0_for_each_variant(variant) {
			struct hs_uevents uevents = { 0 };
			struct hs_memory_outcome outcome;
			struct hs_hotplug hotplug;

			f0_init(&hotplug, variant);
			assert_int_equal(add(&hotplug, AT(64), AT(4), 0, 0, &outcome), 0);
			for (uint64_t id = 64; id < 68; id++)
				f0_online(&hotplug, f0_block(&hotplug, id),
					  id == 65 ? HS_ONLINE_MOVABLE : HS_ONLINE_KERNEL);
			if (is_first_offline)
				f0_offline(&hotplug, f0_block(&hotplug, 64));
			assert_int_equal(hs_block_offline_and_remove(&hotplug, AT(64), AT(4), &worlds, &uevents, &outcome),
					 -EBUSY);
			assert_int_equal(outcome.check, HS_CHECK_ISOLATE);
			assert_int_equal(f0_block(&hotplug, 64)->status, is_first_offline ? HS_BLOCK_OFFLINE : HS_BLOCK_ONLINE);
			assert_int_equal(f0_block(&hotplug, 65)->zone->index, HS_ZONE_MOVABLE);
			assert_int_equal(f0_block(&hotplug, 66)->status, HS_BLOCK_ONLINE);
			assert_uevents(&uevents, is_first_offline ? "offline 65, online 65" :
				       "offline 64, offline 65, online 64, online 65");
			hs_vec_clear(&uevents.list);
			assert_int_equal(hs_block_offline_and_remove(&hotplug, AT(64), AT(4), NULL, &uevents, &outcome), 0);
			assert_int_equal(hotplug.blocks.count, F0_BOOT_BLOCKS);
			assert_int_equal(hs_block_offline_and_remove(&hotplug, AT(64), 0, NULL, NULL, &outcome), -EINVAL);
			hs_vec_deinit(&uevents.list);
			hs_hotplug_deinit(&hotplug);
		}
}

/* T79 */
static void test_last_block_of_node(void **state)
{
	(void)state;
	for (int has_cpu = 0; has_cpu < 2; has_cpu++)
		f0_for_each_variant(variant) {
			struct hs_uevents uevents = { 0 };
			struct hs_memory_outcome outcome;
			struct hs_hotplug hotplug;

			f0_init(&hotplug, variant);
			hs_node_find(&hotplug, 1)->has_cpu = has_cpu;
			assert_int_equal(add(&hotplug, AT(64), AT(2), 1, 0, &outcome), 0);
			assert_true(hs_node_find(&hotplug, 1)->is_online);
			assert_int_equal(hs_block_remove_memory(&hotplug, AT(64), AT(1), &uevents, &outcome), 0);
			assert_uevents(&uevents, "remove 64");
			hs_vec_clear(&uevents.list);
			assert_int_equal(hs_block_remove_memory(&hotplug, AT(65), AT(1), &uevents, &outcome), 0);
			assert_uevents(&uevents, has_cpu ? "remove 65" : "remove 65, remove node1");
			assert_int_equal(hs_node_find(&hotplug, 1)->is_online, has_cpu);
			hs_vec_deinit(&uevents.list);
			hs_hotplug_deinit(&hotplug);
		}
}

/* T80 */
static void test_new_node_fails(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_add_request request = {
			.start = AT(64), .size = AT(2), .nid = 1, .name = "System RAM",
			.register_error = -ENOMEM, .register_error_at = 65,
		};
		struct hs_uevents uevents = { 0 };
		struct hs_memory_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		assert_int_equal(hs_block_add_memory(&hotplug, &request, &uevents, &outcome), -ENOMEM);
		assert_uevents(&uevents, !strcmp(variant, "7.2") ? "add node1, add 64, remove 64, remove node1" :
			       "add 64, remove 64");
		assert_false(hs_node_find(&hotplug, 1)->is_online);
		assert_int_equal(hs_page_ranges_count(&hotplug.ram, 64 * 32768, 66 * 32768), 0);
		hs_vec_deinit(&uevents.list);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T81-T83 */
static void test_groups(void **state)
{
	(void)state;
	f0_for_each_variant(variant) {
		struct hs_memory_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, variant);
		assert_int_equal(hs_block_group_register(&hotplug, false, 0, 0), -EINVAL);
		assert_int_equal(hs_block_group_register(&hotplug, true, 0, 0), -EINVAL);
		assert_int_equal(hs_block_group_register(&hotplug, true, 0, 49152), -EINVAL);
		assert_int_equal(hs_block_group_register(&hotplug, true, 0, 16384), -EINVAL);
		assert_int_equal(hs_block_group_register(&hotplug, true, 0, 32768), 0);
		assert_int_equal(add(&hotplug, AT(64), AT(1), 0, HS_MHP_NID_IS_MGID, &outcome), 0);
		assert_int_equal(hs_block_group_unregister(&hotplug, 0), -EBUSY);
		assert_int_equal(hs_block_remove_memory(&hotplug, AT(64), AT(1), NULL, &outcome), 0);
		assert_int_equal(hs_block_group_unregister(&hotplug, 0), 0);
		assert_int_equal(hs_block_group_register(&hotplug, false, 0, 32768), 0);
		assert_int_equal(hs_block_group_unregister(&hotplug, -1), -EINVAL);
		assert_int_equal(hs_block_group_unregister(&hotplug, 7), -EINVAL);
		hs_hotplug_deinit(&hotplug);
	}
}

/* T93 */
static void test_probe(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{ "0x80000001", -EINVAL }, { "0x80000000", -EEXIST }, { "x", -EINVAL }, { "0x200000000\n", 0 },
		{ "0x20000000000000000", -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hs_memory_outcome outcome;
		struct hs_hotplug hotplug;

		f0_init(&hotplug, "6.1");
		assert_int_equal(hs_block_write_probe(&hotplug, cases[i].text, strlen(cases[i].text), 0, NULL, &outcome),
				 cases[i].result);
		assert_int_equal(hs_block_find(&hotplug, 64) != NULL, !cases[i].result);
		hs_hotplug_deinit(&hotplug);
	}
}

static int count_block(struct hs_block *block, void *context)
{
	(void)block;
	++*(int *)context;
	return 0;
}

/* T97 */
static void test_walk(void **state)
{
	struct hs_hotplug hotplug;
	int visited = 0;

	(void)state;
	f0_init(&hotplug, "7.2");
	f0_add(&hotplug, 64, 0, 0, NULL);
	assert_int_equal(hs_block_walk(&hotplug, AT(64), 0, count_block, &visited), 0);
	assert_int_equal(visited, 0);
	assert_int_equal(hs_block_walk(&hotplug, AT(64) + 12345, 1, count_block, &visited), 0);
	assert_int_equal(visited, 1);
	assert_int_equal(hs_block_for_each(&hotplug, count_block, &visited), 0);
	assert_int_equal(visited, 1 + F0_BOOT_BLOCKS + 1);
	hs_hotplug_deinit(&hotplug);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_adds), cmocka_unit_test(test_driver_managed_names),
		cmocka_unit_test(test_create_rolls_back), cmocka_unit_test(test_auto_online),
		cmocka_unit_test(test_memmap_on_memory), cmocka_unit_test(test_remove),
		cmocka_unit_test(test_remove_altmaps), cmocka_unit_test(test_offline_and_remove),
		cmocka_unit_test(test_last_block_of_node), cmocka_unit_test(test_new_node_fails),
		cmocka_unit_test(test_groups), cmocka_unit_test(test_probe), cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests_name("block_memory", tests, NULL, NULL);
}
