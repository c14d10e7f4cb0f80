// SPDX-License-Identifier: GPL-2.0-only
/* What a free run is told of pages: the last word before a time, or the first one after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/collapse/collapse_pace.h"
#include "replay/collapse/page_memory.h"

enum { MM = 7 };
static const uint64_t base = 64ull << 21;

/* The first nr pages are there and accessed. */
static struct hs_pte_map pages(unsigned int nr)
{
	struct hs_pte_map ptes = { .plane = { { { 0 } } } };

	hs_bitmap512_set_in(&ptes.plane[HS_PTE_NONE], nr, HS_BITMAP512_BITS);
	hs_bitmap512_set_in(&ptes.plane[HS_PTE_YOUNG], 0, nr);
	return ptes;
}

static void note(struct hs_page_memory *memory, uint64_t time, unsigned int nr, unsigned int pinned)
{
	struct hs_pte_map ptes = pages(nr);

	hs_bitmap512_set(&ptes.plane[HS_PTE_EXTRA_REF], pinned);
	hs_bitmap512_clear(&ptes.plane[HS_PTE_YOUNG], 3);
	assert_int_equal(hs_page_memory_note(memory, time, MM, base, &ptes), 0);
}

/* Pinned pages that a range of nr pages is said to have at that time. */
static struct hs_bitmap512 pinned_at(const struct hs_page_memory *memory, uint64_t now, unsigned int nr)
{
	struct hs_pte_map ptes = pages(nr);

	hs_page_memory_apply(memory, now, MM, base, &ptes);
	return ptes.plane[HS_PTE_EXTRA_REF];
}

static void test_times(void **state)
{
	struct hs_page_memory memory = { .mms = { 0 } };
	struct hs_bitmap512 pinned;

	(void)state;
	note(&memory, 100, 10, 5);
	note(&memory, 200, 10, 5);	/* says the same */
	note(&memory, 300, 10, 6);
	pinned = pinned_at(&memory, 50, 10);
	assert_true(hs_bitmap512_test(&pinned, 5));
	pinned = pinned_at(&memory, 299, 10);
	assert_true(hs_bitmap512_test(&pinned, 5) && !hs_bitmap512_test(&pinned, 6));
	pinned = pinned_at(&memory, 300, 10);
	assert_true(hs_bitmap512_test(&pinned, 6));
	/* Of a page that is not there, nothing. */
	pinned = pinned_at(&memory, 300, 6);
	assert_true(hs_bitmap512_is_empty(&pinned));
	hs_page_memory_deinit(&memory);
}

static void test_pages_that_go(void **state)
{
	struct hs_page_memory memory = { .mms = { 0 } };
	struct hs_bitmap512 pinned;

	(void)state;
	note(&memory, 100, 10, 5);
	note(&memory, 300, 10, 6);
	hs_page_memory_drop(&memory, 200, MM, base, base + (1ull << 21));
	/* Void is what was said before; what is said later holds for what comes. */
	pinned = pinned_at(&memory, 250, 10);
	assert_true(hs_bitmap512_test(&pinned, 6) && !hs_bitmap512_test(&pinned, 5));
	hs_page_memory_drop(&memory, 400, MM, 0, 1ull << 47);
	pinned = pinned_at(&memory, 400, 10);
	assert_true(hs_bitmap512_is_empty(&pinned));
	note(&memory, 500, 10, 5);
	hs_page_memory_end(&memory, MM);
	pinned = pinned_at(&memory, 500, 10);
	assert_true(hs_bitmap512_is_empty(&pinned));
	hs_page_memory_deinit(&memory);
}

static void test_accessed_pages(void **state)
{
	struct hs_page_memory memory = { .mms = { 0 } };
	struct hs_pte_map ptes = pages(10);

	(void)state;
	note(&memory, 100, 10, 5);
	hs_page_memory_apply(&memory, 100, MM, base, &ptes);
	assert_int_equal(hs_bitmap512_count(&ptes.plane[HS_PTE_YOUNG]), 9);
	hs_page_memory_deinit(&memory);
}

static void scan(struct hs_collapse_pace *pace, uint64_t time, bool has_attempt)
{
	struct hs_collapse_huge_page attempt = { .row = { .time = time } };
	struct hs_collapse_scan done = { .row = { .time = time }, .is_khugepaged = 1 };
	struct hs_event event = { .kind = HS_KIND_collapse_huge_page, .row = &attempt.row };

	if (has_attempt)
		hs_collapse_pace_observe(pace, &event);
	event = (struct hs_event){ .kind = HS_KIND_collapse_scan, .row = &done.row };
	hs_collapse_pace_observe(pace, &event);
}

static void test_pace(void **state)
{
	static const char name[] = "transparent_hugepage/khugepaged/scan_sleep_millisecs";
	struct hs_snap_tunable setting = { .name = { name, sizeof(name) - 1 }, .value = { "100", 3 } };
	struct hs_event event = { .kind = HS_KIND_snap_tunable, .row = &setting.row };
	struct hs_collapse_pace pace = { .sleep_ns = 0 };
	const uint64_t ms = 1000000;

	(void)state;
	hs_collapse_pace_observe(&pace, &event);
	scan(&pace, 1000 * ms, false);
	scan(&pace, 1002 * ms, false);
	scan(&pace, 1004 * ms, false);
	scan(&pace, 1014 * ms, true);
	scan(&pace, 1134 * ms, false);		/* slept 100, and 20 more */
	scan(&pace, 3000 * ms, false);		/* had nothing to do */
	assert_int_equal(hs_collapse_pace_scan_ns(&pace), 2 * ms);
	assert_int_equal(hs_collapse_pace_attempt_ns(&pace), 10 * ms);
	assert_int_equal(hs_collapse_pace_pause_ns(&pace), 20 * ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_pages_that_go),
		cmocka_unit_test(test_accessed_pages),
		cmocka_unit_test(test_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
