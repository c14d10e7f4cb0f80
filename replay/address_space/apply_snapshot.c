// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots: the state at the start, or a later one that is compared and taken over. Mappings of a listed
 * address space are stale until a row confirms them; what is still stale at snap.end is removed.
 */
#include <endian.h>
#include <string.h>

#include "replay/address_space/checkpoint.h"

/* Object identities of snapshots and of descriptors (apply_mapping.c) never meet. */
#define KERNEL_HALF (1ull << 63)

static uint64_t file_of_row(const struct hs_snap_vma *row)
{
	return row->inode ? 1ull << 62 | ((uint64_t)row->device << 40 ^ row->inode) % (1ull << 62) : 0;
}

static bool has_prefix(const struct hs_bytes *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return text->length >= length && memcmp(text->data, prefix, length) == 0;
}

static bool is_kernel_mapping(const struct hs_bytes *name)
{
	return has_prefix(name, "[vdso]") || has_prefix(name, "[vvar") || has_prefix(name, "[vsyscall]") ||
	       has_prefix(name, "[uprobes]");
}

static bool is_tmpfs_name(const struct hs_bytes *name)
{
	return has_prefix(name, "/dev/shm/");
}

static bool is_shmem_name(const struct hs_bytes *name)
{
	return is_tmpfs_name(name) || has_prefix(name, "/dev/zero") || has_prefix(name, "/memfd:") ||
	       has_prefix(name, "/SYSV") || has_prefix(name, "[anon_shmem");
}

static enum hs_vma_kind kind_of_row(const struct hs_snap_vma *row)
{
	if (row->vm_flags & HS_VMA_HT)
		return HS_VMA_HUGETLB;
	if (is_kernel_mapping(&row->name))
		return HS_VMA_SPECIAL;
	if (row->inode || row->vm_flags & HS_VMA_SH)
		return is_shmem_name(&row->name) ? HS_VMA_SHMEM : HS_VMA_FILE;
	return HS_VMA_ANON;
}

/* Without smaps only the protection is known. */
static uint64_t flags_of_row(const struct hs_snap_vma *row)
{
	uint64_t access = hs_flags_of_prot(row->prot);

	if (row->vm_flags)
		return row->vm_flags;
	return access | HS_VMA_MR | HS_VMA_MW | HS_VMA_ME | (access & HS_VMA_WR && !row->inode ? HS_VMA_AC : 0);
}

static struct hs_vma model_of_row(const struct hs_mm *mm, const struct hs_snap_vma *row)
{
	struct hs_vma model = {
		.node = { .start = row->start, .end = row->end }, .flags = flags_of_row(row), .file = file_of_row(row),
		.pgoff = row->pgoff, .kind = kind_of_row(row), .anon_vma = HS_ANON_VMA_UNKNOWN,
		.generation = mm->space->loss_generation, .is_assumed = !row->vm_flags,
		.is_tmpfs = is_tmpfs_name(&row->name),
	};

	if (model.kind == HS_VMA_ANON)
		model.pgoff = row->start >> HS_PAGE_SHIFT;
	return model;
}

/* What events told about the range and a snapshot cannot: page index and anon_vma. */
static void inherit(struct hs_vma *model, const struct hs_vma *old)
{
	if (old->kind != model->kind)
		return;
	model->anon_vma = old->anon_vma;
	model->anon_vma_id = old->anon_vma_id;
	model->is_anon_vma_guessed = old->is_anon_vma_guessed;
	/* What a guess about anon_vmas has led to is no surer for the bounds that a snapshot shows. */
	model->is_assumed |= old->is_assumed;
	model->generation_before = old->is_stale ? old->generation : old->generation_before;
	if (old->file && !(old->file >> 62 & 1) == !(model->file >> 62 & 1))
		model->file = old->file;
	if (model->kind == HS_VMA_ANON)
		model->pgoff = old->pgoff + (uint64_t)((int64_t)(model->node.start - old->node.start) >> HS_PAGE_SHIFT);
}

