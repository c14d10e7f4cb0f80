// SPDX-License-Identifier: GPL-2.0-only
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/terminal.h"
#include "lib/units.h"

static const uint64_t second_ns = 1000000000, redraw_ns = 200000000;

/* Whether the terminal's last line on stderr is ours: it is one per process, as stderr is. */
static bool is_line_shown;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

void hs_progress_start(struct hs_progress *progress, const struct hs_arguments *arguments, const char *verb,
		       const char *unit, uint64_t total)
{
	uint64_t now = now_ns();

	*progress = (struct hs_progress){
		.verb = verb, .unit = unit, .total = total, .start_ns = now, .drawn_ns = now + second_ns - redraw_ns,
		.is_on = hs_verbosity(arguments) >= 0 && hs_is_terminal(stderr),
	};
}

/* Whole seconds, minutes or hours: what is an estimate has no fractions. */
static const char *format_left(double seconds, char buffer[HS_UNITS_TEXT])
{
	double value = seconds < 120 ? seconds : seconds < 7200 ? seconds / 60 : seconds / 3600;

	snprintf(buffer, HS_UNITS_TEXT, "%.0f %s", value, seconds < 120 ? "s" : seconds < 7200 ? "min" : "h");
	return buffer;
}

static const char *format_amount(const struct hs_progress *progress, uint64_t amount, char buffer[HS_UNITS_TEXT])
{
	return strcmp(progress->unit, "bytes") == 0 ? hs_format_bytes(amount, buffer) :
						      hs_format_count(amount, buffer);
}

void hs_progress_format(const struct hs_progress *progress, uint64_t done, uint64_t elapsed_ns, char *text,
			size_t room)
{
	char amount[HS_UNITS_TEXT], total[HS_UNITS_TEXT], rate_text[HS_UNITS_TEXT], left[HS_UNITS_TEXT];
	double rate = (double)done / (double)elapsed_ns * 1e9;
	bool is_bytes = strcmp(progress->unit, "bytes") == 0;

	format_amount(progress, done, amount);
	format_amount(progress, (uint64_t)rate, rate_text);
	if (!progress->total || done > progress->total || !done) {
		snprintf(text, room, "%s: %s%s%s, %s/s", progress->verb, amount, is_bytes ? "" : " ",
			 is_bytes ? "" : progress->unit, rate_text);
		return;
	}
	format_amount(progress, progress->total, total);
	format_left((double)(progress->total - done) / rate, left);
	snprintf(text, room, "%s: %s of %s%s%s (%.0f %%), %s/s, %s left", progress->verb, amount, total,
		 is_bytes ? "" : " ", is_bytes ? "" : progress->unit, 100.0 * (double)done / (double)progress->total,
		 rate_text, left);
}

void hs_progress_update(struct hs_progress *progress, uint64_t done)
{
	char text[160];
	uint64_t now;

	if (!progress->is_on)
		return;
	now = now_ns();
	if (now < progress->drawn_ns + redraw_ns)
		return;
	progress->drawn_ns = now;
	hs_progress_format(progress, done, now - progress->start_ns, text, sizeof(text));
	fprintf(stderr, "\r%.78s\033[K", text);
	is_line_shown = true;
}

void hs_progress_end(struct hs_progress *progress)
{
	progress->is_on = false;
	hs_progress_erase();
}

void hs_progress_erase(void)
{
	if (is_line_shown)
		fputs("\r\033[K", stderr);
	is_line_shown = false;
}
