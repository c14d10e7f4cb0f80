// SPDX-License-Identifier: GPL-2.0-only
/* Cases of registration, slots, visits, passes, sleeps and settings. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/collapse_bench.h"

struct machine {
	struct bench bench;
	struct hs_khugepaged daemon;
};

static void begin(struct machine *machine, enum hs_variant variant, unsigned int nr_ranges)
{
	bench_init(&machine->bench, variant, nr_ranges);
	hs_khugepaged_init(&machine->daemon, &machine->bench.rules, &machine->bench.tunables, &bench_ops,
			   &machine->bench);
	/* v2010's callers hold a huge page. */
	machine->daemon.has_page = machine->bench.rules.alloc_before_scan;
}

static struct machine *make(enum hs_variant variant, unsigned int nr_ranges)
{
	struct machine *machine = malloc(sizeof(*machine));

	begin(machine, variant, nr_ranges);
	return machine;
}

static void drop(struct machine *machine)
{
	assert_true(hs_khugepaged_is_valid(&machine->daemon));
	hs_khugepaged_deinit(&machine->daemon);
	free(machine);
}

#define for_each_variant(variant) \
	for (enum hs_variant variant = HS_VARIANT_V2010; variant < HS_NR_VARIANTS; variant++)
#define for_each_modern(variant) \
	for (enum hs_variant variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++)

static uint64_t visit(struct machine *machine, uint64_t budget)
{
	enum hs_collapse_result result;

	if (machine->bench.rules.alloc_before_scan)
		machine->daemon.has_page = true;
	return hs_khugepaged_visit(&machine->daemon, budget, &result);
}

/* Cases 59, 61 */
static void test_enter(void **state)
{
	enum hs_thp_refusal why;

	(void)state;
	for_each_variant(variant) {
		struct machine *machine = make(variant, 2);
		const struct hs_thp_vma *vma = &machine->bench.mms[0].vmas[0];

		machine->bench.tunables.enabled = HS_THP_MADVISE;
		machine->bench.tunables.khugepaged_enabled = HS_THP_MADVISE;
		assert_int_equal(hs_khugepaged_enter_vma(&machine->daemon, 1, vma, &why), HS_THP_ENTER_REFUSED);
		assert_int_equal(why, HS_THP_REFUSED_MODE);
		assert_false(hs_khugepaged_is_registered(&machine->daemon, 1));
		machine->bench.mms[0].vmas[0].flags |= HS_THP_VMA_HUGEPAGE;
		assert_int_equal(hs_khugepaged_enter_vma(&machine->daemon, 1, vma, &why), HS_THP_ENTER_REGISTERED);
		assert_int_equal(hs_khugepaged_enter_vma(&machine->daemon, 1, vma, &why), HS_THP_ENTER_ALREADY);
		assert_int_equal(hs_khugepaged_enter(&machine->daemon, 1), HS_THP_ENTER_ALREADY);
		assert_ptr_equal(machine->daemon.first, machine->daemon.last);
		/* One reference: it is dropped once. */
		assert_int_equal(hs_khugepaged_exit(&machine->daemon, 1), HS_THP_EXIT_UNLINKED);
		assert_int_equal(hs_khugepaged_exit(&machine->daemon, 1), HS_THP_EXIT_UNREGISTERED);
		assert_int_equal(machine->bench.nr_freed_slots, 1);
		drop(machine);
	}
}

