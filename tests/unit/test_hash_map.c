// SPDX-License-Identifier: GPL-2.0-only
/* The hash map against a plain array, on seeded random operations over few keys, so that runs collide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/hash_map.h"
#include "lib/rng.h"

enum { KEYS = 300, STEPS = 200000, SEED = 29 };

struct referee {
	uint64_t value[KEYS];
	int is_in[KEYS];
};

static size_t count_in(const struct referee *referee)
{
	size_t count = 0;

	for (int i = 0; i < KEYS; i++)
		count += (size_t)referee->is_in[i];
	return count;
}

static void check_iteration(const struct hs_hash_map *map, const struct referee *referee)
{
	struct hs_hash_slot *slot;
	size_t at = 0, seen = 0;

	while ((slot = hs_hash_map_next(map, &at))) {
		assert_true(slot->key < KEYS && referee->is_in[slot->key]);
		assert_int_equal(slot->value, referee->value[slot->key]);
		seen++;
	}
	assert_int_equal(seen, count_in(referee));
	assert_int_equal(map->count, seen);
}

static void check_lookup(const struct hs_hash_map *map, const struct referee *referee, uint64_t key)
{
	uint64_t *found = hs_hash_map_get(map, key);

	assert_int_equal(found != NULL, referee->is_in[key]);
	if (found)
		assert_int_equal(*found, referee->value[key]);
}

static void test_against_referee(void **state)
{
	struct hs_rng rng = { .state = SEED };
	static struct referee referee;
	struct hs_hash_map map = { 0 };

	(void)state;
	print_message("seed %d\n", SEED);
	for (int step = 0; step < STEPS; step++) {
		uint64_t key = hs_rng_below(&rng, KEYS), old = 4711;

		if (hs_rng_below(&rng, 2)) {
			referee.value[key] = hs_rng_next(&rng);
			referee.is_in[key] = 1;
			assert_int_equal(hs_hash_map_put(&map, key, referee.value[key]), 0);
		} else {
			assert_int_equal(hs_hash_map_remove(&map, key, &old), referee.is_in[key]);
			assert_int_equal(old, referee.is_in[key] ? referee.value[key] : 4711);
			referee.is_in[key] = 0;
		}
		check_lookup(&map, &referee, hs_rng_below(&rng, KEYS));
		if (step % 1000 == 0)
			check_iteration(&map, &referee);
	}
	hs_hash_map_deinit(&map);
}

static void test_empty_and_cleared(void **state)
{
	struct hs_hash_map map = { 0 };
	size_t at = 0;

	(void)state;
	assert_null(hs_hash_map_get(&map, 0));
	assert_false(hs_hash_map_remove(&map, 0, NULL));
	assert_null(hs_hash_map_next(&map, &at));
	hs_hash_map_clear(&map);
	assert_int_equal(hs_hash_map_put(&map, 0, 7), 0);
	assert_int_equal(hs_hash_map_put(&map, UINT64_MAX, 8), 0);
	assert_int_equal(*hs_hash_map_get(&map, 0), 7);
	assert_int_equal(*hs_hash_map_get(&map, UINT64_MAX), 8);
	hs_hash_map_clear(&map);
	assert_null(hs_hash_map_get(&map, 0));
	assert_int_equal(map.count, 0);
	hs_hash_map_deinit(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_referee),
		cmocka_unit_test(test_empty_and_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
