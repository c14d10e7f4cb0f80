// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/metrics.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "analysis/table_parts.h"
#include "lib/cleanup.h"


/* A cell of the policy with its time in windows. */
struct folded {
	const struct hs_cell *cell;
	struct hs_bucket windows[HS_METRICS_WINDOWS];
};

/* What a walk over the cells collects into. */
struct collection {
	const struct hs_tally *tally;
	struct hs_metrics *out;
	uint32_t policy;
	HS_VEC(struct folded) cells;		/* the policy's */
	bool is_judged;				/* it has verdicts */
	int status;
};

void hs_metrics_deinit(struct hs_metrics *metrics)
{
	hs_vec_for_each(metric, &metrics->list)
		free(metric->windows);
	hs_vec_deinit(&metrics->list);
	hs_names_deinit(&metrics->names);
	*metrics = (struct hs_metrics){ 0 };
}

/* Takes windows over. What bears a name that another one has is left out. */
static void add_metric(struct collection *collection, struct hs_metric metric, const char *format, ...)
{
	struct hs_metrics *out = collection->out;
	hs_auto_free char *name = NULL;
	int number = -ENOMEM;
	va_list args;

	va_start(args, format);
	if (vasprintf(&name, format, args) < 0)
		name = NULL;
	va_end(args);
	if (!collection->status && name)
		number = hs_names_intern(&out->names, name, strlen(name));
	if (number >= 0 && (size_t)number == out->list.count) {
		metric.name = hs_names_text(&out->names, number);
		if (hs_vec_push(&out->list, metric))
			return;
		number = -ENOMEM;
	}
	free(metric.windows);
	if (number < 0)
		collection->status = -ENOMEM;
}

/* The windows' counts, or one of their costs (cost >= 0). */
static void add_to_windows(const struct collection *collection, const struct folded *folded, int cost,
			   double *windows)
{
	for (size_t i = 0; i < collection->out->nr_windows; i++) {
		const struct hs_bucket *bucket = &folded->windows[i];

		windows[i] += (double)(cost < 0 ? bucket->count : bucket->cost[cost]);
	}
}

static struct hs_metric make_sum(const struct collection *collection, const char *unit)
{
	return (struct hs_metric){
		.unit = unit, .has_value = true, .windows = calloc(collection->out->nr_windows + 1, sizeof(double)),
	};
}

/* The sum over the selected cells: outcomes, or one of their costs. */
static struct hs_metric sum_cells(struct collection *collection, const struct hs_selection *selection,
				  const char *result, int cost, const char *unit)
{
	struct hs_metric metric = make_sum(collection, unit);

	if (!metric.windows) {
		collection->status = -ENOMEM;
		return metric;
	}
	hs_vec_for_each(folded, &collection->cells) {
		const struct hs_cell *cell = folded->cell;
		const char *own = cell->modelled ? cell->modelled : cell->recorded;

		/* Results are interned: one text, one pointer. */
		if (hs_selection_has(selection, cell) && (!result || own == result))
			add_to_windows(collection, folded, cost, metric.windows);
	}
	for (size_t i = 0; i < collection->out->nr_windows; i++)
		metric.value += metric.windows[i];
	return metric;
}

static void add_verdicts(struct collection *collection, int point, int basis)
{
	static const enum hs_verdict verdicts[] = { HS_VERDICT_AGREE, HS_VERDICT_DISAGREE, HS_VERDICT_UNKNOWN };
	const char *point_name = point < 0 ? "" : hs_points[point].name, *dot = point < 0 ? "" : ".";
	const char *basis_dot = basis < 0 ? "" : ".", *basis_name = basis < 0 ? "" : hs_basis_name((enum hs_basis)basis);
	struct hs_metric agreement = { .unit = "percent" };
	double counts[3];

	for (int i = 0; i < 3; i++) {
		struct hs_selection selection = { collection->policy, point, basis, (int)verdicts[i] };
		struct hs_metric metric = sum_cells(collection, &selection, NULL, -1, "decisions");

		counts[i] = metric.value;
		add_metric(collection, metric, "%s%s%s%s%s", point_name, dot, hs_verdict_name(verdicts[i]), basis_dot,
			   basis_name);
	}
	agreement.has_value = counts[0] + counts[1] > 0;
	agreement.value = agreement.has_value ? 100 * counts[0] / (counts[0] + counts[1]) : 0;
	add_metric(collection, agreement, "%s%sagreement%s%s", point_name, dot, basis_dot, basis_name);
}

/* Each result that any policy had at this point, so that the lists of two policies fit each other. */
static void add_results(struct collection *collection, int point)
{
	struct hs_selection selection = { collection->policy, point, -1, -1 };

	for (size_t i = 0; i < collection->tally->results.list.count; i++) {
		const char *result = hs_names_text(&collection->tally->results, (int)i);

		if (hs_tally_has_result(collection->tally, (enum hs_point)point, i))
			add_metric(collection, sum_cells(collection, &selection, result, -1, "decisions"), "%s.%s",
				   hs_points[point].name, result);
	}
}

