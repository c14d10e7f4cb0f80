// SPDX-License-Identifier: GPL-2.0-only
/* Which sections operations on mappings open: mm/huge_memory.c, mm/mprotect.c, mm/mremap.c. */
#include "replay/address_space/space_state.h"

#define P4D_BYTES (1ull << 39)		/* what one entry of the top level maps (x86-64, four levels) */

static uint64_t slot_down(uint64_t address)
{
	return address & ~(HS_SLOT_BYTES - 1);
}

static bool is_huge(const struct hs_slot_record *record)
{
	return record && record->kind >= HS_SLOT_HUGE_ANON && record->kind <= HS_SLOT_MAYBE_HUGE;
}

static enum hs_basis basis_of(const struct hs_slot_record *record)
{
	return record && record->kind == HS_SLOT_MAYBE_HUGE ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
}

/* The pages keep all their marks; which of them belong to one folio is noted. */
static void become_table(struct hs_mm *mm, uint64_t slot)
{
	bool is_new;
	struct hs_slot_record *record = hs_slot_table_own(&mm->slots, &mm->space->pages, slot, &is_new);

	if (!record)
		return;
	record->is_of_folio = record->kind == HS_SLOT_HUGE_ANON || (record->kind == HS_SLOT_MAYBE_HUGE && !record->zero);
	record->kind = HS_SLOT_TABLE;
}

/* __split_huge_pmd. */
void hs_mm_split_huge(struct hs_mm *mm, uint64_t slot)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, slot);

	if (!is_huge(record))
		return;
	hs_section_note(mm, HS_SECTION_CLEAR, slot, slot + HS_SLOT_BYTES, HS_RULE_SPLIT_HUGE, basis_of(record));
	become_table(mm, slot);
}

/* unmap_folio: the pages are unmapped for the time of the split, and are small ones then, or the zero page. */
static void split_folio(struct hs_mm *mm, uint64_t slot)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, slot);
	struct hs_slot_record *now;
	bool is_new;

	if (!is_huge(record) || !hs_record_has(record, HS_PLANE_BIT(EXCLUSIVE)))
		return;
	if (mm->space->variant.splits_before_unmap)
		hs_section_note(mm, HS_SECTION_CLEAR, slot, slot + HS_SLOT_BYTES, HS_RULE_SPLIT_HUGE, basis_of(record));
	hs_section_note(mm, HS_SECTION_CLEAR, slot, slot + HS_SLOT_BYTES, HS_RULE_SPLIT_FOLIO, basis_of(record));
	become_table(mm, slot);
	if (mm->space->variant.splits_to_zero_pages && mm->space->maps_zero_page)
		hs_mm_make_unknown(mm, slot, slot + HS_SLOT_BYTES);
	now = hs_slot_table_own(&mm->slots, &mm->space->pages, slot, &is_new);
	if (!now)
		return;
	now->is_of_folio = false;
	now->has_zeros = mm->space->variant.splits_to_zero_pages;
}

static void split_edges(struct hs_mm *mm, uint64_t start, uint64_t end, void (*split)(struct hs_mm *, uint64_t))
{
	if (start % HS_SLOT_BYTES)
		split(mm, slot_down(start));
	if (end % HS_SLOT_BYTES && (slot_down(end) != slot_down(start) || !(start % HS_SLOT_BYTES)))
		split(mm, slot_down(end));
}

void hs_mm_split_edges(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	split_edges(mm, start, end, hs_mm_split_huge);
}

void hs_mm_split_folios(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	split_edges(mm, start, end, split_folio);
}

/* split_huge_pmd_if_needed, split_huge_pmd_address: opened whether the slot is huge or not. */
void hs_section_boundary(struct hs_mm *mm, uint64_t start, uint64_t end, uint64_t address)
{
	uint64_t slot = slot_down(address);
	const struct hs_slot_record *record;

	if (address == slot || slot < start || slot + HS_SLOT_BYTES > end || !hs_upper_has(&mm->slots.upper, address))
		return;
	record = hs_slot_table_find(&mm->slots, &mm->space->pages, slot);
	hs_section_note(mm, HS_SECTION_CLEAR, slot, slot + HS_SLOT_BYTES, HS_RULE_BOUNDARY, HS_BASIS_EXACT);
	if (is_huge(record))
		become_table(mm, slot);
}

