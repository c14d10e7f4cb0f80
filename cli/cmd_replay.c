// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/decision_file.h"
#include "analysis/decision_tables.h"
#include "analysis/gate.h"
#include "cli/command.h"
#include "cli/policy_file.h"
#include "cli/replay_run.h"
#include "cli/scenario_file.h"

struct replaying {
	const struct hs_arguments *arguments;
	struct hs_engine_setup setup;
	const char **models;		/* owned; NULL: all */
	struct hs_policy policy;
	struct hs_replay replay;
	struct hs_tally *tally;
	struct hs_decision_writer *writer;	/* NULL: no -o */
	struct hs_gate gate;
	struct hs_error err;		/* of the outcome callback; code 0: none */
};

static void take_outcome(void *context, const struct hs_outcome *outcome)
{
	struct replaying *replaying = context;

	hs_tally_add(replaying->tally, outcome);
	if (replaying->writer && !replaying->err.code)
		hs_decision_writer_add(replaying->writer, outcome, &replaying->err);
}

/* --- what the user asked for ------------------------------------------------------------------- */

static int read_policy(struct replaying *replaying)
{
	const struct hs_arguments *arguments = replaying->arguments;
	const char *file = hs_option_text(arguments, "policy");
	struct hs_error err;

	if (hs_policy_init(&replaying->policy, file ? file : "recorded"))
		return hs_fail_nomem();
	for (size_t i = 0; i < hs_option_count(arguments, "policy"); i++)
		if (hs_policy_load(&replaying->policy, hs_option_at(arguments, "policy", i), &err))
			return hs_fail(HS_EXIT_FAILED, &err);
	for (size_t i = 0; i < hs_option_count(arguments, "set"); i++)
		if (hs_policy_set_text(&replaying->policy, hs_option_at(arguments, "set", i), &err))
			return hs_usage_error("replay", "--set: %s", err.text);
	return hs_scenario_apply(&replaying->policy, arguments);
}

static int read_options(struct replaying *replaying)
{
	const struct hs_arguments *arguments = replaying->arguments;
	const char *gate = hs_option_text(arguments, "fail-on");
	struct hs_error err;

	if (hs_mode_parse(hs_option_text(arguments, "mode"), &replaying->setup.mode, &err))
		return hs_usage_error("replay", "--mode: %s", err.text);
	if (hs_model_list_parse(hs_option_text(arguments, "model"), &replaying->models, &err))
		return hs_usage_error("replay", "--model: %s", err.text);
	if (gate && hs_gate_parse(gate, &replaying->gate, &err))
		return hs_usage_error("replay", "--fail-on: %s", err.text);
	replaying->setup.is_echo = hs_has_option(arguments, "echo");
	replaying->setup.check_each = hs_has_option(arguments, "check");
	if (replaying->setup.is_echo && replaying->setup.mode == HS_MODE_WHATIF)
		return hs_usage_error("replay", "--echo repeats recorded decisions: only with --mode validate");
	return read_policy(replaying);
}

/* --- the run ------------------------------------------------------------------------------------ */

static int open_writer(struct replaying *replaying)
{
	const char *path = hs_option_text(replaying->arguments, "output");
	struct hs_decision_file_setup setup = {
		.header = replaying->setup.header, .mode = replaying->setup.mode, .policies = &replaying->policy,
		.nr_policies = 1, .overwrite = hs_has_option(replaying->arguments, "force"),
	};
	struct hs_error err;

	if (path && hs_decision_writer_create(path, &setup, &replaying->writer, &err))
		return hs_fail(HS_EXIT_FAILED, &err);
	return HS_EXIT_OK;
}

static int open_all(struct replaying *replaying)
{
	const char *name = replaying->policy.name;
	struct hs_tally_setup tally = { .policies = &name, .nr_policies = 1 };
	struct hs_error err;
	int status;

	replaying->setup.models = replaying->models;
	replaying->setup.policies = &replaying->policy;
	replaying->setup.nr_policies = 1;
	replaying->setup.outcome = take_outcome;
	replaying->setup.context = replaying;
	status = hs_replay_open(&replaying->replay, replaying->arguments, hs_operand(replaying->arguments, 0),
				&replaying->setup);
	if (status)
		return status;
	tally.start_time = replaying->setup.header->start_time;
	if (hs_tally_create(&tally, &replaying->tally, &err))
		status = hs_fail(HS_EXIT_FAILED, &err);
	else
		status = open_writer(replaying);
	return status ? hs_replay_close(&replaying->replay, status) : HS_EXIT_OK;
}

