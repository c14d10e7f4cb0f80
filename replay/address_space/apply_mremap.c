// SPDX-License-Identifier: GPL-2.0-only
/* mremap: mm/mremap.c. The result address says which way the kernel went. */
#include <errno.h>

#include "replay/address_space/space_predict.h"

enum { MAYMOVE = 1, FIXED = 2, DONTUNMAP = 4 };

struct remap {
	uint64_t old, new, old_bytes, new_bytes;
	bool is_fixed, keeps_source;
};

enum { USERFAULTFD = HS_VMA_UM | HS_VMA_UW | HS_VMA_UI };

/*
 * A mapping with the attributes of source's part at `from`, for [start, start + bytes). A userfaultfd that did not
 * ask for events of mremap is left behind (mremap_userfaultfd_prep); few do, and what it asked for is not recorded.
 */
static struct hs_vma model_of(const struct hs_vma *source, uint64_t from, uint64_t start, uint64_t bytes)
{
	struct hs_vma model = *source;

	model.node.start = start;
	model.node.end = start + bytes;
	model.pgoff += (from - source->node.start) >> HS_PAGE_SHIFT;
	if (hs_vma_is_private_anon(source) && source->anon_vma == HS_ANON_VMA_NONE)
		model.pgoff = start >> HS_PAGE_SHIFT;
	model.is_assumed |= model.flags & USERFAULTFD;
	model.flags &= ~(uint64_t)USERFAULTFD;
	return model;
}

/* copy_vma: an untouched source that is kept and could fuse with its copy, else NULL. */
static const struct hs_vma *kept_apart(const struct hs_mm *mm, const struct remap *remap, const struct hs_vma *source,
				       const struct hs_vma *copy)
{
	bool is_adjacent = copy->node.start == source->node.end || copy->node.end == source->node.start;

	return remap->keeps_source && !mm->space->variant.dontunmap_merges_with_source && is_adjacent &&
	       hs_vma_is_private_anon(source) && source->anon_vma == HS_ANON_VMA_NONE ? source : NULL;
}

static bool add_mapping(struct hs_mm *mm, const struct hs_vma *model, const struct hs_vma *apart)
{
	struct hs_vma *vma = hs_mm_insert_vma(mm, model);

	if (!vma)
		return false;
	if (!apart || mm->space->variant.dontunmap_merges_with_others)
		hs_mm_merge_vma_but(mm, vma, apart);
	hs_space_tell_layout(mm, model->node.start, model->node.end);
	return true;
}

static void populate_growth(struct hs_mm *mm, uint64_t flags, uint64_t start, uint64_t end)
{
	if (flags & HS_VMA_LO && !(flags & HS_VMA_LF) && end > start)
		hs_mm_populate(mm, start, end, HS_POPULATE_MM);
}

/* expand_vma_in_place: the mapping grows, and may fuse with the next one. */
static void grow_in_place(struct hs_mm *mm, const struct remap *remap)
{
	uint64_t old_end = remap->old + remap->old_bytes, new_end = remap->old + remap->new_bytes;
	struct hs_vma *vma = hs_mm_find_vma(mm, remap->old);

	if (!vma || vma->node.end != old_end || hs_mm_first_overlap(mm, old_end, new_end)) {
		hs_space_problem(mm->space, HS_PROBLEM_SYSCALL_OUTSIDE, mm->id, remap->old);
		return;
	}
	hs_mm_resize_vma(mm, vma, vma->node.start, new_end);
	vma = hs_mm_merge_vma(mm, vma);
	hs_space_tell_layout(mm, old_end, new_end);
	populate_growth(mm, vma->flags, old_end, new_end);
}

