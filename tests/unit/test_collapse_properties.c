// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariants of the collapse rules on drawn page tables, and a referee: the scan as a plain loop over the
 * entries, compared with the walk over bitmaps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rng.h"
#include "tests/unit/collapse_bench.h"

enum { ROUNDS = 4000 };
#define SEED 20101120ull

static const char letters[] = "PPPPPPPPPPPPNNNNZSSROOFcduhhzywmql";

/* A page table of long runs, few accidents: so that walks get far. */
static void draw_ptes(struct hs_rng *rng, char text[BENCH_NR + 1])
{
	const char *kinds = hs_rng_below(rng, 2) ? "PPPPNNOZhS" : letters;
	unsigned int at = 0;

	while (at < BENCH_NR) {
		char letter = kinds[hs_rng_below(rng, strlen(kinds))];
		unsigned int run = 1 + (unsigned int)hs_rng_below(rng, strchr("PNO", letter) ? 300 : 20);

		for (; run-- && at < BENCH_NR; at++)
			text[at] = letter;
	}
	text[BENCH_NR] = 0;
}

struct drawn {
	char text[BENCH_NR + 1];
	struct bench_range range;
	struct hs_collapse_rules rules;
	struct hs_collapse_tunables tunables;
	struct hs_scan_request request;
};

static void draw(struct hs_rng *rng, struct drawn *drawn, enum hs_variant variant)
{
	static struct bench bench;

	draw_ptes(rng, drawn->text);
	memset(&bench.mms[0].ranges[0], 0, sizeof(bench.mms[0].ranges[0]));
	for (unsigned int i = 0; i < BENCH_NR; i++) {
		uint32_t planes = bench_planes(drawn->text[i]);

		for (unsigned int plane = 0; plane < HS_NR_PTE_PLANES; plane++)
			if (planes & 1u << plane)
				hs_bitmap512_set(&bench.mms[0].ranges[0].ptes.plane[plane], i);
	}
	drawn->range = bench.mms[0].ranges[0];
	hs_collapse_rules_init(&drawn->rules, variant);
	hs_collapse_tunables_init(&drawn->tunables, BENCH_NR);
	drawn->tunables.max_ptes_none = hs_rng_below(rng, 3) ? 511 : hs_rng_below(rng, 512);
	drawn->tunables.max_ptes_swap = hs_rng_below(rng, 2) ? 64 : hs_rng_below(rng, 512);
	drawn->tunables.max_ptes_shared = hs_rng_below(rng, 2) ? 256 : hs_rng_below(rng, 512);
	drawn->request = (struct hs_scan_request){
		.rules = &drawn->rules, .tunables = &drawn->tunables, .orders = 1 << 9,
		.is_khugepaged = hs_rng_below(rng, 4) != 0,
		.vma_flags = hs_rng_below(rng, 10) ? 0 : HS_THP_VMA_UFFD_MISSING,
		.range = { .pmd = HS_PMD_TABLE, .ptes = &drawn->range.ptes },
	};
}

/* --- the referee --- */

struct referee {
	const struct drawn *drawn;
	unsigned int none, unmapped, shared, referenced, i;
	bool is_writable;
};

static bool has(const struct referee *referee, enum hs_pte_plane plane)
{
	return hs_bitmap512_test(&referee->drawn->range.ptes.plane[plane], referee->i);
}

