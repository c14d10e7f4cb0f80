// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/pte_fold.h"

enum {
	PRESENT = 1 << 0, RW = 1 << 1, ACCESSED = 1 << 5, DIRTY = 1 << 6, PROTNONE = 1 << 8, SPECIAL = 1 << 9,
	UFFD_WP = 1 << 10, SWAP_UFFD_WP = 1 << 2, SWAP_TYPE_SHIFT = 59, MARKER_UFFD_WP = 1 << 0,
	MARKER_POISONED = 1 << 1,
	SWAP_OFFSET_SHIFT = 9, SWAP_TYPE_BITS = 5,
};
#define SAVED_DIRTY (1ull << 58)

/* The offset of a swap entry lies inverted in bits 9…58 (L1TF). */
static uint64_t swap_offset(uint64_t entry)
{
	return (~entry << SWAP_TYPE_BITS) >> (SWAP_TYPE_BITS + SWAP_OFFSET_SHIFT);
}

static void fold_present(uint64_t entry, unsigned int i, const struct hs_pte_facts *facts,
			 struct hs_pte_planes *planes)
{
	bool is_shadow_stack = facts->has_saved_dirty && !(entry & RW) && (entry & DIRTY);

	if (entry & SPECIAL)
		hs_bitmap512_set(&planes->zero, i);
	if (entry & ACCESSED)
		hs_bitmap512_set(&planes->young, i);
	if ((entry & DIRTY) || (facts->has_saved_dirty && (entry & SAVED_DIRTY)))
		hs_bitmap512_set(&planes->dirty, i);
	if ((entry & RW) || is_shadow_stack)
		hs_bitmap512_set(&planes->writable, i);
	if (entry & UFFD_WP)
		hs_bitmap512_set(&planes->uffd_wp, i);
}

static void fold_swap(uint64_t entry, unsigned int i, const struct hs_pte_facts *facts, struct hs_pte_planes *planes)
{
	const uint64_t type = entry >> SWAP_TYPE_SHIFT;
	const bool is_marker = facts->marker_type >= 0 && type == (uint64_t)facts->marker_type;

	hs_bitmap512_set(&planes->swap, i);
	if ((facts->hwpoison_type >= 0 && type == (uint64_t)facts->hwpoison_type) ||
	    (is_marker && (swap_offset(entry) & MARKER_POISONED)))
		hs_bitmap512_set(&planes->poisoned, i);
	if (is_marker)
		hs_bitmap512_set(&planes->marker, i);
	if ((entry & SWAP_UFFD_WP) || (is_marker && (swap_offset(entry) & MARKER_UFFD_WP)))
		hs_bitmap512_set(&planes->uffd_wp, i);
}

void hs_pte_fold(const uint64_t entries[HS_BITMAP512_BITS], const struct hs_pte_facts *facts,
		 struct hs_pte_planes *planes)
{
	*planes = (struct hs_pte_planes){ 0 };
	for (unsigned int i = 0; i < HS_BITMAP512_BITS; i++) {
		uint64_t entry = entries[i];

		/* Processors may set the accessed and dirty bits of an empty entry (pte_none). */
		if (!(entry & ~(uint64_t)(ACCESSED | DIRTY)))
			hs_bitmap512_set(&planes->none, i);
		else if (entry & (PRESENT | PROTNONE))
			fold_present(entry, i, facts, planes);
		else
			fold_swap(entry, i, facts, planes);
	}
}
