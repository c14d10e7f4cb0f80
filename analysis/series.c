// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/series.h"

#include <math.h>
#include <string.h>

#include "analysis/decision_tables.h"

static const char *result_of(const struct hs_cell *cell)
{
	return cell->modelled ? cell->modelled : cell->recorded;
}

static double seconds(const struct hs_tally *tally, size_t bucket)
{
	return (double)bucket * (double)tally->bucket_ns / 1e9;
}

/* One line of a stacked plot. */
struct stack {
	const char *result;		/* NULL: the rest */
	uint64_t total;			/* of all policies, so that each result has the same colour everywhere */
	uint64_t counts[HS_TALLY_BUCKETS];
};
typedef HS_VEC(struct stack) stack_list;

static struct stack *find_stack(stack_list *list, const char *result)
{
	hs_vec_for_each(stack, list)
		if (stack->result == result)
			return stack;
	return hs_vec_push(list, (struct stack){ .result = result }) ? &list->items[list->count - 1] : NULL;
}

static void add_cell(stack_list *list, const struct hs_cell *cell, uint32_t policy)
{
	struct stack *stack = find_stack(list, result_of(cell));

	if (!stack)
		return;
	stack->total += cell->count;
	for (size_t i = 0; cell->policy == policy && i < HS_TALLY_BUCKETS; i++)
		stack->counts[i] += cell->buckets[i].count;
}

static int compare_stacks(const void *a, const void *b)
{
	const struct stack *left = a, *right = b;

	if (left->total != right->total)
		return left->total > right->total ? -1 : 1;
	return strcmp(left->result, right->result);
}

/* Keeps the `limit` - 1 largest and adds the others up. */
static void merge_small(stack_list *list, size_t limit)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_stacks);
	if (list->count <= limit)
		return;
	list->items[limit - 1].result = NULL;
	for (size_t i = limit; i < list->count; i++)
		for (size_t bucket = 0; bucket < HS_TALLY_BUCKETS; bucket++)
			list->items[limit - 1].counts[bucket] += list->items[i].counts[bucket];
	list->count = limit;
}

struct hs_table *hs_series_results(const struct hs_tally *tally, uint32_t policy, enum hs_point point, size_t limit)
{
	struct hs_table *table = hs_table_create("decisions over time");
	stack_list stacks = { 0 };

	hs_vec_for_each(cell, &tally->cells)
		if (cell->point == point)
			add_cell(&stacks, cell, policy);
	merge_small(&stacks, limit);
	hs_table_add_column(table, "seconds", "");
	hs_table_add_column(table, "width", "");
	hs_vec_for_each(item, &stacks)
		hs_table_add_column(table, item->result ? item->result : "other", "");
	for (size_t i = 0; stacks.count && i < hs_tally_nr_buckets(tally); i++) {
		hs_table_number(table, seconds(tally, i), 6);
		hs_table_number(table, seconds(tally, 1), 6);
		hs_vec_for_each(item, &stacks)
			hs_table_count(table, item->counts[i]);
	}
	hs_vec_deinit(&stacks);
	return table;
}

static bool has_result(const struct hs_cell *cell, enum hs_point point, const char *result)
{
	return cell->point == point && strcmp(result_of(cell), result) == 0;
}

static uint64_t count_in_bucket(const struct hs_tally *tally, uint32_t policy, enum hs_point point,
				const char *result,
				size_t bucket)
{
	uint64_t count = 0;

	hs_vec_for_each(cell, &tally->cells)
		if (cell->policy == policy && has_result(cell, point, result))
			count += cell->buckets[bucket].count;
	return count;
}

struct hs_table *hs_series_total(const struct hs_tally *tally, enum hs_point point, const char *result)
{
	struct hs_table *table = hs_table_create("total over time");
	uint64_t *totals = calloc(tally->nr_policies, sizeof(*totals));
	bool is_used = false;

	hs_table_add_column(table, "seconds", "");
	hs_vec_for_each(policy, &tally->policies)
		hs_table_add_column(table, *policy, "");
	hs_vec_for_each(cell, &tally->cells)
		is_used |= has_result(cell, point, result);
	for (size_t i = 0; totals && is_used && i <= hs_tally_nr_buckets(tally); i++) {
		hs_table_number(table, seconds(tally, i), 6);
		for (uint32_t policy = 0; policy < tally->nr_policies; policy++) {
			if (i)
				totals[policy] += count_in_bucket(tally, policy, point, result, i - 1);
			hs_table_count(table, totals[policy]);
		}
	}
	if (!totals) {
		hs_table_destroy(table);
		return NULL;
	}
	free(totals);
	return table;
}

struct hs_table *hs_series_samples(const struct hs_tally *tally, const char *number, double unit)
{
	struct hs_table *table = hs_table_create("");
	uint64_t time = UINT64_MAX;

