// SPDX-License-Identifier: GPL-2.0-only
/* Cases of MADV_COLLAPSE, faults, what undoes huge pages, and files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/collapse/fault_rules.h"
#include "replay/collapse/file_rules.h"
#include "replay/collapse/madvise_rules.h"
#include "tests/unit/collapse_bench.h"

#define for_each_modern(variant) \
	for (enum hs_variant variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++)

static void madvise_pages(struct bench *bench, uint64_t from, uint64_t to, struct hs_madvise_outcome *outcome)
{
	hs_madvise_collapse(&bench->rules, &bench->tunables, 1, BENCH_BASE + from * 4096, BENCH_BASE + to * 4096,
			    &bench_ops.base, bench, outcome);
}

struct madvise_case {
	int number;
	const char *first, *second;	/* ranges; NULL: no page table */
	uint32_t vma_flags;		/* other than usual */
	unsigned int mm_state;
	uint64_t from, to;		/* pages; 0, 0: all */
	bool mode_never, no_swap;
	int ret[HS_NR_VARIANTS];	/* of v2010: not read */
	unsigned int collapsed[HS_NR_VARIANTS], scanned[HS_NR_VARIANTS];	/* ranges */
	int why[HS_NR_VARIANTS];	/* last failure; FAIL: none */
	unsigned int zeroed;		/* pages of a range that is collapsed */
};

#define OLD_MODERN(old, modern) { 0, old, old, modern, modern }
#define ALL(value) { 0, value, value, value, value }
#define R(name) HS_SCAN_##name

static const struct madvise_case madvise_cases[] = {
	{ .number = 84, .first = "Z512", .to = 512, .ret = OLD_MODERN(-EINVAL, 0), .collapsed = OLD_MODERN(0, 1),
	  .scanned = ALL(1), .why = OLD_MODERN(R(PAGE_RO), R(FAIL)), .zeroed = 512 },
	{ .number = 84, .first = "N512", .to = 512, .ret = OLD_MODERN(-EINVAL, 0), .collapsed = OLD_MODERN(0, 1),
	  .scanned = ALL(1), .why = OLD_MODERN(R(PAGE_RO), R(FAIL)), .zeroed = 512 },
	{ .number = 85, .second = "P512", .ret = ALL(-EINVAL), .collapsed = { 0, 0, 0, 0, 1 },
	  .scanned = { 0, 1, 1, 1, 2 }, .why = { 0, R(PMD_NONE), R(PMD_NONE), R(PMD_NONE), R(NO_PTE_TABLE) } },
	{ .number = 86, .first = "c512", .second = "P512", .ret = ALL(-EAGAIN), .collapsed = ALL(1), .scanned = ALL(2),
	  .why = ALL(R(PAGE_COUNT)) },
	{ .number = 87, .first = "S512", .to = 512, .no_swap = true, .ret = OLD_MODERN(-EINVAL, 0),
	  .collapsed = OLD_MODERN(0, 1), .scanned = ALL(1), .why = OLD_MODERN(R(PAGE_RO), R(FAIL)) },
	{ .number = 88, .first = "O512", .to = 512, .mode_never = true, .ret = ALL(0), .collapsed = ALL(1),
	  .scanned = ALL(1) },
	{ .number = 88, .first = "O512", .to = 512, .vma_flags = HS_THP_VMA_NOHUGEPAGE, .ret = ALL(-EINVAL) },
	{ .number = 88, .first = "O512", .to = 512, .mm_state = HS_THP_MM_DISABLED, .ret = ALL(-EINVAL) },
	{ .number = 88, .first = "O512", .to = 512, .mm_state = HS_THP_MM_EXCEPT_ADVISED,
	  .ret = OLD_MODERN(-EINVAL, 0), .collapsed = OLD_MODERN(0, 1), .scanned = OLD_MODERN(0, 1) },
	{ .number = 89, .first = "P512", .from = 1, .to = 2, .ret = { 0, -EINVAL, -EINVAL, -EINVAL, 0 } },
	{ .number = 90, .first = "N1 P511", .to = 512, .vma_flags = HS_THP_VMA_UFFD_MISSING,
	  .ret = { 0, -EINVAL, -EBUSY, -EBUSY, -EBUSY }, .scanned = ALL(1), .why = ALL(R(EXCEED_NONE_PTE)) },
	{ .number = 100, .first = "R512", .to = 512, .vma_flags = HS_THP_VMA_WRITE, .ret = OLD_MODERN(-EINVAL, 0),
	  .collapsed = OLD_MODERN(0, 1), .scanned = ALL(1), .why = OLD_MODERN(R(PAGE_RO), R(FAIL)) },
};

