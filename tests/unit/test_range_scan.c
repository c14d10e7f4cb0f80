// SPDX-License-Identifier: GPL-2.0-only
/* Cases of one range, scanned and collapsed, under every variant. tests/lint/collapse_cases.test reads numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/collapse_bench.h"

enum { NA = -1 };
#define SAME5(r) { r, r, r, r, r }
#define OLD_NEW(old, modern) { old, modern, modern, modern, modern }
#define SPLIT(old, middle, modern) { old, middle, middle, modern, modern }
#define V5(a, b, c, d, e) { a, b, c, d, e }
#define CASE(n, text, results) .number = n, .ptes = text, .result = results
#define R(name) HS_SCAN_##name

static void unmap(struct bench *bench)
{
	bench->mms[0].nr_vmas = 0;
}

static void shrink(struct bench *bench)
{
	bench->mms[0].vmas[0].end -= 4096;
}

static void refuse_huge(struct bench *bench)
{
	bench->mms[0].vmas[0].flags &= ~(uint32_t)HS_THP_VMA_HUGEPAGE;
	bench->mms[0].vmas[0].flags |= HS_THP_VMA_NOHUGEPAGE;
}

static void map_file_askew(struct bench *bench)
{
	struct hs_thp_vma *vma = &bench->mms[0].vmas[0];

	vma->flags |= HS_THP_VMA_OPS | HS_THP_VMA_FILE | HS_THP_VMA_FILE_OK | HS_THP_VMA_FILE_EXEC;
	vma->pgoff = (vma->start >> HS_COLLAPSE_PAGE_SHIFT) + 1;
}

static void exit_mm(struct bench *bench)
{
	bench->mms[0].state |= HS_THP_MM_EXITING;
}

static void disable_mm(struct bench *bench)
{
	bench->mms[0].state |= HS_THP_MM_DISABLED;
}

static void make_huge(struct bench *bench)
{
	bench_set_pmd(bench, 1, 0, HS_PMD_HUGE);
}

static void lock_page(struct bench *bench)
{
	hs_bitmap512_set(&bench->mms[0].ranges[0].ptes.plane[HS_PTE_LOCKED], 100);
}

struct scan_case {
	int number;
	const char *ptes;
	int result[HS_NR_VARIANTS];	/* enum hs_collapse_result; NA: not asked of this variant */
	int first_visited;	/* v2010: entries seen by a scan that refused; 0: a collapse was attempted */
	unsigned int max_none, max_shared;	/* 0: default; max_none is one more than the limit */
	uint32_t vma_flags;		/* other than usual */
	bool charge_fails, alloc_fails, first_madvise;
	void (*unlocked)(struct bench *bench);
	void (*detached)(struct bench *bench);
	/* 6.1 and later. visited: 0 is all, where the scan refused. 0 of the others is any. */
	int none, unmapped, referenced, visited, swapped_in;
	int zeroed;			/* where it succeeds, v2010 too */
	bool no_page;			/* no pfn in the event */
	enum hs_thp_step step;		/* that refused the attempt; NONE: the scan refused, or it succeeded */
};

