/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PAGE_FACTS_BPF_H
#define HS_PAGE_FACTS_BPF_H
/*
 * What struct page says of the pages that a page table maps: read when the kernel is about to ask the same
 * questions, one read for a small page. Bounded: 512 entries, and the mappings of at most MAX_SUMMED large
 * folios are summed up page by page (kernels before 6.12 have no count of them).
 */
#include "bpf/compat.bpf.h"
#include "bpf/page_table.bpf.h"

/* Data symbol as in page_table.bpf.h; struct page of page frame 0. */
extern const void vmemmap_base __ksym __weak;
#define VMEMMAP_4LEVEL 0xffffea0000000000ull	/* without randomised bases */

enum { MAX_SUMMED = 4, MAX_FOLIO_PAGES = 512, ENTRY_SPECIAL = 1 << 9, TAIL_OF_HEAD = 1, MAPPING_ANON = 1 };

struct page_reader {
	u64 vmemmap;
	u32 nodes_shift;		/* of a page's flags */
	u32 budget;			/* large folios that may still be summed up */
	u64 last_head;			/* and what was found of it */
	u32 last_fact;
	u32 order;			/* of the folio being summed up */
	s32 mapcount, first_mapcount;
	const u64 *entries;		/* of the record that is filled in */
	u32 *pages;
};

static __always_inline s32 read_count(const void *at, u32 offset)
{
	s32 count = 0;

	bpf_probe_read_kernel(&count, sizeof(count), at + offset);
	return count + 1;
}

#define MAPCOUNT_AT bpf_core_field_offset(struct folio, _mapcount)

static long add_mapcount(u32 index, void *context)
{
	struct page_reader *reader = context;

	reader->mapcount += read_count((void *)reader->last_head + (u64)index * PAGE_STRUCT_BYTES, MAPCOUNT_AT);
	return 0;
}

/* mm/util.c folio_mapcount of 6.1: whole mappings and those of each page. False: too much work. */
static __always_inline bool sum_mapcounts(struct page_reader *reader)
{
	const void *tail = (void *)reader->last_head + PAGE_STRUCT_BYTES;
	const struct page___tail *fields = 0;
	u32 pages = 1u << (reader->order & 31);
	u64 tail_flags = 0;

	if (!reader->budget || pages > MAX_FOLIO_PAGES || !bpf_core_field_exists(fields->compound_mapcount))
		return false;
	reader->budget--;
	reader->mapcount = read_count(tail, bpf_core_field_offset(fields->compound_mapcount));
	bpf_loop(pages, add_mapcount, reader, 0);
	bpf_probe_read_kernel(&tail_flags, sizeof(tail_flags), tail);
	if (tail_flags & PAGE_FLAG(PG_double_map))
		reader->mapcount -= pages;
	return true;
}

/* include/linux/mm.h folio_likely_mapped_shared */
static __always_inline bool is_likely_shared(const struct page_reader *reader, s32 entire)
{
	if (reader->mapcount <= 1)
		return false;
	return entire || reader->mapcount > 1 << (reader->order & 31) || reader->first_mapcount > 1;
}

/* Order, mappings and sharing of the large folio at last_head; UNCOUNTED where that is not known. */
static __always_inline u32 describe_large(struct page_reader *reader)
{
	const void *head = (void *)reader->last_head;
	struct folio___counts *counts = 0;
	u32 fact;

	reader->order = order_of_folio(head);
	fact = (reader->order & 15) << HS_PAGE_ORDER_SHIFT;
	if (folio_has_owners())
		return fact | HS_PAGE_UNCOUNTED;
	if (!folio_has_mapcount())
		return sum_mapcounts(reader) ? fact : fact | HS_PAGE_UNCOUNTED;
	reader->mapcount = read_count(head, bpf_core_field_offset(counts->_large_mapcount));
	reader->first_mapcount = read_count(head, MAPCOUNT_AT);
	if (is_likely_shared(reader, read_count(head, bpf_core_field_offset(counts->_entire_mapcount))))
		fact |= HS_PAGE_SHARED;
	return fact;
}

/* Facts that a folio has as a whole, from its first page. */
static __always_inline u32 describe_head(const u64 *page, s32 mapcount, u32 nodes_shift)
{
	const u64 flags = page[0];
	const u64 mapping = *(u64 *)((void *)page + bpf_core_field_offset(struct folio, mapping));
	const s32 refs = *(s32 *)((void *)page + bpf_core_field_offset(struct folio, _refcount)) - mapcount;
	const u32 node = nodes_shift < 64 ? flags >> nodes_shift : 0;
	u32 fact = HS_PAGE_IS_KNOWN;

	if (flags & PAGE_FLAG(PG_lru))
		fact |= HS_PAGE_LRU;
	if (flags & PAGE_FLAG(PG_locked))
		fact |= HS_PAGE_LOCKED;
	if (flags & PAGE_FLAG(PG_swapcache))
		fact |= HS_PAGE_SWAP_CACHE;
	if (flags & (PAGE_FLAG(PG_referenced) | PAGE_FLAG(PG_young)))
		fact |= HS_PAGE_REFERENCED;
	if (flags & (PAGE_FLAG(PG_private) | PAGE_FLAG(PG_private_2)))
		fact |= HS_PAGE_PRIVATE;
	if (flags & PAGE_FLAG(PG_swapbacked))
		fact |= HS_PAGE_SWAP_BACKED;
	if (mapping & MAPPING_ANON)
		fact |= HS_PAGE_ANON;
	fact |= (node < HS_PAGE_MAX_NODE ? node : HS_PAGE_MAX_NODE) << HS_PAGE_NODE_SHIFT;
	fact |= (u32)(refs >= 0 && refs < HS_PAGE_MAX_REFS ? refs : HS_PAGE_MAX_REFS) << HS_PAGE_REFS_SHIFT;
	return fact;
}

