// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight dump`: events as text. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/event_writer.h"
#include "cli/kind_list.h"
#include "cli/trace_input.h"
#include "lib/cleanup.h"
#include "lib/units.h"
#include "traces/schema.h"

/* What to show; from and to in ns on the trace's clock once the header is known. */
struct selection {
	hs_kind_set kinds;
	uint64_t from, to;	/* from <= time < to */
	uint32_t pid;		/* 0: all */
	const struct hs_event_format *format;
};

struct dump {
	struct selection selection;
	struct hs_trace_input input;
	struct hs_task_table tasks;
	struct hs_event_writer writer;
};

/* One side of FROM,TO; an empty one leaves *time alone. */
static int parse_side(const char *text, uint64_t *time)
{
	return *text ? hs_parse_duration(text, time) : 0;
}

static int parse_times(const char *text, struct selection *selection)
{
	hs_auto_free char *copy = strdup(text);
	char *comma = copy ? strchr(copy, ',') : NULL;

	if (!comma)
		return hs_usage_error("dump", "--time %s is not FROM,TO", text);
	*comma = '\0';
	if (parse_side(copy, &selection->from) || parse_side(comma + 1, &selection->to))
		return hs_usage_error("dump", "--time %s: times are like 1.5, 250ms or 2m", text);
	if (selection->from > selection->to)
		return hs_usage_error("dump", "--time %s ends before it begins", text);
	return HS_EXIT_OK;
}

