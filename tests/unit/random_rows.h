/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RANDOM_ROWS_H
#define HS_RANDOM_ROWS_H
/* Seeded rows of any kind for tests: boundary values, small steps, repeats, empty and odd texts. */
#include <assert.h>
#include <stdlib.h>

#include "lib/rng.h"
#include "traces/column.h"

static inline uint64_t random_number(struct hs_rng *rng, const struct hs_column_info *column, const void *row_before)
{
	unsigned int bits = 8 * hs_type_width(column->type);
	bool is_signed = hs_type_is_signed(column->type);
	uint64_t before = row_before ? hs_column_number(column, row_before) : 0, value = 0;

	switch (hs_rng_below(rng, 8)) {
	case 0:
		value = 0;
		break;
	case 1:
		value = is_signed ? UINT64_MAX << (bits - 1) : bits < 64 ? (1ull << bits) - 1 : UINT64_MAX;
		break;
	case 2:
		value = (1ull << (bits - 1)) - 1;
		break;
	case 3:
		value = hs_rng_next(rng) >> hs_rng_below(rng, 64) & ((1ull << (bits - 1)) - 1);
		break;
	case 4:
		value = before + 4096;
		break;
	default:
		value = before;
	}
	if (bits < 64 && !is_signed)
		value &= (1ull << bits) - 1;
	if (bits < 64 && is_signed)
		value = (uint64_t)(int64_t)(int32_t)(uint32_t)value;
	return value;
}

/* Texts live in static storage. */
static inline struct hs_bytes random_text(struct hs_rng *rng)
{
	static const char text[] = "khugepaged\0\xff\xfe<script>\n\"',;\\ \xc3\xa4/proc/`id`=+-@ "
				   "0123456789 abcdefghijklmnopqrstuvwxyz";
	size_t from = hs_rng_below(rng, sizeof(text));

	if (hs_rng_below(rng, 4) == 0)
		return (struct hs_bytes){ NULL, 0 };
	return (struct hs_bytes){ text + from, (uint32_t)hs_rng_below(rng, sizeof(text) - from) };
}

/* nr rows, zeroed between the fields, times from first_time on, not going back. To be freed. */
static inline void *random_rows(struct hs_rng *rng, unsigned int kind, size_t nr, uint64_t first_time)
{
	const struct hs_kind_info *info = hs_kind_info(kind);
	char *rows = calloc(nr + 1, info->row_bytes), *row = rows;
	uint64_t time = first_time;

	assert(rows);
	for (size_t i = 0; i < nr; i++, row += info->row_bytes) {
		for (unsigned int c = 1; c < info->nr_columns; c++) {
			const struct hs_column_info *column = &info->columns[c];

			if (hs_type_is_bytes(column->type))
				hs_column_set_bytes(column, row, random_text(rng));
			else
				assert(hs_column_set_number(column, row,
							    random_number(rng, column, i ? row - info->row_bytes : NULL)));
		}
		((struct hs_row *)(void *)row)->time = time;
		time += hs_rng_below(rng, 3) ? hs_rng_next(rng) >> (30 + hs_rng_below(rng, 34)) : 0;
	}
	return rows;
}

/* Do two rows of a kind say the same? */
static inline bool rows_equal(unsigned int kind, const void *a, const void *b)
{
	const struct hs_kind_info *info = hs_kind_info(kind);

	for (unsigned int c = 0; c < info->nr_columns; c++) {
		const struct hs_column_info *column = &info->columns[c];

		if (hs_type_is_bytes(column->type)) {
			const struct hs_bytes *x = hs_column_bytes(column, a), *y = hs_column_bytes(column, b);

			if (x->length != y->length || (x->length && memcmp(x->data, y->data, x->length) != 0))
				return false;
		} else if (hs_column_number(column, a) != hs_column_number(column, b)) {
			return false;
		}
	}
	return true;
}

#endif
