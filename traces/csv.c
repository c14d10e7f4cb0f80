// SPDX-License-Identifier: GPL-2.0-only
#include "traces/csv.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/vec.h"
#include "traces/column.h"

struct hs_csv {
	FILE *out;
	HS_VEC(const char *) names;		/* columns of the table, but for kind */
	HS_VEC(int) columns[HS_NR_KINDS];	/* for each of names: column of the kind, or -1 */
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

static int end_line(FILE *out, struct hs_error *err)
{
	putc('\n', out);
	return ferror(out) ? hs_error_set(err, errno ? -errno : -EIO, "write: %s", strerror(errno)) : 0;
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
	fputs("kind", out);
	hs_vec_for_each(name, &csv->names)
		fprintf(out, ",%s", *name);
	status = end_line(out, err);
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
	free(csv);
}

/* Bytes of the UTF-8 character that text begins with, if it has one above U+009F; else 0. */
static unsigned int wide_character(const unsigned char *text, size_t length)
{
	static const uint32_t smallest[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	unsigned int bytes = *text >= 0xf0 && *text < 0xf8 ? 4 : *text >= 0xe0 ? 3 : *text >= 0xc0 ? 2 : 0;
	uint32_t character = *text & (0x7fu >> bytes);

	if (!bytes || bytes > length || *text >= 0xf8)
		return 0;
	for (unsigned int i = 1; i < bytes; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (text[i] & 0x3f);
	}
	return character < smallest[bytes] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000) ? 0 : bytes;
}

static void write_text(FILE *out, const struct hs_bytes *text)
{
	const unsigned char *at = text->data;
	size_t left = text->length;

	putc('"', out);
	if (left && strchr("=+-@", *at) && *at)
		putc('\'', out);
	while (left) {
		unsigned int bytes = wide_character(at, left);

		if (bytes)
			fwrite(at, 1, bytes, out);
		else if (*at == '"' || *at == '\\')
			fprintf(out, "%c%c", *at, *at);
		else if (*at >= ' ' && *at < 0x7f)
			putc(*at, out);
		else
			fprintf(out, "\\x%02x", *at);
		bytes += !bytes;
		at += bytes;
		left -= bytes;
	}
	putc('"', out);
}

static void write_blob(FILE *out, const struct hs_bytes *blob)
{
	for (uint32_t i = 0; i < blob->length; i++)
		fprintf(out, "%02x", ((const unsigned char *)blob->data)[i]);
}

static void write_number(FILE *out, const struct hs_column_info *column, uint64_t number)
{
	if (hs_unit_is_hex(column->unit))
		fprintf(out, "0x%" PRIx64, number);
	else if (hs_type_is_signed(column->type))
		fprintf(out, "%" PRId64, (int64_t)number);
	else
		fprintf(out, "%" PRIu64, number);
}

int hs_csv_write_event(struct hs_csv *csv, const struct hs_event *event, struct hs_error *err)
{
	const struct hs_kind_info *info = hs_kind_info(event->kind);

	assert(csv->columns[event->kind].count == csv->names.count);
	fputs(info->name, csv->out);
	hs_vec_for_each(index, &csv->columns[event->kind]) {
		const struct hs_column_info *column = *index < 0 ? NULL : &info->columns[*index];

		putc(',', csv->out);
		if (!column)
			continue;
		if (column->type == HS_TYPE_str)
			write_text(csv->out, hs_column_bytes(column, event->row));
		else if (column->type == HS_TYPE_blob)
			write_blob(csv->out, hs_column_bytes(column, event->row));
		else
			write_number(csv->out, column, hs_column_number(column, event->row));
	}
	return end_line(csv->out, err);
}
