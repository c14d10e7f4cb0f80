// SPDX-License-Identifier: GPL-2.0-only
/* Invariants of whole ranges and of the daemon, on drawn page tables, address spaces and accidents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/collapse_draw.h"

#define SEED 20101121ull
#define for_each_variant(variant) \
	for (enum hs_variant variant = HS_VARIANT_V2010; variant < HS_NR_VARIANTS; variant++)
#define for_each_modern(variant) \
	for (enum hs_variant variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++)

/* --- 5, 6, 10, 11, 20 to 22, 28: one range --- */

enum { RANGES = 1500 };

/* The drawn range under a variant, with the drawn limits. */
static void put_range(struct bench *bench, const struct drawn *drawn, enum hs_variant variant)
{
	bench_init(bench, variant, 1);
	bench->tunables = drawn->tunables;
	bench->mms[0].vmas[0].flags |= drawn->request.vma_flags;
	bench->mms[0].ranges[0] = drawn->range;
}

static void check_costs(const struct bench *bench)
{
	/* v2010 allocates outside. */
	if (!bench->rules.alloc_before_scan)
		assert_true(bench->nr_allocations <= bench->nr_attempts && bench->nr_isolates <= bench->nr_allocations);
	assert_true(bench->nr_successes <= bench->nr_isolates);
	assert_int_equal(bench->nr_detached, bench->nr_isolates);
}

/* What succeeded is copied or zero-filled, and huge until something splits it. */
static void check_collapsed(struct bench *bench, const struct drawn *drawn, bool khu,
			    const struct hs_range_scan_outcome *outcome)
{
	const struct hs_bitmap512 empty = hs_scan_empty(&bench->rules, &drawn->range.ptes);
	struct hs_range_scan_outcome again;

	assert_int_equal(outcome->last.copied + outcome->last.zeroed, BENCH_NR);
	assert_int_equal(outcome->last.zeroed, hs_bitmap512_count(&empty));
	assert_int_equal(bench->nr_zeroed, outcome->last.zeroed);
	assert_int_equal(bench->mms[0].ranges[0].pmd, HS_PMD_HUGE);
	for (int i = 0; i < 2; i++) {
		bench_scan(bench, khu, &again);
		assert_int_equal(again.result, HS_SCAN_PMD_MAPPED);
	}
	assert_int_equal(bench->nr_collapsed_pages, BENCH_NR);
	bench_set_range(bench, 1, 0, "P512");
	bench_scan(bench, khu, &again);
	assert_int_equal(again.result, HS_SCAN_SUCCEED);
}

/* What was refused is as it was, but for pages that were read back. */
static void check_refused(const struct bench *bench, const struct drawn *drawn)
{
	const struct bench_range *range = &bench->mms[0].ranges[0];
	struct hs_pte_map before = drawn->range.ptes;
	const struct hs_bitmap512 read_back = hs_bitmap512_and_not(&before.plane[HS_PTE_SWAP],
								   &range->ptes.plane[HS_PTE_SWAP]);

	assert_int_equal(hs_bitmap512_count(&read_back), bench->nr_swapped_in);
	before.plane[HS_PTE_SWAP] = hs_bitmap512_and_not(&before.plane[HS_PTE_SWAP], &read_back);
	assert_memory_equal(&before, &range->ptes, sizeof(before));
	assert_int_equal(range->pmd, HS_PMD_TABLE);
	assert_int_equal(bench->nr_collapsed_pages, 0);
	assert_int_equal(bench->nr_zeroed, 0);
}

static void check_range(struct bench *bench, const struct drawn *drawn, enum hs_variant variant, bool khu)
{
	struct hs_range_scan_outcome outcome;

	put_range(bench, drawn, variant);
	bench_scan(bench, khu, &outcome);
	check_costs(bench);
	if (!khu)
		assert_true(outcome.result != HS_SCAN_EXCEED_SWAP_PTE && outcome.result != HS_SCAN_EXCEED_SHARED_PTE &&
			    outcome.result != HS_SCAN_LACK_REFERENCED_PAGE);
	if (outcome.result == HS_SCAN_SUCCEED)
		check_collapsed(bench, drawn, khu, &outcome);
	else
		check_refused(bench, drawn);
}

