// SPDX-License-Identifier: GPL-2.0-only
/* The tally against referees that keep every outcome and count by walking over all of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/decision_tables.h"
#include "analysis/tally.h"
#include "tests/unit/outcomes.h"

enum { SEED = 4711, NR_OUTCOMES = 5000, NR_POLICIES = 3 };

struct kept {
	uint32_t policy;
	enum hs_verdict verdict;
	struct hs_decision recorded, modelled;
};

static struct hs_tally *make_tally(void)
{
	static const char *const names[NR_POLICIES] = { "recorded", "max_ptes_none=0", "max_ptes_none=64" };
	struct hs_tally_setup setup = { names, NR_POLICIES, 0 };
	struct hs_tally *tally;

	assert_int_equal(hs_tally_create(&setup, &tally, NULL), 0);
	return tally;
}

static struct hs_tally *fill_tally(struct kept *kept)
{
	struct outcome_source source = { .rng = { SEED } };
	struct hs_tally *tally = make_tally();

	print_message("seed %d\n", SEED);
	for (size_t i = 0; i < NR_OUTCOMES; i++) {
		struct hs_outcome outcome = draw_outcome(&source, (uint32_t)(i % NR_POLICIES), HS_MODE_VALIDATE);

		kept[i] = (struct kept){ outcome.policy, outcome.verdict, *outcome.recorded, *outcome.modelled };
		hs_tally_add(tally, &outcome);
	}
	assert_int_equal(hs_tally_status(tally, NULL), 0);
	return tally;
}

static uint64_t naive_count(const struct kept *kept, const struct hs_selection *selection)
{
	uint64_t count = 0;

	for (size_t i = 0; i < NR_OUTCOMES; i++)
		count += kept[i].policy == selection->policy &&
			 (selection->point < 0 || (int)kept[i].modelled.point == selection->point) &&
			 (selection->basis < 0 || (int)kept[i].modelled.basis == selection->basis) &&
			 (selection->verdict < 0 || (int)kept[i].verdict == selection->verdict);
	return count;
}

static void test_counts(void **state)
{
	static struct kept kept[NR_OUTCOMES];
	struct hs_tally *tally = fill_tally(kept);
	struct hs_selection selection;

	(void)state;
	for (selection.policy = 0; selection.policy < NR_POLICIES; selection.policy++)
		for (selection.point = -1; selection.point < (int)HS_NR_POINTS; selection.point++)
			for (selection.basis = -1; selection.basis < HS_NR_BASES; selection.basis++)
				for (selection.verdict = -1; selection.verdict < HS_NR_VERDICTS; selection.verdict++)
					assert_int_equal(hs_tally_count(tally, &selection),
							 naive_count(kept, &selection));
	hs_tally_destroy(tally);
}

/* 5000 steps of 1 ms on average do not fit 256 buckets of 1 ms: the buckets were folded several times. */
static void test_buckets(void **state)
{
	static struct kept kept[NR_OUTCOMES];
	struct hs_tally *tally = fill_tally(kept);
	uint64_t counts[HS_TALLY_BUCKETS] = { 0 }, costs[HS_TALLY_BUCKETS] = { 0 };

	(void)state;
	assert_true(tally->bucket_ns > 4 * HS_TALLY_FIRST_WIDTH_NS);
	assert_in_range(hs_tally_nr_buckets(tally), HS_TALLY_BUCKETS / 2, HS_TALLY_BUCKETS);
	for (size_t i = 0; i < NR_OUTCOMES; i++) {
		counts[kept[i].recorded.time / tally->bucket_ns]++;
		costs[kept[i].recorded.time / tally->bucket_ns] += kept[i].modelled.cost[0];
	}
	for (size_t i = 0; i < HS_TALLY_BUCKETS; i++) {
		uint64_t count = 0, cost = 0;

		hs_vec_for_each(cell, &tally->cells) {
			count += cell->buckets[i].count;
			cost += cell->buckets[i].cost[0];
		}
		assert_int_equal(count, counts[i]);
		assert_int_equal(cost, costs[i]);
	}
	hs_tally_destroy(tally);
}