/* A present page; -1: it passes. */
static int judge_page(struct referee *referee)
{
	const struct hs_collapse_rules *rules = &referee->drawn->rules;
	const struct hs_scan_request *request = &referee->drawn->request;
	static const enum hs_pte_plane planes[] = { HS_PTE_SHARED_PAGE, HS_PTE_SHARED_PAGE, HS_PTE_SHARED_LIKELY,
						    HS_PTE_SHARED_MAYBE };
	const enum hs_pte_plane shared = planes[rules->shared_rule];

	if (rules->writable_rule == HS_WRITABLE_EACH && has(referee, HS_PTE_READ_ONLY))
		return HS_SCAN_PAGE_RO;
	if (rules->uffd_rule && has(referee, HS_PTE_UFFD_WP))
		return HS_SCAN_PTE_UFFD_WP;
	referee->is_writable |= !has(referee, HS_PTE_READ_ONLY);
	if (has(referee, HS_PTE_NO_PAGE))
		return HS_SCAN_PAGE_NULL;
	if (rules->lazyfree_rule && request->is_khugepaged && has(referee, HS_PTE_LAZYFREE) &&
	    !has(referee, HS_PTE_DIRTY))
		return HS_SCAN_PAGE_LAZYFREE;
	if (rules->shared_rule != HS_SHARED_COUNT && has(referee, shared) &&
	    ++referee->shared > request->tunables->max_ptes_shared && request->is_khugepaged)
		return HS_SCAN_EXCEED_SHARED_PTE;
	if (has(referee, HS_PTE_OFF_LRU))
		return HS_SCAN_PAGE_LRU;
	if (has(referee, HS_PTE_LOCKED))
		return HS_SCAN_PAGE_LOCK;
	if (has(referee, HS_PTE_EXTRA_REF) || (rules->shared_rule == HS_SHARED_COUNT &&
					       (has(referee, HS_PTE_SWAP_CACHE) || has(referee, shared))))
		return HS_SCAN_PAGE_COUNT;
	referee->referenced += request->is_khugepaged &&
			       (has(referee, HS_PTE_YOUNG) ||
				(rules->folio_young && has(referee, HS_PTE_FOLIO_YOUNG)));
	return -1;
}

static int judge_entry(struct referee *referee)
{
	const struct hs_collapse_rules *rules = &referee->drawn->rules;
	const struct hs_scan_request *request = &referee->drawn->request;
	const bool armed = rules->uffd_rule && (request->vma_flags & HS_THP_VMA_UFFD);

	if (has(referee, HS_PTE_NONE) || (rules->zero_is_none && has(referee, HS_PTE_ZERO))) {
		referee->none++;
		if (armed || (request->is_khugepaged && referee->none > request->tunables->max_ptes_none))
			return HS_SCAN_EXCEED_NONE_PTE;
		return -1;
	}
	if (!has(referee, HS_PTE_SWAP))
		return judge_page(referee);
	referee->unmapped++;
	if (!rules->swaps_in)
		return HS_SCAN_PTE_NON_PRESENT;
	if (request->is_khugepaged && referee->unmapped > request->tunables->max_ptes_swap)
		return HS_SCAN_EXCEED_SWAP_PTE;
	if (has(referee, HS_PTE_UFFD_WP) || (rules->uffd_markers && has(referee, HS_PTE_UFFD_MARKER)))
		return HS_SCAN_PTE_UFFD_WP;
	return -1;
}

static int judge(struct referee *referee)
{
	const struct hs_scan_request *request = &referee->drawn->request;
	int result = -1;

	for (; referee->i < BENCH_NR; referee->i++) {
		result = judge_entry(referee);
		if (result >= 0)
			return result;
	}
	if (request->rules->writable_rule == HS_WRITABLE_ANY && !referee->is_writable)
		return HS_SCAN_PAGE_RO;
	if (request->is_khugepaged &&
	    (!referee->referenced || (referee->unmapped && referee->referenced < BENCH_NR / 2)))
		return HS_SCAN_LACK_REFERENCED_PAGE;
	return HS_SCAN_SUCCEED;
}

static void test_referee(void **state)
{
	struct hs_rng rng = { SEED };
	unsigned int seen[HS_NR_COLLAPSE_RESULTS] = { 0 }, kinds = 0;

	(void)state;
	print_message("seed %llu\n", SEED);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (enum hs_variant variant = HS_VARIANT_V2010; variant < HS_NR_VARIANTS; variant++) {
			struct drawn drawn;
			struct referee referee = { .drawn = &drawn };
			struct hs_scan_outcome outcome;
			int expected;

			draw(&rng, &drawn, variant);
			expected = judge(&referee);
			hs_scan_decide(&drawn.request, &outcome);
			if ((int)outcome.result != expected || outcome.index != referee.i ||
			    outcome.none != referee.none || outcome.unmapped != referee.unmapped ||
			    outcome.referenced != referee.referenced)
				fail_msg("round %u, %s: %s, expected %s: %s", round, hs_variant_name(variant),
					 hs_collapse_result_name(outcome.result),
					 hs_collapse_result_name((enum hs_collapse_result)expected), drawn.text);
			seen[outcome.result]++;
		}
	}
	for (unsigned int i = 0; i < HS_NR_COLLAPSE_RESULTS; i++)
		kinds += seen[i] != 0;
	/* The draw is worth something only if it reaches most codes of a scan. */
	assert_true(kinds >= 11);
}

