/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PAGE_CACHE_BPF_H
#define HS_PAGE_CACHE_BPF_H
/*
 * The page cache of a range as its scan is about to walk it (mm/khugepaged.c hpage_collapse_scan_file). The cache
 * is a tree of nodes of 64 slots; eight nodes of the lowest level hold the 512 pages, or a slot of a higher level
 * holds one large folio (include/linux/xarray.h).
 */
#include "bpf/page_facts.bpf.h"

enum { SLOTS = 64, SLOT_MASK = 63, SLOT_BITS = 6, LEAVES = 8, MAX_LEVELS = 6 };

extern const void shmem_aops __ksym __weak;

struct cache_reader {
	struct page_reader pages;
	struct hs_record_cache *record;
	u64 root;
	u64 index;
	u32 unread;
};

static __always_inline bool is_node(u64 entry)
{
	return (entry & HS_CACHE_TAGS) == HS_CACHE_INTERNAL && entry > 4096;
}

static __always_inline u64 slot_of(u64 node, u32 slot)
{
	u64 entry = 0;

	bpf_probe_read_kernel(&entry, sizeof(entry),
			      (void *)node + bpf_core_field_offset(struct xa_node, slots) + (slot & SLOT_MASK) * 8);
	return entry;
}

/* The entry of the slot, where a sibling leads to the slot that the folio is in. */
static __always_inline u64 resolved_slot(u64 node, u32 slot)
{
	u64 entry = slot_of(node, slot);

	if ((entry & HS_CACHE_TAGS) == HS_CACHE_INTERNAL && entry <= HS_CACHE_LAST_SIBLING)
		entry = slot_of(node, (u32)(entry >> 2));
	return entry;
}

/* Goes down from the root to the node that holds index itself, or to the large entry that covers it. */
static __always_inline u64 descend_cache(u64 entry, u64 index)
{
#pragma unroll
	for (int i = 0; i < MAX_LEVELS; i++) {
		u64 node = entry & ~(u64)HS_CACHE_TAGS;
		u8 shift = 0;

		if (!is_node(entry))
			return entry;
		bpf_probe_read_kernel(&shift, sizeof(shift), (void *)node + bpf_core_field_offset(struct xa_node, shift));
		/* A tree that is not high enough for the index does not hold it. */
		if (i == 0 && index >> (shift & 63) > SLOT_MASK)
			return 0;
		if (!shift)
			return entry;
		entry = resolved_slot(node, (u32)(index >> (shift & 63)));
	}
	return entry;
}

static long read_leaf(u32 leaf, void *context)
{
	struct cache_reader *reader = context;
	u64 index, entry, *slots;

	if (leaf >= LEAVES)
		return 1;
	slots = &reader->record->entries[leaf * SLOTS];
	index = reader->index + leaf * SLOTS;
	entry = descend_cache(reader->root, index);
	if (is_node(entry)) {
		if (bpf_probe_read_kernel(slots, SLOTS * sizeof(*slots), (void *)(entry & ~(u64)HS_CACHE_TAGS) +
					  bpf_core_field_offset(struct xa_node, slots)))
			reader->unread++;
		return 0;
	}
	bpf_probe_read_kernel(slots, SLOTS * sizeof(*slots), 0);	/* fails, and zeroes */
	/* A folio larger than a leaf: once for each leaf; alone in the root, it is the file's first page. */
	if (entry && (is_node(reader->root) || index == 0))
		slots[0] = entry;
	return 0;
}

static long describe_cached(u32 i, void *context)
{
	struct cache_reader *reader = context;
	u64 entry;

	if (i >= HS_PTES)
		return 1;
	entry = reader->record->entries[i];
	reader->record->pages[i] = 0;
	if (entry && !(entry & HS_CACHE_TAGS))
		reader->record->pages[i] = describe_page(&reader->pages, entry);
	return 0;
}

static __always_inline int emit_cache(struct mm_struct *mm, u64 address, struct file *file, u64 index,
				      struct collapse_control *cc)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cache_reader reader = { .index = index };
	struct hs_record_cache *record;

	if (!is_wanted_for(task, (u64)mm))
		return 0;
	record = RESERVE(HS_RING_COLLAPSE, hs_record_cache);
	if (!record)
		return 0;
	reader.record = record;
	reader.root = (u64)BPF_CORE_READ(file, f_mapping, i_pages.xa_head);
	record->head.mm = (u64)mm;
	record->address = address;
	record->index = index;
	record->is_khugepaged = BPF_CORE_READ(cc, is_khugepaged);
	record->is_shmem = &shmem_aops ? BPF_CORE_READ(file, f_mapping, a_ops) == (void *)&shmem_aops : 255;
	record->is_whole = start_reading(&reader.pages, record->entries, record->pages);
	bpf_loop(LEAVES, read_leaf, &reader, 0);
	bpf_loop(HS_PTES, describe_cached, &reader, 0);
	record->is_whole &= !reader.unread;
	COMMIT(record, HS_RECORD_CACHE, 0, (u32)task->pid);
	return 0;
}

#endif
