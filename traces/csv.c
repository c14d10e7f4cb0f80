// SPDX-License-Identifier: GPL-2.0-only
#include "traces/csv.h"

#include <assert.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/text.h"
#include "lib/vec.h"
#include "traces/column.h"

struct hs_csv {
	FILE *out;
	HS_VEC(const char *) names;		/* columns of the table, but for kind */
	HS_VEC(int) columns[HS_NR_KINDS];	/* for each of names: column of the kind, or -1 */
	struct hs_text line;
};

static int find_column(const struct hs_kind_info *info, const char *name)
{
	for (unsigned int i = 0; i < info->nr_columns; i++)
		if (strcmp(info->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

static bool add_names(struct hs_csv *csv, const struct hs_kind_info *info)
{
	for (unsigned int i = 0; i < info->nr_columns; i++) {
		bool is_known = false;

		hs_vec_for_each(name, &csv->names)
			is_known |= strcmp(*name, info->columns[i].name) == 0;
		if (!is_known && !hs_vec_push(&csv->names, info->columns[i].name))
			return false;
	}
	return true;
}

static bool map_columns(struct hs_csv *csv, unsigned int kind)
{
	hs_vec_for_each(name, &csv->names)
		if (!hs_vec_push(&csv->columns[kind], find_column(hs_kind_info(kind), *name)))
			return false;
	return true;
}

static bool choose_columns(struct hs_csv *csv, const hs_kind_set *kinds)
{
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		if (hs_kind_set_has(kinds, kind) && !add_names(csv, hs_kind_info(kind)))
			return false;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		if (hs_kind_set_has(kinds, kind) && !map_columns(csv, kind))
			return false;
	return true;
}

static int write_line(struct hs_csv *csv, struct hs_error *err)
{
	hs_text_add_char(&csv->line, '\n');
	return hs_text_write(&csv->line, csv->out, "the CSV table", err);
}

static void drop_csv(struct hs_csv **csv)
{
	hs_csv_close(*csv);
}

int hs_csv_open(FILE *out, const hs_kind_set *kinds, struct hs_csv **opened, struct hs_error *err)
{
	hs_cleanup(drop_csv) struct hs_csv *csv = calloc(1, sizeof(*csv));
	int status;

	if (!csv || !choose_columns(csv, kinds))
		return hs_error_nomem(err);
	csv->out = out;
	hs_text_add(&csv->line, "kind");
	hs_vec_for_each(name, &csv->names) {
		hs_text_add_char(&csv->line, ',');
		hs_text_add(&csv->line, *name);
	}
	status = write_line(csv, err);
	if (!status)
		*opened = hs_take(&csv);
	return status;
}

void hs_csv_close(struct hs_csv *csv)
{
	if (!csv)
		return;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		hs_vec_deinit(&csv->columns[kind]);
	hs_vec_deinit(&csv->names);
	hs_text_deinit(&csv->line);
	free(csv);
}

/* Always quoted; a quote is doubled. */
static void add_string(struct hs_text *line, const struct hs_bytes *bytes)
{
	const char *at = bytes->data, *end = at + bytes->length;

	hs_text_add_char(line, '"');
	if (at < end && memchr("=+-@", *at, 4))
		hs_text_add_char(line, '\'');
	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		const char *stop = quote ? quote : end;

		hs_text_add_printable(line, at, (size_t)(stop - at));
		if (quote)
			hs_text_add(line, "\"\"");
		at = stop + (quote != NULL);
	}
	hs_text_add_char(line, '"');
}

static void add_cell(struct hs_text *line, const struct hs_column_info *column, const void *row)
{
	if (column->type == HS_TYPE_str) {
		add_string(line, hs_column_bytes(column, row));
	} else if (column->type == HS_TYPE_blob) {
		const struct hs_bytes *blob = hs_column_bytes(column, row);

		hs_text_add_hex_bytes(line, blob->data, blob->length);
	} else {
		hs_column_add_number(line, column, row);
	}
}

int hs_csv_write_event(struct hs_csv *csv, const struct hs_event *event, struct hs_error *err)
{
	const struct hs_kind_info *info = hs_kind_info(event->kind);

	assert(csv->columns[event->kind].count == csv->names.count);
	hs_text_add(&csv->line, info->name);
	hs_vec_for_each(index, &csv->columns[event->kind]) {
		hs_text_add_char(&csv->line, ',');
		if (*index >= 0)
			add_cell(&csv->line, &info->columns[*index], event->row);
	}
	return write_line(csv, err);
}
