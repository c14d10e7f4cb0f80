// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "lib/units.h"

struct hs_table *hs_table_create(const char *title)
{
	struct hs_table *table = calloc(1, sizeof(*table));

	if (table && !(table->title = strdup(title)))
		table->status = -ENOMEM;
	return table;
}

void hs_table_destroy(struct hs_table *table)
{
	if (!table)
		return;
	hs_vec_for_each(column, &table->columns)
		free(column->name);
	hs_vec_for_each(value, &table->values)
		free(value->text);
	hs_vec_deinit(&table->columns);
	hs_vec_deinit(&table->values);
	hs_vec_deinit(&table->marks);
	free(table->title);
	free(table->note);
	free(table);
}

void hs_table_add_column(struct hs_table *table, const char *name, const char *unit)
{
	char *copy;

	if (hs_table_status(table))
		return;
	copy = strdup(name);
	if (copy && hs_vec_push(&table->columns, (struct hs_table_column){ copy, unit }))
		return;
	free(copy);
	table->status = -ENOMEM;
}

void hs_table_set_note(struct hs_table *table, const char *format, ...)
{
	va_list args;

	if (hs_table_status(table))
		return;
	free(table->note);
	va_start(args, format);
	if (vasprintf(&table->note, format, args) < 0) {
		table->note = NULL;
		table->status = -ENOMEM;
	}
	va_end(args);
}

static void add_value(struct hs_table *table, struct hs_value value)
{
	if (hs_table_status(table) || !hs_vec_push(&table->values, value)) {
		free(value.text);
		if (table)
			table->status = -ENOMEM;
	}
}

void hs_table_none(struct hs_table *table)
{
	add_value(table, (struct hs_value){ .type = HS_VALUE_NONE });
}

void hs_table_text(struct hs_table *table, const char *format, ...)
{
	struct hs_value value = { .type = HS_VALUE_TEXT };
	va_list args;

	va_start(args, format);
	if (vasprintf(&value.text, format, args) < 0) {
		value.text = NULL;
		if (table)
			table->status = -ENOMEM;
	}
	va_end(args);
	add_value(table, value);
}

void hs_table_count(struct hs_table *table, uint64_t count)
{
	add_value(table, (struct hs_value){ .type = HS_VALUE_COUNT, .count = count });
}

void hs_table_number(struct hs_table *table, double number, int decimals)
{
	add_value(table, (struct hs_value){ .type = isfinite(number) ? HS_VALUE_NUMBER : HS_VALUE_NONE,
					    .decimals = decimals, .number = number });
}

void hs_table_percent(struct hs_table *table, double percent)
{
	add_value(table, (struct hs_value){ .type = isfinite(percent) ? HS_VALUE_PERCENT : HS_VALUE_NONE,
					    .decimals = 2, .number = percent });
}

void hs_table_change(struct hs_table *table, double percent)
{
	add_value(table, (struct hs_value){ .type = isfinite(percent) ? HS_VALUE_CHANGE : HS_VALUE_NONE,
					    .number = percent });
}

void hs_table_bytes(struct hs_table *table, uint64_t bytes)
{
	add_value(table, (struct hs_value){ .type = HS_VALUE_BYTES, .count = bytes });
}

void hs_table_ns(struct hs_table *table, uint64_t ns)
{
	add_value(table, (struct hs_value){ .type = HS_VALUE_NS, .count = ns });
}

void hs_table_address(struct hs_table *table, uint64_t address)
{
	add_value(table, (struct hs_value){ .type = HS_VALUE_ADDRESS, .count = address });
}

void hs_table_mark_row(struct hs_table *table, enum hs_row_mark mark)
{
	size_t nr_rows = hs_table_nr_rows(table);

	if (!hs_table_status(table) && nr_rows &&
	    !hs_vec_push(&table->marks, (struct hs_table_row_mark){ nr_rows - 1, mark }))
		table->status = -ENOMEM;
}

int hs_table_status(const struct hs_table *table)
{
	return table ? table->status : -ENOMEM;
}

size_t hs_table_nr_rows(const struct hs_table *table)
{
	return table && table->columns.count ? table->values.count / table->columns.count : 0;
}

const struct hs_value *hs_table_value(const struct hs_table *table, size_t row, size_t column)
{
	return &table->values.items[row * table->columns.count + column];
}

