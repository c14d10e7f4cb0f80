/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_REVALIDATE_KNOWN_H
#define HS_REVALIDATE_KNOWN_H
/*
 * What a recorded attempt must have found when it had the lock again (mm/khugepaged.c hugepage_vma_revalidate, then
 * find_pmd_or_thp_or_none), by the replayed address space.
 */
#include "replay/collapse/collapse_space.h"
#include "replay/collapse/collapse_attempt.h"

/*
 * SUCCEED: nothing is in the way; HS_NR_COLLAPSE_RESULTS: the record does not tell for certain. Of the request, all
 * but range, from and unmapped count.
 */
enum hs_collapse_result hs_revalidate_known(const struct hs_address_space *space,
					    const struct hs_attempt_request *request);

#endif
