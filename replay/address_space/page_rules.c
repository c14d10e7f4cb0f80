// SPDX-License-Identifier: GPL-2.0-only
/* What accesses and releases do to pages: mm/memory.c (handle_pte_fault and below), mm/huge_memory.c. */
#include "replay/address_space/space_state.h"

enum {
	/* A page of this process alone, just written. */
	OWN_PAGE = HS_PLANE_BIT(PRESENT) | HS_PLANE_BIT(EXCLUSIVE) | HS_PLANE_BIT(WRITABLE) | HS_PLANE_BIT(YOUNG) |
		   HS_PLANE_BIT(DIRTY),
	ZERO_PAGE = HS_PLANE_BIT(PRESENT) | HS_PLANE_BIT(ZERO) | HS_PLANE_BIT(YOUNG),
	FILE_PAGE = HS_PLANE_BIT(PRESENT) | HS_PLANE_BIT(FILE) | HS_PLANE_BIT(YOUNG),
	SWAPPED_IN = HS_PLANE_BIT(PRESENT) | HS_PLANE_BIT(EXCLUSIVE) | HS_PLANE_BIT(YOUNG),
	WRITTEN = HS_PLANE_BIT(WRITABLE) | HS_PLANE_BIT(DIRTY) | HS_PLANE_BIT(YOUNG),
};

static unsigned int page_of(uint64_t address)
{
	return (unsigned int)(address >> HS_PAGE_SHIFT) % HS_PAGES_PER_SLOT;
}

static uint64_t slot_of(uint64_t address)
{
	return address & ~(HS_SLOT_BYTES - 1);
}

/* --- counters ------------------------------------------------------------------------------------ */

static uint64_t *file_counter(struct hs_mm *mm, const struct hs_vma *vma)
{
	return vma->kind == HS_VMA_SHMEM ? &mm->counters.rss_shmem : &mm->counters.rss_file;
}

void hs_mm_note_rss(struct hs_mm *mm)
{
	uint64_t rss = mm->counters.rss_anon + mm->counters.rss_file + mm->counters.rss_shmem;

	if (rss > mm->counters.hiwater_rss)
		mm->counters.hiwater_rss = rss;
}

/* Losses and half-known starts can make the planes hold more than a counter knows of: it stops at 0. */
static void lower(uint64_t *counter, uint64_t pages)
{
	*counter -= pages < *counter ? pages : *counter;
}

static void count_pages(struct hs_mm *mm, const struct hs_vma *vma, const struct hs_page_sums *sums, bool is_added)
{
	uint64_t anon = sums->present - sums->zero - sums->file;

	if (is_added) {
		mm->counters.rss_anon += anon;
		*file_counter(mm, vma) += sums->file;
		mm->counters.swap += sums->swap;
	} else {
		lower(&mm->counters.rss_anon, anon);
		lower(file_counter(mm, vma), sums->file);
		lower(&mm->counters.swap, sums->swap);
	}
}

static struct hs_page_sums sums_of_page(uint32_t planes)
{
	return (struct hs_page_sums){
		.present = !!(planes & HS_PLANE_BIT(PRESENT)), .swap = !!(planes & HS_PLANE_BIT(SWAP)),
		.zero = !!(planes & HS_PLANE_BIT(ZERO)), .file = !!(planes & HS_PLANE_BIT(FILE)),
	};
}

static struct hs_page_sums sums_of_record(const struct hs_slot_record *record)
{
	return (struct hs_page_sums){ record->present, record->swap, record->zero, record->file };
}

/* --- one access ---------------------------------------------------------------------------------- */

/* mm_forbids_zeropage: a read gets a page of its own, writable where the mapping is. */
static uint32_t read_own_page(const struct hs_vma *vma)
{
	return SWAPPED_IN | (vma->flags & HS_VMA_WR ? HS_PLANE_BIT(WRITABLE) | HS_PLANE_BIT(DIRTY) : 0);
}

