// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight explain`: why a model decides otherwise than the kernel did. */
#include <stdlib.h>
#include <string.h>

#include "analysis/table.h"
#include "cli/command.h"
#include "cli/event_context.h"
#include "cli/minimize.h"
#include "cli/policy_file.h"
#include "cli/task_table.h"
#include "lib/cleanup.h"
#include "lib/units.h"
#include "replay/cause.h"

enum { EVENTS_BEFORE = 12, EVENTS_AFTER = 3, STATE_BYTES = 4000 };

/* Which decision is asked about. */
enum wanted { WANT_LIST, WANT_FIRST, WANT_NUMBER };

struct explaining {
	const struct hs_arguments *arguments;
	const char *path;
	const char **models;		/* owned; NULL: all */
	struct hs_policy policy;
	struct hs_replay replay;
	struct hs_task_table tasks;
	enum wanted wanted;
	uint64_t number;		/* of the decision asked about, then of the one found */
	uint64_t next;			/* number of the next decision */
	uint64_t start_time;
	bool is_found;
	struct hs_decision recorded, modelled;
	enum hs_verdict verdict;
	struct hs_table *list, *inputs;
	bool has_difference;		/* among the inputs so far */
	char *state;			/* the model's, as JSON; owned */
};

/* --- what is found while the trace goes by --------------------------------------------------------- */

static void put_decision(struct hs_table *table, uint64_t number, uint64_t start, const struct hs_outcome *outcome)
{
	const struct hs_decision *recorded = outcome->recorded, *modelled = outcome->modelled;

	hs_table_count(table, number);
	hs_table_ns(table, recorded->time > start ? recorded->time - start : 0);
	hs_table_text(table, "%s", hs_points[recorded->point].name);
	hs_table_address(table, recorded->subject);
	hs_table_text(table, "%s", recorded->result);
	hs_table_text(table, "%s", modelled->result);
	hs_table_text(table, "%s", hs_cause_name(modelled->cause));
}

static void add_input(void *context, const char *name, const char *recorded, const char *seen)
{
	struct explaining *explaining = context;
	const bool differs = recorded && seen && strcmp(recorded, seen) != 0;

	hs_table_text(explaining->inputs, "%s", name);
	hs_table_text(explaining->inputs, "%s", recorded ? recorded : "");
	hs_table_text(explaining->inputs, "%s", seen ? seen : "");
	hs_table_text(explaining->inputs, "%s", !differs ? "" : explaining->has_difference ? "differs" : "differs first");
	explaining->has_difference |= differs;
}

static void keep_state(struct explaining *explaining, const struct hs_outcome *outcome)
{
	size_t bytes;
	FILE *out = open_memstream(&explaining->state, &bytes);

	if (!out)
		return;
	outcome->ops->dump(outcome->model, out);
	fclose(out);
}

static void keep_found(struct explaining *explaining, const struct hs_outcome *outcome)
{
	explaining->is_found = true;
	explaining->number = explaining->next;
	explaining->recorded = *outcome->recorded;
	explaining->modelled = *outcome->modelled;
	explaining->verdict = outcome->verdict;
	if (outcome->ops->describe)
		outcome->ops->describe(outcome->model, outcome->request, add_input, explaining);
	keep_state(explaining, outcome);
}

static void take_outcome(void *context, const struct hs_outcome *outcome)
{
	struct explaining *explaining = context;
	const bool is_no_agreement = outcome->verdict == HS_VERDICT_DISAGREE || outcome->verdict == HS_VERDICT_UNKNOWN;

	if (explaining->wanted == WANT_LIST && is_no_agreement)
		put_decision(explaining->list, explaining->next, explaining->start_time, outcome);
	if (!explaining->is_found &&
	    ((explaining->wanted == WANT_FIRST && outcome->verdict == HS_VERDICT_DISAGREE) ||
	     (explaining->wanted == WANT_NUMBER && explaining->next == explaining->number)))
		keep_found(explaining, outcome);
	explaining->next++;
}

