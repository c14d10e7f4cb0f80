// SPDX-License-Identifier: GPL-2.0-only
/* Which plots a report has, and what is written on their axes. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/report.h"
#include "lib/cleanup.h"
#include "lib/units.h"

enum { MAX_STACKS = 7, CAPTION_BYTES = 400 };

static const struct hs_report_focus focuses[] = {
	{ HS_POINT_COLLAPSE_SCAN, "SCAN_SUCCEED", "huge pages made by collapse", 0,
	  "page-table entries scanned per decision",
	  3, "memory added (bytes)", true },
	{ HS_POINT_SVM_FAULT, "migrated", "GPU faults that moved memory", 0, "pages moved into VRAM per fault",
	  2, "bytes copied", false },
};

const struct hs_report_focus *hs_report_focus_of(enum hs_point point)
{
	for (size_t i = 0; i < sizeof(focuses) / sizeof(*focuses); i++)
		if (focuses[i].point == point)
			return &focuses[i];
	return NULL;
}

/* "t1-whatif-matrix-p0-collapse-scan": a-z, 0-9 and - alone. */
static char *make_stem(const struct hs_report *report, const struct hs_report_figure *figure)
{
	char *stem;
	int length = report->nr_traces > 1 ?
		asprintf(&stem, "t%zu-%s-p%u-%s", figure->trace + 1, figure->name, figure->policy,
			 hs_points[figure->point].name) :
		asprintf(&stem, "%s-p%u-%s", figure->name, figure->policy, hs_points[figure->point].name);

	if (length < 0)
		return NULL;
	for (char *at = stem; *at; at++)
		*at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '-';
	return stem;
}

static int draw(struct hs_report *report, const struct hs_report_figure *figure, const char *stem,
		struct hs_error *err)
{
	struct hs_plot plot = { figure->template_name, stem, figure->table, figure->numbers, figure->labels };
	int status = hs_plot_write(report->folder, &plot, err);

	if (status)
		return status;
	status = report->lacks_gnuplot ? -ENOENT : hs_plot_draw(report->folder, stem, err);
	if (status == -ENOENT) {
		if (!report->lacks_gnuplot)
			hs_notef(report->arguments, 0, "%s; the report is written without plots", err->text);
		report->lacks_gnuplot = true;
		hs_page_paragraph(report->page, "Not drawn, gnuplot is not installed: %s. Script and data are %s.gp and %s.csv.",
				  figure->caption, stem, stem);
		return 0;
	}
	return status ? status : hs_page_figure(report->page, report->folder, stem, figure->caption, err);
}

void hs_report_figure(struct hs_report *report, const struct hs_report_figure *figure)
{
	hs_auto_free char *stem = make_stem(report, figure);
	struct hs_error err = { 0 };

	if (!report->status && (!stem || hs_table_status(figure->table)))
		report->status = hs_fail_nomem();
	if (!report->status && hs_table_nr_rows(figure->table) && draw(report, figure, stem, &err))
		report->status = hs_fail(HS_EXIT_FAILED, &err);
	hs_table_destroy(figure->table);
}

/* --- figures of one policy ----------------------------------------------------------------------- */

static double side_of(const struct hs_table *table)
{
	return table ? floor(sqrt((double)hs_table_nr_rows(table)) + 0.5) : 0;
}

void hs_report_matrices(struct hs_report *report, size_t trace)
{
	const struct hs_tally *tally = report->validate.tallies.items[trace];

	for (unsigned int point = 0; point < HS_NR_POINTS; point++) {
		struct hs_table *table = hs_series_matrix(tally, 0, (enum hs_point)point);
		double side = side_of(table);
		struct hs_plot_number numbers[] = { { "side", side }, { "height", 260 + 62 * side }, { NULL, 0 } };
		char caption[CAPTION_BYTES];

		/* One result on both sides: the table has said it all. */
		if (hs_table_nr_rows(table) == 1) {
			hs_table_destroy(table);
			continue;
		}
		snprintf(caption, sizeof(caption), "%s: what the kernel decided and what the model decided from the same "
			 "inputs. Numbers are decisions; framed cells are disagreements.", hs_points[point].name);
		hs_report_figure(report, &(struct hs_report_figure){
			.template_name = "matrix.gp", .name = "matrix", .trace = trace, .point = (enum hs_point)point,
			.table = table, .numbers = numbers, .caption = caption,
		});
	}
}

static double end_of(const struct hs_tally *tally)
{
	return (double)hs_tally_nr_buckets(tally) * (double)tally->bucket_ns / 1e9;
}

/* What each policy decided at a point, and the first policy that decided alike: itself, where nobody did before. */
struct choices {
	struct hs_table **tables;
	uint32_t *firsts;
};

