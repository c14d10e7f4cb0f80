// SPDX-License-Identifier: GPL-2.0-only
#include "cli/event_text.h"

#include <string.h>

#include "traces/column.h"

enum { SECONDS_COLUMN = 5, TASK_COLUMN = 20, KIND_COLUMN = 20, NS_DIGITS = 9 };
static const uint64_t second_ns = 1000000000;

static void add_time(struct hs_text *text, uint64_t time, uint64_t start)
{
	uint64_t distance = time >= start ? time - start : start - time;
	uint64_t seconds = distance / second_ns;
	size_t width = 1;

	for (uint64_t rest = seconds; rest >= 10; rest /= 10)
		width++;
	while (width++ < SECONDS_COLUMN)
		hs_text_add_char(text, ' ');
	hs_text_add_char(text, time >= start ? ' ' : '-');
	hs_text_add_u64(text, seconds);
	hs_text_add_char(text, '.');
	hs_text_add_digits(text, distance % second_ns, NS_DIGITS);
	hs_text_add_bytes(text, "  ", 2);
}

/* "name/pid", "#id" of a task that was not introduced, "-" for none. */
static void add_task(struct hs_text *text, uint32_t id, const struct hs_task_table *tasks)
{
	const struct hs_task *task = id ? hs_task_table_find(tasks, id) : NULL;
	size_t from = text->used;

	if (task) {
		hs_text_add(text, task->name);
		hs_text_add_char(text, '/');
		hs_text_add_u64(text, task->pid);
	} else if (id) {
		hs_text_add_char(text, '#');
		hs_text_add_u64(text, id);
	} else {
		hs_text_add_char(text, '-');
	}
	hs_text_pad(text, from, TASK_COLUMN);
}

/* Between quotes; a quote inside is \x22. */
static void add_quoted(struct hs_text *text, const char *at, size_t length)
{
	const char *end = at + length;

	hs_text_add_char(text, '"');
	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		const char *stop = quote ? quote : end;

		hs_text_add_printable(text, at, (size_t)(stop - at));
		if (quote)
			hs_text_add(text, "\\x22");
		at = stop + (quote != NULL);
	}
	hs_text_add_char(text, '"');
}

static uint64_t count_bits(const struct hs_bytes *bytes)
{
	const unsigned char *data = bytes->data;
	uint64_t count = 0;

	for (uint32_t i = 0; i < bytes->length; i++)
		count += (uint64_t)__builtin_popcount(data[i]);
	return count;
}

static void add_bytes(struct hs_text *text, const struct hs_column_info *column, const struct hs_bytes *bytes)
{
	if (column->unit == HS_UNIT_result) {
		hs_text_add_printable(text, bytes->data, bytes->length);
	} else if (column->type == HS_TYPE_str) {
		add_quoted(text, bytes->data, bytes->length);
	} else if (column->unit == HS_UNIT_bitmap) {
		hs_text_add_u64(text, count_bits(bytes));
	} else {
		hs_text_add_u64(text, bytes->length);
		hs_text_add(text, "_bytes");
	}
}

static void add_field(struct hs_text *text, const struct hs_column_info *column, const void *row)
{
	hs_text_add_char(text, ' ');
	hs_text_add(text, column->name);
	hs_text_add_char(text, '=');
	if (hs_type_is_bytes(column->type))
		add_bytes(text, column, hs_column_bytes(column, row));
	else
		hs_column_add_number(text, column, row);
}

void hs_event_add_text(struct hs_text *text, const struct hs_event *event, const struct hs_event_style *style)
{
	const struct hs_kind_info *info = hs_kind_info(event->kind);
	size_t from;

	add_time(text, event->row->time, style->start_time);
	add_task(text, event->row->task, style->tasks);
	hs_text_add(text, style->kind_colour);
	from = text->used;
	hs_text_add(text, info->name);
	hs_text_pad(text, from, KIND_COLUMN);
	hs_text_add(text, style->plain);
	/* time and task are shown already */
	for (unsigned int i = 2; i < info->nr_columns; i++)
		add_field(text, &info->columns[i], event->row);
	hs_text_add_char(text, '\n');
}