static const struct scan_case cases[] = {
	{ CASE(1, "P512", SAME5(R(SUCCEED))) },
	{ CASE(2, "P1 N511", SAME5(R(SUCCEED))), .none = 511, .zeroed = 511 },
	{ CASE(3, "N512", SAME5(R(EXCEED_NONE_PTE))), 512, .none = 512, .visited = 512, .no_page = true },
	{ CASE(8, "P512", SAME5(R(SUCCEED))), .max_none = 1 },
	{ CASE(9, "N1 P511", SAME5(R(EXCEED_NONE_PTE))), 1, .max_none = 1, .none = 1, .visited = 1,
	  .no_page = true },
	{ CASE(10, "P511 N1", SAME5(R(EXCEED_NONE_PTE))), 512, .max_none = 1, .none = 1, .visited = 512 },
	{ CASE(11, "P448 N64", SAME5(R(SUCCEED))), .max_none = 65, .none = 64, .zeroed = 64 },
	{ CASE(12, "P447 N65", SAME5(R(EXCEED_NONE_PTE))), 512, .max_none = 65, .none = 65 },
	{ CASE(13, "P400 N112", SAME5(R(EXCEED_NONE_PTE))), 465, .max_none = 65, .none = 65, .referenced = 400,
	  .visited = 465 },
	{ CASE(14, "Z64 P448", OLD_NEW(R(PAGE_RO), R(SUCCEED))), 1, .max_none = 65, .none = 64, .zeroed = 64 },
	{ CASE(15, "Z512", OLD_NEW(R(PAGE_RO), R(EXCEED_NONE_PTE))), 1, .none = 512, .no_page = true },
	{ CASE(16, "Z511 P1", OLD_NEW(R(PAGE_RO), R(SUCCEED))), 1, .none = 511, .zeroed = 511 },
	{ CASE(17, "O512", SAME5(R(LACK_REFERENCED_PAGE))), 512 },
	{ CASE(18, "O511 P1", SAME5(R(SUCCEED))), .referenced = 1 },
	{ CASE(19, "O511 F1", OLD_NEW(R(LACK_REFERENCED_PAGE), R(SUCCEED))), 512, .referenced = 1 },
	{ CASE(20, "F1 O511", OLD_NEW(R(LACK_REFERENCED_PAGE), R(SUCCEED))), 512, .referenced = 1 },
	{ CASE(21, "S1 P511", OLD_NEW(R(PTE_NON_PRESENT), R(SUCCEED))), 1, .unmapped = 1, .swapped_in = 1 },
	{ CASE(22, "S64 P448", OLD_NEW(R(PTE_NON_PRESENT), R(SUCCEED))), 1, .unmapped = 64, .swapped_in = 64 },
	{ CASE(23, "S65 P447", OLD_NEW(R(PTE_NON_PRESENT), R(EXCEED_SWAP_PTE))), 1, .unmapped = 65, .visited = 65,
	  .no_page = true },
	{ CASE(24, "S1 P255 O256", OLD_NEW(R(PTE_NON_PRESENT), R(LACK_REFERENCED_PAGE))), 1, .referenced = 255 },
	{ CASE(25, "S1 P256 O255", OLD_NEW(R(PTE_NON_PRESENT), R(SUCCEED))), 1, .referenced = 256, .swapped_in = 1 },
	{ CASE(26, "S1 N511", SPLIT(R(PTE_NON_PRESENT), R(PAGE_RO), R(LACK_REFERENCED_PAGE))), 1, .none = 511,
	  .no_page = true },
	{ CASE(27, "P3 q1 P508", OLD_NEW(NA, R(PTE_UFFD_WP))), .unmapped = 1, .visited = 4 },
	{ CASE(28, "m1 P511", V5(NA, R(FAIL), NA, NA, NA)), .unmapped = 1, .step = HS_THP_STEP_SWAPIN },
	{ CASE(28, "m1 P511", V5(NA, NA, R(PTE_UFFD_WP), R(PTE_UFFD_WP), R(PTE_UFFD_WP))), .unmapped = 1,
	  .visited = 1, .no_page = true },
	{ CASE(29, "P511 w1", OLD_NEW(NA, R(PTE_UFFD_WP))), .visited = 512, .referenced = 511 },
	{ CASE(30, "N1 P511", OLD_NEW(NA, R(EXCEED_NONE_PTE))), .vma_flags = HS_THP_VMA_UFFD_MISSING, .none = 1,
	  .visited = 1, .no_page = true },
	{ CASE(31, "P512", OLD_NEW(NA, R(SUCCEED))), .vma_flags = HS_THP_VMA_UFFD_MISSING },
	{ CASE(32, "R512", SPLIT(R(PAGE_RO), R(PAGE_RO), R(SUCCEED))), 1, .referenced = 512 },
	{ CASE(33, "R511 P1", OLD_NEW(R(PAGE_RO), R(SUCCEED))), 1 },
	{ CASE(34, "h256 P256", OLD_NEW(R(PAGE_COUNT), R(SUCCEED))), 1 },
	{ CASE(35, "h257 P255", OLD_NEW(R(PAGE_COUNT), R(EXCEED_SHARED_PTE))), 1, .visited = 257 },
	{ CASE(36, "P9 h1 P502", OLD_NEW(R(PAGE_COUNT), R(EXCEED_SHARED_PTE))), 10, .max_shared = 1, .visited = 10 },
	{ CASE(37, "P7 c1 P504", SAME5(R(PAGE_COUNT))), 8, .visited = 8 },
	{ CASE(38, "P7 d1 P504", OLD_NEW(R(PAGE_COUNT), R(SUCCEED))), 8 },
	{ CASE(39, "P7 u1 P504", SAME5(R(PAGE_LRU))), 8, .visited = 8 },
	{ CASE(40, "P7 l1 P504", SAME5(R(PAGE_LOCK))), 8, .visited = 8 },
	{ CASE(41, "P512", SAME5(R(PAGE_LOCK))), .detached = lock_page, .step = HS_THP_STEP_ISOLATE },
	{ CASE(42, "P7 z1 P504", V5(NA, R(SUCCEED), R(SUCCEED), R(SUCCEED), NA)) },
	{ CASE(42, "P7 z1 P504", V5(NA, NA, NA, NA, R(PAGE_LAZYFREE))), .visited = 8 },
	{ CASE(43, "P7 y1 P504", OLD_NEW(NA, R(SUCCEED))) },
	{ CASE(43, "P7 z1 P504", OLD_NEW(NA, R(SUCCEED))), .vma_flags = HS_THP_VMA_DROPPABLE },
	{ CASE(44, "H1 s399 N112", OLD_NEW(NA, R(SUCCEED))), .none = 112, .zeroed = 112 },
	{ CASE(48, "P512", OLD_NEW(NA, R(ALLOC_HUGE_PAGE_FAIL))), .alloc_fails = true, .step = HS_THP_STEP_ALLOC },
	{ CASE(49, "P512", SAME5(R(CGROUP_CHARGE_FAIL))), .charge_fails = true, .step = HS_THP_STEP_CHARGE },
	{ CASE(50, "P512", OLD_NEW(NA, R(VMA_NULL))), .unlocked = unmap, .step = HS_THP_STEP_VMA },
	{ CASE(51, "P512", OLD_NEW(NA, R(ADDRESS_RANGE))), .unlocked = shrink, .step = HS_THP_STEP_VMA },
	{ CASE(51, "P512", V5(R(ADDRESS_RANGE), NA, NA, NA, NA)), .unlocked = shrink, .step = HS_THP_STEP_RANGE },
	/* The same answer where a file has taken its place, none of whose ranges begins there. */
	{ CASE(51, "P512", OLD_NEW(NA, R(ADDRESS_RANGE))), .unlocked = map_file_askew, .step = HS_THP_STEP_VMA },
	{ CASE(52, "P512", OLD_NEW(NA, R(VMA_CHECK))), .unlocked = refuse_huge, .step = HS_THP_STEP_VMA },
	{ CASE(52, "P512", V5(R(VMA_CHECK), NA, NA, NA, NA)), .vma_flags = HS_THP_VMA_HUGEPAGE, .first_madvise = true,
	  .unlocked = refuse_huge, .step = HS_THP_STEP_MODE },
	{ CASE(53, "P512", OLD_NEW(NA, R(ANY_PROCESS))), .unlocked = exit_mm, .step = HS_THP_STEP_VMA },
	{ CASE(53, "P512", V5(R(ANY_PROCESS), NA, NA, NA, NA)), .unlocked = exit_mm, .step = HS_THP_STEP_EXIT },
	/* The same by prctl: only since 6.12 as an exit. */
	{ CASE(53, "P512", V5(NA, R(VMA_CHECK), R(ANY_PROCESS), R(ANY_PROCESS), R(ANY_PROCESS))),
	  .unlocked = disable_mm, .step = HS_THP_STEP_VMA },
	{ CASE(54, "P512", SAME5(R(PMD_MAPPED))), .unlocked = make_huge, .step = HS_THP_STEP_PMD },
	{ CASE(55, "k1 P511", OLD_NEW(NA, R(PAGE_LOCK))), .unmapped = 1, .step = HS_THP_STEP_SWAPIN },
	{ CASE(55, "e1 P511", OLD_NEW(NA, R(FAIL))), .unmapped = 1, .step = HS_THP_STEP_SWAPIN },
	{ CASE(56, "P7 p1 P504", V5(NA, NA, R(COPY_MC), R(COPY_MC), R(COPY_MC))), .step = HS_THP_STEP_COPY },
	{ CASE(57, "e1 P511", OLD_NEW(R(PTE_NON_PRESENT), R(FAIL))), 1, .unmapped = 1, .step = HS_THP_STEP_SWAPIN },
	/* A range of small pages behind mprotect(PROT_READ). */
	{ CASE(100, "R512", SPLIT(R(PAGE_RO), R(PAGE_RO), R(SUCCEED))), 1, .referenced = 512,
	  .vma_flags = HS_THP_VMA_WRITE },
};

