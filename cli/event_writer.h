/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_EVENT_WRITER_H
#define HS_EVENT_WRITER_H
/* Events as text to a stream, in one of the forms of the table: text, jsonl, csv. */
#include <stdio.h>

#include "cli/event_text.h"
#include "traces/csv.h"
#include "traces/header.h"

struct hs_event_writer;

struct hs_event_format {
	const char *name;
	/* The lines before the first event; may be NULL. */
	int (*begin)(struct hs_event_writer *writer, const struct hs_header *header, struct hs_error *err);
	int (*add)(struct hs_event_writer *writer, const struct hs_event *event, struct hs_error *err);
};

/* What a format needs; set by hs_event_writer_open. */
struct hs_event_writer {
	const struct hs_event_format *format;
	FILE *out;			/* borrowed */
	hs_kind_set kinds;
	struct hs_event_style style;	/* text */
	struct hs_text line;		/* text */
	struct hs_csv *csv;		/* csv */
};

/* NULL: no such format. */
const struct hs_event_format *hs_event_format_find(const char *name);

/*
 * kinds: those that will come. tasks (for the text form, else NULL) and out are borrowed; the header is
 * borrowed during the call, jsonl begins with it. On error nothing is left to close.
 */
int hs_event_writer_open(struct hs_event_writer *writer, const struct hs_event_format *format, FILE *out,
			 const struct hs_header *header, const hs_kind_set *kinds, const struct hs_task_table *tasks,
			 struct hs_error *err);

/* 0 or -errno: of writing, or -ENOMEM. out may still hold what was written: see hs_output_close. */
int hs_event_writer_add(struct hs_event_writer *writer, const struct hs_event *event, struct hs_error *err);

/* Frees; out stays open. */
void hs_event_writer_close(struct hs_event_writer *writer);

#endif
