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
	bench->tunables.khugepaged_enabled = HS_THP_MADVISE;
	bench->mms[0].vmas[0].flags |= HS_THP_VMA_NOHUGEPAGE;
}

static void exit_mm(struct bench *bench)
{
	bench->mms[0].state |= HS_THP_MM_EXITING;
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
	unsigned int max_none, max_shared;	/* 0: default; max_none is one more than the limit */
	uint32_t vma_flags;
	bool charge_fails, alloc_fails;
	void (*unlocked)(struct bench *bench);
	void (*detached)(struct bench *bench);
	int none, unmapped, referenced, visited, zeroed, swapped_in, isolates;	/* 6.1 and later; 0: any */
};

static const struct scan_case cases[] = {
	{ CASE(1, "P512", SAME5(R(SUCCEED))), .isolates = 1 },
	{ CASE(2, "P1 N511", SAME5(R(SUCCEED))), .zeroed = 511 },
	{ CASE(3, "N512", SAME5(R(EXCEED_NONE_PTE))), .none = 512, .visited = 512 },
	{ CASE(8, "P512", SAME5(R(SUCCEED))), .max_none = 1 },
	{ CASE(9, "N1 P511", SAME5(R(EXCEED_NONE_PTE))), .max_none = 1, .none = 1, .visited = 1 },
	{ CASE(10, "P511 N1", SAME5(R(EXCEED_NONE_PTE))), .max_none = 1, .none = 1, .visited = 512 },
	{ CASE(11, "P448 N64", SAME5(R(SUCCEED))), .max_none = 65, .zeroed = 64 },
	{ CASE(12, "P447 N65", SAME5(R(EXCEED_NONE_PTE))), .max_none = 65, .none = 65 },
	{ CASE(13, "P400 N112", SAME5(R(EXCEED_NONE_PTE))), .max_none = 65, .none = 65, .referenced = 400 },
	{ CASE(14, "Z64 P448", OLD_NEW(R(PAGE_RO), R(SUCCEED))), .max_none = 65, .zeroed = 64 },
	{ CASE(15, "Z512", OLD_NEW(R(PAGE_RO), R(EXCEED_NONE_PTE))), .none = 512 },
	{ CASE(16, "Z511 P1", OLD_NEW(R(PAGE_RO), R(SUCCEED))), .zeroed = 511 },
	{ CASE(17, "O512", SAME5(R(LACK_REFERENCED_PAGE))) },
	{ CASE(18, "O511 P1", SAME5(R(SUCCEED))), .referenced = 1 },
	{ CASE(19, "O511 F1", OLD_NEW(R(LACK_REFERENCED_PAGE), R(SUCCEED))), .referenced = 1 },
	{ CASE(20, "F1 O511", OLD_NEW(R(LACK_REFERENCED_PAGE), R(SUCCEED))), .referenced = 1 },
	{ CASE(21, "S1 P511", OLD_NEW(R(PTE_NON_PRESENT), R(SUCCEED))), .swapped_in = 1 },
	{ CASE(22, "S64 P448", OLD_NEW(R(PTE_NON_PRESENT), R(SUCCEED))), .swapped_in = 64 },
	{ CASE(23, "S65 P447", OLD_NEW(R(PTE_NON_PRESENT), R(EXCEED_SWAP_PTE))), .unmapped = 65, .visited = 65 },
	{ CASE(24, "S1 P255 O256", OLD_NEW(R(PTE_NON_PRESENT), R(LACK_REFERENCED_PAGE))), .referenced = 255 },
	{ CASE(25, "S1 P256 O255", OLD_NEW(R(PTE_NON_PRESENT), R(SUCCEED))), .referenced = 256 },
	{ CASE(26, "S1 N511", SPLIT(R(PTE_NON_PRESENT), R(PAGE_RO), R(LACK_REFERENCED_PAGE))) },
	{ CASE(27, "P3 q1 P508", OLD_NEW(NA, R(PTE_UFFD_WP))), .unmapped = 1, .visited = 4 },
	{ CASE(28, "m1 P511", V5(NA, R(FAIL), R(PTE_UFFD_WP), R(PTE_UFFD_WP), R(PTE_UFFD_WP))), .unmapped = 1 },
	{ CASE(29, "P511 w1", OLD_NEW(NA, R(PTE_UFFD_WP))), .visited = 512, .referenced = 511 },
	{ CASE(30, "N1 P511", OLD_NEW(NA, R(EXCEED_NONE_PTE))), .vma_flags = HS_THP_VMA_UFFD_MISSING, .visited = 1 },
	{ CASE(31, "P512", OLD_NEW(NA, R(SUCCEED))), .vma_flags = HS_THP_VMA_UFFD_MISSING },
	{ CASE(32, "R512", SPLIT(R(PAGE_RO), R(PAGE_RO), R(SUCCEED))) },
	{ CASE(33, "R511 P1", OLD_NEW(R(PAGE_RO), R(SUCCEED))) },
	{ CASE(34, "h256 P256", OLD_NEW(R(PAGE_COUNT), R(SUCCEED))) },
	{ CASE(35, "h257 P255", OLD_NEW(R(PAGE_COUNT), R(EXCEED_SHARED_PTE))), .visited = 257 },
	{ CASE(36, "P9 h1 P502", OLD_NEW(R(PAGE_COUNT), R(EXCEED_SHARED_PTE))), .max_shared = 1, .visited = 10 },
	{ CASE(37, "P7 c1 P504", SAME5(R(PAGE_COUNT))), .visited = 8 },
	{ CASE(38, "P7 d1 P504", OLD_NEW(R(PAGE_COUNT), R(SUCCEED))) },
	{ CASE(39, "P7 u1 P504", SAME5(R(PAGE_LRU))), .visited = 8 },
	{ CASE(40, "P7 l1 P504", SAME5(R(PAGE_LOCK))), .visited = 8 },
	{ CASE(41, "P512", SAME5(R(PAGE_LOCK))), .detached = lock_page, .isolates = 1 },
	{ CASE(42, "P7 z1 P504", V5(NA, R(SUCCEED), R(SUCCEED), R(SUCCEED), R(PAGE_LAZYFREE))) },
	{ CASE(43, "P7 y1 P504", OLD_NEW(NA, R(SUCCEED))) },
	{ CASE(43, "P7 z1 P504", OLD_NEW(NA, R(SUCCEED))), .vma_flags = HS_THP_VMA_DROPPABLE },
	{ CASE(44, "P1 s399 N112", SAME5(R(SUCCEED))), .zeroed = 112 },
	{ CASE(48, "P512", OLD_NEW(NA, R(ALLOC_HUGE_PAGE_FAIL))), .alloc_fails = true },
	{ CASE(49, "P512", SAME5(R(CGROUP_CHARGE_FAIL))), .charge_fails = true },
	{ CASE(50, "P512", OLD_NEW(NA, R(VMA_NULL))), .unlocked = unmap },
	{ CASE(51, "P512", SAME5(R(ADDRESS_RANGE))), .unlocked = shrink },
	{ CASE(52, "P512", SAME5(R(VMA_CHECK))), .unlocked = refuse_huge },
	{ CASE(53, "P512", SAME5(R(ANY_PROCESS))), .unlocked = exit_mm },
	{ CASE(54, "P512", SAME5(R(PMD_MAPPED))), .unlocked = make_huge },
	{ CASE(55, "k1 P511", OLD_NEW(NA, R(PAGE_LOCK))) },
	{ CASE(55, "e1 P511", OLD_NEW(NA, R(FAIL))) },
	{ CASE(56, "P7 p1 P504", V5(NA, NA, R(COPY_MC), R(COPY_MC), R(COPY_MC))), .isolates = 1 },
	{ CASE(57, "e1 P511", OLD_NEW(R(PTE_NON_PRESENT), R(FAIL))) },
};

