// SPDX-License-Identifier: GPL-2.0-only
#include "cli/record_report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/json_text.h"
#include "cli/terminal.h"
#include "lib/units.h"

static const uint64_t redraw_ns = 500000000;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void hs_record_progress_start(struct hs_record_progress *progress, const struct hs_arguments *arguments)
{
	*progress = (struct hs_record_progress){
		.is_on = hs_verbosity(arguments) >= 0 && hs_is_terminal(stderr), .drawn_ns = now_ns(),
	};
}

void hs_record_progress_update(struct hs_record_progress *progress, const struct hs_recorder *recorder)
{
	struct hs_recorder_totals totals;
	char rate[HS_UNITS_TEXT], bytes[HS_UNITS_TEXT], lost[HS_UNITS_TEXT];
	uint64_t now = now_ns();

	if (!progress->is_on || now - progress->drawn_ns < redraw_ns)
		return;
	hs_recorder_get_totals(recorder, &totals);
	fprintf(stderr, "\rrecording: %s events/s, %s, rings %.0f %% full, %s lost\033[K",
		hs_format_count((totals.seen - progress->drawn_seen) * 1000000000 / (now - progress->drawn_ns), rate),
		hs_format_bytes(totals.bytes, bytes), 100 * totals.fill, hs_format_count(totals.lost, lost));
	progress->drawn_ns = now;
	progress->drawn_seen = totals.seen;
}

void hs_record_progress_end(struct hs_record_progress *progress)
{
	if (progress->is_on)
		fputs("\r\033[K", stderr);
	progress->is_on = false;
}

static void report_verdicts(const struct hs_arguments *arguments, const struct hs_probes *probes)
{
	for (size_t i = 0; i < hs_probes_nr_verdicts(probes); i++) {
		const struct hs_probe_verdict *verdict = hs_probes_verdict_at(probes, i);

		if (!verdict->was_tried || verdict->works)
			continue;
		hs_notef(arguments, 1, "%s: %s", verdict->target, hs_probe_reason(verdict));
		if (verdict->log && hs_verbosity(arguments) > 0)
			fprintf(stderr, "%s\n", verdict->log);
	}
}

void hs_record_report_rungs(const struct hs_arguments *arguments, const struct hs_recorder *recorder)
{
	bool is_asked = hs_has_option(arguments, "event");
	struct hs_recorder_totals totals;

	hs_recorder_get_totals(recorder, &totals);
	for (int i = 0; i < HS_NR_RING_SOURCES; i++) {
		const struct hs_recorder_source_totals *source = &totals.sources[i];

		if (source->is_recorded)
			hs_notef(arguments, 1, "%s: %s; %s", hs_sources[i].name, source->rung, source->detail);
		else if (source->is_wanted)
			hs_notef(arguments, hs_sources[i].is_rare && !is_asked, "%s is not recorded: %s",
				 hs_sources[i].name, source->detail);
	}
	report_verdicts(arguments, hs_recorder_probes(recorder));
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void print_text(const char *path, const struct hs_recorder_totals *totals)
{
	char seen[HS_UNITS_TEXT], written[HS_UNITS_TEXT], lost[HS_UNITS_TEXT], bytes[HS_UNITS_TEXT], time[HS_UNITS_TEXT];

	fprintf(stderr, "%-10s %-12s %16s %16s %12s\n", "source", "rung", "seen", "written", "lost");
	for (int i = 0; i < HS_NR_RING_SOURCES; i++) {
		const struct hs_recorder_source_totals *source = &totals->sources[i];

		if (source->is_recorded || source->written)
			fprintf(stderr, "%-10s %-12s %16s %16s %12s\n", hs_sources[i].name, source->rung ? source->rung : "tasks",
				hs_format_count(source->written + source->lost, seen),
				hs_format_count(source->written, written), hs_format_count(source->lost, lost));
	}
	fprintf(stderr, "%s: %s events, %s (%.2f bytes/event) in %s; %s\n", path,
		hs_format_count(totals->written, written), hs_format_bytes(totals->bytes, bytes),
		share(totals->bytes, totals->written), hs_format_duration(totals->elapsed_ns, time),
		totals->is_verified ? "seen = written + lost, verified" : "seen = written + lost does NOT hold");
	fprintf(stderr, "cost: %s CPU (%.1f %% of one, %.0f ns/event), rings at most %.0f %% full\n",
		hs_format_duration(totals->cpu_ns, time), 100 * share(totals->cpu_ns, totals->elapsed_ns),
		share(totals->cpu_ns, totals->written), 100 * totals->max_fill);
}

static json_t *json_count(uint64_t count)
{
	return json_integer((json_int_t)count);
}

static json_t *json_sources(const struct hs_recorder_totals *totals)
{
	json_t *sources = json_object();

	for (int i = 0; i < HS_NR_RING_SOURCES; i++) {
		const struct hs_recorder_source_totals *source = &totals->sources[i];

		json_object_set_new(sources, hs_sources[i].name,
				    json_pack("{s:s?, s:s, s:o, s:o, s:o}", "rung", source->rung, "detail", source->detail,
					      "seen", json_count(source->written + source->lost), "written",
					      json_count(source->written), "lost", json_count(source->lost)));
	}
	return sources;
}

static void print_json(const char *path, const struct hs_recorder_totals *totals)
{
	hs_json_print(json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:f}",
				"file", hs_json_text(path, strlen(path)), "sources", json_sources(totals),
				"seen", json_count(totals->seen), "written", json_count(totals->written),
				"lost", json_count(totals->lost), "verified", totals->is_verified,
				"rows", json_count(totals->rows), "bytes", json_count(totals->bytes),
				"cpu_ns", json_count(totals->cpu_ns), "elapsed_ns", json_count(totals->elapsed_ns),
				"max_fill", totals->max_fill));
}

void hs_record_report(const struct hs_arguments *arguments, const char *path, const struct hs_recorder *recorder)
{
	struct hs_recorder_totals totals;

	hs_recorder_get_totals(recorder, &totals);
	if (hs_has_option(arguments, "json"))
		print_json(path, &totals);
	else if (hs_verbosity(arguments) >= 0)
		print_text(path, &totals);
}
