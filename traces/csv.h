/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CSV_H
#define HS_CSV_H
/*
 * Events as one CSV table (RFC 4180, comma, LF): kind, time, task, mm, and then every other column of the
 * chosen kinds once; a cell is empty where the event's kind has no such column. Addresses, ips and flags are
 * 0x… . Not an inverse: use JSON Lines for that.
 *
 * Texts are hostile: bytes outside printable ASCII and UTF-8 are written as \xNN and a backslash as \\; a text
 * that a spreadsheet would take for a formula (first character = + - @) gets an apostrophe in front.
 */
#include <stdio.h>

#include "lib/error.h"
#include "traces/kinds.h"

struct hs_csv;

/* Writes the line of column names. out is borrowed. 0, -ENOMEM or -errno of writing. */
int hs_csv_open(FILE *out, const hs_kind_set *kinds, struct hs_csv **csv, struct hs_error *err);

/* One line. event->kind must be one of the chosen kinds. */
int hs_csv_write_event(struct hs_csv *csv, const struct hs_event *event, struct hs_error *err);

/* Does not close the file. NULL is fine. */
void hs_csv_close(struct hs_csv *csv);

#endif
