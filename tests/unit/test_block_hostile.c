// SPDX-License-Identifier: GPL-2.0-only
/* The block model must survive any trace: random rows with fields from a list of awkward values. */
#include <stdlib.h>

#include "lib/rng.h"
#include "replay/block/block_model.h"
#include "replay/engine.h"
#include "tests/unit/block_fixture.h"
#include "traces/schema.h"

static const uint64_t numbers[] = {
	0, 1, 2, 3, 33, 64, 65, 255, 511, 512, 4095, 4096, 32767, 32768, 65536, 1048576, 2097152, 128 << 20, 1ull << 31,
	1ull << 32, 2ull << 30, 8ull << 30, 33ull * (128 << 20), 64ull * (128 << 20), 1ull << 40, 1ull << 52, 1ull << 63,
	UINT64_MAX, UINT64_MAX - 4095,
};
static const char *const texts[] = {
	"", "online", "offline", "going-offline", "absent", "add", "remove", "Normal", "Movable", "DMA32", "none",
	"Normal Movable", "memory64", "memory33/state", "memory33/online", "memory99999999999999999999", "node1",
	"auto_online_blocks", "auto-movable", "online_policy", "auto_movable_ratio", "4294967295", "probe",
	"soft_offline_page", "0x208000000", "MEM_GOING_ONLINE", "MEM_ONLINE", "MEM_GOING_OFFLINE", "MEM_CANCEL_OFFLINE",
	"MEM_FINISH_OFFLINE", "NODE_ADDING_FIRST_MEMORY", "System RAM", "System RAM (kmem)", "\n", "force",
};

static void fill_column(const struct hs_column_info *column, unsigned char *row, struct hs_rng *rng)
{
	uint64_t number = numbers[hs_rng_below(rng, sizeof(numbers) / sizeof(*numbers))];
	const char *text = texts[hs_rng_below(rng, sizeof(texts) / sizeof(*texts))];
	struct hs_bytes bytes = { text, (uint32_t)strlen(text) };
	static const size_t bytes_of[HS_NR_TYPES] = { 1, 2, 4, 8, 4, 8 };	/* little endian: the low bytes */

	if (column->type == HS_TYPE_str || column->type == HS_TYPE_blob)
		memcpy(row + column->offset, &bytes, sizeof(bytes));
	else
		memcpy(row + column->offset, &number, bytes_of[column->type]);
}

static void random_run(struct hs_engine *engine, struct hs_rng *rng, unsigned int kind, uint64_t time)
{
	const struct hs_kind_info *info = hs_kind_info(kind);
	uint64_t storage[64] = { 0 };
	struct hs_run run = { .kind = kind, .nr = 1, .rows = storage };
	struct hs_error err = { 0 };

	assert_true(info->row_bytes <= sizeof(storage));
	for (unsigned int i = 0; i < info->nr_columns; i++)
		fill_column(&info->columns[i], (unsigned char *)storage, rng);
	((struct hs_row *)storage)->time = time;
	((struct hs_row *)storage)->task = (uint32_t)hs_rng_below(rng, 2);
	if (hs_engine_run(engine, &run, &err))
		fail_msg("%s", err.text);
}

static void feed_snapshot(struct hs_engine *engine)
{
	for (uint32_t id = 30; id < 40; id++) {
		struct hs_snap_block row = {
			.block = id, .nr_pages = F0_PAGES, .state = { "online", 6 }, .valid_zones = { "Normal", 6 },
			.is_deep = 1, .group = -1,
		};

		assert_int_equal(hs_engine_run(engine, &(struct hs_run){ HS_KIND_snap_block, 1, &row, 0 }, NULL), 0);
	}
	struct hs_snap_zone zone = {
		.zone = { "Normal", 6 }, .start_pfn = 30 * F0_PAGES, .spanned = 10 * F0_PAGES, .present = 10 * F0_PAGES,
		.managed = 10 * F0_PAGES,
	};
	struct hs_snap_end end = { .reason = { "start", 5 } };

	assert_int_equal(hs_engine_run(engine, &(struct hs_run){ HS_KIND_snap_zone, 1, &zone, 0 }, NULL), 0);
	assert_int_equal(hs_engine_run(engine, &(struct hs_run){ HS_KIND_snap_end, 1, &end, 0 }, NULL), 0);
}

static void play(enum hs_mode mode, const char *rung, const char *block_bytes, struct hs_rng *rng)
{
	static const char *const models[] = { "block", NULL };
	struct hs_header header = { .page_bytes = 4096, .block_bytes = F0_BLOCK_BYTES };
	struct hs_policy policy;
	struct hs_engine_setup setup = {
		.mode = mode, .header = &header, .models = models, .policies = &policy, .nr_policies = 1,
	};
	struct hs_engine *engine;
	struct hs_error err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out;
	hs_kind_set kinds;

	assert_int_equal(hs_policy_init(&policy, "test"), 0);
	assert_int_equal(hs_policy_set(&policy, "block.block_bytes", block_bytes, HS_POLICY_USER, &err), 0);
	assert_int_equal(hs_header_add_rung(&header, "hotplug", rung, ""), 0);
	assert_int_equal(hs_engine_create(&setup, &engine, &err), 0);
	kinds = hs_block_model.kinds();
	if (hs_rng_below(rng, 8))
		feed_snapshot(engine);
	for (uint64_t step = 1; step < 400; step++) {
		unsigned int kind = (unsigned int)hs_rng_below(rng, HS_NR_KINDS);

		if (hs_kind_set_has(&kinds, kind))
			random_run(engine, rng, kind, step);
	}
	assert_int_equal(hs_engine_finish(engine, &err), 0);
	out = open_memstream(&text, &size);
	assert_int_equal(hs_block_model.dump(hs_engine_model(engine, "block", 0), out), 0);
	hs_block_model.problems(hs_engine_model(engine, "block", 0), out);
	fclose(out);
	free(text);
	hs_engine_destroy(engine);
	hs_policy_deinit(&policy);
	hs_header_deinit(&header);
}

static void test_hostile_rows(void **state)
{
	const char *seed = getenv("SEED");
	struct hs_rng rng = { seed ? strtoull(seed, NULL, 0) : 4711 };

	(void)state;
	printf("seed %llu\n", (unsigned long long)rng.state);
	for (int round = 0; round < 1000; round++)
		play(hs_rng_below(&rng, 2) ? HS_MODE_WHATIF : HS_MODE_VALIDATE, hs_rng_below(&rng, 2) ? "fentry" : "polling",
		     hs_rng_below(&rng, 2) ? "0" : "2147483648", &rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hostile_rows) };

	return cmocka_run_group_tests_name("block_hostile", tests, NULL, NULL);
}