/* dontunmap_complete: the source stays, empty and unlocked. */
static void strip_source(struct hs_mm *mm, uint64_t start, uint64_t bytes)
{
	const struct hs_space_variant *variant = &mm->space->variant;
	struct hs_vma *vma = hs_mm_find_vma(mm, start);
	uint64_t locked = mm->counters.locked_vm;

	if (!vma)
		return;
	if (vma->node.start == start && vma->node.end == start + bytes) {
		vma->anon_vma = HS_ANON_VMA_NONE;
		vma->anon_vma_id = 0;
		if (hs_vma_is_private_anon(vma))
			vma->pgoff = start >> HS_PAGE_SHIFT;
	}
	if (!(vma->flags & HS_VMA_LO))
		return;
	hs_mm_set_flags(mm, vma, vma->flags & ~(HS_VMA_LO | HS_VMA_LF));
	/* The lock's pages are counted with the copy and never taken from the source (seen on 6.18). */
	if (variant->dontunmap_keeps_source_whole)
		mm->counters.locked_vm = locked;
}

/* move_page_tables. */
static void move_tables(struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes)
{
	if (mm->space->variant.moves_by_extents) {
		hs_section_move_extents(mm, from, to, bytes);
		hs_mm_move_pages(mm, from, to, bytes);
		return;
	}
	hs_section_open(mm, HS_SECTION_UNMAP, hs_move_start(mm, from, to, bytes), from + bytes, HS_RULE_MOVE_TABLES,
			HS_BASIS_EXACT);
	hs_mm_move_pages(mm, from, to, bytes);
	hs_section_close(mm);
}

/* move_vma of the part [from, from + bytes) of one mapping; new_bytes is larger when it grows on the way. */
static void move_part(struct hs_mm *mm, const struct remap *remap, uint64_t from, uint64_t bytes, uint64_t to,
		      uint64_t new_bytes)
{
	struct hs_vma *source = hs_mm_find_vma(mm, from);
	struct hs_vma model = model_of(source, from, to, new_bytes);
	uint64_t peak = mm->counters.hiwater_vm, flags = source->flags;

	if (source->flags & HS_VMA_MG)
		hs_mm_break_ksm(mm, from, from + bytes);
	if (remap->keeps_source && source->flags & HS_VMA_LO && !mm->space->variant.dontunmap_keeps_source_whole)
		hs_mm_split_range(mm, from, from + bytes);
	if (!add_mapping(mm, &model, kept_apart(mm, remap, source, &model)))
		return;
	move_tables(mm, from, to, bytes);
	if (remap->keeps_source)
		strip_source(mm, from, bytes);
	else
		hs_mm_unmap_range(mm, from, from + bytes);
	mm->counters.hiwater_vm = peak;
	populate_growth(mm, flags, to + bytes, to + new_bytes);
}

/* One mapping, or with mremap_checks_first a row of them whose holes are kept as they are. */
static void move(struct hs_mm *mm, const struct remap *remap)
{
	uint64_t end = remap->old + remap->old_bytes, at = remap->old;
	struct hs_vma *vma;

	while (at < end && (vma = hs_mm_first_overlap(mm, at, end))) {
		uint64_t from = vma->node.start > at ? vma->node.start : at;
		uint64_t until = vma->node.end < end ? vma->node.end : end;
		uint64_t to = remap->new + (from - remap->old);
		uint64_t grown = until == end ? remap->new_bytes - (from - remap->old) : until - from;

		if (remap->is_fixed)
			hs_mm_unmap_range(mm, to, to + grown);
		if (hs_mm_first_overlap(mm, to, to + grown)) {
			hs_space_problem(mm->space, HS_PROBLEM_OVERLAP, mm->id, to);
			hs_mm_unmap_range(mm, to, to + grown);
		}
		move_part(mm, remap, from, until - from, to, grown);
		at = until;
	}
	if (at == remap->old)
		hs_space_problem(mm->space, HS_PROBLEM_SYSCALL_OUTSIDE, mm->id, remap->old);
}

/* old_len 0 on shared memory: a second mapping of the same object. */
static void duplicate(struct hs_mm *mm, const struct remap *remap)
{
	struct hs_vma *source = hs_mm_find_vma(mm, remap->old), model;

	if (!source) {
		hs_space_problem(mm->space, HS_PROBLEM_SYSCALL_OUTSIDE, mm->id, remap->old);
		return;
	}
	model = model_of(source, remap->old, remap->new, remap->new_bytes);
	hs_mm_unmap_range(mm, remap->new, remap->new + remap->new_bytes);
	if (add_mapping(mm, &model, NULL))
		populate_growth(mm, model.flags, remap->new, remap->new + remap->new_bytes);
}