/* A mapping that has grown by a merge: v2010 has tests of its own, later kernels those of a fault. */
static void test_merge(void **state)
{
	static const struct {
		uint32_t flags;
		uint64_t pages;
		enum hs_thp_refusal first, modern;
	} merges[] = {
		{ BENCH_ANON, 512, HS_THP_ALLOWED, HS_THP_ALLOWED },
		{ HS_THP_VMA_WRITE, 512, HS_THP_REFUSED_NO_ANON_VMA, HS_THP_REFUSED_NO_ANON_VMA },
		{ BENCH_ANON, 511, HS_THP_REFUSED_NO_RANGE, HS_THP_REFUSED_NO_RANGE },
		{ BENCH_ANON | HS_THP_VMA_OPS | HS_THP_VMA_FILE | HS_THP_VMA_SHMEM | HS_THP_VMA_SHMEM_OK, 512,
		  HS_THP_REFUSED_KIND, HS_THP_ALLOWED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(merges) / sizeof(*merges); i++) {
		for_each_variant(variant) {
			struct machine *machine = make(variant, 0);
			const enum hs_thp_refusal expected = variant == HS_VARIANT_V2010 ? merges[i].first :
											   merges[i].modern;
			const struct hs_thp_vma vma = { .start = BENCH_BASE, .pgoff = BENCH_BASE >> 12,
							.end = BENCH_BASE + merges[i].pages * 4096,
							.flags = merges[i].flags };
			enum hs_thp_refusal why;

			assert_int_equal(hs_khugepaged_enter_merge(&machine->daemon, 1, &vma, &why),
					 expected == HS_THP_ALLOWED ? HS_THP_ENTER_REGISTERED : HS_THP_ENTER_REFUSED);
			assert_int_equal(why, expected);
			drop(machine);
		}
	}
}

/* Case 60 */
static void test_fork(void **state)
{
	(void)state;
	for_each_variant(variant) {
		struct machine *machine = make(variant, 0);

		hs_khugepaged_enter(&machine->daemon, 1);
		assert_int_equal(hs_khugepaged_fork(&machine->daemon, 1, 2), HS_THP_ENTER_REGISTERED);
		assert_true(hs_khugepaged_is_registered(&machine->daemon, 2));
		assert_int_equal(machine->daemon.last->mm, 2);
		assert_int_equal(hs_khugepaged_fork(&machine->daemon, 3, 4), HS_THP_ENTER_REFUSED);
		assert_false(hs_khugepaged_is_registered(&machine->daemon, 4));
		drop(machine);
	}
}

static bool no_slot(void *world)
{
	(void)world;
	return false;
}

/* Case 62 */
static void test_slot_failure(void **state)
{
	struct hs_khugepaged_ops ops = bench_ops;

	(void)state;
	ops.allocate_slot = no_slot;
	for_each_variant(variant) {
		struct machine *machine = make(variant, 1);
		const bool never_again = variant == HS_VARIANT_6_12 || variant == HS_VARIANT_6_18;

		machine->daemon.ops = &ops;
		assert_int_equal(hs_khugepaged_enter(&machine->daemon, 1), HS_THP_ENTER_NO_MEMORY);
		machine->daemon.ops = &bench_ops;
		assert_int_equal(hs_khugepaged_is_registered(&machine->daemon, 1), never_again);
		assert_int_equal(hs_khugepaged_enter(&machine->daemon, 1),
				 never_again ? HS_THP_ENTER_ALREADY : HS_THP_ENTER_REGISTERED);
		drop(machine);
	}
}

/* Case 65 */
static void test_exit(void **state)
{
	(void)state;
	for_each_variant(variant) {
		struct machine *machine = make(variant, 2);

		hs_khugepaged_enter(&machine->daemon, 1);
		hs_khugepaged_enter(&machine->daemon, 2);
		assert_int_equal(visit(machine, 1) != 0, 1);
		assert_int_equal(machine->daemon.cursor->mm, 1);
		assert_int_equal(hs_khugepaged_exit(&machine->daemon, 2), HS_THP_EXIT_UNLINKED);
		assert_false(hs_khugepaged_is_registered(&machine->daemon, 2));
		assert_int_equal(machine->bench.nr_freed_slots, 1);
		machine->bench.mms[0].state |= HS_THP_MM_EXITING;
		assert_int_equal(hs_khugepaged_exit(&machine->daemon, 1), HS_THP_EXIT_LEFT_TO_DAEMON);
		assert_int_equal(machine->bench.nr_freed_slots, 1);
		machine->bench.nr_scans = 0;
		assert_int_equal(visit(machine, 4096), 1);
		assert_null(machine->daemon.first);
		assert_null(machine->daemon.cursor);
		assert_int_equal(machine->bench.nr_freed_slots, 2);
		assert_int_equal(machine->bench.nr_scans, 0);
		assert_int_equal(machine->daemon.full_scans, 1);
		drop(machine);
	}
}

static void fill(struct machine *machine, unsigned int nr, const char *ptes)
{
	for (unsigned int i = 0; i < nr; i++)
		bench_set_range(&machine->bench, 1, i, ptes);
}

/* One pass over 16 ranges. */
static struct machine *pass_over(enum hs_variant variant, const char *ptes)
{
	struct machine *machine = make(variant, 16);

	hs_khugepaged_enter(&machine->daemon, 1);
	fill(machine, 16, ptes);
	hs_khugepaged_pass(&machine->daemon);
	return machine;
}

/* Cases 67, 68: the budget is tested behind each range. */
static void test_budget(void **state)
{
	(void)state;
	for_each_variant(variant) {
		struct machine *machine = pass_over(variant, "P511 c1");

		assert_int_equal(machine->daemon.pass.progress, 1 + 8 * 512);
		assert_int_equal(machine->bench.nr_scans, 8);
		assert_int_equal(machine->daemon.address, BENCH_BASE + 8 * BENCH_RANGE_BYTES);
		drop(machine);

		/* 7.2: refused at the tenth entry, a range costs ten. */
		machine = pass_over(variant, "P9 c1 P502");
		if (variant == HS_VARIANT_7_2) {
			assert_int_equal(machine->daemon.pass.progress, 1 + 16 * 10);
			assert_int_equal(machine->daemon.full_scans, 1);
		} else {
			assert_int_equal(machine->daemon.pass.progress, 1 + 8 * 512);
			assert_int_equal(machine->daemon.full_scans, 0);
		}
		drop(machine);

		machine = make(variant, 16);
		hs_khugepaged_enter(&machine->daemon, 1);
		fill(machine, 16, "P512");
		for (int i = 0; i < 8; i++)
			assert_int_equal(visit(machine, 4096), 513);
		assert_int_equal(machine->daemon.pages_collapsed, 8);
		drop(machine);

		machine = pass_over(variant, "P512");
		assert_int_equal(machine->daemon.pass.progress, 4104);
		assert_int_equal(machine->daemon.pages_collapsed, 8);
		assert_int_equal(machine->daemon.nr_passes, 1);
		drop(machine);
	}
}

/* Case 69: ranges without page tables cost 7.2 one unit each. */
static void test_empty_ranges(void **state)
{
	struct machine *machine = make(HS_VARIANT_7_2, 10000);

	(void)state;
	hs_khugepaged_enter(&machine->daemon, 1);
	assert_int_equal(visit(machine, 4096), 4096);
	assert_int_equal(machine->daemon.address, BENCH_BASE + 4095 * BENCH_RANGE_BYTES);
	drop(machine);
}

/* Case 70: a busy mm is passed over. */
static void test_trylock(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct machine *machine = make(variant, 2);

		hs_khugepaged_enter(&machine->daemon, 1);
		machine->bench.lock_fails = true;
		hs_khugepaged_pass(&machine->daemon);
		assert_null(machine->daemon.cursor);
		assert_int_equal(machine->daemon.full_scans, 1);
		assert_int_equal(machine->daemon.pass.head, 2);
		assert_int_equal(machine->daemon.pass.progress, 0);
		assert_int_equal(machine->daemon.nr_passes, 1);
		assert_int_equal(machine->bench.nr_scans, 0);
		drop(machine);
	}
}

