// SPDX-License-Identifier: GPL-2.0-only
/* mm/mmap.c (do_mmap), mm/vma.c (do_vmi_munmap), mm/mprotect.c, mm/madvise.c, mm/mlock.c. */
#include "replay/address_space/space_predict.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define TASK_SIZE 0x7ffffffff000ull		/* x86-64, four levels */
enum { MMAP_MIN_ADDR = 65536, ACCESS = HS_VMA_RD | HS_VMA_WR | HS_VMA_EX };

static struct hs_prediction fails(int error, const char *reason)
{
	return (struct hs_prediction){ .error = error, .reason = reason };
}

static struct hs_prediction succeeds(void)
{
	return (struct hs_prediction){ .is_assumed = true, .reason = "no check fails; no limit is taken to be reached" };
}

static struct hs_prediction is_nothing_to_do(const char *reason)
{
	return (struct hs_prediction){ .reason = reason };
}

static struct hs_prediction assume(struct hs_prediction prediction)
{
	prediction.is_assumed = true;
	return prediction;
}

/* The limit is a setting of the host that is not recorded. */
static struct hs_prediction meets_map_limit(void)
{
	return assume(fails(ENOMEM, "max_map_count"));
}

static struct hs_prediction is_open(const char *reason)
{
	return (struct hs_prediction){ .is_unknown = true, .is_assumed = true, .reason = reason };
}

/* Start of the first page in [start, end) that no mapping holds; end: none. */
static uint64_t first_hole(const struct hs_mm *mm, uint64_t start, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);
	uint64_t at = start;

	for (; vma && vma->node.start <= at && at < end; vma = hs_vma_next_in(vma))
		at = vma->node.end;
	return at < end ? at : end;
}

/* Does one mapping reach beyond both ends of the range? */
static bool is_middle(const struct hs_mm *mm, uint64_t start, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);

	return vma && vma->node.start < start && vma->node.end > end;
}

/* --- mmap, munmap -------------------------------------------------------------------------------- */