/* change_pmd_range of older kernels: one section a GiB, from the first page table or huge page on. */
static void protect_by_gib(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	uint64_t at = start, next, slot;

	for (; at < end; at = next) {
		next = (at & ~(HS_UPPER_BYTES - 1)) + HS_UPPER_BYTES;
		next = next < end ? next : end;
		slot = hs_slot_table_next(&mm->slots, at, next);
		if (slot != UINT64_MAX)
			hs_section_note(mm, HS_SECTION_PROTECTION_VMA, slot > at ? slot : at, next,
					HS_RULE_CHANGE_PROTECTION, HS_BASIS_EXACT);
	}
}

/* change_pud_range: one section for what a top-level entry maps, from the first GiB with a table on. */
static void protect_by_p4d(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	uint64_t at = start, next, gib;

	for (; at < end; at = next) {
		next = (at & ~(P4D_BYTES - 1)) + P4D_BYTES;
		next = next < end ? next : end;
		gib = hs_upper_next(&mm->slots.upper, at, next);
		if (gib != UINT64_MAX)
			hs_section_note(mm, HS_SECTION_PROTECTION_VMA, gib > at ? gib : at, next,
					HS_RULE_CHANGE_PROTECTION, HS_BASIS_EXACT);
	}
}

void hs_section_protect(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	if (mm->space->variant.protects_by_mapping)
		hs_section_note(mm, HS_SECTION_PROTECTION_VMA, start, end, HS_RULE_CHANGE_PROTECTION, HS_BASIS_EXACT);
	else if (mm->space->variant.protects_by_gib)
		protect_by_gib(mm, start, end);
	else
		protect_by_p4d(mm, start, end);
}

/* can_align_down: the address begins its mapping, and nothing is mapped between it and its slot's start. */
static bool may_align_down(const struct hs_mm *mm, uint64_t address)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, address, address + 1);

	return vma && vma->node.start == address && !hs_mm_first_overlap(mm, slot_down(address), address);
}

uint64_t hs_move_start(const struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes)
{
	uint64_t offset = from % HS_SLOT_BYTES;

	if (!mm->space->variant.moves_realign || !offset || to % HS_SLOT_BYTES != offset ||
	    bytes < HS_SLOT_BYTES - offset || !may_align_down(mm, from) || !may_align_down(mm, to))
		return from;
	return from - offset;
}

/* End of the piece that one step of move_page_tables takes: both slots bound it, and how long it may take. */
static uint64_t end_of_extent(uint64_t at, uint64_t to, uint64_t end)
{
	enum { LATENCY_LIMIT = 64 * HS_PAGE_BYTES };
	uint64_t bytes = slot_down(at) + HS_SLOT_BYTES - at, room = slot_down(to) + HS_SLOT_BYTES - to;

	bytes = room < bytes ? room : bytes;
	bytes = bytes < LATENCY_LIMIT ? bytes : LATENCY_LIMIT;
	return bytes < end - at ? at + bytes : end;
}

void hs_section_move_extents(struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes)
{
	uint64_t end = from + bytes, at = from, next;
	uint64_t slot = hs_slot_table_next(&mm->slots, from, end);

	for (; slot != UINT64_MAX; slot = hs_slot_table_next(&mm->slots, slot + HS_SLOT_BYTES, end)) {
		hs_mm_split_huge(mm, slot);
		for (at = slot > from ? slot : from; at < end && at < slot + HS_SLOT_BYTES; at = next) {
			next = end_of_extent(at, to + (at - from), end);
			hs_section_note(mm, HS_SECTION_UNMAP, at, next, HS_RULE_MOVE_TABLES, HS_BASIS_EXACT);
		}
	}
}
