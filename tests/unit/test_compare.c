// SPDX-License-Identifier: GPL-2.0-only
/* Metrics of made-up tallies, their comparison, and gates on them. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/compare.h"
#include "analysis/gate.h"
#include "analysis/decision_tables.h"

enum { NR_STEPS = 200 };	/* of 1 ms: fewer buckets than the tally has, 20 windows of 10 */

static const char *const policy_names[] = { "a", "b" };

static void add(struct hs_tally *tally, uint32_t policy, uint64_t step, const char *result, uint64_t cost)
{
	struct hs_decision decision = {
		.time = step * HS_TALLY_FIRST_WIDTH_NS, .point = HS_POINT_COLLAPSE_SCAN, .subject = step << 21,
		.result = result, .reason = "", .cost = { cost },
	};
	struct hs_outcome outcome = { .policy = policy, .modelled = &decision };

	hs_tally_add(tally, &outcome);
}

static struct hs_tally *create_tally(void)
{
	struct hs_tally_setup setup = { policy_names, 2, 0 };
	struct hs_tally *tally;

	assert_int_equal(hs_tally_create(&setup, &tally, NULL), 0);
	return tally;
}

/*
 * a: succeeds at each step, cost 10. b: the same cost in every second step 12 and else 8 (unclear), succeeds
 * only at steps divisible by 4 (lower).
 */
static struct hs_tally *make_tally(void)
{
	struct hs_tally *tally = create_tally();

	for (uint64_t step = 0; step < NR_STEPS; step++) {
		add(tally, 0, step, "SCAN_SUCCEED", 10);
		add(tally, 1, step, step % 4 ? "SCAN_FAIL" : "SCAN_SUCCEED", step / 10 % 2 ? 12 : 8);
	}
	hs_tally_add_summary(tally, 0, "collapse", "bloat_bytes", 1000);
	hs_tally_add_summary(tally, 1, "collapse", "bloat_bytes", 900);
	assert_int_equal(hs_tally_status(tally, NULL), 0);
	return tally;
}

static const struct hs_difference *find(const struct hs_comparison *comparison, const char *name)
{
	hs_vec_for_each(difference, &comparison->list)
		if (strcmp(difference->name, name) == 0)
			return difference;
	fail_msg("no difference of %s", name);
	return NULL;
}

static void check_windows(const struct hs_comparison *comparison)
{
	const struct hs_difference *difference = find(comparison, "collapse.scan.SCAN_SUCCEED");

	assert_int_equal(difference->nr_windows, 20);
	assert_int_equal(difference->downs, 20);
	assert_int_equal(difference->verdict, HS_LOWER);
	/* 10 against 2 or 3 in each window of 10 steps. */
	assert_true(difference->a == 200 && difference->b == 50);
	assert_true(difference->median == -7.5 && difference->low == -8 && difference->high == -7);
	difference = find(comparison, "collapse.scan.ptes_scanned");
	assert_true(difference->a == 2000 && difference->b == 2000);
	assert_int_equal(difference->ups, 10);
	assert_int_equal(difference->downs, 10);
	assert_int_equal(difference->verdict, HS_UNCLEAR);
	assert_int_equal(find(comparison, "collapse.scan.SCAN_FAIL")->verdict, HS_HIGHER);
	assert_int_equal(find(comparison, "decisions")->verdict, HS_SAME);
	assert_int_equal(find(comparison, "collapse.bloat_bytes")->verdict, HS_CHANGED);
}

static void test_verdicts(void **state)
{
	struct hs_tally *tally = make_tally();
	struct hs_metrics metrics[2];
	const struct hs_metrics *a = &metrics[0], *b = &metrics[1];
	struct hs_comparison comparison;

	(void)state;
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(hs_metrics_collect(tally, i, &metrics[i]), 0);
	assert_int_equal(metrics[0].nr_windows, 20);
	assert_int_equal(hs_compare(&a, &b, 1, &comparison), 0);
	check_windows(&comparison);
	hs_comparison_deinit(&comparison);
	assert_int_equal(hs_compare(&a, &a, 1, &comparison), 0);
	hs_vec_for_each(difference, &comparison.list)
		assert_int_equal(difference->verdict, HS_SAME);
	hs_comparison_deinit(&comparison);
	for (int i = 0; i < 2; i++)
		hs_metrics_deinit(&metrics[i]);
	hs_tally_destroy(tally);
}