static void test_madvise(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_madvise_outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(madvise_cases) / sizeof(*madvise_cases); i++) {
		const struct madvise_case *one = &madvise_cases[i];

		for_each_modern(variant) {
			print_message("case %d, %s\n", one->number, hs_variant_name(variant));
			bench_init(bench, variant, 2);
			if (one->first)
				bench_set_range(bench, 1, 0, one->first);
			if (one->second)
				bench_set_range(bench, 1, 1, one->second);
			bench->mms[0].vmas[0].flags ^= one->vma_flags;
			bench->mms[0].state = one->mm_state;
			bench->tunables.enabled = one->mode_never ? HS_THP_NEVER : HS_THP_ALWAYS;
			bench->tunables.anon_order9 = one->mode_never ? HS_THP_SIZE_NEVER : HS_THP_SIZE_INHERIT;
			bench->tunables.max_ptes_swap = one->no_swap ? 0 : 64;
			madvise_pages(bench, one->from, one->to ? one->to : 1024, &outcome);
			assert_int_equal(outcome.ret, one->ret[variant]);
			assert_int_equal(bench->nr_successes, one->collapsed[variant]);
			assert_int_equal(outcome.nr_done, one->collapsed[variant]);
			assert_int_equal(outcome.nr_scanned, one->scanned[variant]);
			assert_int_equal(outcome.last_fail, one->why[variant]);
			assert_int_equal(bench->nr_zeroed, one->zeroed * one->collapsed[variant]);
			/* Case 87: all of it is read back, whatever max_ptes_swap says. */
			assert_int_equal(bench->nr_swapped_in,
					 one->number == 87 ? 512 * one->collapsed[variant] : 0);
		}
	}
	free(bench);
}

/* Codes that do not end the call, and what the others make it return; all else: it ends with EINVAL. */
static const struct {
	enum hs_collapse_result result;
	enum hs_madvise_next next;
	int error;
	enum hs_variant since;		/* of the error; EINVAL before */
} codes[] = {
	{ R(SUCCEED), HS_MADVISE_RANGE_DONE, EINVAL, HS_VARIANT_6_1 },
	{ R(PMD_MAPPED), HS_MADVISE_RANGE_DONE, EINVAL, HS_VARIANT_6_1 },
	{ R(PMD_NULL), HS_MADVISE_GO_ON, EINVAL, HS_VARIANT_6_1 },
	{ R(NO_PTE_TABLE), HS_MADVISE_GO_ON, EINVAL, HS_VARIANT_6_1 },
	{ R(PTE_NON_PRESENT), HS_MADVISE_GO_ON, EINVAL, HS_VARIANT_6_1 },
	{ R(PTE_UFFD_WP), HS_MADVISE_GO_ON, EINVAL, HS_VARIANT_6_1 },
	{ R(PAGE_RO), HS_MADVISE_GO_ON, EINVAL, HS_VARIANT_6_1 },
	{ R(LACK_REFERENCED_PAGE), HS_MADVISE_GO_ON, EINVAL, HS_VARIANT_6_1 },
	{ R(PAGE_NULL), HS_MADVISE_GO_ON, EINVAL, HS_VARIANT_6_1 },
	{ R(PAGE_COMPOUND), HS_MADVISE_GO_ON, EINVAL, HS_VARIANT_6_1 },
	{ R(PAGE_COUNT), HS_MADVISE_GO_ON, EAGAIN, HS_VARIANT_6_1 },
	{ R(PAGE_LOCK), HS_MADVISE_GO_ON, EAGAIN, HS_VARIANT_6_1 },
	{ R(PAGE_LRU), HS_MADVISE_GO_ON, EAGAIN, HS_VARIANT_6_1 },
	{ R(DEL_PAGE_LRU), HS_MADVISE_GO_ON, EAGAIN, HS_VARIANT_6_1 },
	{ R(ALLOC_HUGE_PAGE_FAIL), HS_MADVISE_STOP, ENOMEM, HS_VARIANT_6_1 },
	{ R(CGROUP_CHARGE_FAIL), HS_MADVISE_STOP, EBUSY, HS_VARIANT_6_1 },
	{ R(EXCEED_NONE_PTE), HS_MADVISE_STOP, EBUSY, HS_VARIANT_6_12 },
	{ R(PAGE_FILLED), HS_MADVISE_STOP, EAGAIN, HS_VARIANT_6_12 },
	{ R(PAGE_HAS_PRIVATE), HS_MADVISE_STOP, EAGAIN, HS_VARIANT_7_2 },
	{ R(PAGE_DIRTY_OR_WRITEBACK), HS_MADVISE_STOP, EAGAIN, HS_VARIANT_7_2 },
};

