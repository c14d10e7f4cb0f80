// SPDX-License-Identifier: GPL-2.0-only
#include "cli/minimize.h"

#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"
#include "traces/writer.h"

enum { MAX_EVENTS = 4 << 20, MAX_EVENTS_REPLAYED = 1 << 28 };

/* An event of its own: the row and the texts it points to. */
struct kept {
	unsigned int kind;
	void *row;			/* one allocation */
};

typedef HS_VEC(struct kept) kept_list;

struct minimizing {
	struct hs_minimize *what;
	const struct hs_header *header;
	const struct hs_losses *losses;
	kept_list events;
	uint64_t replayed;		/* events so far, over all tries */
	bool is_shown;			/* by the try under way */
	int status;
};

static size_t bytes_of_texts(const struct hs_kind_info *info, const char *row)
{
	size_t bytes = 0;

	for (unsigned int i = 0; i < info->nr_columns; i++)
		if (info->columns[i].type == HS_TYPE_str || info->columns[i].type == HS_TYPE_blob)
			bytes += ((const struct hs_bytes *)(const void *)(row + info->columns[i].offset))->length;
	return bytes;
}

static struct kept copy_event(const struct hs_event *event)
{
	const struct hs_kind_info *info = hs_kind_info(event->kind);
	char *row = malloc(info->row_bytes + bytes_of_texts(info, (const void *)event->row));
	char *text = row ? row + info->row_bytes : NULL;

	if (!row)
		return (struct kept){ event->kind, NULL };
	memcpy(row, event->row, info->row_bytes);
	for (unsigned int i = 0; i < info->nr_columns; i++) {
		struct hs_bytes *bytes = (struct hs_bytes *)(void *)(row + info->columns[i].offset);

		if (info->columns[i].type != HS_TYPE_str && info->columns[i].type != HS_TYPE_blob)
			continue;
		if (bytes->length)
			memcpy(text, bytes->data, bytes->length);
		bytes->data = text;
		text += bytes->length;
	}
	return (struct kept){ event->kind, row };
}

static const struct hs_row *row_of(const struct kept *event)
{
	return event->row;
}

/* Everything up to the decision that the models want. */
static int read_events(struct minimizing *minimizing, struct hs_trace_input *input)
{
	struct hs_run run;

	while (hs_trace_next(input, &run) > 0) {
		for (size_t i = 0; i < run.nr; i++) {
			const struct hs_event event = hs_run_event(&run, i);
			struct kept copy;

			if (event.row->time > minimizing->what->recorded->time)
				return HS_EXIT_OK;
			if (minimizing->events.count == MAX_EVENTS)
				return hs_failf(HS_EXIT_FAILED, "%s: more than %d events stand before the decision; cut "
						"the recording nearer to it", input->path, MAX_EVENTS);
			copy = copy_event(&event);
			if (!copy.row || !hs_vec_push(&minimizing->events, copy)) {
				free(copy.row);
				return hs_fail_nomem();
			}
		}
	}
	return input->status;
}

static void look(void *context, const struct hs_outcome *outcome)
{
	struct minimizing *minimizing = context;
	const struct hs_decision *recorded = minimizing->what->recorded, *modelled = minimizing->what->modelled;

	minimizing->is_shown |= outcome->recorded && outcome->modelled && outcome->recorded->time == recorded->time &&
				outcome->recorded->point == recorded->point && outcome->recorded->mm == recorded->mm &&
				outcome->recorded->subject == recorded->subject &&
				strcmp(outcome->recorded->result, recorded->result) == 0 &&
				strcmp(outcome->modelled->result, modelled->result) == 0 &&
				outcome->modelled->cause == modelled->cause;
}