static uint32_t after_absent(const struct hs_mm *mm, const struct hs_vma *vma, uint32_t old, bool is_write)
{
	if (old & HS_PLANE_BIT(SWAP))
		return SWAPPED_IN | (is_write ? (uint32_t)WRITTEN : 0);
	if (vma->flags & HS_VMA_SH)
		return FILE_PAGE | (is_write ? (uint32_t)WRITTEN : 0);
	if (is_write)
		return OWN_PAGE;
	if (!hs_vma_is_private_anon(vma))
		return FILE_PAGE;
	return mm->space->maps_zero_page ? (uint32_t)ZERO_PAGE : read_own_page(vma);
}

static uint32_t after_present(const struct hs_vma *vma, uint32_t old, bool is_write)
{
	if (!is_write)
		return old | HS_PLANE_BIT(YOUNG);
	return vma->flags & HS_VMA_SH ? old | WRITTEN : (uint32_t)OWN_PAGE;
}

static bool makes_anon_page(const struct hs_mm *mm, const struct hs_vma *vma, bool is_write)
{
	return !(vma->flags & HS_VMA_SH) && (is_write || (hs_vma_is_private_anon(vma) && !mm->space->maps_zero_page));
}

/* The order of do_pte_missing, do_swap_page and do_wp_page. */
static uint32_t after_access(const struct hs_mm *mm, const struct hs_vma *vma, uint32_t old, bool is_write)
{
	if (old & HS_PLANE_BIT(MARKER))
		return old;
	return old & HS_PLANE_BIT(PRESENT) ? after_present(vma, old, is_write) : after_absent(mm, vma, old, is_write);
}

/* May an untouched slot be faulted in as a huge page (thp_vma_allowable_order, in a fault)? */
static bool suits_huge(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t slot)
{
	enum hs_thp_mode mode = mm->space->thp_mode;
	bool is_advised = vma->flags & HS_VMA_HG;

	if (!hs_vma_is_private_anon(vma) || slot < vma->node.start || slot + HS_SLOT_BYTES > vma->node.end)
		return false;
	if (vma->flags & (HS_VMA_NH | HS_VMA_IO | HS_VMA_DE | HS_VMA_PF | HS_VMA_MM | HS_VMA_UM | HS_VMA_UW | HS_VMA_UI) ||
	    vma->is_temporary_stack || mm->thp_disable == 1 || (mm->thp_disable == 2 && !is_advised))
		return false;
	return mode == HS_THP_ALWAYS || (mode == HS_THP_MADVISE && is_advised);
}

static bool may_fault_huge(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t slot, bool is_write)
{
	return (is_write || mm->space->uses_zero_page) && suits_huge(mm, vma, slot);
}

static void make_others_unknown(struct hs_page_store *store, struct hs_slot_record *record, unsigned int page,
				uint32_t planes)
{
	struct hs_planes all;

	hs_record_set_all(store, record, HS_PLANE_BIT(UNKNOWN));
	hs_record_unpack(store, record, &all);
	for (unsigned int i = 0; i < HS_NR_PLANES; i++) {
		hs_bitmap512_clear(&all.plane[i], page);
		if (planes >> i & 1)
			hs_bitmap512_set(&all.plane[i], page);
	}
	hs_record_pack(store, record, &all);
	record->kind = HS_SLOT_MAYBE_HUGE;
	record->is_doubted = false;
}

/* A second fault in the slot shows that the first one did not get a huge page. */
static void settle_as_table(struct hs_page_store *store, struct hs_slot_record *record)
{
	struct hs_planes planes;

	if (record->is_doubted) {	/* not that pages unknown for other reasons are absent */
		record->kind = HS_SLOT_TABLE;
		return;
	}
	hs_record_unpack(store, record, &planes);
	planes.plane[HS_PLANE_UNKNOWN] = (struct hs_bitmap512){ { 0 } };
	hs_record_pack(store, record, &planes);
	record->kind = HS_SLOT_TABLE;
}

/* All pages of the slot alike, accounted. */
static void fill_slot(struct hs_mm *mm, const struct hs_vma *vma, struct hs_slot_record *record,
		      enum hs_slot_kind kind, uint32_t planes)
{
	struct hs_page_sums before = sums_of_record(record), after;

	hs_record_set_all(&mm->space->pages, record, planes);
	record->kind = (uint8_t)kind;
	after = sums_of_record(record);
	count_pages(mm, vma, &before, false);
	count_pages(mm, vma, &after, true);
}

