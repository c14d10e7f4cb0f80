// SPDX-License-Identifier: GPL-2.0-only
#include "replay/address_space/space_state.h"

#include <stdlib.h>

void hs_space_problem(struct hs_address_space *space, enum hs_space_problem problem, uint32_t mm, uint64_t address)
{
	uint64_t nr = 0;

	for (int i = 0; i < HS_NR_PROBLEMS; i++)
		nr += space->problems[i];
	if (nr < HS_PROBLEM_SENTENCES)
		space->sentences[nr] = (struct hs_space_sentence){ problem, space->kind, space->time, address, mm };
	space->problems[problem]++;
}

struct hs_mm *hs_space_find(struct hs_address_space *space, uint32_t id)
{
	const uint64_t *found;

	if (space->last_mm && space->last_mm->id == id)
		return space->last_mm;
	found = hs_hash_map_get(&space->mms, id);
	if (!found)
		return NULL;
	space->last_mm = (struct hs_mm *)(uintptr_t)*found;
	return space->last_mm;
}

static void link_mm(struct hs_address_space *space, struct hs_mm *mm)
{
	mm->prev = space->end;
	if (space->end)
		space->end->next = mm;
	else
		space->first = mm;
	space->end = mm;
}

static void unlink_mm(struct hs_address_space *space, struct hs_mm *mm)
{
	if (mm->prev)
		mm->prev->next = mm->next;
	else
		space->first = mm->next;
	if (mm->next)
		mm->next->prev = mm->prev;
	else
		space->end = mm->prev;
}

struct hs_mm *hs_space_add(struct hs_address_space *space, uint32_t id, uint32_t parent)
{
	struct hs_mm *mm = calloc(1, sizeof(*mm));

	if (!mm || hs_hash_map_put(&space->mms, id, (uintptr_t)mm)) {
		free(mm);
		hs_space_problem(space, HS_PROBLEM_MEMORY, id, 0);
		return NULL;
	}
	mm->id = id;
	mm->space = space;
	mm->kin = mm;
	link_mm(space, mm);
	space->last_mm = mm;
	hs_space_tell_begin(space, id, parent);
	return mm;
}

struct hs_mm *hs_space_get(struct hs_address_space *space, uint32_t id)
{
	struct hs_mm *mm = hs_space_find(space, id);

	if (mm || !id)
		return mm;
	if (hs_hash_map_get(&space->ended, id)) {
		hs_space_problem(space, HS_PROBLEM_DEAD_MM, id, 0);
		return NULL;
	}
	return hs_space_add(space, id, 0);
}

void hs_mm_join_kin(struct hs_mm *mm, struct hs_mm *parent)
{
	mm->kin = parent->kin;
	parent->kin = mm;
}

static void leave_kin(struct hs_mm *mm)
{
	struct hs_mm *before = mm->kin;

	while (before->kin != mm)
		before = before->kin;
	before->kin = mm->kin;
}

static bool maps_copied_page(const struct hs_mm *mm, uint64_t address)
{
	const struct hs_page_store *store = &mm->space->pages;
	const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, store, address);
	uint32_t planes = record ? hs_record_page(store, record, (address >> HS_PAGE_SHIFT) % HS_PAGES_PER_SLOT) : 0;

	if (record && record->kind == HS_SLOT_MAYBE_HUGE)
		return record->present > record->zero && !hs_record_has(record, HS_PLANE_BIT(EXCLUSIVE));
	return (planes & (HS_PLANE_BIT(PRESENT) | HS_PLANE_BIT(EXCLUSIVE) | HS_PLANE_BIT(ZERO) | HS_PLANE_BIT(FILE))) ==
	       HS_PLANE_BIT(PRESENT);
}

bool hs_mm_is_page_shared(const struct hs_mm *mm, uint64_t address)
{
	for (const struct hs_mm *other = mm->kin; other != mm; other = other->kin)
		if (maps_copied_page(other, address))
			return true;
	return false;
}

/* Without accounting: everything goes. */
static void free_mm(struct hs_address_space *space, struct hs_mm *mm)
{
	struct hs_range_node *node;

	while ((node = mm->vmas.root)) {
		hs_range_tree_erase(&mm->vmas, node);
		free(hs_vma_of(node));
	}
	hs_slot_table_deinit(&mm->slots, &space->pages);
	hs_slot_table_deinit(&mm->put_aside, &space->pages);
	free(mm);
}

void hs_space_end(struct hs_address_space *space, struct hs_mm *mm)
{
	uint32_t id = mm->id;

	leave_kin(mm);
	hs_hash_map_remove(&space->mms, id, NULL);
	unlink_mm(space, mm);
	if (space->last_mm == mm)
		space->last_mm = NULL;
	free_mm(space, mm);
	if (hs_hash_map_put(&space->ended, id, 1))
		hs_space_problem(space, HS_PROBLEM_MEMORY, id, 0);
	hs_space_tell_end(space, id);
}

void hs_space_deinit(struct hs_address_space *space)
{
	while (space->first) {
		struct hs_mm *mm = space->first;

		unlink_mm(space, mm);
		free_mm(space, mm);
	}
	hs_hash_map_deinit(&space->mms);
	hs_hash_map_deinit(&space->ended);
	hs_page_store_deinit(&space->pages);
	hs_vec_deinit(&space->watches);
	hs_vec_deinit(&space->log.sections);
	hs_pairing_deinit(&space->pairing);
}
