// SPDX-License-Identifier: GPL-2.0-only
#include "traces/column_text.h"

uint64_t hs_column_number(const struct hs_column_info *column, const void *row)
{
	const void *value = (const char *)row + column->offset;

	switch (column->type) {
	case HS_TYPE_u8:
		return *(const uint8_t *)value;
	case HS_TYPE_u16:
		return *(const uint16_t *)value;
	case HS_TYPE_u32:
		return *(const uint32_t *)value;
	case HS_TYPE_i32:
		return (uint64_t)(int64_t)*(const int32_t *)value;
	default:
		return *(const uint64_t *)value;
	}
}

void hs_column_add_number(struct hs_text *text, const struct hs_column_info *column, const void *row)
{
	uint64_t number = hs_column_number(column, row);

	if (column->unit == HS_UNIT_addr || column->unit == HS_UNIT_ip || column->unit == HS_UNIT_hex)
		hs_text_add_hex(text, number);
	else if (column->type == HS_TYPE_i32 || column->type == HS_TYPE_i64)
		hs_text_add_i64(text, (int64_t)number);
	else
		hs_text_add_u64(text, number);
}