static struct hs_prediction predict_place(const struct hs_mm *mm, const struct hs_mm_mmap *call, uint64_t bytes)
{
	bool is_noreplace = (call->flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE;

	if (bytes > TASK_SIZE)
		return fails(ENOMEM, "len > TASK_SIZE");
	if (!(call->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		return succeeds();
	if (call->addr > TASK_SIZE - bytes)
		return fails(ENOMEM, "addr > TASK_SIZE - len");
	if (call->addr % HS_PAGE_BYTES)
		return fails(EINVAL, "addr is not page aligned");
	if (call->addr < MMAP_MIN_ADDR)
		return is_open("addr < mmap_min_addr");
	if (is_noreplace && hs_mm_first_overlap(mm, call->addr, call->addr + bytes))
		return fails(EEXIST, "MAP_FIXED_NOREPLACE over a mapping");
	return succeeds();
}

static struct hs_prediction predict_type(const struct hs_mm *mm, const struct hs_mm_mmap *call)
{
	uint32_t type = call->flags & MAP_TYPE;

	if (type != MAP_SHARED && type != MAP_PRIVATE && !(type == MAP_DROPPABLE && mm->space->variant.has_droppable) &&
	    !(type == MAP_SHARED_VALIDATE && !(call->flags & MAP_ANONYMOUS)))
		return assume(fails(EINVAL, "no such map type"));
	if (!(call->flags & MAP_ANONYMOUS) && (type == MAP_DROPPABLE || call->flags & MAP_GROWSDOWN))
		return assume(fails(EINVAL, "a file cannot grow down or be dropped"));
	if (!(call->flags & MAP_ANONYMOUS))
		return succeeds();
	if (type == MAP_SHARED && call->flags & MAP_GROWSDOWN)
		return fails(EINVAL, "shared memory cannot grow down");
	if (type == MAP_DROPPABLE && call->flags & (MAP_LOCKED | MAP_GROWSDOWN))
		return fails(EINVAL, "what can be dropped is no stack and cannot be locked");
	return succeeds();
}

/* In do_mmap between place and type. */
static struct hs_prediction predict_lock(const struct hs_mm *mm, const struct hs_mm_mmap *call, uint64_t bytes)
{
	if (call->flags & MAP_LOCKED && !hs_mm_may_lock(mm))
		return fails(EPERM, "MAP_LOCKED, and RLIMIT_MEMLOCK is 0");
	if (!hs_mm_may_lock_more(mm, hs_flags_of_mmap(mm, call), bytes >> HS_PAGE_SHIFT))
		return fails(EAGAIN, "RLIMIT_MEMLOCK");
	return succeeds();
}

/* --- max_map_count, where flags change (vma_modify, split_vma) ----------------------------------- */

/* Of a walk over mappings: the cuts that it has made. */
struct cut_walk {
	const struct hs_mm *mm;
	uint64_t start, end;		/* of the call */
	unsigned int nr_cuts;
	bool is_begun;
};

/*
 * Is there room for what new flags of the mapping's part cut? Behind the walk's first mapping, where the limit is
 * reached, nothing can be said: what lies before may have fused, and made room or taken a neighbour away.
 */
static struct hs_prediction predict_cuts(struct cut_walk *walk, const struct hs_vma *vma, uint64_t flags, int error)
{
	uint64_t from = vma->node.start > walk->start ? vma->node.start : walk->start;
	uint64_t to = vma->node.end < walk->end ? vma->node.end : walk->end;
	bool is_first = !walk->is_begun;
	unsigned int cuts = is_first ? hs_mm_cuts_for_flags(walk->mm, vma, from, to, flags) :
				       flags != vma->flags && to < vma->node.end;

	walk->is_begun = true;
	walk->nr_cuts += cuts;
	if (!cuts || hs_mm_has_room_for_cuts(walk->mm, walk->nr_cuts))
		return succeeds();
	return is_first ? assume(fails(error, "max_map_count")) : is_open("max_map_count, on the way");
}

static const char SIZE_LIMIT[] = "RLIMIT_AS or RLIMIT_DATA";

/* __mmap_region: what is mapped over does not count. */
static struct hs_prediction predict_size(const struct hs_mm *mm, const struct hs_mm_mmap *call, uint64_t bytes)
{
	bool is_over = call->flags & MAP_FIXED && (call->flags & MAP_FIXED_NOREPLACE) != MAP_FIXED_NOREPLACE;
	uint64_t old = is_over ? hs_mm_count_mapped(mm, call->addr, call->addr + bytes, 0) : 0;
	bool may_expand = hs_mm_may_expand(mm, hs_flags_of_mmap(mm, call), (bytes >> HS_PAGE_SHIFT) - old);

	/* Of a mapping's middle nothing is taken; older kernels ask behind the limits, with the same result. */
	if (is_over && is_middle(mm, call->addr, call->addr + bytes) && !hs_mm_has_room_for_maps(mm, 0))
		return meets_map_limit();
	return may_expand ? succeeds() : fails(ENOMEM, SIZE_LIMIT);
}

bool hs_mmap_meets_limit(const struct hs_mm *mm, const struct hs_mm_mmap *call)
{
	return hs_predict_mmap(mm, call).reason == SIZE_LIMIT;
}

struct hs_prediction hs_predict_mmap(const struct hs_mm *mm, const struct hs_mm_mmap *call)
{
	uint64_t bytes = hs_page_up(call->len);
	struct hs_prediction place, next;

	if (call->offset % HS_PAGE_BYTES)
		return fails(EINVAL, "offset is not page aligned");
	if (!(call->flags & MAP_ANONYMOUS) && call->fd < 0)
		return fails(EBADF, "fd < 0");
	if (call->flags & MAP_HUGETLB)
		return is_open("the pool of huge pages");
	if (!call->len)
		return fails(EINVAL, "len == 0");
	if (!bytes)
		return fails(ENOMEM, "len wraps when rounded up");
	if ((call->offset >> HS_PAGE_SHIFT) + (bytes >> HS_PAGE_SHIFT) < (call->offset >> HS_PAGE_SHIFT))
		return fails(EOVERFLOW, "offset + len wraps");
	if (mm->vmas.count > mm->space->max_map_count)
		return meets_map_limit();
	place = predict_place(mm, call, bytes);
	if (!(call->flags & MAP_ANONYMOUS))
		place.is_assumed = true;	/* a bad descriptor fails before */
	if (place.error || place.is_unknown)
		return place;
	next = predict_lock(mm, call, bytes);
	if (!next.error)
		next = predict_type(mm, call);
	return next.error || next.is_unknown ? next : predict_size(mm, call, bytes);
}

static bool has_sealed(const struct hs_mm *mm, uint64_t start, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);

	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma))
		if (vma->flags & HS_VMA_SL)
			return true;
	return false;
}

