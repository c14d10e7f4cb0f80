// SPDX-License-Identifier: GPL-2.0-only
/* The block model's what-if: each key of a policy, unplugs in other orders, memory in other blocks. */
#include "tests/unit/block_play.h"

struct summary {
	const char *wanted;
	double value;
};

static void pick(void *context, const char *name, double value)
{
	struct summary *summary = context;

	if (!strcmp(summary->wanted, name))
		summary->value = value;
}

static double number_of(struct play *play, const char *name)
{
	struct summary summary = { name, -1 };

	hs_block_model.summarize(model_of(play), pick, &summary);
	return summary.value;
}

/* Requests are granted with the next event. */
static void settle(struct play *play)
{
	play_tunable(play, "auto_online_blocks", "offline");
}

/* 24 blocks are plugged one by one and onlined by a writer as "online"; then four are unplugged. */
static void play_day(struct play *play)
{
	play_snapshot(play);
	for (uint32_t id = 64; id < 88; id++) {
		play_add(play, id, 1, 0, -1, 0);
		play_step(play, &(struct step){ id, 0, 1, "Normal", 0, "P Gn On", 0, 0, 0, 0, false, "online" });
	}
	for (uint32_t id = 87; id > 83; id--)
		play_step(play, &(struct step){ id, 1, 0, "Normal", -EBUSY, "", 0, 0, 0, -EBUSY, false, "offline" });
	assert_int_equal(hs_engine_finish(play->engine, NULL), 0);
}

static void test_whatif(void **state)
{
	static const struct {
		const char *settings[9];
		unsigned int movable, kernel;
		double blocks, offlines, assumed;
	} cases[] = {
		{ { NULL }, 0, 24, 88, 0, 0 },
		{ { "block.online_policy", "auto-movable", NULL }, 24, 0, 88, 4, 4 },
		{ { "block.auto_online_blocks", "online_movable", NULL }, 24, 0, 88, 4, 4 },
		{ { "block.auto_online_blocks", "online_kernel", "block.online_policy", "auto-movable", NULL }, 0, 24, 88, 0, 0 },
		{ { "block.online_policy", "auto-movable", "block.auto_movable_ratio", "10", NULL }, 6, 18, 88, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct play play;

		begin(&play, HS_MODE_WHATIF, "6.12", "fentry", cases[i].settings);
		play_day(&play);
		assert_int_equal(play.tally.movable, cases[i].movable);
		assert_int_equal(play.tally.kernel, cases[i].kernel);
		assert_true(number_of(&play, "blocks") == cases[i].blocks);
		assert_true(number_of(&play, "offlines") == cases[i].offlines);
		assert_true(number_of(&play, "assumed_offlines") == cases[i].assumed);
		assert_true(number_of(&play, "failed: failure to isolate range") == (cases[i].offlines ? -1 : 4));
		assert_int_equal(model_of(&play)->nr_problems, 0);
		end(&play);
	}
}

/* Three blocks in three zones; the record unplugs the middle one, the policies another. */
static void test_unplug_order(void **state)
{
	static const struct {
		const char *order;
		uint64_t gone;
	} cases[] = { { "recorded", 65 }, { "highest", 66 }, { "lowest", 64 }, { "movable", 64 } };
	static const char *const zones[] = { "Movable", "Movable", "Normal" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *settings[] = { "block.unplug_order", cases[i].order, "block.kernel_offline", "recorded", NULL };
		struct play play;

		begin(&play, HS_MODE_WHATIF, "6.1", "fentry", settings);
		play_snapshot(&play);
		for (uint32_t id = 64; id < 67; id++) {
			play_add(&play, id, 1, 0, -1, 0);
			play_step(&play, &(struct step){ id, 0, id == 66 ? 2 : 3, zones[id - 64], 0, "Gn On", 0, 0, 0, 0, false, NULL });
		}
		if (i == 3)	/* movable: the highest MOVABLE one first, which is 65, then 64 */
			play_step(&play, &(struct step){ 65, 1, 0, "Movable", 0, "Gf Of", 0, 0, 0, 0, false, NULL });
		play_step(&play, &(struct step){ i == 3 ? 64 : 65, 1, 0, "Movable", 0, "Gf Of", 0, 0, 0, 0, false, NULL });
		feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
			.start = (i == 3 ? 64 : 65) * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .op = 1 });
		assert_int_equal(hs_engine_finish(play.engine, NULL), 0);
		assert_null(hs_block_find(&model_of(&play)->hotplug, cases[i].gone));
		assert_int_equal(model_of(&play)->hotplug.blocks.count, F0_BOOT_BLOCKS + 2);
		assert_int_equal(model_of(&play)->nr_problems, 0);
		end(&play);
	}
}

