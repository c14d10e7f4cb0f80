// SPDX-License-Identifier: GPL-2.0-only
#include "traces/jsonl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/cleanup.h"
#include "traces/column.h"
#include "traces/header_json.h"

/* All text is ASCII: no control characters reach a terminal, whatever a process was called. */
enum { DUMP_FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY };

static int write_json(FILE *out, json_t *json, struct hs_error *err)
{
	int status = json ? json_dumpf(json, out, DUMP_FLAGS) : -1;

	json_decref(json);
	if (json && status)
		return hs_error_set(err, errno ? -errno : -EIO, "write: %s", strerror(errno));
	return status ? hs_error_nomem(err) : 0;
}

static int end_line(FILE *out, struct hs_error *err)
{
	putc('\n', out);
	return ferror(out) ? hs_error_set(err, errno ? -errno : -EIO, "write: %s", strerror(errno)) : 0;
}

int hs_jsonl_write_header(FILE *out, const struct hs_header *header, struct hs_error *err)
{
	int status = write_json(out, hs_header_to_json(header), err);

	return status ? status : end_line(out, err);
}

/* Names in the schema need no escapes; JSON readers take integers up to 2^63 - 1. */
static void write_number(FILE *out, const struct hs_column_info *column, uint64_t value)
{
	if (hs_unit_is_hex(column->unit) || (value > INT64_MAX && !hs_type_is_signed(column->type)))
		fprintf(out, "\"0x%" PRIx64 "\"", value);
	else
		fprintf(out, "%" PRId64, (int64_t)value);
}

static int write_blob(FILE *out, const struct hs_bytes *blob, struct hs_error *err)
{
	hs_auto_free char *digits = malloc(2 * (size_t)blob->length + 1);

	if (!digits)
		return hs_error_nomem(err);
	hs_hex_encode(blob->data, blob->length, digits);
	fprintf(out, "\"%s\"", digits);
	return 0;
}

/* Most texts need no escapes. */
static bool is_plain(const struct hs_bytes *text)
{
	const unsigned char *at = text->data;

	for (uint32_t i = 0; i < text->length; i++)
		if (at[i] < ' ' || at[i] >= 0x7f || at[i] == '"' || at[i] == '\\')
			return false;
	return true;
}

/* The control character that JSON does not ask to escape, but a terminal would obey. */
static int write_escaped(FILE *out, const struct hs_bytes *text, struct hs_error *err)
{
	json_t *json = hs_bytes_to_json(text);
	hs_auto_free char *escaped = json ? json_dumps(json, DUMP_FLAGS) : NULL;

	json_decref(json);
	if (!escaped)
		return hs_error_nomem(err);
	for (const char *at = escaped; *at; at++)
		if (*at == 0x7f)
			fputs("\\u007F", out);
		else
			putc(*at, out);
	return 0;
}

static int write_text(FILE *out, const struct hs_bytes *text, struct hs_error *err)
{
	if (!is_plain(text))
		return write_escaped(out, text, err);
	fprintf(out, "\"%.*s\"", (int)text->length, text->length ? (const char *)text->data : "");
	return 0;
}

int hs_jsonl_write_event(FILE *out, const struct hs_event *event, struct hs_error *err)
{
	const struct hs_kind_info *info = hs_kind_info(event->kind);

	fprintf(out, "{\"kind\":\"%s\"", info->name);
	for (unsigned int i = 0; i < info->nr_columns; i++) {
		const struct hs_column_info *column = &info->columns[i];
		int status = 0;

		fprintf(out, ",\"%s\":", column->name);
		if (column->type == HS_TYPE_blob)
			status = write_blob(out, hs_column_bytes(column, event->row), err);
		else if (column->type == HS_TYPE_str)
			status = write_text(out, hs_column_bytes(column, event->row), err);
		else
			write_number(out, column, hs_column_number(column, event->row));
		if (status)
			return status;
	}
	putc('}', out);
	return end_line(out, err);
}