static void check_code(const struct hs_collapse_rules *rules, enum hs_collapse_result result)
{
	enum hs_madvise_next next = HS_MADVISE_STOP;
	int error = EINVAL;

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		if (codes[i].result != result)
			continue;
		next = codes[i].next;
		error = rules->variant >= codes[i].since ? codes[i].error : EINVAL;
	}
	print_message("%s, %s\n", hs_collapse_result_name(result), hs_variant_name(rules->variant));
	assert_int_equal(hs_madvise_after(rules, result), next);
	assert_int_equal(hs_madvise_errno(rules, result), -error);
}

static void test_codes(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct hs_collapse_rules rules;

		hs_collapse_rules_init(&rules, variant);
		for (int i = 0; i < HS_NR_COLLAPSE_RESULTS; i++)
			if (hs_collapse_result_number(variant, (enum hs_collapse_result)i) >= 0)
				check_code(&rules, (enum hs_collapse_result)i);
	}
}

/* Case 91 and invariant 11: a huge range counts as done and is left alone. */
static void test_madvise_huge(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_madvise_outcome outcome;

	(void)state;
	for_each_modern(variant) {
		bench_init(bench, variant, 1);
		bench_set_pmd(bench, 1, 0, HS_PMD_HUGE);
		madvise_pages(bench, 0, 512, &outcome);
		assert_int_equal(outcome.ret, 0);
		assert_int_equal(outcome.nr_done, 1);
		assert_int_equal(bench->nr_attempts, 0);
		assert_int_equal(bench->nr_collapsed_pages, 0);
	}
	free(bench);
}

static struct hs_fault_request fault_request(struct bench *bench, uint64_t page)
{
	return (struct hs_fault_request){
		.rules = &bench->rules, .tunables = &bench->tunables, .vma = &bench->mms[0].vmas[0],
		.address = BENCH_BASE + page * 4096, .is_write = true, .pmd_is_none = true,
	};
}

