/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COMPARE_H
#define HS_COMPARE_H
/*
 * Is B different from A, and everywhere or by chance of where one looks? For each metric: both totals, and
 * the difference B - A in each window of time of each trace. Windows in which both are 0 say nothing and are
 * left out. Verdicts:
 *
 *   same     equal in every window (and in total)
 *   higher, lower   the signs of the differences are uneven beyond chance (sign test, p < 0.05), and the
 *            total moved the same way
 *   mixed    the signs are uneven beyond chance, but the total did not move their way: few windows with great
 *            differences outweigh many with small ones
 *   higher here, lower here   all windows that differ do so in one direction, but they are fewer than the 6
 *            that a claim beyond chance needs: true of these traces, no more
 *   unclear  there are differences in both directions, and their signs could be chance
 *   changed  the metric has no windows (a share, a model's summary) and its value differs
 */
#include <stddef.h>
#include <stdint.h>

#include "analysis/metrics.h"
#include "lib/vec.h"

enum hs_difference_verdict { HS_SAME, HS_HIGHER, HS_LOWER, HS_HIGHER_HERE, HS_LOWER_HERE,
			     HS_MIXED, HS_UNCLEAR, HS_CHANGED };
const char *hs_difference_verdict_name(enum hs_difference_verdict verdict);

struct hs_difference {
	const char *name, *unit;	/* borrowed from the metrics */
	double a, b;			/* totals over all traces; shares and levels: the mean over traces */
	int nr_a, nr_b;			/* traces in which that side has a value */
	size_t nr_windows;		/* windows that count */
	uint64_t ups, downs;		/* windows with B above, below A */
	double q1, median, q3;		/* of the differences */
	/*
	 * 95 % confidence interval of the median, from order statistics: no assumption about how the
	 * differences are distributed. Only with 6 windows and more.
	 */
	double low, high;
	double p;			/* sign test */
	enum hs_difference_verdict verdict;
};

struct hs_comparison {
	HS_VEC(struct hs_difference) list;
};

/*
 * Compares a[i] with b[i], the metrics of two policies on trace i. Metrics are matched by name; a metric
 * that one side lacks is 0 there if it is a sum, else without value. 0 or -ENOMEM. Borrows names.
 */
int hs_compare(const struct hs_metrics *const *a, const struct hs_metrics *const *b, size_t nr_traces,
	       struct hs_comparison *out);
void hs_comparison_deinit(struct hs_comparison *comparison);

/* 100 (b - a) / |a|; NAN when a is 0 and b is not, 0 when both are. */
double hs_change_percent(double a, double b);

#endif
