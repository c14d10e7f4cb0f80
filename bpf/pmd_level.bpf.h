/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PMD_LEVEL_BPF_H
#define HS_PMD_LEVEL_BPF_H
/*
 * enum hs_pmd_level of an address in an mm_struct, for programs that need no more of bpf/page_table.bpf.h: of one
 * object only libbpf's linker takes the typeless symbols that the way there begins with (collapse_entry.bpf.c).
 */
#include "bpf/ring.bpf.h"

u32 pmd_level_of(u64 mm, u64 address);

/* The recorded address space a range of which the current task is scanning or collapsing; 0: none. */
u64 entered_mm(void);

/* For what follows the scan's entry: the process may have gone meanwhile, khugepaged holds its mm_struct only. */
static __always_inline bool is_wanted_collapse(struct task_struct *task, u64 mm)
{
	return is_wanted_for(task, mm) || entered_mm() == mm;
}

/* pmd_level_of the range whose scan the current task has entered last, and plus 1; 0: not known. Ends the scan. */
u32 pmd_level_after_scan(void);

#endif
