// SPDX-License-Identifier: GPL-2.0-only
/* Mappings: split, merge and accounting. mm/vma.c (6.12+), mm/mmap.c (6.1). */
#include <stdlib.h>

#include "replay/address_space/space_state.h"

struct hs_vma *hs_mm_find_vma(struct hs_mm *mm, uint64_t address)
{
	struct hs_vma *vma = mm->last_vma;

	if (vma && vma->node.start <= address && address < vma->node.end)
		return vma;
	vma = hs_mm_first_overlap(mm, address, address + 1);
	if (vma)
		mm->last_vma = vma;
	return vma;
}

struct hs_vma *hs_mm_first_overlap(const struct hs_mm *mm, uint64_t start, uint64_t end)
{
	return hs_vma_of(hs_range_tree_overlap(&mm->vmas, start, end));
}

struct hs_vma *hs_vma_next_in(const struct hs_vma *vma)
{
	return hs_vma_of(hs_range_node_next(&vma->node));
}

struct hs_vma *hs_vma_prev_in(const struct hs_vma *vma)
{
	return hs_vma_of(hs_range_node_prev(&vma->node));
}

/* --- accounting (vm_stat_account, mm_locked) ----------------------------------------------------- */

static uint64_t *class_of(struct hs_mm_counters *counters, const struct hs_vma *vma)
{
	if (vma->flags & HS_VMA_EX && !(vma->flags & (HS_VMA_WR | HS_VMA_GD)))
		return &counters->exec_vm;
	if (vma->flags & (HS_VMA_GD | HS_VMA_SS))
		return &counters->stack_vm;
	if (vma->flags & HS_VMA_WR && !(vma->flags & HS_VMA_SH))
		return &counters->data_vm;
	return NULL;
}

void hs_vma_count(const struct hs_vma *vma, struct hs_mm_counters *counters, int64_t sign)
{
	uint64_t *class = class_of(counters, vma), pages = hs_vma_pages(vma) * (uint64_t)sign;

	counters->total_vm += pages;
	if (class)
		*class += pages;
	if (vma->flags & HS_VMA_LO)
		counters->locked_vm += pages;
}

static void account(struct hs_mm *mm, const struct hs_vma *vma, int64_t sign)
{
	if (sign < 0 && mm->counters.total_vm > mm->counters.hiwater_vm)
		mm->counters.hiwater_vm = mm->counters.total_vm;
	hs_vma_count(vma, &mm->counters, sign);
}

struct hs_vma *hs_mm_insert_vma(struct hs_mm *mm, const struct hs_vma *model)
{
	struct hs_vma *vma = malloc(sizeof(*vma));

	if (!vma) {
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, model->node.start);
		return NULL;
	}
	*vma = *model;
	vma->serial = ++mm->space->next_vma;
	vma->flags &= ~(uint64_t)HS_VMA_UNKEPT;
	hs_range_tree_insert(&mm->vmas, &vma->node);
	account(mm, vma, 1);
	return vma;
}

void hs_mm_erase_vma(struct hs_mm *mm, struct hs_vma *vma)
{
	if (mm->last_vma == vma)
		mm->last_vma = NULL;
	account(mm, vma, -1);
	hs_range_tree_erase(&mm->vmas, &vma->node);
	free(vma);
}

void hs_mm_set_flags(struct hs_mm *mm, struct hs_vma *vma, uint64_t flags)
{
	uint64_t peak = mm->counters.hiwater_vm;

	account(mm, vma, -1);
	vma->flags = flags & ~(uint64_t)HS_VMA_UNKEPT;
	account(mm, vma, 1);
	mm->counters.hiwater_vm = peak;		/* the size never changed */
}

