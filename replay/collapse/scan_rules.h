/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SCAN_RULES_H
#define HS_SCAN_RULES_H
/*
 * The scan of one anonymous range: khugepaged_scan_pmd (v2010), hpage_collapse_scan_pmd (6.1 to 6.18),
 * collapse_scan_pmd (7.2) in mm/khugepaged.c, up to the question whether a collapse is attempted.
 */
#include "replay/collapse/collapse_flags.h"
#include "replay/collapse/collapse_tunables.h"
#include "replay/collapse/pte_walk.h"

struct hs_scan_request {
	const struct hs_collapse_rules *rules;
	const struct hs_collapse_tunables *tunables;	/* nr included */
	uint32_t vma_flags;				/* enum hs_thp_vma_flag */
	uint16_t orders;		/* enabled orders, a bit each; read where sub_pmd_orders is set */
	bool is_khugepaged;		/* false: MADV_COLLAPSE */
	bool node_reclaim;		/* node_reclaim_mode is not 0 */
	struct hs_thp_range range;
};

struct hs_scan_outcome {
	bool is_attempt;			/* true: a collapse is attempted; result is then SUCCEED */
	enum hs_collapse_result result;
	enum hs_thp_assertion assertion;	/* not NO_ASSERTION: nothing else holds */
	bool has_table;				/* entries were looked at: the fields below hold */
	unsigned int index;			/* deciding entry; nr if the walk completed */
	unsigned int none;			/* empty (and zero) entries, the deciding one included */
	unsigned int unmapped;			/* swap entries, the deciding one included */
	unsigned int referenced;		/* as counted for the daemon; 0 for MADV_COLLAPSE */
	unsigned int shared;
	unsigned int visited;			/* entries looked at, 1 … nr */
	bool is_writable;			/* some entry before the end was writable */
	bool has_page;				/* the tracepoint's pfn is not -1 */
	unsigned int progress;			/* units of the pass's budget */
	unsigned int target_node;		/* where a huge page would go */
	unsigned int allowed_nodes;		/* a bit per node */
};

void hs_scan_decide(const struct hs_scan_request *request, struct hs_scan_outcome *outcome);

/* The tests behind the loop, for a walk that has completed: SUCCEED means an attempt. */
enum hs_collapse_result hs_scan_behind_loop(const struct hs_scan_request *request,
					    const struct hs_scan_outcome *outcome);

/* log2 of nr. */
static inline unsigned int hs_thp_pmd_order(const struct hs_collapse_tunables *tunables)
{
	return (unsigned int)__builtin_ctz(tunables->nr);
}

/* The code for a PMD that is no page table; SUCCEED if it is one. */
enum hs_collapse_result hs_scan_pmd_result(const struct hs_collapse_rules *rules, enum hs_pmd_state pmd);

/* Whether orders other than the PMD's are enabled, so that the scan tolerates nr - 1 empty entries. */
bool hs_scan_is_multi_order(const struct hs_scan_request *request);

/* Empty entries that the scan tolerates. */
unsigned int hs_scan_none_limit(const struct hs_scan_request *request);

/* Entries that count as shared and as pinned under the rules. */
struct hs_bitmap512 hs_scan_shared(const struct hs_collapse_rules *rules, const struct hs_pte_map *ptes);
struct hs_bitmap512 hs_scan_pinned(const struct hs_collapse_rules *rules, const struct hs_pte_map *ptes);
struct hs_bitmap512 hs_scan_referenced(const struct hs_collapse_rules *rules, const struct hs_pte_map *ptes);
struct hs_bitmap512 hs_scan_empty(const struct hs_collapse_rules *rules, const struct hs_pte_map *ptes);
/*
 * hpage_collapse_scan_abort, while node_reclaim_mode is on: the first of nr entries whose node is too far from one
 * before it. Nodes NULL: none.
 */
struct hs_bitmap512 hs_scan_far(const struct hs_pte_nodes *nodes, const struct hs_bitmap512 *present,
				unsigned int nr);
/* Clean pages that are freed lazily; empty where the rules do not look at them. */
struct hs_bitmap512 hs_scan_lazyfree(const struct hs_scan_request *request);

#endif
