// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight info`: what a trace says about itself, from its header, its index and its meta.lost events. */
#include <string.h>
#include <time.h>

#include "cli/json_text.h"
#include "cli/loss_table.h"
#include "cli/trace_input.h"
#include "lib/text.h"
#include "lib/units.h"
#include "traces/schema.h"

struct facts {
	const char *path;
	const struct hs_header *header;
	struct hs_reader_state state;
	struct hs_loss_table losses;
	uint64_t lost_events;
	uint64_t nr_events;
};

enum { LABEL_COLUMN = 12, KIND_COLUMN = 24, NUMBER_COLUMN = 16 };

static bool is_complete(const struct facts *facts)
{
	return facts->state.has_footer && !facts->state.damaged_chunks && !facts->lost_events;
}

static uint64_t span_ns(const struct facts *facts)
{
	return facts->state.last_time - facts->state.first_time;
}

/* --- JSON --- */

static json_t *json_field(const char *text)
{
	return text ? hs_json_text(text, strlen(text)) : json_null();
}

static json_t *json_number(uint64_t number)
{
	/* JSON numbers of other programs end at 2^63. */
	return json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number);
}

static json_t *json_kinds(const struct facts *facts)
{
	json_t *kinds = json_object();

	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		if (facts->state.nr_events[kind])
			json_object_set_new(kinds, hs_kind_info(kind)->name,
					    json_pack("{s:o, s:o}", "events", json_number(facts->state.nr_events[kind]),
						      "bytes", json_number(facts->state.stored_bytes[kind])));
	return kinds;
}

static json_t *json_losses(const struct facts *facts)
{
	json_t *list = json_array();

	hs_vec_for_each(loss, &facts->losses.losses)
		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o}", "source", loss->source, "cause",
						      loss->cause, "count", json_number(loss->count), "first_time",
						      json_number(loss->first_time), "last_time",
						      json_number(loss->last_time)));
	return list;
}

static json_t *json_rungs(const struct hs_header *header)
{
	json_t *list = json_array();

	hs_vec_for_each(rung, &header->rungs)
		json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "source", json_field(rung->source), "rung",
						      json_field(rung->rung), "detail", json_field(rung->detail)));
	return list;
}

static json_t *json_attributes(const struct hs_header *header)
{
	json_t *list = json_array();

	hs_vec_for_each(attribute, &header->attributes)
		json_array_append_new(list, json_pack("{s:o, s:o}", "key", json_field(attribute->key), "value",
						      json_field(attribute->value)));
	return list;
}

static json_t *json_host(const struct hs_header *header)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kernel", json_field(header->kernel),
			 "kernel_version", json_field(header->kernel_version), "arch", json_field(header->arch),
			 "hostname", json_field(header->hostname), "variant", json_field(header->variant), "cpus",
			 json_number(header->nr_cpus), "page_bytes", json_number(header->page_bytes),
			 "huge_page_bytes", json_number(header->huge_page_bytes), "block_bytes",
			 json_number(header->block_bytes), "boot_wall", json_number(header->boot_wall));
}

static int print_json(const struct facts *facts)
{
	const struct hs_reader_state *state = &facts->state;
	const struct hs_header *header = facts->header;
	json_t *root = json_pack("{s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "file",
				 json_field(facts->path), "complete", is_complete(facts), "has_footer", state->has_footer,
				 "file_bytes", json_number(state->file_bytes), "chunks", json_number(state->nr_chunks),
				 "cut_bytes", json_number(state->cut_bytes), "events", json_number(facts->nr_events),
				 "lost_events", json_number(facts->lost_events), "first_time",
				 json_number(state->first_time), "last_time", json_number(state->last_time), "unknown_events",
				 json_number(state->unknown_kinds));
	json_t *more = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "command",
				 json_field(header->command), "clock", json_field(header->clock), "start_time",
				 json_number(header->start_time), "wall_offset", json_number(header->wall_offset), "time_step",
				 json_number(header->time_step), "host", json_host(header), "rungs", json_rungs(header),
				 "attributes", json_attributes(header), "kinds", json_kinds(facts), "losses",
				 json_losses(facts));
	bool is_made = root && more && json_object_update(root, more) == 0;

	json_decref(more);
	if (!is_made) {
		json_decref(root);
		root = NULL;
	}
	return hs_json_print(root);
}

/* --- text --- */