void hs_mm_resize_vma(struct hs_mm *mm, struct hs_vma *vma, uint64_t start, uint64_t end)
{
	uint64_t peak = mm->counters.hiwater_vm, before = mm->counters.total_vm;

	account(mm, vma, -1);
	vma->pgoff += (uint64_t)((int64_t)(start - vma->node.start) >> HS_PAGE_SHIFT);
	hs_range_tree_resize(&mm->vmas, &vma->node, start, end);
	vma->serial = ++mm->space->next_vma;
	account(mm, vma, 1);
	mm->counters.hiwater_vm = mm->counters.total_vm < before && before > peak ? before : peak;
}

/* vma_supports_mlock. */
bool hs_vma_supports_mlock(const struct hs_vma *vma)
{
	enum { SPECIAL = HS_VMA_IO | HS_VMA_DE | HS_VMA_PF | HS_VMA_MM };

	return !(vma->flags & (SPECIAL | HS_VMA_DP)) && vma->kind != HS_VMA_HUGETLB && vma->kind != HS_VMA_SPECIAL;
}

/* --- split --------------------------------------------------------------------------------------- */

struct hs_vma *hs_mm_split_vma(struct hs_mm *mm, struct hs_vma *vma, uint64_t address)
{
	struct hs_vma *upper = malloc(sizeof(*upper));

	if (!upper) {
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, address);
		return NULL;
	}
	hs_section_boundary(mm, vma->node.start, vma->node.end, address);
	*upper = *vma;
	upper->node.start = address;
	upper->pgoff += (address - vma->node.start) >> HS_PAGE_SHIFT;
	hs_range_tree_resize(&mm->vmas, &vma->node, vma->node.start, address);
	vma->serial = ++mm->space->next_vma;
	upper->serial = ++mm->space->next_vma;
	hs_range_tree_insert(&mm->vmas, &upper->node);
	return upper;
}

static bool split_at(struct hs_mm *mm, uint64_t address)
{
	struct hs_vma *vma = hs_mm_find_vma(mm, address);

	return !vma || vma->node.start == address || hs_mm_split_vma(mm, vma, address);
}

bool hs_mm_split_range(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	return split_at(mm, start) && split_at(mm, end);
}

/* --- merge (vma_merge, is_mergeable_vma) --------------------------------------------------------- */

enum { NEVER_MERGED = HS_VMA_IO | HS_VMA_DE | HS_VMA_PF | HS_VMA_MM };	/* VM_SPECIAL */

static bool has_anon_vma(const struct hs_vma *vma)
{
	return vma->anon_vma == HS_ANON_VMA_OWN || vma->anon_vma == HS_ANON_VMA_INHERITED;
}

static bool have_same_anon_vma(const struct hs_vma *a, const struct hs_vma *b)
{
	return has_anon_vma(a) == has_anon_vma(b) && (!has_anon_vma(a) || a->anon_vma_id == b->anon_vma_id);
}

/* A snapshot does not show anon_vmas: an unknown one goes with everything. */
static bool is_anon_vma_unknown(const struct hs_vma *a, const struct hs_vma *b)
{
	return a->anon_vma == HS_ANON_VMA_UNKNOWN || b->anon_vma == HS_ANON_VMA_UNKNOWN;
}

/* May `range` join its neighbour, as far as their anon_vmas go (is_mergeable_anon_vma)? */
static bool anon_vmas_allow(const struct hs_space_variant *variant, const struct hs_vma *range,
			    const struct hs_vma *neighbour)
{
	const struct hs_vma *owner = has_anon_vma(range) ? range : neighbour;

	if (have_same_anon_vma(range, neighbour) || is_anon_vma_unknown(range, neighbour))
		return true;
	if (has_anon_vma(range) && has_anon_vma(neighbour))
		return false;
	if (variant->merge_by_fork_chain)
		return owner->anon_vma != HS_ANON_VMA_INHERITED;
	return neighbour->anon_vma == HS_ANON_VMA_OWN;
}

