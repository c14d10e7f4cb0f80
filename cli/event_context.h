/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_EVENT_CONTEXT_H
#define HS_EVENT_CONTEXT_H
#include "cli/task_table.h"
#include "lib/text.h"
#include "replay/decision.h"

/* The events around a decision, for people. */
struct hs_event_context {
	const char *path;			/* of the trace; read anew */
	const struct hs_task_table *tasks;
	uint64_t start_time;			/* that is shown as 0 */
	size_t before, after;			/* how many at most */
};

/*
 * Adds the last events up to the decision's time, and the first behind it, that are about its address space or
 * about none, a line each. Looks up to ten seconds back and one ahead. 0 or -errno.
 */
int hs_event_context_add(const struct hs_event_context *context, const struct hs_decision *decision,
			 struct hs_text *text, struct hs_error *err);

#endif