/* Pages are counted as snap.mm says; where there was none, as the planes say. */
static void count_planes(struct hs_mm *mm, uint64_t start, uint64_t end, bool is_added)
{
	if (!mm->has_counters)
		hs_mm_count_mappings(mm, start, end, is_added);
}

static void remove_vma(struct hs_mm *mm, struct hs_vma *vma)
{
	count_planes(mm, vma->node.start, vma->node.end, false);
	hs_slot_table_drop(&mm->slots, &mm->space->pages, vma->node.start, vma->node.end, HS_DROP_ALL);
	hs_mm_erase_vma(mm, vma);
}

static bool is_confirmed(const struct hs_vma *vma, const struct hs_vma *model)
{
	return vma->node.start == model->node.start && vma->node.end == model->node.end &&
	       vma->kind == model->kind && !((vma->flags ^ model->flags) & ~(uint64_t)HS_VMA_UNKEPT);
}

void hs_apply_snap_mm(struct hs_mm *mm, const struct hs_snap_mm *row)
{
	struct hs_mm_counters *counters = &mm->counters;

	hs_range_for_each(node, &mm->vmas)
		hs_vma_of(node)->is_stale = true;
	mm->is_in_snapshot = true;
	hs_checkpoint_begin(mm);
	mm->has_counters = true;
	counters->hiwater_vm = row->hiwater_vm;
	counters->hiwater_rss = row->hiwater_rss;
	counters->rss_anon = row->rss_anon;
	counters->rss_file = row->rss_file;
	counters->rss_shmem = row->rss_shmem;
	counters->swap = row->swap;
	counters->start_brk = row->start_brk;
	counters->brk = row->brk;
	if (row->has_limits)
		mm->limits = (struct hs_mm_limits){ .as = row->limit_as, .data = row->limit_data,
						    .stack = row->limit_stack, .memlock = row->limit_memlock,
						    .may_lock = row->may_lock, .are_known = true };
	if (row->thp_disable != 255)
		mm->thp_disable = row->thp_disable;
}

void hs_apply_snap_vma(struct hs_mm *mm, const struct hs_snap_vma *row)
{
	struct hs_vma model = model_of_row(mm, row), *old;
	uint64_t hiwater = mm->counters.hiwater_vm;

	if (row->start >= KERNEL_HALF)	/* the gate: maps lists it, no mm holds it (get_gate_vma) */
		return;
	if (row->start >= row->end || (row->start | row->end) % HS_PAGE_BYTES || row->end > HS_USER_END) {
		hs_space_problem(mm->space, HS_PROBLEM_BAD_RANGE, mm->id, row->start);
		return;
	}
	old = hs_mm_first_overlap(mm, row->start, row->end);
	if (old)
		inherit(&model, old);
	if (old && !is_confirmed(old, &model))
		mm->space->nr_corrections++;
	if (old && hs_mm_split_range(mm, row->start, row->end))
		while ((old = hs_mm_first_overlap(mm, row->start, row->end)))
			remove_vma(mm, old);
	hs_mm_insert_vma(mm, &model);
	mm->counters.hiwater_vm = hiwater;
	mm->has_layout = true;
	hs_space_tell_layout(mm, row->start, row->end);
}

static bool take_bitmap(const struct hs_bytes *blob, struct hs_bitmap512 *map)
{
	memset(map, 0, sizeof(*map));
	if (blob->length == 0)
		return true;
	if (blob->length != sizeof(*map))
		return false;
	memcpy(map, blob->data, sizeof(*map));
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		map->word[i] = le64toh(map->word[i]);
	return true;
}

