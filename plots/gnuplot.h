/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_GNUPLOT_H
#define HS_GNUPLOT_H
/*
 * Plots by gnuplot. A plot is three files in a folder: STEM.csv (the table), STEM.gp (numbers, style and the
 * template, ready to be run again with `gnuplot STEM.gp`) and what that draws: STEM.svg and STEM.png.
 *
 * No text from a trace ever gets into a script: names of policies and results are data, and arrive there as
 * quoted fields without quotes, control characters or line ends.
 */
#include <stddef.h>

#include "analysis/table.h"
#include "lib/error.h"

/* A number the template wants to know. */
struct hs_plot_number {
	const char *name;	/* a gnuplot variable */
	double value;
};

/* A text of ours (axis titles, never of a trace): letters, digits, blanks and - _ . , ( ) / % : only, asserted. */
struct hs_plot_label {
	const char *name;
	const char *text;
};

struct hs_plot {
	const char *template_name;	/* "matrix.gp" */
	const char *stem;		/* file name without ending: a-z, 0-9 and -, asserted */
	const struct hs_table *table;
	const struct hs_plot_number *numbers;	/* terminated by name == NULL; NULL: none */
	const struct hs_plot_label *labels;	/* likewise */
};

/* Writes STEM.csv and STEM.gp, mode 0644, replacing older ones. 0 or -errno. */
int hs_plot_write(const char *folder, const struct hs_plot *plot, struct hs_error *err);

/*
 * Runs STEM.gp in the folder. 0; -ENOENT: gnuplot is not installed; -EIO: it failed, with its first line of
 * complaint; other negative errnos of fork and pipe.
 */
int hs_plot_draw(const char *folder, const char *stem, struct hs_error *err);

#endif