	hs_table_add_column(table, "seconds", "");
	hs_vec_for_each(policy, &tally->policies)
		hs_table_add_column(table, *policy, "");
	/* The samples of one time stand together, a policy behind the other. */
	hs_vec_for_each(sample, &tally->samples) {
		if (strcmp(sample->name, number) != 0)
			continue;
		if (sample->policy == 0) {
			time = sample->time;
			hs_table_number(table, (double)(time - tally->start_time) / 1e9, 6);
		}
		if (sample->time == time)
			hs_table_number(table, sample->value / unit, unit == 1 ? 0 : 3);
	}
	return table;
}

struct hs_table *hs_series_distribution(const struct hs_tally *tally, enum hs_point point, unsigned int cost)
{
	struct hs_table *table = hs_table_create("distribution");
	bool is_used = false;

	hs_table_add_column(table, "percent", "");
	for (uint32_t policy = 0; policy < tally->nr_policies; policy++) {
		hs_table_add_column(table, tally->policies.items[policy], "");
		is_used |= hs_tally_costs(tally, policy, point, cost)->max > 0;
	}
	for (int step = 0; is_used && step <= 102; step++) {
		double percent = step < 100 ? step : step == 100 ? 99.9 : step == 101 ? 99.99 : 100;

		hs_table_number(table, percent, 2);
		for (uint32_t policy = 0; policy < tally->nr_policies; policy++) {
			struct hs_quantiles *set = hs_tally_costs(tally, policy, point, cost);

			if (set->count)
				hs_table_count(table, hs_quantiles_at(set, percent / 100));
			else
				hs_table_none(table);
		}
	}
	return table;
}

static void put_sweep_row(struct hs_table *table, const struct hs_tally *tally, const struct hs_series_sweep *setup,
			  uint32_t policy)
{
	uint64_t low = 0, unsure = 0, modelled = 0, cost = 0;

	hs_vec_for_each(cell, &tally->cells) {
		bool is_hit = has_result(cell, setup->point, setup->result);

		if (cell->policy != policy || cell->point != setup->point)
			continue;
		modelled += is_hit ? cell->count : 0;
		cost += is_hit ? cell->modelled_cost[setup->cost] : 0;
		low += is_hit && cell->basis == HS_BASIS_EXACT ? cell->count : 0;
		unsure += cell->basis == HS_BASIS_EXACT ? 0 : cell->count;
	}
	hs_table_number(table, setup->x[policy], 0);
	hs_table_count(table, low);
	hs_table_count(table, low + unsure);
	hs_table_count(table, modelled);
	hs_table_number(table, (double)cost * setup->cost_unit, 0);
}

struct hs_table *hs_series_sweep(const struct hs_tally *tally, const struct hs_series_sweep *setup)
{
	struct hs_table *table = hs_table_create("sweep");
	uint32_t done = 0;

	hs_table_add_column(table, setup->x_name, "");
	hs_table_add_column(table, "low", "");
	hs_table_add_column(table, "high", "");
	hs_table_add_column(table, "modelled", "");
	hs_table_add_column(table, hs_points[setup->point].cost_names[setup->cost], "");
	/* Policies are few: pick the next larger x again and again; equal ones keep their order. */
	for (double last = -INFINITY; done < tally->nr_policies;) {
		double next = INFINITY;

		for (uint32_t policy = 0; policy < tally->nr_policies; policy++)
			if (setup->x[policy] > last && setup->x[policy] < next)
				next = setup->x[policy];
		if (!isfinite(next))
			break;
		for (uint32_t policy = 0; policy < tally->nr_policies; policy++)
			if (setup->x[policy] == next) {
				put_sweep_row(table, tally, setup, policy);
				done++;
			}
		last = next;
	}
	return table;
}

/* The square that hs_table_matrix makes, as a list. */
struct hs_table *hs_series_matrix(const struct hs_tally *tally, uint32_t policy, enum hs_point point)
{
	struct hs_table *square = hs_table_matrix(tally, policy, point), *table;
	size_t side = hs_table_nr_rows(square);

	if (hs_table_status(square)) {
		hs_table_destroy(square);
		return NULL;
	}
	table = hs_table_create("agreement");
	hs_table_add_column(table, "row", "");
	hs_table_add_column(table, "column", "");
	hs_table_add_column(table, "recorded", "");
	hs_table_add_column(table, "modelled", "");
	hs_table_add_column(table, "decisions", "");
	hs_table_add_column(table, "percent", "");
	for (size_t row = 0; row < side; row++) {
		uint64_t total = 0;

		for (size_t column = 0; column < side; column++)
			total += hs_table_value(square, row, column + 1)->count;
		for (size_t column = 0; column < side; column++) {
			uint64_t count = hs_table_value(square, row, column + 1)->count;

			hs_table_count(table, row);
			hs_table_count(table, column);
			hs_table_text(table, "%s", hs_table_value(square, row, 0)->text);
			hs_table_text(table, "%s", square->columns.items[column + 1].name);
			hs_table_count(table, count);
			hs_table_number(table, total ? 100 * (double)count / (double)total : 0, 3);
		}
	}
	hs_table_destroy(square);
	return table;
}

