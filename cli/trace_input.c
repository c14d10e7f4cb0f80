// SPDX-License-Identifier: GPL-2.0-only
#include "cli/trace_input.h"

#include <string.h>

#include "lib/units.h"

int hs_trace_open(struct hs_trace_input *input, const struct hs_arguments *arguments, const char *path)
{
	struct hs_error err;

	*input = (struct hs_trace_input){ .arguments = arguments, .path = path };
	memset(&input->kinds, 0xff, sizeof(input->kinds));
	if (hs_reader_open(path, &input->reader, &err))
		return hs_fail(HS_EXIT_FAILED, &err);
	return HS_EXIT_OK;
}

void hs_trace_select(struct hs_trace_input *input, const hs_kind_set *kinds)
{
	input->kinds = *kinds;
	hs_kind_set_add(&input->kinds, HS_KIND_meta_lost);
	hs_reader_select_kinds(input->reader, &input->kinds);
}

void hs_trace_show_progress(struct hs_trace_input *input, const char *verb)
{
	struct hs_reader_state state;
	uint64_t total = 0;

	hs_reader_get_state(input->reader, &state);
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		if (hs_kind_set_has(&input->kinds, kind))
			total += state.nr_events[kind];
	hs_progress_start(&input->progress, input->arguments, verb, "events", total);
}

static void count_losses(struct hs_trace_input *input, const struct hs_run *run)
{
	const struct hs_meta_lost *rows = run->rows;

	for (size_t i = 0; i < run->nr; i++)
		input->lost_events += rows[i].count;
}

int hs_trace_next(struct hs_trace_input *input, struct hs_run *run)
{
	struct hs_error err;
	int status = hs_reader_next(input->reader, run, &err);

	if (status < 0) {
		input->status = hs_fail(HS_EXIT_FAILED, &err);
		return status;
	}
	input->is_at_end = status == 0;
	if (status == 0)
		return 0;
	if (run->kind == HS_KIND_meta_lost)
		count_losses(input, run);
	input->events += run->nr;
	hs_progress_update(&input->progress, input->events);
	return 1;
}

/* Says what is missing; true if anything is. */
static bool report_gaps(const struct hs_trace_input *input)
{
	const struct hs_arguments *arguments = input->arguments;
	struct hs_reader_state state;
	char count[HS_UNITS_TEXT];

	hs_reader_get_state(input->reader, &state);
	if (input->lost_events)
		hs_notef(arguments, 0, "%s: %s events are missing from it ('hindsight info' lists why)", input->path,
			 hs_format_count(input->lost_events, count));
	if (state.damaged_chunks)
		hs_notef(arguments, 0, "%s: %s damaged chunks were skipped; take the trace from its source again",
			 input->path, hs_format_count(state.damaged_chunks, count));
	if (!state.has_footer && !state.cut_bytes)
		hs_notef(arguments, 0, "%s: cut, or its recording did not end cleanly; all its chunks were read",
			 input->path);
	else if (!state.has_footer)
		hs_notef(arguments, 0, "%s: cut, or its recording did not end cleanly; read up to its last whole "
			 "chunk, %s bytes behind it were not", input->path, hs_format_count(state.cut_bytes, count));
	if (state.unknown_kinds)
		hs_notef(arguments, 1, "%s: %s events of kinds that this version does not know were skipped",
			 input->path, hs_format_count(state.unknown_kinds, count));
	return input->lost_events || state.damaged_chunks || !state.has_footer;
}

int hs_trace_close(struct hs_trace_input *input, int status)
{
	hs_progress_end(&input->progress);
	if (input->status)
		status = input->status;
	else if (status == HS_EXIT_OK && input->is_at_end && report_gaps(input) &&
		 hs_has_option(input->arguments, "strict"))
		status = HS_EXIT_INCOMPLETE;
	hs_reader_close(input->reader);
	input->reader = NULL;
	return status;
}
