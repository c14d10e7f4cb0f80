// SPDX-License-Identifier: GPL-2.0-only
/* The text of a report: what stands where, and what the reader is warned of. */
#include <math.h>
#include <string.h>

#include "analysis/process_tables.h"
#include "analysis/wilson.h"
#include "cli/event_context.h"
#include "cli/report.h"
#include "lib/cleanup.h"
#include "lib/units.h"

enum {
	MAX_PROCESSES = 20, MAX_CONTEXTS = 5, EVENTS_BEFORE = 8, EVENTS_AFTER = 3, LOW_EXACT_PERCENT = 50,
	WARNING_BYTES = 1024,
};

void hs_report_table(struct hs_report *report, struct hs_table *table)
{
	if (!report->status && hs_table_status(table))
		report->status = hs_fail_nomem();
	hs_page_table(report->page, table);
	if (hs_table_nr_rows(table) && hs_vec_push(&report->tables, table))
		return;
	hs_table_destroy(table);
}

/* A trace's name where there are several. */
static void name_trace(const struct hs_report *report, size_t trace)
{
	if (report->nr_traces > 1)
		hs_page_heading(report->page, "%s", report->facts[trace].path);
}

static uint64_t count(const struct hs_tally *tally, uint32_t policy, int point, int basis, int verdict)
{
	struct hs_selection selection = { policy, point, basis, verdict };

	return hs_tally_count(tally, &selection);
}

/* --- in short ------------------------------------------------------------------------------------- */

static void warn_of_gaps(struct hs_report *report, const struct hs_report_facts *facts)
{
	char number[HS_UNITS_TEXT];

	if (facts->lost_events)
		hs_page_warning(report->page, "%s: %s events were lost while recording. Decisions in the spans concerned count "
				"as unknown.", facts->path, hs_format_count(facts->lost_events, number));
	if (facts->damaged_chunks)
		hs_page_warning(report->page, "%s: %s damaged chunks were skipped.", facts->path,
				hs_format_count(facts->damaged_chunks, number));
	if (!facts->has_footer)
		hs_page_warning(report->page, "%s: the file is cut, or its recording did not end cleanly.", facts->path);
}

/* One warning for all points: which they are and how little of them is sure. */
static void warn_of_bases(struct hs_report *report, const struct hs_tally *tally, const char *path)
{
	char list[WARNING_BYTES] = "";
	size_t used = 0;

	for (int point = 0; point < (int)HS_NR_POINTS && used < sizeof(list); point++) {
		uint64_t all = count(tally, 0, point, -1, -1), exact = count(tally, 0, point, HS_BASIS_EXACT, -1);

		if (all && 100 * exact < LOW_EXACT_PERCENT * all)
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s (%.0f %%)", used ? ", " : "",
						 hs_points[point].name, 100 * (double)exact / (double)all);
	}
	if (used)
		hs_page_warning(report->page, "%s: few decisions have inputs that the trace determines at %s; the rest stands "
				"on ranges or assumptions.", path, list);
}

/* What a policy declares about GPUs that were not there. */
static void warn_of_scenario(struct hs_report *report, uint32_t policy)
{
	const struct hs_policy *in_force = policy < report->whatif.in_force.count ?
					   &report->whatif.in_force.items[policy] : NULL;
	const char *file = in_force ? hs_policy_text(in_force, "svm.scenario") : "";
	uint64_t all = 0, assumed = 0;
	char text[2][HS_UNITS_TEXT];

	hs_vec_for_each(tally, &report->whatif.tallies)
		for (int point = 0; point < (int)HS_NR_POINTS; point++)
			if (strncmp(hs_points[point].name, "svm.", 4) == 0) {
				all += count(*tally, policy, point, -1, -1);
				assumed += count(*tally, policy, point, HS_BASIS_ASSUMED, -1);
			}
	if (assumed)
		hs_page_warning(report->page, "What if %s: GPUs, the memory registered with them and when they touch it are "
				"declared by %s, not measured. %s of %s decisions about shared virtual memory are assumed: they hold as far as "
				"the scenario does, and say nothing about agreement.", report->whatif.names.items[policy],
				*file ? file : "the policy's keys", hs_format_count(assumed, text[0]), hs_format_count(all, text[1]));
}