/* Cases 58, 62, 92 to 96 */
static void test_faults(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_fault_outcome outcome;
	struct hs_bitmap512 empty;

	(void)state;
	memset(&empty, 0xff, sizeof(empty));
	for (enum hs_variant variant = HS_VARIANT_V2010; variant < HS_NR_VARIANTS; variant++) {
		const bool modern = variant != HS_VARIANT_V2010;
		struct hs_fault_request request;

		bench_init(bench, variant, 2);
		request = fault_request(bench, 5);
		hs_fault_decide(&request, &outcome);
		assert_int_equal(outcome.kind, HS_FAULT_HUGE);
		assert_true(outcome.registers);
		assert_int_equal(outcome.is_queued, variant >= HS_VARIANT_6_12);

		/* Cases 58, 95: a small page is mapped, and the mm is registered all the same. */
		request.alloc_fails = true;
		bench->tunables.defrag = HS_THP_DEFRAG_NEVER;
		hs_fault_decide(&request, &outcome);
		assert_int_equal(outcome.kind, HS_FAULT_FALLBACK);
		assert_true(outcome.registers && outcome.counts_fallback && !outcome.counts_charge);
		assert_int_equal(hs_fault_small_order(&request, &empty), 0);
		assert_int_equal(hs_fault_effort(&bench->tunables, HS_THP_VMA_HUGEPAGE), HS_FAULT_EFFORT_NONE);

		request = fault_request(bench, 5);
		request.pmd_is_none = false;
		hs_fault_decide(&request, &outcome);
		assert_int_equal(outcome.kind, HS_FAULT_SMALL);
		assert_false(outcome.registers || outcome.counts_fallback);

		request = fault_request(bench, 5);
		request.is_write = false;
		hs_fault_decide(&request, &outcome);
		assert_int_equal(outcome.kind, modern ? HS_FAULT_HUGE_ZERO : HS_FAULT_HUGE);
		assert_int_equal(hs_fault_zero_write(&bench->rules, false),
				 variant >= HS_VARIANT_6_18 ? HS_ZERO_WRITE_HUGE : HS_ZERO_WRITE_SPLIT);

		/* Case 62: only v2010 lets the fault fail for want of a slot. */
		request = fault_request(bench, 5);
		request.slot_fails = true;
		hs_fault_decide(&request, &outcome);
		assert_int_equal(outcome.kind, modern ? HS_FAULT_HUGE : HS_FAULT_OOM);
		assert_false(outcome.registers);

		bench->mms[0].vmas[0].start += 4096;
		request = fault_request(bench, 5);
		hs_fault_decide(&request, &outcome);
		assert_int_equal(outcome.kind, HS_FAULT_FALLBACK);
		assert_false(outcome.counts_fallback || outcome.registers);
	}
	free(bench);
}

/* What ends a fault behind the registration, in the kernel's order; read: of the huge zero page. */
static const struct {
	const char *what;
	struct hs_fault_request accident;
	bool is_armed, is_read;
	enum hs_fault_outcome_kind kind;
	bool registers, counts_fallback, counts_charge;
} fault_steps[] = {
	{ "no anon_vma", { .anon_vma_fails = true, .alloc_fails = true }, .kind = HS_FAULT_OOM },
	{ "no zero page", { .zero_page_fails = true }, .is_read = true, .kind = HS_FAULT_FALLBACK, .registers = true,
	  .counts_fallback = true },
	{ "no page table for it", { .table_fails = true, .zero_page_fails = true }, .is_read = true,
	  .kind = HS_FAULT_OOM, .registers = true },
	{ "dying zero page", { .is_dying = true }, .is_armed = true, .is_read = true, .kind = HS_FAULT_ERROR,
	  .registers = true },
	{ "raced zero page", { .raced = true }, .is_armed = true, .is_read = true, .kind = HS_FAULT_RETRY,
	  .registers = true },
	{ "armed zero page", { .alloc_fails = true }, .is_armed = true, .is_read = true,
	  .kind = HS_FAULT_USERFAULTFD, .registers = true },
	{ "no huge page", { .alloc_fails = true, .charge_fails = true }, .kind = HS_FAULT_FALLBACK, .registers = true,
	  .counts_fallback = true },
	{ "no charge", { .charge_fails = true, .table_fails = true }, .kind = HS_FAULT_FALLBACK, .registers = true,
	  .counts_fallback = true, .counts_charge = true },
	{ "no page table", { .table_fails = true, .raced = true }, .kind = HS_FAULT_OOM, .registers = true },
	{ "raced", { .raced = true, .is_dying = true }, .kind = HS_FAULT_RETRY, .registers = true },
	{ "dying", { .is_dying = true }, .is_armed = true, .kind = HS_FAULT_ERROR, .registers = true },
	{ "armed", { .raced = false }, .is_armed = true, .kind = HS_FAULT_USERFAULTFD, .registers = true },
};

