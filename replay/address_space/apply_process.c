// SPDX-License-Identifier: GPL-2.0-only
/* fork and exec: kernel/fork.c (dup_mmap), mm/memory.c (copy_page_range), fs/exec.c. */
#include <sched.h>

#include "replay/address_space/space_state.h"

static bool is_cow(const struct hs_vma *vma)
{
	return (vma->flags & (HS_VMA_SH | HS_VMA_MW)) == HS_VMA_MW;
}

/* A snapshot does not show anon_vmas, but anonymous pages prove one. */
static bool has_anon_pages(const struct hs_mm *mm, const struct hs_vma *vma)
{
	struct hs_page_sums sums = { 0 };

	hs_slot_table_sum(&mm->slots, &mm->space->pages, vma->node.start, vma->node.end, &sums);
	return sums.present - sums.zero - sums.file + sums.swap > 0;
}

/* vma_needs_copy. */
static bool needs_copy(const struct hs_mm *mm, const struct hs_vma *vma)
{
	if (vma->flags & (HS_VMA_PF | HS_VMA_MM | HS_VMA_UW))
		return true;
	if (mm->space->variant.has_guards && vma->flags & HS_VMA_GU)
		return true;
	if (vma->anon_vma == HS_ANON_VMA_UNKNOWN)
		return has_anon_pages(mm, vma);
	return vma->anon_vma != HS_ANON_VMA_NONE;
}

/* anon_vma_fork: the child gets its own anon_vma at the end of the parent's chain. */
static struct hs_vma child_model(struct hs_mm *parent, const struct hs_vma *vma)
{
	struct hs_vma model = *vma;

	model.flags &= ~(HS_VMA_LO | HS_VMA_LF | HS_VMA_UM | HS_VMA_UW | HS_VMA_UI);
	if (vma->flags & HS_VMA_WF) {
		model.anon_vma = HS_ANON_VMA_NONE;
		model.anon_vma_id = 0;
	} else if (vma->anon_vma == HS_ANON_VMA_OWN || vma->anon_vma == HS_ANON_VMA_INHERITED) {
		model.anon_vma = HS_ANON_VMA_INHERITED;
		model.anon_vma_id = ++parent->space->next_anon_vma;
	}
	return model;
}

/*
 * Both sides lose write permission and exclusiveness of copied private pages. The child's accessed bits
 * are cleared by the kernel but kept here: the pages' own marks are shared, and so are our records.
 */
static void copy_pages(struct hs_mm *parent, struct hs_mm *child, const struct hs_vma *vma)
{
	uint64_t start = vma->node.start, end = vma->node.end;

	if (is_cow(vma))
		hs_mm_clear_planes(parent, start, end, HS_PLANE_BIT(WRITABLE) | HS_PLANE_BIT(EXCLUSIVE));
	if (!hs_slot_table_share(&child->slots, &parent->slots, &parent->space->pages, start, end))
		hs_space_problem(parent->space, HS_PROBLEM_MEMORY, child->id, start);
	hs_mm_count_range(child, vma, start, end, true);
}

static enum hs_basis basis_of_copy(const struct hs_vma *vma)
{
	return vma->anon_vma == HS_ANON_VMA_UNKNOWN ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
}

static void copy_mappings(struct hs_mm *parent, struct hs_mm *child)
{
	hs_range_for_each(node, &parent->vmas) {
		const struct hs_vma *vma = hs_vma_of(node);
		struct hs_vma model;

		if (vma->flags & HS_VMA_DC)
			continue;
		model = child_model(parent, vma);
		if (!hs_mm_insert_vma(child, &model))
			return;
		if (vma->flags & HS_VMA_WF || !needs_copy(parent, vma))
			continue;
		if (is_cow(vma))
			hs_section_note(parent, HS_SECTION_PROTECTION_PAGE, vma->node.start, vma->node.end,
					HS_RULE_COPY_RANGE, basis_of_copy(vma));
		copy_pages(parent, child, vma);
	}
}

/* It was there before this fork, by more than an event that came early. */
static bool is_known(const struct hs_mm *mm)
{
	return mm->has_layout || mm->has_counters || mm->vmas.count || mm->kin != mm;
}

void hs_apply_fork(struct hs_mm *mm, const struct hs_mm_fork *call)
{
	struct hs_address_space *space = mm->space;
	struct hs_mm *child;

	if (call->clone_flags & CLONE_VM || call->child_mm == mm->id || !call->child_mm)
		return;
	child = hs_space_find(space, call->child_mm);
	if (child && is_known(child)) {
		hs_space_problem(space, HS_PROBLEM_OVERLAP, call->child_mm, 0);
		return;
	}
	if (!child)
		child = hs_space_add(space, call->child_mm, mm->id);
	if (!child)
		return;
	hs_mm_join_kin(child, mm);
	child->has_layout = mm->has_layout;
	child->has_counters = mm->has_counters;
	child->thp_disable = mm->thp_disable;
	child->limits = mm->limits;
	child->counters.start_brk = mm->counters.start_brk;
	child->counters.brk = mm->counters.brk;
	copy_mappings(mm, child);
	child->counters.hiwater_vm = child->counters.total_vm;
	hs_mm_note_rss(child);
	hs_space_tell_layout(child, 0, UINT64_MAX);
}

/* The new image is only known from a snapshot that follows; until then its faults cannot be placed. */
void hs_apply_exec(struct hs_address_space *space, const struct hs_mm_exec *exec)
{
	const struct hs_mm *old = hs_space_find(space, exec->old_mm);
	struct hs_mm *mm = hs_space_get(space, exec->row.mm);

	if (mm && old)
		mm->thp_disable = old->thp_disable;
}
