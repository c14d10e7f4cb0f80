/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_VM_FLAGS_H
#define HS_VM_FLAGS_H
/* The kernel's vm_flags (include/linux/mm.h, VM_*) as HS_VMA_* bits. */
#include <stdint.h>

uint64_t hs_vm_flags_translate(uint64_t vm_flags);

#endif
