// SPDX-License-Identifier: GPL-2.0-only
#include "cli/replay_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A decision can only be called unknown if its loss, written later, is known already. A pipe has but one pass. */
static int look_ahead(struct hs_replay *replay, const struct hs_arguments *arguments, const char *path)
{
	hs_kind_set none = { { 0 } };
	struct hs_trace_input input;
	struct hs_error err;
	struct hs_run run;
	int status = hs_trace_open(&input, arguments, path);

	if (status)
		return status;
	hs_trace_select(&input, &none);
	while (!status && hs_trace_next(&input, &run) > 0)
		for (size_t i = 0; i < run.nr && !status; i++)
			if (hs_losses_add(&replay->losses, (const struct hs_meta_lost *)run.rows + i, &err))
				status = hs_fail(HS_EXIT_FAILED, &err);
	if (!status)
		status = input.status;
	hs_reader_close(input.reader);
	return status;
}

/* Models may want to know what the recording learnt later of things that were so before. */
static int foresee(struct hs_replay *replay, const struct hs_arguments *arguments, const char *path)
{
	const hs_kind_set kinds = hs_engine_foreseen(replay->engine);
	struct hs_trace_input input;
	struct hs_run run;
	bool is_empty = true;
	int status;

	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		is_empty &= !hs_kind_set_has(&kinds, kind);
	status = is_empty ? HS_EXIT_OK : hs_trace_open(&input, arguments, path);
	if (is_empty || status)
		return status;
	hs_trace_select(&input, &kinds);
	while (hs_trace_next(&input, &run) > 0)
		if (hs_kind_set_has(&kinds, run.kind))
			hs_engine_foresee(replay->engine, &run);
	status = input.status;
	hs_reader_close(input.reader);
	return status;
}

/* Has the file, by its chunks' headers, any event that the model is about? Snapshots and tunables are background. */
static bool has_events_for(const struct hs_reader_state *state, const struct hs_model_ops *ops)
{
	hs_kind_set kinds = ops->kinds();

	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		if (hs_kind_set_has(&kinds, kind) && state->nr_events[kind] &&
		    hs_kind_info(kind)->source != HS_SOURCE_META && strncmp(hs_kind_info(kind)->name, "snap.", 5) != 0)
			return true;
	return false;
}

/* All models that the trace has events for; without an index (a pipe, a cut file) all. */
static const char *const *default_models(const struct hs_replay *replay)
{
	static const char *names[64];
	struct hs_reader_state state;
	uint64_t total = 0;
	size_t nr = 0;

	hs_reader_get_state(replay->input.reader, &state);
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		total += state.nr_events[kind];
	for (size_t i = 0; hs_models[i] && nr + 1 < sizeof(names) / sizeof(*names); i++)
		if (!hs_models[i]->is_by_name && (!total || has_events_for(&state, hs_models[i])))
			names[nr++] = hs_models[i]->name;
	/* Nothing to replay is for the tables to say. */
	if (!nr)
		names[nr++] = "null";
	names[nr] = NULL;
	return names;
}

int hs_replay_open(struct hs_replay *replay, const struct hs_arguments *arguments, const char *path,
		   struct hs_engine_setup *setup)
{
	bool is_pipe = strcmp(path, "-") == 0;
	struct hs_error err;
	hs_kind_set kinds;
	int status;

	*replay = (struct hs_replay){ .engine = NULL };
	hs_losses_init(&replay->losses);
	status = is_pipe ? HS_EXIT_OK : look_ahead(replay, arguments, path);
	if (!status)
		status = hs_trace_open(&replay->input, arguments, path);
	if (status) {
		hs_losses_deinit(&replay->losses);
		return status;
	}
	setup->header = hs_reader_header(replay->input.reader);
	setup->losses = is_pipe ? NULL : &replay->losses;
	if (!setup->models)
		setup->models = default_models(replay);
	if (hs_engine_create(setup, &replay->engine, &err)) {
		status = hs_fail(HS_EXIT_FAILED, &err);
		return hs_replay_close(replay, status);
	}
	status = is_pipe ? HS_EXIT_OK : foresee(replay, arguments, path);
	if (status)
		return hs_replay_close(replay, status);
	kinds = hs_engine_kinds(replay->engine);
	hs_trace_select(&replay->input, &kinds);
	return HS_EXIT_OK;
}

int hs_replay_next(struct hs_replay *replay)
{
	struct hs_error err;
	int status = hs_trace_next(&replay->input, &replay->run);

	if (status < 0)
		return status;
	if (status > 0 && replay->before_run)
		replay->before_run(replay->context, hs_run_event(&replay->run, 0).row->time);
	if (status > 0)
		status = hs_engine_run(replay->engine, &replay->run, &err);
	else if (!(status = hs_engine_finish(replay->engine, &err)))
		return 0;
	if (!status)
		return 1;
	hs_error_prefix(&err, "%s: chunk %llu", replay->input.path, (unsigned long long)replay->run.chunk);
	hs_fail(HS_EXIT_FAILED, &err);
	return status;
}

int hs_replay_close(struct hs_replay *replay, int status)
{
	hs_engine_destroy(replay->engine);
	hs_losses_deinit(&replay->losses);
	return hs_trace_close(&replay->input, status);
}

static int report_unknown(const char *name, struct hs_error *err)
{
	char known[256] = "";

	for (size_t i = 0; hs_models[i]; i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", i ? ", " : "", hs_models[i]->name);
	return hs_error_set(err, -ENOENT, "unknown model '%s', there are: %s", name, known);
}

int hs_model_list_parse(const char *text, const char ***list, struct hs_error *err)
{
	size_t nr = 0, length = text ? strlen(text) : 0;
	const char **names;
	char *copy, *name;

	*list = NULL;
	if (!text)
		return 0;
	/* At most every second character is a name; the texts stand behind the pointers. */
	names = malloc((length / 2 + 2) * sizeof(*names) + length + 1);
	if (!names)
		return hs_error_nomem(err);
	copy = (char *)(names + length / 2 + 2);
	memcpy(copy, text, length + 1);
	while ((name = strsep(&copy, ","))) {
		if (!hs_model_find(name)) {
			report_unknown(name, err);
			free(names);
			return -ENOENT;
		}
		names[nr++] = name;
	}
	names[nr] = NULL;
	*list = names;
	return 0;
}

int hs_mode_parse(const char *text, enum hs_mode *mode, struct hs_error *err)
{
	if (text && strcmp(text, "validate") != 0 && strcmp(text, "whatif") != 0)
		return hs_error_set(err, -EINVAL, "unknown mode '%s', there are: validate, whatif", text);
	*mode = text && strcmp(text, "whatif") == 0 ? HS_MODE_WHATIF : HS_MODE_VALIDATE;
	return 0;
}
