// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight import`: text and other recorders' traces into a trace file. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/import_format.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "lib/cleanup.h"
#include "traces/writer.h"

struct import {
	const struct hs_arguments *arguments;
	const char *from, *to;		/* paths; "-": standard input, output */
	FILE *in;
	const struct hs_import_format *format;	/* NULL: to be found */
	void *reader;
	struct hs_writer *writer;
	struct hs_progress progress;
	bool is_file;			/* the input's size and position are known */
};

static int open_input(struct import *import, struct hs_error *err)
{
	struct stat info;

	import->in = strcmp(import->from, "-") ? fopen(import->from, "re") : stdin;
	if (!import->in)
		return hs_error_set(err, -errno, "cannot read %s: %s", import->from, strerror(errno));
	if (fstat(fileno(import->in), &info))
		return hs_error_set(err, -errno, "cannot read %s: %s", import->from, strerror(errno));
	if (S_ISDIR(info.st_mode))
		return hs_error_set(err, -EISDIR, "cannot read %s: it is a directory; name a file", import->from);
	import->is_file = S_ISREG(info.st_mode);
	hs_progress_start(&import->progress, import->arguments, "importing", import->is_file ? "bytes" : "events",
			  import->is_file ? (uint64_t)info.st_size : 0);
	if (!import->format)
		import->format = hs_import_format_guess(import->in);
	return import->format->open(import->in, import->from, import->arguments, &import->reader, err);
}

static int copy_events(struct import *import, struct hs_error *err)
{
	struct hs_event event;
	uint64_t count = 0;
	int status;

	while ((status = import->format->next(import->reader, &event, err)) > 0) {
		status = hs_writer_add(import->writer, event.kind, event.row, 1, err);
		if (status == -EINVAL)
			return hs_error_prefix(err, "%s: event %llu", import->from, (unsigned long long)count + 1);
		if (status)
			return status;
		if (++count % 1024 == 0 && import->progress.is_on)
			hs_progress_update(&import->progress, import->is_file ? (uint64_t)ftello(import->in) : count);
	}
	return status;
}

/* What is not complete is not left behind, unless it is no file that could be removed. */
static void discard(struct import *import)
{
	struct stat info;

	hs_writer_abandon(import->writer);
	if (stat(import->to, &info) == 0 && S_ISREG(info.st_mode))
		unlink(import->to);
}

static int write_trace(struct import *import, struct hs_error *err)
{
	bool is_forced = hs_has_option(import->arguments, "force");
	struct hs_writer_options options = { .overwrite = hs_output_may_replace(import->to, is_forced) };
	int status = hs_writer_create(import->to, import->format->header(import->reader), &options, &import->writer, err);

	if (status)
		return status;
	status = copy_events(import, err);
	if (status == 0)
		return hs_writer_close(import->writer, err);
	discard(import);
	return status;
}

static int run(const struct hs_arguments *arguments)
{
	const char *format = hs_option_text(arguments, "format");
	struct import import = {
		.arguments = arguments, .from = hs_operand(arguments, 0), .to = hs_option_text(arguments, "output"),
		.format = format ? hs_import_format_find(format) : NULL,
	};
	struct hs_error err;
	int status;

	if (!import.to)
		return hs_usage_error("import", "-o FILE is missing");
	if (format && !import.format)
		return hs_usage_error("import", "unknown format '%s', there are: %s", format, hs_import_format_names());
	if (strcmp(import.to, "-") == 0 && isatty(STDOUT_FILENO))
		return hs_usage_error("import", "a trace is not for a terminal; name a file or send it into a pipe");
	status = open_input(&import, &err);
	if (status == 0)
		status = write_trace(&import, &err);
	hs_progress_end(&import.progress);
	if (import.reader)
		import.format->close(import.reader);
	if (import.in && import.in != stdin)
		fclose(import.in);
	return status ? hs_fail(HS_EXIT_FAILED, &err) : HS_EXIT_OK;
}

static const struct hs_option options[] = {
	{ 'o', "output", "FILE", false, "the trace to write; - is standard output" },
	{ 0, "format", "FORMAT", false, "what FILE is: jsonl (JSON Lines as 'dump --format jsonl' writes them) or kfd-smi "
	  "(lines of the amdgpu driver's event descriptor); else it is found out" },
	{ 0, "kernel", "RELEASE", false, "kfd-smi: the recorded kernel, as uname -r says: its rules are replayed" },
	{ 'f', "force", NULL, false, "replace an existing file" },
	{ 0, NULL, NULL, false, NULL },
};

const struct hs_command hs_command_import = {
	.name = "import",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "a trace from a text",
	.description = "Reads events as JSON Lines (- is standard input) and writes the same events as a trace. "
		       "'dump --format jsonl' is the exact inverse. Or reads the event lines of AMD's GPU driver, of "
		       "any kernel; lines that are none, and lines that must be missing, count as lost.",
	.options = options,
	.examples = (const struct hs_example[]){
		{ "hindsight import events.jsonl -o t.hst", "a trace written by hand or by another program" },
		{ "hindsight dump --format jsonl a.hst | sed s/secret/other/ | hindsight import - -o b.hst",
		  "change a trace with text tools" },
		{ "hindsight import smi.txt --kernel 6.12.48 -o smi.hst", "what a GPU's driver said" },
		{ NULL, NULL },
	},
	.run = run,
};
