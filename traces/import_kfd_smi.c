// SPDX-License-Identifier: GPL-2.0-only
#include "traces/import_kfd_smi.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "traces/kfd_smi.h"
#include "traces/smi_links.h"

enum { LINE_ROOM = 512 };	/* of a line that is looked at; the driver's are shorter */
#define NO_TIME UINT64_MAX

struct entry {
	struct hs_kfd_smi_event event;
	uint64_t line;
};

/* Lines that could not be read, between two that could. */
struct gap {
	size_t behind;		/* entries before it */
	uint64_t count;
};

struct hs_smi_reader {
	const char *name;	/* while reading */
	struct hs_smi_options options;
	struct hs_smi_totals totals;
	struct hs_header header;
	HS_VEC(struct entry) entries;
	HS_VEC(char *) texts;	/* that entries point to */
	HS_VEC(struct gap) gaps;
	struct hs_smi_links links;
	unsigned int since, until;	/* enum hs_kfd_smi_form: kernels that print all of the lines */
	uint64_t at;		/* of the next event: introductions, losses, entries */
};

/* --- reading lines --- */

static int refuse(struct hs_smi_reader *reader, uint64_t line, const struct hs_error *why)
{
	struct gap *last = reader->gaps.count ? &reader->gaps.items[reader->gaps.count - 1] : NULL;

	reader->totals.refused++;
	if (reader->options.refused)
		reader->options.refused(reader->options.context, line, why);
	if (last && last->behind == reader->entries.count) {
		last->count++;
		return 0;
	}
	return hs_vec_push(&reader->gaps, (struct gap){ reader->entries.count, 1 }) ? 0 : -ENOMEM;
}

/* Texts point into the line, which is read over. */
static int keep_text(struct hs_smi_reader *reader, struct hs_bytes *text)
{
	char *copy = text->length ? malloc(text->length) : NULL;

	if (text->length && (!copy || !hs_vec_push(&reader->texts, copy))) {
		free(copy);
		return -ENOMEM;
	}
	if (copy)
		memcpy(copy, text->data, text->length);
	text->data = copy;
	return 0;
}

static int keep_texts(struct hs_smi_reader *reader, struct hs_kfd_smi_event *event)
{
	switch (event->kind) {
	case HS_KIND_svm_vmfault: return keep_text(reader, &event->vmfault.name);
	case HS_KIND_svm_process: return keep_text(reader, &event->process.name);
	case HS_KIND_svm_reset: return keep_text(reader, &event->reset.cause);
	default: return 0;
	}
}

static bool has_time(const struct hs_kfd_smi_event *event)
{
	return event->kind != HS_KIND_svm_vmfault && event->kind != HS_KIND_svm_process &&
	       event->kind != HS_KIND_svm_throttle && event->kind != HS_KIND_svm_reset;
}

static int add_line(struct hs_smi_reader *reader, uint64_t line, const char *text, size_t length)
{
	struct entry entry = { .line = line };
	struct hs_error why;

	reader->totals.lines++;
	if (text[length - 1] != '\n' || strlen(text) != length) {
		hs_error_set(&why, -EINVAL, "the line has no end: its reader was stopped, or it is no line of the driver");
		return refuse(reader, line, &why);
	}
	if (hs_kfd_smi_parse(text, &entry.event, &why))
		return refuse(reader, line, &why);
	if (entry.event.since > reader->since)
		reader->since = entry.event.since;
	if (entry.event.until < reader->until)
		reader->until = entry.event.until;
	if (!has_time(&entry.event))
		entry.event.row.time = reader->entries.count
			? reader->entries.items[reader->entries.count - 1].event.row.time : NO_TIME;
	if (keep_texts(reader, &entry.event) || !hs_vec_push(&reader->entries, entry))
		return -ENOMEM;
	return 0;
}

static void skip_rest(FILE *in)
{
	int c;

	while ((c = getc(in)) != EOF && c != '\n')
		continue;
}

/* One line with its newline, cut to the room there is; its length, 0 at the end. Zero bytes count as any other. */
static size_t read_line(FILE *in, char *text)
{
	size_t length = 0;
	int c = 0;

	while (length < LINE_ROOM - 1 && c != '\n' && (c = getc(in)) != EOF)
		text[length++] = (char)c;
	text[length] = '\0';
	if (length == LINE_ROOM - 1 && c != '\n')
		skip_rest(in);
	return length;
}

static int read_lines(struct hs_smi_reader *reader, FILE *in, struct hs_error *err)
{
	char text[LINE_ROOM];
	size_t length;

	for (uint64_t line = 1; (length = read_line(in, text)); line++)
		if (text[0] != '#' && text[strspn(text, " \t\r\n")] != '\0' && add_line(reader, line, text, length))
			return hs_error_nomem(err);
	if (ferror(in))
		return hs_error_set(err, -EIO, "cannot read %s: %s", reader->name, strerror(errno));
	if (!reader->entries.count)
		return hs_error_set(err, -EINVAL, "%s: none of %llu lines is a KFD SMI event", reader->name,
				    (unsigned long long)reader->totals.lines);
	return 0;
}

/* --- putting them in order --- */