static void test_fault_steps(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_fault_outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(fault_steps) / sizeof(*fault_steps); i++) {
		for_each_modern(variant) {
			struct hs_fault_request request = fault_steps[i].accident;

			print_message("%s, %s\n", fault_steps[i].what, hs_variant_name(variant));
			bench_init(bench, variant, 1);
			if (fault_steps[i].is_armed)
				bench->mms[0].vmas[0].flags |= HS_THP_VMA_UFFD_MISSING;
			request.rules = &bench->rules;
			request.tunables = &bench->tunables;
			request.vma = &bench->mms[0].vmas[0];
			request.address = BENCH_BASE;
			request.is_write = !fault_steps[i].is_read;
			request.pmd_is_none = true;
			hs_fault_decide(&request, &outcome);
			assert_int_equal(outcome.kind, fault_steps[i].kind);
			assert_int_equal(outcome.registers, fault_steps[i].registers);
			assert_int_equal(outcome.counts_fallback, fault_steps[i].counts_fallback);
			assert_int_equal(outcome.counts_charge, fault_steps[i].counts_charge);
			assert_false(outcome.is_queued);
		}
	}
	free(bench);
}

static void test_effort(void **state)
{
	static const enum hs_fault_effort expected[][2] = {
		[HS_THP_DEFRAG_ALWAYS] = { HS_FAULT_EFFORT_DIRECT, HS_FAULT_EFFORT_DIRECT_RETRY },
		[HS_THP_DEFRAG_DEFER] = { HS_FAULT_EFFORT_BACKGROUND, HS_FAULT_EFFORT_BACKGROUND },
		[HS_THP_DEFRAG_DEFER_MADVISE] = { HS_FAULT_EFFORT_BACKGROUND, HS_FAULT_EFFORT_DIRECT },
		[HS_THP_DEFRAG_MADVISE] = { HS_FAULT_EFFORT_NONE, HS_FAULT_EFFORT_DIRECT },
		[HS_THP_DEFRAG_NEVER] = { HS_FAULT_EFFORT_NONE, HS_FAULT_EFFORT_NONE },
	};
	struct hs_collapse_tunables tunables;

	(void)state;
	hs_collapse_tunables_init(&tunables, 512);
	for (tunables.defrag = 0; tunables.defrag <= HS_THP_DEFRAG_NEVER; tunables.defrag++) {
		assert_int_equal(hs_fault_effort(&tunables, 0), expected[tunables.defrag][0]);
		assert_int_equal(hs_fault_effort(&tunables, HS_THP_VMA_HUGEPAGE), expected[tunables.defrag][1]);
	}
}

/* Case 97: a purged page comes back with the next collapse, unless the limit forbids it. */
static void test_rebloat(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;

	(void)state;
	for (enum hs_variant variant = HS_VARIANT_V2010; variant < HS_NR_VARIANTS; variant++) {
		bench_init(bench, variant, 1);
		bench_set_range(bench, 1, 0, "P511 N1");
		bench->tunables.max_ptes_none = 0;
		bench_scan(bench, true, &outcome);
		assert_int_equal(outcome.result, HS_SCAN_EXCEED_NONE_PTE);
		bench->tunables.max_ptes_none = 511;
		bench_scan(bench, true, &outcome);
		assert_int_equal(outcome.result, HS_SCAN_SUCCEED);
		assert_int_equal(bench->nr_zeroed, 1);
	}
	free(bench);
}