static enum hs_collapse_result result_of(struct bench *bench, const struct drawn *drawn, enum hs_variant variant)
{
	struct hs_range_scan_outcome outcome;

	put_range(bench, drawn, variant);
	bench_scan(bench, true, &outcome);
	return outcome.result;
}

/* Attempt and all: a higher limit never refuses what a lower one lets pass. */
static void check_limits(struct hs_rng *rng, struct bench *bench, const struct drawn *drawn, enum hs_variant variant)
{
	const enum hs_collapse_result result = result_of(bench, drawn, variant);

	for (unsigned int limit = 0; limit < 3; limit++) {
		struct drawn lower = *drawn;
		uint64_t *const limits[] = { &lower.tunables.max_ptes_none, &lower.tunables.max_ptes_swap,
					     &lower.tunables.max_ptes_shared };

		*limits[limit] = hs_rng_below(rng, *limits[limit] + 1);
		if (result_of(bench, &lower, variant) == HS_SCAN_SUCCEED)
			assert_int_equal(result, HS_SCAN_SUCCEED);
	}
}

/* What v2010 collapses, 6.1 collapses; with the PMD's order alone 7.2 decides as 6.18. */
static void check_variants(struct bench *bench, struct drawn *drawn)
{
	drawn->request.vma_flags = 0;
	memset(&drawn->range.ptes.plane[HS_PTE_LAZYFREE], 0, sizeof(struct hs_bitmap512));
	assert_int_equal(result_of(bench, drawn, HS_VARIANT_6_18), result_of(bench, drawn, HS_VARIANT_7_2));
	memset(&drawn->range.ptes.plane[HS_PTE_UFFD_WP], 0, sizeof(struct hs_bitmap512));
	if (result_of(bench, drawn, HS_VARIANT_V2010) == HS_SCAN_SUCCEED)
		assert_int_equal(result_of(bench, drawn, HS_VARIANT_6_1), HS_SCAN_SUCCEED);
}

static void test_ranges(void **state)
{
	struct hs_rng rng = { SEED };
	struct bench *bench = malloc(sizeof(*bench));
	struct drawn drawn;

	(void)state;
	print_message("seed %llu\n", SEED);
	for (unsigned int round = 0; round < RANGES; round++) {
		for_each_variant(variant) {
			draw(&rng, &drawn, variant);
			check_range(bench, &drawn, variant, drawn.request.is_khugepaged || variant == HS_VARIANT_V2010);
			check_limits(&rng, bench, &drawn, variant);
		}
		check_variants(bench, &drawn);
	}
	free(bench);
}

/* Candidates of 7.2: aligned, never back, never over a block that is done, not too many. */
static void check_candidates(const struct bench *bench)
{
	unsigned int done = 0;

	assert_true(bench->nr_attempts <= 255);
	for (unsigned int i = 0; i < bench->nr_attempts; i++) {
		const struct hs_candidate one = bench->candidates[i];

		assert_int_equal(one.from & ((1u << one.order) - 1), 0);
		assert_true(one.from >= done && one.from + (1u << one.order) <= BENCH_NR);
		if (i && one.from == bench->candidates[i - 1].from)
			assert_true(one.order < bench->candidates[i - 1].order);
		else if (i)
			assert_true(one.from > bench->candidates[i - 1].from);
		if (bench->attempt_results[i] == HS_SCAN_SUCCEED)
			done = one.from + (1u << one.order);
	}
}

