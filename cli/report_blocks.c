// SPDX-License-Identifier: GPL-2.0-only
/* Plots of memory blocks: which was in which state, how much memory is MOVABLE, how much could be unplugged. */
#include <stdio.h>
#include <string.h>

#include "analysis/history.h"
#include "cli/report.h"

enum { CAPTION_BYTES = 400 };
static const double gib = 1.0 / (1 << 30);

/* Values of the series "block.nodes" and "block.unplug": replay/block/block_history.c. */
enum { NODES_RATIO = 3 };
enum { UNPLUG_LOWER, UNPLUG_EXPECTED, UNPLUG_UPPER };

static double end_of(const struct hs_tally *tally)
{
	double end = 0;

	hs_vec_for_each(row, &tally->history)
		end = (double)row->time > end ? (double)row->time : end;
	end = tally->last_time > end ? (double)tally->last_time : end;
	return end > (double)tally->start_time ? (end - (double)tally->start_time) / 1e9 : 1;
}

static const char *under(const struct hs_study *study, uint32_t policy, char *buffer, size_t room)
{
	*buffer = '\0';
	if (study->names.count > 1)
		snprintf(buffer, room, ", under %s", study->names.items[policy]);
	return buffer;
}

static void add_timeline(struct hs_report *report, const struct hs_study *study, size_t trace, uint32_t policy,
			 const char *name)
{
	const struct hs_tally *tally = study->tallies.items[trace];
	unsigned int looks;
	size_t nr_places;
	struct hs_table *table = hs_history_periods(tally, policy, "block.blocks", &nr_places, &looks);
	double height = 160 + (nr_places < 64 ? 14 * (double)nr_places : 900);
	struct hs_plot_number numbers[] = {
		{ "end", end_of(tally) }, { "places", (double)nr_places }, { "seen", looks }, { "height", height }, { NULL, 0 },
	};
	struct hs_plot_label labels[] = { { "what", "memory block" }, { NULL, NULL } };
	char caption[CAPTION_BYTES], whose[200];

	snprintf(caption, sizeof(caption), "Memory blocks over time, by their numbers, coloured by zone or state%s. Numbers "
		 "that no block ever had are left out.", under(study, policy, whose, sizeof(whose)));
	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "timeline.gp", .name = name, .trace = trace, .policy = policy, .point = HS_POINT_BLOCK_ONLINE,
		.table = table, .numbers = numbers, .labels = labels, .caption = caption,
	});
}

static void add_lines(struct hs_report *report, const struct hs_tally *tally, size_t trace, const char *name,
		      struct hs_table *table, const char *what, const char *caption)
{
	struct hs_plot_number numbers[] = { { "end", end_of(tally) }, { NULL, 0 } };
	struct hs_plot_label labels[] = { { "what", what }, { NULL, NULL } };

	hs_report_figure(report, &(struct hs_report_figure){
		.template_name = "total.gp", .name = name, .trace = trace, .point = HS_POINT_BLOCK_ONLINE, .table = table,
		.numbers = numbers, .labels = labels, .caption = caption,
	});
}

static void add_ratio(struct hs_report *report, const struct hs_tally *tally, size_t trace, int policy,
		      const char *name)
{
	const struct hs_history_lines lines = { "block.nodes", NODES_RATIO, 1, "", policy };

	add_lines(report, tally, trace, name, hs_history_lines(tally, &lines, 1), "MOVABLE to kernel memory",
		  "Present memory that is MOVABLE (or CMA) over present memory of kernel zones, by node.");
}

static void add_unplug(struct hs_report *report, const struct hs_tally *tally, size_t trace, int policy,
		       const char *name)
{
	const struct hs_history_lines lines[] = {
		{ "block.unplug", UNPLUG_EXPECTED, gib, policy < 0 ? "" : "offline or MOVABLE", policy },
		{ "block.unplug", UNPLUG_LOWER, gib, "offline", policy },
		{ "block.unplug", UNPLUG_UPPER, gib, "every whole block of one zone", policy },
	};

	add_lines(report, tally, trace, name, hs_history_lines(tally, lines, policy < 0 ? 1 : 3),
		  "could be unplugged (GiB)", policy < 0 ?
		  "Memory that could be unplugged again: blocks that are offline or MOVABLE, by policy." :
		  "Memory that could be unplugged again: at least what is offline, at most every block that is whole and in one "
		  "zone; what is MOVABLE is expected to go.");
}

static bool has_blocks(const struct hs_tally *tally)
{
	hs_vec_for_each(row, &tally->history)
		if (!strcmp(row->series, "block.blocks"))
			return true;
	return false;
}

void hs_report_blocks_recorded(struct hs_report *report, size_t trace)
{
	const struct hs_tally *tally = report->validate.tallies.items[trace];

	if (!has_blocks(tally))
		return;
	add_timeline(report, &report->validate, trace, 0, "recorded-blocks");
	add_ratio(report, tally, trace, 0, "recorded-ratio");
	add_unplug(report, tally, trace, 0, "recorded-unplug");
}

void hs_report_blocks_whatif(struct hs_report *report, size_t trace)
{
	const struct hs_tally *tally = report->whatif.tallies.items[trace];

	if (!has_blocks(tally))
		return;
	for (uint32_t policy = 0; policy < report->whatif.names.count; policy++)
		add_timeline(report, &report->whatif, trace, policy, "whatif-blocks");
	add_ratio(report, tally, trace, -1, "whatif-ratio");
	add_unplug(report, tally, trace, -1, "whatif-unplug");
}