static void tell_agreement(struct hs_report *report, const struct hs_tally *tally, int point, int basis)
{
	uint64_t agree = count(tally, 0, point, basis, HS_VERDICT_AGREE);
	uint64_t total = agree + count(tally, 0, point, basis, HS_VERDICT_DISAGREE);
	struct hs_interval interval = hs_wilson(agree, total);
	char text[2][HS_UNITS_TEXT];

	if (total)
		hs_page_paragraph(report->page, "Validation at %s, %s inputs: the model agrees with the kernel in %s of %s "
				  "decisions (%.2f %%; 95 %% interval %.2f to %.2f).", hs_points[point].name,
				  hs_basis_name((enum hs_basis)basis), hs_format_count(agree, text[0]),
				  hs_format_count(total, text[1]), 100 * (double)agree / (double)total,
				  100 * interval.low, 100 * interval.high);
}

/* What a policy's memory looked like all in all: faults make huge pages, too. */
static void tell_mean(const struct hs_report *report, uint32_t b, const struct hs_difference *difference)
{
	const char *whose = report->whatif.names.items[b], *first = report->whatif.names.items[0];
	char text[2][HS_UNITS_TEXT];

	if (strcmp(difference->name, "collapse.mean_huge_pages") == 0)
		hs_page_paragraph(report->page, "What if %s: %.1f huge pages at a time on average, against %.1f under %s.",
				  whose, difference->b, difference->a, first);
	else if (strcmp(difference->name, "collapse.mean_bloat_bytes") == 0)
		hs_page_paragraph(report->page, "What if %s: %s of memory on average that no program had touched, against %s "
				  "under %s.", whose, hs_format_bytes((uint64_t)difference->b, text[0]),
				  hs_format_bytes((uint64_t)difference->a, text[1]), first);
}

static void tell_comparison(void *context, uint32_t b, const struct hs_comparison *comparison)
{
	const struct hs_report *report = context;

	hs_vec_for_each(difference, &comparison->list)
		tell_mean(report, b, difference);
	hs_vec_for_each(difference, &comparison->list)
		for (int point = 0; point < (int)HS_NR_POINTS; point++) {
			const struct hs_report_focus *focus = hs_report_focus_of((enum hs_point)point);
			size_t length = strlen(hs_points[point].name);
			double change = hs_change_percent(difference->a, difference->b);

			if (!focus || strncmp(difference->name, hs_points[point].name, length) != 0 ||
			    difference->name[length] != '.' || strcmp(difference->name + length + 1, focus->result) != 0)
				continue;
			hs_page_paragraph(report->page, "What if %s: %s %.0f, against %.0f under %s (%s%+.1f%s; %s).",
					  report->whatif.names.items[b], focus->what, difference->b, difference->a,
					  report->whatif.names.items[0], isnan(change) ? "from nothing, " : "",
					  isnan(change) ? difference->b : change, isnan(change) ? "" : " %",
					  hs_difference_verdict_name(difference->verdict));
		}
}

static void show_comparison(void *context, uint32_t b, const struct hs_comparison *comparison)
{
	struct hs_report *report = context;
	char **names = report->whatif.names.items;

	hs_report_table(report, hs_table_comparison(comparison, names[0], names[b]));
	hs_page_fold(report->page, "How the differences spread over time");
	hs_report_table(report, hs_table_spread(comparison));
	hs_page_unfold(report->page);
}

static void add_comparisons(struct hs_report *report, hs_study_compared *compared)
{
	if (!report->status && hs_study_compare(&report->whatif, compared, report))
		report->status = hs_fail_nomem();
}

static void add_summary(struct hs_report *report)
{
	hs_page_chapter(report->page, "In short");
	for (size_t i = 0; i < report->nr_traces; i++) {
		warn_of_gaps(report, &report->facts[i]);
		warn_of_bases(report, report->validate.tallies.items[i], report->facts[i].path);
	}
	for (uint32_t policy = 0; policy < report->whatif.names.count; policy++)
		warn_of_scenario(report, policy);
	for (size_t i = 0; i < report->nr_traces; i++) {
		const struct hs_tally *tally = report->validate.tallies.items[i];

		name_trace(report, i);
		if (!tally->cells.count)
			hs_page_paragraph(report->page, "The trace holds no decision that a model knows.");
		for (int point = 0; point < (int)HS_NR_POINTS; point++)
			for (int basis = 0; basis < HS_NR_BASES; basis++)
				tell_agreement(report, tally, point, basis);
	}
	add_comparisons(report, tell_comparison);
}

/* --- what was recorded ------------------------------------------------------------------------------ */

