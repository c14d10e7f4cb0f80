// SPDX-License-Identifier: GPL-2.0-only
#include "traces/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"
#include "traces/column_text.h"

struct hs_csv {
	HS_VEC(const char *) names;
	/* For kind k, field f: its column's number + 1, or 0; at [k * names.count + f]. */
	uint8_t *columns;
};

static size_t find_name(const struct hs_csv *csv, const char *name)
{
	size_t i = 0;

	while (i < csv->names.count && strcmp(csv->names.items[i], name) != 0)
		i++;
	return i;
}

static bool collect_names(struct hs_csv *csv, const hs_kind_set *kinds)
{
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		const struct hs_kind_info *info = hs_kind_info(kind);

		for (unsigned int i = 0; hs_kind_set_has(kinds, kind) && i < info->nr_columns; i++)
			if (find_name(csv, info->columns[i].name) == csv->names.count &&
			    !hs_vec_push(&csv->names, info->columns[i].name))
				return false;
	}
	return true;
}

static void map_columns(struct hs_csv *csv, const hs_kind_set *kinds)
{
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		const struct hs_kind_info *info = hs_kind_info(kind);

		for (unsigned int i = 0; hs_kind_set_has(kinds, kind) && i < info->nr_columns; i++)
			csv->columns[kind * csv->names.count + find_name(csv, info->columns[i].name)] =
				(uint8_t)(i + 1);
	}
}

int hs_csv_create(const hs_kind_set *kinds, struct hs_csv **out)
{
	struct hs_csv *csv = calloc(1, sizeof(*csv));

	if (!csv || !collect_names(csv, kinds)) {
		hs_csv_destroy(csv);
		return -ENOMEM;
	}
	csv->columns = calloc(HS_NR_KINDS, csv->names.count + 1);
	if (!csv->columns) {
		hs_csv_destroy(csv);
		return -ENOMEM;
	}
	map_columns(csv, kinds);
	*out = csv;
	return 0;
}

void hs_csv_destroy(struct hs_csv *csv)
{
	if (!csv)
		return;
	hs_vec_deinit(&csv->names);
	free(csv->columns);
	free(csv);
}

void hs_csv_add_header(const struct hs_csv *csv, struct hs_text *text)
{
	hs_text_add(text, "kind");
	for (size_t i = 0; i < csv->names.count; i++) {
		hs_text_add_char(text, ',');
		hs_text_add(text, csv->names.items[i]);
	}
	hs_text_add_char(text, '\n');
}

static void add_string(struct hs_text *text, const struct hs_bytes *bytes)
{
	const char *at = bytes->data, *end = at + bytes->length;
	bool is_quoted = memchr(at, ',', bytes->length) || memchr(at, '"', bytes->length);

	if (is_quoted)
		hs_text_add_char(text, '"');
	if (strchr("=+-@", *at))
		hs_text_add_char(text, '\'');
	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		const char *stop = quote ? quote : end;

		hs_text_add_printable(text, at, (size_t)(stop - at));
		if (quote)
			hs_text_add(text, "\"\"");
		at = stop + (quote != NULL);
	}
	if (is_quoted)
		hs_text_add_char(text, '"');
}

static void add_field(struct hs_text *text, const struct hs_column_info *column, const void *row)
{
	const struct hs_bytes *bytes;

	if (!hs_column_is_bytes(column)) {
		hs_column_add_number(text, column, row);
		return;
	}
	bytes = hs_column_bytes(column, row);
	if (bytes->length && column->type == HS_TYPE_str)
		add_string(text, bytes);
	else
		hs_text_add_hex_bytes(text, bytes->data, bytes->length);
}

void hs_csv_add_event(const struct hs_csv *csv, struct hs_text *text, const struct hs_event *event)
{
	const struct hs_kind_info *info = hs_kind_info(event->kind);
	const uint8_t *columns = csv->columns + event->kind * csv->names.count;

	hs_text_add(text, info->name);
	for (size_t i = 0; i < csv->names.count; i++) {
		hs_text_add_char(text, ',');
		if (columns[i])
			add_field(text, &info->columns[columns[i] - 1], event->row);
	}
	hs_text_add_char(text, '\n');
}