static void prepare(struct bench *bench, const struct scan_case *one, enum hs_variant variant, bool is_late)
{
	bench_init(bench, variant, 1);
	bench_set_range(bench, 1, 0, one->ptes);
	bench->mms[0].vmas[0].flags ^= one->vma_flags;
	if (one->first_madvise)
		bench->tunables.khugepaged_enabled = HS_THP_MADVISE;
	if (one->max_none)
		bench->tunables.max_ptes_none = one->max_none - 1;
	if (one->max_shared)
		bench->tunables.max_ptes_shared = one->max_shared - 1;
	bench->charge_fails = one->charge_fails;
	bench->alloc_fails = one->alloc_fails;
	bench->unlocked = is_late ? NULL : one->unlocked;
	bench->write_locked = is_late ? one->unlocked : NULL;
	bench->detached = one->detached;
}

static void check_counts(const struct scan_case *one, const struct bench *bench,
			 const struct hs_range_scan_outcome *outcome)
{
	const struct hs_scan_outcome *scan = &outcome->scan;

	if (one->none)
		assert_int_equal(scan->none, one->none);
	if (one->unmapped)
		assert_int_equal(scan->unmapped, one->unmapped);
	if (one->referenced)
		assert_int_equal(scan->referenced, one->referenced);
	assert_int_equal(scan->visited, one->visited ? one->visited : BENCH_NR);
	assert_int_equal(scan->has_page, !one->no_page);
	assert_int_equal(bench->nr_swapped_in, one->swapped_in);
	assert_int_equal(bench->nr_swapins, scan->is_attempt && scan->unmapped ? 1 : 0);
	assert_int_equal(outcome->last.step, one->step);
}

