/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SCENARIO_TRACE_H
#define HS_SCENARIO_TRACE_H
/* A scenario's GPU may touch what a process of another trace faulted on. */
#include "lib/error.h"

/*
 * Reads the page faults of the tasks that `who` selects (as svm_read_selector). Calls add once with key "trace" and
 * "START BOOT_WALL" of the trace's header (ns), then with "fault" and "TIME PAGE r|w" per fault, by time: ns on that
 * trace's clock, number of the 4 KiB page. The strings are valid during the call. 0, -EINVAL (who), -ENOENT (no such
 * fault), or the error of reading.
 */
int hs_scenario_read_trace(const char *path, const char *who,
			   void (*add)(void *context, const char *key, const char *value), void *context,
			   struct hs_error *err);

#endif
