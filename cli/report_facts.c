// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_facts.h"

#include "cli/study.h"

#include <stdio.h>
#include <string.h>

#include "cli/loss_table.h"
#include "cli/trace_input.h"
#include "lib/units.h"
#include "traces/schema.h"

void hs_report_facts_deinit(struct hs_report_facts *facts)
{
	hs_table_destroy(facts->about);
	hs_table_destroy(facts->rungs);
	hs_table_destroy(facts->losses);
	hs_table_destroy(facts->kinds);
	hs_task_table_deinit(&facts->tasks);
	free(facts->kernel);
}

static void add_fact(struct hs_table *table, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	hs_table_text(table, "%s", name);
	hs_table_text(table, "%s", value);
}

static void add_number(struct hs_table *table, const char *name, const char *value, bool is_known)
{
	add_fact(table, name, is_known ? value : "unknown");
}

static struct hs_table *list_about(const struct hs_report_facts *facts, const struct hs_header *header,
				   const struct hs_reader_state *state)
{
	struct hs_table *table = hs_table_create("recording");
	char number[HS_UNITS_TEXT];

	hs_table_add_column(table, "fact", "");
	hs_table_add_column(table, "value", "");
	add_fact(table, "file", facts->path);
	add_fact(table, "kernel", header->kernel);
	add_fact(table, "kernel build", header->kernel_version);
	add_fact(table, "rules of", header->variant);
	add_fact(table, "architecture", header->arch);
	add_fact(table, "host", header->hostname);
	add_fact(table, "command", header->command);
	add_fact(table, "time span", hs_format_duration(state->last_time - facts->start_time, number));
	add_fact(table, "events", hs_format_count(facts->nr_events, number));
	add_fact(table, "file size", hs_format_bytes(state->file_bytes, number));
	snprintf(number, sizeof(number), "%u", header->nr_cpus);
	add_number(table, "CPUs", number, header->nr_cpus);
	add_number(table, "page size", hs_format_bytes(header->page_bytes, number), header->page_bytes);
	add_number(table, "huge page size", hs_format_bytes(header->huge_page_bytes, number), header->huge_page_bytes);
	return table;
}

static struct hs_table *list_rungs(const struct hs_header *header)
{
	struct hs_table *table = hs_table_create("how each source was recorded");

	hs_table_add_column(table, "source", "");
	hs_table_add_column(table, "rung", "");
	hs_table_add_column(table, "detail", "");
	hs_vec_for_each(rung, &header->rungs) {
		hs_table_text(table, "%s", rung->source);
		hs_table_text(table, "%s", rung->rung);
		hs_table_text(table, "%s", rung->detail ? rung->detail : "");
		if (strcmp(rung->rung, "none") == 0)
			hs_table_mark_row(table, HS_ROW_SKIPPED);
	}
	return table;
}

static struct hs_table *list_losses(const struct hs_report_facts *facts, const struct hs_loss_table *losses)
{
	struct hs_table *table = hs_table_create("lost events");

	hs_table_add_column(table, "source", "");
	hs_table_add_column(table, "cause", "");
	hs_table_add_column(table, "events", "events");
	hs_table_add_column(table, "from", "ns");
	hs_table_add_column(table, "to", "ns");
	hs_vec_for_each(loss, &losses->losses) {
		hs_table_text(table, "%s", loss->source);
		hs_table_text(table, "%s", loss->cause);
		hs_table_count(table, loss->count);
		hs_table_ns(table, loss->first_time > facts->start_time ? loss->first_time - facts->start_time : 0);
		hs_table_ns(table, loss->last_time > facts->start_time ? loss->last_time - facts->start_time : 0);
		hs_table_mark_row(table, HS_ROW_FAILED);
	}
	return table;
}

static struct hs_table *list_kinds(const struct hs_reader_state *state)
{
	struct hs_table *table = hs_table_create("events by kind");

	hs_table_add_column(table, "kind", "");
	hs_table_add_column(table, "events", "events");
	hs_table_add_column(table, "stored", "bytes");
	hs_table_add_column(table, "meaning", "");
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		if (!state->nr_events[kind])
			continue;
		hs_table_text(table, "%s", hs_kind_info(kind)->name);
		hs_table_count(table, state->nr_events[kind]);
		hs_table_bytes(table, state->stored_bytes[kind]);
		hs_table_text(table, "%s", hs_kind_info(kind)->text);
	}
	return table;
}

static int read_events(struct hs_report_facts *facts, struct hs_trace_input *input, struct hs_loss_table *losses)
{
	hs_kind_set kinds = hs_task_table_kinds();
	struct hs_run run;

	hs_trace_select(input, &kinds);
	while (hs_trace_next(input, &run) > 0)
		for (size_t i = 0; i < run.nr; i++) {
			struct hs_event event = hs_run_event(&run, i);

			if (hs_task_table_learn(&facts->tasks, &event) ||
			    (event.kind == HS_KIND_meta_lost && hs_loss_table_add(losses, event.meta_lost)))
				return hs_fail_nomem();
		}
	facts->lost_events = input->lost_events;
	return input->status;
}

static int take_header(struct hs_report_facts *facts, struct hs_reader *reader, const struct hs_loss_table *losses)
{
	const struct hs_header *header = hs_reader_header(reader);
	struct hs_reader_state state;

	hs_reader_get_state(reader, &state);
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		facts->nr_events += state.nr_events[kind];
	facts->kernel = strdup(header->kernel ? header->kernel : "");
	facts->page_bytes = header->page_bytes ? header->page_bytes : 4096;
	facts->start_time = header->start_time ? header->start_time : state.first_time;
	facts->last_time = state.last_time;
	facts->damaged_chunks = state.damaged_chunks;
	facts->has_footer = state.has_footer;
	facts->about = list_about(facts, header, &state);
	facts->rungs = list_rungs(header);
	facts->losses = list_losses(facts, losses);
	facts->kinds = list_kinds(&state);
	return facts->kernel ? HS_EXIT_OK : hs_fail_nomem();
}

int hs_report_facts_read(struct hs_report_facts *facts, const struct hs_arguments *arguments, const char *path)
{
	struct hs_loss_table losses = { 0 };
	struct hs_trace_input input;
	int status;

	*facts = (struct hs_report_facts){ .path = path };
	status = hs_trace_open(&input, arguments, path);
	if (status)
		return status;
	status = read_events(facts, &input, &losses);
	if (!status)
		status = take_header(facts, input.reader, &losses);
	hs_loss_table_deinit(&losses);
	hs_reader_close(input.reader);
	return status;
}

const char *hs_report_process_name(void *context, uint32_t mm)
{
	struct hs_report_facts *facts = context;

	return hs_study_process_name(&facts->tasks, mm);
}
