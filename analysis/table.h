/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TABLE_H
#define HS_TABLE_H
/*
 * A table as data: columns with names and units, rows of typed values. Every number a user sees goes
 * through one, and hs_table_render turns it into any of the forms below.
 *
 * Builders never fail at the call: the first lack of memory is remembered, makes the later calls do
 * nothing, and hs_table_status tells.
 *
 *   struct hs_table *table = hs_table_create("agreement");
 *   hs_table_add_column(table, "point", "");
 *   hs_table_add_column(table, "agreement", "percent");
 *   hs_table_text(table, "%s", point); hs_table_percent(table, 99.2);	row 1
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/vec.h"

enum hs_value_type {
	HS_VALUE_NONE,		/* nothing to say: blank for humans, null or empty for machines */
	HS_VALUE_TEXT,
	HS_VALUE_COUNT,
	HS_VALUE_NUMBER,	/* with a number of decimals */
	HS_VALUE_PERCENT,	/* a share, 0 to 100 */
	HS_VALUE_CHANGE,	/* a change in percent, of any sign */
	HS_VALUE_BYTES,
	HS_VALUE_NS,
	HS_VALUE_ADDRESS,	/* printed in hex */
};

struct hs_value {
	enum hs_value_type type;
	int decimals;		/* of HS_VALUE_NUMBER and HS_VALUE_PERCENT */
	char *text;		/* HS_VALUE_TEXT, owned; any bytes but zero */
	uint64_t count;		/* COUNT, BYTES, NS, ADDRESS */
	double number;		/* NUMBER, PERCENT, CHANGE */
};

struct hs_table_column {
	char *name;
	const char *unit;	/* static: "ns", "percent", "" … for programs; human forms have it in the values */
};

enum hs_row_mark { HS_ROW_PLAIN, HS_ROW_PASSED, HS_ROW_FAILED, HS_ROW_SKIPPED };

struct hs_table_row_mark {
	size_t row;
	enum hs_row_mark mark;
};

/* Read only outside table.c. */
struct hs_table {
	char *title;
	char *note;		/* a sentence below the table, or NULL */
	HS_VEC(struct hs_table_column) columns;
	HS_VEC(struct hs_value) values;		/* row by row */
	HS_VEC(struct hs_table_row_mark) marks;	/* ascending rows */
	int status;		/* 0 or -ENOMEM */
};

/* NULL when out of memory; every function below accepts NULL. */
struct hs_table *hs_table_create(const char *title);
void hs_table_destroy(struct hs_table *table);

/* All columns come before the first value. unit is static. */
void hs_table_add_column(struct hs_table *table, const char *name, const char *unit);
void hs_table_set_note(struct hs_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each appends one value; a row is complete after as many as there are columns. */
void hs_table_none(struct hs_table *table);
void hs_table_text(struct hs_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hs_table_count(struct hs_table *table, uint64_t count);
void hs_table_number(struct hs_table *table, double number, int decimals);
void hs_table_percent(struct hs_table *table, double percent);
/* As all that take a double: NONE unless it is finite. */
void hs_table_change(struct hs_table *table, double percent);
void hs_table_bytes(struct hs_table *table, uint64_t bytes);
void hs_table_ns(struct hs_table *table, uint64_t ns);
void hs_table_address(struct hs_table *table, uint64_t address);

/* Marks the last complete row. JUnit reports marked rows only. */
void hs_table_mark_row(struct hs_table *table, enum hs_row_mark mark);

/* 0, or -ENOMEM: the table is incomplete (or NULL) and must not be shown. */
int hs_table_status(const struct hs_table *table);
size_t hs_table_nr_rows(const struct hs_table *table);
const struct hs_value *hs_table_value(const struct hs_table *table, size_t row, size_t column);
/* Type of the first value of a column that is not NONE; NONE: there is none. */
enum hs_value_type hs_table_column_type(const struct hs_table *table, size_t column);
enum hs_row_mark hs_table_row_mark(const struct hs_table *table, size_t row);

/* The same columns and values, whatever the titles. */
bool hs_table_is_same(const struct hs_table *a, const struct hs_table *b);

enum { HS_VALUE_CHARS = 96 };
/*
 * A value as humans read it ("12,345", "99.2 %", "4 MiB"). Text values are returned as they are, others
 * are written into buffer.
 */
const char *hs_value_human(const struct hs_value *value, char buffer[HS_VALUE_CHARS]);
/* A value as programs read it: plain digits in the column's unit, addresses in hex. NONE is "". */
const char *hs_value_plain(const struct hs_value *value, char buffer[HS_VALUE_CHARS]);

enum hs_table_format {
	HS_TABLE_TEXT,		/* aligned, at most 80 columns; no control characters */
	HS_TABLE_MARKDOWN,
	HS_TABLE_CSV,		/* RFC 4180; text that a spreadsheet would run as a formula gets a leading ' */
	HS_TABLE_JSON,		/* {"title": …, "rows": [{"column": value, …}, …]}, one object */
	HS_TABLE_JUNIT,		/* one <testsuite>; marked rows are its cases, named by their leading text columns */
	HS_NR_TABLE_FORMATS
};

/* "text", "markdown", "csv", "json", "junit"; -1: no such format. */
int hs_table_format_find(const char *name);

/* Writes the table; I/O errors stay in out's error flag. */
void hs_table_render(const struct hs_table *table, enum hs_table_format format, FILE *out);
/*
 * Several tables as one valid document: JSON {"tables": […]}, one <testsuites>, else one after another
 * with a blank line between. Tables whose pointer is NULL are left out.
 */
void hs_tables_render(struct hs_table *const *tables, size_t nr, enum hs_table_format format, FILE *out);

#endif