static uint64_t end_of_run(const struct hs_run *run)
{
	const char *last = (const char *)run->rows + (run->nr - 1) * hs_kind_info(run->kind)->row_bytes;

	return ((const struct hs_row *)(const void *)last)->time;
}

static int run_events(struct replaying *replaying)
{
	struct hs_replay *replay = &replaying->replay;
	int more;

	hs_trace_show_progress(&replay->input, "replaying");
	while ((more = hs_replay_next(replay)) > 0) {
		hs_tally_set_chunk(replaying->tally, replay->run.chunk);
		if (replaying->writer && !replaying->err.code)
			hs_decision_writer_flush(replaying->writer, end_of_run(&replay->run), &replaying->err);
		if (replaying->err.code)
			return hs_fail(HS_EXIT_FAILED, &replaying->err);
	}
	if (more < 0)
		return HS_EXIT_FAILED;
	if (hs_tally_status(replaying->tally, &replaying->err))
		return hs_fail(HS_EXIT_FAILED, &replaying->err);
	return HS_EXIT_OK;
}

struct summary_context {
	struct hs_tally *tally;
	const char *model;
};

static void add_summary(void *context, const char *name, double value)
{
	const struct summary_context *to = context;

	hs_tally_add_summary(to->tally, 0, to->model, name, value);
}

/* Contradictions of the trace: the first few as sentences under -v, else their number. */
static void report_problems(const struct replaying *replaying, const struct hs_model_ops *ops, struct hs_model *model)
{
	bool is_verbose = hs_verbosity(replaying->arguments) > 0;
	uint64_t nr = ops->problems(model, is_verbose ? stderr : NULL);

	if (nr)
		hs_notef(replaying->arguments, 0, "%s: %llu events contradict what was known%s", ops->name,
			 (unsigned long long)nr, is_verbose ? "" : "; -v shows the first");
}

static void finish_models(struct replaying *replaying)
{
	for (size_t i = 0; hs_models[i]; i++) {
		struct summary_context context = { replaying->tally, hs_models[i]->name };
		struct hs_model *model = hs_engine_model(replaying->replay.engine, hs_models[i]->name, 0);

		if (model && hs_models[i]->summarize)
			hs_models[i]->summarize(model, add_summary, &context);
		if (model && hs_models[i]->problems)
			report_problems(replaying, hs_models[i], model);
	}
}

/* --- the answer ---------------------------------------------------------------------------------- */

enum { MAX_TABLES = 9 };

static int judge(struct replaying *replaying, struct hs_table **table)
{
	const char *name = replaying->policy.name;
	struct hs_metrics metrics;
	struct hs_error err;
	int failed;

	if (hs_metrics_collect(replaying->tally, 0, &metrics))
		return hs_fail_nomem();
	failed = hs_gate_judge(&replaying->gate, &name, &metrics, 1, table, &err);
	hs_metrics_deinit(&metrics);
	if (failed < 0)
		return hs_usage_error("replay", "--fail-on: %s", err.text);
	return failed ? HS_EXIT_GATE : HS_EXIT_OK;
}

static int make_tables(struct replaying *replaying, struct hs_table **tables, size_t *nr)
{
	bool is_validate = replaying->setup.mode == HS_MODE_VALIDATE;
	int status = HS_EXIT_OK;

	tables[(*nr)++] = is_validate ? hs_table_agreement(replaying->tally, HS_ALL_POLICIES) :
				      hs_table_results(replaying->tally);
	tables[(*nr)++] = is_validate ? hs_table_pairs(replaying->tally, 0) : hs_table_bases(replaying->tally);
	if (is_validate) {
		tables[(*nr)++] = hs_table_causes(replaying->tally, HS_ALL_POLICIES);
		tables[(*nr)++] = hs_table_divergences(replaying->tally, HS_ALL_POLICIES);
	}
	tables[(*nr)++] = hs_table_costs(replaying->tally);
	tables[(*nr)++] = hs_table_summaries(replaying->tally);
	for (size_t i = 0; i < *nr; i++)
		if (hs_table_status(tables[i]))
			return hs_fail_nomem();
	if (replaying->gate.text)
		status = judge(replaying, &tables[(*nr)++]);
	return status;
}

