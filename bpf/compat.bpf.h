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

/* Poisoned pages by block: not in 6.1, nor without CONFIG_MEMORY_FAILURE. */
struct memory_block___poison {
	atomic_long_t nr_hwpoison;
} __attribute__((preserve_access_index));

static __always_inline u64 poisoned_pages_of_block(const struct memory_block *block)
{
	const struct memory_block___poison *poison = (const void *)block;

	return bpf_core_field_exists(poison->nr_hwpoison) ? (u64)BPF_CORE_READ(poison, nr_hwpoison.counter) : 0;
}

/*
 * The argument of memory notifiers: status_change_nid and its companion left by 6.18; altmap_* was there from 6.9
 * to 6.18. Nodes have a chain of their own since 6.17.
 */
struct memory_notify___ranges {
	unsigned long start_pfn, nr_pages;
} __attribute__((preserve_access_index));
struct memory_notify___nodes {
	int status_change_nid_normal, status_change_nid;
} __attribute__((preserve_access_index));
struct memory_notify___altmap {
	unsigned long altmap_start_pfn, altmap_nr_pages;
} __attribute__((preserve_access_index));
struct node_notify___nid {
	int nid;
} __attribute__((preserve_access_index));

/* The folder of a file of sysfs: parent, by 6.18 __parent (read under RCU). */
struct kernfs_node___plain {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));
struct kernfs_node___rcu {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *folder_of(const struct kernfs_node *node)
{
	const struct kernfs_node___plain *plain = (const void *)node;
	const struct kernfs_node___rcu *rcu = (const void *)node;

	if (bpf_core_field_exists(plain->parent))
		return BPF_CORE_READ(plain, parent);
	return bpf_core_field_exists(rcu->__parent) ? BPF_CORE_READ(rcu, __parent) : 0;
}

/* struct page's flags: a plain number, or by 6.18 a struct around one; first in it in either case. */
static __always_inline u64 flags_of_page(const struct page *page)
{
	u64 flags = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), page);
	return flags;
}

/* The capabilities are two words in an array (6.1) or one: the same bytes, in a struct without a name. */
typedef struct {
	u64 val;
} kernel_cap_t;
struct cred___capabilities {
	kernel_cap_t cap_effective;
} __attribute__((preserve_access_index));

static __always_inline u64 capabilities_of(struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	u64 capabilities = 0;

	bpf_probe_read_kernel(&capabilities, sizeof(capabilities),
			      (const void *)cred + bpf_core_field_offset(struct cred___capabilities, cap_effective));
	return capabilities;
}

/*
 * An entry of an xarray, or NULL. include/linux/xarray.h: inner nodes are marked by 2 in the low bits, and hold 64
 * slots for `shift` bits of the index each; a tree of one entry is that entry.
 */
enum { XA_SLOTS = 64, XA_MAX_LEVELS = 6, XA_MARK_BITS = 3, XA_INNER = 2, XA_LOWEST_NODE = 4096 };

static __always_inline void *xarray_entry(const void *xarray, u64 index)
{
	u64 entry = (u64)BPF_CORE_READ((const struct xarray *)xarray, xa_head);
	int level;

	for (level = 0; level < XA_MAX_LEVELS && (entry & XA_MARK_BITS) == XA_INNER && entry > XA_LOWEST_NODE; level++) {
		const struct xa_node *node = (const void *)(entry - XA_INNER);
		u64 shift = BPF_CORE_READ(node, shift) & 63;

		if (!level && index >> shift >= XA_SLOTS)
			return 0;
		bpf_probe_read_kernel(&entry, sizeof(entry), (const void *)node +
				      bpf_core_field_offset(struct xa_node, slots) +
				      (index >> shift & (XA_SLOTS - 1)) * sizeof(entry));
	}
	/* Without an inner node only index 0 is there. */
	return (entry & XA_MARK_BITS) || (!level && index) ? 0 : (void *)entry;
}

