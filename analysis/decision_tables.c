// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/decision_tables.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "analysis/table_parts.h"
#include "analysis/wilson.h"
#include "lib/cleanup.h"
#include "replay/cause.h"

static const char *result_of(const struct hs_cell *cell)
{
	return cell->modelled ? cell->modelled : cell->recorded;
}

/* --- agreement ----------------------------------------------------------------------------------- */

static void put_agreement(struct hs_table *table, const struct hs_tally *tally, uint32_t policy, int point, int basis,
			  bool with_policy)
{
	struct hs_selection selection = { policy, point, basis, HS_VERDICT_AGREE };
	uint64_t agree = hs_tally_count(tally, &selection), disagree, unknown;
	struct hs_interval interval;

	selection.verdict = HS_VERDICT_DISAGREE;
	disagree = hs_tally_count(tally, &selection);
	selection.verdict = HS_VERDICT_UNKNOWN;
	unknown = hs_tally_count(tally, &selection);
	if (agree + disagree + unknown == 0)
		return;
	if (with_policy)
		hs_table_policy(table, tally, policy);
	hs_table_text(table, "%s", hs_points[point].name);
	hs_table_text(table, "%s", hs_basis_name((enum hs_basis)basis));
	hs_table_count(table, agree);
	hs_table_count(table, disagree);
	hs_table_count(table, unknown);
	interval = hs_wilson(agree, agree + disagree);
	hs_table_percent(table, agree + disagree ? 100 * (double)agree / (double)(agree + disagree) : NAN);
	hs_table_percent(table, agree + disagree ? 100 * interval.low : NAN);
	hs_table_percent(table, agree + disagree ? 100 * interval.high : NAN);
	hs_table_mark_row(table, disagree ? HS_ROW_FAILED : agree ? HS_ROW_PASSED : HS_ROW_SKIPPED);
}

struct hs_table *hs_table_agreement(const struct hs_tally *tally, int policy)
{
	static const struct hs_column columns[] = {
		{ "point", "" }, { "basis", "" }, { "agree", "decisions" }, { "disagree", "decisions" },
		{ "unknown", "decisions" }, { "agreement", "percent" }, { "from", "percent" }, { "to", "percent" },
		{ NULL, NULL },
	};
	struct hs_table *table = hs_table_create_by_policy(tally, policy, "agreement of the model with the kernel",
						 columns);

	for (uint32_t i = 0; i < tally->nr_policies; i++)
		for (int point = 0; point < (int)HS_NR_POINTS; point++)
			for (int basis = 0; basis < HS_NR_BASES; basis++)
				if (policy == HS_ALL_POLICIES || policy == (int)i)
					put_agreement(table, tally, i, point, basis, policy == HS_ALL_POLICIES);
	if (hs_table_nr_rows(table))
		hs_table_set_note(table, "from, to: Wilson's interval at 95 %%. unknown: events were lost, or an input "
				  "was not seen; neither agreement nor disagreement.");
	else
		hs_table_set_note(table, "None: the trace records no decision of these models. 'hindsight info' tells what "
				  "it holds.");
	return table;
}

/* Pointers to cells in an order of their own. */
typedef HS_VEC(const struct hs_cell *) cell_list;

static int compare_pairs(const void *a, const void *b)
{
	const struct hs_cell *left = *(const struct hs_cell *const *)a, *right = *(const struct hs_cell *const *)b;

	if (left->point != right->point)
		return left->point < right->point ? -1 : 1;
	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return (left > right) - (left < right);
}

struct hs_table *hs_table_pairs(const struct hs_tally *tally, uint32_t policy)
{
	static const struct hs_column columns[] = {
		{ "point", "" }, { "recorded", "" }, { "modelled", "" }, { "verdict", "" }, { "basis", "" },
		{ "decisions", "decisions" }, { "share", "percent" }, { NULL, NULL },
	};
	struct hs_table *table = hs_table_create("recorded and modelled results");
	cell_list list = { 0 };

	hs_table_add_columns(table, columns);
	hs_vec_for_each(cell, &tally->cells)
		if (cell->policy == policy && !hs_vec_push(&list, cell))
			break;
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), compare_pairs);
	hs_vec_for_each(item, &list) {
		const struct hs_cell *cell = *item;
		struct hs_selection all = { policy, (int)cell->point, -1, -1 };

		hs_table_text(table, "%s", hs_points[cell->point].name);
		hs_table_text(table, "%s", cell->recorded ? cell->recorded : "-");
		hs_table_text(table, "%s", cell->modelled ? cell->modelled : "-");
		hs_table_text(table, "%s", hs_verdict_name(cell->verdict));
		hs_table_text(table, "%s", hs_basis_name(cell->basis));
		hs_table_count(table, cell->count);
		hs_table_percent(table, 100 * (double)cell->count / (double)hs_tally_count(tally, &all));
	}
	hs_vec_deinit(&list);
	return table;
}

