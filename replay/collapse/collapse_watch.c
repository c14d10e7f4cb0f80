// SPDX-License-Identifier: GPL-2.0-only
/* What programs do, under a policy: registrations, huge faults, splits. */
#include "replay/collapse/collapse_whatif.h"
#include "replay/collapse/fault_rules.h"

uint64_t hs_collapse_whatif_key(uint32_t mm, uint64_t address)
{
	return (uint64_t)mm << 36 | address >> HS_SLOT_SHIFT;
}

void hs_collapse_whatif_wake(struct hs_collapse_whatif *whatif)
{
	if (whatif->daemon.state == HS_KHUGEPAGED_WAITING)
		whatif->wake_at = whatif->model->now + hs_collapse_whatif_sleep_ns(whatif, 0);
	hs_collapse_whatif_set_due(whatif);
}

static void enter(struct hs_collapse_whatif *whatif, uint32_t mm)
{
	if (!hs_khugepaged_is_registered(&whatif->daemon, mm))
		hs_khugepaged_enter(&whatif->daemon, mm);
	hs_collapse_whatif_wake(whatif);
}

void hs_collapse_whatif_register(struct hs_collapse_whatif *whatif, const struct hs_mm *mm, uint64_t start,
				 uint64_t end)
{
	const uint32_t id = hs_mm_id(mm);
	enum hs_thp_refusal why;

	for (const struct hs_vma *vma = hs_mm_vma_from(mm, start); vma && vma->node.start < end;
	     vma = hs_vma_next(vma)) {
		const struct hs_thp_vma thp = hs_whatif_vma_of(whatif, vma);

		if (hs_khugepaged_is_registered(&whatif->daemon, id))
			return;
		hs_khugepaged_enter_vma(&whatif->daemon, id, &thp, &why);
	}
	hs_collapse_whatif_wake(whatif);
}

static void mm_begins(void *context, uint32_t mm, uint32_t parent)
{
	struct hs_collapse_whatif *whatif = context;

	if (!parent)
		return;
	whatif->overlay.now = whatif->model->now;
	hs_thp_overlay_fork(&whatif->overlay, parent, mm);
	hs_khugepaged_fork(&whatif->daemon, parent, mm);
	hs_collapse_whatif_wake(whatif);
}

static void mm_ends(void *context, uint32_t mm)
{
	struct hs_collapse_whatif *whatif = context;

	whatif->overlay.now = whatif->model->now;
	hs_thp_overlay_end(&whatif->overlay, mm);
	hs_page_memory_end(&whatif->memory, mm);
	hs_khugepaged_exit(&whatif->daemon, mm);
}

/* A boundary that now lies inside a huge page splits it. */
static void check_boundary(struct hs_collapse_whatif *whatif, uint32_t id, uint64_t address)
{
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, id);
	const uint64_t slot = address & ~(HS_SLOT_BYTES - 1);
	const struct hs_vma *vma;

	if (address == slot || !hs_thp_overlay_is_huge(&whatif->overlay, id, slot))
		return;
	vma = mm ? hs_mm_vma_at(mm, slot) : NULL;
	if (!vma || vma->node.end < slot + HS_SLOT_BYTES)
		hs_thp_overlay_split(&whatif->overlay, id, slot);
}

/* vma_merge, vma_expand, do_brk_flags: a mapping that has grown by a neighbour may hold a range now. */
static void enter_merged(struct hs_collapse_whatif *whatif, uint32_t id, uint64_t start, uint64_t end)
{
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, id);
	const struct hs_vma *vma = mm ? hs_mm_vma_at(mm, start) : NULL;
	enum hs_thp_refusal why;
	struct hs_thp_vma thp;

	if (!vma || whatif->is_in_snapshot || (vma->node.start == start && vma->node.end <= end) ||
	    hs_khugepaged_is_registered(&whatif->daemon, id))
		return;
	thp = hs_whatif_vma_of(whatif, vma);
	if (hs_khugepaged_enter_merge(&whatif->daemon, id, &thp, &why) == HS_THP_ENTER_REGISTERED)
		hs_collapse_whatif_wake(whatif);
}

