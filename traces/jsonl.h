/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_JSONL_H
#define HS_JSONL_H
/*
 * The text form: JSON Lines. Line 1 is the header, {"hindsight": 1, …}; each further line is one event,
 * {"kind":"fault.user","time":…,"task":…,"mm":…,"address":"0x7f…",…}: the schema's names in the schema's order.
 *
 *   numbers  as numbers; units addr, ip and hex, and what exceeds 2^63 - 1, as "0x…" (negative ones as two's
 *            complement in 64 bits). Both forms are read for every column.
 *   str      as a string; bytes that are not UTF-8 as {"hex": "…"}
 *   blob     as a string of hex digits
 *
 * Columns left out read as 0 or empty; unknown ones are an error. Empty lines and lines that begin with # are
 * skipped. Writing and reading are exact inverses. What is written is ASCII without control characters.
 */
#include <stdio.h>

#include "lib/error.h"
#include "traces/header.h"
#include "traces/kinds.h"

/* 0; -errno of writing (which may come late: check fclose), -ENOMEM. */
int hs_jsonl_write_header(FILE *out, const struct hs_header *header, struct hs_error *err);
int hs_jsonl_write_event(FILE *out, const struct hs_event *event, struct hs_error *err);

struct hs_jsonl_reader;

/*
 * in is borrowed, name (for messages) copied. Reads the header line; a missing one is an empty header. -EPROTO: a
 * newer version of the text form.
 */
int hs_jsonl_reader_open(FILE *in, const char *name, struct hs_jsonl_reader **out, struct hs_error *err);
const struct hs_header *hs_jsonl_reader_header(const struct hs_jsonl_reader *reader);

/* 1 and an event valid until the next call; 0 at the end; -EINVAL with "name:line: what". */
int hs_jsonl_reader_next(struct hs_jsonl_reader *reader, struct hs_event *event, struct hs_error *err);
void hs_jsonl_reader_close(struct hs_jsonl_reader *reader);

#endif