static void test_candidates(void **state)
{
	struct hs_rng rng = { SEED + 1 };
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;
	struct drawn drawn;

	(void)state;
	print_message("seed %llu\n", SEED + 1);
	for (unsigned int round = 0; round < RANGES; round++) {
		draw(&rng, &drawn, HS_VARIANT_7_2);
		put_range(bench, &drawn, HS_VARIANT_7_2);
		for (uint64_t *mode = &bench->tunables.anon_order2; mode <= &bench->tunables.anon_order9; mode++)
			*mode = hs_rng_below(&rng, 2) ? HS_THP_SIZE_ALWAYS : HS_THP_SIZE_NEVER;
		bench->alloc_fails = hs_rng_below(&rng, 8) ? 0 : 1000;
		bench_scan(bench, true, &outcome);
		check_candidates(bench);
		check_costs(bench);
		assert_int_equal(bench->nr_collapsed_pages, outcome.pages_collapsed);
		assert_int_equal(outcome.result == HS_SCAN_SUCCEED, outcome.pages_collapsed != 0);
	}
	/* The most there can be: all orders, and no memory. */
	draw(&rng, &drawn, HS_VARIANT_7_2);
	memset(drawn.text, 'P', BENCH_NR);
	draw_range(&drawn);
	put_range(bench, &drawn, HS_VARIANT_7_2);
	for (uint64_t *mode = &bench->tunables.anon_order2; mode <= &bench->tunables.anon_order9; mode++)
		*mode = HS_THP_SIZE_ALWAYS;
	bench->alloc_fails = 1000;
	bench_scan(bench, true, &outcome);
	assert_int_equal(bench->nr_attempts, 255);
	free(bench);
}

/* --- 12 to 17, 19: visits --- */

static void draw_space(struct hs_rng *rng, struct bench *bench, uint32_t mm)
{
	uint64_t at = BENCH_BASE;

	for (unsigned int i = 0; i < BENCH_RANGES; i++) {
		struct drawn drawn;

		draw(rng, &drawn, bench->rules.variant);
		for (char *letter = drawn.text; *letter; letter++)
			*letter = *letter == 'm' ? 'S' : *letter;
		draw_range(&drawn);
		bench->mms[mm - 1].ranges[i] = drawn.range;
		if (hs_rng_below(rng, 8) == 0)
			bench_set_pmd(bench, mm, i, HS_PMD_NONE);
	}
	while (at < BENCH_BASE + BENCH_RANGES * BENCH_RANGE_BYTES) {
		uint64_t start = at + 4096 * hs_rng_below(rng, 3000);

		at = start + 4096 * (1 + hs_rng_below(rng, 3000));
		if (at <= BENCH_BASE + BENCH_RANGES * BENCH_RANGE_BYTES)
			bench_add_vma(bench, mm, start, at, hs_rng_below(rng, 5) ? (uint32_t)BENCH_ANON :
				      (uint32_t)HS_THP_VMA_SPECIAL);
	}
}

/* A daemon with its address spaces, and the order in which it should know them. */
struct world {
	struct bench bench;
	struct hs_khugepaged daemon;
	uint32_t order[BENCH_MMS];
	unsigned int nr;
	unsigned int range_countdown, scans_then;	/* to an exit in the middle of a visit */
};

static void enter(struct world *world, uint32_t mm)
{
	world->bench.mms[mm - 1].state = 0;
	assert_int_equal(hs_khugepaged_enter(&world->daemon, mm), HS_THP_ENTER_REGISTERED);
	assert_int_equal(hs_khugepaged_enter(&world->daemon, mm), HS_THP_ENTER_ALREADY);
	world->order[world->nr++] = mm;
}

static struct world *make_world(struct hs_rng *rng, enum hs_variant variant)
{
	struct world *world = calloc(1, sizeof(*world));

	bench_init(&world->bench, variant, 0);
	hs_khugepaged_init(&world->daemon, &world->bench.rules, &world->bench.tunables, &bench_ops, &world->bench);
	for (uint32_t mm = 1; mm <= BENCH_MMS; mm++) {
		draw_space(rng, &world->bench, mm);
		enter(world, mm);
	}
	return world;
}

static void drop_world(struct world *world)
{
	hs_khugepaged_deinit(&world->daemon);
	free(world);
}

/* A slot that is gone: its address space too. */
static void take_out(struct world *world, uint32_t mm)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < world->nr; i++)
		if (world->order[i] != mm)
			world->order[kept++] = world->order[i];
	world->nr = kept;
	hs_khugepaged_forget(&world->daemon, mm);
}