/* maybe_pmd_mkwrite. */
static uint32_t own_huge_page(const struct hs_vma *vma)
{
	return vma->flags & HS_VMA_WR ? (uint32_t)OWN_PAGE : OWN_PAGE & ~HS_PLANE_BIT(WRITABLE);
}

/* What could be a huge page is one: as the page that is known of it. */
static void settle_as_huge(struct hs_mm *mm, const struct hs_vma *vma, struct hs_slot_record *record)
{
	uint32_t shared = OWN_PAGE & ~(HS_PLANE_BIT(EXCLUSIVE) | HS_PLANE_BIT(WRITABLE));

	if (record->is_doubted)
		fill_slot(mm, vma, record, HS_SLOT_HUGE_ANON, own_huge_page(vma));
	else if (record->zero)
		fill_slot(mm, vma, record, HS_SLOT_HUGE_ZERO, ZERO_PAGE);
	else
		fill_slot(mm, vma, record, HS_SLOT_HUGE_ANON,
			  hs_record_has(record, HS_PLANE_BIT(EXCLUSIVE)) ? own_huge_page(vma) : shared);
}

/* A write fault on a page that is there and shared: collapsed pages are nobody else's. */
static void settle_by_write(struct hs_mm *mm, const struct hs_vma *vma, struct hs_slot_record *record)
{
	if (record->is_doubted)
		settle_as_table(&mm->space->pages, record);
	else
		settle_as_huge(mm, vma, record);
}

/* do_huge_pmd_wp_page: the only user of the page writes to it where it is. */
static bool is_huge_reused(const struct hs_mm *mm, const struct hs_slot_record *record, uint64_t slot)
{
	return record->kind == HS_SLOT_HUGE_ANON &&
	       (hs_record_page(&mm->space->pages, record, 0) & HS_PLANE_BIT(EXCLUSIVE) || !hs_mm_is_page_shared(mm, slot));
}

/* Writes to huge mappings. True: nothing is left to do for the single page. */
static bool access_huge(struct hs_mm *mm, struct hs_slot_record *record, const struct hs_vma *vma, uint64_t slot,
			bool is_write)
{
	if (!is_write)
		return true;
	if (record->kind == HS_SLOT_HUGE_FILE && vma->flags & HS_VMA_SH) {
		hs_record_set_all(&mm->space->pages, record, FILE_PAGE | WRITTEN);
		return true;
	}
	if (is_huge_reused(mm, record, slot)) {
		hs_record_set_all(&mm->space->pages, record, OWN_PAGE);
		return true;
	}
	if (record->kind == HS_SLOT_HUGE_ZERO && mm->space->variant.huge_zero_write_is_huge) {
		hs_section_note(mm, HS_SECTION_CLEAR, slot, slot + HS_SLOT_BYTES, HS_RULE_WP_COPY, HS_BASIS_EXACT);
		fill_slot(mm, vma, record, HS_SLOT_HUGE_ANON, OWN_PAGE);
		return true;
	}
	if (record->kind == HS_SLOT_HUGE_FILE) {	/* splitting one only unmaps it */
		hs_mm_split_huge(mm, slot);
		fill_slot(mm, vma, record, HS_SLOT_TABLE, 0);
		return false;
	}
	hs_mm_split_huge(mm, slot);	/* the single page is next */
	return false;
}

/* do_wp_page: is a private page that is there copied, or written to where it is? */
static bool is_copied(const struct hs_mm *mm, const struct hs_vma *vma, const struct hs_slot_record *record,
		      uint32_t planes, uint64_t address)
{
	if (planes & (HS_PLANE_BIT(ZERO) | HS_PLANE_BIT(FILE)))
		return true;
	if (planes & HS_PLANE_BIT(EXCLUSIVE))
		return false;
	return vma->flags & HS_VMA_MG || hs_mm_is_page_shared(mm, address) ||
	       (record->is_of_folio && !mm->space->variant.reuses_pages_of_folios);
}