static const char *naive_last(const struct kept *kept, const struct hs_subject *subject, uint32_t policy)
{
	for (size_t i = NR_OUTCOMES; i-- > 0;)
		if (kept[i].policy == policy && kept[i].modelled.subject == subject->subject &&
		    kept[i].modelled.mm == subject->mm && kept[i].modelled.point == subject->point)
			return kept[i].modelled.result;
	return NULL;
}

static void test_subjects(void **state)
{
	static struct kept kept[NR_OUTCOMES];
	struct hs_tally *tally = fill_tally(kept);

	(void)state;
	assert_true(tally->subjects.count > 64);
	for (size_t i = 0; i < tally->subjects.count; i++)
		for (uint32_t policy = 0; policy < NR_POLICIES; policy++) {
			const char *wanted = naive_last(kept, &tally->subjects.items[i], policy);
			const char *got = hs_tally_last(tally, i, policy);

			assert_int_equal(!wanted, !got);
			if (wanted)
				assert_string_equal(got, wanted);
		}
	hs_tally_destroy(tally);
}

static void test_divergence_classes(void **state)
{
	static struct kept kept[NR_OUTCOMES];
	struct hs_tally *tally = fill_tally(kept);
	uint64_t disagree = 0, wanted = 0;

	(void)state;
	hs_vec_for_each(class, &tally->divergences) {
		const struct kept *first = &kept[class->number * NR_POLICIES + class->policy];

		disagree += class->count;
		assert_int_equal(first->verdict, HS_VERDICT_DISAGREE);
		assert_int_equal(first->recorded.time, class->recorded.time);
		assert_string_equal(first->recorded.result, class->recorded.result);
		assert_string_equal(first->modelled.result, class->modelled.result);
	}
	for (size_t i = 0; i < NR_OUTCOMES; i++)
		wanted += kept[i].verdict == HS_VERDICT_DISAGREE;
	assert_int_equal(disagree, wanted);
	hs_tally_destroy(tally);
}

static void test_address_spaces(void **state)
{
	static struct kept kept[NR_OUTCOMES];
	struct hs_tally *tally = fill_tally(kept);
	uint64_t counted = 0, cost = 0, wanted_cost = 0;

	(void)state;
	hs_vec_for_each(cell, &tally->mm_cells) {
		uint64_t wanted = 0;

		for (size_t i = 0; i < NR_OUTCOMES; i++)
			wanted += kept[i].policy == cell->policy && kept[i].modelled.mm == cell->mm &&
				  kept[i].modelled.point == cell->point &&
				  strcmp(kept[i].modelled.result, cell->result) == 0;
		assert_int_equal(cell->count, wanted);
		counted += cell->count;
		cost += cell->cost[0];
	}
	for (size_t i = 0; i < NR_OUTCOMES; i++)
		wanted_cost += kept[i].modelled.cost[0];
	assert_int_equal(counted, NR_OUTCOMES);
	assert_int_equal(cost, wanted_cost);
	hs_tally_destroy(tally);
}

/* Alone-standing decisions of either side. */
static void test_one_sided(void **state)
{
	struct hs_decision decision = { .time = 5, .point = HS_POINT_COLLAPSE_SCAN, .result = "SCAN_FAIL", .cost = { 7 } };
	struct hs_outcome recorded = { .recorded = &decision, .verdict = HS_VERDICT_UNKNOWN };
	struct hs_outcome modelled = { .modelled = &decision }, nothing = { 0 };
	struct hs_tally *tally = make_tally();

	(void)state;
	assert_null(hs_tally_add(tally, &recorded));
	assert_null(hs_tally_add(tally, &modelled));
	assert_null(hs_tally_add(tally, &nothing));
	assert_int_equal(tally->cells.count, 2);
	assert_null(tally->cells.items[0].modelled);
	assert_null(tally->cells.items[1].recorded);
	assert_int_equal(tally->cells.items[0].recorded_cost[0], 7);
	assert_int_equal(tally->cells.items[0].modelled_cost[0], 0);
	assert_int_equal(tally->cells.items[1].modelled_cost[0], 7);
	hs_tally_destroy(tally);
}

