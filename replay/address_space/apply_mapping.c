// SPDX-License-Identifier: GPL-2.0-only
/* Making and removing mappings: mmap, munmap, brk. mm/mmap.c, mm/vma.c. */
#include <errno.h>
#include <sys/mman.h>

#include "replay/address_space/space_predict.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

uint64_t hs_flags_of_prot(uint32_t prot)
{
	return (prot & PROT_READ ? HS_VMA_RD : 0) | (prot & PROT_WRITE ? HS_VMA_WR : 0) | (prot & PROT_EXEC ? HS_VMA_EX : 0);
}

static bool is_shared(uint32_t map_flags)
{
	return (map_flags & MAP_TYPE) == MAP_SHARED || (map_flags & MAP_TYPE) == MAP_SHARED_VALIDATE;
}

/* accountable_mapping: private memory that may be written costs commit charge. */
static bool is_accountable(uint64_t flags)
{
	return flags & HS_VMA_WR && !(flags & (HS_VMA_SH | HS_VMA_NR | HS_VMA_HT));
}

/* What the descriptor was opened for is not recorded: a file that is mapped to be read was opened to be read. */
static bool is_taken_as_read_only(const struct hs_mm_mmap *call)
{
	return is_shared(call->flags) && !(call->flags & MAP_ANONYMOUS) && !(call->prot & PROT_WRITE);
}

uint64_t hs_flags_of_mmap(const struct hs_mm *mm, const struct hs_mm_mmap *call)
{
	uint64_t flags = hs_flags_of_prot(call->prot) | HS_VMA_MR | HS_VMA_MW | HS_VMA_ME | mm->def_flags;

	if (is_shared(call->flags))
		flags |= HS_VMA_SH | HS_VMA_MS;
	if (is_taken_as_read_only(call))
		flags &= ~(uint64_t)(HS_VMA_SH | HS_VMA_MW);
	if (call->flags & MAP_GROWSDOWN)
		flags |= HS_VMA_GD;
	if (call->flags & MAP_LOCKED)
		flags |= HS_VMA_LO;
	if (call->flags & MAP_NORESERVE)
		flags |= HS_VMA_NR;
	if (call->flags & MAP_HUGETLB)
		flags |= HS_VMA_HT | HS_VMA_DE;
	if (call->flags & MAP_STACK && mm->space->variant.map_stack_is_nohuge)
		flags |= HS_VMA_NH;
	if ((call->flags & MAP_TYPE) == MAP_DROPPABLE)
		flags |= HS_VMA_DP | HS_VMA_NR | HS_VMA_WF | HS_VMA_DD;
	return flags | (is_accountable(flags) ? HS_VMA_AC : 0);
}

/* The open file is only known as a descriptor of this mm: maps of a descriptor that was reused look alike. */
static uint64_t file_of_call(struct hs_mm *mm, const struct hs_mm_mmap *call)
{
	if (!(call->flags & MAP_ANONYMOUS))
		return (1ull << 63) | (uint64_t)mm->id << 24 | ((uint32_t)call->fd & 0xffffff);
	return is_shared(call->flags) ? ++mm->space->next_file : 0;
}

static enum hs_vma_kind kind_of_call(const struct hs_mm_mmap *call)
{
	if (call->flags & MAP_HUGETLB)
		return HS_VMA_HUGETLB;
	if (!(call->flags & MAP_ANONYMOUS))
		return HS_VMA_FILE;
	return is_shared(call->flags) ? HS_VMA_SHMEM : HS_VMA_ANON;
}

static bool is_range_sane(uint64_t start, uint64_t bytes)
{
	return bytes && start % HS_PAGE_BYTES == 0 && start + bytes > start && start + bytes <= HS_USER_END;
}