/* A page of a large folio: what is the folio's is looked up once for entries in a row. */
static __always_inline u32 describe_part(struct page_reader *reader, u64 head, s32 mapcount)
{
	const struct page___tail *fields = 0;
	u64 page[PAGE_STRUCT_WORDS] = { 0 };
	u64 tail_flags = 0;
	u32 fact;

	if (reader->last_head != head) {
		reader->last_head = head;
		bpf_probe_read_kernel(page, sizeof(page), (void *)head);
		fact = describe_large(reader);
		reader->last_fact = fact | describe_head(page, reader->mapcount, reader->nodes_shift);
	}
	fact = reader->last_fact;
	if (folio_has_mapcount() || !bpf_core_field_exists(fields->compound_mapcount))
		return fact;
	/* mm/util.c __page_mapcount of 6.1 */
	mapcount += read_count((void *)head + PAGE_STRUCT_BYTES, bpf_core_field_offset(fields->compound_mapcount));
	bpf_probe_read_kernel(&tail_flags, sizeof(tail_flags), (void *)head + PAGE_STRUCT_BYTES);
	if (tail_flags & PAGE_FLAG(PG_double_map))
		mapcount--;
	return mapcount > 1 ? fact | HS_PAGE_SHARED : fact;
}

/* at: of a struct page, or of a folio, which begins with its first page. */
static __always_inline u32 describe_page(struct page_reader *reader, u64 at)
{
	u64 page[PAGE_STRUCT_WORDS], compound;
	s32 mapcount;

	if (bpf_probe_read_kernel(page, sizeof(page), (void *)at))
		return 0;
	compound = *(u64 *)((void *)page + bpf_core_field_offset(struct page, compound_head));
	mapcount = *(s32 *)((void *)page + MAPCOUNT_AT) + 1;
	if (compound & TAIL_OF_HEAD)
		return describe_part(reader, compound - TAIL_OF_HEAD, mapcount);
	if (page[0] & PAGE_FLAG(PG_head))
		return describe_part(reader, at, mapcount);
	return describe_head(page, mapcount, reader->nodes_shift) | (mapcount > 1 ? HS_PAGE_SHARED : 0);
}

/* The processor's form of an entry: page frames of PROT_NONE entries are stored inverted. */
static __always_inline u64 pfn_of_entry(u64 entry)
{
	if (!(entry & ENTRY_PRESENT))
		entry = ~entry;
	return (entry & ENTRY_ADDRESS) >> 12;
}

static long describe_entry(u32 index, void *context)
{
	struct page_reader *reader = context;
	u64 entry;

	if (index >= HS_PTES)
		return 1;
	entry = reader->entries[index];
	reader->pages[index] = 0;
	if (entry & (ENTRY_PRESENT | ENTRY_PROTNONE) && !(entry & ENTRY_SPECIAL))
		reader->pages[index] = describe_page(reader, reader->vmemmap +
						     pfn_of_entry(entry) * PAGE_STRUCT_BYTES);
	return 0;
}

static __always_inline u32 shift_of_nodes(void)
{
	struct collapse_control *control = 0;
	u32 nodes = bpf_core_field_size(control->node_load) / sizeof(control->node_load[0]), bits = 0;

#pragma unroll
	for (int i = 0; i < 16; i++)
		bits += nodes >> (i + 1) ? 1 : 0;
	return 64 - bits;
}

/* False: this kernel's page structure is not of the size that is read here. */
static __always_inline bool start_reading(struct page_reader *reader, const u64 *entries, u32 *pages)
{
	u64 base = 0;

	__builtin_memset(reader, 0, sizeof(*reader));
	reader->vmemmap = VMEMMAP_4LEVEL;
	reader->nodes_shift = shift_of_nodes();
	reader->budget = MAX_SUMMED;
	reader->entries = entries;
	reader->pages = pages;
	if (&vmemmap_base && bpf_probe_read_kernel(&base, sizeof(base), &vmemmap_base) == 0 && base)
		reader->vmemmap = base;
	return bpf_core_type_size(struct page) == PAGE_STRUCT_BYTES;
}

/* Fills in record->pages from record->entries. */
static __always_inline void describe_pages(struct hs_record_ptes *record)
{
	struct page_reader reader;

	record->has_pages = start_reading(&reader, record->entries, record->pages);
	if (record->has_pages)
		bpf_loop(HS_PTES, describe_entry, &reader, 0);
}

#endif