/*
 * Bits of struct page's flags move from version to version (6.1 and 6.12 differ in most). PG_double_map was gone
 * by 6.12, PG_young is there where idle pages are tracked.
 */
enum pageflags {
	PG_locked, PG_referenced, PG_lru, PG_head, PG_swapcache, PG_swapbacked, PG_young, PG_double_map, PG_private,
	PG_private_2
};
#define PAGE_FLAG(name) (bpf_core_enum_value_exists(enum pageflags, name) ? \
			 1ull << bpf_core_enum_value(enum pageflags, name) : 0)

/* Words of a page structure; the flags come first in all kernels, whatever their type is called. */
enum { PAGE_STRUCT_BYTES = 64, PAGE_STRUCT_WORDS = 8 };

/* What the first tail page holds: order and whole mappings (6.1), or fields of the folio (by 6.12). */
struct page___tail {
	unsigned char compound_order;
	atomic_t compound_mapcount;
} __attribute__((preserve_access_index));
struct folio___order {
	unsigned long _flags_1;
	unsigned char _folio_order;
} __attribute__((preserve_access_index));
struct folio___counts {
	atomic_t _large_mapcount, _entire_mapcount;
} __attribute__((preserve_access_index));
struct folio___mms {
	unsigned long _mm_ids;
} __attribute__((preserve_access_index));

static __always_inline u32 order_of_folio(const void *head)
{
	const struct page___tail *tail = head + PAGE_STRUCT_BYTES;
	const struct folio___order *folio = head;
	unsigned long flags = 0;
	u8 order = 0;

	if (bpf_core_field_exists(tail->compound_order))
		return BPF_CORE_READ(tail, compound_order);
	if (bpf_core_field_exists(folio->_folio_order)) {
		bpf_core_read(&order, sizeof(order), &folio->_folio_order);
		return order;
	}
	bpf_core_read(&flags, sizeof(flags), &folio->_flags_1);
	return flags & 0xff;
}

/* Large folios know their number of mappings by 6.12; before, one counts page by page. */
static __always_inline bool folio_has_mapcount(void)
{
	const struct folio___counts *folio = 0;

	return bpf_core_field_exists(folio->_large_mapcount);
}

/* By 6.18 a large folio notes whether several address spaces map it, in a way not read here. */
static __always_inline bool folio_has_owners(void)
{
	const struct folio___mms *folio = 0;

	return bpf_core_field_exists(folio->_mm_ids);
}

/*
 * The functions that report a GPU's events are given the device (6.1) or, since devices have partitions, the node
 * (by 6.12). Both have an id and a reset number.
 */
struct kfd_dev___whole {
	unsigned int id;
	u32 reset_seq_num;
} __attribute__((preserve_access_index));

static __always_inline u32 id_of_gpu(const void *gpu)
{
	const struct kfd_node *node = gpu;
	const struct kfd_dev___whole *device = gpu;

	if (bpf_core_field_exists(node->id))
		return BPF_CORE_READ(node, id);
	return BPF_CORE_READ(device, id);
}

static __always_inline u32 resets_of_gpu(const void *gpu)
{
	const struct kfd_node *node = gpu;
	const struct kfd_dev___whole *device = gpu;

	if (bpf_core_field_exists(node->reset_seq_num))
		return BPF_CORE_READ(node, reset_seq_num);
	return BPF_CORE_READ(device, reset_seq_num);
}

/* Ranges have had a default granularity per process since 6.12. */
static __always_inline u8 granularity_of(const struct kfd_process *process)
{
	if (!bpf_core_field_exists(process->svms.default_granularity))
		return 255;
	return BPF_CORE_READ(process, svms.default_granularity);
}

/*
 * mm_khugepaged_scan_file has the argument page (6.1), pfn (6.12) or folio (6.18); collapse_file has pfn
 * (6.12) or folio (6.18). Their index is that of the file, so nothing is lost by not looking at it.
 */

#endif