/* The record unplugs a block that is online, and then the other one; virtio-mem has an offline one to give first. */
static void test_offline_first(void **state)
{
	static const char *const settings[] = { "block.unplug_order", "virtio-mem", NULL };
	struct play play;

	(void)state;
	begin(&play, HS_MODE_WHATIF, "6.12", "fentry", settings);
	play_snapshot(&play);
	play_add(&play, 64, 1, 0, -1, 0);
	play_add(&play, 65, 1, 0, -1, 0);
	play_step(&play, &(struct step){ 65, 0, 3, "Movable", 0, "Gn On", 0, 0, 0, 0, false, NULL });
	for (uint32_t id = 65; id > 63; id--) {
		play_step(&play, &(struct step){ id, 1, 0, "Movable", 0, "Gf Of", 0, 0, 0, 0, false, NULL });
		feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
			.start = id * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .op = 1 });
		settle(&play);
		assert_int_equal(model_of(&play)->hotplug.blocks.count, F0_BOOT_BLOCKS + id - 64);
		assert_true(number_of(&play, "offlines") == (id == 64));
		assert_null(hs_block_find(&model_of(&play)->hotplug, 64));
	}
	assert_int_equal(hs_engine_finish(play.engine, NULL), 0);
	assert_true(number_of(&play, "failed_removals") == 0);
	end(&play);
}

/* T96 and its like: the same memory in blocks of 2 GiB. */
static void test_recut(void **state)
{
	static const char *const settings[] = { "block.block_bytes", "2147483648", NULL };
	struct play play;

	(void)state;
	begin(&play, HS_MODE_WHATIF, "6.12", "fentry", settings);
	for (uint32_t id = 0; id < F0_BOOT_BLOCKS; id++)
		feed(&play, HS_KIND_snap_block, &(struct hs_snap_block){
			.block = id, .nr_pages = F0_PAGES, .state = TEXT("online"), .is_deep = 1, .group = -1,
			.valid_zones = TEXT(id == 0 ? "none" : id < 32 ? "DMA32" : "Normal") });
	feed(&play, HS_KIND_snap_zone, &(struct hs_snap_zone){
		.zone = TEXT("Normal"), .start_pfn = 1048576, .spanned = 1048576, .present = 1048576, .managed = 1048576 });
	feed(&play, HS_KIND_snap_end, &(struct hs_snap_end){ .reason = TEXT("start") });
	assert_int_equal(model_of(&play)->hotplug.blocks.count, 4);

	feed(&play, HS_KIND_hotplug_add, &(struct hs_hotplug_add){
		.start = 8 * GIB, .size = GIB, .resource = TEXT("System RAM") });
	feed(&play, HS_KIND_hotplug_add, &(struct hs_hotplug_add){
		.start = 11 * GIB, .size = 4 * GIB, .resource = TEXT("System RAM (kmem)") });
	for (uint32_t id = 96; id < 112; id++)
		feed(&play, HS_KIND_hotplug_result, &(struct hs_hotplug_result){ .block = id, .zone = TEXT("Normal") });
	assert_int_equal(hs_engine_finish(play.engine, NULL), 0);
	assert_true(number_of(&play, "rejected_adds") == 1);
	assert_true(number_of(&play, "lost_bytes") == 3.0 * GIB);
	assert_true(number_of(&play, "blocks") == 5);
	assert_int_equal(f0_block(&model_of(&play)->hotplug, 6)->status, HS_BLOCK_ONLINE);
	assert_true(number_of(&play, "onlines") == 1);
	end(&play);
}