/* Empty tables are left out, but for the first: no decision is an answer too. */
static void print_tables(const struct replaying *replaying, struct hs_table *const *tables, size_t nr)
{
	struct hs_table *shown[MAX_TABLES] = { tables[0] };
	bool is_json = hs_has_option(replaying->arguments, "json");
	size_t nr_shown = 1;

	for (size_t i = 1; i < nr; i++)
		if (is_json || hs_table_nr_rows(tables[i]))
			shown[nr_shown++] = tables[i];
	hs_tables_render(shown, nr_shown, is_json ? HS_TABLE_JSON : HS_TABLE_TEXT, stdout);
}

static int answer(struct replaying *replaying)
{
	struct hs_table *tables[MAX_TABLES] = { NULL };
	size_t nr = 0;
	int status;

	finish_models(replaying);
	status = make_tables(replaying, tables, &nr);
	if (status == HS_EXIT_OK || status == HS_EXIT_GATE)
		print_tables(replaying, tables, nr);
	for (size_t i = 0; i < nr; i++)
		hs_table_destroy(tables[i]);
	return status;
}

static int close_writer(struct replaying *replaying, int status)
{
	struct hs_error err;
	struct hs_decision_writer *writer = replaying->writer;

	replaying->writer = NULL;
	if (writer && hs_decision_writer_close(writer, &err) && status == HS_EXIT_OK)
		return hs_fail(HS_EXIT_FAILED, &err);
	return status;
}

static int replay_trace(struct replaying *replaying)
{
	int status = open_all(replaying);

	if (status)
		return close_writer(replaying, status);
	status = close_writer(replaying, run_events(replaying));
	if (status == HS_EXIT_OK)
		status = answer(replaying);
	return hs_replay_close(&replaying->replay, status);
}

static int run(const struct hs_arguments *arguments)
{
	struct replaying replaying = { .arguments = arguments };
	int status = read_options(&replaying);

	if (status == HS_EXIT_OK)
		status = replay_trace(&replaying);
	hs_tally_destroy(replaying.tally);
	hs_gate_deinit(&replaying.gate);
	hs_policy_deinit(&replaying.policy);
	free(replaying.models);
	return status;
}

static const struct hs_option options[] = {
	{ 'm', "model", "MODEL,…", false, "models to run, with those they stand on (default: all with events)" },
	{ 'P', "policy", "FILE", true, "policy in INI form: a section per model; later files win" },
	{ 's', "set", "KEY=VALUE", true, "one key of the policy, as collapse.max_ptes_none=64" },
	HS_SCENARIO_OPTION,
	{ 0, "mode", "MODE", false, "validate (default): judge recorded decisions; whatif: run free" },
	{ 'o', "output", "FILE", false, "write all decisions to a file (.hsd)" },
	{ 'f', "force", NULL, false, "replace an existing output file" },
	{ 0, "fail-on", "TESTS", false, "exit with 3 if any is true, as agreement.exact<100,disagree>0" },
	{ 0, "echo", NULL, false, "repeat the recorded decisions instead of modelling them: must agree fully" },
	{ 0, "check", NULL, false, "check the models' invariants after every event (slow)" },
	{ 0, "json", NULL, false, "all tables as one JSON object" },
	{ 0, NULL, NULL, false, NULL },
};

const struct hs_command hs_command_replay = {
	.name = "replay",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.reads_trace = true,
	.summary = "run models over a trace",
	.description = "Replays a trace through models of the kernel's own logic. In validate each recorded decision is "
		       "decided anew from the state built so far and compared; in whatif the models decide on their "
		       "own, under the policy given. Tunables that the policy does not set are the recorded ones.",
	.options = options,
	.examples = (const struct hs_example[]){
		{ "hindsight replay t.hst", "does the model decide what the kernel decided?" },
		{ "hindsight replay --mode whatif -s collapse.max_ptes_none=0 t.hst", "another setting" },
		{ "hindsight replay -m collapse --fail-on 'agreement.exact<100' t.hst", "a gate for CI" },
		{ NULL, NULL },
	},
	.run = run,
};
