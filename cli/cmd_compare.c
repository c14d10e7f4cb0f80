// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight compare`: two or more policies beside each other, on one trace or from decision files. */
#include <string.h>

#include "analysis/decision_tables.h"
#include "analysis/process_tables.h"
#include "cli/replay_run.h"
#include "cli/scenario_file.h"
#include "cli/study.h"
#include "lib/cleanup.h"
#include "lib/vec.h"

enum { MAX_PROCESSES = 8 };

typedef HS_VEC(struct hs_table *) table_list;

static void add_table(table_list *list, struct hs_table *table)
{
	if (hs_table_nr_rows(table) && hs_vec_push(list, table))
		return;
	hs_table_destroy(table);
}

/* What the tables of a comparison are added to. */
struct comparing {
	const struct hs_study *study;
	table_list *list;
};

/* The first policy with policy b. The tables keep no pointer into the comparison. */
static void add_comparison(void *context, uint32_t b, const struct hs_comparison *comparison)
{
	const struct comparing *comparing = context;
	const struct hs_study *study = comparing->study;

	add_table(comparing->list, hs_table_comparison(comparison, study->names.items[0], study->names.items[b]));
	add_table(comparing->list, hs_table_spread(comparison));
	hs_vec_for_each(tally, &study->tallies)
		add_table(comparing->list, hs_table_subjects(*tally, 0, b));
}

/* Who gains and who bloats. */
static int add_processes(const struct hs_study *study, size_t input, table_list *list)
{
	const struct hs_tally *tally = study->tallies.items[input];
	hs_number_names names;

	if (hs_mm_number_names(tally, &names))
		return hs_fail_nomem();
	hs_vec_for_each(number, &names)
		add_table(list, hs_table_mm_summaries(tally, &(struct hs_mm_table){
			.number = *number, .limit = MAX_PROCESSES, .name = hs_study_process_name,
			.context = &study->tasks.items[input] }));
	hs_vec_deinit(&names);
	return HS_EXIT_OK;
}

static int make_tables(const struct hs_study *study, table_list *list)
{
	struct comparing comparing = { study, list };
	int status = hs_study_compare(study, add_comparison, &comparing) ? hs_fail_nomem() : HS_EXIT_OK;

	hs_vec_for_each(tally, &study->tallies) {
		add_table(list, hs_table_results(*tally));
		add_table(list, hs_table_costs(*tally));
		add_table(list, hs_table_summaries(*tally));
		if (!status)
			status = add_processes(study, (size_t)(tally - study->tallies.items), list);
		add_table(list, hs_table_bases(*tally));
		if (study->mode == HS_MODE_VALIDATE)
			add_table(list, hs_table_agreement(*tally, HS_ALL_POLICIES));
	}
	return status;
}

static int refuse_title(const table_list *list, size_t first, const char *text)
{
	char titles[1024] = "";
	size_t used = 0;

	for (size_t i = first; i < list->count && used < sizeof(titles); i++)
		used += (size_t)snprintf(titles + used, sizeof(titles) - used, "%s'%s'", used ? ", " : "",
					 list->items[i]->title);
	return hs_usage_error("compare", "--only: no table here has '%s' in its title, there are: %s", text, titles);
}

/* --only: tables whose title has the text; the first `kept` stay whatever they are called. */
static int keep_only(table_list *list, size_t kept, const char *text)
{
	bool is_found = !text || list->count == kept;
	size_t at = kept;

	for (size_t i = kept; i < list->count && !is_found; i++)
		is_found = strstr(list->items[i]->title, text);
	if (!is_found)
		return refuse_title(list, kept, text);
	for (size_t i = kept; text && i < list->count; i++) {
		struct hs_table *table = list->items[i];

		if (strstr(table->title, text))
			list->items[at++] = table;
		else
			hs_table_destroy(table);
	}
	if (text)
		list->count = at;
	return HS_EXIT_OK;
}

/* Gate first: it is what the exit status is about. */
static int show(const struct hs_study *study, const struct hs_arguments *arguments, enum hs_table_format format)
{
	const char *fail_on = hs_option_text(arguments, "fail-on");
	table_list list = { 0 };
	size_t nr_gates = 0;
	int status = HS_EXIT_OK, gate = HS_EXIT_OK;

	if (fail_on && hs_vec_reserve(&list, study->tallies.count)) {
		gate = hs_study_judge(study, "compare", fail_on, list.items, &nr_gates);
		list.count = nr_gates;
	}
	/* A JUnit file holds tests, and those are the gate's. */
	if ((gate == HS_EXIT_OK || gate == HS_EXIT_GATE) && format != HS_TABLE_JUNIT)
		status = make_tables(study, &list);
	if (!status)
		status = keep_only(&list, nr_gates, hs_option_text(arguments, "only"));
	if (!status && (gate == HS_EXIT_OK || gate == HS_EXIT_GATE))
		hs_tables_render(list.items, list.count, format, stdout);
	hs_vec_for_each(table, &list)
		hs_table_destroy(*table);
	hs_vec_deinit(&list);
	return gate ? gate : status;
}