static void layout_changed(void *context, uint32_t mm, uint64_t start, uint64_t end)
{
	struct hs_collapse_whatif *whatif = context;

	whatif->overlay.now = whatif->model->now;
	check_boundary(whatif, mm, start);
	check_boundary(whatif, mm, end);
	enter_merged(whatif, mm, start, end);
}

static void pages_dropped(void *context, uint32_t mm, uint64_t start, uint64_t end)
{
	struct hs_collapse_whatif *whatif = context;

	whatif->overlay.now = whatif->model->now;
	hs_thp_overlay_drop(&whatif->overlay, mm, start, end);
	hs_page_memory_drop(&whatif->memory, whatif->model->now, mm, start, end);
}

static void pages_moved(void *context, uint32_t mm, uint64_t from, uint64_t to, uint64_t bytes)
{
	struct hs_collapse_whatif *whatif = context;

	whatif->overlay.now = whatif->model->now;
	hs_thp_overlay_move(&whatif->overlay, mm, from, to, bytes);
	hs_page_memory_drop(&whatif->memory, whatif->model->now, mm, from, from + bytes);
	hs_page_memory_drop(&whatif->memory, whatif->model->now, mm, to, to + bytes);
}

/* Found in a snapshot: as it is, whatever the policy would have made of it. */
static void take_found(struct hs_collapse_whatif *whatif, const struct hs_mm *mm, uint64_t address)
{
	const uint32_t id = hs_mm_id(mm);

	if (hs_mm_count_slot(mm, address).kind == HS_SLOT_HUGE_ANON)
		hs_thp_overlay_make_huge(&whatif->overlay, id, address);
	else
		hs_hash_map_put(&whatif->populated, hs_collapse_whatif_key(id, address), whatif->model->now);
}

/* The first page of a slot: the fault that a huge page could have served. */
static void slot_populated(void *context, uint32_t id, uint64_t address, bool had_table)
{
	struct hs_collapse_whatif *whatif = context;
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, id);
	const struct hs_vma *vma = mm ? hs_mm_vma_at(mm, address) : NULL;
	struct hs_fault_request request = {
		.rules = &whatif->model->rules, .tunables = &whatif->model->tunables, .address = address,
		.is_write = true, .alloc_fails = whatif->is_memory_short, .pmd_is_none = true,
	};
	struct hs_fault_outcome outcome;
	struct hs_whatif_mm *sums;
	struct hs_thp_vma thp;
	uint64_t value;

	/* Where the policy has left a table too, a huge page cannot follow. */
	if (!hs_hash_map_remove(&whatif->vanished, hs_collapse_whatif_key(id, address), &value) && had_table)
		return;
	if (vma && vma->kind == HS_VMA_SHMEM && !whatif->is_in_snapshot)
		whatif->cache_faults += hs_whatif_cache_fault(whatif, id, address);
	if (!vma || vma->kind != HS_VMA_ANON || hs_thp_overlay_find(&whatif->overlay, id, address))
		return;
	whatif->overlay.now = whatif->model->now;
	if (whatif->is_in_snapshot) {
		take_found(whatif, mm, address);
		return;
	}
	thp = hs_thp_vma_of(vma, request.tunables);
	request.vma = &thp;
	request.mm_state = hs_thp_mm_state_of(mm);
	hs_fault_decide(&request, &outcome);
	if (outcome.registers)
		enter(whatif, id);
	whatif->fault_fallbacks += outcome.counts_fallback;
	if (outcome.kind == HS_FAULT_HUGE) {
		whatif->fault_huge++;
		if ((sums = hs_whatif_mms_get(&whatif->mms, id)))
			sums->fault_huge++;
		hs_thp_overlay_make_huge(&whatif->overlay, id, address);
	} else {
		hs_hash_map_put(&whatif->populated, hs_collapse_whatif_key(id, address), whatif->model->now);
	}
}

const struct hs_address_space_watcher hs_collapse_whatif_watcher = {
	.mm_begins = mm_begins, .mm_ends = mm_ends, .layout_changed = layout_changed, .pages_dropped = pages_dropped,
	.pages_moved = pages_moved, .slot_populated = slot_populated,
};