static void three_mms(struct machine *machine)
{
	for (uint32_t mm = 1; mm <= 3; mm++) {
		hs_khugepaged_enter(&machine->daemon, mm);
		if (mm > 1)
			bench_add_vma(&machine->bench, mm, BENCH_BASE, BENCH_BASE + BENCH_RANGE_BYTES, BENCH_ANON);
		bench_set_range(&machine->bench, mm, 0, "P511 c1");
	}
	machine->bench.tunables.pages_to_scan = 1000000;
}

/* Cases 71, 72 */
static void test_wraps(void **state)
{
	(void)state;
	for_each_variant(variant) {
		struct machine *machine = make(variant, 1);

		three_mms(machine);
		hs_khugepaged_pass(&machine->daemon);
		assert_int_equal(machine->daemon.full_scans, 1);
		assert_int_equal(machine->daemon.pass.progress, 3 * 513);
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(machine->bench.scans[i][0], 1);
		assert_null(machine->daemon.cursor);
		drop(machine);

		machine = make(variant, 1);
		three_mms(machine);
		visit(machine, 4096);
		assert_int_equal(machine->daemon.cursor->mm, 2);
		hs_khugepaged_pass(&machine->daemon);
		assert_int_equal(machine->daemon.full_scans, 2);
		assert_int_equal(machine->daemon.pass.progress, (2 + 3) * 513);
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(machine->bench.scans[i][0], 2);
		assert_null(machine->daemon.cursor);
		drop(machine);
	}
}

