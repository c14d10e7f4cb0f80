/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLUMN_TEXT_H
#define HS_COLUMN_TEXT_H
/* A column's value as text, the same in every text form but for quoting. */
#include "lib/text.h"
#include "traces/schema.h"

static inline bool hs_column_is_bytes(const struct hs_column_info *column)
{
	return column->type == HS_TYPE_str || column->type == HS_TYPE_blob;
}

/* Value of a str or blob column; borrowed from the row. */
static inline const struct hs_bytes *hs_column_bytes(const struct hs_column_info *column, const void *row)
{
	return (const struct hs_bytes *)(const void *)((const char *)row + column->offset);
}

/* Value of any other column, widened; i32 and i64 keep their sign as two's complement. */
uint64_t hs_column_number(const struct hs_column_info *column, const void *row);

/* That value as text: addresses, instruction pointers and flags as 0x…, all else decimal. */
void hs_column_add_number(struct hs_text *text, const struct hs_column_info *column, const void *row);

#endif
