/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_ISOLATE_RULES_H
#define HS_ISOLATE_RULES_H
/*
 * The isolate step: __collapse_huge_page_isolate in mm/khugepaged.c. It counts everything anew, with the
 * page table detached, and is not told what the scan saw.
 */
#include "replay/collapse/scan_rules.h"

struct hs_isolate_request {
	struct hs_scan_request scan;	/* the range as it is now */
	unsigned int from;		/* first entry of the candidate; a multiple of its size */
	unsigned int order;		/* log2 of its entries */
};

struct hs_isolate_outcome {
	enum hs_collapse_result result;	/* SUCCEED: all pages are isolated */
	enum hs_thp_assertion assertion;
	unsigned int index;		/* deciding entry; behind the candidate if the walk completed */
	unsigned int none;		/* empty (and zero) entries: these are zero-filled on success */
	unsigned int zero;		/* of these, entries of the zero page */
	unsigned int referenced;
	bool is_writable;
};

void hs_isolate_decide(const struct hs_isolate_request *request, struct hs_isolate_outcome *outcome);

/* collapse_max_ptes_none and collapse_max_ptes_shared of 7.2: limits for candidates of an order. */
unsigned int hs_isolate_none_limit(const struct hs_scan_request *scan, unsigned int order);
unsigned int hs_isolate_shared_limit(const struct hs_scan_request *scan, unsigned int order);

#endif