static void check_list(const struct world *world)
{
	const struct hs_khugepaged_slot *slot = world->daemon.first;

	assert_true(hs_khugepaged_is_valid(&world->daemon));
	for (unsigned int i = 0; i < world->nr; i++, slot = slot->next) {
		assert_non_null(slot);
		assert_int_equal(slot->mm, world->order[i]);
	}
	assert_null(slot);
}

/* Somebody exits, or begins, or is excluded by prctl. */
static void disturb(struct hs_rng *rng, struct world *world)
{
	const uint32_t mm = 1 + (uint32_t)hs_rng_below(rng, BENCH_MMS);
	unsigned int *state = &world->bench.mms[mm - 1].state;

	if (!hs_khugepaged_is_registered(&world->daemon, mm)) {
		enter(world, mm);
	} else if (hs_rng_below(rng, 2)) {
		*state ^= HS_THP_MM_DISABLED;
	} else if (!(*state & HS_THP_MM_EXITING) && world->nr > 1) {
		*state |= HS_THP_MM_EXITING;
		if (hs_khugepaged_exit(&world->daemon, mm) == HS_THP_EXIT_UNLINKED)
			take_out(world, mm);
	}
}

static void exit_in_visit(struct bench *bench)
{
	struct world *world = (struct world *)(void *)bench;	/* its first member */

	if (!world->range_countdown || --world->range_countdown)
		return;
	bench->mms[world->daemon.cursor->mm - 1].state |= HS_THP_MM_EXITING;
	world->scans_then = bench->nr_scans;
}

static void check_visit(struct world *world, uint64_t budget)
{
	struct hs_khugepaged *daemon = &world->daemon;
	struct bench *bench = &world->bench;
	const struct hs_khugepaged before = *daemon;
	const struct hs_khugepaged_slot *slot = daemon->cursor ? daemon->cursor : daemon->first;
	const uint32_t mm = slot->mm;
	const bool was_ending = bench->mms[mm - 1].state != 0;
	const bool is_busy = bench->lock_fails && bench->rules.read_trylock;
	enum hs_collapse_result result;
	uint64_t progress;

	bench->nr_attempts = bench->nr_scans = bench->nr_late_scans = bench->nr_skipped = bench->nr_successes = 0;
	bench->nr_allocations = bench->nr_isolates = bench->nr_detached = bench->nr_freed_slots = 0;
	world->scans_then = UINT32_MAX;
	progress = hs_khugepaged_visit(daemon, budget, &result);

	assert_int_equal(progress == 0, is_busy);
	assert_true(progress <= budget + (BENCH_NR - 1) + bench->nr_skipped + 1);
	/* The first attempt ends the visit; at most one huge page comes of it. */
	assert_int_equal(bench->nr_late_scans, 0);
	assert_true(bench->nr_attempts <= 1);
	assert_int_equal(daemon->pages_collapsed - before.pages_collapsed, bench->nr_successes);
	check_costs(bench);
	/* No scan of who exits or is excluded; none behind the moment that it does. */
	if (was_ending || is_busy)
		assert_int_equal(bench->nr_scans, 0);
	if (world->scans_then != UINT32_MAX)
		assert_int_equal(bench->nr_scans, world->scans_then);
	assert_true(daemon->full_scans - before.full_scans <= 1);
	assert_int_equal(daemon->full_scans != before.full_scans, !daemon->cursor);
	if (daemon->cursor && daemon->cursor->mm != mm)
		assert_int_equal(daemon->address, 0);
	else if (daemon->cursor && before.cursor && !was_ending)
		assert_true(daemon->address > before.address);
	assert_int_equal(daemon->address & (BENCH_RANGE_BYTES - 1), 0);
	if (bench->nr_freed_slots)
		take_out(world, mm);
	check_list(world);
}

