/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_SPACE_H
#define HS_COLLAPSE_SPACE_H
/* What the rules want to know of mappings and pages, in the words of the replayed address space. */
#include "replay/address_space/address_space.h"
#include "replay/collapse/collapse_request.h"
#include "replay/collapse/collapse_tunables.h"

/* flags of a mapping: enum hs_thp_vma_flag from HS_VMA_* alone. */
uint32_t hs_thp_flags_of_words(uint64_t vm_flags);

/* A mapping as the rules see it; shmem_enabled and VM_HUGEPAGE decide about shared memory. */
struct hs_thp_vma hs_thp_vma_of(const struct hs_vma *vma, const struct hs_collapse_tunables *tunables);

/* enum hs_thp_mm_state, but for exiting. */
unsigned int hs_thp_mm_state_of(const struct hs_mm *mm);

/*
 * The entries of a range, as far as known: unknown pages count as empty. Present pages are taken as
 * young: nothing that is recorded clears accessed bits.
 */
void hs_thp_ptes_of(const struct hs_slot *slot, struct hs_pte_map *ptes);
enum hs_pmd_state hs_thp_pmd_of(enum hs_slot_kind kind);

/* Start of the first aligned range above address that the daemon would scan; 0: none. */
uint64_t hs_thp_next_range(const struct hs_mm *mm, const struct hs_collapse_rules *rules,
			   const struct hs_collapse_tunables *tunables, uint64_t address);

#endif
