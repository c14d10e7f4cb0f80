// SPDX-License-Identifier: GPL-2.0-only
#include "traces/jsonl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/cleanup.h"
#include "traces/column.h"
#include "traces/header_json.h"

struct hs_jsonl_reader {
	FILE *in;
	char *name;
	uint64_t line;
	char *text;			/* the line, of getline */
	size_t text_room;
	json_t *object;			/* of that line; texts of the event point into it */
	bool has_object;		/* it was read ahead while looking for the header */
	struct hs_header header;
	HS_VEC(void *) decoded;		/* bytes of this event that were written in hex */
	union {
		struct hs_row common;
#define KIND(id, name, source, text) struct hs_##id id;
#define COL(type, field, unit, text)
#define END
#include "traces/schema.def"
#undef KIND
#undef COL
#undef END
	} row;
};

static int fail(const struct hs_jsonl_reader *reader, struct hs_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int fail(const struct hs_jsonl_reader *reader, struct hs_error *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	hs_error_vset(err, code, format, args);
	va_end(args);
	hs_error_prefix(err, "%s:%" PRIu64, reader->name, reader->line);
	return code;
}

/* Empty lines and lines that begin with # are for people. */
static bool is_for_people(const char *text)
{
	text += strspn(text, " \t\r\n");
	return *text == '\0' || *text == '#';
}

/* The next line's object: 1; 0: end. */
static int next_object(struct hs_jsonl_reader *reader, struct hs_error *err)
{
	json_error_t why;
	ssize_t length;

	json_decref(reader->object);
	reader->object = NULL;
	do {
		errno = 0;
		length = getline(&reader->text, &reader->text_room, reader->in);
		if (length < 0 && (ferror(reader->in) || errno == ENOMEM))
			return fail(reader, err, errno ? -errno : -EIO, "%s", strerror(errno));
		if (length < 0)
			return 0;
		reader->line++;
	} while (strlen(reader->text) == (size_t)length && is_for_people(reader->text));
	reader->object = json_loadb(reader->text, (size_t)length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
	if (!reader->object)
		return fail(reader, err, -EINVAL, "column %d: %s", why.column, why.text);
	return json_is_object(reader->object) ? 1 : fail(reader, err, -EINVAL, "not a JSON object");
}

static int read_header(struct hs_jsonl_reader *reader, struct hs_error *err)
{
	const json_t *version;
	int status = next_object(reader, err);

	if (status <= 0)
		return status;
	version = json_object_get(reader->object, "hindsight");
	if (!version) {
		reader->has_object = true;
		return 0;
	}
	if (!json_is_integer(version) || json_integer_value(version) != HS_TEXT_VERSION)
		return fail(reader, err, -EPROTO, "version of the text form is not %d; use a newer hindsight", HS_TEXT_VERSION);
	status = hs_header_from_json(reader->object, &reader->header, err);
	if (status)
		hs_error_prefix(err, "%s:%" PRIu64, reader->name, reader->line);
	return status;
}

static void drop_reader(struct hs_jsonl_reader **reader)
{
	hs_jsonl_reader_close(*reader);
}

int hs_jsonl_reader_open(FILE *in, const char *name, struct hs_jsonl_reader **out, struct hs_error *err)
{
	hs_cleanup(drop_reader) struct hs_jsonl_reader *reader = calloc(1, sizeof(*reader));
	int status;

	if (!reader)
		return hs_error_nomem(err);
	reader->in = in;
	reader->name = strdup(name);
	if (!reader->name)
		return hs_error_nomem(err);
	status = read_header(reader, err);
	if (status)
		return status;
	*out = hs_take(&reader);
	return 0;
}

const struct hs_header *hs_jsonl_reader_header(const struct hs_jsonl_reader *reader)
{
	return &reader->header;
}

static void drop_decoded(struct hs_jsonl_reader *reader)
{
	hs_vec_for_each(bytes, &reader->decoded)
		free(*bytes);
	hs_vec_clear(&reader->decoded);
}

void hs_jsonl_reader_close(struct hs_jsonl_reader *reader)
{
	if (!reader)
		return;
	drop_decoded(reader);
	hs_vec_deinit(&reader->decoded);
	json_decref(reader->object);
	hs_header_deinit(&reader->header);
	free(reader->text);
	free(reader->name);
	free(reader);
}

/* "0x…" of at most 64 bits. */
static bool parse_hex(const json_t *value, uint64_t *number)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);

	if (length < 3 || length > 18 || strncmp(text, "0x", 2) != 0 ||
	    strspn(text + 2, "0123456789abcdefABCDEF") != length - 2)
		return false;
	*number = strtoull(text + 2, NULL, 16);
	return true;
}

