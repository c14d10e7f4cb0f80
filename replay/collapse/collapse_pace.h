/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_PACE_H
#define HS_COLLAPSE_PACE_H
/*
 * How fast the recorded daemon was: from scan to scan within a pass, and from the last scan of a pass to the next
 * pass beyond the sleep that was set. Waiting for a processor is in it: the daemon is the nicest of threads. Where
 * the trace tells, a free run goes as fast, at each time as the recorded daemon then, whatever its own work is.
 */
#include <stdbool.h>

#include "lib/vec.h"
#include "traces/kinds.h"

/* One recorded pass. */
struct hs_pace_pass {
	uint64_t begin;			/* ns */
	uint64_t scans, attempts;	/* scans without and with attempts */
	uint64_t busy_ns;		/* that they took together */
	bool has_pause;
	int64_t pause_ns;		/* behind it, beyond the sleep: a timer may be a tick early */
};

/* Spans of time by their binary order of magnitude. */
struct hs_pace_spans {
	uint64_t count, sum_ns;
	uint64_t counts[64], sums_ns[64];
};

struct hs_collapse_pace {
	uint64_t sleep_ns;		/* scan_sleep_millisecs as recorded last */
	uint64_t last_ns;		/* end of the daemon's last scan, or beginning of its pass; 0: none yet */
	uint32_t daemon;		/* task; 0: not seen yet */
	bool has_attempt;		/* of the daemon, since last_ns */
	bool has_slept;			/* since last_ns: an allocation had failed */
	struct hs_pace_spans scans;	/* without an attempt */
	struct hs_pace_spans attempts;	/* scans with attempts */
	uint64_t pauses;
	int64_t pause_ns;		/* beyond the sleep */
	HS_VEC(struct hs_pace_pass) passes;	/* by time; empty: the trace does not tell when they began */
};

void hs_collapse_pace_deinit(struct hs_collapse_pace *pace);

/* Kinds that it wants to see, and what it makes of them. */
void hs_collapse_pace_add_kinds(hs_kind_set *kinds);
void hs_collapse_pace_observe(struct hs_collapse_pace *pace, const struct hs_event *event);

/*
 * ns; 0: not known. A scan, a scan with attempts, what a pause takes beyond its sleep: the mean, times what the
 * recorded pass of that time took as a multiple of the mean for its work; the pause is that pass's own. Where the
 * trace does not tell passes, the usual time (median) of a scan: waits, of which the mean consists then, come by the
 * hour and not by the scan.
 */
uint64_t hs_collapse_pace_scan_ns(const struct hs_collapse_pace *pace, uint64_t now);
uint64_t hs_collapse_pace_attempt_ns(const struct hs_collapse_pace *pace, uint64_t now);
int64_t hs_collapse_pace_pause_ns(const struct hs_collapse_pace *pace, uint64_t now);

#endif
