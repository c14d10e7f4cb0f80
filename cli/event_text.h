/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_EVENT_TEXT_H
#define HS_EVENT_TEXT_H
/* An event as a line for people: seconds since the start, command name and process, kind, name=value …. */
#include "cli/task_table.h"
#include "lib/text.h"
#include "traces/kinds.h"

struct hs_event_style {
	const struct hs_task_table *tasks;	/* for the names */
	uint64_t start_time;			/* that is shown as 0 (ns, trace clock) */
	const char *kind_colour, *plain;	/* escape sequences, or "" */
};

/*
 * Adds one line. Nothing in it can control a terminal, whatever the trace holds. Bitmaps are shown as the number of
 * pages set, blobs as their length.
 */
void hs_event_add_text(struct hs_text *text, const struct hs_event *event, const struct hs_event_style *style);

#endif
