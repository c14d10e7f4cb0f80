// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/thp_overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Slots of one mm: number of the slot → heap pointer. */
struct hs_thp_overlay_mm {
	struct hs_hash_map slots;
};

static uint64_t number_of(uint64_t address)
{
	return address >> HS_SLOT_SHIFT;
}

static struct hs_thp_overlay_mm *find_mm(const struct hs_thp_overlay *overlay, uint32_t mm)
{
	const uint64_t *value = hs_hash_map_get(&overlay->mms, mm);

	return value ? (struct hs_thp_overlay_mm *)(uintptr_t)*value : NULL;
}

static struct hs_thp_overlay_mm *get_mm(struct hs_thp_overlay *overlay, uint32_t mm)
{
	struct hs_thp_overlay_mm *found = find_mm(overlay, mm);

	if (found)
		return found;
	found = calloc(1, sizeof(*found));
	if (!found || hs_hash_map_put(&overlay->mms, mm, (uint64_t)(uintptr_t)found)) {
		free(found);
		return NULL;
	}
	return found;
}

struct hs_thp_slot *hs_thp_overlay_find(const struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address)
{
	const struct hs_thp_overlay_mm *of = find_mm(overlay, mm);
	const uint64_t *value = of ? hs_hash_map_get(&of->slots, number_of(address)) : NULL;

	return value ? (struct hs_thp_slot *)(uintptr_t)*value : NULL;
}

bool hs_thp_overlay_is_huge(const struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address)
{
	const struct hs_thp_slot *slot = hs_thp_overlay_find(overlay, mm, address);

	return slot && slot->is_huge;
}

static void end_huge(struct hs_thp_overlay *overlay, struct hs_thp_slot *slot)
{
	if (!slot->is_huge)
		return;
	slot->is_huge = false;
	overlay->huge--;
	overlay->huge_ns += overlay->now - slot->since;
	if (overlay->stopped)
		overlay->stopped(overlay->context, slot->mm, overlay->now - slot->since);
}

static void remove_slot(struct hs_thp_overlay *overlay, struct hs_thp_overlay_mm *of, uint64_t number)
{
	uint64_t value;

	if (!hs_hash_map_remove(&of->slots, number, &value))
		return;
	end_huge(overlay, (struct hs_thp_slot *)(uintptr_t)value);
	free((void *)(uintptr_t)value);
}

static struct hs_thp_slot *get_slot(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address)
{
	struct hs_thp_slot *slot = hs_thp_overlay_find(overlay, mm, address);
	struct hs_thp_overlay_mm *of;

	if (slot)
		return slot;
	of = get_mm(overlay, mm);
	slot = of ? calloc(1, sizeof(*slot)) : NULL;
	if (slot)
		slot->mm = mm;
	if (!slot || hs_hash_map_put(&of->slots, number_of(address), (uint64_t)(uintptr_t)slot)) {
		free(slot);
		return NULL;
	}
	return slot;
}

struct hs_thp_slot *hs_thp_overlay_make_huge(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address)
{
	struct hs_thp_slot *slot = get_slot(overlay, mm, address);

	if (!slot)
		return NULL;
	if (!slot->is_huge) {
		slot->since = overlay->now;
		overlay->huge++;
	}
	slot->is_huge = true;
	slot->is_shared = false;
	hs_bitmap512_set_in(&slot->filled, 0, HS_BITMAP512_BITS);
	return slot;
}

static void split_slot(struct hs_thp_overlay *overlay, struct hs_thp_slot *slot)
{
	overlay->splits += slot->is_huge;
	end_huge(overlay, slot);
}

void hs_thp_overlay_split(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address)
{
	struct hs_thp_slot *slot = hs_thp_overlay_find(overlay, mm, address);

	if (slot)
		split_slot(overlay, slot);
}

void hs_thp_overlay_empty(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address,
			  const struct hs_bitmap512 *pages)
{
	struct hs_thp_slot *slot = hs_thp_overlay_find(overlay, mm, address);

	if (!slot)
		return;
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		slot->filled.word[i] &= ~pages->word[i];
	if (hs_bitmap512_is_empty(&slot->filled))
		remove_slot(overlay, find_mm(overlay, mm), number_of(address));
	else
		split_slot(overlay, slot);
}

static void drop_part(struct hs_thp_overlay *overlay, struct hs_thp_overlay_mm *of, uint64_t number, uint64_t start,
		      uint64_t end)
{
	const uint64_t *value = hs_hash_map_get(&of->slots, number);
	const uint64_t base = number << HS_SLOT_SHIFT;
	struct hs_thp_slot *slot;

	if (!value)
		return;
	slot = (struct hs_thp_slot *)(uintptr_t)*value;
	hs_bitmap512_clear_in(&slot->filled, start > base ? (unsigned int)((start - base) >> HS_PAGE_SHIFT) : 0,
			      end < base + HS_SLOT_BYTES ? (unsigned int)((end - base) >> HS_PAGE_SHIFT) :
							   HS_BITMAP512_BITS);
	if (hs_bitmap512_is_empty(&slot->filled)) {
		if (slot->is_huge && overlay->vanished)
			overlay->vanished(overlay->context, slot->mm, base);
		remove_slot(overlay, of, number);
	} else {
		split_slot(overlay, slot);
	}
}