static void test_limits(void **state)
{
	struct hs_tally *tally = make_tally();
	struct hs_decision decision = { .point = HS_POINT_COLLAPSE_SCAN };
	struct hs_outcome outcome = { .modelled = &decision };
	struct hs_error err = { 0 };
	char result[32];

	(void)state;
	for (int i = 0; i < 600; i++) {
		snprintf(result, sizeof(result), "RESULT_%d", i);
		decision.result = result;
		hs_tally_add(tally, &outcome);
	}
	assert_int_equal(hs_tally_status(tally, &err), -E2BIG);
	assert_non_null(strstr(err.text, "511"));
	hs_tally_destroy(tally);
	assert_int_equal(hs_tally_create(&(struct hs_tally_setup){ NULL, 5000, 0 }, &tally, &err), -E2BIG);
}

/* The numbers of one agreement table, all from cells made by hand. */
static void test_agreement_table(void **state)
{
	const char *name = "recorded";
	struct hs_tally_setup setup = { &name, 1, 0 };
	struct hs_decision succeed = { .result = "SCAN_SUCCEED", .reason = "" };
	struct hs_decision fail = { .result = "SCAN_FAIL", .reason = "r" };
	struct hs_outcome agree = { .recorded = &succeed, .modelled = &succeed, .verdict = HS_VERDICT_AGREE };
	struct hs_outcome disagree = { .recorded = &succeed, .modelled = &fail, .verdict = HS_VERDICT_DISAGREE };
	struct hs_table *table;
	struct hs_tally *tally;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(hs_tally_create(&setup, &tally, NULL), 0);
	for (int i = 0; i < 19; i++)
		hs_tally_add(tally, &agree);
	assert_non_null(hs_tally_add(tally, &disagree));
	assert_null(hs_tally_add(tally, &disagree));
	table = hs_table_agreement(tally, HS_ALL_POLICIES);
	assert_int_equal(hs_table_nr_rows(table), 1);
	assert_int_equal(hs_table_row_mark(table, 0), HS_ROW_FAILED);
	hs_table_render(table, HS_TABLE_CSV, out);
	fclose(out);
	/* 19 of 21; the interval by hand from Wilson's formula. */
	assert_string_equal(text, "point,basis,agree_decisions,disagree_decisions,unknown_decisions,agreement_percent,"
			    "from_percent,to_percent\ncollapse.scan,exact,19,2,0,90.476190,71.085861,97.348123\n");
	free(text);
	hs_table_destroy(table);
	hs_tally_destroy(tally);
}

static void add_agreement(struct hs_tally *tally, const struct hs_decision *decision)
{
	hs_tally_add(tally, &(struct hs_outcome){
		.recorded = decision, .modelled = decision, .verdict = HS_VERDICT_AGREE });
}

/* A cost is shown in the unit that its name holds as a word; states beside the costs are not added up. */
static void test_costs_have_units(void **state)
{
	struct hs_decision scan = { .point = HS_POINT_COLLAPSE_SCAN, .result = "SCAN_SUCCEED" };
	struct hs_decision add = { .point = HS_POINT_BLOCK_ADD, .result = "0" };
	struct hs_decision online = { .point = HS_POINT_BLOCK_ONLINE, .result = "0" };
	struct hs_tally *tally = make_tally();
	struct hs_table *table;

	(void)state;
	scan.cost[0] = 512;
	scan.cost[6] = 1500;
	add.cost[0] = 128 << 20;
	online.cost[3] = online.cost[4] = 77;
	add_agreement(tally, &scan);
	add_agreement(tally, &add);
	add_agreement(tally, &online);
	table = hs_table_costs(tally);
	assert_true(hs_cost_is_state(hs_points[HS_POINT_BLOCK_ONLINE].cost_names[3]));
	assert_int_equal(hs_table_nr_rows(table), 3);
	assert_int_equal(hs_table_value(table, 0, 2)->type, HS_VALUE_COUNT);
	assert_int_equal(hs_table_value(table, 1, 2)->type, HS_VALUE_NS);
	assert_int_equal(hs_table_value(table, 2, 2)->type, HS_VALUE_BYTES);
	hs_table_destroy(table);
	hs_tally_destroy(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_costs_have_units),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_divergence_classes),
		cmocka_unit_test(test_address_spaces),
		cmocka_unit_test(test_one_sided),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_agreement_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
