/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RECORD_REPORT_H
#define HS_RECORD_REPORT_H
/* What `record` says: on the way (a terminal's line), and at the end. */
#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"
#include "collectors/recorder.h"

struct hs_record_progress {
	bool is_on;
	uint64_t drawn_ns;
	uint64_t drawn_seen;
};

void hs_record_progress_start(struct hs_record_progress *progress, const struct hs_arguments *arguments);
/* Draws when it is due. */
void hs_record_progress_update(struct hs_record_progress *progress, const struct hs_recorder *recorder);
void hs_record_progress_end(struct hs_record_progress *progress);

/* Sources that cannot be recorded; with -v every rung and what the kernel said. To stderr. */
void hs_record_report_rungs(const struct hs_arguments *arguments, const struct hs_recorder *recorder);

/* Seen, written, lost per source, and the cost: to stderr, or with --json to stdout. */
void hs_record_report(const struct hs_arguments *arguments, const char *path, const struct hs_recorder *recorder);

#endif