enum hs_value_type hs_table_column_type(const struct hs_table *table, size_t column)
{
	enum hs_value_type type = HS_VALUE_NONE;

	for (size_t row = 0; type == HS_VALUE_NONE && row < hs_table_nr_rows(table); row++)
		type = hs_table_value(table, row, column)->type;
	return type;
}

enum hs_row_mark hs_table_row_mark(const struct hs_table *table, size_t row)
{
	hs_vec_for_each(mark, &table->marks)
		if (mark->row == row)
			return mark->mark;
	return HS_ROW_PLAIN;
}

static bool is_same_value(const struct hs_value *a, const struct hs_value *b)
{
	char buffers[2][HS_VALUE_CHARS];

	return a->type == b->type && strcmp(hs_value_plain(a, buffers[0]), hs_value_plain(b, buffers[1])) == 0;
}

bool hs_table_is_same(const struct hs_table *a, const struct hs_table *b)
{
	if (hs_table_status(a) || hs_table_status(b) || a->columns.count != b->columns.count ||
	    a->values.count != b->values.count)
		return false;
	for (size_t i = 0; i < a->columns.count; i++)
		if (strcmp(a->columns.items[i].name, b->columns.items[i].name) != 0)
			return false;
	for (size_t i = 0; i < a->values.count; i++)
		if (!is_same_value(&a->values.items[i], &b->values.items[i]))
			return false;
	return true;
}

/* What is not 0 is not printed as 0, and not as -0. */
static void format_change(double percent, char *buffer)
{
	if (percent == 0)
		snprintf(buffer, HS_VALUE_CHARS, "0 %%");
	else if (fabs(percent) < 0.05)
		snprintf(buffer, HS_VALUE_CHARS, percent < 0 ? ">-0.1 %%" : "<+0.1 %%");
	else
		snprintf(buffer, HS_VALUE_CHARS, "%+.1f %%", percent);
}

/*
 * A share that is not whole must not be rounded to 0 % or 100 %: 9999 of 10000 may print as 99.99 %, but
 * 99999 of 100000 prints as >99.99 %.
 */
static void format_percent(double percent, int decimals, char *buffer)
{
	double step = pow(10, -decimals);

	if (percent < 100 && percent > 100 - step / 2)
		snprintf(buffer, HS_VALUE_CHARS, ">%.*f %%", decimals, 100 - step);
	else if (percent > 0 && percent < step / 2)
		snprintf(buffer, HS_VALUE_CHARS, "<%.*f %%", decimals, step);
	else
		snprintf(buffer, HS_VALUE_CHARS, "%.*f %%", decimals, percent);
}

const char *hs_value_human(const struct hs_value *value, char buffer[HS_VALUE_CHARS])
{
	switch (value->type) {
	case HS_VALUE_TEXT:
		return value->text;
	case HS_VALUE_COUNT:
		return hs_format_count(value->count, buffer);
	case HS_VALUE_BYTES:
		return hs_format_bytes(value->count, buffer);
	case HS_VALUE_NS:
		return hs_format_duration(value->count, buffer);
	case HS_VALUE_PERCENT:
		format_percent(value->number, value->decimals, buffer);
		return buffer;
	case HS_VALUE_CHANGE:
		format_change(value->number, buffer);
		return buffer;
	default:
		return hs_value_plain(value, buffer);
	}
}

const char *hs_value_plain(const struct hs_value *value, char buffer[HS_VALUE_CHARS])
{
	switch (value->type) {
	case HS_VALUE_TEXT:
		return value->text;
	case HS_VALUE_NONE:
		buffer[0] = '\0';
		break;
	case HS_VALUE_NUMBER:
		snprintf(buffer, HS_VALUE_CHARS, "%.*f", value->decimals, value->number);
		break;
	case HS_VALUE_PERCENT:
	case HS_VALUE_CHANGE:
		snprintf(buffer, HS_VALUE_CHARS, "%.6f", value->number);
		break;
	case HS_VALUE_ADDRESS:
		snprintf(buffer, HS_VALUE_CHARS, "0x%" PRIx64, value->count);
		break;
	default:
		snprintf(buffer, HS_VALUE_CHARS, "%" PRIu64, value->count);
	}
	return buffer;
}