static void add_label(struct hs_text *text, const char *label)
{
	size_t from = text->used;

	hs_text_add(text, label);
	hs_text_pad(text, from, LABEL_COLUMN);
}

static void add_field(struct hs_text *text, const char *before, const char *field)
{
	if (!field || !*field)
		return;
	hs_text_add(text, before);
	hs_text_add_printable(text, field, strlen(field));
}

/* Right-aligned, the number's last digit in front of the next column. */
static void add_right(struct hs_text *text, const char *number, size_t width)
{
	for (size_t length = strlen(number); length < width; length++)
		hs_text_add_char(text, ' ');
	hs_text_add(text, number);
}

static void add_wall_time(struct hs_text *text, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	char buffer[64];
	struct tm parts;

	if (!gmtime_r(&seconds, &parts) || !strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S UTC", &parts))
		return;
	hs_text_add(text, buffer);
}

static void add_origin(struct hs_text *text, const struct hs_header *header)
{
	char count[HS_UNITS_TEXT];

	add_label(text, "recorded");
	if (header->wall_offset)
		add_wall_time(text, header->start_time + header->wall_offset);
	else
		hs_text_add(text, "at an unknown time");
	add_field(text, " on ", header->hostname);
	add_field(text, "\nkernel      ", header->kernel);
	add_field(text, " ", header->arch);
	if (header->nr_cpus) {
		hs_text_add(text, ", CPUs: ");
		hs_text_add(text, hs_format_count(header->nr_cpus, count));
	}
	add_field(text, ", rules of ", header->variant);
	add_field(text, "\ncommand     ", header->command);
	hs_text_add_char(text, '\n');
}

static void add_amounts(struct hs_text *text, const struct facts *facts)
{
	char buffer[HS_UNITS_TEXT];

	add_label(text, "span");
	hs_text_add(text, hs_format_duration(span_ns(facts), buffer));
	add_field(text, ", clock ", facts->header->clock);
	if (facts->header->time_step > 1) {
		hs_text_add(text, ", steps of ");
		hs_text_add(text, hs_format_duration(facts->header->time_step, buffer));
	}
	hs_text_add_char(text, '\n');
	add_label(text, "size");
	hs_text_add(text, hs_format_bytes(facts->state.file_bytes, buffer));
	hs_text_add(text, ", events: ");
	hs_text_add(text, hs_format_count(facts->nr_events, buffer));
	if (facts->nr_events) {
		snprintf(buffer, sizeof(buffer), "%.2f", (double)facts->state.file_bytes / (double)facts->nr_events);
		hs_text_add(text, ", bytes per event: ");
		hs_text_add(text, buffer);
	}
	hs_text_add_char(text, '\n');
}

static void add_completeness(struct hs_text *text, const struct facts *facts)
{
	char count[HS_UNITS_TEXT];

	add_label(text, "complete");
	hs_text_add(text, is_complete(facts) ? "yes" : "no");
	if (facts->lost_events) {
		hs_text_add(text, ", events lost: ");
		hs_text_add(text, hs_format_count(facts->lost_events, count));
	}
	if (!facts->state.has_footer) {
		hs_text_add(text, ", cut or not ended cleanly, bytes behind the last whole chunk: ");
		hs_text_add(text, hs_format_count(facts->state.cut_bytes, count));
	}
	hs_text_add_char(text, '\n');
}

/* What a rung cannot see, a line for each; the recorder separates them by semicolons. */
static void add_detail(struct hs_text *text, const char *detail)
{
	while (detail && *detail) {
		size_t length = strcspn(detail, ";");

		hs_text_add(text, "\n            ");
		hs_text_add_printable(text, detail, length);
		detail += length;
		detail += strspn(detail, "; ");
	}
}

static void add_rungs(struct hs_text *text, const struct hs_header *header)
{
	if (header->rungs.count)
		hs_text_add(text, "\nsource      recorded by\n");
	hs_vec_for_each(rung, &header->rungs) {
		size_t from = text->used;

		add_field(text, "", rung->source);
		hs_text_pad(text, from, LABEL_COLUMN);
		add_field(text, "", rung->rung);
		add_detail(text, rung->detail);
		hs_text_add_char(text, '\n');
	}
}

static void add_kinds(struct hs_text *text, const struct facts *facts)
{
	char buffer[HS_UNITS_TEXT];

	hs_text_add(text, "\nkind                              events           bytes  bytes/event\n");
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		uint64_t events = facts->state.nr_events[kind], bytes = facts->state.stored_bytes[kind];
		size_t from = text->used;

		if (!events)
			continue;
		hs_text_add(text, hs_kind_info(kind)->name);
		hs_text_pad(text, from, KIND_COLUMN);
		add_right(text, hs_format_count(events, buffer), NUMBER_COLUMN);
		add_right(text, hs_format_count(bytes, buffer), NUMBER_COLUMN);
		snprintf(buffer, sizeof(buffer), "%13.2f\n", (double)bytes / (double)events);
		hs_text_add(text, buffer);
	}
}

