// SPDX-License-Identifier: GPL-2.0-only
/* Bounds of memory that large address spaces must keep; times are benchmarks (tests/bench/space.bench). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/bench/space_scale.h"

static uint64_t bytes_of(const struct scale *scale)
{
	return hs_page_store_bytes(scale_pages(scale));
}

/* As 25 M of the pages of 100 GiB: 95 % of each slot, in an order in which neighbours are far apart. */
static void test_full_slots_cost_at_most_160_bytes(void **state)
{
	enum { SLOTS = 256, PAGES = SLOTS * 512, TOUCHED = PAGES / 100 * 95 };
	struct scale scale;

	(void)state;
	scale_init(&scale);
	scale_map(&scale, 1, SLOTS * HS_SLOT_BYTES);
	for (uint64_t i = 0; i < TOUCHED; i++)
		scale_touch(&scale, 1, scale_page(i, PAGES), true);
	print_message("%.1f bytes per 2 MiB\n", (double)bytes_of(&scale) / SLOTS);
	assert_true(bytes_of(&scale) <= 160 * SLOTS);
	for (uint64_t i = TOUCHED; i < PAGES; i++)
		scale_touch(&scale, 1, scale_page(i, PAGES), true);
	assert_int_equal(bytes_of(&scale), 32 * SLOTS);		/* all alike */
	scale_deinit(&scale);
}

/* Every plane unlike every other: reads, writes, copies, guards, swapped and aged pages in one slot. */
static void test_no_slot_costs_more_than_1_kib(void **state)
{
	/* FREE, COLD, PAGEOUT, DONTNEED, GUARD_INSTALL */
	static const uint32_t advice[] = { 8, 20, 21, 4, 102 };
	struct scale scale;
	uint64_t worst = 0;

	(void)state;
	scale_init(&scale);
	scale_map(&scale, 1, HS_SLOT_BYTES);
	for (uint64_t i = 0; i < 4096; i++) {
		struct hs_mm_madvise row = { .addr = HS_SCALE_BASE + scale_page(i, 512) * HS_PAGE_BYTES,
					     .len = HS_PAGE_BYTES, .advice = advice[i / 7 % 5] };

		scale_touch(&scale, 1, scale_page(i * 3, 512), i % 3);
		if (i % 5 == 0)
			scale_give(&scale, HS_KIND_mm_madvise, &row, 1);
		if (i == 2048)
			scale_fork(&scale, 1, 2);
		if (scale_pages(&scale)->nr_records == 1 && bytes_of(&scale) > worst)
			worst = bytes_of(&scale);
	}
	print_message("at most %llu bytes\n", (unsigned long long)worst);
	assert_true(worst > 300 && worst <= 1024);
	scale_deinit(&scale);
}

/* 64 TiB with three pages: a loop over its pages would not end in a test's time. */
static void test_munmap_does_not_visit_pages(void **state)
{
	uint64_t bytes = 1ull << 46;
	struct scale scale;

	(void)state;
	scale_init(&scale);
	scale_map(&scale, 1, bytes);
	for (uint64_t i = 0; i < 3; i++)
		scale_touch(&scale, 1, i << 32, true);
	scale_unmap(&scale, 1, bytes);
	assert_int_equal(bytes_of(&scale), 0);
	assert_int_equal(hs_mm_counters(hs_address_space_first_mm(hs_address_space_of(scale.model)))->rss_anon, 0);
	scale_deinit(&scale);
}

/* Thousands of processes at once share their records until one writes. */
static void test_forks_share_until_written(void **state)
{
	enum { SLOTS = 4, CHILDREN = 3000 };
	struct scale scale;
	uint64_t before;

	(void)state;
	scale_init(&scale);
	scale_map(&scale, 1, SLOTS * HS_SLOT_BYTES);
	for (uint64_t i = 0; i < SLOTS * 512; i += 3)
		scale_touch(&scale, 1, i, true);
	scale_fork(&scale, 1, 2);
	before = bytes_of(&scale);
	for (uint32_t child = 3; child < 3 + CHILDREN; child++)
		scale_fork(&scale, 1, child);
	assert_int_equal(bytes_of(&scale), before);
	assert_int_equal(scale_pages(&scale)->nr_records, SLOTS);
	scale_touch(&scale, 77, 0, true);
	assert_int_equal(scale_pages(&scale)->nr_records, SLOTS + 1);
	for (uint32_t child = 3; child < 3 + CHILDREN; child++)
		scale_give(&scale, HS_KIND_mm_exit_mmap, &(struct hs_mm_exit_mmap){ .row.time = 0 }, child);
	assert_int_equal(scale_pages(&scale)->nr_records, SLOTS);
	scale_deinit(&scale);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_slots_cost_at_most_160_bytes),
		cmocka_unit_test(test_no_slot_costs_more_than_1_kib),
		cmocka_unit_test(test_munmap_does_not_visit_pages), cmocka_unit_test(test_forks_share_until_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
