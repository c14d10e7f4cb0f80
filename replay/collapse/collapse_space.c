// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/collapse_space.h"

#include <string.h>

#include "replay/collapse/eligibility.h"
#include "replay/collapse/pte_walk.h"

uint32_t hs_thp_flags_of_words(uint64_t vm_flags)
{
	static const struct {
		uint64_t words;
		uint32_t flag;
	} pairs[] = {
		{ HS_VMA_HG, HS_THP_VMA_HUGEPAGE }, { HS_VMA_NH, HS_THP_VMA_NOHUGEPAGE },
		{ HS_VMA_IO | HS_VMA_DE | HS_VMA_PF | HS_VMA_MM | HS_VMA_HT, HS_THP_VMA_SPECIAL },
		{ HS_VMA_UM, HS_THP_VMA_UFFD_MISSING }, { HS_VMA_UW | HS_VMA_UI, HS_THP_VMA_UFFD_OTHER },
		{ HS_VMA_WR, HS_THP_VMA_WRITE }, { HS_VMA_DP, HS_THP_VMA_DROPPABLE },
		{ HS_VMA_EX, HS_THP_VMA_FILE_EXEC },
	};
	uint32_t flags = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if (vm_flags & pairs[i].words)
			flags |= pairs[i].flag;
	}
	return flags;
}

/*
 * shmem_is_huge (6.1), shmem_huge_global_enabled: "force" and "deny" are for all shared memory, the other words for
 * the kernel's own mount. What huge= another mount has is not recorded: none, as mounts have it unless they are told.
 */
static bool has_huge_shmem(const struct hs_vma *vma, uint64_t mode)
{
	if (vma->flags & HS_VMA_NH)
		return false;
	if (mode == HS_THP_SHMEM_FORCE)
		return true;
	/* within_size: what lies behind the end of the object is not mapped by programs that live. */
	return !vma->is_tmpfs && (mode == HS_THP_SHMEM_ALWAYS || mode == HS_THP_SHMEM_WITHIN_SIZE ||
				  (mode == HS_THP_SHMEM_ADVISE && (vma->flags & HS_VMA_HG)));
}

struct hs_thp_vma hs_thp_vma_of(const struct hs_vma *vma, const struct hs_collapse_tunables *tunables)
{
	struct hs_thp_vma made = { .start = vma->node.start, .end = vma->node.end, .pgoff = vma->pgoff,
				   .flags = hs_thp_flags_of_words(vma->flags) };

	switch ((enum hs_vma_kind)vma->kind) {
	case HS_VMA_ANON:
		break;
	case HS_VMA_SHMEM:
		made.flags |= HS_THP_VMA_OPS | HS_THP_VMA_FILE | HS_THP_VMA_SHMEM;
		if (has_huge_shmem(vma, tunables->shmem_enabled))
			made.flags |= HS_THP_VMA_SHMEM_OK;
		break;
	case HS_VMA_FILE:
		made.flags |= HS_THP_VMA_OPS | HS_THP_VMA_FILE;
		break;
	case HS_VMA_SPECIAL:
		made.flags |= HS_THP_VMA_OPS | HS_THP_VMA_SPECIAL;
		break;
	case HS_VMA_HUGETLB:
		made.flags |= HS_THP_VMA_OPS | HS_THP_VMA_FILE | HS_THP_VMA_SPECIAL;
		break;
	}
	if (vma->anon_vma != HS_ANON_VMA_NONE)
		made.flags |= HS_THP_VMA_ANON_VMA;
	if (vma->is_temporary_stack)
		made.flags |= HS_THP_VMA_TEMP_STACK;
	return made;
}

unsigned int hs_thp_mm_state_of(const struct hs_mm *mm)
{
	const unsigned int disable = hs_mm_thp_disable(mm);

	return disable == 1 ? HS_THP_MM_DISABLED : disable == 2 ? HS_THP_MM_EXCEPT_ADVISED : 0;
}

void hs_thp_ptes_of(const struct hs_slot *slot, struct hs_pte_map *ptes)
{
	memset(ptes, 0, sizeof(*ptes));
	ptes->plane[HS_PTE_SWAP] = hs_bitmap512_or(&slot->swap, &slot->marker);
	ptes->plane[HS_PTE_UFFD_MARKER] = slot->marker;
	ptes->plane[HS_PTE_ZERO] = slot->zero;
	ptes->plane[HS_PTE_YOUNG] = slot->present;
	ptes->plane[HS_PTE_DIRTY] = slot->dirty;
	ptes->plane[HS_PTE_NOT_ANON] = slot->file;
	ptes->plane[HS_PTE_READ_ONLY] = hs_bitmap512_and_not(&slot->present, &slot->writable);
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		ptes->plane[HS_PTE_NONE].word[i] = ~(slot->present.word[i] | ptes->plane[HS_PTE_SWAP].word[i]);
}

enum hs_pmd_state hs_thp_pmd_of(enum hs_slot_kind kind)
{
	switch (kind) {
	case HS_SLOT_NONE:
		return HS_PMD_NONE;
	case HS_SLOT_HUGE_ANON:
	case HS_SLOT_HUGE_FILE:
	case HS_SLOT_HUGE_ZERO:
		return HS_PMD_HUGE;
	default:
		return HS_PMD_TABLE;
	}
}

uint64_t hs_thp_next_range(const struct hs_mm *mm, const struct hs_collapse_rules *rules,
			   const struct hs_collapse_tunables *tunables, uint64_t address)
{
	const struct hs_vma *vma = hs_mm_vma_from(mm, address + HS_SLOT_BYTES);

	for (; vma; vma = hs_vma_next(vma)) {
		const struct hs_thp_vma thp = hs_thp_vma_of(vma, tunables);
		uint64_t at = hs_thp_first(&thp, HS_SLOT_BYTES);

		if (at < address + HS_SLOT_BYTES)
			at = address + HS_SLOT_BYTES;
		if (at < hs_thp_last(&thp, HS_SLOT_BYTES) &&
		    hs_thp_vma_allowed(rules, tunables, &thp, hs_thp_mm_state_of(mm), HS_THP_FOR_DAEMON) ==
		    HS_THP_ALLOWED)
			return at;
	}
	return 0;
}
