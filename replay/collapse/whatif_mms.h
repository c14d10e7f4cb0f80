/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_WHATIF_MMS_H
#define HS_WHATIF_MMS_H
/* What a policy did for and to each address space. */
#include <stdint.h>

#include "lib/hash_map.h"
#include "lib/vec.h"

struct hs_whatif_mm {
	uint32_t mm;
	uint64_t collapses, fault_huge;
	uint64_t pages_zeroed;		/* by collapses: memory that the program did not ask for */
	uint64_t huge_ns;		/* sum of the times that its huge pages lived, of those that are no more */
};

struct hs_whatif_mms {
	HS_VEC(struct hs_whatif_mm) list;	/* in the order in which they were first touched */
	struct hs_hash_map index;
};

void hs_whatif_mms_deinit(struct hs_whatif_mms *mms);
/* NULL: out of memory. Valid until the next call. */
struct hs_whatif_mm *hs_whatif_mms_get(struct hs_whatif_mms *mms, uint32_t mm);

#endif