/* Over two traces: sums add up, means and quantiles do not. */
static void test_levels(void **state)
{
	static const struct {
		const char *name;
		double both;
	} numbers[] = {
		{ "scans", 30 }, { "huge_page_seconds", 30 }, { "mean_bloat_bytes", 15 }, { "peak_huge_pages", 15 },
		{ "time_to_collapse_p50_ns", 15 }, { "time_to_collapse_max_ns", 15 }, { "maximal", 30 },
	};
	struct hs_metrics metrics[2];
	const struct hs_metrics *sets[] = { &metrics[0], &metrics[1] };
	struct hs_comparison comparison;

	(void)state;
	for (int trace = 0; trace < 2; trace++) {
		struct hs_tally *tally = create_tally();

		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
			hs_tally_add_summary(tally, 0, "collapse", numbers[i].name, trace ? 20 : 10);
		assert_int_equal(hs_metrics_collect(tally, 0, &metrics[trace]), 0);
		hs_tally_destroy(tally);
	}
	assert_int_equal(hs_compare(sets, sets, 2, &comparison), 0);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		char name[64];

		snprintf(name, sizeof(name), "collapse.%s", numbers[i].name);
		assert_true(find(&comparison, name)->a == numbers[i].both);
	}
	hs_comparison_deinit(&comparison);
	for (int i = 0; i < 2; i++)
		hs_metrics_deinit(&metrics[i]);
}

/* Ends the tally. */
static struct hs_difference difference_of(struct hs_tally *tally, const char *name)
{
	const struct hs_metrics *a, *b;
	struct hs_comparison comparison;
	struct hs_difference difference;
	struct hs_metrics metrics[2];

	a = &metrics[0];
	b = &metrics[1];
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(hs_metrics_collect(tally, i, &metrics[i]), 0);
	assert_int_equal(hs_compare(&a, &b, 1, &comparison), 0);
	difference = *find(&comparison, name);
	hs_comparison_deinit(&comparison);
	for (int i = 0; i < 2; i++)
		hs_metrics_deinit(&metrics[i]);
	hs_tally_destroy(tally);
	difference.name = name;
	return difference;
}

/* a succeeds in these windows, b never does: a change of -100 %, by what it rests on. */
static enum hs_difference_verdict verdict_of(size_t nr_windows, bool b_once)
{
	struct hs_tally *tally = create_tally();

	for (uint64_t step = 0; step < NR_STEPS; step++) {
		const bool hits = step % 10 == 0 && step / 10 < nr_windows;

		add(tally, 0, step, hits ? "SCAN_SUCCEED" : "SCAN_FAIL", 0);
		add(tally, 1, step, b_once && step == NR_STEPS - 1 ? "SCAN_SUCCEED" : "SCAN_FAIL", 0);
	}
	return difference_of(tally, "collapse.scan.SCAN_SUCCEED").verdict;
}

static void test_few_windows(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(1, false), HS_LOWER_HERE);
	assert_int_equal(verdict_of(5, false), HS_LOWER_HERE);
	assert_int_equal(verdict_of(6, false), HS_LOWER);
	assert_int_equal(verdict_of(5, true), HS_UNCLEAR);
	assert_int_equal(verdict_of(0, true), HS_HIGHER_HERE);
}

/* A little less in 18 of the 20 windows; the last two make the total. */
static enum hs_difference_verdict verdict_against_total(uint64_t last)
{
	struct hs_tally *tally = create_tally();
	struct hs_difference difference;

	for (uint64_t step = 0; step < NR_STEPS; step++) {
		add(tally, 0, step, "SCAN_SUCCEED", 10);
		add(tally, 1, step, "SCAN_SUCCEED", step < NR_STEPS - 20 ? 9 : last);
	}
	difference = difference_of(tally, "collapse.scan.ptes_scanned");
	assert_int_equal(difference.ups, 2);
	assert_int_equal(difference.downs, 18);
	assert_true(difference.p < 0.05);
	return difference.verdict;
}

/* The word never contradicts the sign of the change that stands beside it. */
static void test_windows_against_total(void **state)
{
	(void)state;
	assert_int_equal(verdict_against_total(18), HS_LOWER);		/* 180 less, 160 more */
	assert_int_equal(verdict_against_total(19), HS_MIXED);		/* 180 less, 180 more */
	assert_int_equal(verdict_against_total(20), HS_MIXED);		/* 180 less, 200 more */
}

static void test_change(void **state)
{
	(void)state;
	assert_true(hs_change_percent(200, 50) == -75);
	assert_true(hs_change_percent(-10, -5) == 50);
	assert_true(hs_change_percent(0, 0) == 0);
	assert_true(isnan(hs_change_percent(0, 1)));
}

struct gate_case {
	const char *text;
	int wanted;		/* failing rows, or a negative errno */
	const char *message;	/* part of the sentence of an error */
};