/* The tables of the facts are shown once; the page takes them. */
static void add_recording(struct hs_report *report)
{
	hs_page_chapter(report->page, "What was recorded");
	for (size_t i = 0; i < report->nr_traces; i++) {
		struct hs_report_facts *facts = &report->facts[i];

		name_trace(report, i);
		hs_report_table(report, hs_take(&facts->losses));
		hs_report_table(report, hs_take(&facts->about));
		hs_report_table(report, hs_take(&facts->rungs));
	}
}

/* --- validation -------------------------------------------------------------------------------------- */

static void add_context(struct hs_report *report, size_t trace, const struct hs_divergence *class)
{
	const struct hs_report_facts *facts = &report->facts[trace];
	struct hs_event_context context = { facts->path, &facts->tasks, facts->start_time, EVENTS_BEFORE, EVENTS_AFTER };
	struct hs_text text = { 0 };
	struct hs_error err = { 0 };

	if (hs_event_context_add(&context, &class->recorded, &text, &err)) {
		hs_page_paragraph(report->page, "The events around it cannot be read: %s", err.text);
	} else {
		hs_page_paragraph(report->page, "%s at 0x%llx: the kernel decided %s, the model %s, because %s. The events "
				  "around the first case:", hs_points[class->recorded.point].name,
				  (unsigned long long)class->recorded.subject, class->recorded.result,
				  class->modelled.result, *class->modelled.reason ? class->modelled.reason : "of no check");
		hs_text_add_char(&text, '\0');
		hs_page_lines(report->page, text.data ? text.data : "");
	}
	hs_text_deinit(&text);
}

static void add_divergences(struct hs_report *report, size_t trace)
{
	const struct hs_tally *tally = report->validate.tallies.items[trace];
	struct hs_table *table = hs_table_divergences(tally, 0);
	size_t shown = 0;

	hs_report_table(report, hs_table_causes(tally, 0));
	if (!hs_table_nr_rows(table)) {
		hs_table_destroy(table);
		if (tally->cells.count)
			hs_page_paragraph(report->page, "There is no disagreement.");
		return;
	}
	hs_report_table(report, table);
	hs_page_fold(report->page, "The events around the first disagreements");
	hs_vec_for_each(class, &tally->divergences)
		if (class->policy == 0 && shown++ < MAX_CONTEXTS)
			add_context(report, trace, class);
	hs_page_unfold(report->page);
}

static void add_validation(struct hs_report *report)
{
	hs_page_chapter(report->page, "Does the model decide as the kernel did?");
	hs_page_paragraph(report->page, "At each recorded decision the model decides from the state built so far, under the "
			  "tunables in force then; the two are compared, and the recorded outcome is taken on.");
	for (size_t i = 0; i < report->nr_traces; i++) {
		const struct hs_tally *tally = report->validate.tallies.items[i];

		name_trace(report, i);
		hs_report_table(report, hs_table_agreement(tally, 0));
		hs_report_matrices(report, i);
		hs_report_blocks_recorded(report, i);
		add_divergences(report, i);
		hs_page_fold(report->page, "All pairs of results");
		hs_report_table(report, hs_table_pairs(tally, 0));
		hs_page_unfold(report->page);
	}
}

/* --- other policies ------------------------------------------------------------------------------------ */

static void add_counterfactual(struct hs_report *report)
{
	const struct hs_study *study = &report->validate;

	if (study->names.count < 2)
		return;
	hs_page_chapter(report->page, "The recorded decisions under other policies");
	hs_page_paragraph(report->page, "Each recorded decision is asked again under each policy, from the recorded state: "
			  "what would have been decided differently there and then, without what follows from it.");
	for (size_t i = 0; i < report->nr_traces; i++) {
		name_trace(report, i);
		hs_report_table(report, hs_table_results(study->tallies.items[i]));
		hs_report_sweep(report, i);
		hs_report_table(report, hs_table_bases(study->tallies.items[i]));
	}
}

/* Who gains and who bloats. */
static void add_mm_numbers(struct hs_report *report, size_t trace)
{
	const struct hs_tally *tally = report->whatif.tallies.items[trace];
	hs_number_names names;

	if (hs_mm_number_names(tally, &names)) {
		report->status = hs_fail_nomem();
		return;
	}
	hs_vec_for_each(number, &names)
		hs_report_table(report, hs_table_mm_summaries(tally, &(struct hs_mm_table){
			.number = *number, .limit = MAX_PROCESSES, .name = hs_report_process_name,
			.context = &report->facts[trace] }));
	hs_vec_deinit(&names);
}