/* ", under a, b and 3 more alike": the policies that decide as the first one of them does. */
static void put_policies(const struct hs_study *study, const uint32_t *firsts, uint32_t first, char *text,
			 size_t room)
{
	enum { MAX_NAMES = 5 };
	size_t used = (size_t)snprintf(text, room, ", under %s", study->names.items[first]);
	unsigned int alike = 1;

	for (uint32_t i = first + 1; i < study->names.count; i++)
		if (firsts[i] == first && alike++ < MAX_NAMES && used < room)
			used += (size_t)snprintf(text + used, room - used, ", %s", study->names.items[i]);
	if (alike > MAX_NAMES && used < room)
		used += (size_t)snprintf(text + used, room - used, " and %u more", alike - MAX_NAMES);
	if (alike > 1 && used < room)
		snprintf(text + used, room - used, " alike");
}

static uint32_t first_alike(struct hs_table *const *tables, uint32_t policy)
{
	for (uint32_t i = 0; i < policy; i++)
		if (hs_table_is_same(tables[i], tables[policy]))
			return i;
	return policy;
}

/* The policy's table goes to the figure. */
static void add_results(struct hs_report *report, const struct hs_study *study, size_t trace, uint32_t policy,
			enum hs_point point, const char *name, const struct choices *choices)
{
	const struct hs_tally *tally = study->tallies.items[trace];
	struct hs_plot_number numbers[] = { { "end", end_of(tally) }, { NULL, 0 } };
	char width[HS_UNITS_TEXT], per_bucket[64], caption[CAPTION_BYTES], whose[300] = "";
	struct hs_plot_label labels[] = { { "per_bucket", per_bucket }, { NULL, NULL } };

	if (study->names.count > 1)
		put_policies(study, choices->firsts, policy, whose, sizeof(whose));
	snprintf(per_bucket, sizeof(per_bucket), "decisions per %s", hs_format_duration(tally->bucket_ns, width));
	snprintf(caption, sizeof(caption), "%s: decisions by result over time%s.", hs_points[point].name, whose);
	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "results.gp", .name = name, .trace = trace, .policy = policy, .point = point,
		.table = choices->tables[policy], .numbers = numbers, .labels = labels, .caption = caption,
	});
}

/* What policies decided alike is drawn once. */
static void add_point_results(struct hs_report *report, const struct hs_study *study, size_t trace,
			      enum hs_point point, const char *name)
{
	const uint32_t nr = (uint32_t)study->names.count;
	hs_auto_free struct hs_table **tables = calloc(nr + 1, sizeof(*tables));
	hs_auto_free uint32_t *firsts = calloc(nr + 1, sizeof(*firsts));

	if (!tables || !firsts) {
		report->status = report->status ? report->status : hs_fail_nomem();
		return;
	}
	for (uint32_t policy = 0; policy < nr; policy++) {
		tables[policy] = hs_series_results(study->tallies.items[trace], policy, point, MAX_STACKS);
		firsts[policy] = first_alike(tables, policy);
	}
	for (uint32_t policy = 0; policy < nr; policy++) {
		if (firsts[policy] == policy)
			add_results(report, study, trace, policy, point, name, &(struct choices){ tables, firsts });
		else
			hs_table_destroy(tables[policy]);
	}
}

void hs_report_results_over_time(struct hs_report *report, const struct hs_study *study, size_t trace,
				 const char *name)
{
	for (unsigned int point = 0; point < HS_NR_POINTS; point++)
		add_point_results(report, study, trace, (enum hs_point)point, name);
}

/* --- figures that compare policies ----------------------------------------------------------------- */

static void add_total(struct hs_report *report, size_t trace, const struct hs_report_focus *focus)
{
	const struct hs_tally *tally = report->whatif.tallies.items[trace];
	struct hs_plot_number numbers[] = { { "end", end_of(tally) }, { NULL, 0 } };
	struct hs_plot_label labels[] = { { "what", focus->what }, { NULL, NULL } };
	char caption[CAPTION_BYTES];

	snprintf(caption, sizeof(caption), "%s: %s so far (%s), by policy.", hs_points[focus->point].name, focus->what,
		 focus->result);
	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "total.gp", .name = "total", .trace = trace, .point = focus->point,
		.table = hs_series_total(tally, focus->point, focus->result), .numbers = numbers, .labels = labels,
		.caption = caption,
	});
}

static void add_distribution(struct hs_report *report, size_t trace, const struct hs_report_focus *focus)
{
	struct hs_plot_label labels[] = { { "what", focus->cost_text }, { NULL, NULL } };
	char caption[CAPTION_BYTES];

	snprintf(caption, sizeof(caption), "%s: share of the decisions that cost at most so much.",
		 hs_points[focus->point].name);
	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "distribution.gp", .name = "distribution", .trace = trace, .point = focus->point,
		.table = hs_series_distribution(report->whatif.tallies.items[trace], focus->point, focus->cost),
		.labels = labels, .caption = caption,
	});
}