static void make_room(struct hs_mm *mm, const struct hs_mm_mmap *call, uint64_t start, uint64_t end)
{
	if (!hs_mm_first_overlap(mm, start, end))
		return;
	if (!(call->flags & MAP_FIXED) || (call->flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE)
		hs_space_problem(mm->space, HS_PROBLEM_OVERLAP, mm->id, start);
	hs_mm_unmap_range(mm, start, end);
}

/*
 * What was to be mapped over has been cut off its neighbours when a limit is met, or there is no commit charge, and
 * stays so (__mmap_region). Older kernels had unmapped it before they asked for the charge: a hole is left.
 */
static void apply_failed_mmap(struct hs_mm *mm, const struct hs_mm_mmap *call, uint64_t bytes)
{
	bool is_late;

	if (call->ret != -ENOMEM || !(call->flags & MAP_FIXED))
		return;
	is_late = hs_mmap_failed_late(mm, call);
	if (mm->space->variant.mmap_splits_before_limits && (is_late || hs_mmap_meets_limit(mm, call)))
		hs_mm_split_range(mm, call->addr, call->addr + bytes);
	else if (is_late)
		hs_mm_unmap_range(mm, call->addr, call->addr + bytes);
}

void hs_apply_mmap(struct hs_mm *mm, const struct hs_mm_mmap *call)
{
	uint64_t start = (uint64_t)call->ret, bytes = hs_page_up(call->len);
	struct hs_vma model = { 0 }, *vma;

	if (call->ret < 0 && call->ret > -4096) {
		apply_failed_mmap(mm, call, bytes);
		return;
	}
	if (!is_range_sane(start, bytes)) {
		hs_space_problem(mm->space, HS_PROBLEM_BAD_RANGE, mm->id, start);
		return;
	}
	make_room(mm, call, start, start + bytes);
	model.node.start = start;
	model.node.end = start + bytes;
	model.flags = hs_flags_of_mmap(mm, call);
	model.kind = kind_of_call(call);
	model.is_assumed = is_taken_as_read_only(call);
	model.file = file_of_call(mm, call);
	model.object_pages = model.kind == HS_VMA_SHMEM ? bytes >> HS_PAGE_SHIFT : 0;
	model.pgoff = model.kind == HS_VMA_ANON ? start >> HS_PAGE_SHIFT :
		      model.kind == HS_VMA_FILE ? call->offset >> HS_PAGE_SHIFT : 0;
	model.generation = mm->space->loss_generation;
	vma = hs_mm_insert_vma(mm, &model);
	if (!vma)
		return;
	vma = hs_mm_merge_vma(mm, vma);
	if (!hs_vma_supports_mlock(vma))	/* mlockall has made it locked; found out behind the merge */
		hs_mm_set_flags(mm, vma, vma->flags & ~(uint64_t)(HS_VMA_LO | HS_VMA_LF));
	hs_space_tell_layout(mm, start, start + bytes);
	/* What is locked on fault is passed over there. */
	if (model.flags & HS_VMA_LO ||
	    (call->flags & MAP_POPULATE && !(call->flags & MAP_NONBLOCK)))
		hs_mm_populate(mm, start, start + bytes, HS_POPULATE_MM);
}

void hs_apply_munmap(struct hs_mm *mm, const struct hs_mm_munmap *call)
{
	uint64_t bytes = hs_page_up(call->len);

	if (call->ret)
		return;
	if (!is_range_sane(call->addr, bytes)) {
		hs_space_problem(mm->space, HS_PROBLEM_BAD_RANGE, mm->id, call->addr);
		return;
	}
	hs_mm_unmap_range(mm, call->addr, call->addr + bytes);
}

/* do_brk_flags: the mapping that ends at the old break grows where it can, else a new one begins there. */
static void grow_heap(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	struct hs_vma model = {
		.node = { .start = start, .end = end }, .pgoff = start >> HS_PAGE_SHIFT, .kind = HS_VMA_ANON,
		.flags = HS_VMA_RD | HS_VMA_WR | HS_VMA_MR | HS_VMA_MW | HS_VMA_ME | HS_VMA_AC | mm->def_flags,
		.generation = mm->space->loss_generation,
	};
	struct hs_vma *vma;

	if (hs_mm_first_overlap(mm, start, end)) {
		hs_space_problem(mm->space, HS_PROBLEM_OVERLAP, mm->id, start);
		hs_mm_unmap_range(mm, start, end);
	}
	vma = hs_mm_insert_vma(mm, &model);
	if (!vma)
		return;
	hs_mm_merge_vma(mm, vma);
	hs_space_tell_layout(mm, start, end);
	if (mm->def_flags & HS_VMA_LO && !(mm->def_flags & HS_VMA_LF))
		hs_mm_populate(mm, start, end, HS_POPULATE_MM);
}

void hs_apply_brk(struct hs_mm *mm, const struct hs_mm_brk *call)
{
	uint64_t new = (uint64_t)call->ret, old = mm->counters.brk;
	uint64_t new_end = hs_page_up(new), old_end = hs_page_up(old);

	if (new > HS_USER_END) {
		hs_space_problem(mm->space, HS_PROBLEM_BAD_RANGE, mm->id, new);
		return;
	}
	mm->counters.brk = new;
	if (!old) {
		/* The first one seen: the heap that is there already came with a snapshot, or began here. */
		if (!mm->counters.start_brk)
			mm->counters.start_brk = new;
		return;
	}
	if (new_end > old_end)
		grow_heap(mm, old_end, new_end);
	else if (new_end < old_end)
		hs_mm_unmap_range(mm, new_end, old_end);
}