static bool is_below_end(uint64_t start, uint64_t bytes)
{
	return start + bytes >= start && start + bytes <= HS_USER_END;
}

static bool overlaps_itself(const struct remap *remap)
{
	return remap->new != remap->old && remap->old < remap->new + remap->new_bytes &&
	       remap->new < remap->old + remap->old_bytes;
}

static bool is_sane(const struct remap *remap)
{
	return !overlaps_itself(remap) && remap->old % HS_PAGE_BYTES == 0 && remap->new % HS_PAGE_BYTES == 0 &&
	       remap->new_bytes && is_below_end(remap->old, remap->old_bytes) && is_below_end(remap->new, remap->new_bytes);
}

/* The hook that a mapping of a driver may have is asked when all its tables have been moved (vm_ops->mremap). */
static bool is_refused_by_driver(const struct hs_mm *mm, const struct hs_mm_mremap *call)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, call->addr, call->addr + 1);

	return call->ret != -ENOMEM && vma && (vma->kind == HS_VMA_SPECIAL || vma->flags & HS_VMA_DE);
}

/* There and back, and the new mapping goes: nothing is left but the sections. */
static void note_undone_move(struct hs_mm *mm, uint64_t old, uint64_t new, uint64_t new_bytes, uint64_t bytes)
{
	hs_section_note(mm, HS_SECTION_UNMAP, old, old + bytes, HS_RULE_MOVE_TABLES, HS_BASIS_EXACT);
	hs_section_note(mm, HS_SECTION_UNMAP, new, new + bytes, HS_RULE_MOVE_TABLES, HS_BASIS_EXACT);
	hs_section_note(mm, HS_SECTION_UNMAP, new, new + new_bytes, HS_RULE_UNMAP_VMAS, HS_BASIS_EXACT);
}

static void apply_failure(struct hs_mm *mm, const struct hs_mm_mremap *call, const struct remap *remap)
{
	bool is_late = call->flags & FIXED && hs_mremap_failed_late(mm, call);
	struct hs_mremap_loss loss = hs_mremap_lost(mm, call);

	if (loss.target)
		hs_mm_unmap_range(mm, call->new_addr, call->new_addr + remap->new_bytes);
	if (loss.tail)
		hs_mm_unmap_range(mm, remap->old + remap->new_bytes, remap->old + remap->old_bytes);
	if (loss.target && is_late && is_refused_by_driver(mm, call))
		note_undone_move(mm, call->addr, call->new_addr, remap->new_bytes, loss.tail ? remap->new_bytes : remap->old_bytes);
}

void hs_apply_mremap(struct hs_mm *mm, const struct hs_mm_mremap *call)
{
	struct remap remap = {
		.old = call->addr, .new = (uint64_t)call->ret, .old_bytes = hs_page_up(call->old_len),
		.new_bytes = hs_page_up(call->new_len), .is_fixed = call->flags & FIXED,
		.keeps_source = call->flags & DONTUNMAP,
	};

	if (call->ret < 0 && call->ret > -4096) {
		apply_failure(mm, call, &remap);
		return;
	}
	if (!is_sane(&remap)) {
		hs_space_problem(mm->space, HS_PROBLEM_BAD_RANGE, mm->id, call->addr);
		return;
	}
	if (!remap.old_bytes) {
		duplicate(mm, &remap);
		return;
	}
	if (remap.is_fixed && !mm->space->variant.mremap_checks_first)
		hs_mm_unmap_range(mm, remap.new, remap.new + remap.new_bytes);
	if (remap.old_bytes > remap.new_bytes) {
		if (remap.is_fixed && remap.new != remap.old)
			hs_mm_unmap_range(mm, remap.new, remap.new + remap.new_bytes);
		hs_mm_unmap_range(mm, remap.old + remap.new_bytes, remap.old + remap.old_bytes);
		remap.old_bytes = remap.new_bytes;
	}
	if (remap.new != remap.old)
		move(mm, &remap);
	else if (remap.new_bytes > remap.old_bytes)
		grow_in_place(mm, &remap);
}
