/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COMPAT_BPF_H
#define HS_COMPAT_BPF_H
/*
 * Every difference between kernels, once: since when, and how it is asked for (of the kernel's BTF, never of
 * its version). "By N" means that the change was seen between the Debian kernels before N and N.
 */
#include "bpf/kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/*
 * mm_khugepaged_scan_pmd lost its argument `writable` (third) by 6.18. The untaken branch is not verified, so
 * reading the further argument there is legal.
 */
struct trace_event_raw_mm_khugepaged_scan_pmd___writable {
	bool writable;
} __attribute__((preserve_access_index));

static __always_inline bool scan_has_writable(void)
{
	struct trace_event_raw_mm_khugepaged_scan_pmd___writable *event = 0;

	return bpf_core_field_exists(event->writable);
}

/* mm_collapse_huge_page_isolate lost `writable` (fourth) by 6.18 and got `order` (last) by 7.2. */
struct trace_event_raw_mm_collapse_huge_page_isolate___writable {
	bool writable;
} __attribute__((preserve_access_index));
struct trace_event_raw_mm_collapse_huge_page_isolate___order {
	unsigned int order;
} __attribute__((preserve_access_index));

static __always_inline bool isolate_has_writable(void)
{
	struct trace_event_raw_mm_collapse_huge_page_isolate___writable *event = 0;

	return bpf_core_field_exists(event->writable);
}

static __always_inline bool isolate_has_order(void)
{
	struct trace_event_raw_mm_collapse_huge_page_isolate___order *event = 0;

	return bpf_core_field_exists(event->order);
}

/* mm_collapse_huge_page and …_swapin got `order` (last) by 7.2. */
struct trace_event_raw_mm_collapse_huge_page___order {
	unsigned int order;
} __attribute__((preserve_access_index));
struct trace_event_raw_mm_collapse_huge_page_swapin___order {
	unsigned int order;
} __attribute__((preserve_access_index));

static __always_inline bool collapse_has_order(void)
{
	struct trace_event_raw_mm_collapse_huge_page___order *event = 0;

	return bpf_core_field_exists(event->order);
}

static __always_inline bool swapin_has_order(void)
{
	struct trace_event_raw_mm_collapse_huge_page_swapin___order *event = 0;

	return bpf_core_field_exists(event->order);
}

/*
 * The page argument of the collapse events became a folio by 6.18, and struct page lost its index; both are
 * at the same address for the first page of an order-0 folio, which is what is looked at here.
 */
static __always_inline u64 index_of_page(const void *page)
{
	const struct page *old = page;
	const struct folio *folio = page;

	if (bpf_core_field_exists(old->index))
		return BPF_CORE_READ(old, index);
	return BPF_CORE_READ(folio, index);
}

/*
 * memory_block.state and .online_type were unsigned long and int (6.1, 6.18) or enums (6.12, 7.2); of two
 * flavours the one that does not match just does not exist.
 */
enum memory_block_state___named { MEM_STATE_X };
enum mmop___named { MMOP_X };
struct memory_block___plain {
	unsigned long state;
	int online_type;
} __attribute__((preserve_access_index));
struct memory_block___named {
	enum memory_block_state___named state;
	enum mmop___named online_type;
} __attribute__((preserve_access_index));

static __always_inline struct memory_block *container_of_block(struct device *device)
{
	return (void *)device - bpf_core_field_offset(struct memory_block, dev);
}

static __always_inline u64 state_of_block(const struct memory_block *block)
{
	const struct memory_block___plain *plain = (const void *)block;
	const struct memory_block___named *named = (const void *)block;

	if (bpf_core_field_exists(plain->state))
		return BPF_CORE_READ(plain, state);
	return bpf_core_field_exists(named->state) ? (u64)BPF_CORE_READ(named, state) : 0;
}

static __always_inline u64 online_type_of_block(const struct memory_block *block)
{
	const struct memory_block___plain *plain = (const void *)block;
	const struct memory_block___named *named = (const void *)block;

	if (bpf_core_field_exists(plain->online_type))
		return (u64)BPF_CORE_READ(plain, online_type);
	return bpf_core_field_exists(named->online_type) ? (u64)BPF_CORE_READ(named, online_type) : 0;
}

/* The memmap that a block holds itself: a number of pages (6.1), later a struct vmem_altmap. */
struct vmem_altmap___free {
	unsigned long free;
} __attribute__((preserve_access_index));
struct memory_block___pages {
	unsigned long nr_vmemmap_pages;
} __attribute__((preserve_access_index));
struct memory_block___altmap {
	struct vmem_altmap___free *altmap;
} __attribute__((preserve_access_index));

static __always_inline u64 altmap_pages_of_block(const struct memory_block *block)
{
	const struct memory_block___pages *pages = (const void *)block;
	const struct memory_block___altmap *altmap = (const void *)block;

	if (bpf_core_field_exists(pages->nr_vmemmap_pages))
		return BPF_CORE_READ(pages, nr_vmemmap_pages);
	if (bpf_core_field_exists(altmap->altmap) && BPF_CORE_READ(altmap, altmap))
		return BPF_CORE_READ(altmap, altmap, free);
	return 0;
}

/* The argument of memory notifiers: status_change_nid and its companion left by 6.18. */
struct memory_notify___ranges {
	unsigned long start_pfn, nr_pages;
} __attribute__((preserve_access_index));
struct memory_notify___nodes {
	int status_change_nid_normal, status_change_nid;
} __attribute__((preserve_access_index));

/*
 * mm_khugepaged_scan_file has the argument page (6.1), pfn (6.12) or folio (6.18); collapse_file has pfn
 * (6.12) or folio (6.18). Their index is that of the file, so nothing is lost by not looking at it.
 */

#endif
