// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/compare.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "analysis/wilson.h"

const char *hs_difference_verdict_name(enum hs_difference_verdict verdict)
{
	static const char *const names[] = {
		"same", "higher", "lower", "higher here", "lower here", "mixed", "unclear", "changed",
	};

	return names[verdict];
}

double hs_change_percent(double a, double b)
{
	if (a == b)
		return 0;
	return a == 0 ? NAN : 100 * (b - a) / fabs(a);
}

typedef HS_VEC(double) double_list;

/* Differences per window; a side without the metric is 0 throughout. */
static int add_windows(const struct hs_metric *a, const struct hs_metric *b, size_t nr_a, size_t nr_b,
		       double_list *differences)
{
	for (size_t i = 0; i < nr_a || i < nr_b; i++) {
		double left = a && i < nr_a ? a->windows[i] : 0, right = b && i < nr_b ? b->windows[i] : 0;

		if ((left != 0 || right != 0) && !hs_vec_push(differences, right - left))
			return -ENOMEM;
	}
	return 0;
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Of a sorted list, between neighbours where needed. */
static double quantile(const double *sorted, size_t count, double share)
{
	double at = share * (double)(count - 1);
	size_t below = (size_t)at;

	if (below + 1 >= count)
		return sorted[count - 1];
	return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

/*
 * The k-th smallest and k-th largest of n enclose the median with 95 %, where k is the largest number with
 * P(Binomial(n, 1/2) < k) <= 0.025. 0: n is too small.
 */
static size_t median_rank(size_t n)
{
	double tail = 0;

	for (size_t k = 0; k <= n; k++) {
		tail += exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) -
			    (double)n * M_LN2);
		if (tail > 0.025)
			return k;
	}
	return 0;
}

static void judge_windows(struct hs_difference *difference, double *sorted, size_t count)
{
	size_t rank = median_rank(count);

	qsort(sorted, count, sizeof(*sorted), compare_doubles);
	for (size_t i = 0; i < count; i++) {
		difference->ups += sorted[i] > 0;
		difference->downs += sorted[i] < 0;
	}
	difference->nr_windows = count;
	difference->q1 = quantile(sorted, count, 0.25);
	difference->median = quantile(sorted, count, 0.5);
	difference->q3 = quantile(sorted, count, 0.75);
	difference->low = rank ? sorted[rank - 1] : NAN;
	difference->high = rank ? sorted[count - rank] : NAN;
	difference->p = hs_sign_test(difference->ups, difference->downs);
}

/*
 * Of windows that differ. One direction throughout is a fact of these traces, even where chance could make it.
 * Many small steps down and one great step up: neither word would be true of both the windows and the total.
 */
static enum hs_difference_verdict judge_signs(const struct hs_difference *difference)
{
	const bool is_up = difference->ups > difference->downs;
	const double total = difference->b - difference->a;

	if (difference->p < 0.05 && (is_up ? total <= 0 : total >= 0))
		return HS_MIXED;
	if (difference->p < 0.05)
		return is_up ? HS_HIGHER : HS_LOWER;
	if (difference->ups && difference->downs)
		return HS_UNCLEAR;
	return is_up ? HS_HIGHER_HERE : HS_LOWER_HERE;
}

static void judge(struct hs_difference *difference, bool has_windows)
{
	if (!has_windows || !difference->nr_windows)
		difference->verdict = difference->a == difference->b && !difference->nr_a == !difference->nr_b ?
				      HS_SAME : HS_CHANGED;
	else if (!difference->ups && !difference->downs)
		difference->verdict = HS_SAME;
	else
		difference->verdict = judge_signs(difference);
}

/* One metric, by the name it has in one of the sets. */
static int compare_metric(const struct hs_metrics *const *a, const struct hs_metrics *const *b, size_t nr_traces,
			  const struct hs_metric *sample, struct hs_difference *out)
{
	struct hs_difference difference = { .name = sample->name, .unit = sample->unit, .low = NAN, .high = NAN, .p = 1 };
	const bool is_mean = sample->is_level || strcmp(sample->unit, "percent") == 0;
	double_list windows = { 0 };
	int status = 0;

	for (size_t i = 0; i < nr_traces && !status; i++) {
		const struct hs_metric *left = hs_metrics_get(a[i], sample->name);
		const struct hs_metric *right = hs_metrics_get(b[i], sample->name);

		difference.a += left && left->has_value ? left->value : 0;
		difference.b += right && right->has_value ? right->value : 0;
		difference.nr_a += left && left->has_value;
		difference.nr_b += right && right->has_value;
		if (sample->windows)
			status = add_windows(left, right, a[i]->nr_windows, b[i]->nr_windows, &windows);
	}
	if (is_mean && difference.nr_a)
		difference.a /= difference.nr_a;
	if (is_mean && difference.nr_b)
		difference.b /= difference.nr_b;
	if (windows.count)
		judge_windows(&difference, windows.items, windows.count);
	judge(&difference, sample->windows != NULL);
	hs_vec_deinit(&windows);
	*out = difference;
	return status;
}

/* The sets of both sides, alternating. */
static const struct hs_metrics *set_at(const struct hs_metrics *const *a, const struct hs_metrics *const *b, size_t i)
{
	return (i % 2 ? b : a)[i / 2];
}

static bool is_in_earlier_set(const struct hs_metrics *const *a, const struct hs_metrics *const *b, size_t i,
			      const char *name)
{
	for (size_t earlier = 0; earlier < i; earlier++)
		if (hs_metrics_get(set_at(a, b, earlier), name))
			return true;
	return false;
}

int hs_compare(const struct hs_metrics *const *a, const struct hs_metrics *const *b, size_t nr_traces,
	       struct hs_comparison *out)
{
	*out = (struct hs_comparison){ 0 };
	for (size_t i = 0; i < 2 * nr_traces; i++)
		hs_vec_for_each(metric, &set_at(a, b, i)->list) {
			struct hs_difference difference;

			if (is_in_earlier_set(a, b, i, metric->name))
				continue;
			if (compare_metric(a, b, nr_traces, metric, &difference) ||
			    !hs_vec_push(&out->list, difference)) {
				hs_comparison_deinit(out);
				return -ENOMEM;
			}
		}
	return 0;
}

void hs_comparison_deinit(struct hs_comparison *comparison)
{
	hs_vec_deinit(&comparison->list);
}
