// SPDX-License-Identifier: GPL-2.0-only
#include "traces/file_schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/cleanup.h"
#include "traces/column.h"
#include "traces/header_json.h"

void hs_file_schema_deinit(struct hs_file_schema *schema)
{
	hs_vec_for_each(kind, &schema->kinds)
		free(kind->columns);
	hs_vec_deinit(&schema->kinds);
}

/* {"kind": "fault.user", "source": "fault", "columns": ["time u64 ns", …]}: name, type and unit of each column */
static json_t *kind_to_json(const struct hs_kind_info *info)
{
	json_t *columns = json_array();

	for (unsigned int i = 0; columns && i < info->nr_columns; i++) {
		const struct hs_column_info *column = &info->columns[i];

		if (json_array_append_new(columns, json_sprintf("%s %s %s", column->name, hs_type_name(column->type),
								hs_unit_name(column->unit)))) {
			json_decref(columns);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:o}", "kind", info->name, "source", hs_source_name(info->source), "columns",
			 columns);
}

static json_t *schema_to_json(void)
{
	json_t *schema = json_array();

	for (unsigned int kind = 0; schema && kind < HS_NR_KINDS; kind++)
		if (json_array_append_new(schema, kind_to_json(hs_kind_info(kind)))) {
			json_decref(schema);
			return NULL;
		}
	return schema;
}

static void drop_json(json_t **json)
{
	json_decref(*json);
}

int hs_header_part_write(hs_buffer *out, const struct hs_header *header)
{
	hs_cleanup(drop_json) json_t *object = hs_header_to_json(header);
	hs_auto_free char *text = NULL;
	size_t start = out->count;
	uint8_t version[4];

	if (!object || json_object_set_new(object, "schema", schema_to_json()))
		return -ENOMEM;
	text = json_dumps(object, JSON_COMPACT);
	hs_store32(version, HS_FORMAT_VERSION);
	if (!text || !hs_part_begin(out, HS_TAG_HEADER) || !hs_buffer_add(out, version, sizeof(version)) ||
	    !hs_buffer_add(out, text, strlen(text)))
		return -ENOMEM;
	hs_part_end(out, start);
	return 0;
}

/* Can every value of the file's type be stored in ours? */
static bool type_fits(enum hs_type file, enum hs_type ours)
{
	if (file == ours)
		return true;
	return !hs_type_is_bytes(file) && !hs_type_is_bytes(ours) &&
	       hs_type_is_signed(file) == hs_type_is_signed(ours) && hs_type_width(file) <= hs_type_width(ours);
}

static int find_column(const struct hs_kind_info *info, const char *name)
{
	for (unsigned int i = 0; i < info->nr_columns; i++)
		if (strcmp(info->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int read_column(const json_t *json, struct hs_file_kind *kind, struct hs_error *err)
{
	const struct hs_kind_info *info = kind->kind < 0 ? NULL : hs_kind_info((unsigned int)kind->kind);
	const char *text = json_string_value(json);
	char name[64], type_name[16];
	int ours, type;

	if (!text || sscanf(text, "%63s %15s", name, type_name) != 2)
		return hs_error_set(err, -EINVAL, "the schema in the header is malformed");
	ours = info ? find_column(info, name) : -1;
	type = hs_type_find(type_name);
	for (unsigned int i = 0; ours >= 0 && i < kind->nr_columns; i++)
		if (kind->columns[i] == ours)
			return hs_error_set(err, -EINVAL, "the schema in the header names %s.%s twice", info->name, name);
	if (ours >= 0 && (type < 0 || !type_fits((enum hs_type)type, info->columns[ours].type)))
		return hs_error_set(err, -EPROTO, "%s.%s is %s in the file and %s here; a newer hindsight may read it",
				    info->name, name, type_name, hs_type_name(info->columns[ours].type));
	kind->columns[kind->nr_columns++] = (int16_t)ours;
	return 0;
}

static int read_kind(const json_t *json, struct hs_file_schema *schema, struct hs_error *err)
{
	const char *name = json_string_value(json_object_get(json, "kind"));
	const json_t *columns = json_object_get(json, "columns"), *column;
	struct hs_file_kind kind = { 0 };
	size_t i;
	int status = 0;

	if (!name || !json_is_array(columns) || json_array_size(columns) > UINT16_MAX)
		return hs_error_set(err, -EINVAL, "the schema in the header is malformed");
	kind.kind = hs_kind_find(name);
	hs_vec_for_each(other, &schema->kinds)
		if (kind.kind >= 0 && other->kind == kind.kind)
			return hs_error_set(err, -EINVAL, "the schema in the header names %s twice", name);
	kind.columns = calloc(json_array_size(columns) + 1, sizeof(*kind.columns));
	if (!kind.columns || !hs_vec_push(&schema->kinds, kind)) {
		free(kind.columns);
		return hs_error_nomem(err);
	}
	json_array_foreach(columns, i, column) {
		status = read_column(column, &schema->kinds.items[schema->kinds.count - 1], err);
		if (status)
			return status;
	}
	return 0;
}

static int read_schema(const json_t *list, struct hs_file_schema *schema, struct hs_error *err)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > UINT16_MAX)
		return hs_error_set(err, -EINVAL, "the header has no schema");
	json_array_foreach(list, i, item) {
		int status = read_kind(item, schema, err);

		if (status)
			return status;
	}
	return 0;
}

int hs_header_part_read(const uint8_t *part, struct hs_header *header, struct hs_file_schema *schema,
			struct hs_error *err)
{
	size_t payload_bytes = hs_part_bytes(part) - HS_PART_HEAD;
	const uint8_t *payload = part + HS_PART_HEAD;
	hs_cleanup(drop_json) json_t *object = NULL;
	json_error_t why;
	int status;

	if (payload_bytes < 4 || !hs_part_is_whole(part))
		return hs_error_set(err, -EINVAL, "the header is damaged");
	if (hs_load32(payload) != HS_FORMAT_VERSION)
		return hs_error_set(err, -EPROTO, "format version %u, this build reads version %u; use a newer hindsight",
				    hs_load32(payload), HS_FORMAT_VERSION);
	object = json_loadb((const char *)payload + 4, payload_bytes - 4, JSON_REJECT_DUPLICATES, &why);
	if (!object)
		return hs_error_set(err, -EINVAL, "the header is damaged: %s", why.text);
	status = hs_header_from_json(object, header, err);
	if (!status)
		status = read_schema(json_object_get(object, "schema"), schema, err);
	if (status) {
		hs_header_deinit(header);
		hs_file_schema_deinit(schema);
	}
	return status;
}