static void add_costs(struct hs_report *report, size_t trace, enum hs_point point)
{
	char caption[CAPTION_BYTES];

	snprintf(caption, sizeof(caption), "%s: costs in percent of those under %s.", hs_points[point].name,
		 report->whatif.names.items[0]);
	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "costs.gp", .name = "costs", .trace = trace, .point = point,
		.table = hs_series_costs(report->whatif.tallies.items[trace], point), .caption = caption,
	});
}

static double end_of_samples(const struct hs_tally *tally)
{
	const size_t count = tally->samples.count;

	return count ? (double)(tally->samples.items[count - 1].time - tally->start_time) / 1e9 : 0;
}

/* How things stood, by policy: numbers of a model over time. */
static void add_samples(struct hs_report *report, size_t trace)
{
	static const struct {
		const char *number, *name, *what;
		double unit;
	} lines[] = {
		{ "collapse.huge_pages", "huge-pages", "huge pages", 1 },
		{ "collapse.bloat_bytes", "bloat", "memory never touched (MiB)", 1 << 20 },
	};
	const struct hs_tally *tally = report->whatif.tallies.items[trace];
	struct hs_plot_number numbers[] = { { "end", end_of(tally) }, { NULL, 0 } };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct hs_plot_label labels[] = { { "what", lines[i].what }, { NULL, NULL } };
		struct hs_table *table = hs_series_samples(tally, lines[i].number, lines[i].unit);
		char caption[CAPTION_BYTES];

		/* No decision at all: the buckets know no end. */
		numbers[0].value = fmax(numbers[0].value, end_of_samples(tally));
		snprintf(caption, sizeof(caption), "%s over time, by policy.", lines[i].what);
		hs_report_figure(report, &(struct hs_report_figure){
			.template_name = "total.gp", .name = lines[i].name, .trace = trace, .point = HS_POINT_COLLAPSE_SCAN,
			.table = table, .numbers = numbers, .labels = labels, .caption = caption,
		});
	}
}

void hs_report_whatif_figures(struct hs_report *report, size_t trace)
{
	add_samples(report, trace);
	for (unsigned int point = 0; point < HS_NR_POINTS; point++) {
		const struct hs_report_focus *focus = hs_report_focus_of((enum hs_point)point);

		if (focus)
			add_total(report, trace, focus);
		add_costs(report, trace, (enum hs_point)point);
		if (focus)
			add_distribution(report, trace, focus);
	}
}

/* --- sweep ---------------------------------------------------------------------------------------- */

static double number_of(const struct hs_policy *policy, const struct hs_policy_key *key)
{
	uint64_t number;

	return hs_parse_u64(hs_policy_text(policy, key->key), &number) ? NAN : (double)number;
}

/* The one key in which the policies differ, if its values are numbers; their values in x. */
static const struct hs_policy_key *find_swept_key(const struct hs_study *study, double *x)
{
	const struct hs_policy *first = study->in_force.items;
	const struct hs_policy_key *swept = NULL;

	hs_vec_for_each(value, &first->values) {
		const struct hs_policy_key *key = value->key;
		bool differs = false, is_number = true;

		hs_vec_for_each(policy, &study->in_force) {
			differs |= strcmp(hs_policy_text(policy, key->key), value->text) != 0;
			is_number &= !isnan(number_of(policy, key));
		}
		if (differs && (swept || !is_number))
			return NULL;
		if (differs)
			swept = key;
	}
	for (size_t i = 0; swept && i < study->in_force.count; i++)
		x[i] = number_of(&study->in_force.items[i], swept);
	return swept;
}

static void add_sweep(struct hs_report *report, size_t trace, const struct hs_report_focus *focus, const double *x,
		      const char *key)
{
	struct hs_series_sweep sweep = {
		focus->point, focus->result, focus->price,
		focus->is_price_pages ? (double)report->facts[trace].page_bytes : 1, x, key,
	};
	struct hs_plot_label labels[] = {
		{ "what_x", key }, { "what_y", focus->what }, { "what_cost", focus->price_text }, { NULL, NULL },
	};
	char caption[CAPTION_BYTES];

	snprintf(caption, sizeof(caption), "%s: the recorded decisions asked again under each value of %s. The band holds "
		 "what the trace does not determine.", hs_points[focus->point].name, key);
	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "sweep.gp", .name = "sweep", .trace = trace, .point = focus->point,
		.table = hs_series_sweep(report->validate.tallies.items[trace], &sweep), .labels = labels,
		.caption = caption,
	});
}

void hs_report_sweep(struct hs_report *report, size_t trace)
{
	const struct hs_study *study = &report->validate;
	hs_auto_free double *x = calloc(study->in_force.count + 1, sizeof(*x));
	const struct hs_policy_key *key;

	if (!x || study->in_force.count < 3)
		return;
	key = find_swept_key(study, x);
	for (size_t i = 0; key && i < sizeof(focuses) / sizeof(*focuses); i++) {
		struct hs_selection selection = { 0, (int)focuses[i].point, -1, -1 };

		if (hs_tally_count(study->tallies.items[trace], &selection))
			add_sweep(report, trace, &focuses[i], x, key->key);
	}
}