/* Case 101 */
static void test_underused(void **state)
{
	struct hs_collapse_tunables tunables;
	struct hs_collapse_rules rules;

	(void)state;
	for_each_modern(variant) {
		hs_collapse_rules_init(&rules, variant);
		hs_collapse_tunables_init(&tunables, 512);
		assert_false(hs_fault_is_underused(&rules, &tunables, 300));
		tunables.max_ptes_none = 255;
		assert_int_equal(hs_fault_is_underused(&rules, &tunables, 300), variant >= HS_VARIANT_6_12);
		tunables.shrink_underused = 0;
		assert_false(hs_fault_is_underused(&rules, &tunables, 300));
	}
}

/* After a fallback: the largest enabled block that is empty. */
static void test_small_orders(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_bitmap512 empty;
	struct hs_fault_request request;

	(void)state;
	bench_init(bench, HS_VARIANT_6_18, 2);
	request = fault_request(bench, 40);
	memset(&empty, 0xff, sizeof(empty));
	assert_int_equal(hs_fault_small_order(&request, &empty), 0);
	bench->tunables.anon_order4 = HS_THP_SIZE_ALWAYS;
	bench->tunables.anon_order6 = HS_THP_SIZE_INHERIT;
	assert_int_equal(hs_fault_small_order(&request, &empty), 6);
	hs_bitmap512_clear(&empty, 63);
	assert_int_equal(hs_fault_small_order(&request, &empty), 4);
	bench->mms[0].vmas[0].flags |= HS_THP_VMA_NOHUGEPAGE;
	assert_int_equal(hs_fault_small_order(&request, &empty), 0);
	bench->mms[0].vmas[0].flags &= ~(uint32_t)HS_THP_VMA_NOHUGEPAGE;
	request.mm_state = HS_THP_MM_DISABLED;
	assert_int_equal(hs_fault_small_order(&request, &empty), 0);
	request.mm_state = 0;
	hs_bitmap512_clear(&empty, 33);
	assert_int_equal(hs_fault_small_order(&request, &empty), 0);
	free(bench);
}

/* A file's range, its page cache and what the scan made of it. */
struct file_bench {
	struct hs_cache_map cache;
	struct hs_collapse_tunables tunables;
	struct hs_collapse_rules rules;
	struct hs_file_request request;
	struct hs_file_outcome outcome;
};

/* For khugepaged; the first nr_present of 512 pages are there. */
static void file_bench_init(struct file_bench *bench, enum hs_variant variant, unsigned int nr_present)
{
	memset(bench, 0, sizeof(*bench));
	hs_collapse_rules_init(&bench->rules, variant);
	hs_collapse_tunables_init(&bench->tunables, 512);
	hs_bitmap512_set_in(&bench->cache.present, 0, nr_present);
	bench->request = (struct hs_file_request){ .rules = &bench->rules, .tunables = &bench->tunables,
						   .cache = &bench->cache, .is_khugepaged = true };
}

/* Cases 112 to 115 */
static void test_files(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct file_bench bench;

		file_bench_init(&bench, variant, 448);
		bench.tunables.max_ptes_none = 64;
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_SUCCEED);
		assert_int_equal(bench.outcome.present, 448);
		bench.tunables.max_ptes_none = 63;
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_EXCEED_NONE_PTE);
		bench.request.is_khugepaged = false;
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_SUCCEED);
		assert_int_equal(hs_file_dirty_result(&bench.rules), variant == HS_VARIANT_7_2 ?
				 HS_SCAN_PAGE_DIRTY_OR_WRITEBACK : HS_SCAN_FAIL);
		hs_bitmap512_set(&bench.cache.large, 16);
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, variant == HS_VARIANT_6_1 ? HS_SCAN_PAGE_COMPOUND : HS_SCAN_SUCCEED);
		/* Case 114: nothing but folios of 64 KiB. */
		bench.request.is_khugepaged = true;
		hs_bitmap512_set_in(&bench.cache.present, 0, 512);
		for (unsigned int i = 0; i < 512; i += 16)
			hs_bitmap512_set(&bench.cache.large, i);
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, variant == HS_VARIANT_6_1 ? HS_SCAN_PAGE_COMPOUND : HS_SCAN_SUCCEED);
		assert_int_equal(bench.outcome.present, variant == HS_VARIANT_6_1 ? 0 : 512);
		memset(&bench.cache.large, 0, sizeof(bench.cache.large));
		bench.request.is_khugepaged = false;
		bench.cache.has_huge = bench.cache.huge_is_at_start = true;
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_PTE_MAPPED_HUGEPAGE);
		hs_bitmap512_set_in(&bench.cache.swap, 0, 65);
		bench.request.is_khugepaged = true;
		bench.cache.has_huge = false;
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_EXCEED_SWAP_PTE);
		assert_int_equal(bench.outcome.swap, 65);
	}
}

