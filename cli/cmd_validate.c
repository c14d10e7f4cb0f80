// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight validate`: is the file whole, and is its event stream one that a recorder may write? */
#include <inttypes.h>
#include <string.h>

#include "cli/json_text.h"
#include "cli/terminal.h"
#include "cli/trace_input.h"
#include "lib/units.h"
#include "traces/legality.h"

struct outcome {
	const struct hs_arguments *arguments;
	const char *path;
	uint64_t start_time, events, lost_events;
	struct hs_reader_state state;
	struct hs_legality *legality;
	uint64_t nr_broken;	/* rules */
};

static const struct hs_legality_problem *broken(const struct outcome *outcome, unsigned int rule)
{
	const struct hs_legality_problem *problem = hs_legality_problem(outcome->legality, (enum hs_legality_rule)rule);

	return problem->count ? problem : NULL;
}

static const char *verdict_of(const struct outcome *outcome)
{
	if (outcome->nr_broken)
		return "illegal";
	if (outcome->state.damaged_chunks)
		return "damaged";
	return outcome->state.has_footer && !outcome->lost_events ? "valid" : "incomplete";
}

static void print_problem(const struct outcome *outcome, unsigned int rule, const struct hs_legality_problem *problem)
{
	char count[HS_UNITS_TEXT];

	printf("  %s (%s), first: %s%s%s at %.9f s, chunk %" PRIu64 "\n",
	       hs_legality_text((enum hs_legality_rule)rule), hs_format_count(problem->count, count),
	       hs_kind_info(problem->kind)->name, problem->column ? " column " : "",
	       problem->column ? problem->column : "", ((double)problem->time - (double)outcome->start_time) / 1e9,
	       problem->chunk);
}

static void print_text(const struct outcome *outcome)
{
	const struct hs_reader_state *state = &outcome->state;
	bool is_good = !outcome->nr_broken && !state->damaged_chunks;
	char text[HS_UNITS_TEXT];

	printf("%s%s%s: %s events in %" PRIu64 " chunks\n",
	       hs_colour(stdout, is_good ? HS_COLOUR_GREEN : HS_COLOUR_RED), verdict_of(outcome),
	       hs_colour(stdout, HS_COLOUR_PLAIN), hs_format_count(outcome->events, text), state->nr_chunks);
	if (state->damaged_chunks)
		printf("  damaged chunks: %s\n", hs_format_count(state->damaged_chunks, text));
	if (!state->has_footer)
		printf("  cut, or the recording did not end cleanly; bytes behind the last whole chunk: %s\n",
		       hs_format_count(state->cut_bytes, text));
	if (outcome->lost_events)
		printf("  events lost: %s\n", hs_format_count(outcome->lost_events, text));
	if (state->unknown_kinds)
		printf("  events of kinds that this version does not know: %s\n",
		       hs_format_count(state->unknown_kinds, text));
	for (unsigned int rule = 0; rule < HS_NR_LEGALITY_RULES; rule++)
		if (broken(outcome, rule))
			print_problem(outcome, rule, broken(outcome, rule));
}

static json_t *json_problems(const struct outcome *outcome)
{
	json_t *list = json_array();

	for (unsigned int rule = 0; rule < HS_NR_LEGALITY_RULES; rule++) {
		const struct hs_legality_problem *problem = broken(outcome, rule);

		if (problem)
			json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:s?, s:I, s:I}", "rule",
							      hs_legality_text((enum hs_legality_rule)rule), "count",
							      (json_int_t)problem->count, "kind",
							      hs_kind_info(problem->kind)->name, "column", problem->column,
							      "time", (json_int_t)problem->time, "chunk",
							      (json_int_t)problem->chunk));
	}
	return list;
}

static int print_json(const struct outcome *outcome)
{
	const struct hs_reader_state *state = &outcome->state;

	return hs_json_print(json_pack("{s:o, s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:o}", "file",
				       hs_json_text(outcome->path, strlen(outcome->path)), "verdict",
				       verdict_of(outcome), "events", (json_int_t)outcome->events, "chunks",
				       (json_int_t)state->nr_chunks, "has_footer", state->has_footer, "cut_bytes",
				       (json_int_t)state->cut_bytes, "damaged_chunks", (json_int_t)state->damaged_chunks,
				       "lost_events", (json_int_t)outcome->lost_events, "unknown_events",
				       (json_int_t)state->unknown_kinds, "problems", json_problems(outcome)));
}

static int check_stream(struct hs_trace_input *input, struct outcome *outcome)
{
	struct hs_run run;

	hs_trace_show_progress(input, "checking");
	while (hs_trace_next(input, &run) > 0)
		if (hs_legality_check(outcome->legality, &run))
			return hs_fail_nomem();
	hs_legality_finish(outcome->legality);
	hs_reader_get_state(input->reader, &outcome->state);
	outcome->events = input->events;
	outcome->lost_events = input->lost_events;
	for (unsigned int rule = 0; rule < HS_NR_LEGALITY_RULES; rule++)
		outcome->nr_broken += broken(outcome, rule) != NULL;
	hs_progress_end(&input->progress);
	return input->status;
}

static int judge(const struct outcome *outcome)
{
	int status = HS_EXIT_OK;

	if (hs_has_option(outcome->arguments, "json"))
		status = print_json(outcome);
	else if (hs_verbosity(outcome->arguments) >= 0)
		print_text(outcome);
	if (status == HS_EXIT_OK && (outcome->nr_broken || outcome->state.damaged_chunks))
		status = HS_EXIT_FAILED;
	return status;
}

static int run(const struct hs_arguments *arguments)
{
	struct outcome outcome = { .arguments = arguments, .path = hs_operand(arguments, 0) };
	struct hs_trace_input input;
	int status = hs_trace_open(&input, arguments, outcome.path);

	if (status)
		return status;
	outcome.start_time = hs_reader_header(input.reader)->start_time;
	status = hs_legality_create(hs_reader_header(input.reader), &outcome.legality) ? hs_fail_nomem() :
											   check_stream(&input, &outcome);
	if (status == HS_EXIT_OK)
		status = judge(&outcome);
	hs_legality_destroy(outcome.legality);
	return hs_trace_close(&input, status);
}

const struct hs_command hs_command_validate = {
	.name = "validate",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.reads_trace = true,
	.summary = "whether a trace is whole and its events are legal",
	.description = "Reads every byte: checksums, order of time, ids introduced before use and never reused, "
		       "snapshots bracketed, ranges and values as the schema lists them. Prints a verdict (valid, "
		       "incomplete, damaged, illegal) and, for each broken rule, how often and where first. Exit "
		       "status 1 for damaged or illegal; incomplete is 0, or 5 under --strict.",
	.options = (const struct hs_option[]){
		{ 0, "json", NULL, false, "as one JSON object" },
		{ 0, NULL, NULL, false, NULL },
	},
	.examples = (const struct hs_example[]){
		{ "hindsight validate t.hst", "after copying a trace from another machine" },
		{ "hindsight validate --strict -q t.hst || echo do not use it", "in a script" },
		{ NULL, NULL },
	},
	.run = run,
};