/* Decimal or hex; hex of a signed column is its two's complement in 64 bits. */
static bool read_number(const struct hs_column_info *column, const json_t *value, void *row)
{
	uint64_t number;

	if (json_is_integer(value)) {
		json_int_t integer = json_integer_value(value);

		return (integer >= 0 || hs_type_is_signed(column->type)) &&
		       hs_column_set_number(column, row, (uint64_t)integer);
	}
	return json_is_string(value) && parse_hex(value, &number) && hs_column_set_number(column, row, number);
}

/* Bytes of hex digits, kept until the next event. */
static bool read_hex_bytes(struct hs_jsonl_reader *reader, const json_t *digits, struct hs_bytes *bytes)
{
	size_t length = json_string_length(digits) / 2;
	void *decoded;

	if (!json_is_string(digits) || length > UINT32_MAX)
		return false;
	decoded = malloc(length + 1);
	if (!decoded || !hs_vec_push(&reader->decoded, decoded)) {
		free(decoded);
		return false;
	}
	*bytes = (struct hs_bytes){ decoded, (uint32_t)length };
	return hs_hex_decode(json_string_value(digits), json_string_length(digits), decoded);
}

static bool read_bytes(struct hs_jsonl_reader *reader, const struct hs_column_info *column, const json_t *value)
{
	struct hs_bytes bytes = { 0 };

	if (column->type == HS_TYPE_blob) {
		if (!read_hex_bytes(reader, value, &bytes))
			return false;
	} else if (json_is_string(value) && json_string_length(value) <= UINT32_MAX) {
		bytes = (struct hs_bytes){ json_string_value(value), (uint32_t)json_string_length(value) };
	} else if (!read_hex_bytes(reader, json_object_get(value, "hex"), &bytes)) {
		return false;
	}
	hs_column_set_bytes(column, &reader->row, bytes);
	return true;
}

static const struct hs_column_info *find_column(const struct hs_kind_info *info, const char *name)
{
	for (unsigned int i = 0; i < info->nr_columns; i++)
		if (strcmp(info->columns[i].name, name) == 0)
			return &info->columns[i];
	return NULL;
}

static int read_column(struct hs_jsonl_reader *reader, const struct hs_kind_info *info, const char *name,
		       const json_t *value, struct hs_error *err)
{
	const struct hs_column_info *column = find_column(info, name);

	if (!column)
		return fail(reader, err, -EINVAL, "%s has no column \"%s\"", info->name, name);
	if (hs_type_is_bytes(column->type) ? !read_bytes(reader, column, value) :
					     !read_number(column, value, &reader->row))
		return fail(reader, err, -EINVAL, "%s.%s is not %s that fits a %s", info->name, name,
			    column->type == HS_TYPE_blob ? "a string of hex digits" :
			    column->type == HS_TYPE_str ? "a string or {\"hex\": \"…\"}" : "a number or \"0x…\"",
			    hs_type_name(column->type));
	return 0;
}

int hs_jsonl_reader_next(struct hs_jsonl_reader *reader, struct hs_event *event, struct hs_error *err)
{
	int status = reader->has_object ? 1 : next_object(reader, err);
	const char *kind_name, *name;
	json_t *value;
	int kind;

	drop_decoded(reader);
	reader->has_object = false;
	if (status <= 0)
		return status;
	kind_name = json_string_value(json_object_get(reader->object, "kind"));
	if (!kind_name)
		return fail(reader, err, -EINVAL, "no \"kind\"");
	kind = hs_kind_find(kind_name);
	if (kind < 0)
		return fail(reader, err, -EINVAL, "unknown kind \"%s\"", kind_name);
	memset(&reader->row, 0, sizeof(reader->row));
	json_object_foreach(reader->object, name, value) {
		if (strcmp(name, "kind") == 0)
			continue;
		status = read_column(reader, hs_kind_info((unsigned int)kind), name, value, err);
		if (status)
			return status;
	}
	event->kind = (unsigned int)kind;
	event->row = &reader->row.common;
	return 1;
}