static void add_since(struct hs_text *text, const struct hs_header *header, uint64_t time)
{
	char buffer[HS_UNITS_TEXT];

	hs_text_add(text, hs_format_duration(time > header->start_time ? time - header->start_time : 0, buffer));
}

static void add_losses(struct hs_text *text, const struct facts *facts)
{
	char buffer[HS_UNITS_TEXT];

	if (facts->losses.losses.count)
		hs_text_add(text, "\nlost from   cause                 events   between (from the start)\n");
	hs_vec_for_each(loss, &facts->losses.losses) {
		size_t from = text->used;

		hs_text_add(text, loss->source);
		hs_text_pad(text, from, LABEL_COLUMN);
		from = text->used;
		hs_text_add(text, loss->cause);
		hs_text_pad(text, from, LABEL_COLUMN);
		add_right(text, hs_format_count(loss->count, buffer), NUMBER_COLUMN);
		hs_text_add(text, "   ");
		add_since(text, facts->header, loss->first_time);
		hs_text_add(text, " and ");
		add_since(text, facts->header, loss->last_time);
		hs_text_add_char(text, '\n');
	}
}

static int print_text(const struct facts *facts)
{
	struct hs_text text = { 0 };
	struct hs_error err;
	int status;

	add_label(&text, "trace");
	add_field(&text, "", facts->path);
	hs_text_add_char(&text, '\n');
	add_origin(&text, facts->header);
	add_amounts(&text, facts);
	add_completeness(&text, facts);
	add_rungs(&text, facts->header);
	add_kinds(&text, facts);
	add_losses(&text, facts);
	status = hs_text_write(&text, stdout, "standard output", &err);
	hs_text_deinit(&text);
	return status ? hs_fail(HS_EXIT_FAILED, &err) : HS_EXIT_OK;
}

static int collect(struct hs_trace_input *input, struct facts *facts)
{
	hs_kind_set none = { { 0 } };
	struct hs_run run;

	/* The losses alone are read; all other numbers are in the index. */
	hs_trace_select(input, &none);
	while (hs_trace_next(input, &run) > 0)
		for (size_t i = 0; i < run.nr; i++)
			if (hs_loss_table_add(&facts->losses, (const struct hs_meta_lost *)run.rows + i))
				return hs_fail_nomem();
	hs_reader_get_state(input->reader, &facts->state);
	facts->lost_events = input->lost_events;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		facts->nr_events += facts->state.nr_events[kind];
	return input->status;
}

static int run(const struct hs_arguments *arguments)
{
	const char *path = hs_operand(arguments, 0);
	struct facts facts = { .path = path };
	struct hs_trace_input input;
	int status = hs_trace_open(&input, arguments, path);

	if (status)
		return status;
	facts.header = hs_reader_header(input.reader);
	status = collect(&input, &facts);
	if (status == HS_EXIT_OK)
		status = hs_has_option(arguments, "json") ? print_json(&facts) : print_text(&facts);
	hs_loss_table_deinit(&facts.losses);
	return hs_trace_close(&input, status);
}

const struct hs_command hs_command_info = {
	.name = "info",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.reads_trace = true,
	.summary = "where a trace comes from and what is in it",
	.description = "Prints the recorded host, the sources and how each was recorded, the time span, events and "
		       "bytes of each kind, and what was lost. Reads the header, the index and the losses only: "
		       "damage inside chunks is found by 'validate'.",
	.options = (const struct hs_option[]){
		{ 0, "json", NULL, false, "as one JSON object" },
		{ 0, NULL, NULL, false, NULL },
	},
	.examples = (const struct hs_example[]){
		{ "hindsight info t.hst", "look at a recording" },
		{ "hindsight info --json t.hst | jq .lost_events", "ask for one number" },
		{ NULL, NULL },
	},
	.run = run,
};
