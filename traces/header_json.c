// SPDX-License-Identifier: GPL-2.0-only
#include "traces/header_json.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lib/cleanup.h"

struct text_field {
	const char *key;
	size_t offset;		/* of a char * in struct hs_header */
};

static const struct text_field text_fields[] = {
#define TEXT(field) { #field, offsetof(struct hs_header, field) }
	TEXT(kernel), TEXT(kernel_version), TEXT(arch), TEXT(hostname), TEXT(command), TEXT(clock), TEXT(variant),
#undef TEXT
};

struct number_field {
	const char *key;
	size_t offset;		/* of a uint64_t in struct hs_header */
};

static const struct number_field number_fields[] = {
#define NUMBER(field) { #field, offsetof(struct hs_header, field) }
	NUMBER(page_bytes), NUMBER(huge_page_bytes), NUMBER(block_bytes), NUMBER(wall_offset), NUMBER(boot_wall),
	NUMBER(start_time), NUMBER(time_step),
#undef NUMBER
};

#define NR_OF(array) (sizeof(array) / sizeof(*(array)))

void hs_hex_encode(const void *bytes, size_t length, char *digits)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *from = bytes;

	for (size_t i = 0; i < length; i++) {
		*digits++ = hex[from[i] >> 4];
		*digits++ = hex[from[i] & 15];
	}
	*digits = '\0';
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

bool hs_hex_decode(const char *digits, size_t nr_digits, void *bytes)
{
	unsigned char *to = bytes;

	if (nr_digits % 2)
		return false;
	for (size_t i = 0; i < nr_digits; i += 2) {
		int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);

		if (high < 0 || low < 0)
			return false;
		*to++ = (unsigned char)(high << 4 | low);
	}
	return true;
}

json_t *hs_bytes_to_json(const struct hs_bytes *bytes)
{
	json_t *text = json_stringn(bytes->length ? bytes->data : "", bytes->length);
	hs_auto_free char *digits = NULL;

	if (text)
		return text;
	digits = malloc(2 * (size_t)bytes->length + 1);
	if (!digits)
		return NULL;
	hs_hex_encode(bytes->data, bytes->length, digits);
	return json_pack("{s:s}", "hex", digits);
}

static json_t *text_to_json(const char *text)
{
	return hs_bytes_to_json(&(struct hs_bytes){ text, (uint32_t)strlen(text) });
}

