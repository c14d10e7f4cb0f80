/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_PACE_H
#define HS_COLLAPSE_PACE_H
/*
 * How fast the recorded daemon was: from scan to scan within a pass, and from the last scan of a pass to the first
 * of the next beyond the sleep that was set. Waiting for a processor is in it: the daemon is the nicest of threads.
 * Where the trace tells, a free run goes as fast.
 */
#include <stdbool.h>

#include "traces/kinds.h"

struct hs_collapse_pace {
	uint64_t sleep_ns;		/* scan_sleep_millisecs as recorded last */
	uint64_t last_ns;		/* end of the daemon's last scan, 0: none yet */
	bool has_attempt;		/* since then */
	uint64_t scans, scan_ns;	/* without an attempt */
	uint64_t attempts, attempt_ns;	/* scans with attempts */
	uint64_t pauses, pause_ns;	/* beyond the sleep */
};

/* Kinds that it wants to see, and what it makes of them. */
void hs_collapse_pace_add_kinds(hs_kind_set *kinds);
void hs_collapse_pace_observe(struct hs_collapse_pace *pace, const struct hs_event *event);

/* ns; 0: not known. Means of a scan, of a scan with attempts, of what a pause takes beyond its sleep. */
static inline uint64_t hs_collapse_pace_scan_ns(const struct hs_collapse_pace *pace)
{
	return pace->scans ? pace->scan_ns / pace->scans : 0;
}

static inline uint64_t hs_collapse_pace_attempt_ns(const struct hs_collapse_pace *pace)
{
	return pace->attempts ? pace->attempt_ns / pace->attempts : 0;
}

static inline uint64_t hs_collapse_pace_pause_ns(const struct hs_collapse_pace *pace)
{
	return pace->pauses ? pace->pause_ns / pace->pauses : 0;
}

#endif