/* Pages in the cache on nodes that are too far apart, large folios before them, pages off the LRU behind them. */
static void test_far_files(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct hs_pte_nodes nodes = { .nr_nodes = 2, .too_far = { 2, 1 } };
		struct file_bench bench;

		file_bench_init(&bench, variant, 100);
		bench.request.is_khugepaged = false;
		bench.request.nodes = &nodes;
		hs_bitmap512_set(&bench.cache.off_lru, 70);
		memset(nodes.node + 70, 1, 20);
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_SCAN_ABORT);
		assert_int_equal(bench.outcome.present, 70);
		hs_bitmap512_set(&bench.cache.off_lru, 69);
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_PAGE_LRU);
		memset(&bench.cache.off_lru, 0, sizeof(bench.cache.off_lru));
		hs_bitmap512_clear_in(&bench.cache.present, 70, 90);
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_SUCCEED);
	}
}

/* Entries that stop the walk over a file, the first in the kernel's order where there are several. */
static void test_file_stops(void **state)
{
	(void)state;
	for_each_modern(variant) {
		struct file_bench bench;

		file_bench_init(&bench, variant, 512);
		hs_bitmap512_set(&bench.cache.pinned, 40);
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_PAGE_COUNT);
		assert_int_equal(bench.outcome.index, 40);
		hs_bitmap512_set(&bench.cache.off_lru, 40);
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, HS_SCAN_PAGE_LRU);
		/* A huge folio that does not begin with the range: only 7.2 takes it for one. */
		memset(&bench.cache.pinned, 0, sizeof(bench.cache.pinned));
		memset(&bench.cache.off_lru, 0, sizeof(bench.cache.off_lru));
		hs_bitmap512_set(&bench.cache.large, 7);
		bench.cache.has_huge = true;
		bench.cache.huge_at = 7;
		hs_file_scan_decide(&bench.request, &bench.outcome);
		assert_int_equal(bench.outcome.result, variant == HS_VARIANT_7_2 ? HS_SCAN_PTE_MAPPED_HUGEPAGE :
				 variant == HS_VARIANT_6_1 ? HS_SCAN_PAGE_COMPOUND : HS_SCAN_SUCCEED);
	}
}

/* Case 113: 7.2 writes a dirty range back and scans it once more. */
static void test_dirty_file(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_madvise_outcome outcome;

	(void)state;
	for_each_modern(variant) {
		bench_init(bench, variant, 0);
		bench_add_vma(bench, 1, BENCH_BASE, BENCH_BASE + BENCH_RANGE_BYTES,
			      HS_THP_VMA_OPS | HS_THP_VMA_FILE | HS_THP_VMA_FILE_OK | HS_THP_VMA_FILE_EXEC);
		bench->mms[0].vmas[0].pgoff = BENCH_BASE >> 12;
		bench->file_result = hs_file_dirty_result(&bench->rules);
		madvise_pages(bench, 0, 512, &outcome);
		assert_int_equal(bench->nr_file_scans, variant == HS_VARIANT_7_2 ? 2 : 1);
		assert_int_equal(outcome.ret, variant == HS_VARIANT_7_2 ? -EAGAIN : -EINVAL);
	}
	free(bench);
}