struct hs_prediction hs_predict_munmap(const struct hs_mm *mm, const struct hs_mm_munmap *call)
{
	uint64_t bytes = hs_page_up(call->len);

	if (call->addr % HS_PAGE_BYTES)
		return fails(EINVAL, "addr is not page aligned");
	if (call->addr > TASK_SIZE || call->len > TASK_SIZE - call->addr)
		return fails(EINVAL, "the range is not below TASK_SIZE");
	if (!bytes)
		return fails(EINVAL, "len == 0");
	if (!hs_mm_first_overlap(mm, call->addr, call->addr + bytes))
		return is_nothing_to_do("nothing is mapped there");
	if (is_middle(mm, call->addr, call->addr + bytes) && !hs_mm_has_room_for_maps(mm, 0))
		return meets_map_limit();
	if (has_sealed(mm, call->addr, call->addr + bytes))
		return fails(EPERM, "a mapping is sealed");
	return succeeds();
}

/* --- mprotect ------------------------------------------------------------------------------------ */

/* Which of the wanted rights the mapping may not have; a file's come from its descriptor, which is not recorded. */
static struct hs_prediction predict_rights(const struct hs_vma *vma, uint32_t prot)
{
	struct hs_prediction prediction = succeeds();

	if (hs_flags_of_prot(prot) & ~(vma->flags >> 4) & ACCESS)
		prediction = fails(EACCES, "a right that the mapping may not have");
	else if (vma->flags & HS_VMA_SL)
		prediction = fails(EPERM, "a mapping is sealed");
	prediction.is_assumed |= vma->kind == HS_VMA_FILE || vma->kind == HS_VMA_SPECIAL;
	return prediction;
}

static bool may_become(const struct hs_mm *mm, const struct hs_vma *vma, uint32_t prot, uint64_t at, uint64_t end,
		       uint64_t *grown)
{
	uint64_t flags = (vma->flags & ~(uint64_t)ACCESS) | hs_flags_of_prot(prot);
	uint64_t until = vma->node.end < end ? vma->node.end : end;

	return flags == vma->flags || hs_mm_may_protect(mm, vma->flags, flags, (until - at) >> HS_PAGE_SHIFT, grown);
}

static struct hs_prediction walk_mprotect(const struct hs_mm *mm, uint64_t start, uint64_t end, uint32_t prot)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);
	struct cut_walk cuts = { .mm = mm, .start = start, .end = end };
	struct hs_prediction prediction;
	uint64_t at = start, grown = 0;
	bool is_assumed = false;

	for (; at < end; at = vma->node.end, vma = hs_vma_next_in(vma)) {
		if (!vma || vma->node.start > at) {
			prediction = fails(ENOMEM, "a hole in the range");
			prediction.is_assumed = is_assumed;
			return prediction;
		}
		prediction = predict_rights(vma, prot);
		if (!prediction.error && !may_become(mm, vma, prot, at, end, &grown))
			prediction = fails(ENOMEM, "RLIMIT_DATA or RLIMIT_AS");
		if (!prediction.error)
			prediction = predict_cuts(&cuts, vma, hs_protected_flags(mm, vma, prot), ENOMEM);
		if (prediction.error || prediction.is_unknown)
			return prediction;
		is_assumed |= vma->kind == HS_VMA_FILE || vma->kind == HS_VMA_SPECIAL;
	}
	return succeeds();
}

/* PROT_GROWSDOWN begins where the stack does. No mapping of x86 grows up. */
static struct hs_prediction predict_growing(const struct hs_mm *mm, const struct hs_mm_mprotect *call, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, call->addr, end);

	if (!vma || (vma->node.start > call->addr && call->prot & PROT_GROWSUP))
		return fails(ENOMEM, "a hole in the range");
	if (call->prot & PROT_GROWSUP || !(vma->flags & HS_VMA_GD))
		return fails(EINVAL, "the mapping does not grow that way");
	return walk_mprotect(mm, vma->node.start, end, call->prot);
}

