// SPDX-License-Identifier: GPL-2.0-only
/* Holes punched into files by MADV_REMOVE: mm/madvise.c (madvise_remove), mm/memory.c (unmap_mapping_range). */
#include "replay/address_space/space_state.h"

/* Pages of an object. */
struct hole {
	uint64_t file, from, to;
};

/* Where a page of the object would be in the mapping; its start for one before. */
static uint64_t address_of(const struct hs_vma *vma, uint64_t page)
{
	return page <= vma->pgoff ? vma->node.start : vma->node.start + ((page - vma->pgoff) << HS_PAGE_SHIFT);
}

static uint64_t end_of(const struct hs_vma *vma, const struct hole *hole)
{
	uint64_t end = address_of(vma, hole->to);

	return end < vma->node.end ? end : vma->node.end;
}

static bool meets(const struct hs_vma *vma, const struct hole *hole)
{
	return vma->file == hole->file && vma->kind != HS_VMA_HUGETLB && vma->pgoff < hole->to &&
	       vma->pgoff + hs_vma_pages(vma) > hole->from;
}

/* Is a before b in the tree of the file's mappings (vma_interval_tree)? Of equal ones the older is. */
static bool is_before(const struct hs_vma *a, const struct hs_vma *b)
{
	return a->pgoff != b->pgoff ? a->pgoff < b->pgoff : a->serial < b->serial;
}

/* The mapping of mm that meets the hole and comes next in the file's tree. */
static struct hs_vma *next_mapper(const struct hs_mm *mm, const struct hole *hole, const struct hs_vma *after)
{
	struct hs_vma *next = NULL;

	hs_range_for_each(node, &mm->vmas) {
		struct hs_vma *vma = hs_vma_of(node);

		if (meets(vma, hole) && (!after || is_before(after, vma)) && (!next || is_before(vma, next)))
			next = vma;
	}
	return next;
}

/* zap_page_range_single: a section even where no page is mapped. Those of another, listened-to mm were recorded. */
static void zap_mapper(struct hs_mm *mm, const struct hs_vma *vma, const struct hole *hole, bool is_own)
{
	uint64_t start = address_of(vma, hole->from), end = end_of(vma, hole);
	bool has_section = is_own || !mm->is_listened;

	if (has_section) {
		hs_section_open(mm, HS_SECTION_CLEAR, start, end, HS_RULE_PUNCH, HS_BASIS_EXACT);
		hs_mm_split_edges(mm, start, end);
		hs_section_close(mm);
	}
	hs_mm_drop_file_pages(mm, start, end);
}

static struct hole hole_of(const struct hs_vma *vma, uint64_t start, uint64_t end)
{
	uint64_t from = vma->pgoff + ((start - vma->node.start) >> HS_PAGE_SHIFT);

	return (struct hole){ .file = vma->file, .from = from, .to = from + ((end - start) >> HS_PAGE_SHIFT) };
}

void hs_apply_punch(struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end)
{
	struct hole hole = hole_of(vma, start, end);

	if (!hole.file)
		return;
	for (struct hs_mm *other = mm->space->first; other; other = other->next)
		for (const struct hs_vma *at = next_mapper(other, &hole, NULL); at; at = next_mapper(other, &hole, at))
			zap_mapper(other, at, &hole, other == mm);
}

void hs_doubt_punch(struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end)
{
	struct hole hole = hole_of(vma, start, end);

	for (struct hs_mm *other = mm->space->first; other; other = other->next)
		hs_range_for_each(node, &other->vmas)
			if (meets(hs_vma_of(node), &hole))
				hs_mm_forget_pages(other, address_of(hs_vma_of(node), hole.from),
						   end_of(hs_vma_of(node), &hole));
}