/* A result and how often it came. */
struct result_count {
	const char *result;
	uint64_t count;
};
typedef HS_VEC(struct result_count) result_list;

static void count_result(result_list *list, const char *result, uint64_t count)
{
	if (!result)
		return;
	hs_vec_for_each(known, list)
		if (known->result == result) {
			known->count += count;
			return;
		}
	(void)hs_vec_push(list, (struct result_count){ result, count });
}

static int compare_results(const void *a, const void *b)
{
	const struct result_count *left = a, *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return strcmp(left->result, right->result);
}

/* Results at a point, most frequent first; of all policies (policy < 0) or one. */
static result_list list_results(const struct hs_tally *tally, int policy, int point, bool with_recorded)
{
	result_list list = { 0 };

	hs_vec_for_each(cell, &tally->cells) {
		if ((int)cell->point != point || (policy >= 0 && (int)cell->policy != policy))
			continue;
		count_result(&list, result_of(cell), cell->count);
		if (with_recorded && cell->modelled)
			count_result(&list, cell->recorded, cell->count);
	}
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), compare_results);
	return list;
}

struct hs_table *hs_table_matrix(const struct hs_tally *tally, uint32_t policy, enum hs_point point)
{
	result_list results = list_results(tally, (int)policy, (int)point, true);
	hs_auto_free char *title = NULL;
	struct hs_table *table;

	if (asprintf(&title, "%s: recorded (rows) by modelled (columns)", hs_points[point].name) < 0)
		title = NULL;
	table = hs_table_create(title ? title : "");
	hs_table_add_column(table, "recorded", "");
	hs_vec_for_each(result, &results)
		hs_table_add_column(table, result->result, "decisions");
	hs_vec_for_each(row, &results) {
		hs_table_text(table, "%s", row->result);
		hs_vec_for_each(column, &results) {
			uint64_t count = 0;

			hs_vec_for_each(cell, &tally->cells)
				if (cell->policy == policy && cell->point == point && cell->recorded == row->result &&
				    cell->modelled == column->result)
					count += cell->count;
			hs_table_count(table, count);
		}
	}
	hs_vec_deinit(&results);
	return table;
}

static void put_cause(struct hs_table *table, const struct hs_tally *tally, const struct hs_cause_cell *cell)
{
	hs_table_text(table, "%s", hs_points[cell->point].name);
	hs_table_text(table, "%s", hs_verdict_name(cell->verdict));
	hs_table_text(table, "%s", hs_cause_name(cell->cause));
	hs_table_count(table, cell->count);
	hs_table_ns(table, cell->first_time > tally->start_time ? cell->first_time - tally->start_time : 0);
	hs_table_address(table, cell->first_subject);
	hs_table_count(table, cell->number);
	if (cell->verdict == HS_VERDICT_DISAGREE)
		hs_table_mark_row(table, HS_ROW_FAILED);
}

struct hs_table *hs_table_causes(const struct hs_tally *tally, int policy)
{
	static const struct hs_column columns[] = {
		{ "point", "" }, { "verdict", "" }, { "cause", "" }, { "cases", "decisions" }, { "first_at", "ns" },
		{ "subject", "" }, { "decision", "" }, { NULL, NULL },
	};
	struct hs_table *table = hs_table_create_by_policy(tally, policy, "why they do not agree", columns);
	char note[1200] = "";

	for (int cause = 1; cause < HS_NR_CAUSES; cause++) {
		bool is_shown = false;

		hs_vec_for_each(cell, &tally->causes) {
			if ((int)cell->cause != cause || (policy != HS_ALL_POLICIES && policy != (int)cell->policy))
				continue;
			if (policy == HS_ALL_POLICIES)
				hs_table_policy(table, tally, cell->policy);
			put_cause(table, tally, cell);
			is_shown = true;
		}
		if (is_shown)
			snprintf(note + strlen(note), sizeof(note) - strlen(note), "%s%s: %s", *note ? " " : "",
				 hs_cause_name((enum hs_cause)cause), hs_cause_text((enum hs_cause)cause));
	}
	if (*note)
		hs_table_set_note(table, "%s", note);
	return table;
}

