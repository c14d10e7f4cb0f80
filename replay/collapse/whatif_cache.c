// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of files and of shared memory under a policy: khugepaged and MADV_COLLAPSE look at the page cache there
 * (hpage_collapse_scan_file, collapse_file, collapse_pte_mapped_thp in mm/khugepaged.c), and shared memory gets huge
 * pages at faults (shmem_get_folio_gfp in mm/shmem.c).
 *
 * Known of a cache are the pages that mappings show, and what recorded scans read. Taken for granted: cached pages
 * stay; a file that is nowhere mapped to be written is not open for writing, regular, and clean; huge pages are
 * mapped by one entry wherever nothing private stands in the way.
 */
#include "replay/collapse/collapse_whatif.h"
#include "replay/collapse/eligibility.h"

/* A range where it is mapped. */
struct place {
	uint32_t mm;
	uint64_t address;
	const struct hs_vma *vma;
	uint64_t index;			/* of its first page in the object */
	struct hs_slot slot;		/* as the program mapped it */
	struct hs_cached_range *range;
};

static bool is_cached_kind(const struct hs_vma *vma)
{
	return vma->kind == HS_VMA_FILE || vma->kind == HS_VMA_SHMEM;
}

struct hs_thp_vma hs_whatif_vma_of(const struct hs_collapse_whatif *whatif, const struct hs_vma *vma)
{
	enum { WRITTEN = HS_VMA_SH | HS_VMA_MW };
	struct hs_thp_vma made = hs_thp_vma_of(vma, &whatif->model->tunables);

	/* file_thp_enabled: a shared mapping that may be written holds the file open for writing. */
	if (whatif->model->rules.file_collapse && vma->kind == HS_VMA_FILE && vma->file &&
	    (vma->flags & WRITTEN) != WRITTEN)
		made.flags |= HS_THP_VMA_FILE_OK;
	return made;
}

/* A folio of the recorded host's own making, before the policy had a say. */
static bool is_found_huge(const struct hs_collapse_whatif *whatif, const struct place *place)
{
	const struct hs_cache_map *word = hs_cache_memory_word(&whatif->cache, 0, place->mm, place->address,
							       place->index);

	return place->slot.kind == HS_SLOT_HUGE_FILE || (word && word->has_huge && word->huge_is_at_start);
}

/* False: nothing of a file is mapped there as a huge page would have to be, or out of memory. */
static bool find_place(struct hs_collapse_whatif *whatif, uint32_t id, uint64_t address, struct place *place)
{
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, id);
	const struct hs_vma *vma = mm ? hs_mm_vma_at(mm, address) : NULL;
	bool is_new;

	if (!vma || !is_cached_kind(vma) || !vma->file || vma->node.end < address + HS_SLOT_BYTES)
		return false;
	*place = (struct place){ .mm = id, .address = address, .vma = vma,
				 .index = vma->pgoff + ((address - vma->node.start) >> HS_PAGE_SHIFT) };
	if (place->index % HS_BITMAP512_BITS)
		return false;
	hs_mm_get_slot(mm, address, &place->slot);
	place->range = hs_cache_memory_get(&whatif->cache, vma->file, place->index, &is_new);
	if (place->range && is_new && is_found_huge(whatif, place))
		hs_cached_range_make_huge(place->range, whatif->model->now);
	return place->range != NULL;
}

static void fill(struct hs_bitmap512 *bits)
{
	hs_bitmap512_set_in(bits, 0, HS_BITMAP512_BITS);
}

/* What this mapping shows is known to all from now on. */
static void see_mapped(const struct place *place)
{
	const struct hs_bitmap512 mapped = hs_bitmap512_and(&place->slot.present, &place->slot.file);

	place->range->seen = hs_bitmap512_or(&place->range->seen, &mapped);
}