static bool have_same_flags(const struct hs_space_variant *variant, const struct hs_vma *a, const struct hs_vma *b)
{
	uint64_t sticky = variant->merge_unites_sticky ? HS_VMA_GU : 0;

	return !((a->flags ^ b->flags) & ~sticky);
}

bool hs_vma_fits(const struct hs_space_variant *variant, const struct hs_vma *low, const struct hs_vma *high)
{
	return low->node.end == high->node.start && have_same_flags(variant, low, high) &&
	       !(low->flags & NEVER_MERGED) && low->kind == high->kind && low->kind != HS_VMA_SPECIAL &&
	       low->kind != HS_VMA_HUGETLB && low->file == high->file &&
	       low->pgoff + hs_vma_pages(low) == high->pgoff && !low->is_temporary_stack && !high->is_temporary_stack;
}

static void take_anon_vma(struct hs_vma *to, const struct hs_vma *from)
{
	if (has_anon_vma(to) || from->anon_vma == HS_ANON_VMA_NONE)
		return;
	to->anon_vma = from->anon_vma;
	to->anon_vma_id = from->anon_vma_id;
}

/* low swallows high. */
static struct hs_vma *fuse(struct hs_mm *mm, struct hs_vma *low, struct hs_vma *high)
{
	uint64_t end = high->node.end, peak = mm->counters.hiwater_vm;

	take_anon_vma(low, high);
	low->flags |= high->flags;		/* only sticky ones differ */
	low->is_assumed |= high->is_assumed;
	low->is_anon_vma_guessed |= high->is_anon_vma_guessed;
	low->is_stale &= high->is_stale;
	if (high->generation < low->generation)
		low->generation = high->generation;
	hs_mm_erase_vma(mm, high);
	hs_mm_resize_vma(mm, low, low->node.start, end);
	mm->counters.hiwater_vm = peak;
	return low;
}

/* The two fit; do they become one? Where an anon_vma is a guess, so is what comes of it. */
static bool do_merge(const struct hs_space_variant *variant, struct hs_vma *range, struct hs_vma *neighbour)
{
	if (is_anon_vma_unknown(range, neighbour) || range->is_anon_vma_guessed || neighbour->is_anon_vma_guessed)
		range->is_assumed = neighbour->is_assumed = true;
	return anon_vmas_allow(variant, range, neighbour);
}

static bool fits_and_merges(const struct hs_space_variant *variant, const struct hs_vma *low,
			    const struct hs_vma *high, bool is_low_changed)
{
	return hs_vma_fits(variant, low, high) &&
	       anon_vmas_allow(variant, is_low_changed ? low : high, is_low_changed ? high : low);
}

bool hs_mm_would_merge(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end, uint64_t flags)
{
	const struct hs_space_variant *variant = &mm->space->variant;
	const struct hs_vma *prev = start == vma->node.start ? hs_vma_prev_in(vma) : NULL;
	const struct hs_vma *next = end == vma->node.end ? hs_vma_next_in(vma) : NULL;
	struct hs_vma range = *vma;

	range.node.start = start;
	range.node.end = end;
	range.pgoff += (start - vma->node.start) >> HS_PAGE_SHIFT;
	range.flags = flags;
	return (prev && fits_and_merges(variant, prev, &range, false)) ||
	       (next && fits_and_merges(variant, &range, next, true));
}

struct hs_vma *hs_mm_merge_vma_but(struct hs_mm *mm, struct hs_vma *vma, const struct hs_vma *apart)
{
	const struct hs_space_variant *variant = &mm->space->variant;
	struct hs_vma *prev = hs_vma_prev_in(vma), *next = hs_vma_next_in(vma);
	bool with_prev = prev && prev != apart && hs_vma_fits(variant, prev, vma) && do_merge(variant, vma, prev);
	bool with_next = next && next != apart && hs_vma_fits(variant, vma, next) && do_merge(variant, vma, next);