/* A copy of a string value or of the bytes of {"hex": …}, or NULL. */
static char *text_from_json(const json_t *value)
{
	const json_t *hex = json_object_get(value, "hex");
	size_t nr_digits;
	char *text;

	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (!json_is_string(hex))
		return NULL;
	nr_digits = json_string_length(hex);
	text = calloc(1, nr_digits / 2 + 1);
	if (text && !hs_hex_decode(json_string_value(hex), nr_digits, text)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Numbers above what JSON readers take as an integer are written as hex text. */
static json_t *number_to_json(uint64_t number)
{
	return number <= INT64_MAX ? json_integer((json_int_t)number) :
				     json_sprintf("0x%llx", (unsigned long long)number);
}

static bool number_from_json(const json_t *value, uint64_t *number)
{
	char *end;

	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*number = (uint64_t)json_integer_value(value);
		return true;
	}
	if (!json_is_string(value) || strncmp(json_string_value(value), "0x", 2) != 0)
		return false;
	errno = 0;
	*number = strtoull(json_string_value(value), &end, 16);
	return !errno && !*end && end > json_string_value(value) + 2;
}

static int add_fields(json_t *object, const struct hs_header *header)
{
	int status = json_object_set_new(object, "hindsight", json_integer(HS_TEXT_VERSION));

	for (size_t i = 0; i < NR_OF(text_fields); i++) {
		const char *text = *(char *const *)((const char *)header + text_fields[i].offset);

		if (text)
			status |= json_object_set_new(object, text_fields[i].key, text_to_json(text));
	}
	for (size_t i = 0; i < NR_OF(number_fields); i++) {
		uint64_t number = *(const uint64_t *)((const char *)header + number_fields[i].offset);

		if (number)
			status |= json_object_set_new(object, number_fields[i].key, number_to_json(number));
	}
	if (header->nr_cpus)
		status |= json_object_set_new(object, "nr_cpus", json_integer(header->nr_cpus));
	return status;
}

/* Adds a list to the object unless it is empty; takes the list. */
static int add_list(json_t *object, const char *key, json_t *list)
{
	if (json_array_size(list))
		return json_object_set_new(object, key, list);
	json_decref(list);
	return list ? 0 : -1;
}

static int add_lists(json_t *object, const struct hs_header *header)
{
	json_t *rungs = json_array(), *names = json_array(), *attributes = json_array();
	int status = 0;

	hs_vec_for_each(rung, &header->rungs)
		status |= json_array_append_new(rungs, json_pack("{s:o, s:o, s:o}", "source", text_to_json(rung->source),
								 "rung", text_to_json(rung->rung),
								 "detail", text_to_json(rung->detail)));
	hs_vec_for_each(name, &header->names)
		status |= json_array_append_new(names, json_pack("{s:o, s:I, s:o}", "table", text_to_json(name->table),
								 "number", (json_int_t)name->number,
								 "name", text_to_json(name->name)));
	hs_vec_for_each(attribute, &header->attributes)
		status |= json_array_append_new(attributes, json_pack("{s:o, s:o}", "key", text_to_json(attribute->key),
								      "value", text_to_json(attribute->value)));
	status |= add_list(object, "rungs", rungs);
	status |= add_list(object, "names", names);
	status |= add_list(object, "attributes", attributes);
	return status;
}

json_t *hs_header_to_json(const struct hs_header *header)
{
	json_t *object = json_object();

	if (object && (add_fields(object, header) || add_lists(object, header))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int bad_key(struct hs_error *err, const char *key, const char *wanted)
{
	return hs_error_set(err, -EINVAL, "header key \"%s\" is not %s", key, wanted);
}

static int read_texts(const json_t *object, struct hs_header *header, struct hs_error *err)
{
	for (size_t i = 0; i < NR_OF(text_fields); i++) {
		const json_t *value = json_object_get(object, text_fields[i].key);
		char **field = (char **)((char *)header + text_fields[i].offset);

		if (!value)
			continue;
		*field = text_from_json(value);
		if (!*field)
			return bad_key(err, text_fields[i].key, "text");
	}
	return 0;
}

static int read_numbers(const json_t *object, struct hs_header *header, struct hs_error *err)
{
	const json_t *cpus = json_object_get(object, "nr_cpus");
	uint64_t nr_cpus = 0;

	for (size_t i = 0; i < NR_OF(number_fields); i++) {
		const json_t *value = json_object_get(object, number_fields[i].key);
		uint64_t *field = (uint64_t *)((char *)header + number_fields[i].offset);

		if (value && !number_from_json(value, field))
			return bad_key(err, number_fields[i].key, "a number from 0 to 2^64 - 1");
	}
	if (cpus && (!number_from_json(cpus, &nr_cpus) || nr_cpus > UINT32_MAX))
		return bad_key(err, "nr_cpus", "a number from 0 to 2^32 - 1");
	header->nr_cpus = (uint32_t)nr_cpus;
	return 0;
}

/* Reads one object of a list into the header; false: not of the right form, or no memory. */
typedef bool (*read_item)(struct hs_header *header, const json_t *item);

static bool read_rung(struct hs_header *header, const json_t *item)
{
	hs_auto_free char *source = text_from_json(json_object_get(item, "source"));
	hs_auto_free char *rung = text_from_json(json_object_get(item, "rung"));
	hs_auto_free char *detail = text_from_json(json_object_get(item, "detail"));

	return source && rung && hs_header_add_rung(header, source, rung, detail) == 0;
}

static bool read_name(struct hs_header *header, const json_t *item)
{
	hs_auto_free char *table = text_from_json(json_object_get(item, "table"));
	hs_auto_free char *name = text_from_json(json_object_get(item, "name"));
	const json_t *number = json_object_get(item, "number");

	return table && name && json_is_integer(number) &&
	       hs_header_add_name(header, table, json_integer_value(number), name) == 0;
}

static bool read_attribute(struct hs_header *header, const json_t *item)
{
	hs_auto_free char *key = text_from_json(json_object_get(item, "key"));
	hs_auto_free char *value = text_from_json(json_object_get(item, "value"));

	return key && value && hs_header_add_attribute(header, key, value) == 0;
}

static int read_list(const json_t *object, const char *key, read_item read, struct hs_header *header,
		     struct hs_error *err)
{
	const json_t *list = json_object_get(object, key), *item;
	size_t i;

	if (list && !json_is_array(list))
		return bad_key(err, key, "a list");
	json_array_foreach(list, i, item)
		if (!read(header, item))
			return hs_error_set(err, -EINVAL, "header key \"%s\": entry %zu is malformed", key, i + 1);
	return 0;
}

int hs_header_from_json(const json_t *object, struct hs_header *header, struct hs_error *err)
{
	int status = read_texts(object, header, err);

	if (!status)
		status = read_numbers(object, header, err);
	if (!status)
		status = read_list(object, "rungs", read_rung, header, err);
	if (!status)
		status = read_list(object, "names", read_name, header, err);
	if (!status)
		status = read_list(object, "attributes", read_attribute, header, err);
	if (status)
		hs_header_deinit(header);
	return status;
}
