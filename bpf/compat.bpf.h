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
 * mm_khugepaged_scan_file has the argument page (6.1), pfn (6.12) or folio (6.18); collapse_file has pfn
 * (6.12) or folio (6.18). Their index is that of the file, so nothing is lost by not looking at it.
 */

#endif
