/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_VMA_FLAGS_H
#define HS_VMA_FLAGS_H
/* The two-letter words of a smaps VmFlags line (fs/proc/task_mmu.c, show_smap_vma_flags) as HS_VMA_* bits. */
#include <stdint.h>

#include "traces/kinds.h"

/* text: the line behind "VmFlags:", up to a newline or its end. Words without a bit are passed over. */
uint64_t hs_vma_flags_parse(const char *text);

#endif
