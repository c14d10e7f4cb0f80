/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLUMN_H
#define HS_COLUMN_H
/* Fields of rows by their description in the schema. */
#include <stdbool.h>
#include <string.h>

#include "lib/text.h"
#include "traces/schema.h"

static inline bool hs_type_is_bytes(enum hs_type type)
{
	return type == HS_TYPE_str || type == HS_TYPE_blob;
}

static inline bool hs_type_is_signed(enum hs_type type)
{
	return type == HS_TYPE_i32 || type == HS_TYPE_i64;
}

/* Units whose numbers people read in hex. */
static inline bool hs_unit_is_hex(enum hs_unit unit)
{
	return unit == HS_UNIT_addr || unit == HS_UNIT_ip || unit == HS_UNIT_hex;
}

/* Bytes that a number of this type takes in a row; a power of two. */
static inline unsigned int hs_type_width(enum hs_type type)
{
	static const unsigned char widths[HS_NR_TYPES] = {
		[HS_TYPE_u8] = 1, [HS_TYPE_u16] = 2, [HS_TYPE_u32] = 4, [HS_TYPE_u64] = 8, [HS_TYPE_i32] = 4,
		[HS_TYPE_i64] = 8,
	};

	return widths[type];
}

/* A number of a row; signed ones extended to 64 bits. */
static inline uint64_t hs_column_number(const struct hs_column_info *column, const void *row)
{
	const char *field = (const char *)row + column->offset;
	int32_t narrow;
	uint64_t value = 0;

	switch (column->type) {
	case HS_TYPE_u8:
		return *(const uint8_t *)field;
	case HS_TYPE_u16:
		return *(const uint16_t *)(const void *)field;
	case HS_TYPE_u32:
		return *(const uint32_t *)(const void *)field;
	case HS_TYPE_i32:
		memcpy(&narrow, field, sizeof(narrow));
		return (uint64_t)narrow;
	default:
		memcpy(&value, field, sizeof(value));
		return value;
	}
}

/* A number of a row as text: hex where hs_unit_is_hex, else decimal. */
static inline void hs_column_add_number(struct hs_text *text, const struct hs_column_info *column, const void *row)
{
	uint64_t number = hs_column_number(column, row);

	if (hs_unit_is_hex(column->unit))
		hs_text_add_hex(text, number);
	else if (hs_type_is_signed(column->type))
		hs_text_add_i64(text, (int64_t)number);
	else
		hs_text_add_u64(text, number);
}

/* Stores a number; false: it does not fit the column's type (nothing stored). */
static inline bool hs_column_set_number(const struct hs_column_info *column, void *row, uint64_t value)
{
	char *field = (char *)row + column->offset;
	unsigned int bits = 8 * hs_type_width(column->type);

	if (bits < 64 && (hs_type_is_signed(column->type) ? value + (1ull << (bits - 1)) : value) >> bits)
		return false;
	switch (bits) {
	case 8:
		*(uint8_t *)field = (uint8_t)value;
		break;
	case 16:
		*(uint16_t *)(void *)field = (uint16_t)value;
		break;
	case 32:
		*(uint32_t *)(void *)field = (uint32_t)value;
		break;
	default:
		*(uint64_t *)(void *)field = value;
	}
	return true;
}

static inline const struct hs_bytes *hs_column_bytes(const struct hs_column_info *column, const void *row)
{
	return (const void *)((const char *)row + column->offset);
}

static inline void hs_column_set_bytes(const struct hs_column_info *column, void *row, struct hs_bytes bytes)
{
	*(struct hs_bytes *)(void *)((char *)row + column->offset) = bytes;
}

#endif
