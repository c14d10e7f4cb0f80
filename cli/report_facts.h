/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_REPORT_FACTS_H
#define HS_REPORT_FACTS_H
/* What a report says about a trace before any model has seen it. */
#include <stdbool.h>
#include <stdint.h>

#include "analysis/table.h"
#include "cli/command.h"
#include "cli/task_table.h"

struct hs_report_facts {
	const char *path;		/* borrowed */
	char *kernel;			/* "" when unknown */
	uint64_t page_bytes;		/* 4096 when unknown */
	uint64_t start_time, last_time;	/* ns */
	uint64_t nr_events, lost_events, damaged_chunks;
	bool has_footer;
	struct hs_table *about, *rungs, *losses, *kinds;
	struct hs_task_table tasks;
};

/* HS_EXIT_OK, or an exit status with the sentence printed. Give it to deinit in any case. */
int hs_report_facts_read(struct hs_report_facts *facts, const struct hs_arguments *arguments, const char *path);
void hs_report_facts_deinit(struct hs_report_facts *facts);

/* Command name of the process an address space belongs to; NULL: unknown. context is the facts. */
const char *hs_report_process_name(void *context, uint32_t mm);

#endif
