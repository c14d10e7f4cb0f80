// SPDX-License-Identifier: GPL-2.0-only
#include "cli/event_writer.h"

#include <string.h>

#include "cli/terminal.h"
#include "traces/jsonl.h"

static int add_text(struct hs_event_writer *writer, const struct hs_event *event, struct hs_error *err)
{
	hs_event_add_text(&writer->line, event, &writer->style);
	return hs_text_write(&writer->line, writer->out, "the events", err);
}

static int begin_csv(struct hs_event_writer *writer, const struct hs_header *header, struct hs_error *err)
{
	(void)header;
	return hs_csv_open(writer->out, &writer->kinds, &writer->csv, err);
}

static int add_csv(struct hs_event_writer *writer, const struct hs_event *event, struct hs_error *err)
{
	return hs_csv_write_event(writer->csv, event, err);
}

static int begin_jsonl(struct hs_event_writer *writer, const struct hs_header *header, struct hs_error *err)
{
	return hs_jsonl_write_header(writer->out, header, err);
}

static int add_jsonl(struct hs_event_writer *writer, const struct hs_event *event, struct hs_error *err)
{
	return hs_jsonl_write_event(writer->out, event, err);
}

static const struct hs_event_format formats[] = {
	{ "text", NULL, add_text },
	{ "jsonl", begin_jsonl, add_jsonl },
	{ "csv", begin_csv, add_csv },
};

const struct hs_event_format *hs_event_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

int hs_event_writer_open(struct hs_event_writer *writer, const struct hs_event_format *format, FILE *out,
			 const struct hs_header *header, const hs_kind_set *kinds, const struct hs_task_table *tasks,
			 struct hs_error *err)
{
	int status;

	*writer = (struct hs_event_writer){
		.format = format, .out = out, .kinds = *kinds,
		.style = { tasks, header->start_time, hs_colour(out, HS_COLOUR_BOLD), hs_colour(out, HS_COLOUR_PLAIN) },
	};
	status = format->begin ? format->begin(writer, header, err) : 0;
	if (status)
		hs_event_writer_close(writer);
	return status;
}

int hs_event_writer_add(struct hs_event_writer *writer, const struct hs_event *event, struct hs_error *err)
{
	return writer->format->add(writer, event, err);
}

void hs_event_writer_close(struct hs_event_writer *writer)
{
	hs_text_deinit(&writer->line);
	hs_csv_close(writer->csv);
}
