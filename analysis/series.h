/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SERIES_H
#define HS_SERIES_H
/*
 * Tables made to be drawn: one column of x, then one column per series. As those of analysis/decision_tables.h, they
 * are new, NULL when out of memory, and without rows where there is nothing to draw. Times are in seconds
 * since the start, at the beginning of their buckets.
 */
#include "analysis/table.h"
#include "analysis/tally.h"

/*
 * seconds, width (of the bucket), then per result, most frequent over all policies first: outcomes of one
 * policy at one point in that bucket. More than `limit` results: the rest is one column, "other".
 */
struct hs_table *hs_series_results(const struct hs_tally *tally, uint32_t policy, enum hs_point point, size_t limit);

/* seconds, then per policy: how often `result` has come up to the end of the bucket that ends there. */
struct hs_table *hs_series_total(const struct hs_tally *tally, enum hs_point point, const char *result);

/* seconds, then per policy: a model's number (hs_model_ops.sample) at that time, in units of `unit`. */
struct hs_table *hs_series_samples(const struct hs_tally *tally, const char *number, double unit);

/*
 * The distribution of a cost: percent of the decisions, then per policy the cost that so many do not exceed
 * (0 to 100 in steps of 1, then 99.9 and 99.99).
 */
struct hs_table *hs_series_distribution(const struct hs_tally *tally, enum hs_point point, unsigned int cost);

/*
 * A sweep: x is a policy's number, then outcomes with `result`: low (exact ones alone), high (low and whatever
 * is not exact at that point, whichever way it was decided), modelled; then the sum of a cost over the
 * modelled ones. One row per policy in the order of x.
 */
struct hs_series_sweep {
	enum hs_point point;
	const char *result;
	unsigned int cost;		/* index in the point's cost names */
	double cost_unit;		/* what one is worth in the plot's unit, e.g. 4096 bytes a page */
	const double *x;		/* per policy, finite */
	const char *x_name;		/* "max_ptes_none" */
};
struct hs_table *hs_series_sweep(const struct hs_tally *tally, const struct hs_series_sweep *setup);

/*
 * Recorded by modelled results of one policy at one point, one row per pair (also those that never came): row
 * and column from 0, both results, decisions, percent of the row's decisions. Results are in one order, most
 * frequent first.
 */
struct hs_table *hs_series_matrix(const struct hs_tally *tally, uint32_t policy, enum hs_point point);

/* cost, then per policy: percent of the first policy's sum. Costs that the first policy did not have are left out. */
struct hs_table *hs_series_costs(const struct hs_tally *tally, enum hs_point point);

/*
 * The sum of a cost at a point, with `unit` to one of the plot: up to a time, as hs_series_total counts results; and
 * the sums of several costs of one policy in each bucket, as hs_series_results lists results. names NULL-terminated.
 */
struct hs_table *hs_series_cost_total(const struct hs_tally *tally, enum hs_point point, unsigned int cost,
				      double unit);
struct hs_table *hs_series_cost_stack(const struct hs_tally *tally, uint32_t policy, enum hs_point point,
				      const char *const *names, double unit);

#endif