/* The cache as far as it is known. */
static void read_cache(const struct hs_collapse_whatif *whatif, const struct place *place, struct hs_cache_map *map)
{
	const struct hs_cache_map *word = hs_cache_memory_word(&whatif->cache, whatif->model->now, place->mm,
							       place->address, place->index);

	see_mapped(place);
	*map = (struct hs_cache_map){ .has_huge = place->range->is_huge, .huge_is_at_start = place->range->is_huge };
	if (place->range->is_huge) {
		fill(&map->present);
		return;
	}
	if (word && !word->has_huge)
		*map = *word;
	map->present = hs_bitmap512_or(&map->present, &place->range->seen);
	map->swap = hs_bitmap512_and_not(&map->swap, &map->present);
	/* Of an instant, not of the page. */
	map->off_lru = map->locked = (struct hs_bitmap512){ { 0 } };
}

/* Behind the end of the object is nothing, whatever else is cached; all other answers lean on what is not known. */
static enum hs_basis basis_of(const struct hs_collapse_whatif *whatif, const struct place *place,
			      enum hs_collapse_result result)
{
	const struct hs_collapse_tunables *tunables = &whatif->model->tunables;

	return result == HS_SCAN_EXCEED_NONE_PTE && place->vma->object_pages &&
	       place->vma->object_pages < place->index + tunables->nr - tunables->max_ptes_none ?
	       HS_BASIS_BOUNDED : HS_BASIS_ASSUMED;
}

/* All mappings lose their page tables (retract_page_tables); the one that was scanned is counted. */
static void make_huge(struct hs_collapse_whatif *whatif, const struct place *place,
		      const struct hs_file_collapse_outcome *done)
{
	const bool is_shmem = place->vma->kind == HS_VMA_SHMEM;
	struct hs_collapse_sums *sums = &whatif->model->sums;
	struct hs_whatif_mm *mm = hs_whatif_mms_get(&whatif->mms, place->mm);

	hs_cached_range_make_huge(place->range, whatif->model->now);
	whatif->cache_huge++;
	whatif->cache_pages_read += is_shmem ? 0 : done->filled;
	sums->pages_copied += done->copied;
	sums->pages_swapped_in += done->swapped_in;
	sums->pages_zeroed += is_shmem ? done->filled : 0;
	sums->notifier_ranges++;
	if (!mm)
		return;
	mm->collapses++;
	mm->pages_zeroed += is_shmem ? done->filled : 0;
}

static enum hs_collapse_result collapse_file(struct hs_collapse_whatif *whatif, const struct place *place,
					     const struct hs_cache_map *map, struct hs_attempt_outcome *attempt)
{
	const bool is_shmem = place->vma->kind == HS_VMA_SHMEM;
	const struct hs_file_collapse_request request = {
		.rules = &whatif->model->rules, .tunables = &whatif->model->tunables, .cache = map,
		.is_shmem = is_shmem, .is_missing_armed = place->vma->flags & HS_VMA_UM,
	};
	struct hs_file_collapse_outcome done;

	if (!hs_collapse_whatif_allocate(whatif))
		return HS_SCAN_ALLOC_HUGE_PAGE_FAIL;
	attempt->is_allocated = true;
	hs_file_collapse_decide(&request, &done);
	if (done.result != HS_SCAN_SUCCEED)
		return done.result;
	make_huge(whatif, place, &done);
	attempt->is_detached = true;
	attempt->copied = done.copied;
	attempt->swapped_in = done.swapped_in;
	attempt->zeroed = is_shmem ? done.filled : 0;
	return HS_SCAN_SUCCEED;
}

enum hs_collapse_result hs_whatif_scan_file(void *world, uint32_t mm, uint64_t address, bool is_khugepaged)
{
	struct hs_collapse_whatif *whatif = world;
	struct hs_range_scan_outcome outcome = { .result = HS_SCAN_FAIL, .is_lock_dropped = true };
	struct hs_file_request request = { .rules = &whatif->model->rules, .tunables = &whatif->model->tunables,
					   .is_khugepaged = is_khugepaged };
	struct hs_file_outcome scan;
	struct hs_cache_map map;
	struct place place;