static void prepare(struct bench *bench, const struct scan_case *one, enum hs_variant variant)
{
	bench_init(bench, variant, 1);
	bench_set_range(bench, 1, 0, one->ptes);
	bench->mms[0].vmas[0].flags |= one->vma_flags;
	if (one->max_none)
		bench->tunables.max_ptes_none = one->max_none - 1;
	if (one->max_shared)
		bench->tunables.max_ptes_shared = one->max_shared - 1;
	bench->charge_fails = one->charge_fails;
	bench->alloc_fails = one->alloc_fails;
	bench->unlocked = one->unlocked;
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
	if (one->visited)
		assert_int_equal(scan->visited, one->visited);
	if (one->visited && bench->rules.pte_progress)
		assert_int_equal(outcome->progress, one->visited);
	if (one->zeroed)
		assert_int_equal(bench->nr_zeroed, one->zeroed);
	if (one->swapped_in)
		assert_int_equal(bench->nr_swapped_in, one->swapped_in);
	if (one->isolates)
		assert_int_equal(bench->nr_isolates, one->isolates);
}

static void test_numbered(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;
	enum hs_collapse_result expected;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int variant = 0; variant < HS_NR_VARIANTS; variant++) {
			if (cases[i].result[variant] == NA)
				continue;
			print_message("case %d, %s, %s\n", cases[i].number, cases[i].ptes,
				      hs_variant_name((enum hs_variant)variant));
			prepare(bench, &cases[i], (enum hs_variant)variant);
			bench_scan(bench, true, &outcome);
			expected = (enum hs_collapse_result)cases[i].result[variant];
			assert_string_equal(hs_collapse_result_name(outcome.result),
					    hs_collapse_result_name(expected));
			assert_int_equal(outcome.assertion, HS_THP_NO_ASSERTION);
			if (variant != HS_VARIANT_V2010)
				check_counts(&cases[i], bench, &outcome);
			if (outcome.result == HS_SCAN_SUCCEED)
				assert_int_equal(bench->mms[0].ranges[0].pmd, HS_PMD_HUGE);
		}
	}
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
			assert_false(outcome.is_lock_dropped);
		}
	}
	free(bench);
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
		assert_int_equal(bench->mms[0].ranges[0].pmd, HS_PMD_TABLE);
		assert_memory_equal(&before, &bench->mms[0].ranges[0].ptes, sizeof(before));
		assert_int_equal(bench->nr_zeroed, 0);
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

