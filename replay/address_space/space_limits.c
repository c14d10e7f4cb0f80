// SPDX-License-Identifier: GPL-2.0-only
/* RLIMIT_AS, _DATA, _STACK, _MEMLOCK, vm.max_map_count: mm/mmap.c, mm/vma.c (may_expand_vm), mm/mlock.c. */
#include <sys/resource.h>

#include "replay/address_space/space_state.h"

static bool is_data(uint64_t flags)
{
	return flags & HS_VMA_WR && !(flags & (HS_VMA_SH | HS_VMA_GD));
}

static uint64_t count_data(const struct hs_mm *mm, uint64_t start, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);
	uint64_t bytes = 0;

	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma))
		if (is_data(vma->flags))
			bytes += (vma->node.end < end ? vma->node.end : end) -
				 (vma->node.start > start ? vma->node.start : start);
	return bytes >> HS_PAGE_SHIFT;
}

/* may_expand_vm by so many pages, with total and data pages there already. */
static bool may_expand_from(const struct hs_mm *mm, uint64_t total, uint64_t data, uint64_t flags, uint64_t pages)
{
	const struct hs_mm_limits *limits = &mm->limits;

	if (!limits->are_known)
		return true;
	if (total + pages > limits->as >> HS_PAGE_SHIFT)
		return false;
	/* A data limit of 0 with a higher hard one is an old way to say none; it is let pass. */
	return !is_data(flags) || !limits->data || data + pages <= limits->data >> HS_PAGE_SHIFT;
}

bool hs_mm_may_expand_over(const struct hs_mm *mm, uint64_t flags, uint64_t pages, uint64_t start, uint64_t end)
{
	return may_expand_from(mm, mm->counters.total_vm - hs_mm_count_mapped(mm, start, end, 0),
			       mm->counters.data_vm - count_data(mm, start, end), flags, pages);
}

bool hs_mm_may_expand(const struct hs_mm *mm, uint64_t flags, uint64_t pages)
{
	return hs_mm_may_expand_over(mm, flags, pages, 0, 0);
}

bool hs_mm_may_lock_more(const struct hs_mm *mm, uint64_t flags, uint64_t pages)
{
	if (!mm->limits.are_known || mm->limits.may_lock || !(flags & HS_VMA_LO))
		return true;
	return mm->counters.locked_vm + pages <= mm->limits.memlock >> HS_PAGE_SHIFT;
}

bool hs_mm_has_room_for_maps(const struct hs_mm *mm, uint64_t more)
{
	return mm->vmas.count + more < mm->space->max_map_count;
}

unsigned int hs_mm_cuts_for_flags(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end,
				  uint64_t flags)
{
	if (flags == vma->flags || hs_mm_would_merge(mm, vma, start, end, flags))
		return 0;
	return (start > vma->node.start) + (end < vma->node.end);
}

bool hs_mm_has_room_for_cuts(const struct hs_mm *mm, unsigned int cuts)
{
	return !cuts || hs_mm_has_room_for_maps(mm, cuts - 1);
}

bool hs_mm_may_lock(const struct hs_mm *mm)
{
	return !mm->limits.are_known || mm->limits.may_lock || mm->limits.memlock;
}

uint64_t hs_mm_stack_limit(const struct hs_mm *mm)
{
	return mm->limits.are_known ? mm->limits.stack : mm->space->stack_limit;
}

uint64_t hs_mm_count_mapped(const struct hs_mm *mm, uint64_t start, uint64_t end, uint64_t flags)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);
	uint64_t bytes = 0;

	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma))
		if (!flags || vma->flags & flags)
			bytes += (vma->node.end < end ? vma->node.end : end) -
				 (vma->node.start > start ? vma->node.start : start);
	return bytes >> HS_PAGE_SHIFT;
}

bool hs_mm_may_protect(const struct hs_mm *mm, uint64_t old_flags, uint64_t flags, uint64_t pages, uint64_t *grown)
{
	uint64_t total = mm->counters.total_vm, data = mm->counters.data_vm + *grown;

	if (flags & HS_VMA_WR && !may_expand_from(mm, total, data, flags, pages) &&
	    may_expand_from(mm, total, data, old_flags, pages))
		return false;
	if (is_data(flags) && !is_data(old_flags))
		*grown += pages;
	return true;
}

bool hs_mlock_exceeds(const struct hs_mm *mm, uint64_t start, uint64_t bytes)
{
	uint64_t pages = bytes >> HS_PAGE_SHIFT, limit = mm->limits.memlock >> HS_PAGE_SHIFT;
	uint64_t end = bytes > UINT64_MAX - start ? UINT64_MAX : start + bytes;

	if (!mm->limits.are_known || mm->limits.may_lock)
		return false;
	/* What is locked already is not counted twice. */
	if (mm->counters.locked_vm + pages > limit)
		pages -= hs_mm_count_mapped(mm, start, end, HS_VMA_LO);
	return mm->counters.locked_vm + pages > limit;
}

void hs_apply_limit(struct hs_mm *mm, const struct hs_mm_limit *call)
{
	if (call->ret)
		return;
	switch (call->resource) {
	case RLIMIT_AS:
		mm->limits.as = call->soft;
		break;
	case RLIMIT_DATA:
		mm->limits.data = call->soft;
		break;
	case RLIMIT_STACK:
		mm->limits.stack = call->soft;
		break;
	case RLIMIT_MEMLOCK:
		mm->limits.memlock = call->soft;
		break;
	default:
		break;
	}
}
