// SPDX-License-Identifier: GPL-2.0-only
#include "cli/import_format.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "traces/import_kfd_smi.h"
#include "traces/jsonl.h"

static int open_jsonl(FILE *in, const char *name, const struct hs_arguments *arguments, void **reader,
		      struct hs_error *err)
{
	(void)arguments;
	return hs_jsonl_reader_open(in, name, (struct hs_jsonl_reader **)reader, err);
}

static const struct hs_header *jsonl_header(const void *reader)
{
	return hs_jsonl_reader_header(reader);
}

static int next_jsonl(void *reader, struct hs_event *event, struct hs_error *err)
{
	return hs_jsonl_reader_next(reader, event, err);
}

static void close_jsonl(void *reader)
{
	hs_jsonl_reader_close(reader);
}

/* What is said about lines that are no events. */
struct refusals {
	const struct hs_arguments *arguments;
	const char *name;
	uint64_t first_line;	/* 0: none */
	struct hs_error first;
};

static void refuse_line(void *context, uint64_t line, const struct hs_error *why)
{
	struct refusals *refusals = context;

	hs_notef(refusals->arguments, 1, "%s:%llu: %s", refusals->name, (unsigned long long)line, why->text);
	if (refusals->first_line)
		return;
	refusals->first_line = line;
	refusals->first = *why;
}

static void report_kfd_smi(const struct refusals *refusals, const struct hs_smi_reader *reader)
{
	struct hs_smi_totals totals;

	hs_smi_reader_totals(reader, &totals);
	if (totals.refused)
		hs_notef(refusals->arguments, 0, "%s: %llu of %llu lines are no events and count as lost, the first is line "
			 "%llu: %s%s", refusals->name, (unsigned long long)totals.refused, (unsigned long long)totals.lines,
			 (unsigned long long)refusals->first_line, refusals->first.text,
			 totals.refused > 1 ? "; -v shows all" : "");
	if (totals.unpaired)
		hs_notef(refusals->arguments, 0, "%s: lines that must be missing, by what began and ended: %llu; they count as "
			 "lost", refusals->name, (unsigned long long)totals.unpaired);
	if (totals.is_mixed)
		hs_notef(refusals->arguments, 0, "%s: lines of different kernels; give each its own file", refusals->name);
}

static int open_kfd_smi(FILE *in, const char *name, const struct hs_arguments *arguments, void **reader,
			struct hs_error *err)
{
	struct refusals refusals = { .arguments = arguments, .name = name };
	const struct hs_smi_options options = {
		.kernel = hs_option_text(arguments, "kernel"), .refused = refuse_line, .context = &refusals,
	};
	int error = hs_smi_reader_open(in, name, &options, (struct hs_smi_reader **)reader, err);

	if (!error)
		report_kfd_smi(&refusals, *reader);
	else if (refusals.first_line && error == -EINVAL)
		hs_error_set(err, -EINVAL, "%s:%llu: %s", name, (unsigned long long)refusals.first_line,
			     refusals.first.text);
	return error;
}

static const struct hs_header *kfd_smi_header(const void *reader)
{
	return hs_smi_reader_header(reader);
}

static int next_kfd_smi(void *reader, struct hs_event *event, struct hs_error *err)
{
	(void)err;
	return hs_smi_reader_next(reader, event);
}

static void close_kfd_smi(void *reader)
{
	hs_smi_reader_close(reader);
}

static const struct hs_import_format formats[] = {
	{ "jsonl", open_jsonl, jsonl_header, next_jsonl, close_jsonl },
	{ "kfd-smi", open_kfd_smi, kfd_smi_header, next_kfd_smi, close_kfd_smi },
};

const struct hs_import_format *hs_import_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const char *hs_import_format_names(void)
{
	return "jsonl, kfd-smi";
}

/* The first byte behind comments and empty lines; EOF: there is none. */
static int first_byte(FILE *in)
{
	int c;

	while ((c = getc(in)) != EOF) {
		if (c == '#')
			while ((c = getc(in)) != EOF && c != '\n')
				continue;
		if (!isspace(c))
			return c;
	}
	return EOF;
}

/* A line of JSON begins with a brace, one of the driver with the number of its event. */
const struct hs_import_format *hs_import_format_guess(FILE *in)
{
	int c;

	if (fseeko(in, 0, SEEK_CUR) == 0) {
		c = first_byte(in);
		rewind(in);
	} else {
		c = getc(in);
		ungetc(c, in);
	}
	return c != EOF && isxdigit(c) ? &formats[1] : &formats[0];
}
