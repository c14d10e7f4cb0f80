/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CSV_H
#define HS_CSV_H
/*
 * Events as comma-separated values (RFC 4180): one table for a set of kinds. Columns: kind, then every
 * column name of those kinds once, in the schema's order; a kind without the column leaves the field empty.
 *
 * Made to be safe where it is opened: each event is one line, bytes that a terminal would obey are \xNN and a
 * backslash is doubled; text that a spreadsheet would take for a formula (it begins with = + - or @) gets
 * a ' in front. JSON Lines (jsonl.h) is the form that keeps every byte.
 */
#include "lib/text.h"
#include "traces/kinds.h"

struct hs_csv;

/* All or nothing: 0 or -ENOMEM. */
int hs_csv_create(const hs_kind_set *kinds, struct hs_csv **out);
void hs_csv_destroy(struct hs_csv *csv);

/* The line of names. */
void hs_csv_add_header(const struct hs_csv *csv, struct hs_text *text);
/* One event of a kind in the set. */
void hs_csv_add_event(const struct hs_csv *csv, struct hs_text *text, const struct hs_event *event);

#endif