/* A recut to the recorded size changes nothing. */
static void test_recut_identity(void **state)
{
	static const char *const same[] = { "block.block_bytes", "134217728", NULL };
	char *text[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct play play;
		size_t size;
		FILE *out;

		begin(&play, HS_MODE_WHATIF, "6.12", "fentry", i ? same : NULL);
		play_day(&play);
		out = open_memstream(&text[i], &size);
		assert_int_equal(hs_block_model.dump(model_of(&play), out), 0);
		fclose(out);
		end(&play);
	}
	assert_string_equal(text[0], text[1]);
	free(text[0]);
	free(text[1]);
}

/* --- one key each ----------------------------------------------------------------------------------- */

/* Plays one block that is added and onlined as "online", under a policy on top of 6.12's rules. */
static void play_one(struct play *play, const char *const *settings, int32_t group)
{
	begin(play, HS_MODE_WHATIF, "6.12", "fentry", settings);
	play_snapshot(play);
	if (group >= 0)
		feed(play, HS_KIND_hotplug_group, &(struct hs_hotplug_group){ .pages = F0_PAGES, .group = -1, .ret = group });
	play_add(play, 64, 1, 0, group, 0);
	play_step(play, &(struct step){ 64, 0, 1, "Normal", 0, "Gn On", 0, 0, 0, 0, false, "online" });
	assert_int_equal(hs_engine_finish(play->engine, NULL), 0);
}

/* 6.12 announces a block's own memmap (MEM_PREPARE_ONLINE); 6.1 does not know of it. */
static void test_variant(void **state)
{
	static const struct {
		const char *variant;
		unsigned int notifications;
	} cases[] = { { "auto", 3 }, { "6.12", 3 }, { "6.1", 2 }, { "7.2", 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *settings[] = { "block.variant", cases[i].variant, "block.memmap_on_memory", "Y",
					   "block.memmap_request", "always", NULL };
		struct play play;

		play_one(&play, settings, -1);
		assert_int_equal(play.tally.last[HS_POINT_BLOCK_ONLINE].cost[0], cases[i].notifications);
		end(&play);
	}
}

/* 512 of 32768 pages; who asks for it and who allows it must both be there. */
static void test_memmap(void **state)
{
	static const struct {
		const char *mode, *request;
		uint64_t altmap;
	} cases[] = {
		{ "N", "recorded", 0 }, { "N", "always", 0 }, { "Y", "recorded", 0 }, { "Y", "always", 512 },
		{ "force", "always", 512 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *settings[] = { "block.memmap_on_memory", cases[i].mode, "block.memmap_request", cases[i].request,
					   NULL };
		struct play play;

		play_one(&play, settings, -1);
		assert_int_equal(f0_block(&model_of(&play)->hotplug, 64)->altmap, cases[i].altmap);
		assert_true(number_of(&play, "memmap_self_hosted_bytes") == (double)cases[i].altmap * 4096);
		end(&play);
	}
}

/* E16: no zone intersects the new block. */
static void test_movable_node(void **state)
{
	static const char *const booted[] = { "block.movable_node", "1", NULL };
	struct play play;

	(void)state;
	play_one(&play, NULL, -1);
	assert_string_equal(play.tally.last[HS_POINT_BLOCK_ZONE].result, "Normal");
	end(&play);
	play_one(&play, booted, -1);
	assert_string_equal(play.tally.last[HS_POINT_BLOCK_ZONE].result, "Movable");
	end(&play);
}

/* Node 1 has no memory since boot: while it must hold there, too, the ratio allows nothing. */
static void test_numa_aware(void **state)
{
	static const char *const words[] = { "Y", "N" }, *const zones[] = { "Normal", "Movable" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const char *settings[] = { "block.online_policy", "auto-movable", "block.auto_movable_numa_aware", words[i],
					   NULL };
		struct play play;

		begin(&play, HS_MODE_WHATIF, "6.12", "fentry", settings);
		play_snapshot(&play);
		feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
			.start = 64 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .node = -1, .group = -1 });
		feed(&play, HS_KIND_hotplug_add, &(struct hs_hotplug_add){
			.start = 64 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .node = 1, .resource = TEXT("System RAM") });
		play_step(&play, &(struct step){ 64, 0, 1, "Normal", 0, "Gn On", 0, 0, 0, 0, false, "online" });
		assert_int_equal(hs_engine_finish(play.engine, NULL), 0);
		assert_int_equal(f0_block(&model_of(&play)->hotplug, 64)->nid, 1);
		assert_string_equal(play.tally.last[HS_POINT_BLOCK_ZONE].result, zones[i]);
		end(&play);
	}
}