static void check_first_counts(const struct scan_case *one, const struct hs_range_scan_outcome *outcome)
{
	assert_int_equal(outcome->scan.visited, one->first_visited ? one->first_visited : BENCH_NR);
	assert_int_equal(outcome->scan.is_attempt, !one->first_visited);
	if (!one->first_visited)
		assert_int_equal(outcome->last.step, one->step);
}

/* The balance of a collapse: what is not copied is zero-filled and makes the mm larger. */
static void check_success(const struct scan_case *one, const struct bench *bench,
			  const struct hs_range_scan_outcome *outcome)
{
	assert_int_equal(bench->mms[0].ranges[0].pmd, HS_PMD_HUGE);
	assert_int_equal(bench->nr_zeroed, one->zeroed);
	assert_int_equal(outcome->last.zeroed, one->zeroed);
	assert_int_equal(outcome->last.copied, BENCH_NR - one->zeroed);
	assert_int_equal(outcome->pages_collapsed, BENCH_NR);
	assert_int_equal(bench->nr_isolates, 1);
}

/* A refused range is as it was, but for what an accident did to it. */
static void check_refusal(const struct scan_case *one, const struct bench *bench, struct hs_pte_map *before)
{
	if (one->detached)
		hs_bitmap512_set(&before->plane[HS_PTE_LOCKED], 100);
	assert_memory_equal(before, &bench->mms[0].ranges[0].ptes, sizeof(*before));
	assert_int_equal(bench->mms[0].ranges[0].pmd, one->unlocked == make_huge ? HS_PMD_HUGE : HS_PMD_TABLE);
	assert_int_equal(bench->nr_collapsed_pages, 0);
	assert_int_equal(bench->nr_isolates, one->step == HS_THP_STEP_ISOLATE || one->step == HS_THP_STEP_COPY);
}

/* is_late: what happens while unlocked happens between the two looks at the mapping. */
static void check_scan(const struct scan_case *one, enum hs_variant variant, struct bench *bench, bool is_late)
{
	const enum hs_collapse_result expected = (enum hs_collapse_result)one->result[variant];
	struct hs_range_scan_outcome outcome;
	struct hs_pte_map before;

	prepare(bench, one, variant, is_late);
	before = bench->mms[0].ranges[0].ptes;
	bench_scan(bench, true, &outcome);
	assert_string_equal(hs_collapse_result_name(outcome.result), hs_collapse_result_name(expected));
	assert_int_equal(outcome.assertion, HS_THP_NO_ASSERTION);
	if (variant == HS_VARIANT_V2010)
		check_first_counts(one, &outcome);
	else
		check_counts(one, bench, &outcome);
	assert_int_equal(outcome.progress, variant == HS_VARIANT_7_2 ? outcome.scan.visited : BENCH_NR);
	assert_int_equal(outcome.is_lock_dropped, outcome.scan.is_attempt);
	assert_int_equal(bench->nr_attempts, outcome.scan.is_attempt);
	if (expected == HS_SCAN_SUCCEED)
		check_success(one, bench, &outcome);
	else
		check_refusal(one, bench, &before);
}

static void test_numbered(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int variant = 0; variant < HS_NR_VARIANTS; variant++) {
			if (cases[i].result[variant] == NA)
				continue;
			print_message("case %d, %s, %s\n", cases[i].number, cases[i].ptes,
				      hs_variant_name((enum hs_variant)variant));
			check_scan(&cases[i], (enum hs_variant)variant, bench, false);
			if (cases[i].unlocked)
				check_scan(&cases[i], (enum hs_variant)variant, bench, true);
		}
	}
	free(bench);
}

/* Case 44 in v2010: a page of a large folio is an assertion. */
static void test_first_compound(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;

	(void)state;
	bench_init(bench, HS_VARIANT_V2010, 1);
	bench_set_range(bench, 1, 0, "H1 s399 N112");
	bench_scan(bench, true, &outcome);
	assert_int_equal(outcome.assertion, HS_THP_COMPOUND_PAGE);
	assert_int_equal(bench->nr_attempts, 0);
	free(bench);
}

