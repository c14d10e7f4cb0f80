// SPDX-License-Identifier: GPL-2.0-only
/* Page faults and recorded collapses. mm/memory.c, mm/huge_memory.c, mm/khugepaged.c. */
#include <string.h>

#include "replay/address_space/space_state.h"

enum { STACK_GUARD_PAGES = 256 };	/* stack_guard_gap's default */

static bool is_accessible(const struct hs_vma *vma)
{
	return vma->flags & (HS_VMA_RD | HS_VMA_WR | HS_VMA_EX);
}

/* acct_stack_growth. */
static bool may_grow(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t start)
{
	uint64_t pages = (vma->node.start - start) >> HS_PAGE_SHIFT;

	return vma->node.end - start <= hs_mm_stack_limit(mm) && hs_mm_may_expand(mm, vma->flags, pages) &&
	       hs_mm_may_lock_more(mm, vma->flags, pages);
}

/* expand_downwards: a stack grows within its limit and at a distance to what lies below. */
static struct hs_vma *grow_stack(struct hs_mm *mm, uint64_t address)
{
	struct hs_vma *vma = hs_mm_first_overlap(mm, address, UINT64_MAX), *below;
	uint64_t start = hs_page_down(address);

	if (!vma || !(vma->flags & HS_VMA_GD))
		return NULL;
	below = hs_vma_prev_in(vma);
	if (below && is_accessible(below) && !(below->flags & HS_VMA_GD) &&
	    start - below->node.end < (uint64_t)STACK_GUARD_PAGES << HS_PAGE_SHIFT)
		return NULL;
	hs_mm_prepare_anon_vma(mm, vma);	/* before the limits are looked at */
	if (!may_grow(mm, vma, start))
		return NULL;
	hs_mm_resize_vma(mm, vma, start, vma->node.end);
	hs_space_tell_layout(mm, start, vma->node.end);
	return vma;
}

/* Would the access be refused with a signal? Then nothing changes. */
static bool is_refused(const struct hs_vma *vma, bool is_write)
{
	return is_write ? !(vma->flags & HS_VMA_WR) : !is_accessible(vma);
}

/* Neither /proc nor the counters show pages of these. */
static bool has_no_pages(const struct hs_vma *vma)
{
	return vma->kind == HS_VMA_HUGETLB || vma->flags & HS_VMA_PF;
}

/* A page is there that no access of its own made: the access to another page of the slot got a huge one. */
static bool proves_huge(const struct hs_mm *mm, uint64_t address)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, address);

	return record && record->kind == HS_SLOT_MAYBE_HUGE && !record->is_doubted &&
	       hs_record_page(&mm->space->pages, record, (address >> HS_PAGE_SHIFT) % HS_PAGES_PER_SLOT) &
		       HS_PLANE_BIT(UNKNOWN);
}

void hs_apply_fault(struct hs_mm *mm, uint64_t address, bool is_write, bool was_present)
{
	struct hs_vma *vma = hs_mm_find_vma(mm, address);

	if (!vma)
		vma = grow_stack(mm, address);
	if (!vma) {
		if (mm->has_layout)
			hs_space_problem(mm->space, HS_PROBLEM_FAULT_OUTSIDE, mm->id, address);
		else
			mm->space->nr_unplaced++;
		return;
	}
	if (is_refused(vma, is_write) || has_no_pages(vma) || hs_vma_is_behind_object(vma, address))
		return;
	if (was_present && is_write)
		hs_mm_settle_zero(mm, vma, address);
	if (was_present && proves_huge(mm, address))
		hs_mm_settle_huge(mm, vma, address);
	hs_mm_touch_page(mm, vma, address, is_write);
}

static bool is_status(const struct hs_bytes *status, const char *name)
{
	return status->length == strlen(name) && memcmp(status->data, name, status->length) == 0;
}

/* Collapsed pages of files are mapped, or unmapped until the next fault. */
static void learn_slot(struct hs_mm *mm, struct hs_vma *vma, uint64_t slot, bool is_sure)
{
	bool is_whole = vma->node.start <= slot && slot + HS_SLOT_BYTES <= vma->node.end;

	if (!is_whole)
		hs_space_problem(mm->space, HS_PROBLEM_FAULT_OUTSIDE, mm->id, slot);
	else if (!hs_vma_is_private_anon(vma))
		hs_mm_forget_slot(mm, slot);
	else if (is_sure)
		hs_mm_make_huge(mm, vma, slot);
	else
		hs_mm_doubt_table(mm, slot);
}

/* What a scan's result tells about the slot beside the decision itself. */
void hs_apply_collapse(struct hs_mm *mm, uint64_t address, const struct hs_bytes *status)
{
	struct hs_vma *vma = hs_mm_find_vma(mm, address);

	if (!is_status(status, "SCAN_SUCCEED") && !is_status(status, "SCAN_PMD_MAPPED"))
		return;
	if (vma)
		learn_slot(mm, vma, address & ~(HS_SLOT_BYTES - 1), true);
	else
		hs_space_problem(mm->space, HS_PROBLEM_FAULT_OUTSIDE, mm->id, address);
}

/* MADV_COLLAPSE looks at neither the host's mode nor MADV_HUGEPAGE (thp_vma_allowable_order, hugepage_vma_check). */
static bool may_be_collapsed(const struct hs_mm *mm, const struct hs_vma *vma)
{
	enum { SPECIAL = HS_VMA_IO | HS_VMA_DE | HS_VMA_PF | HS_VMA_MM };
	bool is_disabled = mm->thp_disable == 1 || (mm->thp_disable == 2 && !(vma->flags & HS_VMA_HG));

	return !is_disabled && !(vma->flags & (SPECIAL | HS_VMA_NH)) && !vma->is_temporary_stack &&
	       (!hs_vma_is_private_anon(vma) || vma->anon_vma != HS_ANON_VMA_NONE);
}

void hs_learn_collapse(struct hs_mm *mm, struct hs_vma *vma, uint64_t start, uint64_t end, bool is_sure)
{
	uint64_t first = (start + HS_SLOT_BYTES - 1) & ~(HS_SLOT_BYTES - 1);

	if (!mm->space->are_collapses_unseen || mm->space->mode != HS_MODE_VALIDATE || !may_be_collapsed(mm, vma))
		return;
	for (uint64_t slot = first; slot + HS_SLOT_BYTES <= end; slot += HS_SLOT_BYTES)
		learn_slot(mm, vma, slot, is_sure);
}
