/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_REPORT_H
#define HS_REPORT_H
/* What the parts of `hindsight report` share: the inputs, what was counted, the page being written. */
#include <stdbool.h>
#include <stddef.h>

#include "analysis/decision_tables.h"
#include "analysis/series.h"
#include "cli/report_facts.h"
#include "cli/study.h"
#include "lib/vec.h"
#include "plots/gnuplot.h"
#include "plots/page.h"

struct hs_report {
	const struct hs_arguments *arguments;
	const char *folder;
	struct hs_page *page;
	struct hs_report_facts *facts;		/* one per trace */
	size_t nr_traces;
	/*
	 * Two questions to the same traces. validate: each recorded decision asked again, under the policy as
	 * recorded (0) and under the others. whatif: the models run free; empty without other policies.
	 */
	struct hs_study validate, whatif;
	HS_VEC(struct hs_table *) tables;	/* all that were shown, for report.json */
	bool lacks_gnuplot;
	int status;				/* the first failure: an hs_exit, its sentence printed */
};

/* A point's most telling result, for plots and sums. */
struct hs_report_focus {
	enum hs_point point;
	const char *result;		/* "SCAN_SUCCEED" */
	const char *what;		/* "huge pages made by collapse" */
	unsigned int cost;		/* the cost whose distribution is drawn */
	const char *cost_text;		/* its name on an axis */
	unsigned int price;		/* the cost that stands against `what` in a sweep */
	const char *price_text;
	bool is_price_pages;		/* shown in bytes */
};
/* NULL: none is known for the point. */
const struct hs_report_focus *hs_report_focus_of(enum hs_point point);

/* Shows a table and keeps it for report.json; tables without rows are dropped. Takes table over. */
void hs_report_table(struct hs_report *report, struct hs_table *table);

/* A figure: draws and includes it; without rows there is none. Takes table over. The stem is made from both names. */
struct hs_report_figure {
	const char *template_name;
	const char *name;		/* "matrix" */
	size_t trace;			/* of nr_traces */
	uint32_t policy;
	enum hs_point point;
	struct hs_table *table;
	const struct hs_plot_number *numbers;
	const struct hs_plot_label *labels;
	const char *caption;
};
void hs_report_figure(struct hs_report *report, const struct hs_report_figure *figure);

/* The figures of one tally. */
void hs_report_matrices(struct hs_report *report, size_t trace);
void hs_report_results_over_time(struct hs_report *report, const struct hs_study *study, size_t trace,
				 const char *name);
void hs_report_whatif_figures(struct hs_report *report, size_t trace);
/* What moved between memories, where it was, and how long queues stood still. */
void hs_report_svm_figures(struct hs_report *report, size_t trace);
/* Coverage against cost; only where the policies differ in one number and are three at least. */
void hs_report_sweep(struct hs_report *report, size_t trace);

/* Memory blocks over time, where the trace has any: as recorded, and under each policy. */
void hs_report_blocks_recorded(struct hs_report *report, size_t trace);
void hs_report_blocks_whatif(struct hs_report *report, size_t trace);

/* All chapters, in order. */
void hs_report_chapters(struct hs_report *report);

#endif