/* Cases 4 to 7: no page table to walk. */
static void test_pmd_states(void **state)
{
	static const struct {
		enum hs_pmd_state pmd;
		int result[HS_NR_VARIANTS];
	} states[] = {
		{ HS_PMD_NONE, { R(PMD_NONE), R(PMD_NONE), R(PMD_NONE), R(PMD_NONE), R(NO_PTE_TABLE) } },
		{ HS_PMD_UPPER_ABSENT, { R(PMD_NULL), R(PMD_NULL), R(PMD_NULL), R(PMD_NULL), R(NO_PTE_TABLE) } },
		{ HS_PMD_HUGE, SAME5(R(PMD_MAPPED)) },
		{ HS_PMD_MIGRATION, { NA, R(PMD_NULL), R(PMD_NULL), R(PMD_MAPPED), R(PMD_MAPPED) } },
		{ HS_PMD_NON_PRESENT, { NA, R(PMD_NULL), R(PMD_NULL), R(PMD_NULL), R(NO_PTE_TABLE) } },
		{ HS_PMD_BAD, { NA, R(PMD_NULL), R(PMD_NULL), R(PMD_NULL), R(NO_PTE_TABLE) } },
		{ HS_PMD_TABLE_GONE, { NA, NA, R(PMD_NULL), R(PMD_NULL), R(NO_PTE_TABLE) } },
	};
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		for (int variant = 0; variant < HS_NR_VARIANTS; variant++) {
			if (states[i].result[variant] == NA)
				continue;
			bench_init(bench, (enum hs_variant)variant, 1);
			bench_set_pmd(bench, 1, 0, states[i].pmd);
			bench_scan(bench, true, &outcome);
			assert_int_equal(outcome.result, states[i].result[variant]);
			assert_int_equal(outcome.progress, variant == HS_VARIANT_7_2 ? 1 : 512);
			assert_false(outcome.is_lock_dropped || outcome.scan.has_page);
			assert_int_equal(bench->nr_attempts, 0);
			assert_int_equal(bench->mms[0].ranges[0].pmd, states[i].pmd);
		}
	}
	free(bench);
}

/* Case 46: distances count only while node_reclaim_mode is on. */
static void check_far_nodes_allowed(const struct bench *bench)
{
	const struct hs_scan_request request = {
		.rules = &bench->rules, .tunables = &bench->tunables, .is_khugepaged = true, .orders = 1 << 9,
		.range = { .pmd = HS_PMD_TABLE, .ptes = &bench->mms[0].ranges[0].ptes, .nodes = &bench->nodes },
	};
	struct hs_scan_outcome outcome;

	hs_scan_decide(&request, &outcome);
	assert_true(outcome.is_attempt);
	assert_int_equal(outcome.visited, BENCH_NR);
	assert_int_equal(outcome.target_node, 0);
	assert_int_equal(outcome.allowed_nodes, 3);
}

/* Cases 45 to 47: memory nodes. */
static void test_nodes(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;

	(void)state;
	for (int variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
		bench_init(bench, (enum hs_variant)variant, 1);
		bench_set_range(bench, 1, 0, "P512");
		bench->has_nodes = true;
		bench->nodes = (struct hs_pte_nodes){ .nr_nodes = 2, .too_far = { 2, 1 } };
		for (unsigned int i = 0; i < BENCH_NR; i++)
			bench->nodes.node[i] = i & 1;
		bench_scan(bench, true, &outcome);
		assert_int_equal(outcome.result, HS_SCAN_SCAN_ABORT);
		assert_int_equal(outcome.scan.visited, 2);
		assert_int_equal(outcome.progress, variant == HS_VARIANT_7_2 ? 2 : BENCH_NR);
		assert_int_equal(bench->nr_attempts, 0);
		check_far_nodes_allowed(bench);

		memset(bench->nodes.too_far, 0, sizeof(bench->nodes.too_far));
		memset(bench->nodes.node, 1, 300);
		memset(bench->nodes.node + 300, 0, 212);
		bench_scan(bench, true, &outcome);
		assert_int_equal(outcome.result, HS_SCAN_SUCCEED);
		assert_int_equal(outcome.scan.target_node, 1);
		assert_int_equal(outcome.scan.allowed_nodes, 2);

		bench_set_range(bench, 1, 0, "P512");
		memset(bench->nodes.node, 1, 256);
		memset(bench->nodes.node + 256, 0, 256);
		bench_scan(bench, true, &outcome);
		assert_int_equal(outcome.result, HS_SCAN_SUCCEED);
		assert_int_equal(outcome.scan.target_node, 0);
		assert_int_equal(outcome.scan.allowed_nodes, 3);
	}
	free(bench);
}

/* Case 50 in v2010: the lookup has no test for a missing mapping; the model says so instead of choosing a code. */
static void test_null_vma(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;

	(void)state;
	bench_init(bench, HS_VARIANT_V2010, 1);
	bench_set_range(bench, 1, 0, "P512");
	bench->unlocked = unmap;
	bench_scan(bench, true, &outcome);
	assert_int_equal(outcome.assertion, HS_THP_NULL_VMA);
	assert_int_equal(outcome.last.step, HS_THP_STEP_VMA);
	assert_int_equal(bench->nr_detached, 0);
	free(bench);
}