	if (!find_place(whatif, mm, address, &place))
		return HS_SCAN_FAIL;
	read_cache(whatif, &place, &map);
	request.cache = &map;
	hs_file_scan_decide(&request, &scan);
	outcome.result = outcome.last.result = scan.result;
	outcome.scan.visited = scan.index + (scan.index < request.tunables->nr);
	if (scan.result == HS_SCAN_SUCCEED) {
		outcome.nr_attempts = 1;
		outcome.result = outcome.last.result = collapse_file(whatif, &place, &map, &outcome.last);
		hs_collapse_whatif_attempt_took(whatif, outcome.last.copied, outcome.last.zeroed);
	}
	hs_collapse_whatif_tell_range(whatif, &(struct hs_whatif_range){
		.mm = mm, .address = address, .is_khugepaged = is_khugepaged,
		.basis = basis_of(whatif, &place, outcome.result) }, &outcome);
	return outcome.result;
}

/* Something of this process's own (a page that was copied on write) stands in the way of one entry. */
static bool has_private_pages(const struct place *place)
{
	const struct hs_bitmap512 own = hs_bitmap512_and_not(&place->slot.present, &place->slot.file);

	return !hs_bitmap512_is_empty(&own);
}

enum hs_collapse_result hs_whatif_map_cached(void *world, uint32_t mm, uint64_t address)
{
	struct hs_collapse_whatif *whatif = world;
	struct place place;

	if (!find_place(whatif, mm, address, &place))
		return HS_SCAN_VMA_CHECK;
	if (!place.range->is_huge)
		return HS_SCAN_PAGE_COMPOUND;
	if (place.vma->flags & HS_VMA_UW)
		return HS_SCAN_PTE_UFFD_WP;
	return has_private_pages(&place) ? HS_SCAN_FAIL : HS_SCAN_PMD_MAPPED;
}

bool hs_whatif_read_cached(struct hs_collapse_whatif *whatif, uint32_t mm, uint64_t address,
			   struct hs_thp_range *range)
{
	struct place place;

	if (!find_place(whatif, mm, address, &place))
		return false;
	*range = (struct hs_thp_range){ .pmd = HS_PMD_TABLE };
	if (place.range->is_huge && !has_private_pages(&place) && !(place.vma->flags & HS_VMA_UW))
		range->pmd = HS_PMD_HUGE;
	return true;
}

/* shmem_get_folio_gfp: into a part of the object that is empty, where the mapping may have huge pages. */
bool hs_whatif_cache_fault(struct hs_collapse_whatif *whatif, uint32_t mm, uint64_t address)
{
	const struct hs_mm *space = hs_address_space_mm(whatif->model->space, mm);
	struct hs_thp_vma vma;
	struct place place;
	bool is_served;

	if (!whatif->model->rules.file_collapse || !find_place(whatif, mm, address, &place) ||
	    place.vma->kind != HS_VMA_SHMEM)
		return false;
	vma = hs_whatif_vma_of(whatif, place.vma);
	is_served = (vma.flags & HS_THP_VMA_SHMEM_OK) && !(hs_thp_mm_state_of(space) & HS_THP_MM_DISABLED) &&
		    !place.range->is_huge && hs_bitmap512_is_empty(&place.range->seen) && !whatif->is_memory_short;
	see_mapped(&place);
	if (is_served)
		hs_cached_range_make_huge(place.range, whatif->model->now);
	return is_served;
}

void hs_whatif_cache_remove(struct hs_collapse_whatif *whatif, const struct hs_mm *mm, uint64_t start, uint64_t end)
{
	for (const struct hs_vma *vma = hs_mm_vma_from(mm, start); vma && vma->node.start < end;
	     vma = hs_vma_next(vma)) {
		const uint64_t from = vma->node.start > start ? vma->node.start : start;
		const uint64_t to = vma->node.end < end ? vma->node.end : end;

		if (is_cached_kind(vma))
			hs_cache_memory_punch(&whatif->cache, whatif->model->now, vma->file,
					      vma->pgoff + ((from - vma->node.start) >> HS_PAGE_SHIFT),
					      (to - from) >> HS_PAGE_SHIFT);
	}
}
