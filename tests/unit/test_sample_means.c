// SPDX-License-Identifier: GPL-2.0-only
/* Means and peaks over time, of the run and of address spaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/sample_means.h"

static const struct hs_sample_number bloat = { "collapse", "bloat_bytes" }, pages = { "collapse", "huge_pages" };

static double of_run(const struct hs_tally *tally, uint32_t policy, const char *name)
{
	hs_vec_for_each(summary, &tally->summaries)
		if (summary->policy == policy && strcmp(summary->name, name) == 0)
			return summary->value;
	return -1;
}

static double of_mm(const struct hs_tally *tally, uint32_t policy, uint32_t mm)
{
	hs_vec_for_each(summary, &tally->mm_summaries)
		if (summary->policy == policy && summary->mm == mm &&
		    strcmp(summary->name, "collapse.mean_bloat_bytes") == 0)
			return summary->value;
	return -1;
}

/* 10 ns at 4, 30 ns at 8; the second process is there in the second span alone. */
static void test_means(void **state)
{
	static const char *const names[] = { "a", "b" };
	struct hs_sample_means means = { 0 };
	struct hs_tally *tally;

	(void)state;
	assert_int_equal(hs_tally_create(&(struct hs_tally_setup){ names, 2, 0 }, &tally, NULL), 0);
	assert_int_equal(hs_sample_means_add(&means, 0, 0, &bloat, 10, 4), 0);
	assert_int_equal(hs_sample_means_add(&means, 0, 7, &bloat, 10, 4), 0);
	assert_int_equal(hs_sample_means_add(&means, 0, 0, &pages, 10, 1), 0);
	assert_int_equal(hs_sample_means_add(&means, 0, 0, &bloat, 30, 8), 0);
	assert_int_equal(hs_sample_means_add(&means, 0, 7, &bloat, 30, 2), 0);
	assert_int_equal(hs_sample_means_add(&means, 0, 8, &bloat, 30, 6), 0);
	assert_int_equal(hs_sample_means_add(&means, 1, 0, &bloat, 30, 2), 0);
	hs_sample_means_tell(&means, 40, tally);
	assert_true(of_run(tally, 0, "collapse.mean_bloat_bytes") == 7);
	assert_true(of_run(tally, 0, "collapse.peak_bloat_bytes") == 8);
	assert_true(of_run(tally, 0, "collapse.mean_huge_pages") == 0.25);
	assert_true(of_run(tally, 1, "collapse.mean_bloat_bytes") == 1.5);
	assert_true(of_mm(tally, 0, 7) == 2.5 && of_mm(tally, 0, 8) == 4.5 && of_mm(tally, 1, 7) == -1);
	hs_tally_destroy(tally);
	hs_sample_means_deinit(&means);
}

/* A run without a span has no mean to speak of. */
static void test_no_time(void **state)
{
	static const char *const names[] = { "a" };
	struct hs_sample_means means = { 0 };
	struct hs_tally *tally;

	(void)state;
	assert_int_equal(hs_tally_create(&(struct hs_tally_setup){ names, 1, 0 }, &tally, NULL), 0);
	assert_int_equal(hs_sample_means_add(&means, 0, 0, &bloat, 0, 4), 0);
	hs_sample_means_tell(&means, 0, tally);
	assert_true(of_run(tally, 0, "collapse.mean_bloat_bytes") == 0);
	assert_true(of_run(tally, 0, "collapse.peak_bloat_bytes") == 4);
	hs_tally_destroy(tally);
	hs_sample_means_deinit(&means);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_means), cmocka_unit_test(test_no_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