/* Case 41: a page locked behind the scan refuses in the isolate step, and the page table is put back. */
static void test_put_back(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;
	struct hs_pte_map before;

	(void)state;
	for (int variant = 0; variant < HS_NR_VARIANTS; variant++) {
		bench_init(bench, (enum hs_variant)variant, 1);
		bench_set_range(bench, 1, 0, "P300 N100 P112");
		bench->detached = lock_page;
		before = bench->mms[0].ranges[0].ptes;
		hs_bitmap512_set(&before.plane[HS_PTE_LOCKED], 100);
		bench_scan(bench, true, &outcome);
		assert_true(outcome.last.is_detached && outcome.last.has_isolate);
		assert_int_equal(outcome.last.step, HS_THP_STEP_ISOLATE);
		assert_int_equal(outcome.result, HS_SCAN_PAGE_LOCK);
		assert_int_equal(bench->mms[0].ranges[0].pmd, HS_PMD_TABLE);
		assert_memory_equal(&before, &bench->mms[0].ranges[0].ptes, sizeof(before));
		assert_int_equal(bench->nr_zeroed, 0);
	}
	free(bench);
}

/* What has become of an entry, or of all, when the isolate step looks at it. */
struct isolate_case {
	enum hs_pte_plane plane;
	bool is_all, is_cleared;
	int result[HS_NR_VARIANTS];
};

static const struct isolate_case isolate_cases[] = {
	{ HS_PTE_SWAP, false, false, SAME5(R(PTE_NON_PRESENT)) },
	{ HS_PTE_UFFD_WP, false, false, OLD_NEW(R(SUCCEED), R(PTE_UFFD_WP)) },
	{ HS_PTE_NO_PAGE, false, false, SAME5(R(PAGE_NULL)) },
	{ HS_PTE_READ_ONLY, false, false, OLD_NEW(R(PAGE_RO), R(SUCCEED)) },
	{ HS_PTE_READ_ONLY, true, false, SPLIT(R(PAGE_RO), R(PAGE_RO), R(SUCCEED)) },
	{ HS_PTE_EXTRA_REF, false, false, SAME5(R(PAGE_COUNT)) },
	{ HS_PTE_SWAP_CACHE, false, false, OLD_NEW(R(PAGE_COUNT), R(SUCCEED)) },
	{ HS_PTE_LOCKED, false, false, SAME5(R(PAGE_LOCK)) },
	{ HS_PTE_OFF_LRU, false, false, SAME5(R(DEL_PAGE_LRU)) },
	{ HS_PTE_LAZYFREE, false, false, V5(R(SUCCEED), R(SUCCEED), R(SUCCEED), R(SUCCEED), R(PAGE_LAZYFREE)) },
	{ HS_PTE_SHARED_PAGE, true, false,
	  V5(R(PAGE_COUNT), R(EXCEED_SHARED_PTE), R(SUCCEED), R(SUCCEED), R(SUCCEED)) },
	{ HS_PTE_SHARED_LIKELY, true, false,
	  V5(R(SUCCEED), R(SUCCEED), R(EXCEED_SHARED_PTE), R(SUCCEED), R(SUCCEED)) },
	{ HS_PTE_SHARED_MAYBE, true, false, SPLIT(R(SUCCEED), R(SUCCEED), R(EXCEED_SHARED_PTE)) },
	{ HS_PTE_NONE, true, false, SAME5(R(EXCEED_NONE_PTE)) },
	{ HS_PTE_YOUNG, true, true, SAME5(R(LACK_REFERENCED_PAGE)) },
};
static const struct isolate_case *isolate_case;

static void change_entries(struct bench *bench)
{
	struct hs_bitmap512 *map = &bench->mms[0].ranges[0].ptes.plane[isolate_case->plane];
	const unsigned int from = isolate_case->is_all ? 0 : 100, to = isolate_case->is_all ? BENCH_NR : 101;

	(isolate_case->is_cleared ? hs_bitmap512_clear_in : hs_bitmap512_set_in)(map, from, to);
}

/* The step counts anew, and is not told what the scan saw. */
static void test_isolate_codes(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(isolate_cases) / sizeof(*isolate_cases); i++) {
		for (int variant = 0; variant < HS_NR_VARIANTS; variant++) {
			enum hs_collapse_result expected;

			isolate_case = &isolate_cases[i];
			expected = (enum hs_collapse_result)isolate_case->result[variant];
			print_message("plane %d, %s\n", isolate_case->plane, hs_variant_name((enum hs_variant)variant));
			bench_init(bench, (enum hs_variant)variant, 1);
			bench_set_range(bench, 1, 0, "P512");
			bench->tunables.max_ptes_none = 500;
			bench->detached = change_entries;
			bench_scan(bench, true, &outcome);
			assert_string_equal(hs_collapse_result_name(outcome.result),
					    hs_collapse_result_name(expected));
			assert_int_equal(outcome.assertion, HS_THP_NO_ASSERTION);
			assert_true(outcome.last.has_isolate);
		}
	}
	free(bench);
}