struct hs_table *hs_table_divergences(const struct hs_tally *tally, int policy)
{
	static const struct hs_column columns[] = {
		{ "first_at", "ns" }, { "point", "" }, { "subject", "" }, { "recorded", "" }, { "modelled", "" },
		{ "basis", "" }, { "cause", "" }, { "cases", "decisions" }, { "decision", "" }, { "chunk", "" },
		{ "reason", "" },
		{ NULL, NULL },
	};
	struct hs_table *table = hs_table_create_by_policy(tally, policy, "disagreements", columns);

	hs_vec_for_each(class, &tally->divergences) {
		uint64_t time = class->recorded.time;

		if (policy != HS_ALL_POLICIES && policy != (int)class->policy)
			continue;
		if (policy == HS_ALL_POLICIES)
			hs_table_policy(table, tally, class->policy);
		hs_table_ns(table, time > tally->start_time ? time - tally->start_time : 0);
		hs_table_text(table, "%s", hs_points[class->recorded.point].name);
		hs_table_address(table, class->recorded.subject);
		hs_table_text(table, "%s", class->recorded.result);
		hs_table_text(table, "%s", class->modelled.result);
		hs_table_text(table, "%s", hs_basis_name(class->modelled.basis));
		hs_table_text(table, "%s", hs_cause_name(class->modelled.cause));
		hs_table_count(table, class->count);
		hs_table_count(table, class->number);
		hs_table_count(table, class->chunk);
		hs_table_text(table, "%s", class->modelled.reason);
		hs_table_mark_row(table, HS_ROW_FAILED);
	}
	hs_table_set_note(table, "Each row is a class (same results, basis, cause and check); first_at, subject, "
			  "decision and chunk are those of its first case: 'hindsight explain --decision N'.");
	return table;
}

/* --- one policy beside the other ------------------------------------------------------------------ */

static uint64_t count_of(const struct hs_tally *tally, uint32_t policy, int point, const char *result)
{
	uint64_t count = 0;

	hs_vec_for_each(cell, &tally->cells)
		if (cell->policy == policy && (int)cell->point == point && result_of(cell) == result)
			count += cell->count;
	return count;
}

struct hs_table *hs_table_results(const struct hs_tally *tally)
{
	struct hs_table *table = hs_table_create("decisions by result");

	hs_table_add_column(table, "point", "");
	hs_table_add_column(table, "result", "");
	hs_table_add_policy_columns(table, tally, "decisions");
	for (int point = 0; point < (int)HS_NR_POINTS; point++) {
		result_list results = list_results(tally, -1, point, false);

		hs_vec_for_each(result, &results) {
			hs_table_text(table, "%s", hs_points[point].name);
			hs_table_text(table, "%s", result->result);
			for (uint32_t policy = 0; policy < tally->nr_policies; policy++)
				hs_table_count(table, count_of(tally, policy, point, result->result));
		}
		hs_vec_deinit(&results);
	}
	return table;
}

struct hs_table *hs_table_bases(const struct hs_tally *tally)
{
	static const struct hs_column columns[] = {
		{ "point", "" }, { "decisions", "decisions" }, { "exact", "decisions" }, { "bounded", "decisions" },
		{ "assumed", "decisions" }, { "share exact", "percent" }, { NULL, NULL },
	};
	struct hs_table *table = hs_table_create_by_policy(tally, HS_ALL_POLICIES,
						  "how far the trace determines the decisions", columns);

	for (uint32_t policy = 0; policy < tally->nr_policies; policy++)
		for (int point = 0; point < (int)HS_NR_POINTS; point++) {
			struct hs_selection selection = { policy, point, -1, -1 };
			uint64_t total = hs_tally_count(tally, &selection), exact = 0;

			if (!total)
				continue;
			hs_table_policy(table, tally, policy);
			hs_table_text(table, "%s", hs_points[point].name);
			hs_table_count(table, total);
			for (selection.basis = 0; selection.basis < HS_NR_BASES; selection.basis++) {
				uint64_t count = hs_tally_count(tally, &selection);

				exact += selection.basis == HS_BASIS_EXACT ? count : 0;
				hs_table_count(table, count);
			}
			hs_table_percent(table, 100 * (double)exact / (double)total);
		}
	return table;
}

static uint64_t cost_of(const struct hs_tally *tally, uint32_t policy, int point, int cost)
{
	uint64_t sum = 0;

	hs_vec_for_each(cell, &tally->cells)
		if (cell->policy == policy && (int)cell->point == point)
			sum += cell->modelled ? cell->modelled_cost[cost] : cell->recorded_cost[cost];
	return sum;
}

