/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PROGRESS_H
#define HS_PROGRESS_H
/*
 * One line on stderr that is drawn over and over while long work goes on: done, share, rate, time left.
 * Only on a terminal, not under -q, and not before a second has passed.
 *
 *   struct hs_progress progress;
 *   hs_progress_start(&progress, arguments, "replaying", "events", total);
 *   … hs_progress_update(&progress, done); …
 *   hs_progress_end(&progress);
 */
#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"

struct hs_progress {
	const char *verb;	/* "replaying" */
	const char *unit;	/* "events"; "bytes" are shown as MiB */
	uint64_t total;		/* 0: unknown */
	uint64_t start_ns;	/* monotonic */
	uint64_t drawn_ns;	/* of the last drawing */
	bool is_on;
};

/* verb and unit are borrowed. */
void hs_progress_start(struct hs_progress *progress, const struct hs_arguments *arguments, const char *verb,
		       const char *unit, uint64_t total);
/* Costs a few nanoseconds unless the line is due (five times a second). */
void hs_progress_update(struct hs_progress *progress, uint64_t done);
void hs_progress_end(struct hs_progress *progress);

/* Takes the line away, if one is shown, before something else is written to stderr. */
void hs_progress_erase(void);

/*
 * The text of the line, for tests too: "replaying: 12,345 of 50,000 events (24 %), 1.2 M/s, 3 s left".
 * elapsed_ns > 0.
 */
void hs_progress_format(const struct hs_progress *progress, uint64_t done, uint64_t elapsed_ns, char *text,
			size_t room);

#endif