/* Bits of pages that lie in a mapping, and in a writable private one. */
static void find_mapped(const struct hs_mm *mm, uint64_t slot, struct hs_bitmap512 *mapped,
			struct hs_bitmap512 *writable)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, slot, slot + HS_SLOT_BYTES);

	memset(mapped, 0, sizeof(*mapped));
	memset(writable, 0, sizeof(*writable));
	for (; vma && vma->node.start < slot + HS_SLOT_BYTES; vma = hs_vma_next_in(vma)) {
		uint64_t from = vma->node.start > slot ? vma->node.start - slot : 0;
		uint64_t to = vma->node.end - slot < HS_SLOT_BYTES ? vma->node.end - slot : HS_SLOT_BYTES;

		hs_bitmap512_set_in(mapped, (unsigned int)(from >> HS_PAGE_SHIFT), (unsigned int)(to >> HS_PAGE_SHIFT));
		if (vma->flags & HS_VMA_WR)
			hs_bitmap512_set_in(writable, (unsigned int)(from >> HS_PAGE_SHIFT),
					    (unsigned int)(to >> HS_PAGE_SHIFT));
	}
}

/* A snapshot does not show write permission: what is not the zero page is taken to follow its mapping. */
static void derive_planes(struct hs_planes *planes, const struct hs_bitmap512 *mapped,
			  const struct hs_bitmap512 *writable)
{
	for (int i = 0; i < HS_BITMAP512_WORDS; i++) {
		uint64_t present = planes->plane[HS_PLANE_PRESENT].word[i] & mapped->word[i];

		planes->plane[HS_PLANE_PRESENT].word[i] = present;
		planes->plane[HS_PLANE_SWAP].word[i] &= mapped->word[i] & ~present;
		planes->plane[HS_PLANE_ZERO].word[i] &= present;
		planes->plane[HS_PLANE_FILE].word[i] &= present & ~planes->plane[HS_PLANE_ZERO].word[i];
		planes->plane[HS_PLANE_WRITABLE].word[i] = present & writable->word[i] &
							    ~planes->plane[HS_PLANE_ZERO].word[i];
	}
}

/* A huge page lies in one mapping. */
static enum hs_slot_kind kind_of_slot(const struct hs_mm *mm, const struct hs_snap_pages *row,
				      const struct hs_planes *planes)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, row->address, row->address + 1);

	if (!row->huge || !vma || vma->node.end < row->address + HS_SLOT_BYTES)
		return HS_SLOT_TABLE;
	if (hs_bitmap512_test(&planes->plane[HS_PLANE_ZERO], 0))
		return HS_SLOT_HUGE_ZERO;
	return hs_bitmap512_test(&planes->plane[HS_PLANE_FILE], 0) ? HS_SLOT_HUGE_FILE : HS_SLOT_HUGE_ANON;
}

static bool is_anon_in(const struct hs_planes *planes, uint64_t slot, const struct hs_vma *vma)
{
	uint64_t from = vma->node.start > slot ? (vma->node.start - slot) >> HS_PAGE_SHIFT : 0;
	uint64_t to = vma->node.end - slot < HS_SLOT_BYTES ? (vma->node.end - slot) >> HS_PAGE_SHIFT : HS_PAGES_PER_SLOT;

	for (unsigned int i = (unsigned int)from; i < to; i++)
		if (hs_bitmap512_test(&planes->plane[HS_PLANE_SWAP], i) ||
		    (hs_bitmap512_test(&planes->plane[HS_PLANE_PRESENT], i) &&
		     !hs_bitmap512_test(&planes->plane[HS_PLANE_ZERO], i) &&
		     !hs_bitmap512_test(&planes->plane[HS_PLANE_FILE], i)))
			return true;
	return false;
}

/* Anonymous pages prove an anon_vma, but not which one. */
static void prove_anon_vmas(struct hs_mm *mm, uint64_t slot, const struct hs_planes *planes)
{
	struct hs_vma *vma = hs_mm_first_overlap(mm, slot, slot + HS_SLOT_BYTES);

	for (; vma && vma->node.start < slot + HS_SLOT_BYTES; vma = hs_vma_next_in(vma))
		if (vma->anon_vma == HS_ANON_VMA_UNKNOWN && !(vma->flags & HS_VMA_SH) && is_anon_in(planes, slot, vma)) {
			hs_mm_prepare_anon_vma(mm, vma);
			vma->is_anon_vma_guessed = true;
		}
}