struct hs_prediction hs_predict_mprotect(const struct hs_mm *mm, const struct hs_mm_mprotect *call)
{
	enum { SEM = 8 };
	uint32_t grows = call->prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	uint64_t end = call->addr + hs_page_up(call->len);

	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP))
		return fails(EINVAL, "PROT_GROWSDOWN and PROT_GROWSUP");
	if (call->addr % HS_PAGE_BYTES)
		return fails(EINVAL, "addr is not page aligned");
	if (!call->len)
		return is_nothing_to_do("len == 0");
	if (end <= call->addr)
		return fails(ENOMEM, "addr + len wraps");
	if (call->prot & ~(uint32_t)(PROT_READ | PROT_WRITE | PROT_EXEC | SEM | PROT_GROWSDOWN | PROT_GROWSUP))
		return fails(EINVAL, "an unknown bit of prot");
	return grows ? predict_growing(mm, call, end) : walk_mprotect(mm, call->addr, end, call->prot);
}

/* --- madvise ------------------------------------------------------------------------------------- */

bool hs_advice_is_known(const struct hs_mm *mm, uint32_t advice)
{
	if (advice == 102 || advice == 103)
		return mm->space->variant.has_guards;
	return advice <= MADV_DONTNEED || (advice >= MADV_FREE && advice <= MADV_COLLAPSE) || advice == 100 || advice == 101;
}

/* Does the object end before the mapping's part below end? */
static bool is_beyond_object(const struct hs_vma *vma, uint64_t end)
{
	uint64_t last = (vma->node.end < end ? vma->node.end : end) - HS_PAGE_BYTES;

	return hs_vma_is_behind_object(vma, last);
}

static bool has_guard(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end)
{
	uint64_t from = vma->node.start > start ? vma->node.start : start;
	uint64_t to = vma->node.end < end ? vma->node.end : end;

	return hs_mm_first_guard(mm, from, to) < to;
}

static struct hs_prediction predict_populate(const struct hs_mm *mm, const struct hs_mm_madvise *call, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, call->addr, end);
	uint64_t hole = first_hole(mm, call->addr, end);
	uint64_t until = mm->space->variant.populate_stops_at_hole ? hole : end;
	bool has_file = false;

	for (; vma && vma->node.start < until; vma = hs_vma_next_in(vma)) {
		has_file |= vma->file != 0;
		if (hs_advice_is_refused(vma, call->advice))
			return (struct hs_prediction){ .error = EINVAL, .is_assumed = has_file,
						       .reason = "no right, or a special mapping" };
		if (is_beyond_object(vma, end))
			return fails(EFAULT, "the object ends before");
		if (has_guard(mm, vma, call->addr, end))
			return fails(EFAULT, "a guard in the range");
	}
	if (hole < end)
		return (struct hs_prediction){ .error = ENOMEM, .is_assumed = has_file, .reason = "a hole in the range" };
	return succeeds();
}

static struct hs_prediction walk_madvise(const struct hs_mm *mm, const struct hs_mm_madvise *call, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, call->addr, end);
	struct cut_walk cuts = { .mm = mm, .start = call->addr, .end = end };

	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma)) {
		if (!hs_advice_is_refused(vma, call->advice)) {
			struct hs_prediction room = predict_cuts(&cuts, vma, hs_advised_flags(vma, call->advice), EAGAIN);

			if (room.error || room.is_unknown)
				return room;
			continue;
		}
		if (call->advice == MADV_REMOVE && !(vma->flags & HS_VMA_LO) && vma->file)
			return (struct hs_prediction){ .error = EACCES, .is_assumed = vma->is_assumed,
						       .reason = "not a shared mapping that may be written" };
		return fails(EINVAL, "the mapping does not suit the advice");
	}
	if (first_hole(mm, call->addr, end) < end)
		return fails(ENOMEM, "a hole in the range");
	return succeeds();
}

