// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections opened for reasons that no event shows: reclaim, KSM, files cut short, soft-dirty bits, threads of
 * the kernel. mm/rmap.c, mm/ksm.c, mm/memory.c, fs/proc/task_mmu.c.
 */
#include "replay/address_space/space_state.h"

/* Calls visit for each page of [start, end) that is in all planes of `in` and in none of `out`. */
typedef void visit_fn(struct hs_mm *mm, uint64_t page);

static void visit_pages(struct hs_mm *mm, uint64_t start, uint64_t end, uint32_t in, uint32_t out, visit_fn *visit)
{
	uint64_t slot = hs_slot_table_next(&mm->slots, start, end);

	for (; slot != UINT64_MAX; slot = hs_slot_table_next(&mm->slots, slot + HS_SLOT_BYTES, end)) {
		uint64_t from = slot > start ? slot : start, to = slot + HS_SLOT_BYTES < end ? slot + HS_SLOT_BYTES : end;

		for (uint64_t page = from; page < to; page += HS_PAGE_BYTES) {
			const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, page);
			uint32_t planes = hs_record_page(&mm->space->pages, record,
							 (page >> HS_PAGE_SHIFT) % HS_PAGES_PER_SLOT);

			if ((planes & in) == in && !(planes & out))
				visit(mm, page);
		}
	}
}

static void note_reclaim(struct hs_mm *mm, uint64_t page)
{
	hs_section_note(mm, HS_SECTION_CLEAR, page, page + HS_PAGE_BYTES, HS_RULE_RECLAIM, HS_BASIS_BOUNDED);
}

/* Without swap only pages that MADV_FREE gave up can go, as long as nobody has written to them since. */
void hs_section_reclaim(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	if (mm->is_listened || mm->space->watches.count)
		visit_pages(mm, start, end, HS_PLANE_BIT(PRESENT) | HS_PLANE_BIT(EXCLUSIVE), HS_PLANE_BIT(DIRTY),
			    note_reclaim);
}

static void break_page(struct hs_mm *mm, uint64_t page)
{
	struct hs_vma *vma = hs_mm_find_vma(mm, page);

	if (vma)
		hs_mm_touch_page(mm, vma, page, true);
}

/* Only a page that KSM has write-protected is not this mm's own without a fork. */
void hs_mm_break_ksm(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	visit_pages(mm, start, end, HS_PLANE_BIT(PRESENT),
		    HS_PLANE_BIT(EXCLUSIVE) | HS_PLANE_BIT(ZERO) | HS_PLANE_BIT(FILE), break_page);
}

static bool is_slot(const struct hs_section *section)
{
	return section->start % HS_SLOT_BYTES == 0 && section->end == section->start + HS_SLOT_BYTES;
}

/* try_to_merge_one_page: the page is this mm's alone no more. */
static enum hs_section_rule explain_ksm(struct hs_mm *mm, const struct hs_section *section)
{
	hs_mm_clear_planes(mm, section->start, section->end, HS_PLANE_BIT(EXCLUSIVE) | HS_PLANE_BIT(WRITABLE));
	return HS_RULE_KSM;
}

/* unmap_mapping_range, or reclaim of a file's pages: what is left there is not known. */
static enum hs_section_rule explain_file(struct hs_mm *mm, const struct hs_section *section)
{
	hs_mm_forget_pages(mm, section->start, section->end);
	return HS_RULE_PUNCH;
}

static enum hs_section_rule explain_clear(struct hs_mm *mm, const struct hs_section *section)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, section->start, section->start + 1);

	if (!vma || section->end > vma->node.end)
		return HS_RULE_UNEXPLAINED;
	if (is_slot(section) && hs_vma_is_private_anon(vma))
		return HS_RULE_SPLIT_HUGE;
	if (vma->flags & HS_VMA_MG && section->end == section->start + HS_PAGE_BYTES)
		return explain_ksm(mm, section);
	if (!hs_vma_is_private_anon(vma))
		return explain_file(mm, section);
	if (section->end - section->start > HS_SLOT_BYTES)
		return HS_RULE_UNEXPLAINED;
	hs_mm_make_unknown(mm, section->start, section->end);
	return HS_RULE_RECLAIM;
}

/* The OOM reaper and process_mrelease take private mappings whole, and never wait. */
static enum hs_section_rule explain_reaping(struct hs_mm *mm, const struct hs_section *section)
{
	enum hs_section_event event = mm->space->variant.reaps_by_clear ? HS_SECTION_CLEAR : HS_SECTION_UNMAP;
	const struct hs_vma *vma = hs_mm_first_overlap(mm, section->start, section->start + 1);

	if (section->event != event || !vma || vma->flags & (HS_VMA_SH | HS_VMA_HT | HS_VMA_PF) ||
	    vma->node.start != section->start || vma->node.end != section->end)
		return HS_RULE_UNEXPLAINED;
	hs_mm_zap_pages(mm, section->start, section->end, HS_DROP_KEEPS_TABLES);
	return HS_RULE_REAP;
}

enum hs_section_rule hs_section_explain(struct hs_mm *mm, const struct hs_section *section)
{
	if (!section->is_blockable)
		return explain_reaping(mm, section);
	switch (section->event) {
	case HS_SECTION_SOFT_DIRTY:
		return section->start == 0 && section->end == UINT64_MAX ? HS_RULE_CLEAR_REFS : HS_RULE_UNEXPLAINED;
	case HS_SECTION_CLEAR:
		return explain_clear(mm, section);
	default:
		return HS_RULE_UNEXPLAINED;
	}
}