static int parse_selection(const struct hs_arguments *arguments, struct selection *selection)
{
	const char *format = hs_option_text(arguments, "format");
	const char *times = hs_option_text(arguments, "time");
	const char *pid = hs_option_text(arguments, "pid");
	struct hs_error err;
	uint64_t number = 0;

	*selection = (struct selection){ .to = UINT64_MAX };
	if (!hs_has_option(arguments, "event"))
		memset(&selection->kinds, 0xff, sizeof(selection->kinds));
	for (size_t i = 0; i < hs_option_count(arguments, "event"); i++)
		if (hs_kind_list_parse(hs_option_at(arguments, "event", i), &selection->kinds, &err))
			return hs_usage_error("dump", "%s", err.text);
	if (pid && hs_parse_u64_in(pid, 1, UINT32_MAX, &number))
		return hs_usage_error("dump", "-p %s is not a process id", pid);
	selection->pid = (uint32_t)number;
	selection->format = hs_event_format_find(format ? format : "text");
	if (!selection->format)
		return hs_usage_error("dump", "unknown format '%s', there are: text, jsonl, csv", format);
	return times ? parse_times(times, selection) : HS_EXIT_OK;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int learn(struct hs_task_table *tasks, const struct hs_run *run)
{
	hs_kind_set telling = hs_task_table_kinds();

	for (size_t i = 0; hs_kind_set_has(&telling, run->kind) && i < run->nr; i++) {
		struct hs_event event = hs_run_event(run, i);

		if (hs_task_table_learn(tasks, &event))
			return -1;
	}
	return 0;
}

/* Names that were introduced before the time the user looks at; a pipe cannot be read twice. */
static int learn_earlier_names(struct dump *dump)
{
	hs_kind_set telling = hs_task_table_kinds();
	struct hs_trace_input earlier;
	struct hs_run run;
	int status;

	if (dump->selection.from == 0 || strcmp(dump->input.path, "-") == 0)
		return HS_EXIT_OK;
	status = hs_trace_open(&earlier, dump->input.arguments, dump->input.path);
	if (status)
		return status;
	hs_trace_select(&earlier, &telling);
	hs_reader_select_time(earlier.reader, 0, dump->selection.from);
	while (status == HS_EXIT_OK && hs_trace_next(&earlier, &run) > 0)
		if (learn(&dump->tasks, &run))
			status = hs_fail_nomem();
	if (status == HS_EXIT_OK)
		status = earlier.status;
	hs_reader_close(earlier.reader);
	return status;
}

/* Narrows the reader to what is shown or needed for that. */
static void select_input(struct dump *dump)
{
	struct selection *selection = &dump->selection;
	uint64_t start = hs_reader_header(dump->input.reader)->start_time;
	hs_kind_set kinds = selection->kinds, telling = hs_task_table_kinds();

	hs_kind_set_add_all(&kinds, &telling);
	hs_trace_select(&dump->input, &kinds);
	selection->from = selection->from ? add_saturated(selection->from, start) : 0;
	selection->to = add_saturated(selection->to, start);
	hs_reader_select_time(dump->input.reader, strcmp(dump->input.path, "-") ? selection->from : 0, selection->to);
}

static int show(struct dump *dump, const struct hs_run *run, struct hs_error *err)
{
	const struct selection *selection = &dump->selection;
	int status = 0;

	if (learn(&dump->tasks, run))
		return hs_error_nomem(err);
	for (size_t i = 0; status == 0 && hs_kind_set_has(&selection->kinds, run->kind) && i < run->nr; i++) {
		struct hs_event event = hs_run_event(run, i);

		if (event.row->time < selection->from)
			continue;
		if (selection->pid && !hs_task_table_concerns(&dump->tasks, event.row, selection->pid))
			continue;
		status = hs_event_writer_add(&dump->writer, &event, err);
	}
	return status;
}

/* Not where the lines themselves are seen, nor behind a pager. */
static bool wants_progress(void)
{
	struct stat info;

	return fstat(STDOUT_FILENO, &info) == 0 && S_ISREG(info.st_mode);
}

static int show_all(struct dump *dump)
{
	const struct hs_header *header = hs_reader_header(dump->input.reader);
	struct hs_error err;
	struct hs_run run;
	int status = hs_event_writer_open(&dump->writer, dump->selection.format, stdout, header,
					  &dump->selection.kinds, &dump->tasks, &err);

	if (status)
		return hs_fail(HS_EXIT_FAILED, &err);
	if (wants_progress())
		hs_trace_show_progress(&dump->input, "dumping");
	while (status == 0 && hs_trace_next(&dump->input, &run) > 0)
		status = show(dump, &run, &err);
	hs_event_writer_close(&dump->writer);
	return status ? hs_fail(HS_EXIT_FAILED, &err) : HS_EXIT_OK;
}

static int run(const struct hs_arguments *arguments)
{
	struct dump dump = { .tasks = { .tasks = { 0 } } };
	int status = parse_selection(arguments, &dump.selection);

	if (status == HS_EXIT_OK)
		status = hs_trace_open(&dump.input, arguments, hs_operand(arguments, 0));
	if (status)
		return status;
	select_input(&dump);
	status = learn_earlier_names(&dump);
	if (status == HS_EXIT_OK)
		status = show_all(&dump);
	hs_task_table_deinit(&dump.tasks);
	return hs_trace_close(&dump.input, status);
}

static const struct hs_option options[] = {
	{ 'e', "event", "KIND,…", true, "only these kinds: names (fault.user), patterns (mm.m*) or sources (collapse)" },
	{ 'p', "pid", "PID", false, "only events of this process or thread, or on the process's address space" },
	{ 0, "time", "FROM,TO", false, "only FROM <= time < TO, from the start; either may be empty (1.5,250ms …)" },
	{ 0, "format", "FORMAT", false, "text (for people, the default), jsonl (exact) or csv (one table)" },
	{ 0, NULL, NULL, false, NULL },
};

const struct hs_command hs_command_dump = {
	.name = "dump",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.reads_trace = true,
	.summary = "a trace's events as text",
	.description = "Prints one event a line, in time order: seconds since the start, command name and process, "
		       "kind, then the kind's columns as name=value. FILE may be - for standard input.",
	.options = options,
	.examples = (const struct hs_example[]){
		{ "hindsight dump -e fault,collapse t.hst | less", "page faults and collapse decisions" },
		{ "hindsight dump -p 1234 --time 1.5,2 t.hst", "one process, half a second" },
		{ "hindsight dump --format jsonl t.hst | jq 'select(.kind == \"mm.mmap\")'", "for other programs" },
		{ NULL, NULL },
	},
	.run = run,
};
