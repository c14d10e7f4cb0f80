/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SETTING_CHANGES_H
#define HS_SETTING_CHANGES_H
/*
 * When settings that decide collapses changed, as far as the trace tells: spans, short where writes were recorded as
 * they happened, a second where files were polled. Which value a scan saw that meets such a span is not known.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/vec.h"
#include "traces/kinds.h"

struct hs_setting_change {
	uint64_t since, time;	/* ns; (since, time] */
};

struct hs_setting_changes {
	HS_VEC(struct hs_setting_change) spans;	/* by time */
	bool is_complete;	/* those of the whole trace; else up to now */
	bool is_short;		/* memory ran out: every scan may have met one */
};

void hs_setting_changes_deinit(struct hs_setting_changes *changes);

/* In the order of the trace. What decides nothing about a scan (sleeps, counters, other tunables) is left out. */
void hs_setting_changes_add(struct hs_setting_changes *changes, const struct hs_meta_tunable *change);

/* Does a change meet [from, to], ns? */
bool hs_setting_changes_meet(const struct hs_setting_changes *changes, uint64_t from, uint64_t to);

#endif