static const struct gate_case gate_cases[] = {
	{ "decisions==200", 2, NULL },
	{ "decisions!=200", 0, NULL },
	{ "SCAN_SUCCEED<100", 1, NULL },
	{ "collapse.scan.SCAN_SUCCEED <= 50 , decisions>200", 1, NULL },
	{ "SCAN_SUCCEED.change<-70%", 1, NULL },
	{ "SCAN_SUCCEED.change<-80%", 0, NULL },
	{ "SCAN_SUCCEED.change<-149.5", 1, NULL },
	{ "bloat_bytes.change<=-10%", 1, NULL },
	{ "SCAN_FAIL.change>5%", 1, NULL },		/* from 0: cannot be judged */
	{ "agreement<100%", 2, NULL },			/* whatif: no value, cannot be judged */
	{ "disagree>0", 0, NULL },
	{ "collapse.scan.SCAN_NEVER_HEARD_OF>0", 0, NULL },
	{ "nonsense>0", -ENOENT, "column 1 of 'nonsense>0'" },
	{ "decisions>0, bloat_byte>0", -ENOENT, "column 14 of 'decisions>0, bloat_byte>0'" },
	{ "bloat_byte>0", -ENOENT, "'collapse.bloat_bytes'" },
	{ "decisions>5%", -EINVAL, "column 12" },
	{ "", -EINVAL, "column 1 of '': expected the name" },
	{ "decisions", -EINVAL, "column 10" },
	{ "decisions=1", -EINVAL, "column 10" },
	{ "decisions>", -EINVAL, "column 11 of 'decisions>': expected a number" },
	{ "decisions>1.", -EINVAL, "column 13" },
	{ "decisions>0x1", -EINVAL, "column 12" },
	{ "decisions>1,", -EINVAL, "column 13" },
	{ "decisions>1;agree>2", -EINVAL, "column 12" },
};

static int judge(const char *text, const struct hs_metrics *metrics, struct hs_error *err)
{
	struct hs_table *table = NULL;
	struct hs_gate gate;
	int status = hs_gate_parse(text, &gate, err);

	if (status)
		return status;
	status = hs_gate_judge(&gate, policy_names, metrics, 2, &table, err);
	hs_table_destroy(table);
	hs_gate_deinit(&gate);
	return status;
}

static void test_gates(void **state)
{
	struct hs_tally *tally = make_tally();
	struct hs_metrics metrics[2];

	(void)state;
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(hs_metrics_collect(tally, i, &metrics[i]), 0);
	for (size_t i = 0; i < sizeof(gate_cases) / sizeof(*gate_cases); i++) {
		struct hs_error err = { 0 };
		int got = judge(gate_cases[i].text, metrics, &err);

		print_message("'%s': %d %s\n", gate_cases[i].text, got, err.text);
		assert_int_equal(got, gate_cases[i].wanted);
		if (gate_cases[i].message)
			assert_non_null(strstr(err.text, gate_cases[i].message));
	}
	for (int i = 0; i < 2; i++)
		hs_metrics_deinit(&metrics[i]);
	hs_tally_destroy(tally);
}

static void test_change_needs_two(void **state)
{
	struct hs_tally *tally = make_tally();
	struct hs_table *table = NULL;
	struct hs_metrics metrics;
	struct hs_gate gate;

	(void)state;
	assert_int_equal(hs_metrics_collect(tally, 0, &metrics), 0);
	assert_int_equal(hs_gate_parse("decisions.change>0", &gate, NULL), 0);
	assert_int_equal(hs_gate_judge(&gate, policy_names, &metrics, 1, &table, NULL), -EINVAL);
	hs_gate_deinit(&gate);
	hs_metrics_deinit(&metrics);
	hs_tally_destroy(tally);
}

/* Every table of two policies renders in every form; 80 columns hold in text. */
static void test_tables_render(void **state)
{
	struct hs_tally *tally = make_tally();
	struct hs_table *tables[] = {
		hs_table_agreement(tally, HS_ALL_POLICIES), hs_table_pairs(tally, 0),
		hs_table_matrix(tally, 0, HS_POINT_COLLAPSE_SCAN),
		hs_table_divergences(tally, HS_ALL_POLICIES), hs_table_results(tally), hs_table_bases(tally), hs_table_costs(tally),
		hs_table_quantiles(tally), hs_table_summaries(tally), hs_table_subjects(tally, 0, 1),
	};
	size_t nr = sizeof(tables) / sizeof(*tables);

	(void)state;
	for (int format = 0; format < HS_NR_TABLE_FORMATS; format++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		hs_tables_render(tables, nr, (enum hs_table_format)format, out);
		fclose(out);
		assert_true(size > 20);
		free(text);
	}
	assert_int_equal(hs_table_nr_rows(tables[9]), 2);
	assert_int_equal(hs_table_value(tables[9], 0, 3)->count, 150);
	assert_string_equal(hs_table_value(tables[9], 0, 2)->text, "SCAN_FAIL");
	assert_int_equal(hs_table_value(tables[6], 0, 2)->count, 2000);
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(hs_table_status(tables[i]), 0);
		hs_table_destroy(tables[i]);
	}
	hs_tally_destroy(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_levels),
		cmocka_unit_test(test_few_windows),
		cmocka_unit_test(test_windows_against_total),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_change_needs_two),
		cmocka_unit_test(test_tables_render),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