/* KSM shares pages unseen; who of relatives still has a page is not kept, nor who of two at once is first. */
static enum hs_basis basis_of_copy(const struct hs_mm *mm, const struct hs_vma *vma, uint32_t planes)
{
	if (planes & (HS_PLANE_BIT(ZERO) | HS_PLANE_BIT(FILE)))
		return HS_BASIS_EXACT;
	return vma->flags & HS_VMA_MG || mm->kin != mm ? HS_BASIS_BOUNDED : HS_BASIS_EXACT;
}

/* wp_page_copy. */
static void note_copy(struct hs_mm *mm, const struct hs_vma *vma, const struct hs_slot_record *record,
		      uint32_t planes, uint64_t address)
{
	uint64_t page = hs_page_down(address);

	if (planes & HS_PLANE_BIT(PRESENT) && !(vma->flags & HS_VMA_SH) && is_copied(mm, vma, record, planes, page))
		hs_section_note(mm, HS_SECTION_CLEAR, page, page + HS_PAGE_BYTES, HS_RULE_WP_COPY,
				basis_of_copy(mm, vma, planes));
}

static void store_page(struct hs_mm *mm, const struct hs_vma *vma, struct hs_slot_record *record, uint64_t address,
		       uint32_t old, uint32_t new)
{
	struct hs_page_sums before = sums_of_page(old), after = sums_of_page(new);

	if (!hs_record_set_page(&mm->space->pages, record, page_of(address), new)) {
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, address);
		return;
	}
	count_pages(mm, vma, &before, false);
	count_pages(mm, vma, &after, true);
}

/*
 * do_fault_around: a read of a file maps what the page cache holds of 64 KiB around, which begin aligned or
 * at the mapping's start and end at the latest with the slot. Which pages those are is not recorded.
 */
static void map_around(struct hs_mm *mm, const struct hs_vma *vma, struct hs_slot_record *record, uint64_t address)
{
	enum { AROUND_BYTES = 64 << 10 };
	uint64_t from = address & ~(uint64_t)(AROUND_BYTES - 1), to = slot_of(address) + HS_SLOT_BYTES;

	from = vma->node.start > from ? vma->node.start : from;
	to = from + AROUND_BYTES < to ? from + AROUND_BYTES : to;
	to = vma->node.end < to ? vma->node.end : to;
	for (uint64_t at = from; at < to; at += HS_PAGE_BYTES)
		if (!hs_record_page(&mm->space->pages, record, page_of(at)))
			store_page(mm, vma, record, at, 0, HS_PLANE_BIT(UNKNOWN));
}

/* do_huge_pmd_anonymous_page: before it looks at the access. */
static void prepare_for_huge(struct hs_mm *mm, struct hs_vma *vma, uint64_t slot)
{
	if (suits_huge(mm, vma, slot))
		hs_mm_prepare_anon_vma(mm, vma);
}

static void touch_new_slot(struct hs_mm *mm, struct hs_vma *vma, struct hs_slot_record *record, uint64_t address,
			   bool is_write)
{
	uint32_t planes = after_absent(mm, vma, 0, is_write);

	record->kind = HS_SLOT_TABLE;
	record->generation = vma->generation;
	prepare_for_huge(mm, vma, slot_of(address));
	if (may_fault_huge(mm, vma, slot_of(address), is_write))
		make_others_unknown(&mm->space->pages, record, page_of(address), planes);
	store_page(mm, vma, record, address, 0, planes);
	if (!is_write && planes & HS_PLANE_BIT(FILE))
		map_around(mm, vma, record, address);
	hs_space_tell_populated(mm, slot_of(address), false);
}

void hs_mm_settle_huge(struct hs_mm *mm, const struct hs_vma *vma, uint64_t address)
{
	bool is_new;
	struct hs_slot_record *record = hs_slot_table_own(&mm->slots, &mm->space->pages, address, &is_new);

	if (record && record->kind == HS_SLOT_MAYBE_HUGE)
		settle_as_huge(mm, vma, record);
}