struct mthp_case {
	int number;
	const char *ptes;
	unsigned int max_none;
	bool pmd_order, order4;
	uint32_t vma_flags;
	unsigned int alloc_fails, alloc_fails_order;
	enum hs_collapse_result result;
	unsigned int attempts, successes;
};

static const struct mthp_case mthp_cases[] = {
	{ 102, "P16 N496", 511, true, true, .result = R(SUCCEED), .attempts = 1, .successes = 1 },
	{ 103, "P16 N496", 511, false, true, .result = R(SUCCEED), .attempts = 1, .successes = 1 },
	{ 104, "P100 N1 P411", 0, true, true, .result = R(SUCCEED), .attempts = 31, .successes = 31 },
	{ 105, "P450 N62", 100, true, true, .result = R(SUCCEED), .attempts = 1, .successes = 1 },
	{ 106, "P400 N112", 100, true, true, .result = R(SUCCEED), .attempts = 25, .successes = 25 },
	{ 107, "S1 P511", 511, false, true, .result = R(SUCCEED), .attempts = 32, .successes = 31 },
	{ 108, "o512", 511, false, true, .result = R(FAIL), .attempts = 32, .successes = 0 },
	{ 109, "P512", 511, true, true, .alloc_fails_order = 9, .result = R(SUCCEED), .attempts = 33,
	  .successes = 32 },
	{ 109, "P512", 511, true, true, .alloc_fails = 1000, .result = R(ALLOC_HUGE_PAGE_FAIL), .attempts = 33 },
	{ 111, "N1 P511", 511, true, true, .vma_flags = HS_THP_VMA_UFFD_MISSING, .result = R(SUCCEED),
	  .attempts = 33, .successes = 31 },
};

static void test_mthp(void **state)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct hs_range_scan_outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(mthp_cases) / sizeof(*mthp_cases); i++) {
		const struct mthp_case *one = &mthp_cases[i];

		print_message("case %d, %s\n", one->number, one->ptes);
		bench_init(bench, HS_VARIANT_7_2, 1);
		bench_set_range(bench, 1, 0, one->ptes);
		bench->tunables.max_ptes_none = one->max_none;
		bench->tunables.anon_order9 = one->pmd_order ? HS_THP_SIZE_INHERIT : HS_THP_SIZE_NEVER;
		bench->tunables.anon_order4 = one->order4 ? HS_THP_SIZE_ALWAYS : HS_THP_SIZE_NEVER;
		bench->mms[0].vmas[0].flags |= one->vma_flags;
		bench->alloc_fails = one->alloc_fails;
		bench->alloc_fails_order = one->alloc_fails_order;
		bench_scan(bench, true, &outcome);
		assert_string_equal(hs_collapse_result_name(outcome.result), hs_collapse_result_name(one->result));
		assert_int_equal(bench->nr_attempts, one->attempts);
		assert_int_equal(bench->nr_successes, one->successes);
		/* Case 107: the scan has seen swap: every attempt looks for it, none reads any back. */
		assert_int_equal(bench->nr_swapins, one->number == 107 ? 32 : 0);
		assert_int_equal(bench->nr_swapped_in, 0);
		assert_true(outcome.is_lock_dropped);
		assert_int_equal(outcome.progress, 512);
	}
	free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbered), cmocka_unit_test(test_pmd_states), cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_null_vma), cmocka_unit_test(test_put_back),
		cmocka_unit_test(test_madvise_lazyfree), cmocka_unit_test(test_mthp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