static int learn_tasks(struct explaining *explaining)
{
	const struct hs_run *run = &explaining->replay.run;
	const hs_kind_set kinds = hs_task_table_kinds();

	for (size_t i = 0; hs_kind_set_has(&kinds, run->kind) && i < run->nr; i++) {
		const struct hs_event event = hs_run_event(run, i);

		if (hs_task_table_learn(&explaining->tasks, &event))
			return hs_fail_nomem();
	}
	return HS_EXIT_OK;
}

static int run_events(struct explaining *explaining)
{
	int more, status = HS_EXIT_OK;

	hs_trace_show_progress(&explaining->replay.input, "replaying");
	while (!status && !explaining->is_found && (more = hs_replay_next(&explaining->replay)) != 0)
		status = more < 0 ? HS_EXIT_FAILED : learn_tasks(explaining);
	return status;
}

/* --- the answer ---------------------------------------------------------------------------------- */

static void show_list(const struct explaining *explaining)
{
	if (!hs_table_nr_rows(explaining->list) && !hs_has_option(explaining->arguments, "json")) {
		printf("All %llu decisions agree.\n", (unsigned long long)explaining->next);
		return;
	}
	hs_table_set_note(explaining->list, "%llu of %llu decisions. 'hindsight explain --decision N' tells more of one.",
			  (unsigned long long)hs_table_nr_rows(explaining->list), (unsigned long long)explaining->next);
	hs_tables_render(&explaining->list, 1,
			 hs_has_option(explaining->arguments, "json") ? HS_TABLE_JSON : HS_TABLE_TEXT, stdout);
}

static void add_fact(struct hs_table *table, const char *name, const char *text)
{
	hs_table_text(table, "%s", name);
	hs_table_text(table, "%s", text ? text : "");
}

static struct hs_table *make_facts(const struct explaining *explaining)
{
	const struct hs_decision *recorded = &explaining->recorded, *modelled = &explaining->modelled;
	struct hs_table *table = hs_table_create("the decision");
	const uint64_t start = explaining->start_time;

	hs_table_add_column(table, "what", "");
	hs_table_add_column(table, "value", "");
	hs_table_text(table, "decision");
	hs_table_text(table, "%llu", (unsigned long long)explaining->number);
	add_fact(table, "point", hs_points[recorded->point].name);
	hs_table_text(table, "time");
	hs_table_text(table, "%.9f s", (double)(recorded->time > start ? recorded->time - start : 0) / 1e9);
	hs_table_text(table, "subject");
	hs_table_text(table, "0x%llx, address space %u", (unsigned long long)recorded->subject, recorded->mm);
	add_fact(table, "recorded", recorded->result);
	add_fact(table, "modelled", modelled->result);
	add_fact(table, "verdict", hs_verdict_name(explaining->verdict));
	add_fact(table, "basis", hs_basis_name(modelled->basis));
	add_fact(table, "check taken", modelled->reason);
	add_fact(table, "re-implements", hs_points[recorded->point].source);
	add_fact(table, "cause", hs_cause_name(modelled->cause));
	hs_table_set_note(table, "%s", hs_cause_text(modelled->cause));
	return table;
}

/* The events around it, and the state both saw, as far as it is of a size to read. */
static int show_surroundings(struct explaining *explaining)
{
	const struct hs_event_context context = { explaining->path, &explaining->tasks, explaining->start_time,
						  EVENTS_BEFORE, EVENTS_AFTER };
	const size_t length = explaining->state ? strlen(explaining->state) : 0;
	struct hs_text text = { 0 };
	struct hs_error err;

	if (hs_event_context_add(&context, &explaining->recorded, &text, &err)) {
		hs_text_deinit(&text);
		return hs_fail(HS_EXIT_FAILED, &err);
	}
	hs_text_add_char(&text, '\0');
	printf("\nevents around it\n%s", text.data ? text.data : "");
	hs_text_deinit(&text);
	if (length && length <= STATE_BYTES)
		printf("\nstate before it\n%s", explaining->state);
	else if (length)
		printf("\nstate before it: %zu bytes; 'hindsight state -m MODEL --at TIME' prints it\n", length);
	return HS_EXIT_OK;
}

