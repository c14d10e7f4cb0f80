/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_DECISION_TABLES_H
#define HS_DECISION_TABLES_H
/*
 * The tables of replay, compare and report. Each returns a new table, or NULL when out of memory; check with
 * hs_table_status. A table without rows means that there is nothing of its kind.
 */
#include "analysis/compare.h"
#include "analysis/table.h"
#include "analysis/tally.h"

enum { HS_ALL_POLICIES = -1 };

/*
 * Verdicts by policy (one, or HS_ALL_POLICIES), point and basis, with Wilson's interval. Rows are marked: failed
 * where any disagree.
 */
struct hs_table *hs_table_agreement(const struct hs_tally *tally, int policy);

/* Recorded and modelled results of one policy with their verdict and basis, most frequent first in each point. */
struct hs_table *hs_table_pairs(const struct hs_tally *tally, uint32_t policy);

/* Recorded (rows) by modelled (columns) results at one point, all bases; both in the same order. */
struct hs_table *hs_table_matrix(const struct hs_tally *tally, uint32_t policy, enum hs_point point);

/* Why outcomes are no agreements: causes by policy, point and verdict, each with its first case. */
struct hs_table *hs_table_causes(const struct hs_tally *tally, int policy);

/* The classes of disagreement of one policy or HS_ALL_POLICIES, each with its first case, in the order of these. */
struct hs_table *hs_table_divergences(const struct hs_tally *tally, int policy);

/* Outcomes by point and result, a column per policy. */
struct hs_table *hs_table_results(const struct hs_tally *tally);

/* How well the trace determines the decisions: outcomes by policy, point and basis. */
struct hs_table *hs_table_bases(const struct hs_tally *tally);

/* Sums of the cost columns, a column per policy. Costs that are 0 everywhere are left out. */
struct hs_table *hs_table_costs(const struct hs_tally *tally);

/* Distribution of each cost per decision. Costs that are always 0 are left out. */
struct hs_table *hs_table_quantiles(const struct hs_tally *tally);

/* What the models say at the end, a column per policy. Numbers that are 0 everywhere are left out. */
struct hs_table *hs_table_summaries(const struct hs_tally *tally);

/* Two policies, metric by metric. Metrics that are 0 or absent on both sides are left out. */
struct hs_table *hs_table_comparison(const struct hs_comparison *comparison, const char *a, const char *b);

/* How those differences spread over windows of time; equal metrics are left out. */
struct hs_table *hs_table_spread(const struct hs_comparison *comparison);

/* The same subjects under two policies: how many ended with which result under each. */
struct hs_table *hs_table_subjects(const struct hs_tally *tally, uint32_t a, uint32_t b);

#endif
