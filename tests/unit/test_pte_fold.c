// SPDX-License-Identifier: GPL-2.0-only
/* Expected values by hand from the bit definitions of arch/x86. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/pte_fold.h"

static struct hs_pte_planes fold_one(uint64_t entry, bool has_saved_dirty)
{
	static uint64_t entries[HS_BITMAP512_BITS];
	struct hs_pte_facts facts = { .has_saved_dirty = has_saved_dirty, .marker_type = 30, .hwpoison_type = -1 };
	struct hs_pte_planes planes;

	entries[77] = entry;
	hs_pte_fold(entries, &facts, &planes);
	assert_int_equal(hs_bitmap512_count(&planes.none), hs_bitmap512_test(&planes.none, 77) ? 512 : 511);
	return planes;
}

#define IS(plane) hs_bitmap512_test(&planes.plane, 77)

static void test_present_entries(void **state)
{
	struct hs_pte_planes planes = fold_one(0x8000000123456067, false);	/* young dirty writable user */

	(void)state;
	assert_true(IS(young) && IS(dirty) && IS(writable));
	assert_false(IS(none) || IS(swap) || IS(zero) || IS(uffd_wp));
	planes = fold_one(0x8000000123456025 | 1 << 9, false);			/* zero page */
	assert_true(IS(zero) && IS(young));
	assert_false(IS(writable) || IS(dirty));
	planes = fold_one(0x100, false);					/* PROT_NONE is present */
	assert_false(IS(none) || IS(swap));
	planes = fold_one(0x123456001 | 1 << 10, false);
	assert_true(IS(uffd_wp));
}

static void test_dirty_bit_of_read_only_entries(void **state)
{
	uint64_t saved = 0x123456005 | 1ull << 58;
	struct hs_pte_planes planes = fold_one(saved, true);

	(void)state;
	assert_true(IS(dirty));
	assert_false(IS(writable));
	planes = fold_one(saved, false);
	assert_false(IS(dirty));
	planes = fold_one(0x123456045, true);	/* shadow stack: writable in its own way */
	assert_true(IS(writable));
	planes = fold_one(0x123456045, false);
	assert_false(IS(writable));
}

static void test_empty_and_swap_entries(void **state)
{
	struct hs_pte_planes planes = fold_one(0x60, false);	/* stray accessed and dirty bits */

	(void)state;
	assert_true(IS(none));
	planes = fold_one(2ull << 59 | 0x3fffffffffe00, false);
	assert_true(IS(swap));
	assert_false(IS(marker) || IS(uffd_wp));
	planes = fold_one(2ull << 59 | 1 << 2 | 1 << 9, false);
	assert_true(IS(swap) && IS(uffd_wp));
	/* A marker with offset 1, stored inverted: bit 9 is clear, bits 10 to 58 are set. */
	planes = fold_one(30ull << 59 | ((1ull << 59) - (1ull << 10)), false);
	assert_true(IS(swap) && IS(marker) && IS(uffd_wp));
	planes = fold_one(30ull << 59 | (((1ull << 59) - (1ull << 9)) & ~(1ull << 10)), false);	/* offset 2: poison */
	assert_true(IS(marker));
	assert_false(IS(uffd_wp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_present_entries),
		cmocka_unit_test(test_dirty_bit_of_read_only_entries),
		cmocka_unit_test(test_empty_and_swap_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