/* Cases 48, 73: one sleep for failed allocations in a pass. */
static void test_alloc_backoff(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct machine *machine = make(variant, 4);

		hs_khugepaged_enter(&machine->daemon, 1);
		fill(machine, 4, "P512");
		machine->bench.alloc_fails = 2;
		assert_int_equal(hs_khugepaged_start(&machine->daemon), 0);
		hs_khugepaged_run(&machine->daemon, 0);
		assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_ASLEEP);
		assert_int_equal(machine->daemon.sleep_kind, HS_KHUGEPAGED_SLEEP_ALLOC);
		assert_int_equal(machine->daemon.sleep_ms, 60000);
		assert_int_equal(machine->daemon.address, BENCH_BASE + BENCH_RANGE_BYTES);
		hs_khugepaged_run(&machine->daemon, 0);
		assert_int_equal(machine->daemon.sleep_kind, HS_KHUGEPAGED_SLEEP_SCAN);
		assert_int_equal(machine->daemon.nr_passes, 1);
		assert_int_equal(machine->bench.nr_successes, 0);
		hs_khugepaged_run(&machine->daemon, 0);
		assert_int_equal(machine->bench.nr_successes, 4);
		drop(machine);
	}
}

/* Cases 48, 49: v2010 waits for a huge page before it looks at anything; a failed charge keeps the page. */
static void test_page_in_hand(void **state)
{
	struct machine *machine = make(HS_VARIANT_V2010, 2);

	(void)state;
	machine->daemon.has_page = false;
	hs_khugepaged_enter(&machine->daemon, 1);
	fill(machine, 2, "P512");
	machine->bench.alloc_fails = 1;
	hs_khugepaged_start(&machine->daemon);
	hs_khugepaged_run(&machine->daemon, 0);
	assert_int_equal(machine->daemon.sleep_kind, HS_KHUGEPAGED_SLEEP_ALLOC);
	assert_null(machine->daemon.cursor);
	assert_int_equal(machine->bench.nr_attempts, 0);
	machine->bench.charge_fails = true;
	hs_khugepaged_run(&machine->daemon, 0);
	assert_int_equal(machine->daemon.sleep_kind, HS_KHUGEPAGED_SLEEP_SCAN);
	assert_int_equal(machine->bench.nr_attempts, 2);
	assert_int_equal(machine->bench.nr_allocations, 2);
	drop(machine);
}

/* Case 48 in v2010: the cursor stays where the pass before has left it. */
static void test_no_page_in_hand(void **state)
{
	struct machine *machine = make(HS_VARIANT_V2010, 16);

	(void)state;
	hs_khugepaged_enter(&machine->daemon, 1);
	fill(machine, 16, "P511 c1");
	hs_khugepaged_start(&machine->daemon);
	hs_khugepaged_run(&machine->daemon, 0);
	assert_int_equal(machine->daemon.address, BENCH_BASE + 8 * BENCH_RANGE_BYTES);
	machine->bench.alloc_fails = 1;
	hs_khugepaged_run(&machine->daemon, 0);
	assert_int_equal(machine->daemon.sleep_kind, HS_KHUGEPAGED_SLEEP_ALLOC);
	assert_int_equal(machine->daemon.sleep_ms, 60000);
	assert_int_equal(machine->daemon.address, BENCH_BASE + 8 * BENCH_RANGE_BYTES);
	assert_int_equal(machine->bench.nr_scans, 8);
	hs_khugepaged_run(&machine->daemon, 0);
	assert_int_equal(machine->bench.nr_scans, 16);
	drop(machine);
}