static void test_visits(void **state)
{
	struct hs_rng rng = { SEED + 2 };

	(void)state;
	print_message("seed %llu\n", SEED + 2);
	for (unsigned int round = 0; round < 10; round++) {
		for_each_modern(variant) {
			struct world *world = make_world(&rng, variant);

			world->bench.at_range = exit_in_visit;
			for (unsigned int visit = 0; visit < 200; visit++) {
				if (hs_rng_below(&rng, 3) == 0)
					disturb(&rng, world);
				world->bench.lock_fails = hs_rng_below(&rng, 10) == 0;
				world->range_countdown = hs_rng_below(&rng, 10) ? 0 :
							 1 + (unsigned int)hs_rng_below(&rng, 4);
				if (!world->daemon.first)
					enter(world, 1);
				check_visit(world, 1 + hs_rng_below(&rng, 8192));
			}
			drop_world(world);
		}
	}
}

/* --- 12, 14, 18: passes --- */

static bool is_eligible(const struct bench *bench, uint32_t mm, unsigned int range)
{
	const uint64_t at = BENCH_BASE + range * BENCH_RANGE_BYTES;
	const struct bench_mm *space = &bench->mms[mm - 1];

	for (unsigned int i = 0; i < space->nr_vmas; i++)
		if (space->vmas[i].start <= at && at + BENCH_RANGE_BYTES <= space->vmas[i].end)
			return space->vmas[i].flags & HS_THP_VMA_ANON_VMA;
	return false;
}

/* One traversal looks at every range once. */
static void check_traversal(struct hs_rng *rng, struct world *world)
{
	struct hs_khugepaged *daemon = &world->daemon;
	const uint64_t full_scans = daemon->full_scans;
	enum hs_collapse_result result;

	memset(world->bench.scans, 0, sizeof(world->bench.scans));
	while (daemon->full_scans == full_scans) {
		world->bench.nr_attempts = 0;
		daemon->has_page = world->bench.rules.alloc_before_scan;
		hs_khugepaged_visit(daemon, 1 + hs_rng_below(rng, 4096), &result);
	}
	for (uint32_t mm = 1; mm <= BENCH_MMS; mm++)
		for (unsigned int i = 0; i < BENCH_RANGES; i++)
			assert_int_equal(world->bench.scans[mm - 1][i], is_eligible(&world->bench, mm, i));
}

static void test_traversals(void **state)
{
	struct hs_rng rng = { SEED + 3 };

	(void)state;
	print_message("seed %llu\n", SEED + 3);
	for (unsigned int round = 0; round < 4; round++) {
		for_each_variant(variant) {
			struct world *world = make_world(&rng, variant);

			for (unsigned int i = 0; i < 4; i++)
				check_traversal(&rng, world);
			drop_world(world);
		}
	}
}

/* Runs to the next sleep, whatever it is. */
static void check_run(struct world *world)
{
	struct hs_khugepaged *daemon = &world->daemon;
	const uint64_t full_scans = daemon->full_scans, collapsed = daemon->pages_collapsed;
	const uint64_t passes = daemon->nr_passes;

	world->bench.nr_attempts = 0;
	hs_khugepaged_run(daemon, 1);
	assert_true(daemon->nr_passes - passes <= 1);
	assert_true(daemon->full_scans >= full_scans && daemon->full_scans - full_scans <= 2);
	assert_true(daemon->pages_collapsed >= collapsed);
	assert_true(world->bench.nr_alloc_sleeps <= 1);
}

static void test_passes(void **state)
{
	struct hs_rng rng = { SEED + 4 };

	(void)state;
	print_message("seed %llu\n", SEED + 4);
	for (unsigned int round = 0; round < 10; round++) {
		for_each_modern(variant) {
			struct world *world = make_world(&rng, variant);

			assert_int_equal(hs_khugepaged_start(&world->daemon), 0);
			for (unsigned int i = 0; i < 60; i++) {
				world->bench.tunables.pages_to_scan = 1 + hs_rng_below(&rng, 100000);
				world->bench.alloc_fails = (unsigned int)hs_rng_below(&rng, 4);
				check_run(world);
			}
			drop_world(world);
		}
	}
}

/* --- 27: the page in hand of v2010 --- */

/* Pages that the daemon holds: at most one, and what was not used up by a success is still there or given back. */
static void check_page(const struct world *world, unsigned int nr_failed)
{
	const struct bench *bench = &world->bench;
	const unsigned int taken = bench->nr_allocations - nr_failed;
	const unsigned int gone = bench->nr_successes + bench->nr_freed_pages;

	assert_true(taken >= gone && taken - gone <= 1);
	assert_int_equal(taken - gone, world->daemon.has_page);
}