/* Replays the events without [from, to). */
static bool shows_without(struct minimizing *minimizing, size_t from, size_t to)
{
	const struct hs_engine_setup setup = {
		.mode = HS_MODE_VALIDATE, .header = minimizing->header, .models = minimizing->what->models,
		.policies = minimizing->what->policy, .nr_policies = 1, .losses = minimizing->losses, .outcome = look,
		.context = minimizing,
	};
	struct hs_engine *engine;
	struct hs_error err;
	int status = hs_engine_create(&setup, &engine, &err);

	minimizing->is_shown = false;
	for (size_t i = 0; i < minimizing->events.count && !status; i++) {
		const struct kept *event = &minimizing->events.items[i];
		const struct hs_run run = { .kind = event->kind, .nr = 1, .rows = event->row };

		if (i < from || i >= to)
			status = hs_engine_run(engine, &run, &err);
	}
	minimizing->replayed += minimizing->events.count;
	if (status)
		minimizing->status = hs_fail(HS_EXIT_FAILED, &err);
	else
		hs_engine_destroy(engine);
	return !status && minimizing->is_shown;
}

static void drop(struct minimizing *minimizing, size_t from, size_t to)
{
	kept_list *events = &minimizing->events;

	for (size_t i = from; i < to; i++)
		free(events->items[i].row);
	memmove(events->items + from, events->items + to, (events->count - to) * sizeof(*events->items));
	events->count -= to - from;
}

/* One round over pieces of a size. True: something could go. */
static bool drop_pieces(struct minimizing *minimizing, size_t size)
{
	bool has_dropped = false;

	for (size_t from = 0; from < minimizing->events.count && !minimizing->status;) {
		const size_t to = from + size < minimizing->events.count ? from + size : minimizing->events.count;

		if (minimizing->replayed > MAX_EVENTS_REPLAYED)
			return false;
		if (shows_without(minimizing, from, to)) {
			drop(minimizing, from, to);
			has_dropped = true;
		} else {
			from = to;
		}
	}
	return has_dropped;
}

static void shrink(struct minimizing *minimizing)
{
	size_t size = minimizing->events.count / 2;

	while (size && !minimizing->status && minimizing->replayed <= MAX_EVENTS_REPLAYED) {
		const bool has_dropped = drop_pieces(minimizing, size);

		/* Single events once more as long as that helps; larger pieces only once. */
		if (size > 1 || !has_dropped)
			size /= 2;
	}
}

static int write_events(struct minimizing *minimizing)
{
	const struct hs_writer_options options = { .overwrite = minimizing->what->overwrite };
	struct hs_writer *writer;
	struct hs_error err;
	int status = hs_writer_create(minimizing->what->output, minimizing->header, &options, &writer, &err);

	if (status)
		return hs_fail(HS_EXIT_FAILED, &err);
	hs_vec_for_each(event, &minimizing->events)
		if (!status)
			status = hs_writer_add(writer, event->kind, row_of(event), 1, &err);
	if (status) {
		hs_writer_abandon(writer);
		return hs_fail(HS_EXIT_FAILED, &err);
	}
	return hs_writer_close(writer, &err) ? hs_fail(HS_EXIT_FAILED, &err) : HS_EXIT_OK;
}

static int minimize_events(struct minimizing *minimizing, struct hs_trace_input *input)
{
	int status = read_events(minimizing, input);

	if (status)
		return status;
	minimizing->what->nr_before = minimizing->events.count;
	if (!shows_without(minimizing, 0, 0))
		return minimizing->status ? minimizing->status :
		       hs_failf(HS_EXIT_FAILED, "%s: read once more, the trace does not show the decision", input->path);
	shrink(minimizing);
	minimizing->what->nr_after = minimizing->events.count;
	return minimizing->status ? minimizing->status : write_events(minimizing);
}

int hs_minimize(struct hs_minimize *minimize)
{
	struct minimizing minimizing = { .what = minimize };
	struct hs_engine_setup setup = { .models = minimize->models, .policies = minimize->policy, .nr_policies = 1 };
	struct hs_replay replay;
	int status = hs_replay_open(&replay, minimize->arguments, minimize->path, &setup);

	if (status)
		return status;
	minimize->models = setup.models;
	minimizing.header = setup.header;
	minimizing.losses = &replay.losses;
	status = minimize_events(&minimizing, &replay.input);
	hs_vec_for_each(event, &minimizing.events)
		free(event->row);
	hs_vec_deinit(&minimizing.events);
	/* Stopped early on purpose: what is missing from the trace was said before. */
	hs_engine_destroy(replay.engine);
	hs_losses_deinit(&replay.losses);
	hs_reader_close(replay.input.reader);
	return status;
}
