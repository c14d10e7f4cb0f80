/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PROCESS_TABLES_H
#define HS_PROCESS_TABLES_H
/* Tables whose lines are address spaces; else as those of decision_tables.h. */
#include "analysis/table.h"
#include "analysis/tally.h"

/*
 * A number per address space (hs_model_ops.summarize_mms), a column per policy: those where the policies differ
 * most, then the largest; at most `limit`.
 */
struct hs_mm_table {
	const char *number;		/* "collapse.huge_page_seconds" */
	size_t limit;
	const char *(*name)(void *context, uint32_t mm);	/* who that is; NULL: unknown */
	void *context;
};
struct hs_table *hs_table_mm_summaries(const struct hs_tally *tally, const struct hs_mm_table *setup);
/* Their names, each once, in the order of the models; the caller frees the list. 0 or -ENOMEM. */
typedef HS_VEC(const char *) hs_number_names;
int hs_mm_number_names(const struct hs_tally *tally, hs_number_names *names);

/* Address spaces by number of decisions, at most `limit`, with how often `result` came at `point`. */
struct hs_process_table {
	enum hs_point point;
	const char *result;		/* "SCAN_SUCCEED" */
	size_t limit;
	const char *(*name)(void *context, uint32_t mm);	/* who that is; NULL: unknown */
	void *context;
};
struct hs_table *hs_table_processes(const struct hs_tally *tally, const struct hs_process_table *setup);

#endif
