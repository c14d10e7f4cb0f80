// SPDX-License-Identifier: GPL-2.0-only
/* Quantiles against a naive referee: all samples in a sorted array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/quantile.h"
#include "lib/rng.h"

enum { SEED = 20260101, NR_SHARES = 8 };
static const double shares[NR_SHARES] = { 0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1 };

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Counts instead of computing a rank: the smallest sample with enough samples at or below it. */
static uint64_t naive_quantile(uint64_t *samples, size_t count, double share)
{
	qsort(samples, count, sizeof(*samples), compare);
	for (size_t i = 0; i < count; i++)
		if ((double)(i + 1) >= share * (double)count - 1e-9)
			return samples[i];
	return samples[count - 1];
}

static void check_against_referee(size_t count, struct hs_rng *rng)
{
	struct hs_quantiles set = { 0 };
	uint64_t *samples = calloc(count, sizeof(*samples));

	assert_non_null(samples);
	for (size_t i = 0; i < count; i++) {
		samples[i] = hs_rng_next(rng) >> hs_rng_below(rng, 64);
		assert_int_equal(hs_quantiles_add(&set, samples[i]), 0);
	}
	assert_int_equal(hs_quantiles_is_exact(&set), count <= HS_QUANTILE_EXACT);
	for (int i = 0; i < NR_SHARES; i++) {
		uint64_t wanted = naive_quantile(samples, count, shares[i]), got = hs_quantiles_at(&set, shares[i]);
		uint64_t error = got > wanted ? got - wanted : wanted - got;

		if (hs_quantiles_is_exact(&set))
			assert_int_equal(got, wanted);
		else if (error > wanted / 256)
			fail_msg("share %g of %zu: %llu, not %llu", shares[i], count, (unsigned long long)got,
				 (unsigned long long)wanted);
	}
	assert_int_equal(set.min, samples[0]);
	assert_int_equal(set.max, samples[count - 1]);
	hs_quantiles_deinit(&set);
	free(samples);
}

static void test_random_samples(void **state)
{
	static const size_t counts[] = { 1, 2, 3, 10, 999, HS_QUANTILE_EXACT, HS_QUANTILE_EXACT + 1, 20000 };
	struct hs_rng rng = { SEED };

	(void)state;
	print_message("seed %d\n", SEED);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		check_against_referee(counts[i], &rng);
}

static void test_order_is_no_matter(void **state)
{
	struct hs_quantiles up = { 0 }, down = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		assert_int_equal(hs_quantiles_add(&up, i * i), 0);
		assert_int_equal(hs_quantiles_add(&down, (9999 - i) * (9999 - i)), 0);
	}
	for (int i = 0; i < NR_SHARES; i++)
		assert_int_equal(hs_quantiles_at(&up, shares[i]), hs_quantiles_at(&down, shares[i]));
	hs_quantiles_deinit(&up);
	hs_quantiles_deinit(&down);
}

static void test_edges(void **state)
{
	struct hs_quantiles set = { 0 };

	(void)state;
	assert_int_equal(hs_quantiles_at(&set, 0.5), 0);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(hs_quantiles_add(&set, i % 2 ? UINT64_MAX : 0), 0);
	assert_int_equal(hs_quantiles_at(&set, 0.5), 0);
	assert_int_equal(hs_quantiles_at(&set, 1), UINT64_MAX);
	assert_int_equal(set.max, UINT64_MAX);
	hs_quantiles_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_samples),
		cmocka_unit_test(test_order_is_no_matter),
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
