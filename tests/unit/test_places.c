// SPDX-License-Identifier: GPL-2.0-only
/* Places over time: rows, columns, and what is inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/places.h"

#define BLOCK (2ull << 20)
enum { SECOND = 1000000000 };

static void move(struct hs_places *places, uint32_t policy, uint64_t second, uint64_t start, uint64_t end,
		 const char *result)
{
	struct hs_decision decision = { .time = second * SECOND, .mm = 7, .point = HS_POINT_SVM_MIGRATE,
					.subject = start, .subject_end = end, .result = result };
	struct hs_outcome outcome = { .policy = policy, .modelled = &decision };

	assert_int_equal(hs_places_add(places, &outcome), 0);
}

static void expect_row(const struct hs_table *table, size_t line, double from, double to, uint64_t row,
		       uint64_t percent)
{
	assert_true(hs_table_value(table, line, 0)->number == from && hs_table_value(table, line, 1)->number == to);
	assert_int_equal(hs_table_value(table, line, 2)->count, row);
	assert_int_equal(hs_table_value(table, line, 3)->count, percent);
}

/* Two blocks: one is inside as a whole for a while, of the other one a quarter comes and stays. */
static void blocks_are_rows(void **state)
{
	struct hs_places_setup setup = { .start_time = 0, .end_time = 10ull * SECOND, .columns = 10, .max_rows = 8 };
	struct hs_places places = { 0 };
	struct hs_table *table;

	(void)state;
	move(&places, 0, 2, 4 * BLOCK, 5 * BLOCK, "to_vram");
	move(&places, 0, 3, 8 * BLOCK, 8 * BLOCK + BLOCK / 4, "to_vram");
	move(&places, 1, 3, 9 * BLOCK, 10 * BLOCK, "to_vram");		/* another policy's */
	move(&places, 0, 5, 4 * BLOCK, 5 * BLOCK, "to_system");
	move(&places, 0, 6, 20 * BLOCK, 21 * BLOCK, "dropped");	/* never was inside */
	table = hs_places_table(&places, &setup);
	assert_int_equal(hs_table_nr_rows(table), 5);
	expect_row(table, 0, 0, 1, 0, 0);
	expect_row(table, 1, 0, 2, 1, 0);
	expect_row(table, 2, 1, 4, 0, 100);
	expect_row(table, 3, 4, 10, 0, 0);
	expect_row(table, 4, 2, 10, 1, 25);
	assert_string_equal(hs_table_value(table, 4, 4)->text, "mm 7 0x1000000");
	hs_table_destroy(table);
	hs_places_deinit(&places);
}

/* More blocks than rows: neighbours share one. */
static void many_blocks_share_rows(void **state)
{
	struct hs_places_setup setup = { .end_time = SECOND, .columns = 1, .max_rows = 4 };
	struct hs_places places = { 0 };
	struct hs_table *table;

	(void)state;
	move(&places, 0, 0, 0, 16 * BLOCK, "to_vram");
	move(&places, 0, 0, 0, 2 * BLOCK, "dropped");
	table = hs_places_table(&places, &setup);
	assert_int_equal(hs_table_nr_rows(table), 4);
	expect_row(table, 0, 0, 1, 0, 50);
	expect_row(table, 3, 0, 1, 3, 100);
	hs_table_destroy(table);
	hs_places_deinit(&places);
}

/* Nothing moved, or something else was decided: no rows. */
static void others_are_passed_over(void **state)
{
	struct hs_places_setup setup = { .end_time = SECOND, .columns = 4, .max_rows = 4 };
	struct hs_decision decision = { .point = HS_POINT_SVM_FAULT, .result = "to_vram", .subject_end = BLOCK };
	struct hs_outcome outcome = { .modelled = &decision };
	struct hs_places places = { 0 };
	struct hs_table *table;

	(void)state;
	assert_int_equal(hs_places_add(&places, &outcome), 0);
	table = hs_places_table(&places, &setup);
	assert_int_equal(hs_table_nr_rows(table), 0);
	hs_table_destroy(table);
	hs_places_deinit(&places);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_rows), cmocka_unit_test(many_blocks_share_rows),
		cmocka_unit_test(others_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