void hs_mm_settle_zero(struct hs_mm *mm, const struct hs_vma *vma, uint64_t address)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, address);
	bool is_new;

	if (record && record->has_zeros && record->kind == HS_SLOT_TABLE && hs_vma_is_private_anon(vma) &&
	    hs_record_page(&mm->space->pages, record, page_of(address)) == HS_PLANE_BIT(UNKNOWN))
		store_page(mm, vma, hs_slot_table_own(&mm->slots, &mm->space->pages, address, &is_new), address,
			   HS_PLANE_BIT(UNKNOWN), ZERO_PAGE);
}

static void touch_known_slot(struct hs_mm *mm, struct hs_vma *vma, struct hs_slot_record *record, uint64_t address,
			     bool is_write)
{
	struct hs_page_store *store = &mm->space->pages;
	uint32_t old, new;

	new = after_absent(mm, vma, 0, is_write);
	if (!(new & HS_PLANE_BIT(FILE)) && hs_record_add_page(store, record, page_of(address), new)) {
		struct hs_page_sums sums = sums_of_page(new);

		count_pages(mm, vma, &sums, true);
		return;
	}
	old = hs_record_page(store, record, page_of(address));
	if (record->kind == HS_SLOT_MAYBE_HUGE && is_write &&
	    (old & (HS_PLANE_BIT(PRESENT) | HS_PLANE_BIT(EXCLUSIVE))) == HS_PLANE_BIT(PRESENT))
		settle_by_write(mm, vma, record);
	if (record->kind >= HS_SLOT_HUGE_ANON && record->kind <= HS_SLOT_HUGE_ZERO &&
	    access_huge(mm, record, vma, slot_of(address), is_write))
		return;
	old = hs_record_page(store, record, page_of(address));
	if (record->kind == HS_SLOT_MAYBE_HUGE && old & HS_PLANE_BIT(UNKNOWN)) {
		settle_as_table(store, record);
		old = 0;
	}
	if (is_write)
		note_copy(mm, vma, record, old, address);
	new = after_access(mm, vma, old, is_write);
	if (new != old)
		store_page(mm, vma, record, address, old, new);
	if (!is_write && new & ~old & HS_PLANE_BIT(FILE))
		map_around(mm, vma, record, address);
}

/* A page table that was left behind when its pages went. */
static bool is_empty_table(const struct hs_slot_record *record)
{
	return record->kind == HS_SLOT_TABLE &&
	       !(record->present | record->swap | record->marker | record->file | record->unknown);
}

void hs_mm_touch_page(struct hs_mm *mm, struct hs_vma *vma, uint64_t address, bool is_write)
{
	bool is_new, was_empty;
	struct hs_slot_record *record = hs_slot_table_own(&mm->slots, &mm->space->pages, address, &is_new);

	if (!record) {
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, address);
		return;
	}
	if (makes_anon_page(mm, vma, is_write) && vma->anon_vma != HS_ANON_VMA_OWN)
		hs_mm_prepare_anon_vma(mm, vma);
	if (is_new) {
		touch_new_slot(mm, vma, record, address, is_write);
		return;
	}
	was_empty = is_empty_table(record);
	touch_known_slot(mm, vma, record, address, is_write);
	if (was_empty)
		hs_space_tell_populated(mm, slot_of(address), true);
}

/* --- many pages ---------------------------------------------------------------------------------- */

/* An untouched slot that is populated whole: all pages alike, huge or not. */
static bool populate_whole_slot(struct hs_mm *mm, struct hs_vma *vma, uint64_t slot, bool is_write)
{
	bool is_new;
	struct hs_slot_record *record;
	struct hs_page_sums sums;

	if (hs_slot_table_find(&mm->slots, &mm->space->pages, slot))
		return false;
	record = hs_slot_table_own(&mm->slots, &mm->space->pages, slot, &is_new);
	if (!record)
		return false;
	record->generation = vma->generation;
	prepare_for_huge(mm, vma, slot);
	hs_record_set_all(&mm->space->pages, record, after_absent(mm, vma, 0, is_write));
	record->kind = may_fault_huge(mm, vma, slot, is_write) ? HS_SLOT_MAYBE_HUGE : HS_SLOT_TABLE;
	sums = sums_of_record(record);
	count_pages(mm, vma, &sums, true);
	hs_space_tell_populated(mm, slot, false);
	return true;
}

