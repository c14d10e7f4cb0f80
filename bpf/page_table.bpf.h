/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PAGE_TABLE_BPF_H
#define HS_PAGE_TABLE_BPF_H
/*
 * The way to the page table of one 2 MiB range, by reading kernel memory (x86-64). Layout of the entries:
 * arch/x86/include/asm/pgtable_types.h; the direct map: arch/x86/include/asm/page_64_types.h.
 */
#include "bpf/ring.bpf.h"

/* Data symbols; addresses are 0 where the kernel does not list them (KALLSYMS_ALL off, no CAP_SYSLOG). */
extern const void page_offset_base __ksym __weak;
extern const void pgdir_shift __ksym __weak;

#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define DIRECT_MAP_4LEVEL 0xffff888000000000ull	/* without randomised bases */
enum {
	ENTRY_PRESENT = 1 << 0, ENTRY_HUGE = 1 << 7, ENTRY_PROTNONE = 1 << 8, ENTRY_STRAY = 1 << 5 | 1 << 6,
	INDEX_MASK = 511, PUD_SHIFT = 30, PMD_SHIFT = 21, PTE_SHIFT = 12, P4D_SHIFT = 39, PGD_SHIFT_5LEVEL = 48,
};

struct table_walk {
	u64 direct_map;		/* virtual address of physical address 0 */
	u64 entry;		/* last one read */
	u32 level;		/* enum hs_pmd_level */
	bool is_blind;		/* where the direct map is cannot be told: no table was read */
};

static __always_inline u64 entry_at(u64 table, u64 address, u32 shift)
{
	u64 entry = 0;

	bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(table + (address >> shift & INDEX_MASK) * sizeof(entry)));
	return entry;
}

/* Goes down one level; false where there is no table below. */
static __always_inline bool descend(struct table_walk *walk, u64 address, u32 shift)
{
	if (!(walk->entry & ENTRY_PRESENT) || walk->entry & ENTRY_HUGE)
		return false;
	walk->entry = entry_at(walk->direct_map + (walk->entry & ENTRY_ADDRESS), address, shift);
	return true;
}

static __always_inline void find_direct_map(struct table_walk *walk, u32 *top_shift)
{
	u64 base = 0;

	walk->direct_map = DIRECT_MAP_4LEVEL;
	*top_shift = P4D_SHIFT;
	if (&page_offset_base && bpf_probe_read_kernel(&base, sizeof(base), &page_offset_base) == 0 && base)
		walk->direct_map = base;
	if (&pgdir_shift)
		bpf_probe_read_kernel(top_shift, sizeof(*top_shift), &pgdir_shift);
}

/* Physical address of the page that is last in the walk to address, or 0. */
static __always_inline u64 physical_page(struct table_walk *walk, u64 address)
{
	u32 shift = PUD_SHIFT;

	if (!descend(walk, address, PUD_SHIFT))
		return 0;
	if (!(walk->entry & ENTRY_HUGE)) {
		shift = PMD_SHIFT;
		if (!descend(walk, address, PMD_SHIFT))
			return 0;
	}
	if (!(walk->entry & ENTRY_HUGE)) {
		shift = PTE_SHIFT;
		if (!descend(walk, address, PTE_SHIFT))
			return 0;
	}
	return (walk->entry & ENTRY_ADDRESS) >> shift << shift | (address & ((1ull << shift) - 1) & ENTRY_ADDRESS);
}

/*
 * Whether the base is right: a pgd lies in the direct map, and its own kernel half says where. With another base
 * (randomised, and no symbol to tell) all that is read by it would be some other memory. Asked until it was right.
 */
static __always_inline bool is_direct_map_right(struct table_walk *walk, u64 pgd, u32 top_shift)
{
	static bool was_right;

	if (was_right)
		return true;
	walk->entry = entry_at(pgd, pgd, top_shift);
	if (top_shift == PGD_SHIFT_5LEVEL && !descend(walk, pgd, P4D_SHIFT))
		return false;
	was_right = walk->direct_map + physical_page(walk, pgd) == pgd;
	return was_right;
}

/* Virtual address of the page table of address, or 0 and the reason in walk->level. */
static __always_inline u64 find_page_table(struct table_walk *walk, struct mm_struct *mm, u64 address)
{
	u64 pgd = (u64)BPF_CORE_READ(mm, pgd);
	u32 top_shift;

	find_direct_map(walk, &top_shift);
	walk->level = HS_PMD_IS_UNREACHED;
	walk->is_blind = !is_direct_map_right(walk, pgd, top_shift);
	if (walk->is_blind)
		return 0;
	walk->entry = entry_at(pgd, address, top_shift);
	if (top_shift == PGD_SHIFT_5LEVEL && !descend(walk, address, P4D_SHIFT))
		return 0;
	if (!descend(walk, address, PUD_SHIFT) || !descend(walk, address, PMD_SHIFT))
		return 0;
	if (!(walk->entry & ~(u64)ENTRY_STRAY)) {
		walk->level = HS_PMD_IS_NONE;
		return 0;
	}
	if (walk->entry & ENTRY_HUGE && walk->entry & (ENTRY_PRESENT | ENTRY_PROTNONE)) {
		walk->level = HS_PMD_IS_HUGE;
		return 0;
	}
	walk->level = walk->entry & ENTRY_PRESENT ? HS_PMD_IS_TABLE : HS_PMD_IS_ABSENT;
	return walk->level == HS_PMD_IS_TABLE ? walk->direct_map + (walk->entry & ENTRY_ADDRESS) : 0;
}

#endif