struct hs_prediction hs_predict_madvise(const struct hs_mm *mm, const struct hs_mm_madvise *call)
{
	uint64_t bytes = hs_page_up(call->len), end = call->addr + bytes;

	if (!hs_advice_is_known(mm, call->advice))
		return fails(EINVAL, "unknown advice");
	if (call->addr % HS_PAGE_BYTES)
		return fails(EINVAL, "addr is not page aligned");
	if (call->len && !bytes)
		return fails(EINVAL, "len wraps when rounded up");
	if (end < call->addr)
		return fails(EINVAL, "addr + len wraps");
	if (end == call->addr)
		return is_nothing_to_do("len == 0");
	if (call->advice == MADV_COLLAPSE || call->advice == 100 || call->advice == 101)
		return is_open("decided elsewhere");
	if (call->advice == MADV_POPULATE_READ || call->advice == MADV_POPULATE_WRITE)
		return predict_populate(mm, call, end);
	return walk_madvise(mm, call, end);
}

/* --- mlock --------------------------------------------------------------------------------------- */

/* Nothing of what is locked on fault is faulted in, but what cannot be locked is. */
static bool has_inaccessible(const struct hs_mm *mm, uint64_t start, uint64_t end, bool is_on_fault)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);

	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma))
		if (!(is_on_fault && hs_vma_supports_mlock(vma)) &&
		    (!(vma->flags & (ACCESS | HS_VMA_IO | HS_VMA_PF)) || is_beyond_object(vma, end) ||
		     has_guard(mm, vma, start, end)))
			return true;
	return false;
}

static struct hs_prediction walk_lock(const struct hs_mm *mm, uint64_t start, uint64_t end, uint64_t lock_flags)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);
	struct cut_walk cuts = { .mm = mm, .start = start, .end = end };
	struct hs_prediction room = succeeds();

	for (; vma && vma->node.start < end && !room.error && !room.is_unknown; vma = hs_vma_next_in(vma))
		room = predict_cuts(&cuts, vma, hs_locked_flags(vma, lock_flags), ENOMEM);
	return room;
}

static struct hs_prediction predict_range_lock(const struct hs_mm *mm, const struct hs_mm_mlock *call, bool is_unlock)
{
	bool is_on_fault = !is_unlock && call->op == 1 && call->flags & MLOCK_ONFAULT;
	uint64_t start = hs_page_down(call->addr);
	uint64_t bytes = hs_page_up(call->len + (call->addr - start)), end = start + bytes;

	if (!is_unlock && hs_mlock_exceeds(mm, start, bytes))
		return fails(ENOMEM, "RLIMIT_MEMLOCK");
	if (end < start)
		return fails(EINVAL, "addr + len wraps");
	if (end == start)
		return is_nothing_to_do("len == 0");
	if (first_hole(mm, start, end) < end)
		return fails(ENOMEM, "a hole in the range");
	if (!is_unlock && has_inaccessible(mm, start, end, is_on_fault))
		return fails(ENOMEM, "a mapping that cannot be populated");
	return walk_lock(mm, start, end, is_unlock ? 0 : hs_lock_flags_of(is_on_fault));
}

struct hs_prediction hs_predict_mlock(const struct hs_mm *mm, const struct hs_mm_mlock *call)
{
	enum { ALL_FLAGS = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT };

	switch (call->op) {
	case 1:
		if (call->flags & ~(uint32_t)MLOCK_ONFAULT)
			return fails(EINVAL, "an unknown flag");
		return hs_mm_may_lock(mm) ? predict_range_lock(mm, call, false) :
					    fails(EPERM, "RLIMIT_MEMLOCK is 0");
	case 0:
		return hs_mm_may_lock(mm) ? predict_range_lock(mm, call, false) :
					    fails(EPERM, "RLIMIT_MEMLOCK is 0");
	case 2:
		return predict_range_lock(mm, call, true);
	case 3:
		if (!call->flags || call->flags & ~(uint32_t)ALL_FLAGS || call->flags == MCL_ONFAULT)
			return fails(EINVAL, "flags");
		if (!hs_mm_may_lock(mm))
			return fails(EPERM, "RLIMIT_MEMLOCK is 0");
		if (call->flags & MCL_CURRENT && mm->limits.are_known && !mm->limits.may_lock &&
		    mm->counters.total_vm > mm->limits.memlock >> HS_PAGE_SHIFT)
			return fails(ENOMEM, "RLIMIT_MEMLOCK");
		return succeeds();
	default:
		return succeeds();
	}
}