/* End of the object within the mapping: what lies behind cannot be faulted in. */
static uint64_t end_of_object(const struct hs_vma *vma, uint64_t end)
{
	uint64_t pages = vma->object_pages > vma->pgoff ? vma->object_pages - vma->pgoff : 0;

	if (!vma->object_pages || pages >= (end - vma->node.start) >> HS_PAGE_SHIFT)
		return end;
	return vma->node.start + (pages << HS_PAGE_SHIFT);
}

uint64_t hs_mm_first_guard(const struct hs_mm *mm, uint64_t start, uint64_t end)
{
	uint64_t slot = hs_slot_table_next(&mm->slots, start, end);

	for (; slot != UINT64_MAX; slot = hs_slot_table_next(&mm->slots, slot + HS_SLOT_BYTES, end)) {
		const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, slot);
		uint64_t to = slot + HS_SLOT_BYTES < end ? slot + HS_SLOT_BYTES : end;

		for (uint64_t at = slot > start ? slot : start; record->marker && at < to; at += HS_PAGE_BYTES)
			if (hs_record_page(&mm->space->pages, record, page_of(at)) & HS_PLANE_BIT(MARKER))
				return at;
	}
	return end;
}

/*
 * Of a page of private memory that may be there already, as part of a huge one, nothing more is known when it has
 * been faulted in to be read; to be written, it is there, and whether the slot is huge is still open.
 */
static void populate_page(struct hs_mm *mm, struct hs_vma *vma, uint64_t address, bool is_write)
{
	struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, address);
	bool is_new, is_unknown = record && hs_vma_is_private_anon(vma) &&
				  hs_record_page(&mm->space->pages, record, page_of(address)) & HS_PLANE_BIT(UNKNOWN);

	if (!is_unknown) {
		hs_mm_touch_page(mm, vma, address, is_write);
		return;
	}
	record = hs_slot_table_own(&mm->slots, &mm->space->pages, address, &is_new);
	if (record && makes_anon_page(mm, vma, is_write))
		store_page(mm, vma, record, address, HS_PLANE_BIT(UNKNOWN), after_absent(mm, vma, 0, is_write));
}

/* An error at a page ends it for this mapping. */
static void populate_vma(struct hs_mm *mm, struct hs_vma *vma, uint64_t start, uint64_t end, bool is_write)
{
	end = hs_mm_first_guard(mm, start, end_of_object(vma, end));
	if (makes_anon_page(mm, vma, is_write))
		hs_mm_prepare_anon_vma(mm, vma);
	for (uint64_t at = start; at < end;) {
		uint64_t next = slot_of(at) + HS_SLOT_BYTES;

		if (at == slot_of(at) && next <= end && populate_whole_slot(mm, vma, at, is_write)) {
			at = next;
			continue;
		}
		for (; at < next && at < end; at += HS_PAGE_BYTES)
			populate_page(mm, vma, at, is_write);
	}
}

static bool is_populated_by_write(const struct hs_vma *vma, enum hs_populate how)
{
	if (how == HS_POPULATE_MM)
		return vma->flags & HS_VMA_WR && !(vma->flags & HS_VMA_SH);
	return how == HS_POPULATE_WRITE;
}

/* populate_vma_page_range, faultin_page_range. */
void hs_mm_populate(struct hs_mm *mm, uint64_t start, uint64_t end, enum hs_populate how)
{
	struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);

	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma)) {
		if (vma->flags & (HS_VMA_IO | HS_VMA_PF) || vma->kind == HS_VMA_HUGETLB ||
		    !(vma->flags & (HS_VMA_RD | HS_VMA_WR | HS_VMA_EX)) ||
		    (how == HS_POPULATE_MM && vma->flags & HS_VMA_LF))
			continue;
		populate_vma(mm, vma, vma->node.start > start ? vma->node.start : start,
			     vma->node.end < end ? vma->node.end : end, is_populated_by_write(vma, how));
	}
}

void hs_mm_count_range(struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end, bool is_added)
{
	struct hs_page_sums sums = { 0 };

	hs_slot_table_sum(&mm->slots, &mm->space->pages, start, end, &sums);
	count_pages(mm, vma, &sums, is_added);
}

