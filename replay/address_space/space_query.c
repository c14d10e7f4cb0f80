// SPDX-License-Identifier: GPL-2.0-only
/* What other models ask: address_space.h. */
#include <string.h>

#include "replay/address_space/space_state.h"

const struct hs_mm *hs_address_space_mm(const struct hs_address_space *space, uint32_t id)
{
	const uint64_t *found = hs_hash_map_get(&space->mms, id);

	return found ? (const struct hs_mm *)(uintptr_t)*found : NULL;
}

bool hs_address_space_has_ended(const struct hs_address_space *space, uint32_t id)
{
	return hs_hash_map_get(&space->ended, id) != NULL;
}

const struct hs_mm *hs_address_space_first_mm(const struct hs_address_space *space)
{
	return space->first;
}

const struct hs_mm *hs_mm_next(const struct hs_mm *mm)
{
	return mm->next;
}

uint32_t hs_mm_id(const struct hs_mm *mm)
{
	return mm->id;
}

bool hs_mm_is_layout_known(const struct hs_mm *mm)
{
	return mm->has_layout && !mm->space->layouts_are_assumed;
}

unsigned int hs_mm_thp_disable(const struct hs_mm *mm)
{
	return mm->thp_disable;
}

const struct hs_mm_counters *hs_mm_counters(const struct hs_mm *mm)
{
	return &mm->counters;
}

uint64_t hs_mm_layout_generation(const struct hs_mm *mm)
{
	return mm->layout_generation;
}

const struct hs_vma *hs_mm_vma_at(const struct hs_mm *mm, uint64_t address)
{
	return hs_mm_first_overlap(mm, address, address + 1);
}

const struct hs_vma *hs_mm_vma_from(const struct hs_mm *mm, uint64_t address)
{
	return hs_mm_first_overlap(mm, address, UINT64_MAX);
}

const struct hs_vma *hs_vma_next(const struct hs_vma *vma)
{
	return hs_vma_next_in(vma);
}

uint64_t hs_mm_next_slot(const struct hs_mm *mm, uint64_t from, uint64_t to)
{
	return hs_slot_table_next(&mm->slots, from, to);
}

static bool is_known_whole(const struct hs_mm *mm, const struct hs_slot_record *record)
{
	return record && !mm->space->are_faults_unseen && record->generation == mm->space->loss_generation;
}

/* Absent pages of mappings that lived through a loss of faults may have been touched in it. */
static void add_unseen(const struct hs_mm *mm, uint64_t slot, const struct hs_slot_record *record,
		       struct hs_bitmap512 *unknown)
{
	uint32_t now = mm->space->loss_generation;
	const struct hs_vma *vma;

	if (is_known_whole(mm, record))
		return;
	vma = hs_mm_first_overlap(mm, slot, slot + HS_SLOT_BYTES);
	for (; vma && vma->node.start < slot + HS_SLOT_BYTES; vma = hs_vma_next_in(vma)) {
		uint64_t from = vma->node.start > slot ? (vma->node.start - slot) >> HS_PAGE_SHIFT : 0;
		uint64_t to = vma->node.end - slot < HS_SLOT_BYTES ? (vma->node.end - slot) >> HS_PAGE_SHIFT :
			      HS_PAGES_PER_SLOT;

		if (mm->space->are_faults_unseen || vma->generation != now)
			hs_bitmap512_set_in(unknown, (unsigned int)from, (unsigned int)to);
	}
}

static void copy_planes(const struct hs_planes *planes, struct hs_slot *slot)
{
	slot->present = planes->plane[HS_PLANE_PRESENT];
	slot->swap = planes->plane[HS_PLANE_SWAP];
	slot->marker = planes->plane[HS_PLANE_MARKER];
	slot->zero = planes->plane[HS_PLANE_ZERO];
	slot->file = planes->plane[HS_PLANE_FILE];
	slot->exclusive = planes->plane[HS_PLANE_EXCLUSIVE];
	slot->writable = planes->plane[HS_PLANE_WRITABLE];
	slot->young = planes->plane[HS_PLANE_YOUNG];
	slot->dirty = planes->plane[HS_PLANE_DIRTY];
	slot->unknown = planes->plane[HS_PLANE_UNKNOWN];
}

void hs_mm_get_slot(const struct hs_mm *mm, uint64_t address, struct hs_slot *slot)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, address);
	struct hs_planes planes;

	memset(slot, 0, sizeof(*slot));
	if (record) {
		hs_record_unpack(&mm->space->pages, record, &planes);
		copy_planes(&planes, slot);
		slot->kind = (enum hs_slot_kind)record->kind;
	}
	add_unseen(mm, address & ~(HS_SLOT_BYTES - 1), record, &slot->unknown);
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		slot->unknown.word[i] &= ~(slot->present.word[i] | slot->swap.word[i] | slot->marker.word[i]);
	slot->basis = !hs_mm_is_layout_known(mm) ? HS_BASIS_ASSUMED :
		      hs_bitmap512_is_empty(&slot->unknown) ? HS_BASIS_EXACT : HS_BASIS_BOUNDED;
}

struct hs_slot_counts hs_mm_count_slot(const struct hs_mm *mm, uint64_t address)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, address);
	struct hs_slot slot;

	if (is_known_whole(mm, record))
		return (struct hs_slot_counts){ (enum hs_slot_kind)record->kind, record->present, record->swap, record->zero,
						record->unknown };
	hs_mm_get_slot(mm, address, &slot);
	return (struct hs_slot_counts){ slot.kind, hs_bitmap512_count(&slot.present), hs_bitmap512_count(&slot.swap),
					hs_bitmap512_count(&slot.zero), hs_bitmap512_count(&slot.unknown) };
}
