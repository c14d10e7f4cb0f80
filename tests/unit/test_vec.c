// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/vec.h"

static void test_items_keep_order_and_value(void **state)
{
	HS_VEC(uint32_t) list = { 0 };
	uint32_t expected = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		assert_true(hs_vec_push(&list, i * 3));
	assert_int_equal(list.count, 1000);
	hs_vec_for_each(item, &list) {
		assert_int_equal(*item, expected);
		expected += 3;
	}
	assert_int_equal(expected, 3000);
	hs_vec_clear(&list);
	assert_int_equal(list.count, 0);
	assert_true(list.capacity >= 1000);
	hs_vec_deinit(&list);
	assert_null(list.items);
	hs_vec_for_each(item, &list)
		fail_msg("an empty list has an item");
}

static void test_structs_can_be_pushed(void **state)
{
	struct pair {
		int a, b;
	};
	HS_VEC(struct pair) list = { 0 };

	(void)state;
	assert_true(hs_vec_push(&list, (struct pair){ 1, 2 }));
	assert_int_equal(list.items[0].a + list.items[0].b, 3);
	hs_vec_deinit(&list);
}

static void test_impossible_room_changes_nothing(void **state)
{
	HS_VEC(uint64_t) list = { 0 };

	(void)state;
	assert_true(hs_vec_push(&list, 7));
	assert_false(hs_vec_reserve(&list, SIZE_MAX / 2));
	assert_false(hs_vec_reserve(&list, SIZE_MAX / 64));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0], 7);
	hs_vec_deinit(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items_keep_order_and_value),
		cmocka_unit_test(test_structs_can_be_pushed),
		cmocka_unit_test(test_impossible_room_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