/* --- invariants 1 to 9, 22, 28 --- */

static void check_counts(const struct drawn *drawn, const struct hs_scan_outcome *outcome)
{
	const struct hs_collapse_tunables *tunables = &drawn->tunables;
	const bool khu = drawn->request.is_khugepaged, armed = drawn->request.vma_flags & HS_THP_VMA_UFFD;
	const struct hs_bitmap512 present = hs_pte_present(&drawn->range.ptes, drawn->rules.zero_is_none);

	if (outcome->index == BENCH_NR)
		assert_int_equal(outcome->none + outcome->unmapped + hs_bitmap512_count(&present), BENCH_NR);
	if (outcome->is_attempt && khu && !armed)
		assert_true(outcome->none <= tunables->max_ptes_none);
	if (outcome->result == HS_SCAN_EXCEED_NONE_PTE && drawn->rules.uffd_rule)
		assert_int_equal(outcome->none, armed ? 1 : tunables->max_ptes_none + 1);
	if (outcome->result == HS_SCAN_EXCEED_SWAP_PTE)
		assert_int_equal(outcome->unmapped, tunables->max_ptes_swap + 1);
	assert_true(outcome->referenced <= hs_bitmap512_count(&present));
	if (outcome->is_attempt && khu)
		assert_true(outcome->referenced >= 1);
	if (outcome->is_attempt && khu && outcome->unmapped)
		assert_true(outcome->referenced >= BENCH_NR / 2);
	if (!khu)
		assert_true(outcome->result != HS_SCAN_EXCEED_SWAP_PTE &&
			    outcome->result != HS_SCAN_EXCEED_SHARED_PTE &&
			    outcome->result != HS_SCAN_LACK_REFERENCED_PAGE);
	if (outcome->result == HS_SCAN_EXCEED_NONE_PTE && tunables->max_ptes_none == BENCH_NR - 1 && !armed &&
	    drawn->rules.uffd_rule)
		assert_int_equal(outcome->none, BENCH_NR);
}

/* Lowering a limit never makes a collapse of a refusal. */
static void check_monotonic(struct hs_rng *rng, const struct drawn *drawn, const struct hs_scan_outcome *outcome)
{
	struct hs_collapse_tunables lower = drawn->tunables;
	struct hs_scan_request request = drawn->request;
	struct hs_scan_outcome other;

	lower.max_ptes_none = hs_rng_below(rng, lower.max_ptes_none + 1);
	lower.max_ptes_swap = hs_rng_below(rng, lower.max_ptes_swap + 1);
	lower.max_ptes_shared = hs_rng_below(rng, lower.max_ptes_shared + 1);
	request.tunables = &lower;
	hs_scan_decide(&request, &other);
	if (other.is_attempt)
		assert_true(outcome->is_attempt);
}

static void test_invariants(void **state)
{
	struct hs_rng rng = { SEED + 1 };

	(void)state;
	print_message("seed %llu\n", SEED + 1);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (enum hs_variant variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
			struct hs_scan_outcome outcome, again;
			struct drawn drawn;

			draw(&rng, &drawn, variant);
			hs_scan_decide(&drawn.request, &outcome);
			hs_scan_decide(&drawn.request, &again);
			assert_memory_equal(&outcome, &again, sizeof(outcome));
			check_counts(&drawn, &outcome);
			check_monotonic(&rng, &drawn, &outcome);
		}
	}
}

