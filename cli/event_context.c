// SPDX-License-Identifier: GPL-2.0-only
#include "cli/event_context.h"

#include <errno.h>
#include <string.h>

#include "cli/event_text.h"
#include "lib/cleanup.h"
#include "lib/vec.h"
#include "traces/reader.h"

enum { FIRST_LOOK_NS = 1000000, LOOK_AHEAD_NS = 1000000000 };
static const uint64_t longest_look_ns = 10000000000ull;

/* The last lines, in a circle. */
struct lines {
	struct hs_text *texts;
	size_t capacity, count;		/* count: ever added */
};

static void add_line(struct lines *lines, const struct hs_event *event, const struct hs_event_style *style)
{
	struct hs_text *text = &lines->texts[lines->count++ % lines->capacity];

	text->used = 0;
	hs_event_add_text(text, event, style);
}

static void put_lines(const struct lines *lines, struct hs_text *out)
{
	size_t first = lines->count > lines->capacity ? lines->count - lines->capacity : 0;

	for (size_t i = first; i < lines->count; i++) {
		const struct hs_text *text = &lines->texts[i % lines->capacity];

		hs_text_add(out, "  ");
		hs_text_add_bytes(out, text->data, text->used);
	}
}

static bool is_about(const struct hs_event *event, const struct hs_decision *decision)
{
	return !event->row->mm || !decision->mm || event->row->mm == decision->mm;
}

/* One look into the trace: from `back` ns before the decision on. */
static int look(const struct hs_event_context *context, const struct hs_decision *decision, uint64_t back,
		struct lines *before, struct hs_text *after, struct hs_error *err)
{
	const struct hs_event_style style = { context->tasks, context->start_time, "", "" };
	uint64_t time = decision->time;
	struct hs_reader *reader;
	struct hs_event event;
	size_t nr_after = 0;
	int status = hs_reader_open(context->path, &reader, err);

	if (status)
		return status;
	before->count = 0;
	after->used = 0;
	hs_reader_select_time(reader, time > back ? time - back : 0, time + LOOK_AHEAD_NS);
	while (nr_after < context->after && (status = hs_reader_next_event(reader, &event, err)) > 0) {
		if (!is_about(&event, decision))
			continue;
		if (event.row->time <= time) {
			add_line(before, &event, &style);
		} else {
			hs_text_add(after, "  ");
			hs_event_add_text(after, &event, &style);
			nr_after++;
		}
	}
	hs_reader_close(reader);
	return status < 0 ? status : 0;
}

int hs_event_context_add(const struct hs_event_context *context, const struct hs_decision *decision,
			 struct hs_text *text, struct hs_error *err)
{
	hs_auto_free struct hs_text *texts = calloc(context->before, sizeof(*texts));
	struct lines before = { .texts = texts, .capacity = context->before };
	struct hs_text after = { 0 };
	int status = texts ? 0 : hs_error_nomem(err);

	for (uint64_t back = FIRST_LOOK_NS; !status && back <= longest_look_ns; back *= 100) {
		status = look(context, decision, back, &before, &after, err);
		if (before.count >= context->before)
			break;
	}
	if (!status) {
		put_lines(&before, text);
		hs_text_add(text, "> the decision\n");
		hs_text_add_bytes(text, after.data, after.used);
	}
	for (size_t i = 0; texts && i < context->before; i++)
		hs_text_deinit(&texts[i]);
	hs_text_deinit(&after);
	return status;
}