struct hs_table *hs_table_costs(const struct hs_tally *tally)
{
	struct hs_table *table = hs_table_create("costs");

	hs_table_add_column(table, "point", "");
	hs_table_add_column(table, "cost", "");
	hs_table_add_policy_columns(table, tally, "");
	for (int point = 0; point < (int)HS_NR_POINTS; point++)
		for (int cost = 0; cost < HS_NR_COSTS && hs_points[point].cost_names[cost]; cost++) {
			const char *name = hs_points[point].cost_names[cost];
			uint64_t any = 0;

			for (uint32_t policy = 0; policy < tally->nr_policies; policy++)
				any |= cost_of(tally, policy, point, cost);
			if (!any || hs_cost_is_state(name))
				continue;
			hs_table_text(table, "%s", hs_points[point].name);
			hs_table_text(table, "%s", name);
			for (uint32_t policy = 0; policy < tally->nr_policies; policy++)
				hs_table_cost(table, name, cost_of(tally, policy, point, cost));
		}
	return table;
}

static void put_quantiles(struct hs_table *table, const struct hs_tally *tally, uint32_t policy, enum hs_point point,
			  unsigned int cost)
{
	static const double shares[] = { 0.5, 0.9, 0.99 };
	const char *name = hs_points[point].cost_names[cost];
	struct hs_quantiles *set = hs_tally_costs(tally, policy, point, cost);

	if (!set->count || !set->max)
		return;
	hs_table_policy(table, tally, policy);
	hs_table_text(table, "%s", hs_points[point].name);
	hs_table_text(table, "%s", name);
	hs_table_cost(table, name, set->min);
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++)
		hs_table_cost(table, name, hs_quantiles_at(set, shares[i]));
	hs_table_cost(table, name, set->max);
	hs_table_text(table, hs_quantiles_is_exact(set) ? "exact" : "within 0.4 %%");
}

struct hs_table *hs_table_quantiles(const struct hs_tally *tally)
{
	static const struct hs_column columns[] = {
		{ "point", "" }, { "cost", "" }, { "min", "" }, { "p50", "" }, { "p90", "" }, { "p99", "" },
		{ "max", "" }, { "quantiles", "" }, { NULL, NULL },
	};
	struct hs_table *table = hs_table_create_by_policy(tally, HS_ALL_POLICIES, "costs per decision", columns);

	for (uint32_t policy = 0; policy < tally->nr_policies; policy++)
		for (unsigned int point = 0; point < HS_NR_POINTS; point++)
			for (unsigned int cost = 0; cost < HS_NR_COSTS && hs_points[point].cost_names[cost]; cost++)
				put_quantiles(table, tally, policy, (enum hs_point)point, cost);
	return table;
}

/* Names of numbers are interned: one text, one pointer. */
static bool is_zero_everywhere(const struct hs_tally *tally, const char *name)
{
	hs_vec_for_each(summary, &tally->summaries)
		if (summary->name == name && summary->value != 0)
			return false;
	return true;
}

static bool is_first_summary(const struct hs_tally *tally, const struct hs_summary *summary)
{
	hs_vec_for_each(other, &tally->summaries)
		if (other->name == summary->name)
			return other == summary;
	return false;
}

struct hs_table *hs_table_summaries(const struct hs_tally *tally)
{
	struct hs_table *table = hs_table_create("at the end of the run");

	hs_table_add_column(table, "number", "");
	hs_table_add_policy_columns(table, tally, "");
	hs_vec_for_each(summary, &tally->summaries) {
		if (!is_first_summary(tally, summary) || is_zero_everywhere(tally, summary->name))
			continue;
		hs_table_text(table, "%s", summary->name);
		for (uint32_t policy = 0; policy < tally->nr_policies; policy++) {
			double value = NAN;

			hs_vec_for_each(own, &tally->summaries)
				if (own->policy == policy && own->name == summary->name)
					value = own->value;
			hs_table_metric(table, summary->name, !isnan(value), value);
		}
	}
	return table;
}

/* Worth a line: not 0 on both sides all the time. */
static bool is_shown(const struct hs_difference *difference)
{
	return difference->a != 0 || difference->b != 0 || difference->nr_windows;
}

struct hs_table *hs_table_comparison(const struct hs_comparison *comparison, const char *a, const char *b)
{
	hs_auto_free char *title = NULL;
	struct hs_table *table;