static int fill(struct hs_study *study, const struct hs_arguments *arguments, enum hs_mode mode)
{
	size_t nr_policies = hs_option_count(arguments, "policy") + hs_option_count(arguments, "set");
	struct hs_policy_list policies;
	int status;

	if (hs_operand_count(arguments) == 2) {
		const char *const paths[] = { hs_operand(arguments, 0), hs_operand(arguments, 1) };

		if (nr_policies)
			return hs_usage_error("compare", "-P and -s replay one trace; decision files hold their own");
		return hs_study_add_decisions(study, paths, 2);
	}
	if (!nr_policies)
		return hs_usage_error("compare", "give two decision files, or a trace and policies to compare (-P, -s)");
	status = hs_policy_list_parse(arguments, "compare", 0, &policies);
	if (!status)
		status = hs_study_add_trace(study, arguments, hs_operand(arguments, 0), mode, &policies);
	hs_policy_list_deinit(&policies);
	return status;
}

static int run_compare(const struct hs_arguments *arguments)
{
	const char *format_name = hs_option_text(arguments, "format"), *mode_name = hs_option_text(arguments, "mode");
	int format = hs_has_option(arguments, "json") ? HS_TABLE_JSON :
		     format_name ? hs_table_format_find(format_name) : HS_TABLE_TEXT;
	enum hs_mode mode = HS_MODE_WHATIF;
	struct hs_study study = { 0 };
	struct hs_error err;
	int status, shown;

	if (format < 0)
		return hs_usage_error("compare", "unknown format '%s', there are: text, markdown, csv, json, junit",
				      format_name);
	if (format == HS_TABLE_JUNIT && !hs_has_option(arguments, "fail-on"))
		return hs_usage_error("compare", "a JUnit file reports tests: say with --fail-on what to test");
	if (mode_name && hs_mode_parse(mode_name, &mode, &err))
		return hs_usage_error("compare", "--mode: %s", err.text);
	status = fill(&study, arguments, mode);
	if (status == HS_EXIT_OK || (status == HS_EXIT_INCOMPLETE && study.tallies.count)) {
		shown = show(&study, arguments, (enum hs_table_format)format);
		status = shown ? shown : status;
	}
	hs_study_deinit(&study);
	return status;
}

static const struct hs_option options[] = {
	{ 'm', "model", "MODEL,…", false, "models to run, with those they stand on (default: all with events)" },
	{ 'P', "policy", "FILE.ini", true, "a policy from an INI file" },
	{ 's', "set", "[NAME:]KEY=VALUE[,…]", true, "a policy that sets these keys, called NAME" },
	HS_SCENARIO_OPTION,
	{ 0, "mode", "MODE", false, "whatif: models run free (default); validate: each recorded decision asked again" },
	{ 0, "fail-on", "EXPR", false, "exit with status 3 if EXPR is true, e.g. 'huge_pages.change<-5%'" },
	{ 0, "only", "TEXT", false, "only tables whose title has TEXT in it, e.g. 'process by process'" },
	{ 0, "format", "FORMAT", false, "text, markdown, csv, json or junit" },
	{ 0, "json", NULL, false, "the same as --format json" },
	{ 0, NULL, NULL, false, NULL },
};

static const struct hs_example examples[] = {
	{ "hindsight compare t.hst -s max_ptes_none=0 -s max_ptes_none=511",
	  "what two settings would have done on one trace" },
	{ "hindsight compare t.hst -P fleet.ini --fail-on 'huge_pages.change<-5%'",
	  "a gate: fewer huge pages than as recorded fail" },
	{ "hindsight compare old.hsd new.hsd --fail-on 'decisions.change!=0' --format junit",
	  "two replays, as a test report" },
	{ NULL, NULL },
};

const struct hs_command hs_command_compare = {
	.name = "compare",
	.operands = "A.hsd B.hsd | TRACE",
	.min_operands = 1,
	.max_operands = 2,
	.reads_trace = true,
	.summary = "put policies beside each other",
	.description =
		"Compares two decision files, or replays one trace under two or more policies; each is compared with "
		"the first one. Where only one policy is given, that is the one as recorded. Differences come with "
		"their spread over windows of time: higher and lower are beyond chance; mixed is beyond chance, but "
		"the total did not follow; with \"here\" every window that differs agrees, but they are too few to "
		"say so of other recordings; unclear is both ways; same means the same in every window. --fail-on "
		"takes tests like 'disagree>0, huge_pages.change<-5%'; the names are those in the tables.",
	.options = options,
	.examples = examples,
	.run = run_compare,
};
