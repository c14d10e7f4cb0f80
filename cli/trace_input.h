/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TRACE_INPUT_H
#define HS_TRACE_INPUT_H
/*
 * A trace as a command reads it: opened with a sentence where that fails, read with progress, closed with
 * one line on stderr for each thing that is missing from it, and exit status 5 for that under --strict.
 *
 *   struct hs_trace_input input;
 *   struct hs_run run;
 *   int status = hs_trace_open(&input, arguments, hs_operand(arguments, 0));
 *
 *   if (status)
 *           return status;
 *   hs_trace_select(&input, &kinds);
 *   hs_trace_show_progress(&input, "replaying");
 *   while ((status = hs_trace_next(&input, &run)) > 0)
 *           …
 *   return hs_trace_close(&input, status);
 */
#include "cli/command.h"
#include "cli/progress.h"
#include "traces/reader.h"
#include "traces/schema.h"

/* The run's row i as an event; valid as long as the run. */
static inline struct hs_event hs_run_event(const struct hs_run *run, size_t i)
{
	const char *rows = run->rows;

	return (struct hs_event){ .kind = run->kind,
				  .row = (const void *)(rows + i * hs_kind_info(run->kind)->row_bytes) };
}

struct hs_trace_input {
	struct hs_reader *reader;	/* may be used directly before the first hs_trace_next */
	const struct hs_arguments *arguments;
	const char *path;
	uint64_t events;		/* read so far */
	uint64_t lost_events;		/* sum of the meta.lost events read so far */
	hs_kind_set kinds;		/* selected */
	struct hs_progress progress;
	int status;			/* HS_EXIT_FAILED after a read error */
	bool is_at_end;			/* hs_trace_next has returned 0 */
};

/* HS_EXIT_OK, or an exit status with the sentence already printed. arguments and path are borrowed. */
int hs_trace_open(struct hs_trace_input *input, const struct hs_arguments *arguments, const char *path);

/* Kinds that the command wants; meta.lost comes in any case. Default: all. */
void hs_trace_select(struct hs_trace_input *input, const hs_kind_set *kinds);

/* From here on hs_trace_next keeps the progress line. verb is borrowed: "replaying". */
void hs_trace_show_progress(struct hs_trace_input *input, const char *verb);

/* 1 and a run, valid until the next call; 0 at the end; -errno with the sentence already printed. */
int hs_trace_next(struct hs_trace_input *input, struct hs_run *run);

/*
 * Closes. status is the command's own so far. Unless it is an error, or the command stopped early: says on
 * stderr what is missing from the trace, and returns HS_EXIT_INCOMPLETE for it under --strict. A read error
 * gives HS_EXIT_FAILED.
 */
int hs_trace_close(struct hs_trace_input *input, int status);

#endif
