/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_METRICS_H
#define HS_METRICS_H
/*
 * The numbers of one policy by name, for comparison and gates. POINT is a decision point that has outcomes
 * ("collapse.scan"), BASIS exact, bounded or assumed:
 *
 *   [POINT.]decisions               outcomes
 *   [POINT.]agree[.BASIS], …disagree…, …unknown…      verdicts, in validate
 *   [POINT.]agreement[.BASIS]       percent of agree + disagree, in validate; no value where both are 0
 *                                   (without POINT these four are there in whatif too: 0 and no value)
 *   POINT.RESULT                    outcomes with that result, modelled (recorded where it stands alone)
 *   POINT.COST                      sum of a cost column over the same
 *   MODEL.NAME                      what a model says at the end of its run
 *
 * Counts and costs also come per window, so that a comparison can show its spread.
 */
#include <stdbool.h>
#include <stddef.h>

#include "analysis/tally.h"

enum { HS_METRICS_WINDOWS = 20 };	/* at most */

struct hs_metric {
	const char *name;	/* lives as long as the set */
	const char *unit;	/* static: "decisions", "percent", "" */
	double value;
	bool has_value;
	bool is_level;		/* a mean, a peak, a quantile: over traces a mean, too, and no sum */
	double *windows;	/* nr_windows of the set, or NULL: not a sum over time */
};

struct hs_metrics {
	HS_VEC(struct hs_metric) list;	/* in the order above */
	struct hs_names names;		/* of list, by the same numbers */
	size_t nr_windows;		/* of equal length, the last one may be shorter */
	uint64_t window_ns;
};

/* 0 or -ENOMEM (out is empty then). Counts that are 0 are in the list where their point has outcomes. */
int hs_metrics_collect(const struct hs_tally *tally, uint32_t policy, struct hs_metrics *out);
void hs_metrics_deinit(struct hs_metrics *metrics);

/* By full name, or NULL. */
const struct hs_metric *hs_metrics_get(const struct hs_metrics *metrics, const char *name);

/*
 * For what users write: by full name, or by its end behind a dot where only one metric ends so ("huge_pages" for
 * "collapse.huge_pages"). NULL: none, or several.
 */
const struct hs_metric *hs_metrics_find(const struct hs_metrics *metrics, const char *name, size_t length);

#endif
