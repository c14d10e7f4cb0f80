/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PTE_FOLD_H
#define HS_PTE_FOLD_H
/*
 * A raw x86-64 page-table page as bitmaps: the probe ships the 512 entries as they are, their meaning is
 * worked out here. Bit positions: arch/x86/include/asm/pgtable_types.h, pgtable_64.h (swap forms).
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/bitmap512.h"

struct hs_pte_facts {
	bool has_saved_dirty;		/* bit 58 holds the dirty bit of read-only entries (shadow stacks, since 6.6) */
	int32_t marker_type;		/* swap type of PTE markers, -1: unknown or none */
	int32_t hwpoison_type;		/* swap type of hwpoison entries, -1: unknown or none */
};

struct hs_pte_planes {
	struct hs_bitmap512 none, zero, swap, young, dirty, writable, uffd_wp, marker, poisoned;
};

void hs_pte_fold(const uint64_t entries[HS_BITMAP512_BITS], const struct hs_pte_facts *facts,
		 struct hs_pte_planes *planes);

#endif
