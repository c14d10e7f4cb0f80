// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/collapse_pace.h"

#include <string.h>

static const uint64_t ns_per_ms = 1000000;

/* A pause of more sleeps than that had another reason: nothing was there to scan, or an allocation had failed. */
enum { MAX_SLEEPS = 4 };

void hs_collapse_pace_add_kinds(hs_kind_set *kinds)
{
	hs_kind_set_add(kinds, HS_KIND_snap_tunable);
	hs_kind_set_add(kinds, HS_KIND_meta_tunable);
	hs_kind_set_add(kinds, HS_KIND_collapse_huge_page);
	hs_kind_set_add(kinds, HS_KIND_collapse_scan);
	hs_kind_set_add(kinds, HS_KIND_collapse_scan_file);
}

static void take_setting(struct hs_collapse_pace *pace, const struct hs_bytes *name, const struct hs_bytes *value)
{
	static const char sleep[] = "transparent_hugepage/khugepaged/scan_sleep_millisecs";
	const char *text = value->data;
	uint64_t number = 0;

	if (name->length != sizeof(sleep) - 1 || memcmp(name->data, sleep, name->length) != 0)
		return;
	for (size_t i = 0; i < value->length && text[i] >= '0' && text[i] <= '9'; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	pace->sleep_ns = number * ns_per_ms;
	pace->last_ns = 0;
}

static void take_scan(struct hs_collapse_pace *pace, uint64_t now)
{
	const uint64_t gap = pace->last_ns && now > pace->last_ns ? now - pace->last_ns : 0;
	const bool has_attempt = pace->has_attempt;

	pace->last_ns = now;
	pace->has_attempt = false;
	if (!gap)
		return;
	if (pace->sleep_ns && gap >= MAX_SLEEPS * pace->sleep_ns)
		return;
	if (pace->sleep_ns && gap >= pace->sleep_ns) {
		pace->pauses++;
		pace->pause_ns += gap - pace->sleep_ns;
	} else if (has_attempt) {
		pace->attempts++;
		pace->attempt_ns += gap;
	} else {
		pace->scans++;
		pace->scan_ns += gap;
	}
}

void hs_collapse_pace_observe(struct hs_collapse_pace *pace, const struct hs_event *event)
{
	switch (event->kind) {
	case HS_KIND_snap_tunable:
		take_setting(pace, &event->snap_tunable->name, &event->snap_tunable->value);
		return;
	case HS_KIND_meta_tunable:
		take_setting(pace, &event->meta_tunable->name, &event->meta_tunable->value);
		return;
	case HS_KIND_collapse_huge_page:
		pace->has_attempt = true;
		return;
	case HS_KIND_collapse_scan:
		if (event->collapse_scan->is_khugepaged)
			take_scan(pace, event->row->time);
		return;
	case HS_KIND_collapse_scan_file:
		if (event->collapse_scan_file->is_khugepaged)
			take_scan(pace, event->row->time);
		return;
	default:
		return;
	}
}