/* What group a block belongs to, recorded with a static one of its own size or with none. pages 0: no group. */
static void group_case(const char *kind, const char *bytes, bool is_recorded, bool is_dynamic, uint64_t pages)
{
	const char *settings[] = { "block.groups", kind, "block.group_bytes", bytes, NULL };
	const struct hs_block_group *group;
	struct play play;

	play_one(&play, settings, is_recorded ? 0 : -1);
	group = f0_block(&model_of(&play)->hotplug, 64)->group;
	assert_int_equal(group != NULL, pages != 0);
	if (group) {
		assert_int_equal(group->is_dynamic, is_dynamic);
		assert_int_equal(group->pages, pages);
		assert_int_equal(group->nr_blocks, 1);
	}
	assert_int_equal(model_of(&play)->nr_problems, 0);
	end(&play);
}

static void test_groups(void **state)
{
	(void)state;
	group_case("recorded", "0", true, false, F0_PAGES);
	group_case("recorded", "0", false, false, 0);
	group_case("none", "0", true, false, 0);
	group_case("static", "0", true, false, F0_PAGES);
	group_case("static", "0", false, false, F0_PAGES);
	group_case("static", "1073741824", false, false, 8 * F0_PAGES);
	group_case("dynamic", "0", true, true, F0_PAGES);
	group_case("dynamic", "268435456", true, true, 2 * F0_PAGES);
	group_case("dynamic", "268435456", false, true, 2 * F0_PAGES);
	/* A unit below a block: virtio-mem takes a block. */
	group_case("dynamic", "4194304", false, true, F0_PAGES);
}

/* A dynamic group's unit must be a power of two: told, and the block belongs to none. */
static void test_bad_group_bytes(void **state)
{
	static const char *const settings[] = { "block.groups", "dynamic", "block.group_bytes", "402653184", NULL };
	struct play play;

	(void)state;
	play_one(&play, settings, -1);
	assert_null(f0_block(&model_of(&play)->hotplug, 64)->group);
	assert_int_equal(model_of(&play)->nr_problems, 1);
	end(&play);
}

/* --- devices as a whole ----------------------------------------------------------------------------- */

/*
 * A DIMM of four blocks, all MOVABLE in the record; ACPI takes them offline and removes it. Under the policy the
 * last three are in a kernel zone.
 */
static void play_dimm(struct play *play, const char *order, const char *kernel_offline)
{
	const char *settings[] = { "block.unplug_order", order, "block.online_policy", "auto-movable",
				   "block.auto_movable_ratio", "3", "block.kernel_offline", kernel_offline, NULL };

	begin(play, HS_MODE_WHATIF, "6.12", "fentry", settings);
	play_snapshot(play);
	play_add(play, 64, 4, 0, -1, 0);
	for (uint32_t id = 64; id < 68; id++)
		play_step(play, &(struct step){ id, 0, 1, "Movable", 0, "Gn On", 0, 0, 0, 0, false, "online" });
	for (uint32_t id = 64; id < 68; id++)
		play_step(play, &(struct step){ id, 1, 0, "Movable", 0, "Gf Of", 0, 0, 0, 0, false, NULL });
	feed(play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 64 * F0_BLOCK_BYTES, .size = 4 * F0_BLOCK_BYTES, .op = 1 });
	assert_int_equal(hs_engine_finish(play->engine, NULL), 0);
	assert_int_equal(model_of(play)->nr_problems, 0);
}

/* How many of the DIMM's blocks there are, and how many are online. */
static void count_dimm(struct play *play, unsigned int *blocks, unsigned int *online)
{
	*blocks = *online = 0;
	for (uint64_t id = 64; id < 68; id++) {
		const struct hs_block *block = hs_block_find(&model_of(play)->hotplug, id);

		*blocks += block != NULL;
		*online += block && block->status == HS_BLOCK_ONLINE;
	}
}

