/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SNAPSHOT_RULES_H
#define HS_SNAPSHOT_RULES_H
/*
 * What a recorded page table decides: the rules walk it as the kernel did. It counts only where the same walk
 * under the recorded settings gives the recorded counts; else another thread changed the range in between.
 */
#include "replay/collapse/collapse_state.h"

/* The page table at the scan. False: there is none, or it is not the one that the kernel walked. */
bool hs_snapshot_scan(const struct hs_collapse_request *request, struct hs_counter_answer *answer);
/* The page table when it was detached, for the isolate step. */
bool hs_snapshot_isolate(const struct hs_collapse_request *request, struct hs_counter_answer *answer);

/* The scan's walk over the page table under the recorded settings. The request has_ptes. */
void hs_snapshot_walk(const struct hs_collapse_request *request, struct hs_scan_outcome *outcome);

/* The page cache at the scan of a file. */
bool hs_snapshot_file(const struct hs_collapse_request *request, struct hs_counter_answer *answer);

/* A table whose pages are known was recorded, but the kernel's counts are not its. */
bool hs_snapshot_is_stale(const struct hs_collapse_request *request);

#endif
