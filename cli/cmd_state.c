// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/policy_file.h"
#include "cli/scenario_file.h"
#include "cli/replay_run.h"
#include "lib/units.h"

struct stating {
	const struct hs_arguments *arguments;
	const struct hs_model_ops *ops;
	struct hs_policy policy;
	struct hs_replay replay;
	uint64_t until;			/* ns since the start of the trace; UINT64_MAX: to its end */
};

static int print_state(const struct stating *stating)
{
	struct hs_model *model = hs_engine_model(stating->replay.engine, stating->ops->name, 0);
	int error = stating->ops->dump(model, stdout);

	return error ? hs_failf(HS_EXIT_FAILED, "cannot write the state: write error") : HS_EXIT_OK;
}

static int print_step(const struct stating *stating, const struct hs_event *event)
{
	printf("{\"time\": %llu, \"kind\": \"%s\", \"state\":\n", (unsigned long long)event->row->time,
	       hs_kind_info(event->kind)->name);
	if (print_state(stating))
		return HS_EXIT_FAILED;
	return printf("}\n") < 0 ? hs_failf(HS_EXIT_FAILED, "cannot write the state: write error") : HS_EXIT_OK;
}

/* One event at a time through the engine. 1: go on; 0: the time is reached; -1: failed, already reported. */
static int take_event(struct stating *stating, const struct hs_run *run, size_t i)
{
	struct hs_event event = hs_run_event(run, i);
	struct hs_run single = { .kind = run->kind, .nr = 1, .rows = event.row, .chunk = run->chunk };
	uint64_t start = hs_reader_header(stating->replay.input.reader)->start_time;
	struct hs_error err;

	if (stating->until != UINT64_MAX && event.row->time > start + stating->until)
		return 0;
	if (hs_engine_run(stating->replay.engine, &single, &err)) {
		hs_fail(HS_EXIT_FAILED, &err);
		return -1;
	}
	if (hs_has_option(stating->arguments, "each") && print_step(stating, &event))
		return -1;
	return 1;
}

static int run_events(struct stating *stating)
{
	struct hs_run run;
	int more = 1;

	hs_trace_show_progress(&stating->replay.input, "replaying");
	while (more == 1 && hs_trace_next(&stating->replay.input, &run) > 0)
		for (size_t i = 0; i < run.nr && more == 1; i++)
			more = take_event(stating, &run, i);
	if (more < 0 || stating->replay.input.status)
		return HS_EXIT_FAILED;
	return hs_has_option(stating->arguments, "each") ? HS_EXIT_OK : print_state(stating);
}

static int read_options(struct stating *stating)
{
	const struct hs_arguments *arguments = stating->arguments;
	const char *name = hs_option_text(arguments, "model"), *at = hs_option_text(arguments, "at");
	struct hs_error err;

	if (!name)
		return hs_usage_error("state", "-m MODEL is missing");
	stating->ops = hs_model_find(name);
	if (!stating->ops)
		return hs_usage_error("state", "unknown model '%s'", name);
	if (at && hs_parse_duration(at, &stating->until))
		return hs_usage_error("state", "--at %s: times are like 1.5, 250ms or 2m", at);
	if (hs_policy_init(&stating->policy, "recorded"))
		return hs_fail_nomem();
	for (size_t i = 0; i < hs_option_count(arguments, "set"); i++)
		if (hs_policy_set_text(&stating->policy, hs_option_at(arguments, "set", i), &err))
			return hs_usage_error("state", "--set: %s", err.text);
	return hs_scenario_apply(&stating->policy, arguments);
}

static int run(const struct hs_arguments *arguments)
{
	struct stating stating = { .arguments = arguments, .until = UINT64_MAX };
	int status = read_options(&stating);

	if (status == HS_EXIT_OK) {
		const char *const models[] = { stating.ops->name, NULL };
		struct hs_engine_setup setup = {
			.mode = HS_MODE_VALIDATE, .models = models, .policies = &stating.policy, .nr_policies = 1,
		};

		status = hs_replay_open(&stating.replay, arguments, hs_operand(arguments, 0), &setup);
		if (status == HS_EXIT_OK)
			status = hs_replay_close(&stating.replay, run_events(&stating));
	}
	hs_policy_deinit(&stating.policy);
	return status;
}

const struct hs_command hs_command_state = {
	.name = "state",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.reads_trace = true,
	.summary = "what a model knows at a time",
	.description = "Replays a trace and prints a model's whole state as JSON: at its end, at a time, or after every "
		       "event. Equal states print equal bytes.",
	.options = (const struct hs_option[]){
		{ 'm', "model", "MODEL", false, "whose state" },
		{ 's', "set", "KEY=VALUE", true, "one key of the policy" },
		HS_SCENARIO_OPTION,
		{ 0, "at", "TIME", false, "since the start of the trace: 1.5, 250ms (default: its end)" },
		{ 0, "each", NULL, false, "after every event, with its time and kind" },
		{ 0, NULL, NULL, false, NULL },
	},
	.examples = (const struct hs_example[]){
		{ "hindsight state -m address_space t.hst", "mappings and pages at the end" },
		{ "hindsight state -m address_space --at 1.5 t.hst | jq '.mms[].mm'", "who was alive" },
		{ NULL, NULL },
	},
	.run = run,
};
