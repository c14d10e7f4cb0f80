/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_ELIGIBILITY_H
#define HS_ELIGIBILITY_H
/*
 * Which mappings may have huge pages: hugepage_vma_check (6.1), __thp_vma_allowable_orders (6.12 and
 * later) in mm/huge_memory.c; v2010: the tests of khugepaged_enter_vma_merge, khugepaged_scan_mm_slot and
 * collapse_huge_page.
 */
#include "replay/collapse/collapse_flags.h"
#include "replay/collapse/collapse_request.h"
#include "replay/collapse/collapse_tunables.h"

/* Why not; the first failing test. */
enum hs_thp_refusal {
	HS_THP_ALLOWED, HS_THP_REFUSED_MODE, HS_THP_REFUSED_KIND, HS_THP_REFUSED_NO_RANGE,
	HS_THP_REFUSED_NO_ANON_VMA, HS_THP_REFUSED_NO_MM, HS_THP_REFUSED_DISABLED, HS_THP_REFUSED_DAX,
	HS_THP_REFUSED_SPECIAL, HS_THP_REFUSED_SHMEM, HS_THP_REFUSED_FILE, HS_THP_REFUSED_TEMP_STACK,
	HS_NR_THP_REFUSALS
};
/* "mode", "kind", "no_range", …; static. */
const char *hs_thp_refusal_name(enum hs_thp_refusal refusal);

enum hs_thp_purpose { HS_THP_FOR_FAULT, HS_THP_FOR_DAEMON, HS_THP_FOR_MADVISE };

/* Is any huge page possible at all: gates registration, the daemon's work and its life. */
bool hs_thp_is_on(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables);

/* Orders that the settings enable for an anonymous mapping, a bit each. */
uint16_t hs_thp_enabled_orders(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
			       const struct hs_thp_vma *vma);

/*
 * Orders that the daemon may use in the mapping (6.18 and before: the PMD's or none); MADV_COLLAPSE and
 * files: the PMD's.
 */
uint16_t hs_thp_collapse_orders(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
				const struct hs_thp_vma *vma, enum hs_thp_purpose purpose);

/* Orders that a fault in the anonymous mapping may map (thp_vma_allowable_orders with TVA_IN_PF). */
uint16_t hs_thp_fault_orders(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
			     const struct hs_thp_vma *vma, unsigned int mm_state);

/* Do aligned blocks of the mapping lie aligned in its file, too? Anonymous ones have none: true. */
bool hs_thp_is_aligned_in_file(const struct hs_thp_vma *vma, unsigned int order);

/* Modern rules; mm_state: enum hs_thp_mm_state. */
enum hs_thp_refusal hs_thp_vma_allowed(const struct hs_collapse_rules *rules,
				       const struct hs_collapse_tunables *tunables, const struct hs_thp_vma *vma,
				       unsigned int mm_state, enum hs_thp_purpose purpose);

/* v2010: may the daemon work on the mapping? NO_RANGE is not tested here. */
enum hs_thp_refusal hs_thp_first_daemon_check(const struct hs_collapse_tunables *tunables,
					      const struct hs_thp_vma *vma);

#endif
