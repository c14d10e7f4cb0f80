// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight export`: a trace for other tools. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/event_writer.h"
#include "cli/output.h"
#include "cli/trace_input.h"
#include "lib/cleanup.h"

/* One output file: the whole trace, or one kind of it. */
struct target {
	char *path;
	FILE *out;
	struct hs_event_writer writer;
};

struct export {
	const struct hs_arguments *arguments;
	const char *output;			/* file or folder */
	const struct hs_event_format *format;
	bool is_split;				/* a file per kind */
	struct hs_trace_input input;
	struct target targets[HS_NR_KINDS];	/* by kind; only the first is used unless is_split */
};

static int open_target(struct export *export, unsigned int kind, struct target *target, struct hs_error *err)
{
	bool replace = hs_has_option(export->arguments, "force");
	hs_kind_set kinds = { { 0 } };
	int status, length;

	length = export->is_split ?
		 asprintf(&target->path, "%s/%s.%s", export->output, hs_kind_info(kind)->name, export->format->name) :
		 asprintf(&target->path, "%s", export->output);
	if (length < 0) {
		target->path = NULL;
		return hs_error_nomem(err);
	}
	hs_kind_set_add(&kinds, kind);
	status = hs_output_open(target->path, replace, &target->out, err);
	if (status)
		return status;
	status = hs_event_writer_open(&target->writer, export->format, target->out,
				      hs_reader_header(export->input.reader), &kinds, NULL, err);
	if (status)
		hs_output_close(target->out, target->path, status, NULL);
	if (status)
		target->out = NULL;
	return status;
}

static int write_run(struct export *export, const struct hs_run *run, struct hs_error *err)
{
	struct target *target = &export->targets[export->is_split ? run->kind : 0];
	int status = target->out ? 0 : open_target(export, run->kind, target, err);

	for (size_t i = 0; status == 0 && i < run->nr; i++) {
		struct hs_event event = hs_run_event(run, i);

		status = hs_event_writer_add(&target->writer, &event, err);
	}
	return status;
}

/* Every file is closed, also after an error, which removes it. */
static int close_targets(struct export *export, int status, struct hs_error *err)
{
	for (unsigned int i = 0; i < HS_NR_KINDS; i++) {
		struct target *target = &export->targets[i];

		if (target->out) {
			hs_event_writer_close(&target->writer);
			status = hs_output_close(target->out, target->path, status, err);
		}
		free(target->path);
	}
	return status;
}

static int make_folder(const char *path, struct hs_error *err)
{
	struct stat info;

	if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
		return 0;
	return hs_error_set(err, -errno, "cannot make the folder %s: %s", path, strerror(errno));
}

static int write_all(struct export *export)
{
	struct hs_error err;
	struct hs_run run;
	int status = export->is_split ? make_folder(export->output, &err) :
					open_target(export, 0, &export->targets[0], &err);

	hs_trace_show_progress(&export->input, "exporting");
	while (status == 0 && hs_trace_next(&export->input, &run) > 0)
		status = write_run(export, &run, &err);
	/* A read error, already reported, must not leave files that look complete. */
	if (status == 0 && export->input.status) {
		close_targets(export, -EIO, &err);
		return HS_EXIT_FAILED;
	}
	status = close_targets(export, status, &err);
	return status ? hs_fail(HS_EXIT_FAILED, &err) : HS_EXIT_OK;
}

static int run(const struct hs_arguments *arguments)
{
	const char *format = hs_option_text(arguments, "format");
	struct export export = { .arguments = arguments, .output = hs_option_text(arguments, "output") };
	int status;

	if (!format || !export.output)
		return hs_usage_error("export", "%s is missing", format ? "-o OUT" : "--format FORMAT");
	export.is_split = strcmp(format, "csv") == 0;
	if (!export.is_split && strcmp(format, "jsonl") != 0)
		return hs_usage_error("export", "unknown format '%s', there are: csv, jsonl", format);
	if (export.is_split && strcmp(export.output, "-") == 0)
		return hs_usage_error("export", "csv goes to a folder; one table on standard output is 'dump --format csv'");
	export.format = hs_event_format_find(format);
	status = hs_trace_open(&export.input, arguments, hs_operand(arguments, 0));
	if (status == HS_EXIT_OK)
		status = hs_trace_close(&export.input, write_all(&export));
	return status;
}

static const struct hs_option options[] = {
	{ 0, "format", "FORMAT", false, "csv (a folder with one table per kind) or jsonl (one file, exact)" },
	{ 'o', "output", "OUT", false, "where to: a folder for csv; a file or - for jsonl" },
	{ 'f', "force", NULL, false, "replace existing files" },
	{ 0, NULL, NULL, false, NULL },
};

const struct hs_command hs_command_export = {
	.name = "export",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.reads_trace = true,
	.summary = "a trace for other tools",
	.description = "Writes all events of a trace in a form that other tools read. Columns have the names and "
		       "units of the trace's own schema.",
	.options = options,
	.examples = (const struct hs_example[]){
		{ "hindsight export --format csv -o tables t.hst", "tables/fault.user.csv and so on, for a data frame" },
		{ "hindsight export --format jsonl -o t.jsonl t.hst", "what 'import' reads" },
		{ NULL, NULL },
	},
	.run = run,
};