/* Cases 63, 64: MADV_HUGEPAGE on part of a mapping: which kernels judge the whole of it. */
static void test_madvise_hugepage(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));

	(void)state;
	for_each_modern(variant) {
		struct hs_thp_vma whole, part;
		struct hs_khugepaged daemon;
		enum hs_thp_refusal why;

		bench_init(bench, variant, 5);
		hs_khugepaged_init(&daemon, &bench->rules, &bench->tunables, &bench_ops, bench);
		bench->tunables.enabled = HS_THP_MADVISE;
		whole = bench->mms[0].vmas[0];
		whole.flags |= HS_THP_VMA_HUGEPAGE;
		part = whole;
		part.end = part.start + (1 << 20);
		assert_int_equal(hs_khugepaged_enter_vma(&daemon, 1, bench->rules.madvise_enter ==
							 HS_MADVISE_ENTER_WHOLE ? &whole : &part, &why),
				 bench->rules.madvise_enter == HS_MADVISE_ENTER_WHOLE ? HS_THP_ENTER_REGISTERED :
				 HS_THP_ENTER_REFUSED);
		assert_int_equal(bench->rules.madvise_enter == HS_MADVISE_ENTER_WHOLE,
				 variant == HS_VARIANT_6_1 || variant == HS_VARIANT_6_18);
		whole.flags &= ~(uint32_t)HS_THP_VMA_ANON_VMA;
		assert_int_equal(hs_khugepaged_enter_vma(&daemon, 2, &whole, &why), HS_THP_ENTER_REFUSED);
		assert_int_equal(why, HS_THP_REFUSED_NO_ANON_VMA);
		hs_khugepaged_deinit(&daemon);
	}
	free(bench);
}

/* Shared memory: "deny" forbids even what is asked for; else asking is enough, and the daemon needs the setting. */
static void test_shared_memory_rule(void **state)
{
	static const struct {
		uint64_t mode;
		uint32_t flags;
		bool for_madvise, for_daemon;
	} cases[] = {
		{ HS_THP_SHMEM_DENY, 0, false, false },
		{ HS_THP_SHMEM_NEVER, 0, true, false },
		{ HS_THP_SHMEM_ADVISE, HS_THP_VMA_SHMEM_OK, true, true },
		{ HS_THP_SHMEM_ALWAYS, HS_THP_VMA_SHMEM_OK | HS_THP_VMA_NOHUGEPAGE, false, false },
	};
	struct bench *bench = malloc(sizeof(*bench));

	(void)state;
	for_each_modern(variant) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			struct hs_thp_vma vma;

			bench_init(bench, variant, 1);
			bench->tunables.enabled = HS_THP_ALWAYS;
			bench->tunables.shmem_enabled = cases[i].mode;
			vma = bench->mms[0].vmas[0];
			vma.flags = HS_THP_VMA_SHMEM | HS_THP_VMA_OPS | HS_THP_VMA_FILE | cases[i].flags;
			assert_int_equal(hs_thp_vma_allowed(&bench->rules, &bench->tunables, &vma, 0,
							    HS_THP_FOR_MADVISE) == HS_THP_ALLOWED,
					 cases[i].for_madvise);
			assert_int_equal(hs_thp_vma_allowed(&bench->rules, &bench->tunables, &vma, 0,
							    HS_THP_FOR_DAEMON) == HS_THP_ALLOWED, cases[i].for_daemon);
		}
	}
	free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_madvise), cmocka_unit_test(test_codes),
		cmocka_unit_test(test_madvise_huge), cmocka_unit_test(test_faults),
		cmocka_unit_test(test_effort), cmocka_unit_test(test_rebloat), cmocka_unit_test(test_underused),
		cmocka_unit_test(test_small_orders), cmocka_unit_test(test_files), cmocka_unit_test(test_far_files),
		cmocka_unit_test(test_file_stops), cmocka_unit_test(test_fault_steps),
		cmocka_unit_test(test_dirty_file), cmocka_unit_test(test_madvise_hugepage),
		cmocka_unit_test(test_shared_memory_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
