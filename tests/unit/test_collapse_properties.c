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

#include "replay/collapse/counter_rules.h"
#include "tests/unit/collapse_draw.h"

enum { ROUNDS = 4000 };
#define SEED 20101120ull

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

/* --- invariants 1 to 9, 23 --- */

static void check_none(const struct drawn *drawn, const struct hs_scan_outcome *outcome)
{
	const unsigned int max_none = (unsigned int)drawn->tunables.max_ptes_none;
	const bool khu = drawn->request.is_khugepaged;
	const bool armed = drawn->rules.uffd_rule && drawn->request.vma_flags & HS_THP_VMA_UFFD;

	if (outcome->is_attempt && armed)
		assert_int_equal(outcome->none, 0);
	else if (outcome->is_attempt && khu)
		assert_true(outcome->none <= max_none);
	if (outcome->result == HS_SCAN_EXCEED_NONE_PTE) {
		assert_true(armed || khu);
		assert_int_equal(outcome->none, armed ? 1 : max_none + 1);
	}
	if (outcome->result == HS_SCAN_EXCEED_NONE_PTE && max_none == BENCH_NR - 1 && !armed)
		assert_int_equal(outcome->none, BENCH_NR);
}

static void check_counts(const struct drawn *drawn, const struct hs_scan_outcome *outcome)
{
	const struct hs_collapse_tunables *tunables = &drawn->tunables;
	const bool khu = drawn->request.is_khugepaged;
	const struct hs_bitmap512 present = hs_pte_present(&drawn->range.ptes, drawn->rules.zero_is_none);

	if (outcome->index == BENCH_NR)
		assert_int_equal(outcome->none + outcome->unmapped + hs_bitmap512_count(&present), BENCH_NR);
	check_none(drawn, outcome);
	if (outcome->result == HS_SCAN_EXCEED_SWAP_PTE)
		assert_int_equal(outcome->unmapped, tunables->max_ptes_swap + 1);
	else if (khu && drawn->rules.swaps_in)
		assert_true(outcome->unmapped <= tunables->max_ptes_swap);
	assert_true(outcome->referenced <= hs_bitmap512_count(&present));
	if (outcome->is_attempt && khu)
		assert_true(outcome->referenced >= 1);
	if (outcome->is_attempt && khu && outcome->unmapped)
		assert_true(outcome->referenced >= BENCH_NR / 2);
	if (!khu)
		assert_true(outcome->result != HS_SCAN_EXCEED_SWAP_PTE &&
			    outcome->result != HS_SCAN_EXCEED_SHARED_PTE &&
			    outcome->result != HS_SCAN_LACK_REFERENCED_PAGE);
}

/* Lowers one of three limits. The code that says that it was exceeded. */
static enum hs_collapse_result lower_limit(struct hs_rng *rng, struct hs_collapse_tunables *tunables,
					   unsigned int limit)
{
	static const enum hs_collapse_result codes[] = {
		HS_SCAN_EXCEED_NONE_PTE, HS_SCAN_EXCEED_SWAP_PTE, HS_SCAN_EXCEED_SHARED_PTE,
	};
	uint64_t *const limits[] = { &tunables->max_ptes_none, &tunables->max_ptes_swap, &tunables->max_ptes_shared };

	*limits[limit] = hs_rng_below(rng, *limits[limit] + 1);
	return codes[limit];
}

/* Lowering a limit never makes a collapse of a refusal; raising it never refuses a collapse by this limit. */
static void check_monotonic(struct hs_rng *rng, const struct drawn *drawn, const struct hs_scan_outcome *outcome)
{
	for (unsigned int limit = 0; limit < 3; limit++) {
		struct hs_collapse_tunables lower = drawn->tunables;
		struct hs_scan_request request = drawn->request;
		const enum hs_collapse_result code = lower_limit(rng, &lower, limit);
		struct hs_scan_outcome other;

		request.tunables = &lower;
		hs_scan_decide(&request, &other);
		if (other.is_attempt)
			assert_true(outcome->is_attempt && outcome->result != code);
		if (outcome->is_attempt && !other.is_attempt)
			assert_true(other.result == code || !drawn->rules.swaps_in);
	}
}

static void draw_bits(struct hs_rng *rng, struct hs_bitmap512 *map)
{
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		map->word[i] = hs_rng_next(rng);
}

/* Accessed bits mean nothing to MADV_COLLAPSE. */
static void check_young(struct hs_rng *rng, const struct drawn *drawn)
{
	struct hs_scan_request request = drawn->request;
	struct hs_pte_map ptes = drawn->range.ptes;
	struct hs_scan_outcome outcome, other;

	request.is_khugepaged = false;
	hs_scan_decide(&request, &outcome);
	draw_bits(rng, &ptes.plane[HS_PTE_YOUNG]);
	draw_bits(rng, &ptes.plane[HS_PTE_FOLIO_YOUNG]);
	request.range.ptes = &ptes;
	hs_scan_decide(&request, &other);
	assert_memory_equal(&outcome, &other, sizeof(outcome));
}

/* The order of entries decides which code there is, not whether there is a collapse. */
static void check_order(struct hs_rng *rng, const struct drawn *drawn, const struct hs_scan_outcome *outcome)
{
	struct drawn shuffled = *drawn;
	struct hs_scan_outcome other;

	for (unsigned int i = BENCH_NR - 1; i > 0; i--) {
		const unsigned int j = (unsigned int)hs_rng_below(rng, i + 1);
		const char letter = shuffled.text[i];

		shuffled.text[i] = shuffled.text[j];
		shuffled.text[j] = letter;
	}
	draw_range(&shuffled);
	shuffled.request.range.ptes = &shuffled.range.ptes;
	hs_scan_decide(&shuffled.request, &other);
	assert_int_equal(other.is_attempt, outcome->is_attempt);
	if (outcome->index == BENCH_NR)
		assert_int_equal(other.result, outcome->result);
}

