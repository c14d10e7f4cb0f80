// SPDX-License-Identifier: GPL-2.0-only
/* What a free run is told of pages: the last word before a time, or the first one after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

/* Said before the pages went and again of those that came: not void. */
static void test_said_again(void **state)
{
	struct hs_page_memory memory = { .mms = { 0 } };
	struct hs_bitmap512 pinned;

	(void)state;
	note(&memory, 100, 10, 5);
	note(&memory, 300, 10, 5);
	note(&memory, 900, 10, 6);
	hs_page_memory_drop(&memory, 200, MM, base, base + (1ull << 21));
	pinned = pinned_at(&memory, 250, 10);
	assert_true(hs_bitmap512_test(&pinned, 5) && !hs_bitmap512_test(&pinned, 6));
	hs_page_memory_deinit(&memory);
}

/* On its way to the LRU: held for a moment, not pinned. */
static void test_on_the_way_to_the_lru(void **state)
{
	struct hs_page_memory memory = { .mms = { 0 } };
	struct hs_pte_map ptes = pages(10);
	struct hs_bitmap512 pinned;

	(void)state;
	hs_bitmap512_set_in(&ptes.plane[HS_PTE_EXTRA_REF], 4, 6);
	hs_bitmap512_set(&ptes.plane[HS_PTE_OFF_LRU], 4);
	assert_int_equal(hs_page_memory_note(&memory, 100, MM, base, &ptes), 0);
	pinned = pinned_at(&memory, 100, 10);
	assert_true(hs_bitmap512_test(&pinned, 5) && !hs_bitmap512_test(&pinned, 4));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_pages_that_go),
		cmocka_unit_test(test_said_again),
		cmocka_unit_test(test_on_the_way_to_the_lru),
		cmocka_unit_test(test_accessed_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