static bool unpack_row(const struct hs_mm *mm, const struct hs_snap_pages *row, struct hs_planes *planes)
{
	struct hs_bitmap512 mapped, writable;

	memset(planes, 0, sizeof(*planes));
	if (row->address % HS_SLOT_BYTES || !take_bitmap(&row->present, &planes->plane[HS_PLANE_PRESENT]) ||
	    !take_bitmap(&row->swap, &planes->plane[HS_PLANE_SWAP]) ||
	    !take_bitmap(&row->zero, &planes->plane[HS_PLANE_ZERO]) ||
	    !take_bitmap(&row->file, &planes->plane[HS_PLANE_FILE]))
		return false;
	if (row->huge && !row->present.length)
		memset(&planes->plane[HS_PLANE_PRESENT], 0xff, sizeof(planes->plane[HS_PLANE_PRESENT]));
	find_mapped(mm, row->address, &mapped, &writable);
	derive_planes(planes, &mapped, &writable);
	return !hs_bitmap512_is_empty(&mapped);
}

void hs_apply_snap_pages(struct hs_mm *mm, const struct hs_snap_pages *row)
{
	struct hs_slot_record *record;
	struct hs_planes planes;
	enum hs_slot_kind kind;
	bool is_new;

	if (!unpack_row(mm, row, &planes)) {
		hs_space_problem(mm->space, HS_PROBLEM_BAD_RANGE, mm->id, row->address);
		return;
	}
	kind = kind_of_slot(mm, row, &planes);
	if (mm->is_in_checkpoint && hs_checkpoint_keep(mm, row->address, &planes, kind))
		return;
	count_planes(mm, row->address, row->address + HS_SLOT_BYTES, false);
	record = hs_slot_table_own(&mm->slots, &mm->space->pages, row->address, &is_new);
	if (!record || !hs_record_pack(&mm->space->pages, record, &planes)) {
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, row->address);
		return;
	}
	count_planes(mm, row->address, row->address + HS_SLOT_BYTES, true);
	record->kind = kind;
	record->generation = mm->space->loss_generation;
	prove_anon_vmas(mm, row->address, &planes);
	hs_space_tell_populated(mm, row->address, false);
}

/*
 * Neighbours that fit but are two mappings are held apart by what a snapshot does not show, most often an
 * anon_vma that came through fork: the heap of a child beside what the child added to it.
 */
static void mark_inherited(struct hs_mm *mm)
{
	struct hs_vma *low = hs_vma_of(hs_range_tree_first(&mm->vmas)), *high;

	for (; low && (high = hs_vma_next_in(low)); low = high) {
		if (low->anon_vma != HS_ANON_VMA_UNKNOWN || high->anon_vma != HS_ANON_VMA_UNKNOWN ||
		    low->kind != HS_VMA_ANON || !hs_vma_fits(&mm->space->variant, low, high))
			continue;
		low->anon_vma = HS_ANON_VMA_INHERITED;
		low->anon_vma_id = ++mm->space->next_anon_vma;
		high->anon_vma = HS_ANON_VMA_NONE;
		low->is_anon_vma_guessed = high->is_anon_vma_guessed = true;
	}
}

static void sweep(struct hs_mm *mm)
{
	uint64_t hiwater = mm->counters.hiwater_vm;
	struct hs_vma *vma = hs_vma_of(hs_range_tree_first(&mm->vmas));

	mm->is_in_snapshot = false;
	while (vma) {
		struct hs_vma *next = hs_vma_next_in(vma);

		if (vma->is_stale) {
			uint64_t start = vma->node.start, end = vma->node.end;

			mm->space->nr_corrections++;
			remove_vma(mm, vma);
			hs_space_tell_layout(mm, start, end);
		}
		vma = next;
	}
	mm->counters.hiwater_vm = hiwater;
	if (mm->is_in_checkpoint)
		hs_checkpoint_end(mm);
	mark_inherited(mm);
}

void hs_apply_snap_end(struct hs_address_space *space)
{
	for (struct hs_mm *mm = space->first; mm; mm = mm->next)
		if (mm->is_in_snapshot)
			sweep(mm);
}