/* Case 49: later kernels do not sleep after a failed charge. */
static void test_charge_fails(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct machine *machine = make(variant, 2);

		hs_khugepaged_enter(&machine->daemon, 1);
		fill(machine, 2, "P512");
		machine->bench.charge_fails = true;
		hs_khugepaged_start(&machine->daemon);
		hs_khugepaged_run(&machine->daemon, 0);
		assert_int_equal(machine->daemon.sleep_kind, HS_KHUGEPAGED_SLEEP_SCAN);
		assert_int_equal(machine->bench.attempt_results[0], HS_SCAN_CGROUP_CHARGE_FAIL);
		assert_int_equal(machine->daemon.nr_passes, 1);
		drop(machine);
	}
}

/* Case 115: a file's huge page that is mapped in pieces counts at once; 6.1 comes back for its page table. */
static void test_pte_mapped(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct machine *machine = make(variant, 0);
		struct bench *bench = &machine->bench;
		const bool is_queued = variant == HS_VARIANT_6_1;

		bench_add_vma(bench, 1, BENCH_BASE, BENCH_BASE + 12 * BENCH_RANGE_BYTES,
			      HS_THP_VMA_SHMEM | HS_THP_VMA_SHMEM_OK | HS_THP_VMA_OPS | HS_THP_VMA_FILE);
		bench->mms[0].vmas[0].pgoff = BENCH_BASE >> 12;
		for (unsigned int i = 0; i < 12; i++)
			bench_set_pmd(bench, 1, i, HS_PMD_TABLE);
		bench->file_result = HS_SCAN_PTE_MAPPED_HUGEPAGE;
		bench->write_lock_fails = true;
		hs_khugepaged_enter(&machine->daemon, 1);
		for (unsigned int i = 1; i <= 10; i++) {
			visit(machine, 4096);
			assert_int_equal(machine->daemon.pages_collapsed, is_queued && i > 8 ? 8 : i);
			assert_int_equal(bench->nr_cached_maps, is_queued ? 0 : i);
		}
		bench->write_lock_fails = false;
		visit(machine, 4096);
		assert_int_equal(bench->nr_cached_maps, is_queued ? 8 : 11);
		assert_int_equal(machine->daemon.first->nr_pte_mapped, is_queued);
		assert_int_equal(machine->daemon.pages_collapsed, is_queued ? 9 : 11);
		/* Gone meanwhile: nothing is queued, nothing counted. */
		bench_set_pmd(bench, 1, 11, HS_PMD_NONE);
		visit(machine, 4096);
		assert_int_equal(machine->daemon.pages_collapsed, is_queued ? 9 : 12);
		drop(machine);
	}
}

/* Cases 74, 75 */
static void test_sleeps(void **state)
{
	(void)state;
	for_each_variant(variant) {
		struct machine *machine = make(variant, 1);

		hs_khugepaged_enter(&machine->daemon, 1);
		machine->bench.tunables.scan_sleep_millisecs = 0;
		hs_khugepaged_start(&machine->daemon);
		hs_khugepaged_run(&machine->daemon, 3);
		assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_PAUSED);
		assert_int_equal(machine->daemon.nr_passes, 3);
		hs_khugepaged_store(&machine->daemon, "khugepaged/scan_sleep_millisecs", "50\n", 3);
		hs_khugepaged_run(&machine->daemon, 0);
		assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_ASLEEP);
		assert_int_equal(machine->daemon.sleep_ms, 50);
		hs_khugepaged_store(&machine->daemon, "khugepaged/pages_to_scan", "8\n", 2);
		assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_ASLEEP);
		hs_khugepaged_store(&machine->daemon, "khugepaged/scan_sleep_millisecs", "60\n", 3);
		assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_WOKEN);
		hs_khugepaged_run(&machine->daemon, 0);
		assert_int_equal(machine->daemon.nr_passes, 5);
		assert_int_equal(machine->daemon.sleep_ms, 60);
		/* No sleep, but an empty list waits. */
		hs_khugepaged_store(&machine->daemon, "khugepaged/scan_sleep_millisecs", "0", 1);
		machine->bench.mms[0].state |= HS_THP_MM_EXITING;
		hs_khugepaged_exit(&machine->daemon, 1);
		hs_khugepaged_run(&machine->daemon, 3);
		assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_WAITING);
		drop(machine);
	}
}