static void add_costs(struct collection *collection, int point)
{
	struct hs_selection selection = { collection->policy, point, -1, -1 };

	for (int i = 0; i < HS_NR_COSTS && hs_points[point].cost_names[i]; i++)
		if (!hs_cost_is_state(hs_points[point].cost_names[i]))
			add_metric(collection, sum_cells(collection, &selection, NULL, i, ""), "%s.%s",
				   hs_points[point].name, hs_points[point].cost_names[i]);
}

/* Point -1: all together. */
static void add_point(struct collection *collection, int point)
{
	struct hs_selection selection = { collection->policy, point, -1, -1 };

	if (point >= 0 && !hs_tally_has_point(collection->tally, (enum hs_point)point))
		return;
	add_metric(collection, sum_cells(collection, &selection, NULL, -1, "decisions"), "%s%sdecisions",
		   point < 0 ? "" : hs_points[point].name, point < 0 ? "" : ".");
	for (int basis = -1; (point < 0 || collection->is_judged) && basis < HS_NR_BASES; basis++)
		add_verdicts(collection, point, basis);
	if (point >= 0) {
		add_results(collection, point);
		add_costs(collection, point);
	}
}

static bool fold_cell(struct collection *collection, const struct hs_cell *cell, size_t buckets_per_window,
		      size_t nr_buckets)
{
	struct folded *folded;

	if (!hs_vec_push(&collection->cells, (struct folded){ .cell = cell }))
		return false;
	folded = &collection->cells.items[collection->cells.count - 1];
	collection->is_judged |= cell->verdict != HS_VERDICT_NONE;
	for (size_t i = 0; i < nr_buckets; i++) {
		struct hs_bucket *window = &folded->windows[i / buckets_per_window];

		window->count += cell->buckets[i].count;
		for (int cost = 0; cost < HS_NR_COSTS; cost++)
			window->cost[cost] += cell->buckets[i].cost[cost];
	}
	return true;
}

/* The policy's cells, their buckets added up to at most HS_METRICS_WINDOWS windows. */
static void fold_cells(struct collection *collection)
{
	const size_t nr_buckets = hs_tally_nr_buckets(collection->tally);
	const size_t per_window = nr_buckets > HS_METRICS_WINDOWS ?
				  (nr_buckets + HS_METRICS_WINDOWS - 1) / HS_METRICS_WINDOWS : 1;

	collection->out->nr_windows = (nr_buckets + per_window - 1) / per_window;
	collection->out->window_ns = per_window * collection->tally->bucket_ns;
	hs_vec_for_each(cell, &collection->tally->cells)
		if (cell->policy == collection->policy && !fold_cell(collection, cell, per_window, nr_buckets))
			collection->status = -ENOMEM;
}

/* As its unit, a word of the name: mean_bloat_bytes, time_to_collapse_p50_ns. */
static bool is_level(const char *name)
{
	static const char *const words[] = { "mean", "peak", "p50", "p90", "p99", "max" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (hs_number_has_word(name, words[i]))
			return true;
	return false;
}

int hs_metrics_collect(const struct hs_tally *tally, uint32_t policy, struct hs_metrics *out)
{
	struct collection collection = { .tally = tally, .out = out, .policy = policy };

	*out = (struct hs_metrics){ 0 };
	fold_cells(&collection);
	for (int point = -1; point < (int)HS_NR_POINTS; point++)
		add_point(&collection, point);
	hs_vec_for_each(summary, &tally->summaries)
		if (summary->policy == policy)
			add_metric(&collection, (struct hs_metric){ .unit = "", .value = summary->value, .has_value = true,
								    .is_level = is_level(summary->name) },
				   "%s", summary->name);
	hs_vec_deinit(&collection.cells);
	if (collection.status)
		hs_metrics_deinit(out);
	return collection.status;
}

const struct hs_metric *hs_metrics_get(const struct hs_metrics *metrics, const char *name)
{
	const int number = hs_names_find(&metrics->names, name, strlen(name));

	return number >= 0 ? &metrics->list.items[number] : NULL;
}

const struct hs_metric *hs_metrics_find(const struct hs_metrics *metrics, const char *name, size_t length)
{
	const struct hs_metric *found = NULL;
	size_t nr_found = 0;

	hs_vec_for_each(metric, &metrics->list) {
		size_t full = strlen(metric->name);

		if (full == length && memcmp(metric->name, name, length) == 0)
			return metric;
		if (full > length && metric->name[full - length - 1] == '.' &&
		    memcmp(metric->name + full - length, name, length) == 0) {
			found = metric;
			nr_found++;
		}
	}
	return nr_found == 1 ? found : NULL;
}