/* Numbers of the slots in use that overlap a range; few of them for large ranges of few slots. */
static void each_in(struct hs_thp_overlay *overlay, struct hs_thp_overlay_mm *of, uint64_t start, uint64_t end)
{
	const uint64_t first = number_of(start), last = number_of(end - 1);
	HS_VEC(uint64_t) numbers = { 0 };
	size_t at = 0;

	if (last - first < of->slots.count) {
		for (uint64_t number = first; number <= last; number++)
			drop_part(overlay, of, number, start, end);
		return;
	}
	for (struct hs_hash_slot *slot; (slot = hs_hash_map_next(&of->slots, &at));) {
		if (slot->key >= first && slot->key <= last && !hs_vec_push(&numbers, slot->key))
			break;
	}
	hs_vec_for_each(number, &numbers)
		drop_part(overlay, of, *number, start, end);
	hs_vec_deinit(&numbers);
}

void hs_thp_overlay_drop(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t start, uint64_t end)
{
	struct hs_thp_overlay_mm *of = find_mm(overlay, mm);

	if (of && of->slots.count && start < end)
		each_in(overlay, of, start, end);
}

void hs_thp_overlay_move(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t from, uint64_t to, uint64_t bytes)
{
	const bool is_aligned = ((from ^ to) & (HS_SLOT_BYTES - 1)) == 0;
	struct hs_thp_overlay_mm *of = find_mm(overlay, mm);
	uint64_t first = (from + HS_SLOT_BYTES - 1) & ~(HS_SLOT_BYTES - 1), value;

	if (!of || !of->slots.count)
		return;
	for (uint64_t at = first; is_aligned && at + HS_SLOT_BYTES <= from + bytes; at += HS_SLOT_BYTES) {
		if (!hs_hash_map_remove(&of->slots, number_of(at), &value))
			continue;
		remove_slot(overlay, of, number_of(at - from + to));
		if (hs_hash_map_put(&of->slots, number_of(at - from + to), value)) {
			end_huge(overlay, (struct hs_thp_slot *)(uintptr_t)value);
			free((void *)(uintptr_t)value);
		}
	}
	/* What does not move as a whole is split; its moved pages are the address space's alone. */
	hs_thp_overlay_drop(overlay, mm, from, from + bytes);
}

int hs_thp_overlay_fork(struct hs_thp_overlay *overlay, uint32_t parent, uint32_t child)
{
	const struct hs_thp_overlay_mm *of = find_mm(overlay, parent);
	size_t at = 0;

	for (struct hs_hash_slot *entry; of && (entry = hs_hash_map_next(&of->slots, &at));) {
		struct hs_thp_slot *old = (struct hs_thp_slot *)(uintptr_t)entry->value;
		struct hs_thp_slot *copy = get_slot(overlay, child, entry->key << HS_SLOT_SHIFT);

		if (!copy)
			return -ENOMEM;
		old->is_shared = true;
		*copy = *old;
		copy->mm = child;
		copy->since = overlay->now;
		overlay->huge += copy->is_huge;
		/* The list of mms may have moved. */
		of = find_mm(overlay, parent);
	}
	return 0;
}

static void free_mm(struct hs_thp_overlay *overlay, struct hs_thp_overlay_mm *of)
{
	size_t at = 0;

	for (struct hs_hash_slot *entry; (entry = hs_hash_map_next(&of->slots, &at));) {
		end_huge(overlay, (struct hs_thp_slot *)(uintptr_t)entry->value);
		free((void *)(uintptr_t)entry->value);
	}
	hs_hash_map_deinit(&of->slots);
	free(of);
}

void hs_thp_overlay_end(struct hs_thp_overlay *overlay, uint32_t mm)
{
	uint64_t value;

	if (hs_hash_map_remove(&overlay->mms, mm, &value))
		free_mm(overlay, (struct hs_thp_overlay_mm *)(uintptr_t)value);
}

void hs_thp_overlay_deinit(struct hs_thp_overlay *overlay)
{
	size_t at = 0;

	overlay->stopped = NULL;
	for (struct hs_hash_slot *entry; (entry = hs_hash_map_next(&overlay->mms, &at));)
		free_mm(overlay, (struct hs_thp_overlay_mm *)(uintptr_t)entry->value);
	hs_hash_map_deinit(&overlay->mms);
}

typedef void visit_slot(void *context, uint32_t mm, uint64_t address, const struct hs_thp_slot *slot);

static void visit_mm(const struct hs_thp_overlay_mm *of, uint32_t mm, visit_slot *visit, void *context)
{
	size_t at = 0;

	for (struct hs_hash_slot *slot; (slot = hs_hash_map_next(&of->slots, &at));)
		visit(context, mm, slot->key << HS_SLOT_SHIFT, (const struct hs_thp_slot *)(uintptr_t)slot->value);
}

void hs_thp_overlay_each(const struct hs_thp_overlay *overlay, uint32_t mm, visit_slot *visit, void *context)
{
	const struct hs_thp_overlay_mm *only = mm ? find_mm(overlay, mm) : NULL;
	size_t at = 0;

	if (only)
		visit_mm(only, mm, visit, context);
	if (mm)
		return;
	for (struct hs_hash_slot *entry; (entry = hs_hash_map_next(&overlay->mms, &at));)
		visit_mm((const struct hs_thp_overlay_mm *)(uintptr_t)entry->value, (uint32_t)entry->key, visit,
			 context);
}