static void add_whatif_trace(struct hs_report *report, size_t trace)
{
	const struct hs_tally *tally = report->whatif.tallies.items[trace];

	name_trace(report, trace);
	hs_report_whatif_figures(report, trace);
	hs_report_svm_figures(report, trace);
	hs_report_blocks_whatif(report, trace);
	for (uint32_t b = 1; b < report->whatif.names.count; b++)
		hs_report_table(report, hs_table_subjects(tally, 0, b));
	hs_report_table(report, hs_table_results(tally));
	hs_report_table(report, hs_table_costs(tally));
	hs_report_table(report, hs_table_summaries(tally));
	add_mm_numbers(report, trace);
	hs_report_table(report, hs_table_bases(tally));
	hs_page_fold(report->page, "Costs per decision");
	hs_report_table(report, hs_table_quantiles(tally));
	hs_page_unfold(report->page);
	hs_page_fold(report->page, "Decisions over time, policy by policy");
	hs_report_results_over_time(report, &report->whatif, trace, "whatif");
	hs_page_unfold(report->page);
}

static void add_whatif(struct hs_report *report)
{
	if (!report->whatif.names.count)
		return;
	hs_page_chapter(report->page, "What if: policies running free");
	hs_page_paragraph(report->page, "The models run on the trace's time with their own daemons and take on their own "
			  "outcomes; recorded decisions are not used. Each policy is compared with %s.",
			  report->whatif.names.items[0]);
	add_comparisons(report, show_comparison);
	for (size_t i = 0; i < report->nr_traces; i++)
		add_whatif_trace(report, i);
}

/* --- processes, policies, coverage --------------------------------------------------------------------- */

static void add_processes(struct hs_report *report)
{
	const struct hs_study *study = report->whatif.names.count ? &report->whatif : &report->validate;

	hs_page_chapter(report->page, "Who it was about");
	for (size_t i = 0; i < report->nr_traces; i++) {
		const struct hs_tally *tally = study->tallies.items[i];

		name_trace(report, i);
		for (unsigned int point = 0; point < HS_NR_POINTS; point++) {
			const struct hs_report_focus *focus = hs_report_focus_of((enum hs_point)point);
			struct hs_process_table setup = {
				.point = (enum hs_point)point, .limit = MAX_PROCESSES, .name = hs_report_process_name,
				.context = &report->facts[i],
			};

			if (!focus || !count(tally, 0, (int)point, -1, -1))
				continue;
			setup.result = focus->result;
			hs_report_table(report, hs_table_processes(tally, &setup));
		}
	}
}

static bool is_telling(const struct hs_study *study, size_t value)
{
	hs_vec_for_each(policy, &study->in_force)
		if (policy->values.items[value].origin != HS_POLICY_DEFAULT)
			return true;
	return false;
}

static struct hs_table *list_policies(const struct hs_study *study)
{
	static const char *const origins[] = { "default", "trace", "set" };
	struct hs_table *table = hs_table_create("settings in force");

	hs_table_add_column(table, "key", "");
	hs_vec_for_each(name, &study->names)
		hs_table_add_column(table, *name, "");
	for (size_t i = 0; study->in_force.count && i < study->in_force.items[0].values.count; i++) {
		if (!is_telling(study, i))
			continue;
		hs_table_text(table, "%s", study->in_force.items[0].values.items[i].key->key);
		hs_vec_for_each(policy, &study->in_force)
			hs_table_text(table, "%s (%s)", policy->values.items[i].text, origins[policy->values.items[i].origin]);
	}
	hs_table_set_note(table,
			  "trace: as recorded. set: by the user. Keys that are at their default everywhere are left out.");
	return table;
}

static void add_coverage(struct hs_report *report)
{
	hs_page_chapter(report->page, "What the numbers stand on");
	hs_report_table(report, list_policies(&report->validate));
	for (size_t i = 0; i < report->nr_traces; i++) {
		const struct hs_study *recorded = &report->validate;

		name_trace(report, i);
		if (recorded->names.count < 2)
			hs_report_table(report, hs_table_bases(recorded->tallies.items[i]));
		hs_report_table(report, hs_take(&report->facts[i].kinds));
		hs_page_fold(report->page, "Recorded decisions over time, as the model decides them");
		hs_report_results_over_time(report, recorded, i, "recorded");
		hs_page_unfold(report->page);
	}
}

void hs_report_chapters(struct hs_report *report)
{
	add_summary(report);
	add_recording(report);
	add_validation(report);
	add_counterfactual(report);
	add_whatif(report);
	add_processes(report);
	add_coverage(report);
}