/* Case 43: MADV_COLLAPSE takes clean pages that are freed lazily, too. */
static void test_madvise_lazyfree(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;

	(void)state;
	for (int variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
		bench_init(bench, (enum hs_variant)variant, 1);
		bench_set_range(bench, 1, 0, "P7 z1 P504");
		bench_scan(bench, false, &outcome);
		assert_int_equal(outcome.result, HS_SCAN_SUCCEED);
	}
	free(bench);
}

/* What the walk over candidates does behind each code of an attempt. */
static void test_candidate_codes(void **state)
{
	static const enum hs_collapse_result smaller[] = {
		R(ALLOC_HUGE_PAGE_FAIL), R(LACK_REFERENCED_PAGE), R(EXCEED_NONE_PTE), R(EXCEED_SWAP_PTE),
		R(EXCEED_SHARED_PTE), R(PAGE_LOCK), R(PAGE_COUNT), R(PAGE_NULL), R(DEL_PAGE_LRU), R(PTE_NON_PRESENT),
		R(PTE_UFFD_WP), R(PAGE_LAZYFREE),
	};

	(void)state;
	for (int i = 0; i < HS_NR_COLLAPSE_RESULTS; i++) {
		const enum hs_collapse_result result = (enum hs_collapse_result)i;
		enum hs_candidate_next next = HS_CANDIDATE_STOP;

		if (result == HS_SCAN_SUCCEED || result == HS_SCAN_PTE_MAPPED_HUGEPAGE)
			next = HS_CANDIDATE_NEXT_OFFSET;
		for (size_t j = 0; j < sizeof(smaller) / sizeof(*smaller); j++)
			next = smaller[j] == result ? HS_CANDIDATE_LOWER_ORDER : next;
		assert_int_equal(hs_candidate_after(result), next);
	}
}

struct mthp_case {
	int number;
	const char *ptes;
	unsigned int max_none;
	bool pmd_order, order4;
	uint32_t vma_flags;
	unsigned int alloc_fails, alloc_fails_order;
	enum hs_collapse_result result;
	unsigned int attempts, successes;
	enum hs_collapse_result first, second, others;	/* of the attempts */
	unsigned int pages, isolates;
	unsigned int left_from, left_to;		/* entries of no new folio */
};

/* A page missing in each block of 16. */
#define HOLE "N1 P15 "
#define FOUR(text) text text text text
#define HOLES FOUR(FOUR(HOLE HOLE))

static const struct mthp_case mthp_cases[] = {
	{ 102, "P16 N496", 511, true, true, .result = R(SUCCEED), .attempts = 1, .successes = 1, .first = R(SUCCEED),
	  .pages = 512, .isolates = 1, .left_to = 512 },
	{ 103, "P16 N496", 511, false, true, .result = R(SUCCEED), .attempts = 1, .successes = 1, .first = R(SUCCEED),
	  .pages = 16, .isolates = 1, .left_from = 16, .left_to = 512 },
	{ 104, "P100 N1 P411", 0, true, true, .result = R(SUCCEED), .attempts = 31, .successes = 31,
	  .first = R(SUCCEED), .second = R(SUCCEED), .others = R(SUCCEED), .pages = 496, .isolates = 31,
	  .left_from = 96, .left_to = 112 },
	{ 105, "P450 N62", 100, true, true, .result = R(SUCCEED), .attempts = 1, .successes = 1, .first = R(SUCCEED),
	  .pages = 512, .isolates = 1, .left_to = 512 },
	{ 106, "P400 N112", 100, true, true, .result = R(SUCCEED), .attempts = 25, .successes = 25,
	  .first = R(SUCCEED), .second = R(SUCCEED), .others = R(SUCCEED), .pages = 400, .isolates = 25,
	  .left_from = 400, .left_to = 512 },
	{ 107, "S1 P511", 511, false, true, .result = R(SUCCEED), .attempts = 32, .successes = 31,
	  .first = R(EXCEED_SWAP_PTE), .second = R(SUCCEED), .others = R(SUCCEED), .pages = 496, .isolates = 31,
	  .left_to = 16 },
	{ 108, "o512", 511, false, true, .result = R(FAIL), .attempts = 32, .successes = 0,
	  .first = R(PTE_MAPPED_HUGEPAGE), .second = R(PTE_MAPPED_HUGEPAGE), .others = R(PTE_MAPPED_HUGEPAGE),
	  .isolates = 32 },
	{ 109, "P512", 511, true, true, .alloc_fails_order = 9, .result = R(SUCCEED), .attempts = 33,
	  .successes = 32, .first = R(ALLOC_HUGE_PAGE_FAIL), .second = R(SUCCEED), .others = R(SUCCEED), .pages = 512,
	  .isolates = 32 },
	{ 109, "P512", 511, true, true, .alloc_fails = 1000, .result = R(ALLOC_HUGE_PAGE_FAIL), .attempts = 33,
	  .first = R(ALLOC_HUGE_PAGE_FAIL), .second = R(ALLOC_HUGE_PAGE_FAIL), .others = R(ALLOC_HUGE_PAGE_FAIL),
	  .left_to = 512 },
	/* No memory outweighs what comes behind it. */
	{ 109, HOLES, 511, true, true, .vma_flags = HS_THP_VMA_UFFD_MISSING, .alloc_fails_order = 9,
	  .result = R(ALLOC_HUGE_PAGE_FAIL), .attempts = 33, .first = R(ALLOC_HUGE_PAGE_FAIL),
	  .second = R(EXCEED_NONE_PTE), .others = R(EXCEED_NONE_PTE), .isolates = 32, .left_to = 512 },
	/* Small blocks may hold no shared page, whatever max_ptes_shared says. */
	{ 107, "h1 P511", 511, false, true, .result = R(SUCCEED), .attempts = 32, .successes = 31,
	  .first = R(EXCEED_SHARED_PTE), .second = R(SUCCEED), .others = R(SUCCEED), .pages = 496, .isolates = 32,
	  .left_to = 16 },
	{ 111, "N1 P511", 511, true, true, .vma_flags = HS_THP_VMA_UFFD_MISSING, .result = R(SUCCEED),
	  .attempts = 33, .successes = 31, .first = R(EXCEED_NONE_PTE), .second = R(EXCEED_NONE_PTE),
	  .others = R(SUCCEED), .pages = 496, .isolates = 33, .left_to = 16 },
};