static int show_found(struct explaining *explaining)
{
	const bool is_json = hs_has_option(explaining->arguments, "json");
	struct hs_table *tables[2] = { make_facts(explaining), explaining->inputs };
	const size_t nr = is_json || hs_table_nr_rows(explaining->inputs) ? 2 : 1;
	int status = HS_EXIT_OK;

	if (hs_table_status(tables[0]) || hs_table_status(tables[1]))
		status = hs_fail_nomem();
	else
		hs_tables_render(tables, nr, is_json ? HS_TABLE_JSON : HS_TABLE_TEXT, stdout);
	hs_table_destroy(tables[0]);
	return status || is_json ? status : show_surroundings(explaining);
}

static int write_minimal(struct explaining *explaining)
{
	struct hs_minimize minimize = {
		.arguments = explaining->arguments, .path = explaining->path,
		.output = hs_option_text(explaining->arguments, "output"),
		.overwrite = hs_has_option(explaining->arguments, "force"), .models = explaining->models,
		.policy = &explaining->policy, .recorded = &explaining->recorded, .modelled = &explaining->modelled,
	};
	int status = hs_minimize(&minimize);

	if (status == HS_EXIT_OK)
		hs_notef(explaining->arguments, 0, "%s: %llu of %llu events show it", minimize.output,
			 (unsigned long long)minimize.nr_after, (unsigned long long)minimize.nr_before);
	return status;
}

static int answer(struct explaining *explaining)
{
	int status;

	if (explaining->wanted == WANT_LIST) {
		show_list(explaining);
		return HS_EXIT_OK;
	}
	if (!explaining->is_found && explaining->wanted == WANT_FIRST && !hs_has_option(explaining->arguments, "minimize")) {
		printf("None of %llu decisions disagrees.\n", (unsigned long long)explaining->next);
		return HS_EXIT_OK;
	}
	if (!explaining->is_found)
		return hs_failf(HS_EXIT_FAILED, "%s: there is no such decision; the trace has %llu, numbered from 0",
				explaining->path, (unsigned long long)explaining->next);
	status = show_found(explaining);
	return status || !hs_has_option(explaining->arguments, "minimize") ? status : write_minimal(explaining);
}

/* --- the command line ---------------------------------------------------------------------------- */

static int read_wanted(struct explaining *explaining)
{
	const struct hs_arguments *arguments = explaining->arguments;
	const char *number = hs_option_text(arguments, "decision");
	const bool minimizes = hs_has_option(arguments, "minimize");
	char *end;

	explaining->wanted = number ? WANT_NUMBER : hs_has_option(arguments, "first") || minimizes ? WANT_FIRST : WANT_LIST;
	if (number) {
		explaining->number = strtoull(number, &end, 10);
		if (end == number || *end || *number == '-')
			return hs_usage_error("explain", "--decision %s: a number as 'explain' lists it", number);
	}
	if (number && hs_has_option(arguments, "first"))
		return hs_usage_error("explain", "--first and --decision name two decisions");
	if (minimizes != (hs_option_text(arguments, "output") != NULL))
		return hs_usage_error("explain", "--minimize and -o FILE.hst go together");
	return HS_EXIT_OK;
}

static int read_options(struct explaining *explaining)
{
	const struct hs_arguments *arguments = explaining->arguments;
	struct hs_error err;

	if (hs_policy_init(&explaining->policy, "recorded"))
		return hs_fail_nomem();
	if (hs_model_list_parse(hs_option_text(arguments, "model"), &explaining->models, &err))
		return hs_usage_error("explain", "--model: %s", err.text);
	for (size_t i = 0; i < hs_option_count(arguments, "policy"); i++)
		if (hs_policy_load(&explaining->policy, hs_option_at(arguments, "policy", i), &err))
			return hs_fail(HS_EXIT_FAILED, &err);
	for (size_t i = 0; i < hs_option_count(arguments, "set"); i++)
		if (hs_policy_set_text(&explaining->policy, hs_option_at(arguments, "set", i), &err))
			return hs_usage_error("explain", "--set: %s", err.text);
	return read_wanted(explaining);
}

