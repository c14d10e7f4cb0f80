// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/collapse_pace.h"

#include <stdlib.h>
#include <string.h>

#include "replay/collapse/collapse_result.h"

static const uint64_t ns_per_ms = 1000000;

/*
 * A pause of more sleeps than that had another reason: nothing was there to scan, or an allocation had failed. One of
 * less than half was ended early, by a write to the setting.
 */
enum { MAX_SLEEPS = 4 };

void hs_collapse_pace_deinit(struct hs_collapse_pace *pace)
{
	hs_vec_deinit(&pace->passes);
}

void hs_collapse_pace_add_kinds(hs_kind_set *kinds)
{
	hs_kind_set_add(kinds, HS_KIND_snap_tunable);
	hs_kind_set_add(kinds, HS_KIND_meta_tunable);
	hs_kind_set_add(kinds, HS_KIND_collapse_pass);
	hs_kind_set_add(kinds, HS_KIND_collapse_alloc);
	hs_kind_set_add(kinds, HS_KIND_collapse_huge_page);
	hs_kind_set_add(kinds, HS_KIND_collapse_file);
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

static struct hs_pace_pass *last_pass(struct hs_collapse_pace *pace)
{
	return pace->passes.count ? &pace->passes.items[pace->passes.count - 1] : NULL;
}

/* From the last event of a pass to the first one of the next. */
static void take_pause(struct hs_collapse_pace *pace, uint64_t gap)
{
	struct hs_pace_pass *pass = last_pass(pace);

	if (!pace->sleep_ns || gap < pace->sleep_ns / 2 || gap >= MAX_SLEEPS * pace->sleep_ns)
		return;
	pace->pauses++;
	pace->pause_ns += (int64_t)(gap - pace->sleep_ns);
	if (!pass)
		return;
	pass->pause_ns = (int64_t)(gap - pace->sleep_ns);
	pass->has_pause = true;
}

/* Since the last event. */
static uint64_t gap_before(const struct hs_collapse_pace *pace, uint64_t now)
{
	return pace->last_ns && now > pace->last_ns ? now - pace->last_ns : 0;
}

/* Without memory for it, the pass counts as a part of the one before. */
static void take_pass(struct hs_collapse_pace *pace, uint64_t now)
{
	take_pause(pace, gap_before(pace, now));
	(void)hs_vec_push(&pace->passes, (struct hs_pace_pass){ .begin = now });
	pace->last_ns = now;
	pace->has_attempt = pace->has_slept = false;
}

static void add_span(struct hs_pace_spans *spans, uint64_t ns)
{
	const int order = ns ? 63 - __builtin_clzll(ns) : 0;

	spans->count++;
	spans->sum_ns += ns;
	spans->counts[order]++;
	spans->sums_ns[order] += ns;
}

static uint64_t mean_of(const struct hs_pace_spans *spans)
{
	return spans->count ? spans->sum_ns / spans->count : 0;
}

/* The mean of those of the median's order of magnitude. */
static uint64_t median_of(const struct hs_pace_spans *spans)
{
	uint64_t below = 0;

	for (int order = 0; order < 64; order++) {
		below += spans->counts[order];
		if (spans->counts[order] && 2 * below >= spans->count)
			return spans->sums_ns[order] / spans->counts[order];
	}
	return 0;
}

static uint64_t usual_of(const struct hs_collapse_pace *pace, const struct hs_pace_spans *spans)
{
	return pace->passes.count ? mean_of(spans) : median_of(spans);
}

static void add_scan(struct hs_collapse_pace *pace, uint64_t gap, bool has_attempt)
{
	struct hs_pace_pass *pass = last_pass(pace);

	add_span(has_attempt ? &pace->attempts : &pace->scans, gap);
	if (!pass)
		return;
	*(has_attempt ? &pass->attempts : &pass->scans) += 1;
	pass->busy_ns += gap;
}

/* MADV_COLLAPSE attempts, too, while the daemon scans. */
static void take_attempt(struct hs_collapse_pace *pace, uint32_t task)
{
	pace->has_attempt |= !pace->daemon || task == pace->daemon;
}

/* may_end_attempt: of a file, whose attempt older kernels have no event for. */
static void take_scan(struct hs_collapse_pace *pace, const struct hs_row *row, const struct hs_bytes *status,
		      bool may_end_attempt)
{
	const uint64_t now = row->time, gap = gap_before(pace, now);
	const int result = hs_collapse_result_find(status->data, status->length);
	const bool has_attempt = pace->has_attempt || (may_end_attempt && result == HS_SCAN_SUCCEED);
	const bool has_slept = pace->has_slept;

	pace->daemon = row->task;
	pace->last_ns = now;
	pace->has_attempt = false;
	/* khugepaged_alloc_sleep comes behind the visit whose allocation failed. */
	pace->has_slept = result == HS_SCAN_ALLOC_HUGE_PAGE_FAIL;
	if (!gap || has_slept)
		return;
	/* Where passes are not told, only a long gap tells them apart. */
	if (!pace->passes.count && pace->sleep_ns && gap >= pace->sleep_ns)
		take_pause(pace, gap);
	else
		add_scan(pace, gap, has_attempt);
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
	case HS_KIND_collapse_pass:
		take_pass(pace, event->row->time);
		return;
	case HS_KIND_collapse_alloc:
	case HS_KIND_collapse_huge_page:
	case HS_KIND_collapse_file:
		take_attempt(pace, event->row->task);
		return;
	case HS_KIND_collapse_scan:
		if (event->collapse_scan->is_khugepaged)
			take_scan(pace, event->row, &event->collapse_scan->status, false);
		return;
	case HS_KIND_collapse_scan_file:
		if (event->collapse_scan_file->is_khugepaged)
			take_scan(pace, event->row, &event->collapse_scan_file->status, true);
		return;
	default:
		return;
	}
}

/* The last pass that had begun by then, or the first of all; NULL: none is known. */
static const struct hs_pace_pass *pass_at(const struct hs_collapse_pace *pace, uint64_t now)
{
	size_t low = 0, high = pace->passes.count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (pace->passes.items[middle].begin <= now)
			low = middle + 1;
		else
			high = middle;
	}
	return pace->passes.count ? &pace->passes.items[low ? low - 1 : 0] : NULL;
}

/* As much longer or shorter as the recorded pass of that time took than the mean of passes with its work. */
static uint64_t at_pace_of(const struct hs_collapse_pace *pace, uint64_t now, uint64_t ns)
{
	const struct hs_pace_pass *pass = pass_at(pace, now);
	const uint64_t usual = pass ? pass->scans * mean_of(&pace->scans) + pass->attempts * mean_of(&pace->attempts) : 0;

	return usual ? (uint64_t)((double)ns * (double)pass->busy_ns / (double)usual) : ns;
}

uint64_t hs_collapse_pace_scan_ns(const struct hs_collapse_pace *pace, uint64_t now)
{
	return at_pace_of(pace, now, usual_of(pace, &pace->scans));
}

uint64_t hs_collapse_pace_attempt_ns(const struct hs_collapse_pace *pace, uint64_t now)
{
	return at_pace_of(pace, now, usual_of(pace, &pace->attempts));
}

int64_t hs_collapse_pace_pause_ns(const struct hs_collapse_pace *pace, uint64_t now)
{
	const struct hs_pace_pass *pass = pass_at(pace, now);

	if (pass && pass->has_pause)
		return pass->pause_ns;
	return pace->pauses ? pace->pause_ns / (int64_t)pace->pauses : 0;
}