/* Case 76 */
static void test_disabled_mm(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct machine *machine = make(variant, 0);

		for (unsigned int i = 0; i < 5; i++)
			bench_add_vma(&machine->bench, 1, BENCH_BASE + 2 * i * BENCH_RANGE_BYTES,
				      BENCH_BASE + (2 * i + 1) * BENCH_RANGE_BYTES, BENCH_ANON);
		hs_khugepaged_enter(&machine->daemon, 1);
		hs_khugepaged_enter(&machine->daemon, 2);
		machine->bench.mms[0].state |= HS_THP_MM_DISABLED;
		assert_int_equal(visit(machine, 4096), variant == HS_VARIANT_6_1 ? 1 + 5 : 1);
		assert_int_equal(machine->daemon.cursor->mm, 2);
		drop(machine);
	}
}

/* Cases 77, 78 */
static void test_cursor_and_vmas(void **state)
{
	(void)state;
	for_each_variant(variant) {
		struct machine *machine = make(variant, 1);
		const unsigned int range_cost = variant == HS_VARIANT_7_2 ? 1 : 512;

		bench_add_vma(&machine->bench, 1, BENCH_BASE + 2 * BENCH_RANGE_BYTES + 4096,
			      BENCH_BASE + 3 * BENCH_RANGE_BYTES, BENCH_ANON);
		bench_add_vma(&machine->bench, 1, BENCH_BASE + 4 * BENCH_RANGE_BYTES,
			      BENCH_BASE + 5 * BENCH_RANGE_BYTES, BENCH_ANON);
		hs_khugepaged_enter(&machine->daemon, 1);
		assert_int_equal(visit(machine, 1), 1 + range_cost);
		assert_int_equal(machine->daemon.address, BENCH_BASE + BENCH_RANGE_BYTES);
		machine->bench.mms[0].vmas[0].end += 4096;
		/* Nothing for the first mapping, one unit for the second, one range of the third. */
		assert_int_equal(visit(machine, 100000), 1 + 1 + range_cost);
		assert_null(machine->daemon.cursor);
		drop(machine);
	}
}

/* Case 79: skipped mappings may overrun the budget. */
static void test_overrun(void **state)
{
	(void)state;
	for (enum hs_variant variant = HS_VARIANT_V2010; variant <= HS_VARIANT_6_18; variant++) {
		struct machine *machine = make(variant, 0);

		for (unsigned int i = 0; i < 1000; i++)
			bench_add_vma(&machine->bench, 1, 0x200000 + i * 0x2000, 0x201000 + i * 0x2000,
				      BENCH_ANON);
		bench_add_vma(&machine->bench, 1, BENCH_BASE, BENCH_BASE + 2 * BENCH_RANGE_BYTES, BENCH_ANON);
		bench_set_range(&machine->bench, 1, 0, "P511 c1");
		hs_khugepaged_enter(&machine->daemon, 1);
		assert_int_equal(visit(machine, 512), 1 + 1000 + 512);
		drop(machine);
	}
}

/* Case 80: a range of shared memory ends the visit. */
static void test_shmem(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct machine *machine = make(variant, 0);

		bench_add_vma(&machine->bench, 1, BENCH_BASE, BENCH_BASE + 3 * BENCH_RANGE_BYTES,
			      HS_THP_VMA_SHMEM | HS_THP_VMA_SHMEM_OK | HS_THP_VMA_OPS | HS_THP_VMA_FILE);
		machine->bench.mms[0].vmas[0].pgoff = BENCH_BASE >> 12;
		machine->bench.file_result = HS_SCAN_EXCEED_NONE_PTE;
		hs_khugepaged_enter(&machine->daemon, 1);
		for (unsigned int i = 1; i <= 3; i++) {
			assert_int_equal(visit(machine, 4096), 513);
			assert_int_equal(machine->bench.nr_file_scans, i);
		}
		drop(machine);
	}
}

/* Case 81 */
static void test_stop_and_start(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct machine *machine = make(variant, 16);

		hs_khugepaged_enter(&machine->daemon, 1);
		fill(machine, 16, "P511 c1");
		hs_khugepaged_start(&machine->daemon);
		hs_khugepaged_run(&machine->daemon, 0);
		assert_non_null(machine->daemon.cursor);
		hs_khugepaged_store(&machine->daemon, "enabled", "never\n", 6);
		assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_NONE);
		assert_null(machine->daemon.cursor);
		assert_non_null(machine->daemon.first);
		hs_khugepaged_store(&machine->daemon, "enabled", "always\n", 7);
		assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_CREATED);
		hs_khugepaged_run(&machine->daemon, 0);
		assert_int_equal(machine->daemon.address, BENCH_BASE + 8 * BENCH_RANGE_BYTES);
		drop(machine);
	}
}

