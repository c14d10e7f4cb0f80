/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_REQUEST_H
#define HS_COLLAPSE_REQUEST_H
/*
 * What the rules of this folder look at: a mapping, and one range of it as its page table stands.
 * A range is NR base pages, aligned (NR = 512 on x86-64: 2 MiB; smaller in tests).
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/bitmap512.h"

enum { HS_COLLAPSE_PAGE_SHIFT = 12 };

/* Properties of a mapping; combinations that no kernel has are not refused. */
enum hs_thp_vma_flag {
	HS_THP_VMA_HUGEPAGE = 1 << 0,		/* VM_HUGEPAGE */
	HS_THP_VMA_NOHUGEPAGE = 1 << 1,		/* VM_NOHUGEPAGE */
	HS_THP_VMA_SPECIAL = 1 << 2,		/* VM_IO, VM_DONTEXPAND, VM_PFNMAP, VM_MIXEDMAP or VM_HUGETLB */
	HS_THP_VMA_UFFD_MISSING = 1 << 3,
	HS_THP_VMA_UFFD_OTHER = 1 << 4,		/* write-protect or minor mode */
	HS_THP_VMA_WRITE = 1 << 5,
	HS_THP_VMA_DROPPABLE = 1 << 6,
	HS_THP_VMA_ANON_VMA = 1 << 7,		/* has been faulted for anonymous memory */
	HS_THP_VMA_OPS = 1 << 8,		/* has vm_ops: not anonymous */
	HS_THP_VMA_FILE = 1 << 9,		/* has a file */
	HS_THP_VMA_SHMEM = 1 << 10,
	HS_THP_VMA_SHMEM_OK = 1 << 11,		/* shared memory whose own rules allow huge pages */
	HS_THP_VMA_DAX = 1 << 12,
	HS_THP_VMA_TEMP_STACK = 1 << 13,	/* stack of an exec under way */
	HS_THP_VMA_NO_MM = 1 << 14,		/* vdso */
	HS_THP_VMA_FILE_OK = 1 << 15,		/* a file of which this kernel makes huge pages */
	HS_THP_VMA_FILE_EXEC = 1 << 16,		/* executable mapping */
	HS_THP_VMA_HUGE_FAULT = 1 << 17,	/* its vm_ops have huge_fault */
	HS_THP_VMA_UFFD = HS_THP_VMA_UFFD_MISSING | HS_THP_VMA_UFFD_OTHER,
};

struct hs_thp_vma {
	uint64_t start, end;	/* [start, end) */
	uint64_t pgoff;		/* file mappings: offset in pages */
	uint32_t flags;		/* enum hs_thp_vma_flag */
};

/* State of an address space that ends visits and forbids collapses. */
enum hs_thp_mm_state {
	HS_THP_MM_EXITING = 1 << 0,		/* mm_users is 0 */
	HS_THP_MM_DISABLED = 1 << 1,		/* prctl(PR_SET_THP_DISABLE) */
	HS_THP_MM_EXCEPT_ADVISED = 1 << 2,	/* the same with PR_THP_DISABLE_EXCEPT_ADVISED */
};

enum hs_pmd_state {
	HS_PMD_TABLE,		/* a page table is there: look at its entries */
	HS_PMD_UPPER_ABSENT, HS_PMD_NONE, HS_PMD_NON_PRESENT, HS_PMD_MIGRATION, HS_PMD_HUGE, HS_PMD_BAD,
	HS_PMD_TABLE_GONE,	/* seen, but gone when its lock was taken */
};

/*
 * Properties of page table entries, one bitmap each. An entry is none, zero (maps the zero page), swap
 * (neither none nor present) or, with none of these three, a present page.
 */
enum hs_pte_plane {
	HS_PTE_NONE, HS_PTE_ZERO, HS_PTE_SWAP,
	HS_PTE_YOUNG, HS_PTE_DIRTY, HS_PTE_READ_ONLY,
	HS_PTE_UFFD_WP,			/* write-protected by userfaultfd, present or swap form */
	HS_PTE_UFFD_MARKER,		/* swap form: a userfaultfd marker */
	HS_PTE_NO_PAGE,			/* present without a normal page, or a device page */
	HS_PTE_NOT_ANON,
	HS_PTE_SHARED_PAGE,		/* this page's map count is above 1 */
	HS_PTE_SHARED_LIKELY,		/* folio_likely_mapped_shared */
	HS_PTE_SHARED_MAYBE,		/* folio_maybe_mapped_shared */
	HS_PTE_OFF_LRU, HS_PTE_LOCKED,
	HS_PTE_EXTRA_REF,		/* references beyond mappings and swap cache: pinned */
	HS_PTE_SWAP_CACHE,
	HS_PTE_LAZYFREE,
	HS_PTE_FOLIO_YOUNG,		/* folio flags or a secondary MMU say referenced */
	HS_PTE_COMPOUND, HS_PTE_NOT_SWAP_BACKED,	/* v2010: its assertions */
	HS_PTE_LARGE,			/* page of a folio of several pages */
	HS_PTE_SAME_FOLIO,		/* an entry before it in this range maps the same folio */
	HS_PTE_REPEATED,		/* the same of a folio of one page: its lock is already taken by the isolate step */
	HS_PTE_POISONED,		/* reading the page fails */
	HS_PTE_SWAP_ERROR, HS_PTE_SWAP_LOCKED,	/* swap form: reading it back fails; finds the page locked */
	HS_NR_PTE_PLANES
};

struct hs_pte_map {
	struct hs_bitmap512 plane[HS_NR_PTE_PLANES];
};

/* Memory nodes of the pages, where they are known and node_reclaim_mode is on. */
struct hs_pte_nodes {
	uint8_t node[HS_BITMAP512_BITS];	/* of each present page */
	uint8_t nr_nodes;			/* at most HS_MAX_NODES */
	uint8_t too_far[8];			/* bit b of entry a: nodes a and b are too far apart */
};
enum { HS_MAX_NODES = 8 };

/* One range as the kernel would read it now. ptes are borrowed; NULL unless pmd is HS_PMD_TABLE. */
struct hs_thp_range {
	enum hs_pmd_state pmd;
	const struct hs_pte_map *ptes;
	const struct hs_pte_nodes *nodes;	/* NULL: one node */
	const uint8_t *folio_order;		/* per entry, NULL: all 0 */
};

/* Bounds of the ranges inside a mapping; equal or crossed: there is none. */
static inline uint64_t hs_thp_first(const struct hs_thp_vma *vma, uint64_t range_bytes)
{
	return (vma->start + range_bytes - 1) & ~(range_bytes - 1);
}

static inline uint64_t hs_thp_last(const struct hs_thp_vma *vma, uint64_t range_bytes)
{
	return vma->end & ~(range_bytes - 1);
}

static inline bool hs_thp_is_anon(const struct hs_thp_vma *vma)
{
	return !(vma->flags & HS_THP_VMA_OPS);
}

#endif