static void test_variants(void **state)
{
	struct hs_rng rng = { SEED + 2 };

	(void)state;
	print_message("seed %llu\n", SEED + 2);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct hs_scan_outcome first, second;
		struct drawn drawn;

		/* With the PMD order alone and no lazily freed page, 7.2 decides as 6.18. */
		draw(&rng, &drawn, HS_VARIANT_6_18);
		memset(&drawn.range.ptes.plane[HS_PTE_LAZYFREE], 0, sizeof(struct hs_bitmap512));
		hs_scan_decide(&drawn.request, &first);
		hs_collapse_rules_init(&drawn.rules, HS_VARIANT_7_2);
		hs_scan_decide(&drawn.request, &second);
		assert_int_equal(first.result, second.result);
		/* What v2010 collapses, 6.1 collapses too. */
		draw(&rng, &drawn, HS_VARIANT_V2010);
		memset(&drawn.range.ptes.plane[HS_PTE_UFFD_WP], 0, sizeof(struct hs_bitmap512));
		drawn.request.vma_flags = 0;
		drawn.request.is_khugepaged = true;
		hs_scan_decide(&drawn.request, &first);
		hs_collapse_rules_init(&drawn.rules, HS_VARIANT_6_1);
		hs_scan_decide(&drawn.request, &second);
		if (first.is_attempt)
			assert_true(second.is_attempt);
	}
}

/* --- 10 to 17, 20 to 22: the daemon over drawn address spaces --- */

static void draw_space(struct hs_rng *rng, struct bench *bench, uint32_t mm)
{
	char text[BENCH_NR + 1];
	uint64_t at = BENCH_BASE;

	for (unsigned int i = 0; i < BENCH_RANGES; i++) {
		char spaced[BENCH_NR * 3 + 1];
		unsigned int length = 0;

		draw_ptes(rng, text);
		for (unsigned int page = 0; page < BENCH_NR; page++) {
			spaced[length++] = text[page] == 'm' ? 'S' : text[page];
			spaced[length++] = '1';
			spaced[length++] = ' ';
		}
		spaced[length] = 0;
		bench_set_range(bench, mm, i, spaced);
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

static void check_visit(struct bench *bench, struct hs_khugepaged *daemon, uint64_t budget)
{
	const uint64_t full_scans = daemon->full_scans, collapsed = daemon->pages_collapsed;
	const struct hs_khugepaged_slot *slot = daemon->cursor;
	const uint64_t address = slot ? daemon->address : 0;
	const unsigned int nr_vmas = bench->mms[(slot ? slot : daemon->first)->mm - 1].nr_vmas;
	enum hs_collapse_result result;
	uint64_t progress = hs_khugepaged_visit(daemon, budget, &result);

	assert_true(hs_khugepaged_is_valid(daemon));
	assert_true(progress >= 1);
	assert_true(progress <= budget + BENCH_NR + nr_vmas + 1);
	assert_true(daemon->full_scans - full_scans <= 1);
	assert_true(daemon->pages_collapsed >= collapsed);
	assert_int_equal(daemon->address & (BENCH_RANGE_BYTES - 1), 0);
	if (slot && daemon->cursor == slot)
		assert_true(daemon->address > address);
	assert_true(bench->nr_isolates <= bench->nr_allocations && bench->nr_successes <= bench->nr_isolates);
	assert_int_equal(bench->nr_detached, bench->nr_isolates);
	bench->nr_attempts = 0;
}

static void test_daemon(void **state)
{
	struct hs_rng rng = { SEED + 3 };
	struct bench *bench = malloc(sizeof(*bench));

	(void)state;
	print_message("seed %llu\n", SEED + 3);
	for (unsigned int round = 0; round < 10; round++) {
		for (enum hs_variant variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
			struct hs_khugepaged daemon;

			bench_init(bench, variant, 0);
			hs_khugepaged_init(&daemon, &bench->rules, &bench->tunables, &bench_ops, bench);
			for (uint32_t mm = 1; mm <= BENCH_MMS; mm++) {
				draw_space(&rng, bench, mm);
				hs_khugepaged_enter(&daemon, mm);
			}
			for (unsigned int visit = 0; visit < 200; visit++)
				check_visit(bench, &daemon, 1 + hs_rng_below(&rng, 8192));
			hs_khugepaged_deinit(&daemon);
		}
	}
	free(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_referee), cmocka_unit_test(test_invariants), cmocka_unit_test(test_variants),
		cmocka_unit_test(test_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