static void fill_first_times(struct hs_smi_reader *reader)
{
	uint64_t first = 0;

	hs_vec_for_each(entry, &reader->entries)
		if (entry->event.row.time != NO_TIME) {
			first = entry->event.row.time;
			break;
		}
	hs_vec_for_each(entry, &reader->entries)
		if (entry->event.row.time == NO_TIME)
			entry->event.row.time = first;
}

static int by_time(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->event.row.time != b->event.row.time)
		return a->event.row.time < b->event.row.time ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static int by_first_time(const void *left, const void *right)
{
	const struct hs_meta_lost *a = left, *b = right;

	if (a->first_time != b->first_time)
		return a->first_time < b->first_time ? -1 : 1;
	return a->last_time < b->last_time ? -1 : a->last_time > b->last_time;
}

/* While the entries are still in the order of lines. */
static int lose_gaps(struct hs_smi_reader *reader)
{
	size_t nr = reader->entries.count;

	hs_vec_for_each(gap, &reader->gaps) {
		uint64_t before = reader->entries.items[gap->behind ? gap->behind - 1 : 0].event.row.time;
		uint64_t after = reader->entries.items[gap->behind < nr ? gap->behind : nr - 1].event.row.time;

		if (hs_smi_links_lose(&reader->links, "unreadable", gap->count, before < after ? before : after,
				      before < after ? after : before))
			return -ENOMEM;
	}
	return 0;
}

static int link_entries(struct hs_smi_reader *reader)
{
	int error;

	fill_first_times(reader);
	error = lose_gaps(reader);
	qsort(reader->entries.items, reader->entries.count, sizeof(struct entry), by_time);
	reader->links.always_ends = reader->since == HS_KFD_SMI_6_18;
	hs_vec_for_each(entry, &reader->entries)
		if (!error)
			error = hs_smi_links_name(&reader->links, &entry->event);
	hs_vec_for_each(entry, &reader->entries)
		if (!error)
			error = hs_smi_links_add(&reader->links, &entry->event);
	if (!error && reader->links.losses.count)
		qsort(reader->links.losses.items, reader->links.losses.count, sizeof(struct hs_meta_lost), by_first_time);
	reader->totals.unpaired = reader->links.unpaired;
	reader->totals.is_mixed = reader->since > reader->until;
	return error;
}

/* Where one form of the lines stands for one variant. */
static const char *variant_of(const struct hs_smi_reader *reader)
{
	static const char *const variants[HS_NR_KFD_SMI_FORMS] = {
		[HS_KFD_SMI_6_1] = "6.1", [HS_KFD_SMI_6_12] = "6.12",
	};

	return reader->since == reader->until ? variants[reader->since] : NULL;
}

static int describe(struct hs_smi_reader *reader)
{
	struct hs_header *header = &reader->header;
	const char *variant = reader->options.kernel ? NULL : variant_of(reader);

	header->page_bytes = 4096;
	header->time_step = 1;
	header->start_time = reader->entries.items[0].event.row.time;
	if (hs_header_set(&header->clock, "boottime") || hs_header_add_rung(header, "svm", "smi", "imported text") ||
	    (variant && hs_header_set(&header->variant, variant)) ||
	    (reader->options.kernel && hs_header_set(&header->kernel, reader->options.kernel)))
		return -ENOMEM;
	return 0;
}

int hs_smi_reader_open(FILE *in, const char *name, const struct hs_smi_options *options, struct hs_smi_reader **out,
		       struct hs_error *err)
{
	struct hs_smi_reader *reader = calloc(1, sizeof(*reader));
	int error;

	if (!reader)
		return hs_error_nomem(err);
	reader->name = name;
	reader->options = *options;
	reader->until = HS_NR_KFD_SMI_FORMS - 1;
	error = read_lines(reader, in, err);
	if (!error && (link_entries(reader) || describe(reader)))
		error = hs_error_nomem(err);
	if (error)
		hs_smi_reader_close(reader);
	else
		*out = reader;
	return error;
}

const struct hs_header *hs_smi_reader_header(const struct hs_smi_reader *reader)
{
	return &reader->header;
}

void hs_smi_reader_totals(const struct hs_smi_reader *reader, struct hs_smi_totals *totals)
{
	*totals = reader->totals;
}

int hs_smi_reader_next(struct hs_smi_reader *reader, struct hs_event *event)
{
	uint64_t at = reader->at++;

	if (at < reader->links.tasks.count) {
		*event = (struct hs_event){ HS_KIND_meta_task, { .meta_task = &reader->links.tasks.items[at] } };
		return 1;
	}
	at -= reader->links.tasks.count;
	if (at < reader->links.losses.count) {
		*event = (struct hs_event){ HS_KIND_meta_lost, { .meta_lost = &reader->links.losses.items[at] } };
		return 1;
	}
	at -= reader->links.losses.count;
	if (at >= reader->entries.count)
		return 0;
	*event = (struct hs_event){ reader->entries.items[at].event.kind, { .row = &reader->entries.items[at].event.row } };
	return 1;
}

void hs_smi_reader_close(struct hs_smi_reader *reader)
{
	if (!reader)
		return;
	hs_vec_for_each(text, &reader->texts)
		free(*text);
	hs_vec_deinit(&reader->texts);
	hs_vec_deinit(&reader->entries);
	hs_vec_deinit(&reader->gaps);
	hs_smi_links_deinit(&reader->links);
	hs_header_deinit(&reader->header);
	free(reader);
}