	if (asprintf(&title, "%s against %s", b, a) < 0)
		title = NULL;
	table = hs_table_create(title ? title : "");
	hs_table_add_column(table, "metric", "");
	hs_table_add_column(table, a, "");
	hs_table_add_column(table, b, "");
	hs_table_add_column(table, "change", "percent");
	hs_table_add_column(table, "verdict", "");
	hs_vec_for_each(difference, &comparison->list) {
		if (!is_shown(difference))
			continue;
		hs_table_text(table, "%s", difference->name);
		hs_table_metric(table, difference->name, difference->nr_a, difference->a);
		hs_table_metric(table, difference->name, difference->nr_b, difference->b);
		hs_table_change(table, hs_change_percent(difference->a, difference->b));
		hs_table_text(table, "%s", hs_difference_verdict_name(difference->verdict));
	}
	hs_table_set_note(table, "The numbers of windows of time with more and with less decide. same: equal in each. "
			  "higher, lower: uneven beyond chance, and the total moved with them. mixed: uneven beyond chance, "
			  "but the total did not follow. here: one direction in each that differs, but too few of them to say "
			  "so of other recordings. unclear: both directions, not beyond chance. changed: has no windows.");
	return table;
}

struct hs_table *hs_table_spread(const struct hs_comparison *comparison)
{
	static const struct hs_column columns[] = {
		{ "metric", "" }, { "windows", "" }, { "higher", "windows" }, { "lower", "windows" }, { "median", "" },
		{ "from", "" }, { "to", "" }, { "q1", "" }, { "q3", "" }, { "p", "" }, { NULL, NULL },
	};
	struct hs_table *table = hs_table_create("differences per window");

	hs_table_add_columns(table, columns);
	hs_vec_for_each(difference, &comparison->list) {
		if (!difference->nr_windows || difference->verdict == HS_SAME)
			continue;
		hs_table_text(table, "%s", difference->name);
		hs_table_count(table, difference->nr_windows);
		hs_table_count(table, difference->ups);
		hs_table_count(table, difference->downs);
		hs_table_number(table, difference->median, 1);
		hs_table_number(table, difference->low, 1);
		hs_table_number(table, difference->high, 1);
		hs_table_number(table, difference->q1, 1);
		hs_table_number(table, difference->q3, 1);
		hs_table_number(table, difference->p, 4);
	}
	hs_table_set_note(table, "windows: stretches of time in which either side is not 0. from, to: enclose the median "
			  "with 95 %% (6 windows and more). q1, q3: quartiles. p: sign test.");
	return table;
}

/* --- subjects -------------------------------------------------------------------------------------- */

/* Subjects that ended the same way under both policies. */
struct fate {
	enum hs_point point;
	const char *a, *b;
	uint64_t count;
};

static int compare_fates(const void *a, const void *b)
{
	const struct fate *left = a, *right = b;
	int order;

	if (left->point != right->point)
		return left->point < right->point ? -1 : 1;
	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	order = strcmp(left->a, right->a);
	return order ? order : strcmp(left->b, right->b);
}

struct hs_table *hs_table_subjects(const struct hs_tally *tally, uint32_t a, uint32_t b)
{
	HS_VEC(struct fate) fates = { 0 };
	struct hs_table *table = hs_table_create("the same subjects under both");

	hs_table_add_column(table, "point", "");
	hs_table_add_column(table, tally->policies.items[a], "");
	hs_table_add_column(table, tally->policies.items[b], "");
	hs_table_add_column(table, "subjects", "");
	for (size_t i = 0; i < tally->subjects.count; i++) {
		struct fate fate = { tally->subjects.items[i].point, hs_tally_last(tally, i, a),
				     hs_tally_last(tally, i, b), 1 };
		bool is_known = false;

		if (!fate.a && !fate.b)
			continue;
		fate.a = fate.a ? fate.a : "not asked";
		fate.b = fate.b ? fate.b : "not asked";
		hs_vec_for_each(known, &fates)
			if (known->point == fate.point && known->a == fate.a && known->b == fate.b) {
				known->count++;
				is_known = true;
			}
		if (!is_known)
			(void)hs_vec_push(&fates, fate);
	}
	if (fates.count)
		qsort(fates.items, fates.count, sizeof(*fates.items), compare_fates);
	hs_vec_for_each(fate, &fates) {
		hs_table_text(table, "%s", hs_points[fate->point].name);
		hs_table_text(table, "%s", fate->a);
		hs_table_text(table, "%s", fate->b);
		hs_table_count(table, fate->count);
	}
	hs_vec_deinit(&fates);
	return table;
}