	if (with_prev && with_next && has_anon_vma(prev) && has_anon_vma(next) && !have_same_anon_vma(prev, next))
		with_next = false;
	if (with_next)
		fuse(mm, vma, next);
	return with_prev ? fuse(mm, prev, vma) : vma;
}

struct hs_vma *hs_mm_merge_vma(struct hs_mm *mm, struct hs_vma *vma)
{
	return hs_mm_merge_vma_but(mm, vma, NULL);
}

/* --- anon_vma (__anon_vma_prepare, find_mergeable_anon_vma) -------------------------------------- */

/* Would the two be one mapping if it were not for access rights (anon_vma_compatible)? */
static bool could_share_anon_vma(const struct hs_vma *low, const struct hs_vma *high)
{
	enum { IGNORED = HS_VMA_RD | HS_VMA_WR | HS_VMA_EX | HS_VMA_GU };	/* access rights, sticky flags */

	return low->node.end == high->node.start && low->file == high->file && low->kind == high->kind &&
	       !((low->flags ^ high->flags) & ~(uint64_t)IGNORED) &&
	       low->pgoff + hs_vma_pages(low) == high->pgoff;
}

void hs_mm_prepare_anon_vma(struct hs_mm *mm, struct hs_vma *vma)
{
	const struct hs_vma *prev, *next;

	if (has_anon_vma(vma))
		return;
	prev = hs_vma_prev_in(vma);
	next = hs_vma_next_in(vma);
	vma->anon_vma = HS_ANON_VMA_OWN;
	if (next && next->anon_vma == HS_ANON_VMA_OWN && could_share_anon_vma(vma, next))
		vma->anon_vma_id = next->anon_vma_id;
	else if (prev && prev->anon_vma == HS_ANON_VMA_OWN && could_share_anon_vma(prev, vma))
		vma->anon_vma_id = prev->anon_vma_id;
	else
		vma->anon_vma_id = ++mm->space->next_anon_vma;
	hs_space_tell_anon_vma(mm, vma);
}

/* --- removal (do_vmi_align_munmap) --------------------------------------------------------------- */

/* Slots at the ends of an unmapped range lose their page table when no mapping is left in them. */
static void free_edge_table(struct hs_mm *mm, uint64_t address)
{
	uint64_t slot = address & ~(HS_SLOT_BYTES - 1);

	if (!hs_mm_first_overlap(mm, slot, slot + HS_SLOT_BYTES))
		hs_slot_table_drop(&mm->slots, &mm->space->pages, slot, slot + HS_SLOT_BYTES, HS_DROP_ALL);
}

/* free_pgtables, a level up. */
static void free_upper_tables(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	uint64_t gib = hs_upper_next(&mm->slots.upper, start, end);

	for (; gib != UINT64_MAX; gib = hs_upper_next(&mm->slots.upper, gib + HS_UPPER_BYTES, end))
		if (!hs_mm_first_overlap(mm, gib, gib + HS_UPPER_BYTES))
			hs_upper_remove(&mm->slots.upper, gib);
}

void hs_mm_unmap_range(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	uint64_t before = mm->counters.total_vm;
	struct hs_vma *vma;

	if (start >= end || !hs_mm_first_overlap(mm, start, end) || !hs_mm_split_range(mm, start, end))
		return;
	hs_section_open(mm, HS_SECTION_UNMAP, start, end, HS_RULE_UNMAP_VMAS, HS_BASIS_EXACT);
	hs_mm_zap_pages(mm, start, end, HS_DROP_ALL);
	hs_section_close(mm);
	while ((vma = hs_mm_first_overlap(mm, start, end)))
		hs_mm_erase_vma(mm, vma);
	if (before > mm->counters.hiwater_vm)
		mm->counters.hiwater_vm = before;
	free_edge_table(mm, start);
	free_edge_table(mm, end - 1);
	free_upper_tables(mm, start, end);
	hs_space_tell_layout(mm, start, end);
}