/* Case 81 in v2010: a sleeper does not see that it was off for a while; a real stop forgets the cursor. */
static void test_first_stop_and_start(void **state)
{
	struct machine *machine = make(HS_VARIANT_V2010, 32);

	(void)state;
	hs_khugepaged_enter(&machine->daemon, 1);
	fill(machine, 32, "P511 c1");
	hs_khugepaged_start(&machine->daemon);
	hs_khugepaged_run(&machine->daemon, 0);
	hs_khugepaged_store(&machine->daemon, "khugepaged/enabled", "never\n", 6);
	assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_ASLEEP);
	hs_khugepaged_store(&machine->daemon, "khugepaged/enabled", "always\n", 7);
	assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_ASLEEP);
	hs_khugepaged_run(&machine->daemon, 0);
	assert_int_equal(machine->daemon.address, BENCH_BASE + 16 * BENCH_RANGE_BYTES);

	hs_khugepaged_store(&machine->daemon, "khugepaged/enabled", "never\n", 6);
	hs_khugepaged_run(&machine->daemon, 0);
	assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_NONE);
	assert_null(machine->daemon.cursor);
	assert_non_null(machine->daemon.first);
	hs_khugepaged_store(&machine->daemon, "khugepaged/enabled", "always\n", 7);
	assert_int_equal(machine->daemon.state, HS_KHUGEPAGED_CREATED);
	hs_khugepaged_run(&machine->daemon, 0);
	assert_int_equal(machine->daemon.address, BENCH_BASE + 8 * BENCH_RANGE_BYTES);
	drop(machine);
}

struct setting_write {
	const char *file, *text;
	int status;
	enum hs_variant since;
};

/* v2010's parser is another one: a "+" and values beyond 64 bits are not asked of it. */
static const struct setting_write writes[] = {
	{ "khugepaged/max_ptes_none", "512", -EINVAL, HS_VARIANT_V2010 },
	{ "khugepaged/max_ptes_none", "-1", -EINVAL, HS_VARIANT_V2010 },
	{ "khugepaged/max_ptes_none", "0x10", -EINVAL, HS_VARIANT_V2010 },
	{ "khugepaged/max_ptes_none", "\n", -EINVAL, HS_VARIANT_V2010 },
	{ "khugepaged/max_ptes_none", "12 ", -EINVAL, HS_VARIANT_V2010 },
	{ "khugepaged/max_ptes_none", "18446744073709551616", -EINVAL, HS_VARIANT_6_1 },
	{ "khugepaged/max_ptes_none", "+64\n", 0, HS_VARIANT_6_1 },
	{ "khugepaged/pages_to_scan", "0", -EINVAL, HS_VARIANT_V2010 },
	{ "khugepaged/pages_to_scan", "4294967296", -EINVAL, HS_VARIANT_V2010 },
	{ "khugepaged/defrag", "2", -EINVAL, HS_VARIANT_V2010 },
	{ "khugepaged/defrag", "18446744073709551616", -ERANGE, HS_VARIANT_6_1 },
	{ "khugepaged/defrag", "x", -EINVAL, HS_VARIANT_V2010 },
	{ "enabled", "sometimes", -EINVAL, HS_VARIANT_V2010 }, { "enabled", "madvise\n", 0, HS_VARIANT_V2010 },
	{ "nothing", "1", -ENOENT, HS_VARIANT_V2010 }, { "hugepages-64kB/enabled", "inherit", 0, HS_VARIANT_6_12 },
	{ "hugepages-64kB/enabled", "defer", -EINVAL, HS_VARIANT_6_12 },
};