static double cost_of(const struct hs_tally *tally, uint32_t policy, enum hs_point point, int cost)
{
	double sum = 0;

	hs_vec_for_each(cell, &tally->cells)
		if (cell->policy == policy && cell->point == point)
			sum += (double)(cell->modelled ? cell->modelled_cost[cost] : cell->recorded_cost[cost]);
	return sum;
}

struct hs_table *hs_series_costs(const struct hs_tally *tally, enum hs_point point)
{
	struct hs_table *table = hs_table_create("costs");

	hs_table_add_column(table, "cost", "");
	hs_vec_for_each(policy, &tally->policies)
		hs_table_add_column(table, *policy, "");
	for (int cost = 0; cost < HS_NR_COSTS && hs_points[point].cost_names[cost]; cost++) {
		double base = cost_of(tally, 0, point, cost);

		if (base == 0 || hs_cost_is_state(hs_points[point].cost_names[cost]))
			continue;
		hs_table_text(table, "%s", hs_points[point].cost_names[cost]);
		for (uint32_t policy = 0; policy < tally->nr_policies; policy++)
			hs_table_number(table, 100 * cost_of(tally, policy, point, cost) / base, 3);
	}
	return table;
}

static double cost_in_bucket(const struct hs_tally *tally, uint32_t policy, enum hs_point point, unsigned int cost,
			     size_t bucket)
{
	double sum = 0;

	hs_vec_for_each(cell, &tally->cells)
		if (cell->policy == policy && cell->point == point)
			sum += (double)cell->buckets[bucket].cost[cost];
	return sum;
}

/* policy -1: of any. */
static bool has_cost(const struct hs_tally *tally, int policy, enum hs_point point, unsigned int cost)
{
	hs_vec_for_each(cell, &tally->cells)
		if (cell->point == point && (policy < 0 || cell->policy == (uint32_t)policy) &&
		    (cell->modelled ? cell->modelled_cost[cost] : cell->recorded_cost[cost]))
			return true;
	return false;
}

struct hs_table *hs_series_cost_total(const struct hs_tally *tally, enum hs_point point, unsigned int cost,
				      double unit)
{
	struct hs_table *table = hs_table_create("cost so far");
	double *totals = calloc(tally->nr_policies, sizeof(*totals));
	bool is_used = totals && has_cost(tally, -1, point, cost);

	hs_table_add_column(table, "seconds", "");
	hs_vec_for_each(policy, &tally->policies)
		hs_table_add_column(table, *policy, "");
	for (size_t i = 0; is_used && i <= hs_tally_nr_buckets(tally); i++) {
		hs_table_number(table, seconds(tally, i), 6);
		for (uint32_t policy = 0; policy < tally->nr_policies; policy++) {
			totals[policy] += i ? cost_in_bucket(tally, policy, point, cost, i - 1) : 0;
			hs_table_number(table, totals[policy] / unit, 6);
		}
	}
	if (!totals) {
		hs_table_destroy(table);
		return NULL;
	}
	free(totals);
	return table;
}

/* The number of a point's cost with that name; HS_NR_COSTS: it has none. */
static unsigned int find_cost(enum hs_point point, const char *name)
{
	for (unsigned int i = 0; i < HS_NR_COSTS && hs_points[point].cost_names[i]; i++)
		if (strcmp(hs_points[point].cost_names[i], name) == 0)
			return i;
	return HS_NR_COSTS;
}

struct hs_table *hs_series_cost_stack(const struct hs_tally *tally, uint32_t policy, enum hs_point point,
				      const char *const *names, double unit)
{
	struct hs_table *table = hs_table_create("costs over time");
	bool is_used = false;

	hs_table_add_column(table, "seconds", "");
	hs_table_add_column(table, "width", "");
	for (size_t i = 0; names[i]; i++) {
		hs_table_add_column(table, names[i], "");
		is_used |= has_cost(tally, (int)policy, point, find_cost(point, names[i]));
	}
	for (size_t i = 0; is_used && i < hs_tally_nr_buckets(tally); i++) {
		hs_table_number(table, seconds(tally, i), 6);
		hs_table_number(table, seconds(tally, 1), 6);
		for (size_t k = 0; names[k]; k++)
			hs_table_number(table, cost_in_bucket(tally, policy, point, find_cost(point, names[k]), i) /
					unit, 6);
	}
	return table;
}
