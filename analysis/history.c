// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/history.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_END, VALUE_NUMBER, VALUE_SIZE, VALUE_LOOK };
enum { MAX_COLUMNS = 64, NAME_BYTES = 120 };

static double seconds(const struct hs_tally *tally, double time_ns)
{
	double start = (double)tally->start_time;

	return time_ns > start ? (time_ns - start) / 1e9 : 0;
}

static bool is_of(const struct hs_tally_history *row, const char *series, int policy)
{
	return (policy < 0 || row->policy == (uint32_t)policy) && !strcmp(row->series, series);
}

/* --- periods --------------------------------------------------------------------------------------- */

struct period {
	double start, end, number;
	int look;
	const char *label;
	size_t low, high;		/* places */
};
typedef HS_VEC(struct period) period_list;
typedef HS_VEC(double) number_list;

static int compare_numbers(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* Those of one look and time beside each other, by place. */
static int compare_periods(const void *a, const void *b)
{
	const struct period *left = a, *right = b;

	if (left->look != right->look)
		return left->look - right->look;
	if (left->start != right->start)
		return left->start > right->start ? 1 : -1;
	if (left->end != right->end)
		return left->end > right->end ? 1 : -1;
	return (left->low > right->low) - (left->low < right->low);
}

static bool gather(const struct hs_tally *tally, uint32_t policy, const char *series, period_list *periods,
		   number_list *numbers)
{
	hs_vec_for_each(row, &tally->history) {
		struct period period = {
			seconds(tally, (double)row->time), seconds(tally, row->values[VALUE_END]),
			row->values[VALUE_NUMBER], (int)row->values[VALUE_LOOK], row->label, 0, 0,
		};

		if (is_of(row, series, (int)policy) &&
		    (!hs_vec_push(periods, period) || !hs_vec_push(numbers, period.number)))
			return false;
	}
	return true;
}

static void sort_out(number_list *numbers)
{
	size_t kept = 0;

	if (numbers->count)
		qsort(numbers->items, numbers->count, sizeof(*numbers->items), compare_numbers);
	for (size_t i = 0; i < numbers->count; i++)
		if (!kept || numbers->items[kept - 1] != numbers->items[i])
			numbers->items[kept++] = numbers->items[i];
	numbers->count = kept;
}

static void place(period_list *periods, const number_list *numbers)
{
	hs_vec_for_each(period, periods) {
		const double *at = bsearch(&period->number, numbers->items, numbers->count, sizeof(*numbers->items),
					   compare_numbers);

		period->low = period->high = (size_t)(at - numbers->items);
	}
	if (periods->count)
		qsort(periods->items, periods->count, sizeof(*periods->items), compare_periods);
}

static bool goes_on(const struct period *a, const struct period *b)
{
	return a->look == b->look && a->start == b->start && a->end == b->end && a->high + 1 == b->low;
}

static void merge(period_list *periods)
{
	size_t kept = 0;

	for (size_t i = 0; i < periods->count; i++) {
		if (kept && goes_on(&periods->items[kept - 1], &periods->items[i]))
			periods->items[kept - 1].high = periods->items[i].high;
		else
			periods->items[kept++] = periods->items[i];
	}
	periods->count = kept;
}

static void fill_periods(struct hs_table *table, const period_list *periods)
{
	static const char *const columns[] = { "start", "end", "low", "high", "look", "name", "number" };

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		hs_table_add_column(table, columns[i], i < 2 ? "s" : "");
	hs_vec_for_each(period, periods) {
		hs_table_number(table, period->start, 6);
		hs_table_number(table, period->end, 6);
		hs_table_count(table, period->low);
		hs_table_count(table, period->high);
		hs_table_count(table, (uint64_t)period->look);
		hs_table_text(table, "%s", period->label);
		hs_table_number(table, period->number, 0);
	}
}

struct hs_table *hs_history_periods(const struct hs_tally *tally, uint32_t policy, const char *series,
				    size_t *nr_places, unsigned int *looks)
{
	struct hs_table *table = hs_table_create(series);
	period_list periods = { 0 };
	number_list numbers = { 0 };

	*nr_places = 0;
	*looks = 0;
	if (gather(tally, policy, series, &periods, &numbers)) {
		sort_out(&numbers);
		place(&periods, &numbers);
		merge(&periods);
		hs_vec_for_each(period, &periods)
			*looks |= 1u << period->look;
		*nr_places = numbers.count;
		fill_periods(table, &periods);
	} else {
		hs_table_destroy(table);
		table = NULL;
	}
	hs_vec_deinit(&periods);
	hs_vec_deinit(&numbers);
	return table;
}

/* --- lines ----------------------------------------------------------------------------------------- */

struct column {
	uint32_t policy;
	const char *label;
	size_t line;			/* of the setup */
	double last;
};

struct drawing {
	const struct hs_tally *tally;
	const struct hs_history_lines *lines;
	size_t nr_lines, nr_columns;
	struct column columns[MAX_COLUMNS];
};

static struct column *column_of(struct drawing *drawing, const struct hs_tally_history *row, size_t line)
{
	struct column *column = drawing->columns;

	for (; column < drawing->columns + drawing->nr_columns; column++)
		if (column->policy == row->policy && column->line == line && !strcmp(column->label, row->label))
			return column;
	if (drawing->nr_columns == MAX_COLUMNS)
		return NULL;
	*column = (struct column){ row->policy, row->label, line, NAN };
	drawing->nr_columns++;
	return column;
}

/* The rows that some line shows, in the order of their times. */
typedef HS_VEC(const struct hs_tally_history *) row_list;

static int compare_rows(const void *a, const void *b)
{
	const struct hs_tally_history *left = *(const struct hs_tally_history *const *)a;
	const struct hs_tally_history *right = *(const struct hs_tally_history *const *)b;

	if (left->time != right->time)
		return left->time > right->time ? 1 : -1;
	return (left > right) - (left < right);
}

static bool gather_rows(struct drawing *drawing, row_list *rows)
{
	hs_vec_for_each(row, &drawing->tally->history) {
		bool is_shown = false;

		for (size_t line = 0; line < drawing->nr_lines; line++)
			if (is_of(row, drawing->lines[line].series, drawing->lines[line].policy))
				is_shown |= column_of(drawing, row, line) != NULL;
		if (is_shown && !hs_vec_push(rows, row))
			return false;
	}
	if (rows->count)
		qsort(rows->items, rows->count, sizeof(*rows->items), compare_rows);
	return true;
}

/* "policy, node 0, expected", of the parts that tell something. */
static void name_column(const struct drawing *drawing, const struct column *column, char name[NAME_BYTES])
{
	const char *parts[3] = {
		drawing->tally->nr_policies > 1 && drawing->lines[column->line].policy < 0 ?
			drawing->tally->policies.items[column->policy] : "",
		column->label, drawing->lines[column->line].suffix,
	};
	size_t used = 0;

	*name = '\0';
	for (int i = 0; i < 3; i++)
		if (*parts[i] && used < NAME_BYTES)
			used += (size_t)snprintf(name + used, NAME_BYTES - used, "%s%s", used ? ", " : "", parts[i]);
}

static void take_row(struct drawing *drawing, const struct hs_tally_history *row)
{
	for (size_t line = 0; line < drawing->nr_lines; line++) {
		struct column *column = is_of(row, drawing->lines[line].series, drawing->lines[line].policy) ?
			column_of(drawing, row, line) : NULL;

		if (column)
			column->last = row->values[drawing->lines[line].value] * drawing->lines[line].unit;
	}
}

static void fill_lines(struct hs_table *table, struct drawing *drawing, const row_list *rows)
{
	char name[NAME_BYTES];

	hs_table_add_column(table, "seconds", "s");
	for (size_t i = 0; i < drawing->nr_columns; i++) {
		name_column(drawing, &drawing->columns[i], name);
		hs_table_add_column(table, name, "");
	}
	for (size_t i = 0; i < rows->count; i++) {
		take_row(drawing, rows->items[i]);
		if (i + 1 < rows->count && rows->items[i + 1]->time == rows->items[i]->time)
			continue;
		hs_table_number(table, seconds(drawing->tally, (double)rows->items[i]->time), 6);
		for (size_t at = 0; at < drawing->nr_columns; at++)
			hs_table_number(table, drawing->columns[at].last, 6);
	}
}

struct hs_table *hs_history_lines(const struct hs_tally *tally, const struct hs_history_lines *lines,
				  size_t nr_lines)
{
	struct drawing drawing = { .tally = tally, .lines = lines, .nr_lines = nr_lines };
	struct hs_table *table = hs_table_create(lines->series);
	row_list rows = { 0 };

	if (gather_rows(&drawing, &rows)) {
		fill_lines(table, &drawing, &rows);
	} else {
		hs_table_destroy(table);
		table = NULL;
	}
	hs_vec_deinit(&rows);
	return table;
}
