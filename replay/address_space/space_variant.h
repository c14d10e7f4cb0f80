/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SPACE_VARIANT_H
#define HS_SPACE_VARIANT_H
/* What differs between the kernels whose rules the address_space model knows, as flags named after the change. */
#include <stdbool.h>

#include "replay/variant.h"

struct hs_space_variant {
	/* Dropping write permission from untouched private memory gives its commit charge back (6.7: mprotect_fixup). */
	bool mprotect_drops_account;
	/* A faulted range merges with an untouched neighbour; only fork-inherited chains forbid it (6.16: vma.c). */
	bool merge_by_fork_chain;
	/* Flags that do not hinder a merge and survive it (6.18: VM_STICKY). */
	bool merge_unites_sticky;
	/* MAP_STACK memory never gets huge pages at fault (6.7: calc_vm_flag_bits). */
	bool map_stack_is_nohuge;
	/* Any mremap wants room for four more mappings, before all else (7.2: check_mremap_params). */
	bool mremap_counts_maps_first;
	/* mremap moves at most 64 pages at a time, each in a section of its own, no huge page as a whole (until 3.2). */
	bool moves_by_extents;
	/* mremap checks arguments and limits before it unmaps anything, and moves several mappings (6.17: vrm). */
	bool mremap_checks_first;
	/* MAP_DROPPABLE (6.11). */
	bool has_droppable;
	/* MADV_GUARD_INSTALL / REMOVE exist (6.13). */
	bool has_guards;
	/* MADV_DONTNEED of a whole slot frees its page table (6.14: PT_RECLAIM). */
	bool dontneed_frees_tables;
	/* A write to the huge zero page maps a huge page instead of splitting (6.14). */
	bool huge_zero_write_is_huge;
	/* MREMAP_DONTUNMAP leaves the source in one piece (6.17). */
	bool dontunmap_keeps_source_whole;
	/* A copy by MREMAP_DONTUNMAP may fuse with an untouched source; not with the fix in 6.1.y, 6.12.y (copy_vma). */
	bool dontunmap_merges_with_source;
	/* With that fix the copy may still fuse with its other neighbour (6.12.y). */
	bool dontunmap_merges_with_others;
	/* mprotect opens a section for each mapping, whatever tables it has (mprotect_fixup: until 3.15). */
	bool protects_by_mapping;
	/* mprotect opens a section for each GiB, not for 512 of them (change_pud_range: 6.10). */
	bool protects_by_gib;
	/* mremap of page tables begins at a slot's start where both places allow it (try_realign_addr: 6.7). */
	bool moves_realign;
	/* Splitting a folio maps the zero page for what holds nothing but zeros (try_to_map_unused_to_zeropage: 6.12). */
	bool splits_to_zero_pages;
	/* Splitting a folio takes its huge mapping apart in a section of its own first (try_to_migrate_one; until 6.13). */
	bool splits_before_unmap;
	/* The OOM reaper opens its sections as CLEAR, not UNMAP (7.2). */
	bool reaps_by_clear;
	/* mmap over mappings cuts them off their neighbours before it looks at the limits (6.12: vms_gather_munmap_vmas). */
	bool mmap_splits_before_limits;
	/* A write may reuse a page of a huge page that was split (wp_can_reuse_anon_folio: 6.16). */
	bool reuses_pages_of_folios;
	/* MADV_POPULATE_* ends at a hole; before, it passed over holes like other advice (6.9: madvise_populate). */
	bool populate_stops_at_hole;
};

struct hs_space_variant hs_space_variant_of(enum hs_variant variant);

#endif
