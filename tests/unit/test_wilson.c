// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/wilson.h"

static void check_near(double got, double wanted, double tolerance)
{
	if (fabs(got - wanted) > tolerance)
		fail_msg("%.8f is not %.8f", got, wanted);
}

/* R. G. Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3. */
static void test_published_intervals(void **state)
{
	static const struct { uint64_t hits, total; double low, high; } cases[] = {
		{ 81, 263, 0.2553, 0.3662 }, { 15, 148, 0.0624, 0.1605 },
		{ 0, 20, 0.0000, 0.1611 }, { 1, 29, 0.0061, 0.1718 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hs_interval got = hs_wilson(cases[i].hits, cases[i].total);

		check_near(got.low, cases[i].low, 0.00005);
		check_near(got.high, cases[i].high, 0.00005);
	}
}

static void test_ends(void **state)
{
	struct hs_interval none = hs_wilson(0, 0), all = hs_wilson(1000000, 1000000), few = hs_wilson(3, 3);

	(void)state;
	assert_true(none.low == 0 && none.high == 1);
	assert_true(all.high == 1 && all.low < 1 && all.low > 0.99999);
	/* n / (n + z²), by hand. */
	check_near(few.low, 3 / (3 + 3.841458820694124), 1e-12);
}

static void test_mirrored(void **state)
{
	(void)state;
	for (uint64_t hits = 0; hits <= 57; hits++) {
		struct hs_interval left = hs_wilson(hits, 57), right = hs_wilson(57 - hits, 57);

		check_near(left.low, 1 - right.high, 1e-12);
		assert_true(left.low <= hits / 57.0 && left.high >= hits / 57.0);
	}
}

static void test_signs(void **state)
{
	(void)state;
	/* Binomial tails by hand: 2 · (1 + 10) / 2^10; 2 / 2^6; even splits are no evidence. */
	check_near(hs_sign_test(9, 1), 22.0 / 1024, 1e-12);
	check_near(hs_sign_test(0, 6), 2.0 / 64, 1e-12);
	check_near(hs_sign_test(5, 5), 1, 0);
	check_near(hs_sign_test(0, 0), 1, 0);
	check_near(hs_sign_test(1, 9), hs_sign_test(9, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_intervals),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_mirrored),
		cmocka_unit_test(test_signs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