static void check_attempts(const struct mthp_case *one, const struct bench *bench)
{
	assert_int_equal(bench->nr_attempts, one->attempts);
	assert_int_equal(bench->nr_successes, one->successes);
	assert_int_equal(bench->nr_isolates, one->isolates);
	assert_int_equal(bench->nr_detached, one->isolates);
	assert_int_equal(bench->nr_collapsed_pages, one->pages);
	for (unsigned int i = 0; i < bench->nr_attempts; i++)
		assert_int_equal(bench->attempt_results[i], i == 0 ? one->first : i == 1 ? one->second : one->others);
	/* Case 107: the scan has seen swap: every attempt looks for it, none reads any back. */
	assert_int_equal(bench->nr_swapins, one->ptes[0] == 'S' ? 32 : 0);
	assert_int_equal(bench->nr_swapped_in, 0);
}

/* Which blocks are new folios, and that the others are as they were. */
static void check_blocks(const struct mthp_case *one, const struct bench *bench, const struct bench_range *before)
{
	const struct bench_range *range = &bench->mms[0].ranges[0];
	const bool is_huge = one->pages == BENCH_NR && one->attempts == 1;

	assert_int_equal(range->pmd, is_huge ? HS_PMD_HUGE : HS_PMD_TABLE);
	for (unsigned int i = 0; i < BENCH_NR; i++) {
		if (i < one->left_from || i >= one->left_to) {
			assert_int_equal(range->folio_order[i], 4);
			continue;
		}
		assert_int_equal(range->folio_order[i], before->folio_order[i]);
		for (unsigned int plane = 0; plane < HS_NR_PTE_PLANES; plane++)
			assert_int_equal(hs_bitmap512_test(&range->ptes.plane[plane], i),
					 hs_bitmap512_test(&before->ptes.plane[plane], i));
	}
}

static void test_mthp(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;
	struct bench_range before;

	(void)state;
	for (size_t i = 0; i < sizeof(mthp_cases) / sizeof(*mthp_cases); i++) {
		const struct mthp_case *one = &mthp_cases[i];

		print_message("case %d, %s\n", one->number, one->ptes);
		bench_init(bench, HS_VARIANT_7_2, 1);
		bench_set_range(bench, 1, 0, one->ptes);
		before = bench->mms[0].ranges[0];
		bench->tunables.max_ptes_none = one->max_none;
		bench->tunables.anon_order9 = one->pmd_order ? HS_THP_SIZE_INHERIT : HS_THP_SIZE_NEVER;
		bench->tunables.anon_order4 = one->order4 ? HS_THP_SIZE_ALWAYS : HS_THP_SIZE_NEVER;
		bench->mms[0].vmas[0].flags |= one->vma_flags;
		bench->alloc_fails = one->alloc_fails;
		bench->alloc_fails_order = one->alloc_fails_order;
		bench_scan(bench, true, &outcome);
		assert_string_equal(hs_collapse_result_name(outcome.result), hs_collapse_result_name(one->result));
		assert_int_equal(outcome.pages_collapsed, one->pages);
		check_attempts(one, bench);
		check_blocks(one, bench, &before);
		assert_true(outcome.is_lock_dropped);
		assert_int_equal(outcome.progress, 512);
	}
	free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbered), cmocka_unit_test(test_pmd_states), cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_null_vma), cmocka_unit_test(test_first_compound), cmocka_unit_test(test_put_back),
		cmocka_unit_test(test_madvise_lazyfree), cmocka_unit_test(test_mthp),
		cmocka_unit_test(test_candidate_codes), cmocka_unit_test(test_isolate_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