/* --- mremap (mm/mremap.c) ------------------------------------------------------------------------ */

enum { MAYMOVE = 1, FIXED = 2, DONTUNMAP = 4, ALL_MOVES = 7 };

static bool is_placed(const struct hs_mm_mremap *call)
{
	return call->flags & (FIXED | DONTUNMAP);
}

/* The checks of a given new place: before the mapping is looked up, or, in older kernels, behind that. */
static struct hs_prediction predict_target(const struct hs_mm *mm, const struct hs_mm_mremap *call,
					   uint64_t old_bytes, uint64_t new_bytes)
{
	enum { SPLITS = 2, MOVE = 3 };		/* what both places may need, and the move behind that */

	if (!is_placed(call))
		return succeeds();
	if (call->new_addr % HS_PAGE_BYTES)
		return fails(EINVAL, "new_addr is not page aligned");
	if (new_bytes > TASK_SIZE || call->new_addr > TASK_SIZE - new_bytes)
		return fails(EINVAL, "the new range is not below TASK_SIZE");
	if (call->addr + old_bytes > call->new_addr && call->new_addr + new_bytes > call->addr)
		return fails(EINVAL, "old and new range overlap");
	if (!mm->space->variant.mremap_counts_maps_first && !hs_mm_has_room_for_maps(mm, SPLITS + MOVE))
		return meets_map_limit();
	return succeeds();
}

static struct hs_prediction check_flags(const struct hs_mm *mm, const struct hs_mm_mremap *call, uint64_t old_bytes,
					uint64_t new_bytes)
{
	/* Newer kernels compare the lengths rounded up, older ones as given. */
	bool is_resized = mm->space->variant.mremap_checks_first ? old_bytes != new_bytes :
								   call->old_len != call->new_len;
	struct hs_prediction prediction;

	if (call->flags & ~(uint32_t)ALL_MOVES)
		return fails(EINVAL, "an unknown flag");
	if (is_placed(call) && !(call->flags & MAYMOVE))
		return fails(EINVAL, "MREMAP_FIXED or MREMAP_DONTUNMAP without MREMAP_MAYMOVE");
	if (call->flags & DONTUNMAP && is_resized)
		return fails(EINVAL, "MREMAP_DONTUNMAP resizes");
	if (call->addr % HS_PAGE_BYTES)
		return fails(EINVAL, "addr is not page aligned");
	if (!new_bytes)
		return fails(EINVAL, "new_len == 0");
	if (!mm->space->variant.mremap_checks_first)
		return succeeds();
	if (new_bytes > TASK_SIZE)
		return fails(EINVAL, "new_len > TASK_SIZE");
	prediction = predict_target(mm, call, old_bytes, new_bytes);
	if (!prediction.error && mm->space->variant.mremap_counts_maps_first && !hs_mm_has_room_for_maps(mm, 3))
		return meets_map_limit();
	return prediction;
}

/* What older kernels check once the mapping is known: mremap_to. */
static struct hs_prediction check_mapped(const struct hs_mm *mm, const struct hs_vma *vma,
					 const struct hs_mm_mremap *call, uint64_t old_bytes, uint64_t new_bytes)
{
	if (!vma)
		return fails(EFAULT, "nothing is mapped at addr");
	if (vma->flags & HS_VMA_SL)
		return fails(EPERM, "the mapping is sealed");
	if (mm->space->variant.mremap_checks_first)
		return succeeds();
	return predict_target(mm, call, old_bytes, new_bytes);
}