/* The target has the most pages, and the lowest number of those that have; so many may take its place. */
static void check_nodes(struct hs_rng *rng, const struct drawn *drawn)
{
	struct hs_scan_request request = drawn->request;
	struct hs_pte_nodes nodes = { .nr_nodes = (uint8_t)(1 + hs_rng_below(rng, HS_MAX_NODES)) };
	const struct hs_bitmap512 present = hs_pte_present(&drawn->range.ptes, drawn->rules.zero_is_none);
	unsigned int load[HS_MAX_NODES] = { 0 };
	struct hs_scan_outcome outcome;

	for (unsigned int i = 0; i < BENCH_NR; i++)
		nodes.node[i] = (uint8_t)hs_rng_below(rng, nodes.nr_nodes);
	request.range.nodes = &nodes;
	hs_scan_decide(&request, &outcome);
	for (unsigned int i = 0; i < outcome.index; i++)
		load[nodes.node[i]] += hs_bitmap512_test(&present, i);
	for (unsigned int node = 0; node < nodes.nr_nodes; node++) {
		assert_true(load[node] <= load[outcome.target_node]);
		assert_true(node >= outcome.target_node || load[node] < load[outcome.target_node]);
		if (load[outcome.target_node])
			assert_int_equal(outcome.allowed_nodes >> node & 1, load[node] == load[outcome.target_node]);
	}
}

static void test_invariants(void **state)
{
	struct hs_rng rng = { SEED + 1 };

	(void)state;
	print_message("seed %llu\n", SEED + 1);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (enum hs_variant variant = HS_VARIANT_V2010; variant < HS_NR_VARIANTS; variant++) {
			struct hs_scan_outcome outcome, again;
			struct drawn drawn;

			draw(&rng, &drawn, variant);
			drawn.request.is_khugepaged |= variant == HS_VARIANT_V2010;
			hs_scan_decide(&drawn.request, &outcome);
			hs_scan_decide(&drawn.request, &again);
			assert_memory_equal(&outcome, &again, sizeof(outcome));
			check_counts(&drawn, &outcome);
			check_monotonic(&rng, &drawn, &outcome);
			check_order(&rng, &drawn, &outcome);
			if (variant == HS_VARIANT_V2010)
				continue;
			check_young(&rng, &drawn);
			check_nodes(&rng, &drawn);
		}
	}
}

/* --- 25, 26: what the counters of a scan say of it --- */

static struct hs_counter_request counters_of(const struct drawn *drawn, const struct hs_scan_outcome *outcome)
{
	return (struct hs_counter_request){
		.rules = &drawn->rules, .recorded_rules = &drawn->rules, .tunables = &drawn->tunables,
		.recorded_tunables = &drawn->tunables, .is_khugepaged = drawn->request.is_khugepaged, .order = 9,
		.orders = 1 << 9, .recorded_orders = 1 << 9, .recorded = outcome->result, .none = outcome->none,
		.unmapped = outcome->unmapped, .referenced = outcome->referenced,
		.writable = drawn->rules.writable_rule ? outcome->is_writable : HS_COUNTER_UNKNOWN,
		.has_page = outcome->has_page, .is_completed = outcome->index == BENCH_NR,
	};
}

/* How little an answer says; no answer is the least. */
static unsigned int weakness(const struct hs_counter_answer *answer)
{
	return answer->is_unknown ? HS_NR_BASES : (unsigned int)answer->basis;
}

static void test_counters(void **state)
{
	struct hs_rng rng = { SEED + 4 };

	(void)state;
	print_message("seed %llu\n", SEED + 4);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (enum hs_variant variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
			struct hs_counter_answer answer, other;
			struct hs_counter_request request;
			struct hs_collapse_tunables tunables;
			struct hs_scan_outcome outcome;
			struct drawn drawn;

			draw(&rng, &drawn, variant);
			hs_scan_decide(&drawn.request, &outcome);
			request = counters_of(&drawn, &outcome);
			hs_counter_decide(&request, &answer);
			assert_false(answer.is_unknown);
			assert_int_equal(answer.result, outcome.result);
			assert_int_equal(answer.basis, HS_BASIS_EXACT);
			/* Other limits, with and without the page table. */
			tunables = drawn.tunables;
			tunables.max_ptes_none = hs_rng_below(&rng, BENCH_NR);
			tunables.max_ptes_swap = hs_rng_below(&rng, BENCH_NR);
			tunables.max_ptes_shared = hs_rng_below(&rng, BENCH_NR);
			request.tunables = &tunables;
			hs_counter_decide(&request, &answer);
			request.ptes = &drawn.range.ptes;
			hs_counter_decide(&request, &other);
			assert_true(weakness(&other) <= weakness(&answer));
			/* What is sure is so. */
			drawn.request.tunables = &tunables;
			hs_scan_decide(&drawn.request, &outcome);
			if ((!weakness(&answer) && answer.result != outcome.result) ||
			    (!weakness(&other) && other.result != outcome.result))
				fail_msg("round %u, %s: %s is not sure (%s), %s: %s", round, hs_variant_name(variant),
					 hs_collapse_result_name(other.result), answer.reason,
					 hs_collapse_result_name(outcome.result), drawn.text);
		}
	}
}

/* --- 22, 28 --- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_referee), cmocka_unit_test(test_invariants), cmocka_unit_test(test_variants),
		cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
