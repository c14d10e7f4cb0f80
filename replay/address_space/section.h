/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SECTION_H
#define HS_SECTION_H
/*
 * An mmu-notifier section: what mmu_notifier_invalidate_range_start opens and _end closes. The model predicts
 * the sections of every operation; where they were recorded, those are compared with the predicted ones.
 */
#include <stdbool.h>
#include <stdint.h>

#include "replay/decision.h"

/* enum mmu_notifier_event; the numbers are the kernel's and those of the column notifier.start.event. */
enum hs_section_event {
	HS_SECTION_UNMAP,
	HS_SECTION_CLEAR,
	HS_SECTION_PROTECTION_VMA,
	HS_SECTION_PROTECTION_PAGE,
	HS_SECTION_SOFT_DIRTY,
	HS_SECTION_RELEASE,
	HS_SECTION_MIGRATE,
	HS_SECTION_EXCLUSIVE,
	HS_NR_SECTION_EVENTS
};

/* The kernel's functions that open sections: RULE(id, function). */
#define HS_SECTION_RULES(RULE) \
	RULE(UNMAP_VMAS, "unmap_vmas") \
	RULE(EXIT_MMAP, "exit_mmap") \
	RULE(MOVE_TABLES, "move_page_tables") \
	RULE(ZAP_RANGE, "zap_page_range_single") \
	RULE(FREE_PAGES, "madvise_free_single_vma") \
	RULE(CHANGE_PROTECTION, "change_protection") \
	RULE(COPY_RANGE, "copy_page_range") \
	RULE(WP_COPY, "wp_page_copy") \
	RULE(BOUNDARY, "vma_adjust_trans_huge") \
	RULE(SPLIT_HUGE, "__split_huge_pmd") \
	RULE(SPLIT_FOLIO, "split_folio") \
	RULE(COLLAPSE, "collapse_huge_page") \
	RULE(RECLAIM, "shrink_folio_list") \
	RULE(PUNCH, "unmap_mapping_range") \
	RULE(CLEAR_REFS, "clear_refs_write") \
	RULE(KSM, "try_to_merge_one_page") \
	RULE(REAP, "__oom_reap_task_mm") \
	RULE(UNEXPLAINED, "no rule of the model")

enum hs_section_rule {
#define RULE(id, name) HS_RULE_##id,
	HS_SECTION_RULES(RULE)
#undef RULE
	HS_NR_SECTION_RULES
};

struct hs_section {
	uint64_t start, end;	/* UINT64_MAX: the whole address space */
	enum hs_section_event event;
	enum hs_section_rule rule;	/* of predicted ones */
	uint8_t depth;		/* open sections of the same task around it */
	bool is_blockable;
	enum hs_basis basis;
};

/* "UNMAP", … static. */
const char *hs_section_event_name(unsigned int event);

/* Do the two agree in all that a listener is told? */
static inline bool hs_section_equals(const struct hs_section *a, const struct hs_section *b)
{
	return a->event == b->event && a->start == b->start && a->end == b->end && a->depth == b->depth &&
	       a->is_blockable == b->is_blockable;
}

#endif
