// SPDX-License-Identifier: GPL-2.0-only
/* A request in words: the recorded counts beside those of the page table, limits, rules. */
#include <stdio.h>

#include "replay/collapse/collapse_state.h"
#include "replay/collapse/madvise_validate.h"
#include "replay/collapse/snapshot_rules.h"

/* Where the lines go. */
struct lines {
	hs_add_input *add;
	void *context;
};

static void add_text(const struct lines *lines, const char *name, const char *recorded, const char *seen)
{
	lines->add(lines->context, name, recorded, seen);
}

/* A number that both sides have. */
static void add_both(const struct lines *lines, const char *name, uint64_t recorded, uint64_t seen)
{
	char left[24], right[24];

	snprintf(left, sizeof(left), "%llu", (unsigned long long)recorded);
	snprintf(right, sizeof(right), "%llu", (unsigned long long)seen);
	add_text(lines, name, left, right);
}

static void add_recorded(const struct lines *lines, const char *name, uint64_t recorded)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)recorded);
	add_text(lines, name, text, NULL);
}

static void add_limits(const struct lines *lines, const struct hs_counter_request *counter)
{
	const struct hs_collapse_tunables *old = counter->recorded_tunables, *own = counter->tunables;

	add_text(lines, "rules of", hs_variant_name(counter->recorded_rules->variant),
		 hs_variant_name(counter->rules->variant));
	add_both(lines, "max_ptes_none", old->max_ptes_none, own->max_ptes_none);
	add_both(lines, "max_ptes_swap", old->max_ptes_swap, own->max_ptes_swap);
	add_both(lines, "max_ptes_shared", old->max_ptes_shared, own->max_ptes_shared);
	add_text(lines, "on behalf of", counter->is_khugepaged ? "khugepaged" : "MADV_COLLAPSE", NULL);
}

static void add_counts(const struct lines *lines, const struct hs_collapse_request *request)
{
	const struct hs_counter_request *counter = &request->counter;
	struct hs_scan_outcome walk;

	if (!request->has_ptes || counter->phase == HS_COUNTER_ISOLATE) {
		add_recorded(lines, "none_or_zero", counter->none);
		add_recorded(lines, "unmapped", counter->unmapped);
		add_recorded(lines, "referenced", counter->referenced);
		add_text(lines, "page table", NULL, request->has_ptes ? "recorded" : "not recorded");
		return;
	}
	hs_snapshot_walk(request, &walk);
	add_both(lines, "none_or_zero", counter->none, walk.none);
	add_both(lines, "unmapped", counter->unmapped, walk.unmapped);
	add_both(lines, "referenced", counter->referenced, walk.referenced);
	add_text(lines, "walk over the page table", hs_collapse_result_name(counter->recorded),
		 hs_collapse_result_name(walk.result));
	add_text(lines, "pages behind the entries", NULL, request->has_pages ? "recorded" : "assumed good");
}

static const char *pmd_text(enum hs_pmd_state pmd)
{
	static const char *const texts[] = {
		[HS_PMD_TABLE] = "page table", [HS_PMD_UPPER_ABSENT] = "an upper level is absent",
		[HS_PMD_NONE] = "none", [HS_PMD_NON_PRESENT] = "not present", [HS_PMD_MIGRATION] = "migration entry",
		[HS_PMD_HUGE] = "huge page", [HS_PMD_BAD] = "bad", [HS_PMD_TABLE_GONE] = "page table, gone",
	};

	return texts[pmd];
}

/* A call of madvise(MADV_COLLAPSE). */
static void add_call(const struct lines *lines, const struct hs_madvise_tally *tally)
{
	add_recorded(lines, "ranges scanned", tally->nr_scanned);
	add_recorded(lines, "ranges huge", tally->nr_done - tally->nr_open);
	add_recorded(lines, "huge, to be mapped", tally->nr_open);
	if (tally->has_failed)
		add_text(lines, "last failure", hs_collapse_result_name(tally->last_fail), NULL);
}

void hs_collapse_describe(const struct hs_model *model, const struct hs_request *common, hs_add_input *add,
			  void *context)
{
	const struct hs_collapse_request *request = (const struct hs_collapse_request *)common;
	const struct hs_counter_request *counter = &request->counter;
	const struct lines lines = { add, context };

	(void)model;
	if (common->point == HS_POINT_COLLAPSE_MADVISE) {
		add_call(&lines, hs_madvise_tally_of(common));
		return;
	}
	add_limits(&lines, counter);
	if (request->are_limits_assumed)
		add_text(&lines, "settings", "not recorded", "defaults");
	if (request->is_setting_open)
		add_text(&lines, "settings", "changed meanwhile", "as last known");
	if (request->is_broken)
		add_text(&lines, "events of this range", "not all there", NULL);
	if (request->is_file) {
		add_recorded(&lines, "present", request->present_pages);
		add_recorded(&lines, "swap", request->swap_pages);
		return;
	}
	if (request->has_pmd)
		add_text(&lines, "PMD", NULL, pmd_text(request->pmd));
	add_counts(&lines, request);
	if (common->point == HS_POINT_COLLAPSE_SCAN)
		add_recorded(&lines, "attempts that followed", request->nr_attempts);
}