static void check_write(const struct setting_write *write, enum hs_variant variant)
{
	struct hs_collapse_tunables before, tunables;
	struct hs_collapse_rules rules;

	hs_collapse_rules_init(&rules, variant);
	hs_collapse_tunables_init(&tunables, 512);
	before = tunables;
	print_message("%s := '%s'\n", write->file, write->text);
	assert_int_equal(hs_collapse_tunables_store(&tunables, &rules, write->file, write->text, strlen(write->text)),
			 write->status);
	assert_int_equal(memcmp(&before, &tunables, sizeof(before)) == 0, write->status != 0);
	if (write->text[0] == '+')
		assert_int_equal(tunables.max_ptes_none, 64);
}

/* Cases 82, 83 and invariant 24: a refused write changes nothing. */
static void test_settings(void **state)
{
	(void)state;
	for_each_variant(variant) {
		for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++)
			if (variant >= writes[i].since)
				check_write(&writes[i], variant);
	}
}

/* Case 110: a small mapping registers its mm under 7.2 and is never scanned. */
static void test_small_mapping(void **state)
{
	struct machine *machine = make(HS_VARIANT_7_2, 0);
	struct bench *bench = &machine->bench;
	enum hs_thp_refusal why;

	(void)state;
	bench_add_vma(bench, 1, BENCH_BASE, BENCH_BASE + (1 << 20), BENCH_ANON);
	bench->tunables.anon_order9 = HS_THP_SIZE_NEVER;
	bench->tunables.anon_order4 = HS_THP_SIZE_ALWAYS;
	assert_int_equal(hs_khugepaged_enter_vma(&machine->daemon, 1, &bench->mms[0].vmas[0], &why),
			 HS_THP_ENTER_REGISTERED);
	assert_true(visit(machine, 4096) <= 2);
	assert_int_equal(bench->nr_attempts, 0);
	assert_int_equal(bench->nr_scans, 0);
	assert_null(machine->daemon.cursor);
	assert_int_equal(machine->daemon.full_scans, 1);
	drop(machine);
}

/* Cases 103, 104, 107 to 109: however many blocks of a range collapse, the daemon counts one. */
static void test_blocks_count_once(void **state)
{
	static const struct {
		const char *ptes;
		unsigned int max_none, alloc_fails_order;
		bool pmd_order;
		unsigned int collapsed;
	} ranges[] = {
		{ "P16 N496", 511, 0, false, 1 }, { "P100 N1 P411", 0, 0, true, 1 }, { "S1 P511", 511, 0, false, 1 },
		{ "o512", 511, 0, false, 0 }, { "P512", 511, 9, true, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		struct machine *machine = make(HS_VARIANT_7_2, 1);
		struct bench *bench = &machine->bench;

		bench->tunables.max_ptes_none = ranges[i].max_none;
		bench->tunables.anon_order9 = ranges[i].pmd_order ? HS_THP_SIZE_INHERIT : HS_THP_SIZE_NEVER;
		bench->tunables.anon_order4 = HS_THP_SIZE_ALWAYS;
		bench->alloc_fails_order = ranges[i].alloc_fails_order;
		bench_set_range(bench, 1, 0, ranges[i].ptes);
		hs_khugepaged_enter(&machine->daemon, 1);
		assert_int_equal(visit(machine, 4096), 513);
		assert_int_equal(machine->daemon.pages_collapsed, ranges[i].collapsed);
		drop(machine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enter), cmocka_unit_test(test_merge), cmocka_unit_test(test_fork),
		cmocka_unit_test(test_slot_failure),
		cmocka_unit_test(test_exit), cmocka_unit_test(test_budget), cmocka_unit_test(test_empty_ranges),
		cmocka_unit_test(test_trylock), cmocka_unit_test(test_wraps), cmocka_unit_test(test_alloc_backoff),
		cmocka_unit_test(test_page_in_hand), cmocka_unit_test(test_charge_fails),
		cmocka_unit_test(test_pte_mapped), cmocka_unit_test(test_sleeps), cmocka_unit_test(test_disabled_mm),
		cmocka_unit_test(test_cursor_and_vmas), cmocka_unit_test(test_overrun), cmocka_unit_test(test_shmem),
		cmocka_unit_test(test_stop_and_start), cmocka_unit_test(test_settings),
		cmocka_unit_test(test_small_mapping), cmocka_unit_test(test_no_page_in_hand),
		cmocka_unit_test(test_first_stop_and_start), cmocka_unit_test(test_blocks_count_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