static void make_tables(struct explaining *explaining)
{
	static const char *const list[][2] = {
		{ "decision", "" }, { "at", "ns" }, { "point", "" }, { "subject", "" }, { "recorded", "" },
		{ "modelled", "" }, { "cause", "" },
	};
	static const char *const inputs[] = { "input", "recorded", "seen", "" };

	explaining->list = hs_table_create("decisions that do not agree");
	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		hs_table_add_column(explaining->list, list[i][0], list[i][1]);
	explaining->inputs = hs_table_create("its inputs");
	for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++)
		hs_table_add_column(explaining->inputs, inputs[i], "");
}

static int explain(struct explaining *explaining)
{
	struct hs_engine_setup setup = {
		.mode = HS_MODE_VALIDATE, .models = explaining->models, .policies = &explaining->policy, .nr_policies = 1,
		.outcome = take_outcome, .context = explaining,
	};
	int status = hs_replay_open(&explaining->replay, explaining->arguments, explaining->path, &setup);

	if (status)
		return status;
	explaining->start_time = setup.header->start_time;
	status = run_events(explaining);
	if (status == HS_EXIT_OK)
		status = answer(explaining);
	return hs_replay_close(&explaining->replay, status);
}

static int run(const struct hs_arguments *arguments)
{
	struct explaining explaining = { .arguments = arguments, .path = hs_operand(arguments, 0) };
	int status = read_options(&explaining);

	make_tables(&explaining);
	if (status == HS_EXIT_OK && strcmp(explaining.path, "-") == 0 && explaining.wanted != WANT_LIST)
		status = hs_usage_error("explain", "a decision is looked at more than once: give a file, no pipe");
	if (status == HS_EXIT_OK)
		status = explain(&explaining);
	hs_table_destroy(explaining.list);
	hs_table_destroy(explaining.inputs);
	hs_task_table_deinit(&explaining.tasks);
	hs_policy_deinit(&explaining.policy);
	free(explaining.models);
	free(explaining.state);
	return status;
}

static const struct hs_option options[] = {
	{ 0, "first", NULL, false, "the first disagreement" },
	{ 0, "decision", "N", false, "decision number N, as listed; it may be one that agrees" },
	{ 'm', "model", "MODEL,…", false, "models to run (default: all with events)" },
	{ 'P', "policy", "FILE", true, "policy in INI form" },
	{ 's', "set", "KEY=VALUE", true, "one key of the policy" },
	{ 0, "minimize", NULL, false, "also write the smallest trace that shows it (-o)" },
	{ 'o', "output", "FILE.hst", false, "where --minimize writes" },
	{ 'f', "force", NULL, false, "replace an existing output file" },
	{ 0, "json", NULL, false, "tables as one JSON object" },
	{ 0, NULL, NULL, false, NULL },
};

const struct hs_command hs_command_explain = {
	.name = "explain",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.reads_trace = true,
	.summary = "why a model decides otherwise than the kernel",
	.description = "Lists the decisions in which model and kernel do not agree, each with its cause: lost events, a "
		       "missing input, a race, a weaker rung, the policy, or a gap of the model. With --first or "
		       "--decision one of them in full: the inputs as recorded and as the model sees them, the first "
		       "that differs, the check taken and the kernel function it re-implements, the events around it. "
		       "--minimize writes the smallest trace that shows it.",
	.options = options,
	.examples = (const struct hs_example[]){
		{ "hindsight explain t.hst", "all of them, with causes" },
		{ "hindsight explain --first t.hst", "the first one in full" },
		{ "hindsight explain --decision 812 --minimize -o small.hst t.hst", "a trace for a bug report" },
		{ NULL, NULL },
	},
	.run = run,
};