/* The destination of a move to a given place is gone by then, in older kernels. */
static struct hs_prediction check_growth_limits(const struct hs_mm *mm, const struct hs_vma *vma,
						const struct hs_mm_mremap *call, uint64_t old_bytes,
						uint64_t new_bytes)
{
	uint64_t pages = (new_bytes - old_bytes) >> HS_PAGE_SHIFT, start = call->new_addr;
	bool is_gone = call->flags & FIXED && !mm->space->variant.mremap_checks_first;

	if (!hs_mm_may_lock_more(mm, vma->flags, pages))
		return fails(EAGAIN, "RLIMIT_MEMLOCK");
	if (!hs_mm_may_expand_over(mm, vma->flags, pages, start, is_gone ? start + new_bytes : start))
		return fails(ENOMEM, "RLIMIT_AS or RLIMIT_DATA");
	/* Newer kernels have refused it before; older ones find no place for it (get_unmapped_area). */
	if (!is_placed(call) && new_bytes > TASK_SIZE)
		return fails(ENOMEM, "new_len > TASK_SIZE");
	return succeeds();
}

/* mremap_to: what stays behind counts too. The destination is gone by then. */
static struct hs_prediction check_kept(const struct hs_mm *mm, const struct hs_vma *vma,
				       const struct hs_mm_mremap *call, uint64_t bytes)
{
	uint64_t start = call->new_addr, end = call->flags & FIXED ? start + bytes : start;

	if (call->flags & DONTUNMAP && !hs_mm_may_expand_over(mm, vma->flags, bytes >> HS_PAGE_SHIFT, start, end))
		return fails(ENOMEM, "RLIMIT_AS or RLIMIT_DATA");
	return succeeds();
}

/* vma_to_resize, check_prep_vma: may the mapping become new_bytes long? */
static struct hs_prediction check_resize(const struct hs_mm *mm, const struct hs_vma *vma,
					 const struct hs_mm_mremap *call, uint64_t old_bytes, uint64_t new_bytes)
{
	/* mremap_to: the mapping is looked up when the destination is free. */
	if (!old_bytes && call->flags & FIXED && call->new_addr == call->addr && !mm->space->variant.mremap_checks_first)
		return fails(EFAULT, "what was at addr made room for the destination");
	if (!old_bytes && !(vma->flags & HS_VMA_MS))
		return fails(EINVAL, "old_len == 0 of private memory");
	if (call->flags & DONTUNMAP && vma->flags & (HS_VMA_DE | HS_VMA_PF))
		return fails(EINVAL, "MREMAP_DONTUNMAP of a special mapping");
	if (old_bytes > vma->node.end - call->addr)
		return fails(EFAULT, "the old range leaves its mapping");
	if (new_bytes > old_bytes && vma->flags & (HS_VMA_DE | HS_VMA_PF))
		return fails(EFAULT, "a special mapping cannot grow");
	return new_bytes > old_bytes ? check_growth_limits(mm, vma, call, old_bytes, new_bytes) : succeeds();
}

/* The tail that shrinking cuts off goes the way of munmap. */
static struct hs_prediction check_tail(const struct hs_mm *mm, const struct hs_mm_mremap *call, uint64_t old_bytes,
				       uint64_t new_bytes)
{
	struct hs_mm_munmap tail = { .addr = call->addr + new_bytes, .len = old_bytes - new_bytes };

	return old_bytes > new_bytes ? hs_predict_munmap(mm, &tail) : succeeds();
}

static bool may_grow_here(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t old_end, uint64_t new_end)
{
	return vma->node.end == old_end && new_end > old_end && new_end <= TASK_SIZE &&
	       !hs_mm_first_overlap(mm, old_end, new_end);
}

static struct hs_prediction check_growth(const struct hs_mm *mm, const struct hs_vma *vma,
					 const struct hs_mm_mremap *call, uint64_t old_bytes, uint64_t new_bytes)
{
	if (old_bytes && may_grow_here(mm, vma, call->addr + old_bytes, call->addr + new_bytes))
		return succeeds();
	if (!(call->flags & MAYMOVE))
		return fails(ENOMEM, "no room to grow, and no MREMAP_MAYMOVE");
	if (!mm->space->variant.mremap_counts_maps_first && !hs_mm_has_room_for_maps(mm, 3))
		return meets_map_limit();
	return succeeds();
}