void hs_mm_count_mappings(struct hs_mm *mm, uint64_t start, uint64_t end, bool is_added)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);

	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma))
		hs_mm_count_range(mm, vma, vma->node.start > start ? vma->node.start : start,
				  vma->node.end < end ? vma->node.end : end, is_added);
}

void hs_mm_zap_pages(struct hs_mm *mm, uint64_t start, uint64_t end, unsigned int keeps)
{
	hs_mm_note_rss(mm);
	hs_mm_count_mappings(mm, start, end, false);
	if (!hs_slot_table_drop(&mm->slots, &mm->space->pages, start, end, keeps))
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, start);
	hs_space_tell_dropped(mm, start, end);
}

void hs_mm_make_huge(struct hs_mm *mm, struct hs_vma *vma, uint64_t slot)
{
	bool is_new;
	struct hs_slot_record *record = hs_slot_table_own(&mm->slots, &mm->space->pages, slot, &is_new);

	if (!record) {
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, slot);
		return;
	}
	fill_slot(mm, vma, record, HS_SLOT_HUGE_ANON, own_huge_page(vma));
	record->generation = mm->space->loss_generation;
	hs_mm_prepare_anon_vma(mm, vma);
}

static void change(struct hs_mm *mm, uint64_t start, uint64_t end, hs_change_fn *how, void *context)
{
	if (!hs_slot_table_change(&mm->slots, &mm->space->pages, start, end, how, context))
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, start);
}

void hs_mm_clear_planes(struct hs_mm *mm, uint64_t start, uint64_t end, uint32_t planes)
{
	if (!hs_slot_table_clear(&mm->slots, &mm->space->pages, start, end, planes))
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, start);
}

/* The slot may have become huge: all that is not present may be. */
static void doubt_table(void *context, struct hs_slot_record *record, struct hs_planes *planes, unsigned int from,
			unsigned int to)
{
	(void)context;
	(void)from;
	(void)to;
	for (int word = 0; word < HS_BITMAP512_WORDS; word++)
		planes->plane[HS_PLANE_UNKNOWN].word[word] |= ~(planes->plane[HS_PLANE_PRESENT].word[word] |
								 planes->plane[HS_PLANE_SWAP].word[word]);
	record->kind = HS_SLOT_MAYBE_HUGE;
	record->is_doubted = true;
}

void hs_mm_doubt_table(struct hs_mm *mm, uint64_t slot)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, slot);

	if (record && record->kind == HS_SLOT_TABLE && !record->marker)
		change(mm, slot, slot + HS_SLOT_BYTES, doubt_table, NULL);
}

static void make_unknown(void *context, struct hs_slot_record *record, struct hs_planes *planes, unsigned int from,
			 unsigned int to)
{
	(void)context;
	for (int word = 0; word < HS_BITMAP512_WORDS; word++) {
		uint64_t gone = planes->plane[HS_PLANE_PRESENT].word[word] & ~planes->plane[HS_PLANE_ZERO].word[word] &
				hs_bitmap512_mask(word, from, to);

		for (unsigned int i = 0; i < HS_NR_PLANES; i++)
			planes->plane[i].word[word] &= ~gone;
		planes->plane[HS_PLANE_UNKNOWN].word[word] |= gone;
	}
	if (record->kind == HS_SLOT_HUGE_FILE)
		record->kind = HS_SLOT_TABLE;
	/* A huge page may have been split for it, or left alone. */
	if (record->kind == HS_SLOT_HUGE_ANON || record->kind == HS_SLOT_MAYBE_HUGE) {
		record->kind = HS_SLOT_MAYBE_HUGE;
		record->is_doubted = true;
	}
}

static void forget_pages(void *context, struct hs_slot_record *record, struct hs_planes *planes, unsigned int from,
			 unsigned int to)
{
	(void)context;
	for (int word = 0; word < HS_BITMAP512_WORDS; word++) {
		uint64_t gone = planes->plane[HS_PLANE_PRESENT].word[word] & hs_bitmap512_mask(word, from, to);

		for (unsigned int i = 0; i < HS_NR_PLANES; i++)
			planes->plane[i].word[word] &= ~gone;
		planes->plane[HS_PLANE_UNKNOWN].word[word] |= gone;
	}
	record->kind = HS_SLOT_TABLE;
}

