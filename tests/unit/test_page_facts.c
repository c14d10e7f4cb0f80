// SPDX-License-Identifier: GPL-2.0-only
/* Facts of pages as bitmaps; expected values by hand from mm/khugepaged.c's tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/page_facts.h"

enum { GOOD = HS_PAGE_IS_KNOWN | HS_PAGE_LRU | HS_PAGE_ANON | HS_PAGE_SWAP_BACKED };

static struct hs_record_ptes record;
static struct hs_page_planes planes;

static void start(void)
{
	memset(&record, 0, sizeof(record));
	record.has_pages = 1;
}

static void put(unsigned int i, uint64_t frame, uint32_t fact)
{
	record.entries[i] = frame << 12 | 0x67;
	record.pages[i] = fact;
}

static uint32_t with(uint32_t fact, unsigned int order, unsigned int node, unsigned int refs)
{
	return fact | order << HS_PAGE_ORDER_SHIFT | node << HS_PAGE_NODE_SHIFT | (uint32_t)refs << HS_PAGE_REFS_SHIFT;
}

static void expect_only(const struct hs_bitmap512 *plane, unsigned int i)
{
	assert_int_equal(hs_bitmap512_count(plane), 1);
	assert_true(hs_bitmap512_test(plane, i));
}

static void test_flags(void **state)
{
	(void)state;
	start();
	put(0, 100, GOOD);
	put(1, 101, GOOD & ~HS_PAGE_LRU);
	put(2, 102, GOOD | HS_PAGE_LOCKED);
	put(3, 103, GOOD & ~HS_PAGE_ANON);
	put(4, 104, GOOD & ~HS_PAGE_SWAP_BACKED);
	put(5, 105, GOOD | HS_PAGE_REFERENCED);
	put(6, 106, GOOD | HS_PAGE_SHARED);
	assert_true(hs_page_facts_fold(&record, &planes));
	expect_only(&planes.off_lru, 1);
	expect_only(&planes.locked, 2);
	expect_only(&planes.not_anon, 3);
	expect_only(&planes.lazyfree, 4);
	expect_only(&planes.referenced, 5);
	expect_only(&planes.shared, 6);
	assert_true(hs_bitmap512_is_empty(&planes.pinned) && hs_bitmap512_is_empty(&planes.large));
	assert_int_equal(planes.nr_nodes, 0);
}

static void test_references(void **state)
{
	(void)state;
	start();
	put(0, 100, with(GOOD, 0, 0, 1));				/* pinned */
	put(1, 101, with(GOOD | HS_PAGE_SWAP_CACHE, 0, 0, 1));		/* the swap cache's own */
	put(2, 102, with(GOOD | HS_PAGE_SWAP_CACHE, 0, 0, 2));		/* and another */
	put(3, 512, with(GOOD | HS_PAGE_SWAP_CACHE, 9, 0, 512));	/* one for each page of the folio */
	put(4, 1024, with(GOOD, 9, 0, HS_PAGE_MAX_REFS));		/* out of range either way */
	assert_true(hs_page_facts_fold(&record, &planes));
	assert_int_equal(planes.pinned.word[0], 1 << 0 | 1 << 2 | 1 << 4);
	assert_int_equal(planes.swap_cache.word[0], 1 << 1 | 1 << 2 | 1 << 3);
	assert_int_equal(planes.large.word[0], 1 << 3 | 1 << 4);
}

static void test_repetition_and_nodes(void **state)
{
	(void)state;
	start();
	put(0, 1024, with(GOOD, 9, 2, 0));
	put(1, 1025, with(GOOD, 9, 2, 0));		/* the same folio of 512 pages */
	put(2, 7, GOOD);
	put(3, 7, with(GOOD | HS_PAGE_SHARED, 0, 1, 0));	/* the same page (KSM) */
	record.entries[4] = ~(8ull << 12) & 0x000ffffffffff000ull;	/* PROT_NONE: frame inverted */
	record.entries[4] |= 0x100;
	record.pages[4] = GOOD;
	put(5, 8, GOOD);
	assert_true(hs_page_facts_fold(&record, &planes));
	expect_only(&planes.same_folio, 1);
	assert_int_equal(planes.repeated.word[0], 1 << 3 | 1 << 5);
	assert_int_equal(planes.nr_nodes, 2);
	expect_only(&planes.node[0], 3);
	assert_int_equal(planes.node[1].word[0], 3);
}

static void test_what_is_not_known(void **state)
{
	(void)state;
	start();
	put(9, 1024, with(GOOD | HS_PAGE_UNCOUNTED, 9, 0, 0));
	assert_false(hs_page_facts_fold(&record, &planes));
	start();
	put(9, 1024, with(GOOD, 0, HS_PAGE_MAX_NODE, 0));
	assert_false(hs_page_facts_fold(&record, &planes));
	start();
	record.has_pages = 0;
	assert_false(hs_page_facts_fold(&record, &planes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_repetition_and_nodes),
		cmocka_unit_test(test_what_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