/* One block that stays keeps the whole device; what order the driver keeps says what else is offline then. */
static void test_device(void **state)
{
	static const struct {
		const char *order, *kernel_offline;
		unsigned int blocks, online, offlines, movable;	/* movable: times that one was brought online so */
		const char *removal;		/* the last one: virtio-mem removes block by block */
		double failed;
	} cases[] = {
		{ "recorded", "recorded", 0, 0, 4, 1, "0", 0 },
		{ "recorded", "fails", 4, 3, 1, 1, "-EBUSY", 1 },
		{ "acpi", "recorded", 0, 0, 4, 1, "0", 0 },
		{ "acpi", "fails", 4, 4, 1, 2, "-EBUSY", 1 },
		{ "virtio-mem", "fails", 3, 3, 1, 1, "-EBUSY", 3 },
		{ "dlpar", "recorded", 0, 0, 4, 1, "0", 0 },
		{ "dlpar", "fails", 4, 4, 1, 2, "-EINVAL", 1 },	/* the one that went is added again */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned int blocks, online;
		struct play play;

		play_dimm(&play, cases[i].order, cases[i].kernel_offline);
		count_dimm(&play, &blocks, &online);
		print_message("%s, kernel offline %s: %u blocks, %u online\n", cases[i].order, cases[i].kernel_offline, blocks,
			      online);
		assert_int_equal(blocks, cases[i].blocks);
		assert_int_equal(online, cases[i].online);
		assert_true(number_of(&play, "offlines") == cases[i].offlines);
		assert_int_equal(play.tally.movable, cases[i].movable);
		assert_string_equal(play.tally.last[HS_POINT_BLOCK_REMOVE].result, cases[i].removal);
		assert_true(number_of(&play, "failed_removals") == cases[i].failed);
		end(&play);
	}
}

/* Removes [from, to) GiB of 8 GiB of boot memory in blocks of 2 GiB, behind the add of a DIMM of 1 GiB. */
static void recut_removal(uint64_t from, uint64_t to, const char *result, double failed, double dropped)
{
	static const char *const settings[] = { "block.block_bytes", "2147483648", NULL };
	struct play play;

	begin(&play, HS_MODE_WHATIF, "6.12", "fentry", settings);
	for (uint32_t id = 0; id < F0_BOOT_BLOCKS; id++)
		feed(&play, HS_KIND_snap_block, &(struct hs_snap_block){
			.block = id, .nr_pages = F0_PAGES, .state = TEXT(id < 48 ? "online" : "offline"), .is_deep = 1, .group = -1,
			.valid_zones = TEXT(id == 0 ? "none" : id < 32 ? "DMA32" : "Normal") });
	feed(&play, HS_KIND_snap_end, &(struct hs_snap_end){ .reason = TEXT("start") });
	feed(&play, HS_KIND_hotplug_add, &(struct hs_hotplug_add){
		.start = 8 * GIB, .size = GIB, .resource = TEXT("System RAM") });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){ .start = from * GIB, .size = (to - from) * GIB,
									 .op = 1 });
	assert_int_equal(hs_engine_finish(play.engine, NULL), 0);
	assert_true(number_of(&play, "rejected_adds") == 1);
	assert_true(number_of(&play, "failed_removals") == failed);
	assert_true(number_of(&play, "dropped_requests") == dropped);
	assert_true(number_of(&play, "blocks") == (result && !strcmp(result, "0") ? 3 : 4));
	if (result)
		assert_string_equal(play.tally.last[HS_POINT_BLOCK_REMOVE].result, result);
	else
		assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_REMOVE], 0);
	end(&play);
}

/* A DIMM that is smaller than a block cannot go: the block holds memory of others, too. */
static void test_recut_removal(void **state)
{
	(void)state;
	recut_removal(6, 7, "-EINVAL", 1, 0);
	recut_removal(5, 8, "-EINVAL", 1, 0);
	recut_removal(6, 8, "0", 0, 0);
	recut_removal(4, 8, "-EBUSY", 1, 0);
	recut_removal(8, 9, NULL, 0, 1);	/* its add was refused */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whatif), cmocka_unit_test(test_recut), cmocka_unit_test(test_unplug_order),
		cmocka_unit_test(test_offline_first),
		cmocka_unit_test(test_recut_identity), cmocka_unit_test(test_variant), cmocka_unit_test(test_memmap),
		cmocka_unit_test(test_movable_node), cmocka_unit_test(test_numa_aware), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_bad_group_bytes), cmocka_unit_test(test_device),
		cmocka_unit_test(test_recut_removal),
	};

	return cmocka_run_group_tests_name("block_whatif", tests, NULL, NULL);
}
