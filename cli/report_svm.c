// SPDX-License-Identifier: GPL-2.0-only
/* The figures of the svm model: migrations, places of memory, queues that stand still. */
#include <stdio.h>
#include <string.h>

#include "cli/report.h"
#include "lib/units.h"

enum { COLUMNS = 120, MAX_ROWS = 32, CAPTION_BYTES = 400, ROW_HEIGHT = 14, AXES_HEIGHT = 130, STOPPED_NS = 7 };
#define PAGES_PER_MIB 256.0

static double end_of(const struct hs_tally *tally)
{
	return (double)hs_tally_nr_buckets(tally) * (double)tally->bucket_ns / 1e9;
}

static void add_migrations(struct hs_report *report, size_t trace, uint32_t policy)
{
	static const char *const names[] = { "pages_in", "pages_out", NULL };
	const struct hs_tally *tally = report->whatif.tallies.items[trace];
	struct hs_plot_number numbers[] = { { "end", end_of(tally) }, { NULL, 0 } };
	char width[HS_UNITS_TEXT], per_bucket[64], caption[CAPTION_BYTES];
	struct hs_plot_label labels[] = { { "per_bucket", per_bucket }, { NULL, NULL } };

	snprintf(per_bucket, sizeof(per_bucket), "MiB per %s", hs_format_duration(tally->bucket_ns, width));
	snprintf(caption, sizeof(caption), "Migrations under %s: memory moved into VRAM (in) and back to system memory "
		 "(out).", report->whatif.names.items[policy]);
	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "results.gp", .name = "migrations", .trace = trace, .policy = policy,
		.point = HS_POINT_SVM_MIGRATE, .numbers = numbers, .labels = labels, .caption = caption,
		.table = hs_series_cost_stack(tally, policy, HS_POINT_SVM_MIGRATE, names, PAGES_PER_MIB),
	});
}

static double nr_rows(const struct hs_table *table)
{
	uint64_t last = 0;

	for (size_t i = 0; table && i < hs_table_nr_rows(table); i++)
		if (hs_table_value(table, i, 2)->count > last)
			last = hs_table_value(table, i, 2)->count;
	return (double)last + 1;
}

static void add_residency(struct hs_report *report, size_t trace, uint32_t policy)
{
	const struct hs_tally *tally = report->whatif.tallies.items[trace];
	struct hs_places_setup setup = {
		.policy = policy, .start_time = tally->start_time, .columns = COLUMNS, .max_rows = MAX_ROWS,
		.end_time = tally->start_time + (uint64_t)(end_of(tally) * 1e9),
	};
	struct hs_table *table = hs_places_table(&tally->places, &setup);
	double rows = nr_rows(table);
	struct hs_plot_number numbers[] = {
		{ "end", end_of(tally) }, { "rows", rows }, { "height", AXES_HEIGHT + ROW_HEIGHT * rows }, { NULL, 0 },
	};
	char caption[CAPTION_BYTES];

	snprintf(caption, sizeof(caption), "Residency under %s: how much of each 2 MiB that was ever in VRAM is there, over "
		 "time. Rows are labelled with the address space and first address; where there are many, several blocks "
		 "share a row.", report->whatif.names.items[policy]);
	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "places.gp", .name = "residency", .trace = trace, .policy = policy,
		.point = HS_POINT_SVM_MIGRATE, .table = table, .numbers = numbers, .caption = caption,
	});
}

static void add_stops(struct hs_report *report, size_t trace)
{
	const struct hs_tally *tally = report->whatif.tallies.items[trace];
	struct hs_plot_number numbers[] = { { "end", end_of(tally) }, { NULL, 0 } };
	struct hs_plot_label labels[] = { { "what", "queues stopped so far (s)" }, { NULL, NULL } };

	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "total.gp", .name = "stopped", .trace = trace, .point = HS_POINT_SVM_RESTORE,
		.numbers = numbers, .labels = labels,
		.table = hs_series_cost_total(tally, HS_POINT_SVM_RESTORE, STOPPED_NS, 1e9),
		.caption = "Time that the queues of the GPUs stood still so far, by policy: each stop is added when it ends.",
	});
}

void hs_report_svm_figures(struct hs_report *report, size_t trace)
{
	for (uint32_t policy = 0; policy < report->whatif.names.count; policy++) {
		add_migrations(report, trace, policy);
		add_residency(report, trace, policy);
	}
	add_stops(report, trace);
}