/* With a new place what is kept must lie in one mapping: tested before the tail goes, by older kernels after. */
static struct hs_prediction check_shrink(const struct hs_mm *mm, const struct hs_vma *vma,
					 const struct hs_mm_mremap *call, uint64_t old_bytes, uint64_t new_bytes)
{
	struct hs_prediction tail = check_tail(mm, call, old_bytes, new_bytes), kept = succeeds();

	if (is_placed(call))
		kept = check_resize(mm, vma, call, new_bytes, new_bytes);
	if (mm->space->variant.mremap_checks_first)
		return kept.error ? kept : tail;
	return tail.error ? tail : kept;
}

struct hs_prediction hs_predict_mremap(const struct hs_mm *mm, const struct hs_mm_mremap *call)
{
	uint64_t old_bytes = hs_page_up(call->old_len), new_bytes = hs_page_up(call->new_len);
	struct hs_prediction prediction = check_flags(mm, call, old_bytes, new_bytes);
	const struct hs_vma *vma;

	if (prediction.error)
		return prediction;
	vma = hs_mm_first_overlap(mm, call->addr, call->addr + 1);
	if (mm->space->variant.mremap_checks_first && call->flags & FIXED && old_bytes == new_bytes) {
		if (!vma)
			return fails(EFAULT, "nothing is mapped at addr");
		if (call->addr + old_bytes <= vma->node.end)
			return check_kept(mm, vma, call, old_bytes);
		/* Several mappings may move, and a limit stop them on the way. */
		return call->flags & DONTUNMAP && mm->limits.are_known ? is_open("several mappings, and limits") : succeeds();
	}
	prediction = check_mapped(mm, vma, call, old_bytes, new_bytes);
	if (prediction.error)
		return prediction;
	if (old_bytes > new_bytes)
		return check_shrink(mm, vma, call, old_bytes, new_bytes);
	if (!is_placed(call) && old_bytes == new_bytes)
		return succeeds();
	prediction = check_resize(mm, vma, call, old_bytes, new_bytes);
	if (prediction.error)
		return prediction;
	if (is_placed(call))
		return check_kept(mm, vma, call, old_bytes);
	return check_growth(mm, vma, call, old_bytes, new_bytes);
}

bool hs_mmap_failed_late(const struct hs_mm *mm, const struct hs_mm_mmap *call)
{
	struct hs_prediction prediction = hs_predict_mmap(mm, call);

	return call->ret == -ENOMEM && mm->limits.are_known && !prediction.error && !prediction.is_unknown;
}

bool hs_mremap_failed_late(const struct hs_mm *mm, const struct hs_mm_mremap *call)
{
	bool may_be_limit = (call->ret == -ENOMEM || call->ret == -EAGAIN) && !mm->limits.are_known;
	struct hs_prediction prediction = hs_predict_mremap(mm, call);
	const struct hs_vma *vma = hs_mm_first_overlap(mm, call->addr, call->addr + 1);
	bool is_of_one = vma && call->addr + hs_page_up(call->old_len) <= vma->node.end;

	return is_of_one && !may_be_limit && !prediction.error && !prediction.is_unknown;
}

struct hs_mremap_loss hs_mremap_lost(const struct hs_mm *mm, const struct hs_mm_mremap *call)
{
	uint64_t old_bytes = hs_page_up(call->old_len), new_bytes = hs_page_up(call->new_len);
	const struct hs_vma *vma = hs_mm_first_overlap(mm, call->addr, call->addr + 1);
	bool is_tail_cut;

	if (!(call->flags & FIXED) || check_flags(mm, call, old_bytes, new_bytes).error ||
	    check_mapped(mm, vma, call, old_bytes, new_bytes).error)
		return (struct hs_mremap_loss){ .target = false };
	is_tail_cut = old_bytes > new_bytes && !check_tail(mm, call, old_bytes, new_bytes).error;
	if (!mm->space->variant.mremap_checks_first)
		return (struct hs_mremap_loss){ .target = true, .tail = is_tail_cut };
	if (hs_mremap_failed_late(mm, call))
		return (struct hs_mremap_loss){ .target = true, .tail = is_tail_cut };
	if (old_bytes == new_bytes)	/* the limit is met behind it */
		return (struct hs_mremap_loss){ .target = vma && check_kept(mm, vma, call, old_bytes).error };
	return (struct hs_mremap_loss){
		.target = !check_resize(mm, vma, call, new_bytes, new_bytes).error && !is_tail_cut && old_bytes > new_bytes,
	};
}