static void change_counted(struct hs_mm *mm, uint64_t start, uint64_t end, hs_change_fn *how)
{
	hs_mm_note_rss(mm);
	hs_mm_count_mappings(mm, start, end, false);
	change(mm, start, end, how, NULL);
	hs_mm_count_mappings(mm, start, end, true);
}

void hs_mm_make_unknown(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	change_counted(mm, start, end, make_unknown);
}

static void forget_all(void *context, struct hs_slot_record *record, struct hs_planes *planes, unsigned int from,
		       unsigned int to)
{
	forget_pages(context, record, planes, from, to);
	for (int word = 0; word < HS_BITMAP512_WORDS; word++)
		planes->plane[HS_PLANE_UNKNOWN].word[word] |= ~(planes->plane[HS_PLANE_SWAP].word[word] |
								 planes->plane[HS_PLANE_MARKER].word[word]);
}

void hs_mm_forget_slot(struct hs_mm *mm, uint64_t slot)
{
	bool is_new;

	if (!hs_slot_table_own(&mm->slots, &mm->space->pages, slot, &is_new))
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, slot);
	change_counted(mm, slot, slot + HS_SLOT_BYTES, forget_all);
}

void hs_mm_forget_pages(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	change_counted(mm, start, end, forget_pages);
}

/* A huge page of a file that is cut goes whole (__split_huge_pmd_locked). */
static void drop_file_pages(void *context, struct hs_slot_record *record, struct hs_planes *planes, unsigned int from,
			    unsigned int to)
{
	bool is_huge = record->kind == HS_SLOT_HUGE_FILE;

	(void)context;
	for (int word = 0; word < HS_BITMAP512_WORDS; word++) {
		uint64_t gone = planes->plane[HS_PLANE_FILE].word[word] & (is_huge ? ~0ull : hs_bitmap512_mask(word, from, to));

		for (unsigned int i = 0; i < HS_NR_PLANES; i++)
			planes->plane[i].word[word] &= ~gone;
	}
	if (is_huge)
		record->kind = HS_SLOT_TABLE;
}

void hs_mm_drop_file_pages(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	change_counted(mm, start, end, drop_file_pages);
	hs_space_tell_dropped(mm, start, end);
}

static void set_markers(void *context, struct hs_slot_record *record, struct hs_planes *planes, unsigned int from,
			unsigned int to)
{
	const bool *is_set = context;

	record->kind = HS_SLOT_TABLE;
	if (*is_set)
		hs_bitmap512_set_in(&planes->plane[HS_PLANE_MARKER], from, to);
	else
		hs_bitmap512_clear_in(&planes->plane[HS_PLANE_MARKER], from, to);
}

void hs_mm_set_markers(struct hs_mm *mm, uint64_t start, uint64_t end, bool is_set)
{
	bool is_new;

	if (is_set)
		hs_mm_zap_pages(mm, start, end, HS_DROP_KEEPS_TABLES);
	for (uint64_t slot = slot_of(start); is_set && slot < end; slot += HS_SLOT_BYTES)
		if (!hs_slot_table_own(&mm->slots, &mm->space->pages, slot, &is_new))
			hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, slot);
	change(mm, start, end, set_markers, &is_set);
}

/* Huge pages move whole to places like their own; else they are split on the way. */
static void split_for_move(struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes)
{
	uint64_t slot;

	if ((to - from) % HS_SLOT_BYTES == 0) {
		hs_mm_split_edges(mm, from, from + bytes);
		return;
	}
	slot = hs_slot_table_next(&mm->slots, from, from + bytes);
	for (; slot != UINT64_MAX; slot = hs_slot_table_next(&mm->slots, slot + HS_SLOT_BYTES, from + bytes))
		hs_mm_split_huge(mm, slot);
}

void hs_mm_move_pages(struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes)
{
	split_for_move(mm, from, to, bytes);
	if (!hs_slot_table_move(&mm->slots, &mm->space->pages, from, to, bytes))
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, from);
	hs_space_tell_moved(mm, from, to, bytes);
}