/* As the daemon does before it looks at its list. */
static bool take_page(struct hs_khugepaged *daemon)
{
	daemon->has_page = daemon->ops->base.allocate(daemon->world, hs_thp_pmd_order(daemon->tunables), true);
	return daemon->has_page;
}

static void test_page_in_hand(void **state)
{
	struct hs_rng rng = { SEED + 5 };

	(void)state;
	print_message("seed %llu\n", SEED + 5);
	for (unsigned int round = 0; round < 10; round++) {
		struct world *world = make_world(&rng, HS_VARIANT_V2010);
		struct bench *bench = &world->bench;
		unsigned int nr_failed = 0;

		for (unsigned int visit = 0; visit < 200; visit++) {
			const bool fails = hs_rng_below(&rng, 8) == 0;
			const unsigned int successes = bench->nr_successes;
			enum hs_collapse_result result;

			bench->nr_attempts = 0;
			bench->alloc_fails = fails;
			bench->charge_fails = hs_rng_below(&rng, 4) == 0;
			if (!world->daemon.has_page && !take_page(&world->daemon)) {
				nr_failed++;
				continue;
			}
			hs_khugepaged_visit(&world->daemon, 1 + hs_rng_below(&rng, 8192), &result);
			assert_int_equal(world->daemon.has_page, bench->nr_successes == successes);
			check_page(world, nr_failed);
		}
		bench->alloc_fails = 0;
		hs_khugepaged_start(&world->daemon);
		world->daemon.has_page = false;
		bench->nr_allocations = bench->nr_successes = bench->nr_freed_pages = 0;
		for (unsigned int i = 0; i < 20; i++) {
			bench->nr_attempts = 0;
			hs_khugepaged_run(&world->daemon, 1);
			assert_false(world->daemon.has_page);
			check_page(world, 0);
		}
		drop_world(world);
	}
}

/* --- 24: settings --- */

static void test_writes(void **state)
{
	static const char letters_of_numbers[] = "0123456789012345678901234+- \nx";
	static const char *const files[] = {
		"khugepaged/pages_to_scan", "khugepaged/scan_sleep_millisecs", "khugepaged/alloc_sleep_millisecs",
		"khugepaged/max_ptes_none", "khugepaged/max_ptes_swap", "khugepaged/max_ptes_shared",
		"khugepaged/defrag", "use_zero_page", "enabled", "defrag", "hugepages-64kB/enabled",
	};
	struct hs_rng rng = { SEED + 6 };

	(void)state;
	print_message("seed %llu\n", SEED + 6);
	for (unsigned int round = 0; round < 20000; round++) {
		const char *file = files[hs_rng_below(&rng, sizeof(files) / sizeof(*files))];
		struct hs_collapse_tunables before, tunables;
		struct hs_collapse_rules rules;
		size_t length = hs_rng_below(&rng, 13);
		char text[13];

		for (size_t i = 0; i < length; i++)
			text[i] = letters_of_numbers[hs_rng_below(&rng, sizeof(letters_of_numbers) - 1)];
		hs_collapse_rules_init(&rules, (enum hs_variant)hs_rng_below(&rng, HS_NR_VARIANTS));
		hs_collapse_tunables_init(&tunables, 512);
		before = tunables;
		if (hs_collapse_tunables_store(&tunables, &rules, file, text, length))
			assert_memory_equal(&before, &tunables, sizeof(before));
		assert_true(tunables.pages_to_scan >= 1 && tunables.pages_to_scan <= UINT32_MAX);
		assert_true(tunables.max_ptes_none < 512 && tunables.max_ptes_swap < 512);
		assert_true(tunables.max_ptes_shared < 512 && tunables.khugepaged_defrag <= 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges), cmocka_unit_test(test_candidates), cmocka_unit_test(test_visits),
		cmocka_unit_test(test_traversals), cmocka_unit_test(test_passes), cmocka_unit_test(test_page_in_hand),
		cmocka_unit_test(test_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
